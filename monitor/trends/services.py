"""Keeps the counts true: folds the change log into the buckets, or counts everything again.

A change is folded once its transaction is surely finished, so none can slip in behind the fold point. Folding a post
twice does no harm: its old contribution is subtracted and its current one added.
"""

from dataclasses import dataclass

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from monitor.logs import get_logger
from monitor.trends.contribution import COLUMNS, DIMENSIONS, MEASURES, current_contributions, signed_sums

log = get_logger(__name__)

# One fold at a time in the whole installation. The number only has to differ from other advisory locks.
FOLD_LOCK = 0x7472_656E
CLUSTER = "(SELECT system_identifier FROM pg_control_system())"


@dataclass(frozen=True, slots=True)
class _Span:
    """Changes of transactions from `first` (included) to `end` (not included)."""

    first: int
    end: int
    changes: int


def fold(*, limit: int = 20_000) -> int:
    """Folds about `limit` changes (whole transactions); returns how many, 0 when nothing waits or another one folds."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [FOLD_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        span = _next_span(cursor, limit)
        if span.changes:
            cursor.execute(
                _fold_statement("SELECT DISTINCT post_id FROM inbox_postchange WHERE xid >= %s AND xid < %s"),
                [span.first, span.end],
            )
            _drop_empty(cursor)
            cursor.execute("UPDATE trends_foldpoint SET xid = %s, folded_at = now() WHERE id = 1", [span.end])
    return span.changes


def fold_all(*, limit: int = 20_000) -> int:
    """Folds until nothing waits; returns how many changes."""
    folded = 0
    while changes := fold(limit=limit):
        folded += changes
    return folded


def rebuild() -> int:
    """Counts every post again from nothing; returns how many posts. For repair: a fold that is right never needs it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FOLD_LOCK])
        for table in ("trends_contribution", "trends_trendbucket", "trends_trendline"):
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608
        cursor.execute(_fold_statement("SELECT id AS post_id FROM inbox_post"))
        return int(cursor.fetchone()[0])


def _next_span(cursor: CursorWrapper, limit: int) -> _Span:
    first = _fold_point(cursor)
    cursor.execute(
        """
        WITH horizon AS (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xid),
        waiting AS (
            SELECT xid FROM inbox_postchange
            WHERE xid >= %s AND xid < (SELECT xid FROM horizon) ORDER BY xid LIMIT %s
        )
        SELECT (SELECT xid FROM horizon), count(*), coalesce(max(xid), 0) FROM waiting
        """,
        [first, limit],
    )
    horizon, changes, last = cursor.fetchone()
    # A full batch may have cut a transaction in two: its rest is taken along.
    return _Span(first, last + 1 if changes == limit else horizon, changes)


def _fold_point(cursor: CursorWrapper) -> int:
    """Where the last fold ended; the beginning again after a restore into another server."""
    cursor.execute(
        f"INSERT INTO trends_foldpoint (id, xid, cluster) VALUES (1, 0, {CLUSTER}) ON CONFLICT DO NOTHING"  # noqa: S608
    )
    cursor.execute(f"SELECT xid, cluster = {CLUSTER} FROM trends_foldpoint WHERE id = 1 FOR UPDATE")  # noqa: S608
    xid, is_same_server = cursor.fetchone()
    if is_same_server:
        return int(xid)
    # Numbers from the other server may lie ahead of ours: they would wait for ever, and ours would hide behind them.
    cursor.execute("UPDATE inbox_postchange SET xid = 1")
    cursor.execute(f"UPDATE trends_foldpoint SET xid = 0, cluster = {CLUSTER} WHERE id = 1")  # noqa: S608
    log.warning("fold_restarted_on_another_server")
    return 0


def _fold_statement(posts: str) -> str:
    """One statement, one snapshot: subtracts the old contributions of `posts`, adds the current ones."""
    dimensions, measures, columns = ", ".join(DIMENSIONS), ", ".join(MEASURES), ", ".join(COLUMNS)
    assignments = ", ".join(f"{column} = excluded.{column}" for column in COLUMNS[1:])
    line_values = ", ".join(f"('{name}', moved.{name})" for name in DIMENSIONS)
    line_sums = ", ".join(f"sum(moved.{measure})" for measure in MEASURES)
    totals = signed_sums("signed")
    sums = ", ".join(f"{total}::int AS {measure}" for measure, total in totals.items())
    is_moved = " OR ".join(f"{total} <> 0" for total in totals.values())
    added = ", ".join(f"{measure} = kept.{measure} + excluded.{measure}" for measure in MEASURES)
    return f"""
        WITH touched AS MATERIALIZED ({posts}),
        fresh AS MATERIALIZED ({current_contributions("SELECT post_id FROM touched")}),
        old AS MATERIALIZED (
            SELECT {columns} FROM trends_contribution WHERE post_id IN (SELECT post_id FROM touched)
        ),
        signed AS (SELECT 1 AS sign, * FROM fresh UNION ALL SELECT -1, * FROM old),
        moved AS MATERIALIZED (
            SELECT brand_id, bucket_at, {dimensions}, {sums} FROM signed
            GROUP BY brand_id, bucket_at, {dimensions}
            HAVING {is_moved}
        ),
        buckets AS (
            INSERT INTO trends_trendbucket AS kept (brand_id, bucket_at, {dimensions}, {measures})
            SELECT brand_id, bucket_at, {dimensions}, {measures} FROM moved
            ON CONFLICT (brand_id, bucket_at, {dimensions}) DO UPDATE SET {added}
        ),
        lines AS (
            INSERT INTO trends_trendline AS kept (brand_id, dimension, hour_at, value, {measures})
            SELECT moved.brand_id, line.dimension, date_trunc('hour', moved.bucket_at, 'UTC'), line.value, {line_sums}
            FROM moved CROSS JOIN LATERAL (VALUES ('', ''), {line_values}) AS line (dimension, value)
            GROUP BY 1, 2, 3, 4
            ON CONFLICT (brand_id, dimension, hour_at, value) DO UPDATE SET {added}
        ),
        stored AS (
            INSERT INTO trends_contribution ({columns}) SELECT {columns} FROM fresh
            ON CONFLICT (post_id) DO UPDATE SET {assignments}
        ),
        gone AS (
            DELETE FROM trends_contribution WHERE post_id IN
                (SELECT post_id FROM old EXCEPT SELECT post_id FROM fresh)
        )
        SELECT count(*) FROM fresh
    """  # noqa: S608  (built from the code's own words only)


def _drop_empty(cursor: CursorWrapper) -> None:
    cursor.execute("DELETE FROM trends_trendbucket WHERE posts = 0")
    cursor.execute("DELETE FROM trends_trendline WHERE posts = 0")
