"""Cuts time into hours, days and weeks of a place. Pure; the edges decide, the database only sorts into them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

BUCKETS = ("hour", "day", "week")
QUARTER = timedelta(minutes=15)
MOST_BUCKETS = 20_000


class PeriodError(ValueError):
    """A stretch of time or a time zone that cannot be cut."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole buckets: `edges` are instants in UTC, one more than there are buckets. `before` is where as many
    buckets of the stretch before this one begin."""

    bucket: str
    time_zone: str
    before: tuple[datetime, ...]
    edges: tuple[datetime, ...]

    @property
    def starts(self) -> tuple[datetime, ...]:
        return self.edges[:-1]

    @property
    def is_in_whole_hours(self) -> bool:
        """Whether hours of UTC can be sorted into it; in India or Nepal they cannot."""
        return not any(edge.minute for edge in (*self.before, *self.edges))


def cut(since: date | datetime, until: date | datetime, *, bucket: str, time_zone: str) -> Period:
    """The whole buckets that hold `since` to `until`. A plain date means its whole day, as `until` too."""
    if bucket not in BUCKETS:
        raise PeriodError(f"There is no bucket {bucket!r}; there are {', '.join(BUCKETS)}.")
    zone = zone_of(time_zone)
    first, last = instant(since, zone), instant(until, zone, ends=True)
    if first >= last:
        raise PeriodError("The period ends before it begins.")
    edges = tuple(_edges(first, last, bucket, zone))
    count = len(edges) - 1
    return Period(bucket, time_zone, tuple(_edges_before(edges[0], count, bucket, zone)), edges)


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PeriodError(f"There is no time zone {name!r}.") from error


def instant(moment: date | datetime, zone: ZoneInfo, *, ends: bool = False) -> datetime:
    """In UTC. A date is its first instant in the zone, or with `ends` the first instant after it."""
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    return midnight(moment + timedelta(days=1) if ends else moment, zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC; also where clocks skip midnight (the instant of the jump)."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _edges(first: datetime, last: datetime, bucket: str, zone: ZoneInfo) -> Iterator[datetime]:
    edge = _floor(first, bucket, zone)
    yield edge
    count = 0
    while edge < last:
        edge = _step(edge, bucket, zone, 1)
        yield edge
        count += 1
        if count > MOST_BUCKETS:
            raise PeriodError(f"The period has more than {MOST_BUCKETS} buckets; choose larger ones.")


def _edges_before(edge: datetime, count: int, bucket: str, zone: ZoneInfo) -> list[datetime]:
    edges = [edge]
    for _ in range(count):
        edges.append(_step(edges[-1], bucket, zone, -1))
    return edges[::-1]


def _floor(moment: datetime, bucket: str, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    if bucket == "hour":
        return moment - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    day = local.date()
    return midnight(day - timedelta(days=day.weekday()) if bucket == "week" else day, zone)


def _step(edge: datetime, bucket: str, zone: ZoneInfo, direction: int) -> datetime:
    if bucket == "hour":
        # By quarters: on Lord Howe Island the clock moves by half an hour, and one hour then lasts thirty minutes or
        # ninety.
        edge += direction * QUARTER
        while edge.astimezone(zone).minute:
            edge += direction * QUARTER
        return edge
    days = 7 if bucket == "week" else 1
    # Half a day in, so that a day that begins at one o'clock is not taken for the day before.
    day = (edge + timedelta(minutes=1)).astimezone(zone).date()
    return midnight(day + timedelta(days=direction * days), zone)
