"""Bluesky's refusals as a table: XRPC error names, and the wordings of those that come as plain InvalidRequest.

https://atproto.com/specs/xrpc#error-responses; names stand in the lexicons of each method.
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

#: A new access token may help: the refresh token is asked before anybody is told.
STALE_TOKENS = frozenset({"ExpiredToken", "InvalidToken"})
_DEAD = frozenset(
    {
        *STALE_TOKENS,
        "AccountDeactivated",
        "AccountSuspended",
        "AccountTakedown",
        "AuthFactorTokenRequired",
        "AuthMissing",
        "AuthRequired",
        "AuthenticationRequired",
    }
)
_NAMES = {
    "BlockedActor": "unreachable",
    "BlockedByActor": "unreachable",
    "ConvoLocked": "unreachable",
    "InvalidConvo": "gone",
    "InvalidSwap": "duplicate",
    "MethodNotImplemented": "bad_request",
    "NotFound": "gone",
    "PayloadTooLarge": "too_long",
    "RecordNotFound": "gone",
    "RepoDeactivated": "gone",
    "RepoNotFound": "gone",
    "RepoTakendown": "gone",
}

# Wordings, in order: the first that is found decides. Looked for in lower case.
_SCOPE = "token scope"
_WORDINGS = (
    (_SCOPE, "permission_missing"),
    ("recipient has disabled", "unreachable"),
    ("recipient requires incoming", "unreachable"),
    ("block between", "unreachable"),
    ("recipient does not exist", "gone"),
    ("convo not found", "gone"),
    ("convonotfound", "gone"),
    ("could not locate record", "gone"),
    ("could not find repo", "gone"),
    ("profile not found", "gone"),
    ("graphemes", "too_long"),
    ("must not be longer", "too_long"),
    ("account is disabled", "policy_block"),
)
_BY_STATUS = {400: "bad_request", 403: "permission_missing", 404: "gone", 413: "too_long"}


def translate(status: int, body: object, headers: Mapping[str, str], *, is_write: bool, now: datetime) -> PlatformError:
    """Turns a refusal into our tree. `headers` has lower-case names. The message holds names only."""
    name = error_name(body)
    label = f"Bluesky answered {status}" + (f" ({name})" if name else "")
    if status == 429 or name == "RateLimitExceeded":
        return RateLimitedError(label, retry_at=reset_in_headers(headers, now))
    if _is_dead_token(status, name, body):
        return AuthExpiredError(label)
    if (status >= 500 or status == 408) and name != "MethodNotImplemented":
        return UnconfirmedSendError(label) if is_write else UnavailableError(label)
    return RejectedError(label, code=_rejection(status, name, body))


def error_name(body: object) -> str:
    """The short name under `error`; "" for what is none."""
    name = body.get("error") if isinstance(body, Mapping) else None
    return name if isinstance(name, str) and name.isascii() and name.isalnum() and len(name) < 60 else ""


def is_stale_token(body: object) -> bool:
    """The access token is refused, but not for what it may do: with another one the same call can go through."""
    return error_name(body) in STALE_TOKENS and _SCOPE not in _wording(body)


def reset_in_headers(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The end of the window under way; None where it is missing, past or nonsense."""
    text = headers.get("ratelimit-reset", "")
    if not text.isascii() or not text.isdigit() or len(text) > 11:
        return None
    resets_at = datetime.fromtimestamp(int(text), UTC)
    return resets_at if resets_at > now else None


def _is_dead_token(status: int, name: str, body: object) -> bool:
    if _SCOPE in _wording(body):
        return False
    return name in _DEAD or status == 401


def _rejection(status: int, name: str, body: object) -> str:
    wording = _wording(body)
    for phrase, rejection in _WORDINGS:
        if phrase in wording:
            return rejection
    return _NAMES.get(name) or _BY_STATUS.get(status, "bad_request")


def _wording(body: object) -> str:
    message = body.get("message") if isinstance(body, Mapping) else None
    return message.casefold() if isinstance(message, str) else ""
