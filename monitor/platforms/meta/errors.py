"""The Graph API's refusals as one table: (code, subcode) first, then the code, then the HTTP status.

https://developers.facebook.com/docs/graph-api/guides/error-handling and the Messenger Platform's error codes.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.platforms.errors import (
    AuthExpiredError,
    PlatformError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnconfirmedSendError,
)
from monitor.platforms.payload import number_at, text_at

# Outcomes that are no rejection code.
_RECONNECT = "reconnect"
_WAIT = "wait"
_AGAIN = "again"

_BY_SUBCODE = {
    2018278: "window_closed",
    2534022: "window_closed",
    1893063: "policy_block",
    1545041: "unreachable",
    2018001: "unreachable",
    2018108: "unreachable",
    2534014: "unreachable",
    2534025: "already_replied",
    458: _RECONNECT,
    459: _RECONNECT,
    460: _RECONNECT,
    463: _RECONNECT,
    464: _RECONNECT,
    467: _RECONNECT,
    492: _RECONNECT,
}
_BY_PAIR = {(100, 33): "gone"}
_BY_CODE = {
    1: _AGAIN,
    2: _AGAIN,
    3: "permission_missing",
    4: _WAIT,
    10: "permission_missing",
    17: _WAIT,
    32: _WAIT,
    100: "bad_request",
    102: _RECONNECT,
    104: "permission_missing",
    190: _RECONNECT,
    341: _WAIT,
    368: "policy_block",
    506: "duplicate",
    551: "unreachable",
    613: _WAIT,
    803: "gone",
    10900: "already_replied",
    10903: "unreachable",
}
# https://developers.facebook.com/docs/permissions
_RIGHT = re.compile(
    r"\b(?:pages_(?:show_list|messaging|read_engagement|read_user_content|manage_(?:ads|engagement|metadata|posts))"
    r"|instagram_(?:basic|manage_(?:comments|insights|messages))|business_management|ads_(?:management|read)|read_insights"
    r"|human_agent)\b",
    re.ASCII | re.IGNORECASE,
)
_TOO_LONG = re.compile(r"\blength of param \S+ must be less than\b", re.IGNORECASE)
_BY_STATUS = {401: _RECONNECT, 403: "permission_missing", 404: "gone", 429: _WAIT}


def translate(
    status: int, body: object, *, is_write: bool, retry_at: datetime | None, request_id: str = ""
) -> PlatformError:
    """Turns a refusal into our tree. `retry_at` is what the usage headers say. The message holds numbers and
    names of rights only."""
    error = _error_of(body)
    code, subcode = number_at(error, "code"), number_at(error, "error_subcode")
    request_id = request_id or text_at({"id": str(error.get("fbtrace_id") or "")}, "id")[:64]
    label = f"Meta answered {status}"
    if code is not None:
        label += f" (code {code}" + (f"/{subcode}" if subcode else "") + f"{_rights_in(error)})"
    outcome = _outcome(status, code, subcode, is_transient=error.get("is_transient") is True)
    if outcome == "bad_request" and _TOO_LONG.search(str(error.get("message") or "")[:1_000]):
        outcome = "too_long"
    if outcome == _WAIT:
        return RateLimitedError(label, retry_at=retry_at, request_id=request_id)
    if outcome == _RECONNECT:
        return AuthExpiredError(label, request_id=request_id)
    if outcome == _AGAIN:
        # A fault on Meta's side may strike after the write was done.
        kind = UnconfirmedSendError if is_write else UnavailableError
        return kind(label, request_id=request_id)
    return RejectedError(label, code=outcome, request_id=request_id)


def _rights_in(error: Mapping[str, Any]) -> str:
    """The rights that Meta's words name, from those that there are: nothing else of its words is kept."""
    named = dict.fromkeys(_RIGHT.findall(str(error.get("message") or "")[:1_000]))
    return f", {', '.join(named)}" if named else ""


def _error_of(body: object) -> Mapping[str, Any]:
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}


def _outcome(status: int, code: int | None, subcode: int | None, *, is_transient: bool) -> str:
    if code is None:
        return _AGAIN if status >= 500 else _BY_STATUS.get(status, "bad_request")
    if subcode in _BY_SUBCODE:
        return _BY_SUBCODE[subcode]
    if (code, subcode) in _BY_PAIR:
        return _BY_PAIR[code, subcode or 0]
    # 80000-80014 are the limits per business use case: Pages 80001, Instagram 80002, Messenger 80006.
    if 80000 <= code <= 80099:
        return _WAIT
    # Permission errors may be marked transient too; throttles are named by their code.
    if is_transient and _BY_CODE.get(code) != _WAIT:
        return _AGAIN
    if 200 <= code <= 299:
        return "permission_missing"
    return _BY_CODE.get(code) or (_AGAIN if status >= 500 else "bad_request")
