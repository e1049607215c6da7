"""Cursors of Mastodon's lists: a first reading downwards to its depth, then upwards from what is known, page by page.

Ids are opaque (relatives of Mastodon use other kinds). Pure. A cursor is JSON:
  anchor        everything up to this id has been handed on; "" while the first reading is under way
  place         where the pass under way goes on
  floor         the time that the first reading goes down to: nothing older ever comes
  recent        what has been handed on since the anchor: [id in the list, time, stamp]; read again, not handed on again
  watched       posts that are looked up again for edits and deletions: id -> [time, time of edit, address]
  checked_at, to_check   the last look at them, and what is left of the one under way
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.platforms.times import parse_time

BACKFILL = timedelta(days=7)
# Posts of other instances arrive late and get an id of when they were written.
OVERLAP = timedelta(minutes=15)
# Mastodon's lists tell neither edits nor deletions: what is this young is looked up again this often.
WATCHED = timedelta(days=3)
CHECK_EVERY = timedelta(hours=1)
# The most ids that one look-up takes.
CHECK_SIZE = 20
_RECENT_LIMIT = 400
_WATCHED_LIMIT = 200
# Below every id.
_BOTTOM = "0"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list: `stamp` changes when its post is edited."""

    identifier: str
    at: datetime | None
    stamp: str


@dataclass(frozen=True, slots=True)
class Links:
    """Where the Link header says that the list goes on: `older` (max_id) and `newer` (min_id)."""

    older: str = ""
    newer: str = ""


class ListCursor:
    """The cursor of one list while one page of it is read."""

    def __init__(self, stored: Mapping[str, Any], now: datetime, *, has_checks: bool = True) -> None:
        self.now = now
        self._has_checks = has_checks
        self.anchor = str(stored.get("anchor") or "")
        self.place = str(stored.get("place") or "")
        self.recent: list[list[str]] = [list(row) for row in stored.get("recent", ())]
        self.watched: dict[str, list[str]] = {key: list(value) for key, value in stored.get("watched", {}).items()}
        self.to_check: list[str] = list(stored.get("to_check", ()))
        self.checked_at = parse_time(stored.get("checked_at")) or now
        backfill = timedelta(seconds=stored.get("backfill_seconds", BACKFILL.total_seconds()))
        self.floor = parse_time(stored.get("floor")) or now - backfill
        self.is_first = not self.anchor
        self.is_done = False

    def request_bounds(self) -> dict[str, str]:
        """Parameters that ask for the next page. `min_id` gives the rows right above it, not the newest ones."""
        if self.is_first:
            return {"max_id": self.place} if self.place else {}
        return {"min_id": self.place or self.anchor}

    def accept(self, rows: Sequence[Row], links: Links) -> list[Row]:
        """Takes in a page (the newest row first) and returns which of its rows are new, in the page's order."""
        known = {stamp for _identifier, _at, stamp in self.recent}
        fresh = [row for row in rows if row.stamp not in known and not (self.is_first and self.is_old(row.at))]
        replaced = {row.identifier for row in fresh}
        noted = [[row.identifier, (row.at or self.now).isoformat(), row.stamp] for row in reversed(fresh)]
        self.recent = [row for row in self.recent if row[0] not in replaced] + noted
        if self.is_first:
            self._go_down(rows, links)
        else:
            self._go_up(rows, links)
        return fresh

    def is_old(self, at: datetime | None) -> bool:
        return at is not None and at <= self.floor

    def _go_down(self, rows: Sequence[Row], links: Links) -> None:
        """Down to the first empty page without a way on: instances that leave out what we may not see name no older
        page where one is short for it."""
        below = next((row.identifier for row in rows if self.is_old(row.at)), "")
        older = links.older or (rows[-1].identifier if rows else "")
        if below or not older or older == self.place:
            self.anchor = below or _BOTTOM
            self._finish()
        else:
            self.place = older

    def _go_up(self, rows: Sequence[Row], links: Links) -> None:
        """On to the first empty page: a page may be shorter than asked for and still have another above it."""
        above = links.newer or (rows[0].identifier if rows else "")
        if above and above != self.place:
            self.place = above
        else:
            self._finish()

    def _finish(self) -> None:
        """The pass is over: what has left the overlap need not be read again."""
        self.place, self.is_done = "", True
        self.recent.sort(key=lambda row: row[1])
        edge = (self.now - OVERLAP).isoformat()
        while self.recent and (self.recent[0][1] < edge or len(self.recent) > _RECENT_LIMIT):
            self.anchor = self.recent.pop(0)[0]
        if self.now - self.checked_at >= CHECK_EVERY:
            self.checked_at = self.now
            self._forget_old()
            self.to_check = list(self.watched) if self._has_checks else []

    # -- What may still change -------------------------------------------------------------------

    def watch(self, identifier: str, at: datetime | None, edited_at: str, address: str) -> None:
        self.watched[identifier] = [(at or self.now).isoformat(), edited_at, address]

    def is_watched(self, identifier: str) -> bool:
        return identifier in self.watched

    def _forget_old(self) -> None:
        edge = (self.now - WATCHED).isoformat()
        young = sorted(((key, row) for key, row in self.watched.items() if row[0] >= edge), key=lambda each: each[1][0])
        self.watched = dict(young[-_WATCHED_LIMIT:])

    def next_check(self) -> list[str]:
        """Ids to look up now; they are off the list."""
        ids, self.to_check = self.to_check[:CHECK_SIZE], self.to_check[CHECK_SIZE:]
        self.is_done = True
        return ids

    def forget(self, identifier: str) -> str:
        """The address of a post that is gone."""
        return self.watched.pop(identifier)[2]

    def is_edited(self, identifier: str, edited_at: str) -> bool:
        return self.watched[identifier][1] != edited_at

    def finish(self) -> tuple[dict[str, Any], bool]:
        """The cursor to store with the page, and whether there is more to read now."""
        if len(self.watched) > 2 * _WATCHED_LIMIT:
            self._forget_old()
        stored: dict[str, Any] = {
            "anchor": self.anchor,
            "recent": self.recent,
            "watched": self.watched,
            "checked_at": self.checked_at.isoformat(),
            "floor": self.floor.isoformat(),
        }
        if self.place:
            stored["place"] = self.place
        if self.to_check:
            stored["to_check"] = self.to_check
        return stored, not self.is_done or bool(self.to_check)
