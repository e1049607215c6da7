"""Cursors of X's newest-first lists: a pass reads back to where the last one began, page by page, and may be cut off.

Pure. A cursor is JSON:
  since_id       everything up to this id has been handed on
  recent         ids handed on inside the overlap, so that re-reading it repeats nothing
  pass           the pass under way: floor_id, newest_id, until_id, next_token, count, handed
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitor.platforms.base import Gap
from monitor.platforms.times import snowflake_at, snowflake_time

OVERLAP = timedelta(minutes=5)
MENTION_HORIZON = 800
_RECENT_LIMIT = 1_000
# X counts hidden and deleted posts as well, so its list ends a little before the number that it names.
_HORIZON_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class StreamRule:
    """How one list behaves: how far back it reaches, what a first read fetches, and how its pages are asked for."""

    name: str
    horizon: timedelta
    backfill: timedelta
    horizon_code: str
    count_horizon: int | None = None
    has_since_id: bool = True
    page_param: str = "pagination_token"


_SEARCH = (timedelta(days=7), timedelta(days=1), "search_horizon")
RULES = {
    "mentions": StreamRule("mentions", timedelta(days=3650), timedelta(days=7), "mention_horizon", MENTION_HORIZON),
    "own_posts": StreamRule("own_posts", timedelta(days=3650), timedelta(days=1), "own_post_horizon", 3200),
    "search": StreamRule("search", *_SEARCH, page_param="next_token"),
    "quotes": StreamRule("quotes", *_SEARCH, page_param="next_token"),
    "direct_messages": StreamRule(
        "direct_messages", timedelta(days=30), timedelta(days=7), "direct_message_horizon", has_since_id=False
    ),
}


@dataclass
class Pass:
    """One reading of a list from its newest entry down to `floor_id`."""

    floor_id: int
    newest_id: int = 0
    until_id: int = 0
    next_token: str = ""
    count: int = 0
    handed: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "floor_id": str(self.floor_id),
            "newest_id": str(self.newest_id),
            "until_id": str(self.until_id),
            "next_token": self.next_token,
            "count": self.count,
            "handed": self.handed,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Pass":
        return cls(
            floor_id=int(stored["floor_id"]),
            newest_id=int(stored["newest_id"]),
            until_id=int(stored["until_id"]),
            next_token=stored["next_token"],
            count=stored["count"],
            handed=list(stored["handed"]),
        )


class StreamCursor:
    """The cursor of one list while one page of it is read."""

    def __init__(self, rule: StreamRule, stored: Mapping[str, Any], now: datetime) -> None:
        self.rule = rule
        self.now = now
        self.since_id = int(stored.get("since_id") or 0)
        self.recent = [str(identifier) for identifier in stored.get("recent", ())]
        self.gaps: list[Gap] = []
        backfill = timedelta(seconds=stored.get("backfill_seconds", rule.backfill.total_seconds()))
        unfinished = stored.get("pass")
        self.reading = Pass.from_json(unfinished) if unfinished else self._begin(backfill)

    def _begin(self, backfill: timedelta) -> Pass:
        oldest = self._oldest()
        if not self.since_id:
            return Pass(floor_id=snowflake_at(max(self.now - backfill, oldest)))
        reached = snowflake_time(str(self.since_id))
        if reached is not None and reached < oldest:
            self.gaps.append(Gap(since=reached, until=oldest, code=self.rule.horizon_code))
            return Pass(floor_id=snowflake_at(oldest))
        return Pass(floor_id=self._with_overlap(self.since_id))

    def _oldest(self) -> datetime:
        """One minute inside the horizon: X refuses a since_id that leaves it while the request travels."""
        return self.now - self.rule.horizon + timedelta(minutes=1)

    def _keep_inside_horizon(self) -> None:
        """The horizon overtakes a pass that takes its time; a page token does not outlive its other parameters."""
        if not self.rule.has_since_id or self.reading.floor_id >= snowflake_at(self._oldest()):
            return
        # Some minutes more, so that this does not happen at each page.
        until = self._oldest() + OVERLAP
        since = snowflake_time(str(self.reading.floor_id))
        if self.since_id and since is not None:
            self.gaps.append(Gap(since=since, until=until, code=self.rule.horizon_code))
        self.reading.floor_id = snowflake_at(until)
        self.forget_token()

    def request_bounds(self) -> dict[str, Any]:
        """Parameters that ask for the next page. A token is dropped by `forget_token` where X no longer knows it."""
        self._keep_inside_horizon()
        bounds: dict[str, Any] = {}
        if self.rule.has_since_id:
            bounds["since_id"] = str(self.reading.floor_id)
        if self.reading.next_token:
            bounds[self.rule.page_param] = self.reading.next_token
        elif self.reading.until_id and self.rule.has_since_id:
            bounds["until_id"] = str(self.reading.until_id)
        return bounds

    def forget_token(self) -> bool:
        """Tokens are short-lived; ids are not. Returns whether there was a token to forget."""
        had_token = bool(self.reading.next_token)
        self.reading.next_token = ""
        return had_token

    def accept(self, identifiers: Sequence[str], next_token: str) -> list[str]:
        """Takes in a page and returns which of its ids are new, in the page's order."""
        known = set(self.recent) | set(self.reading.handed)
        numbers = [int(identifier) for identifier in identifiers if identifier.isascii() and identifier.isdigit()]
        fresh = [
            identifier
            for identifier in dict.fromkeys(identifiers)
            if identifier not in known and not self._is_below_floor(identifier)
        ]
        self.reading.count += len(identifiers)
        self.reading.handed += fresh
        self.reading.newest_id = max([self.reading.newest_id, *numbers])
        if numbers:
            self.reading.until_id = min(numbers)
        self.reading.next_token = "" if self._has_reached_floor(numbers) else next_token
        self._keep_handed_short()
        return fresh

    def _keep_handed_short(self) -> None:
        """Only the newest ids (for the next overlap) and the last pages (for a lost token) can come again."""
        floor = self._with_overlap(self.reading.newest_id)
        handed = self.reading.handed
        last = len(handed) - 200
        self.reading.handed = [
            each for at, each in enumerate(handed) if at >= last or not each.isdigit() or int(each) > floor
        ]

    def _is_below_floor(self, identifier: str) -> bool:
        return identifier.isascii() and identifier.isdigit() and int(identifier) <= self.reading.floor_id

    def _has_reached_floor(self, numbers: Iterable[int]) -> bool:
        """Direct messages have no since_id: the pass ends at the first page that goes below the floor."""
        return not self.rule.has_since_id and any(number <= self.reading.floor_id for number in numbers)

    def finish(self) -> tuple[dict[str, Any], bool]:
        """The cursor to store with the page, and whether the pass goes on."""
        if self.reading.next_token:
            return self._stored() | {"pass": self.reading.to_json()}, True
        self._notice_count_horizon()
        # Never below the floor: where the list was empty or old, the next pass begins where this one did.
        self.since_id = max(self.since_id, self.reading.newest_id, self.reading.floor_id)
        floor = self._with_overlap(self.since_id)
        merged = dict.fromkeys([*self.recent, *self.reading.handed])
        self.recent = [each for each in merged if not each.isdigit() or int(each) > floor][-_RECENT_LIMIT:]
        return self._stored(), False

    def _stored(self) -> dict[str, Any]:
        return {"since_id": str(self.since_id), "recent": self.recent}

    def _notice_count_horizon(self) -> None:
        """X shows the newest 800 mentions only: where the list ends there, before anything that is known, what lies
        between is out of reach."""
        horizon = self.rule.count_horizon
        if horizon is None or not self.since_id or self.reading.count < horizon * _HORIZON_SHARE:
            return
        if self.reading.until_id <= self.since_id:
            return
        oldest = snowflake_time(str(self.reading.until_id))
        self.gaps.append(Gap(since=snowflake_time(str(self.since_id)), until=oldest, code=self.rule.horizon_code))

    @staticmethod
    def _with_overlap(identifier: int) -> int:
        """An id that is OVERLAP older: posts can become visible after newer ones."""
        return max(0, identifier - (int(OVERLAP.total_seconds() * 1000) << 22))
