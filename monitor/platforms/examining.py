"""How a channel's connection is found: looks that may fail become conditions, the worst of each aspect stays.

Codes of conditions. Add what is missing here, and its sentence to alerts/conditions.py (a guard test compares them).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from monitor.platforms.base import CONDITION_ASPECTS, CONDITION_STATES, Condition, IncomingNotice
from monitor.platforms.errors import AuthExpiredError, QuotaExceededError, RateLimitedError, RejectedError

#: aspect -> code -> names of its params. Any aspect may be "unknown" without a code: nobody has looked.
CONDITION_CODES: dict[str, dict[str, tuple[str, ...]]] = {
    "token": {
        "token_expired": (),  # refused: expired, revoked, password changed
        "token_expires": ("at",),  # will be refused from then on
        "credentials_unreadable": (),  # ours to mend: the key is missing
        "revoked": (),  # the person or the platform took the authorisation away
        "wrong_identity": ("expected", "is"),
        "policy_block": (),
        "permission_missing": (),  # even reading who we are is refused
        "version_changed": ("asked", "served"),
        "address_changed": ("to",),
        "gone": (),
        "moved": (),
        "retired": (),
        "no_feed": (),
        "not_public": (),
        "bad_request": (),
        "unreachable": (),
    },
    "scopes": {
        "permission_missing": ("rights",),  # names as the platform writes them, joined with ", "; "" where it is silent
        "direct_messages_closed": (),
        "writes_unproven": (),  # we may read; whether we may write shows with the first answer
        "not_told": (),  # the platform does not say what this token may do
    },
    "webhook": {
        "not_subscribed": (),
        "fields_missing": ("fields",),
        "invalid": ("reason",),  # the platform has given up on our address
        "elsewhere": ("address",),  # it pushes, but to another address (host only)
        "failing": ("since",),
        "not_told": (),
    },
    "quota": {
        "low": ("remaining", "limit", "resets_at"),
        "spent": ("resets_at",),  # the plan's, the day's money, or our own cap
        "rate_limited": ("retry_at",),
        "not_told": (),
    },
}
#: Notices of `check` -> (aspect, state). Their codes and params are the condition's.
_NOTICES = {
    "wrong_identity": ("token", "broken"),
    "version_changed": ("token", "warning"),
    "address_changed": ("token", "warning"),
    "direct_messages_closed": ("scopes", "warning"),
}
#: Less than this share of the calls is little.
LOW_SHARE = 0.1

Rate = tuple[int | None, int | None, datetime | None]


class Examination:
    """What is found about the aspects that a channel has; they begin as unknown."""

    def __init__(self, *aspects: str) -> None:
        self._found = {aspect: Condition(aspect, "unknown") for aspect in aspects}

    def add(self, *conditions: Condition) -> None:
        """Keeps the worst of each aspect; the first of equals. Aspects that the channel does not have are ignored."""
        for found in conditions:
            known = self._found.get(found.aspect)
            if known is not None and _rank(found) > _rank(known):
                self._found[found.aspect] = found

    def look(
        self,
        check: Callable[[], Any],
        *,
        proves: Sequence[str] = ("token",),
        refusal: str = "token",
        rights: str = "",
    ) -> bool:
        """Runs one look. What passes proves the aspects named; `rights` are those that a refusal says are missing.

        Notices that it returns are taken in as well. A refusal is of the aspect `refusal`: what shows that we are let
        in is refused for the token's sake, anything after that for the rights'. Returns whether it makes sense to look
        further. Raises PlatformError where the platform does not answer (UnavailableError, MalformedPayloadError).
        """
        try:
            answer = check()
        except AuthExpiredError:
            self.add(Condition("token", "broken", "token_expired"))
            return False
        except RateLimitedError as limit:
            self.add(Condition("quota", "warning", "rate_limited", {"retry_at": _iso(limit.retry_at)}))
            return False
        except QuotaExceededError as limit:
            self.add(Condition("quota", "broken", "spent", {"resets_at": _iso(limit.resets_at)}))
            return False
        except RejectedError as refused:
            return self._refused(refused, refusal, rights)
        if isinstance(answer, list | tuple):
            self.add(*conditions_of(answer))
        self.add(*(Condition(aspect, "ok") for aspect in proves))
        return True

    def _refused(self, refused: RejectedError, aspect: str, rights: str) -> bool:
        """A right that is missing for one thing says nothing about the next: looking goes on."""
        if refused.code == "permission_missing" and "scopes" in self._found:
            known = self._found["scopes"].params.get("rights", "")
            missing = ", ".join(each for each in (known, rights) if each)
            self._found["scopes"] = Condition("scopes", "broken", "permission_missing", {"rights": missing})
            return True
        if aspect == "token":
            self.add(Condition("token", "broken", refused.code))
        return aspect != "token"

    def conditions(self) -> tuple[Condition, ...]:
        return tuple(self._found[aspect] for aspect in CONDITION_ASPECTS if aspect in self._found)


def conditions_of(notices: Iterable[Any]) -> list[Condition]:
    """The conditions in what `check` returned; other notices are none."""
    found = []
    for notice in notices:
        if isinstance(notice, IncomingNotice) and notice.code in _NOTICES:
            aspect, state = _NOTICES[notice.code]
            found.append(Condition(aspect, state, notice.code, dict(notice.params)))
    return found


def quota_of(rate: Rate, *, low_share: float = LOW_SHARE) -> Condition:
    """From what the platform's headers say of the calls: (left, allowed, end of the window)."""
    remaining, limit, resets_at = rate
    if remaining is None or not limit:
        return Condition("quota", "unknown", "not_told")
    params = {"remaining": remaining, "limit": limit, "resets_at": _iso(resets_at)}
    if remaining <= 0:
        return Condition("quota", "warning", "rate_limited", {"retry_at": _iso(resets_at)})
    state = "warning" if remaining < limit * low_share else "ok"
    return Condition("quota", state, "low" if state == "warning" else "", params if state == "warning" else {})


def _rank(condition: Condition) -> tuple[int, bool]:
    """An "unknown" with a reason says more than one without."""
    return CONDITION_STATES.index(condition.state), bool(condition.code)


def _iso(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()
