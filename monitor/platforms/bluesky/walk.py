"""Cursors of Bluesky's newest-first lists: a pass reads back to where the last one began, page by page.

Pure. A cursor is JSON:
  since    all that is older has been handed on
  recent   id → time of what was handed on inside the overlap, so that re-reading it repeats nothing
  queue    pages still to read
  pass     what they belong to: floor, newest, started_at, handed
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitor.platforms.base import Gap
from monitor.platforms.times import parse_time

# Lists are sorted by the time that the writer's app claims: clocks that are slow put a post below newer ones.
OVERLAP = timedelta(minutes=30)
_HANDED_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """One page to read: `kind` names the reader, `node` whose list it is, `after` Bluesky's own place in it.

    `until`, where it is set, asks for what is older than a time instead: that place does not move while posts come
    and go. `people` are those of a conversation, which its messages do not name.
    """

    kind: str
    node: str = ""
    after: str = ""
    until: str = ""
    people: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        stored = {"kind": self.kind, "node": self.node, "after": self.after, "until": self.until}
        return {**stored, "people": list(self.people)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Step":
        people = tuple(stored.get("people", ()))
        return cls(stored["kind"], stored.get("node", ""), stored.get("after", ""), stored.get("until", ""), people)


@dataclass
class Walk:
    """A pass over a list and what hangs on it, resumed from its cursor for one step."""

    stored: Mapping[str, Any]
    root: Step
    now: datetime
    backfill: timedelta
    gaps: list[Gap] = field(default_factory=list)
    newest: datetime | None = None

    def __post_init__(self) -> None:
        self.since = parse_time(self.stored.get("since"))
        self.recent: dict[str, str] = dict(self.stored.get("recent", {}))
        unfinished = self.stored.get("pass")
        if unfinished and self.stored.get("queue"):
            self._resume(unfinished)
        else:
            self._begin(timedelta(seconds=self.stored.get("backfill_seconds", self.backfill.total_seconds())))

    def _resume(self, unfinished: Mapping[str, Any]) -> None:
        self.queue = [Step.from_json(each) for each in self.stored["queue"]]
        self.floor = parse_time(unfinished["floor"]) or self.now
        self.newest = parse_time(unfinished.get("newest"))
        self.started_at = parse_time(unfinished["started_at"]) or self.now
        self.handed: dict[str, str] = dict(unfinished["handed"])

    def _begin(self, backfill: timedelta) -> None:
        self.queue = [self.root]
        self.floor = self.now - backfill if self.since is None else self.since - OVERLAP
        self.newest = None
        self.started_at = self.now
        self.handed = {}

    @property
    def step(self) -> Step:
        return self.queue[0]

    def is_fresh(self, at: datetime | None) -> bool:
        return at is None or at > self.floor

    def is_known(self, identifier: str) -> bool:
        return identifier in self.recent or identifier in self.handed

    def admit(self, identifier: str, at: datetime | None) -> bool:
        """Whether this one is new; notes it as handed on."""
        if not self.is_fresh(at):
            return False
        if at is not None:
            self.newest = at if self.newest is None else max(self.newest, at)
        if self.is_known(identifier):
            return False
        self.handed[identifier] = (at or self.now).isoformat()
        return True

    def advance(self, following: Step | None, follow_ups: Iterable[Step] = ()) -> None:
        """This step is read. What hangs on it comes first, then its next page."""
        self.queue = [*follow_ups, *([following] if following else []), *self.queue[1:]]

    def restart(self) -> bool:
        """Bluesky no longer knows this place: the list is read from its top again, what was handed on is known.

        Returns whether the step had a place at all.
        """
        step = self.step
        self.queue[0] = Step(step.kind, step.node, people=step.people)
        return bool(step.after or step.until)

    def skip(self, code: str) -> None:
        """This step cannot be read (its conversation is gone): say so and go on."""
        self.gaps.append(Gap(since=self.floor, until=None, code=code))
        self.queue.pop(0)

    def to_cursor(self) -> tuple[dict[str, Any], bool]:
        """The cursor to store with the page, and whether the pass goes on."""
        if self.queue:
            return self._unfinished(), True
        # What was written while the pass ran may stand on pages that were read before.
        reached = min(self.newest, self.started_at) if self.newest else self.floor
        self.since = reached if self.since is None else max(self.since, reached)
        kept = {**self.recent, **self.handed}
        return self._stored(_younger(kept, self.since - OVERLAP)), False

    def _unfinished(self) -> dict[str, Any]:
        newest = self.newest or self.floor
        # Only the newest (for the next overlap) and the last ones (for pages that shift) can come again soon.
        last = dict(list(self.handed.items())[-_HANDED_LIMIT:])
        under_way = {
            "floor": self.floor.isoformat(),
            "newest": self.newest.isoformat() if self.newest else "",
            "started_at": self.started_at.isoformat(),
            "handed": {**_younger(self.handed, min(newest, self.started_at) - OVERLAP), **last},
        }
        return {**self._stored(self.recent), "queue": [step.to_json() for step in self.queue], "pass": under_way}

    def _stored(self, recent: Mapping[str, str]) -> dict[str, Any]:
        return {"since": self.since.isoformat() if self.since else "", "recent": dict(recent)}


def _younger(handed: Mapping[str, str], floor: datetime) -> dict[str, str]:
    return {identifier: at for identifier, at in handed.items() if (parse_time(at) or floor) > floor}


def is_sorted(moments: Sequence[datetime]) -> bool:
    return all(newer >= older for newer, older in zip(moments, moments[1:], strict=False))
