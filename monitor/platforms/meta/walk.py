"""Cursors of Graph edges: a queue of pages still to read, and the moment everything before which has been handed on.

Pure. A cursor is JSON:
  since, swept_at  all that is older has been handed on; when the last deep pass (old posts included) began
  recent           ids handed on inside the overlap
  counts           comments per media at the last look (Instagram gives no order and no time of change)
  marks            how posts and comments read at the last look, so that edits and hiding show at the next
  queue, pass      pages still to read, and the pass they belong to: floor, newest, started_at, is_deep, handed
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.platforms.base import Gap
from monitor.platforms.times import parse_time

OVERLAP = timedelta(minutes=10)
BACKFILL = timedelta(days=7)
# Comments on older posts than this are seen by webhook only.
WATCHED = timedelta(days=30)
DEEP_EVERY = timedelta(hours=1)
_RECENT_LIMIT = 2_000
_MARK_LIMIT = 1_000
_MARK_LENGTH = 8
_HIDDEN = "h"


@dataclass(frozen=True, slots=True)
class Step:
    """One page to read: `kind` names the reader, `node` whose edge it is, `after` the place in it."""

    kind: str
    node: str = ""
    after: str = ""
    parent: str = ""

    def to_json(self) -> dict[str, str]:
        return {"kind": self.kind, "node": self.node, "after": self.after, "parent": self.parent}

    @classmethod
    def from_json(cls, stored: Mapping[str, str]) -> "Step":
        return cls(stored["kind"], stored.get("node", ""), stored.get("after", ""), stored.get("parent", ""))


class Walk:
    """A pass over an edge and what hangs on it, resumed from its cursor for one step."""

    newest: datetime | None

    def __init__(self, stored: Mapping[str, Any], root: Step, now: datetime) -> None:
        self.now = now
        self.since = parse_time(stored.get("since"))
        self.swept_at = parse_time(stored.get("swept_at"))
        self.recent: list[str] = list(stored.get("recent", ()))
        self.counts: dict[str, int] = dict(stored.get("counts", {}))
        self.marks: dict[str, str] = dict(stored.get("marks", {}))
        self.gaps: list[Gap] = []
        unfinished = stored.get("pass")
        if unfinished and stored.get("queue"):
            self._resume(unfinished, stored["queue"])
        else:
            self._begin(root, timedelta(seconds=stored.get("backfill_seconds", BACKFILL.total_seconds())))

    def _resume(self, unfinished: Mapping[str, Any], queue: Iterable[Mapping[str, str]]) -> None:
        self.queue = [Step.from_json(each) for each in queue]
        self.started_at = parse_time(unfinished["started_at"]) or self.now
        self.floor = parse_time(unfinished["floor"]) or self.now
        self.newest = parse_time(unfinished.get("newest"))
        self.is_deep: bool = unfinished["is_deep"]
        self.handed: list[str] = list(unfinished["handed"])

    def _begin(self, root: Step, backfill: timedelta) -> None:
        self.queue = [root]
        self.started_at = self.now
        self.newest = None
        self.handed = []
        self.is_deep = self.swept_at is None or self.now - self.swept_at >= DEEP_EVERY
        # A deep pass reaches back to the last deep one: shallow passes do not look at old posts.
        reached = self.swept_at if self.is_deep else self.since
        self.floor = self.now - backfill if reached is None else reached - OVERLAP

    @property
    def step(self) -> Step:
        return self.queue[0]

    def admit(self, identifier: str, at: datetime | None) -> bool:
        """Whether this one is new; notes it as handed on. Undated ones are new until their id is known."""
        if not self.is_fresh(at):
            return False
        if at is not None:
            self.newest = at if self.newest is None else max(self.newest, at)
        if identifier in self.recent or identifier in self.handed:
            return False
        self.handed.append(identifier)
        return True

    def change_of(self, identifier: str, text: str, *, is_hidden: bool = False) -> str:
        """ "text" or "hiding" where this one reads otherwise than at the last look; "" also where it was not seen."""
        mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK_LENGTH]
        known, now = self.marks.pop(identifier, None), mark + (_HIDDEN if is_hidden else "")
        self.marks[identifier] = now
        if known is None or known == now:
            return ""
        return "hiding" if known[:_MARK_LENGTH] == mark else "text"

    def is_fresh(self, at: datetime | None) -> bool:
        return at is None or at > self.floor

    def is_watched(self, at: datetime | None) -> bool:
        return at is None or at > self.now - WATCHED

    def advance(self, after: str, follow_ups: Iterable[Step] = ()) -> None:
        """This step is read. What hangs on it comes first, then its next page."""
        current = self.queue.pop(0)
        rest = [Step(current.kind, current.node, after, current.parent)] if after else []
        self.queue = [*follow_ups, *rest, *self.queue]

    def skip(self, code: str) -> None:
        """This step cannot be read (its node is gone, or the platform shows no more): say so and go on."""
        self.gaps.append(Gap(since=self.floor, until=None, code=code))
        self.queue.pop(0)

    def to_cursor(self) -> tuple[dict[str, Any], bool]:
        """The cursor to store with the page, and whether the pass goes on."""
        if self.queue:
            stored = self._stored(self.recent)
            stored["queue"] = [step.to_json() for step in self.queue]
            stored["pass"] = {
                "floor": self.floor.isoformat(),
                "newest": self.newest.isoformat() if self.newest else "",
                "started_at": self.started_at.isoformat(),
                "is_deep": self.is_deep,
                "handed": self.handed,
            }
            return stored, True
        # What was written while the pass ran may have been missed on pages already read.
        reached = min(self.newest, self.started_at) if self.newest else self.floor
        self.since = reached if self.since is None else max(self.since, reached)
        if self.is_deep:
            self.swept_at = self.started_at
        return self._stored([*self.recent, *self.handed][-_RECENT_LIMIT:]), False

    def _stored(self, recent: list[str]) -> dict[str, Any]:
        return {
            "since": self.since.isoformat() if self.since else "",
            "swept_at": self.swept_at.isoformat() if self.swept_at else "",
            "recent": recent,
            "counts": self.counts,
            "marks": dict(list(self.marks.items())[-_MARK_LIMIT:]),
        }
