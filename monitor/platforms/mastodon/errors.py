"""Mastodon's refusals, as a table: statuses, and the wordings where one status means several things.

Bodies are {"error": ..., "error_description": ...}; https://docs.joinmastodon.org/entities/Error/
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from monitor.platforms.errors import (
    AuthExpiredError,
    PlatformError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnconfirmedSendError,
)
from monitor.platforms.transport import rate_in_headers

# Wordings of English instances, in order: the first that is found decides. Looked for in lower case.
_WORDINGS = (
    ("character limit", "too_long"),
    ("too long", "too_long"),
    ("outside the authorized scopes", "permission_missing"),
    ("record not found", "gone"),
    ("not appear to exist", "gone"),
    ("login is currently disabled", "policy_block"),
    ("pending approval", "policy_block"),
    ("missing a confirmed", "policy_block"),
    ("suspended", "policy_block"),
    ("this action is not allowed", "unreachable"),
    ("blocked", "unreachable"),
)
_BY_STATUS = {401: "permission_missing", 403: "permission_missing", 404: "gone", 410: "gone"}


def translate(
    status: int, body: object, headers: Mapping[str, str], *, is_write: bool, has_token: bool, now: datetime
) -> PlatformError:
    """Turns a refusal into our tree. `headers` has lower-case names. The message holds the status only."""
    label = f"Mastodon answered {status}"
    request_id = headers.get("x-request-id", "")[:64]
    if status == 429:
        return RateLimitedError(label, retry_at=_reset_after(headers, now), request_id=request_id)
    # Without a token 401 means that this instance shows its lists to its own people only.
    if status == 401 and has_token:
        return AuthExpiredError(label, request_id=request_id)
    if status >= 500 or status == 408:
        kind = UnconfirmedSendError if is_write else UnavailableError
        return kind(label, request_id=request_id)
    return RejectedError(label, code=_rejection(status, body), request_id=request_id)


def _reset_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """None where the end of the window is missing, past or nonsense."""
    _remaining, _limit, resets_at = rate_in_headers(headers, "x-ratelimit")
    return resets_at.astimezone(UTC) if resets_at is not None and resets_at > now else None


def _rejection(status: int, body: object) -> str:
    wording = _wording(body)
    for phrase, rejection in _WORDINGS:
        if phrase in wording:
            return rejection
    return _BY_STATUS.get(status, "bad_request")


def _wording(body: object) -> str:
    if not isinstance(body, Mapping):
        return ""
    parts = (body.get("error"), body.get("error_description"))
    return " ".join(part for part in parts if isinstance(part, str)).casefold()
