"""Channel credentials at rest: sealed with the newest key, opened with any key that is still listed.

Keys are strings of any length from the settings; each becomes a Fernet key (AES-128-CBC with HMAC-SHA-256) by HKDF.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class SealBrokenError(Exception):
    """No listed key opens these credentials: the key was lost or removed, or the bytes were changed."""


class Credentials(Mapping[str, str]):
    """Names and secrets of one channel. Neither `repr`, `str`, nor a traceback's locals show a secret."""

    __slots__ = ("_secrets",)

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = dict(secrets)

    def __getitem__(self, name: str) -> str:
        return self._secrets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._secrets)

    def __len__(self) -> int:
        return len(self._secrets)

    def __repr__(self) -> str:
        return f"Credentials({', '.join(sorted(self._secrets))})"


def seal(credentials: Mapping[str, str]) -> bytes:
    """Bytes for `Channel.credentials`; each call gives other bytes."""
    plain = json.dumps(dict(credentials), sort_keys=True).encode()
    return _keys(tuple(settings.CREDENTIAL_KEYS)).encrypt(plain)


def unseal(sealed: bytes | memoryview | None) -> Credentials:
    """The credentials; empty where a channel has none. Raises SealBrokenError."""
    if not sealed:
        return Credentials({})
    try:
        plain = _keys(tuple(settings.CREDENTIAL_KEYS)).decrypt(bytes(sealed))
    except InvalidToken:
        raise SealBrokenError(
            "The stored credentials cannot be opened with the keys in MENTIONDESK_CREDENTIAL_KEYS."
        ) from None
    return Credentials(json.loads(plain))


def rotate(sealed: bytes | memoryview) -> bytes:
    """The same credentials under the newest key. Raises SealBrokenError."""
    try:
        return _keys(tuple(settings.CREDENTIAL_KEYS)).rotate(bytes(sealed))
    except InvalidToken:
        raise SealBrokenError("The stored credentials cannot be opened with any listed key.") from None


@lru_cache(maxsize=4)
def _keys(secrets: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derive(secret)) for secret in secrets])


def _derive(secret: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"mentiondesk channel credentials")
    return base64.urlsafe_b64encode(kdf.derive(secret.encode()))
