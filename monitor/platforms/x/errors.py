"""X's refusals, as a table: problem types, old numeric codes and the wordings of 403 that have no code of their own.

https://docs.x.com/x-api/fundamentals/response-codes-and-errors
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.platforms.errors import (
    AuthExpiredError,
    PlatformError,
    QuotaExceededError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnconfirmedSendError,
)

# Old numeric codes that still come in `errors[].code`.
_CODES = {
    34: "gone",
    50: "gone",
    63: "gone",
    64: "policy_block",
    87: "permission_missing",
    93: "permission_missing",
    144: "gone",
    150: "unreachable",
    151: "unreachable",
    179: "gone",
    186: "too_long",
    187: "duplicate",
    220: "permission_missing",
    226: "policy_block",
    261: "permission_missing",
    326: "policy_block",
    349: "unreachable",
    354: "too_long",
    385: "gone",
    433: "unreachable",
}
_DEAD_TOKEN_CODES = frozenset({32, 89, 135, 215})

# Last part of the problem type's address.
_PROBLEMS = {
    "client-forbidden": "permission_missing",
    "not-authorized-for-resource": "permission_missing",
    "not-authorized-for-field": "permission_missing",
    "oauth1-permissions": "permission_missing",
    "unsupported-authentication": "permission_missing",
    "resource-not-found": "gone",
    "resource-unavailable": "gone",
    "disallowed-resource": "policy_block",
    "duplicate-rules": "duplicate",
    "invalid-request": "bad_request",
}

# Wordings, in order: the first that is found decides. Looked for in lower case.
_WORDINGS = (
    # https://docs.x.com/x-api/webhooks/introduction
    ("crcvalidationfailed", "webhook_crc_failed"),
    ("urlvalidationfailed", "webhook_url_invalid"),
    ("duplicateurlfailed", "duplicate"),
    ("webhooklimitexceeded", "webhook_limit"),
    ("subscription limit", "subscription_limit"),
    ("limit of subscriptions", "subscription_limit"),
    ("duplicate content", "duplicate"),
    ("not been mentioned", "not_summoned"),
    ("engaged by the author", "not_summoned"),
    ("summon", "not_summoned"),
    ("deleted or not visible", "gone"),
    ("cannot send messages", "unreachable"),
    ("not allowed to send", "unreachable"),
    ("does not have the ability to send direct message", "unreachable"),
    ("who can reply", "unreachable"),
    ("can't reply", "unreachable"),
    ("cannot reply", "unreachable"),
    ("blocked", "unreachable"),
    ("needs to be a bit shorter", "too_long"),
    ("too long", "too_long"),
    ("suspended", "policy_block"),
    ("automated", "policy_block"),
    ("oauth1 app permissions", "permission_missing"),
    ("permission", "permission_missing"),
)
_BY_STATUS = {400: "bad_request", 403: "permission_missing", 404: "gone", 409: "bad_request", 410: "gone"}


def translate(status: int, body: object, headers: Mapping[str, str], *, is_write: bool, now: datetime) -> PlatformError:
    """Turns a refusal into our tree. `headers` has lower-case names. The message holds codes only, never X's words."""
    problem = _problem(body)
    codes = _codes(body)
    request_id = headers.get("x-transaction-id", "")[:64]
    label = f"X answered {status}" + (f" ({problem})" if problem else "")
    if status == 429:
        return _translate_limit(label, body, problem, headers, now, request_id)
    if status == 402 or problem == "usage-capped":
        return QuotaExceededError(label, resets_at=None, request_id=request_id)
    if status == 401 or codes & _DEAD_TOKEN_CODES:
        return AuthExpiredError(label, request_id=request_id)
    if status >= 500 or status == 408:
        kind = UnconfirmedSendError if is_write else UnavailableError
        return kind(label, request_id=request_id)
    return RejectedError(label, code=_rejection(status, problem, codes, body), request_id=request_id)


def _translate_limit(
    label: str, body: object, problem: str, headers: Mapping[str, str], now: datetime, request_id: str
) -> PlatformError:
    """429 is either a rate (wait for the reset) or a spent plan, whose reset header means nothing."""
    if problem == "usage-capped" or "usage cap" in _wording(body) or "usagecap" in _wording(body):
        return QuotaExceededError(label, resets_at=None, request_id=request_id)
    return RateLimitedError(label, retry_at=reset_in_headers(headers, now), request_id=request_id)


def reset_in_headers(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The latest reset among the limits that are used up; None where it is missing, past or nonsense."""
    resets = []
    for prefix in ("x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour"):
        text = headers.get(f"{prefix}-reset", "")
        remaining = headers.get(f"{prefix}-remaining", "0")
        if text.isascii() and text.isdigit() and len(text) <= 11 and remaining == "0":
            resets.append(datetime.fromtimestamp(int(text), UTC))
    latest = max(resets, default=now)
    return latest if latest > now else None


def _rejection(status: int, problem: str, codes: set[int], body: object) -> str:
    for code in sorted(codes):
        if code in _CODES:
            return _CODES[code]
    wording = _wording(body)
    for phrase, rejection in _WORDINGS:
        if phrase in wording:
            return rejection
    return _PROBLEMS.get(problem) or _BY_STATUS.get(status, "bad_request")


def _parts(body: object) -> list[Mapping[str, Any]]:
    if not isinstance(body, Mapping):
        return []
    errors = body.get("errors")
    inner = errors if isinstance(errors, list) else [body.get("error")]
    return [body, *(part for part in inner if isinstance(part, Mapping))]


def _problem(body: object) -> str:
    for part in _parts(body):
        kind = part.get("type")
        if isinstance(kind, str) and "/problems/" in kind:
            name = kind.rpartition("/problems/")[2]
            return name if name.replace("-", "").isalnum() and len(name) < 60 else ""
    return ""


def _codes(body: object) -> set[int]:
    codes = (part.get("code") for part in _parts(body))
    return {code for code in codes if isinstance(code, int) and not isinstance(code, bool)}


def _wording(body: object) -> str:
    words = []
    for part in _parts(body):
        words += [part[name] for name in ("title", "detail", "message", "reason") if isinstance(part.get(name), str)]
    return " ".join(words).casefold()
