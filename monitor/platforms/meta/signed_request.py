"""Meta's signed requests: `<signature>.<payload>`, both base64url, signed with the app's secret. Pure.

https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.times import parse_time

_ALGORITHM = "HMAC-SHA256"
_LONGEST = 4_096


class NotSignedError(Exception):
    """Nobody who knows the app's secret wrote this."""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """`user_id` is an id that holds within the app only; `issued_at` tells two requests of one person apart."""

    user_id: str
    issued_at: datetime | None


def read_signed_request(secrets: str | Iterable[str], text: str) -> SignedRequest:
    """Raises NotSignedError, and MalformedPayloadError for what is signed and cannot be understood."""
    signature, dot, payload = text.partition(".")
    if not dot or len(text) > _LONGEST or not _is_signed(secrets, payload, _decoded(signature)):
        raise NotSignedError
    try:
        told = json.loads(_decoded(payload))
    except (ValueError, RecursionError):
        raise MalformedPayloadError("a signed request without JSON in it") from None
    # The signature has shown who wrote it; another algorithm would mean that it does not count for anything.
    if not isinstance(told, dict) or str(told.get("algorithm", "")).upper() != _ALGORITHM:
        raise NotSignedError
    user_id = told.get("user_id")
    if isinstance(user_id, bool) or not isinstance(user_id, str | int) or not str(user_id).isascii():
        raise MalformedPayloadError("a signed request about nobody")
    if not str(user_id).isalnum() or len(str(user_id)) > 64:
        raise MalformedPayloadError("a signed request about nobody")
    return SignedRequest(str(user_id), parse_time(told.get("issued_at")))


def _is_signed(secrets: str | Iterable[str], payload: str, given: bytes) -> bool:
    candidates = [secrets] if isinstance(secrets, str) else list(secrets)
    matched = False
    for secret in candidates:
        # An empty secret would let anybody sign. Every candidate is compared: the time tells nothing.
        if secret:
            made = hmac.new(secret.encode(), payload.encode("utf-8", "replace"), hashlib.sha256).digest()
            matched |= hmac.compare_digest(made, given)
    return matched


def _decoded(text: str) -> bytes:
    """b"" for what is no base64url."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
