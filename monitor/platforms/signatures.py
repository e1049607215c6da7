"""Constant-time checks of webhook signatures; several secrets may be active while one is being replaced."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable

_PREFIX = "sha256="
Spelling = Callable[[bytes], str]


def digest(secret: str, raw_body: bytes) -> bytes:
    return hmac.new(secret.encode(), raw_body, hashlib.sha256).digest()


def is_signed_hex(secrets: str | Iterable[str], raw_body: bytes, header: str | None) -> bool:
    """Meta's form: `sha256=` and the hexadecimal digest of the raw body."""
    return _matches(secrets, raw_body, header, lambda made: made.hex())


def is_signed_base64(secrets: str | Iterable[str], raw_body: bytes, header: str | None) -> bool:
    """X's form: `sha256=` and the base64 digest of the raw body."""
    return _matches(secrets, raw_body, header, lambda made: base64.b64encode(made).decode())


def _matches(secrets: str | Iterable[str], raw_body: bytes, header: str | None, spell: Spelling) -> bool:
    if not header or not header.startswith(_PREFIX):
        return False
    given = header.removeprefix(_PREFIX).encode("utf-8", "replace")
    candidates = [secrets] if isinstance(secrets, str) else list(secrets)
    matched = False
    for secret in candidates:
        # An empty secret would let anybody sign. Every candidate is compared: the time tells nothing.
        if secret:
            matched |= hmac.compare_digest(spell(digest(secret, raw_body)).encode(), given)
    return matched
