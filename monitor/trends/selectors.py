"""Reads the counts. Every answer is exact at once: buckets plus what the change log holds that is not folded yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from monitor.brands.models import Brand
from monitor.trends.contribution import COLUMNS, DIMENSIONS, MEASURES, current_contributions
from monitor.trends.periods import Period, PeriodError, cut

Filters = Mapping[str, str | Sequence[str]]

# The fold point counts only on the server it was made on; elsewhere everything in the log is still to be folded.
FOLDED_TO = """
    coalesce((SELECT xid FROM trends_foldpoint
              WHERE id = 1 AND cluster = (SELECT system_identifier FROM pg_control_system())), 0)
"""
_WITHIN = "({0} IS NULL OR ({0} >= %(since)s AND {0} < %(until)s))"


@dataclass(frozen=True, slots=True)
class Line:
    """One value of the dimension ("" where the series has none), with a number per bucket.

    `previous_counts` are those of as many buckets just before.
    """

    value: str
    counts: tuple[int, ...]
    previous_counts: tuple[int, ...]
    undated: int

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def previous_total(self) -> int:
        return sum(self.previous_counts)

    @property
    def change(self) -> float | None:
        """Against the period before: 0.25 is a quarter more; None where there was nothing."""
        return (self.total - self.previous_total) / self.previous_total if self.previous_total else None


@dataclass(frozen=True, slots=True)
class Series:
    """A chart: the starts of its buckets (UTC instants) and its lines, the largest first."""

    measure: str
    bucket: str
    time_zone: str
    starts: tuple[datetime, ...]
    ends_at: datetime
    lines: tuple[Line, ...]

    @property
    def total(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def previous_total(self) -> int:
        return sum(line.previous_total for line in self.lines)

    @property
    def undated(self) -> int:
        return sum(line.undated for line in self.lines)

    @property
    def change(self) -> float | None:
        return (self.total - self.previous_total) / self.previous_total if self.previous_total else None


def series(
    *,
    brand: Brand,
    since: date | datetime | None = None,
    until: date | datetime | None = None,
    by: str | None = None,
    bucket: str = "day",
    time_zone: str | None = None,
    measure: str = "complaints",
    filters: Filters | None = None,
) -> Series:
    """Counts per bucket, one line per value of `by`, in whole buckets of `time_zone` (the brand's where not given).

    Without dates: the last 30 days. Raises PeriodError for a stretch, zone, measure or dimension there is not.
    """
    wanted = _check(by, measure, filters or {})
    until = until or timezone.now()
    since = since or until - timedelta(days=29)
    period = cut(since, until, bucket=bucket, time_zone=time_zone or brand.time_zone)
    rows = _count(brand, period, by, measure, wanted)
    return Series(measure, bucket, period.time_zone, period.starts, period.edges[-1], _lines(rows, period, by))


def _check(by: str | None, measure: str, filters: Filters) -> dict[str, list[str]]:
    for name in {by, *filters} - {None}:
        if name not in DIMENSIONS:
            raise PeriodError(f"There is no dimension {name!r}; there are {', '.join(DIMENSIONS)}.")
    if measure not in MEASURES:
        raise PeriodError(f"There is no measure {measure!r}; there are {', '.join(MEASURES)}.")
    return {name: [value] if isinstance(value, str) else list(value) for name, value in filters.items()}


def pending_contributions(condition: str) -> str:
    """SELECT of signed contributions of the posts whose changes are not folded: the current added, the old taken away.

    `condition` narrows the change log (its table is `change`).
    """
    columns = ", ".join(COLUMNS)
    return f"""
        WITH touched AS MATERIALIZED (
            SELECT DISTINCT post_id FROM inbox_postchange change WHERE change.xid >= {FOLDED_TO} AND {condition}
        )
        SELECT 1 AS sign, {columns} FROM ({current_contributions("SELECT post_id FROM touched")}) fresh
        UNION ALL
        SELECT -1 AS sign, {columns} FROM trends_contribution WHERE post_id IN (SELECT post_id FROM touched)
    """  # noqa: S608  (built from the code's own words only)


def _count(
    brand: Brand, period: Period, by: str | None, measure: str, filters: dict[str, list[str]]
) -> list[tuple[int | None, str, int]]:
    """Rows of bucket (1… from the first one before the period; None: undated), value and count; in one snapshot."""
    edges = [*period.before, *period.edges[1:]]
    flag = MEASURES[measure]
    chosen = "".join(f" AND {name} = ANY(%(only_{name})s)" for name in filters)
    statement = f"""
        WITH counted AS (
            {_folded_rows(period, by, measure, filters)}
            UNION ALL
            SELECT bucket_at, {by or "''"} AS value, sign{f" * {flag}::int" if flag else ""}
            FROM ({pending_contributions("change.brand_id = %(brand)s")}) pending
            WHERE {_WITHIN.format("bucket_at")}{chosen}
        )
        SELECT width_bucket(bucket_at, %(edges)s::timestamptz[]), value, sum(number)::bigint
        FROM counted GROUP BY 1, 2 HAVING sum(number) <> 0
    """  # noqa: S608  (dimension and measure names were checked against the code's own lists)
    values: dict[str, Any] = {"brand": brand.pk, "since": edges[0], "until": edges[-1], "edges": edges}
    values |= {f"only_{name}": chosen_values for name, chosen_values in filters.items()}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def _folded_rows(period: Period, by: str | None, measure: str, filters: dict[str, list[str]]) -> str:
    """From the hours of one dimension where they can answer, else from the full quarter-hours."""
    dimensions = {*filters, *([by] if by else [])}
    if len(dimensions) > 1 or not period.is_in_whole_hours:
        chosen = "".join(f" AND {name} = ANY(%(only_{name})s)" for name in filters)
        return f"""SELECT bucket_at, {by or "''"} AS value, {measure} AS number FROM trends_trendbucket
                   WHERE brand_id = %(brand)s AND {_WITHIN.format("bucket_at")}{chosen}"""  # noqa: S608
    name = next(iter(dimensions), "")
    only = f" AND value = ANY(%(only_{name})s)" if name in filters else ""
    value = "value" if by else "''"
    return f"""SELECT hour_at AS bucket_at, {value} AS value, {measure} AS number FROM trends_trendline
               WHERE brand_id = %(brand)s AND dimension = '{name}' AND {_WITHIN.format("hour_at")}{only}"""  # noqa: S608


def _lines(rows: list[tuple[int | None, str, int]], period: Period, by: str | None) -> tuple[Line, ...]:
    size = len(period.starts)
    counts: dict[str, list[int]] = {} if by else {"": [0] * 2 * size}
    undated: dict[str, int] = {}
    for bucket, value, number in rows:
        line = counts.setdefault(value, [0] * 2 * size)
        if bucket is None:
            undated[value] = number
        else:
            line[bucket - 1] = number
    lines = [
        Line(value, tuple(line[size:]), tuple(line[:size]), undated.get(value, 0)) for value, line in counts.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.total, -line.previous_total, line.value)))


def differing_cells() -> int:
    """How many cells differ from counting every post again: 0 unless something is wrong. Reads everything."""
    keys = ("brand_id", "bucket_at", *DIMENSIONS)
    columns, sums = ", ".join(keys), ", ".join(f"sum({measure})::bigint" for measure in MEASURES)
    plain = ", ".join(f"{flag}::int" if flag else "1" for flag in MEASURES.values())
    signed = ", ".join(f"sign * {flag}::int" if flag else "sign" for flag in MEASURES.values())
    names = ", ".join(MEASURES)
    statement = f"""
        WITH truth ({columns}, {names}) AS (
            SELECT {columns}, {plain} FROM ({current_contributions("SELECT id FROM inbox_post")}) every_post
        ), held ({columns}, {names}) AS (
            SELECT {columns}, {names} FROM trends_trendbucket
            UNION ALL SELECT {columns}, {signed} FROM ({pending_contributions("true")}) pending
        ), right_cells AS (SELECT {columns}, {sums} FROM truth GROUP BY {columns}),
        held_cells AS (SELECT {columns}, {sums} FROM held GROUP BY {columns} HAVING sum(posts) <> 0)
        SELECT (SELECT count(*) FROM (TABLE right_cells EXCEPT TABLE held_cells) missing)
             + (SELECT count(*) FROM (TABLE held_cells EXCEPT TABLE right_cells) surplus)
    """  # noqa: S608  (built from the code's own words only)
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def fold_lag() -> tuple[int, float]:
    """How many changes wait to be folded, and the age of the oldest in seconds."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(recorded_at)), 0)::float
            FROM inbox_postchange WHERE xid >= {FOLDED_TO}
            """  # noqa: S608
        )
        count, seconds = cursor.fetchone()
        return int(count), max(0.0, float(seconds))


def values_of(dimension: str, *, brand: Brand) -> list[str]:
    """The values that have ever counted, for the choices of a filter."""
    _check(dimension, "posts", {})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT value FROM trends_trendline WHERE brand_id = %s AND dimension = %s ORDER BY value",
            [brand.pk, dimension],
        )
        return [value for (value,) in cursor.fetchall()]
