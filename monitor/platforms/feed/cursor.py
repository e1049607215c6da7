"""What is remembered of a feed between two readings. Pure. A cursor is JSON:

etag, modified    the publisher's words for the version that was read; sent back, so that nothing comes twice
seen              short hash of an entry's id → short hash of its words (or "deleted"): what is new, what has changed
longest           most entries that one reading had, to tell a full feed from a short one
read_at           when the feed was last known to us as it was
moved_to          the address of its own site that it says it has moved to
pass              a reading that goes on over several pages: next, count, handed, etag, modified, oldest, has_met
backfill_seconds  how far back the first reading goes
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitor.platforms.base import Gap
from monitor.platforms.feed.address import scoped_id
from monitor.platforms.times import parse_time

BACKFILL = timedelta(days=14)
MOST_PAGES = 10
_MOST_SEEN = 4_000
_DELETED = "deleted"
# An author's clock may be ahead a little; a date that is further ahead is none.
_AHEAD = timedelta(hours=26)


@dataclass
class _Pass:
    """One reading of the feed from its newest page back to what is known."""

    next_page: str = ""
    count: int = 0
    entries: int = 0
    handed: list[str] = field(default_factory=list)
    etag: str = ""
    modified: str = ""
    oldest: str = ""
    has_met: bool = False


class FeedCursor:
    """Where a feed was left, and what a document adds to it."""

    def __init__(self, cursor: Mapping[str, Any], address: str, now: datetime) -> None:
        self._address, self._now = address, now
        self.etag, self.modified = str(cursor.get("etag", "")), str(cursor.get("modified", ""))
        self.moved_to = str(cursor.get("moved_to", ""))
        self._seen: dict[str, str] = dict(cursor.get("seen", {}))
        self._longest = int(cursor.get("longest", 0))
        self._read_at = parse_time(cursor.get("read_at"))
        self._is_first = self._read_at is None
        seconds = float(cursor.get("backfill_seconds", BACKFILL.total_seconds()))
        self._backfill = seconds
        self._floor = now - timedelta(seconds=seconds)
        stored = cursor.get("pass")
        # A list of its own: what was handed on in a try that fails must not be noted in the cursor it began with.
        self.reading = _Pass(**{**stored, "handed": list(stored["handed"])}) if stored else _Pass()

    @property
    def page(self) -> str:
        """The address to read now."""
        return self.reading.next_page or self._address

    @property
    def is_going_on(self) -> bool:
        return bool(self.reading.next_page)

    def accept(self, entries: Sequence[Mapping[str, Any]], next_page: str) -> list[tuple[str, dict[str, Any]]]:
        """Takes in a page; returns (id, entry) of what is new or has changed, in the feed's order."""
        fresh = []
        handed = set(self.reading.handed)
        for entry in entries:
            identifier = entry_id(entry, self._address)
            key, words = _short_hash(identifier), _words_hash(entry)
            known = self._seen.get(key)
            if known is not None and key not in handed:
                self.reading.has_met = True
            # What was read last is what is kept longest.
            self._seen.pop(key, None)
            self._seen[key] = words
            if key in handed or known == words:
                continue
            handed.add(key)
            self.reading.handed.append(key)
            if known is not None or self._is_wanted(entry):
                fresh.append((identifier, self._dated(entry, is_edit=known is not None)))
        self._count(entries, next_page)
        return fresh

    def accept_deletions(self, told: Sequence[tuple[str, datetime | None]]) -> list[tuple[str, datetime | None]]:
        """(id, when) of the tombstones that were not read before; their entries may come later or never."""
        fresh = []
        for reference, when in told:
            identifier = scoped_id(reference, self._address)
            key = _short_hash(identifier)
            if self._seen.get(key) != _DELETED:
                self._seen.pop(key, None)
                self._seen[key] = _DELETED
                fresh.append((identifier, when))
        return fresh

    def give_up_pages(self) -> None:
        """An older page can no longer be read: the reading ends here, and what is missing is a gap."""
        self.reading.next_page = ""

    def _is_wanted(self, entry: Mapping[str, Any]) -> bool:
        """A first reading goes back a while, a later one takes whatever is new: old dates turn up late, too."""
        moment = _date_of(entry)
        return not self._is_first or moment is None or moment >= self._floor

    def _dated(self, entry: Mapping[str, Any], *, is_edit: bool) -> dict[str, Any]:
        """With the dates that can be true; an edit with the time at which it was noticed."""
        limit = self._now + _AHEAD
        dated = {
            name: value
            for name, value in entry.items()
            if name not in ("published", "updated") or _is_before(value, limit)
        }
        if is_edit:
            dated["changed_at"] = self._now.isoformat()
        elif not self._is_first and "published" not in dated and "updated" not in dated:
            # It was not there at the last reading: that dates it well enough.
            dated["published"] = self._now.isoformat()
        return dated

    def _count(self, entries: Sequence[Mapping[str, Any]], next_page: str) -> None:
        reading = self.reading
        reading.count += 1
        reading.entries += len(entries)
        if reading.count == 1:
            self._longest = max(self._longest, len(entries))
        dates = [moment for moment in map(_date_of, entries) if moment is not None]
        if dates:
            reading.oldest = min(filter(None, [reading.oldest, min(dates).isoformat()]))
        is_deep_enough = self._is_first and bool(dates) and min(dates) < self._floor
        is_enough = reading.count >= MOST_PAGES or reading.entries >= _MOST_SEEN // 2
        # An empty page may have a full one behind it: publishers leave out what not everybody may see.
        goes_on = not (reading.has_met or is_deep_enough or is_enough)
        reading.next_page = next_page if goes_on and next_page != self.page else ""

    def note_version(self, etag: str, modified: str) -> None:
        """The first page's version is the feed's; it is believed once the whole reading is done."""
        if self.reading.count <= 1:
            self.reading.etag, self.reading.modified = etag, modified

    def finish(self) -> tuple[dict[str, Any], bool, tuple[Gap, ...]]:
        """The cursor to store with the page, whether the reading goes on, and what it can no longer tell."""
        if self.reading.next_page:
            return self._stored(self._read_at) | {"pass": dict(vars(self.reading))}, True, ()
        gaps = self._gaps()
        self.etag, self.modified = self.reading.etag, self.reading.modified
        return self._stored(self._now), False, gaps

    def unchanged(self) -> dict[str, Any]:
        """The cursor after an answer that nothing has changed."""
        return self._stored(self._now)

    def _gaps(self) -> tuple[Gap, ...]:
        """A full feed in which nothing is known any more: what came and went in between was never seen."""
        reading = self.reading
        is_full = reading.entries >= max(self._longest, 2)
        has_known = len(self._seen) > len(reading.handed)
        if self._is_first or reading.has_met or not is_full or not has_known:
            return ()
        oldest = parse_time(reading.oldest)
        if self._read_at is not None and oldest is not None and oldest <= self._read_at:
            return ()
        return (Gap(since=self._read_at, until=oldest or self._now, code="feed_horizon"),)

    def _stored(self, read_at: datetime | None) -> dict[str, Any]:
        stored: dict[str, Any] = {
            "etag": self.etag,
            "modified": self.modified,
            "seen": dict(list(self._seen.items())[-_MOST_SEEN:]),
            "longest": self._longest,
        }
        if read_at is not None:
            stored["read_at"] = read_at.isoformat()
        if self.moved_to:
            stored["moved_to"] = self.moved_to
        if self._backfill != BACKFILL.total_seconds():
            stored["backfill_seconds"] = self._backfill
        return stored


def entry_id(entry: Mapping[str, Any], address: str) -> str:
    """The publisher's id; where there is none the link; where there is neither a hash of the words."""
    told = entry.get("id") or entry.get("link")
    return scoped_id(str(told), address) if told else made_id(entry, address)


def made_id(entry: Mapping[str, Any], address: str) -> str:
    parts = [str(entry.get(name, "")) for name in ("title", "body", "author", "published")]
    return scoped_id("made:" + _hash("\0".join(parts), 32), address)


def _date_of(entry: Mapping[str, Any]) -> datetime | None:
    return parse_time(entry.get("published") or entry.get("updated"))


def _is_before(value: object, limit: datetime) -> bool:
    moment = parse_time(value)
    return moment is not None and moment <= limit


def _words_hash(entry: Mapping[str, Any]) -> str:
    """Of what people read. A feed that only moves its dates, as forums do, has not been edited."""
    return _hash("\0".join(str(entry.get(name, "")) for name in ("title", "body", "rating")), 8)


def _short_hash(identifier: str) -> str:
    return _hash(identifier, 12)


def _hash(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]
