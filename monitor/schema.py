"""What the tables of all rooms share: time-ordered public ids and monthly partitions.

Partitioned tables are those that nothing references (journal, sightings, audit, change log, delivery log).
"""

from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, migrations
from django.db.models import Func, UUIDField

PARTITIONED_TABLES = [
    "audit_auditevent",
    "inbox_rawevent",
    "inbox_sighting",
    "inbox_postchange",
    "api_delivery",
]


class UuidV7(Func):
    """PostgreSQL 18's own time-ordered identifier."""

    function = "uuidv7"
    template = "%(function)s()"
    output_field = UUIDField()


def partition_by_month(table: str, *, key: str = "recorded_at") -> migrations.RunSQL:
    """Remakes the (still empty) table that Django just made as one partitioned by month, with a default partition.

    `LIKE … INCLUDING ALL` keeps columns, defaults, identity and indexes; the primary key must hold `key`.
    """
    return migrations.RunSQL(
        sql=f"""
            ALTER TABLE {table} RENAME TO {table}_plain;
            CREATE TABLE {table} (LIKE {table}_plain INCLUDING ALL) PARTITION BY RANGE ({key});
            DROP TABLE {table}_plain;
            CREATE TABLE {table}_default PARTITION OF {table} DEFAULT;
        """,
        reverse_sql=migrations.RunSQL.noop,
    )


def ensure_partitions(tables: list[str], *, today: date | None = None, months_ahead: int = 3) -> list[str]:
    """Makes the monthly partitions of this and the next months; returns the names of those that were missing."""
    first = (today or datetime.now(UTC).date()).replace(day=1)
    made: list[str] = []
    with connection.cursor() as cursor:
        for table in tables:
            start = first
            for _ in range(months_ahead + 1):
                end = _next_month(start)
                made += _make_partition(cursor, table, start, end)
                start = end
    return made


def _make_partition(cursor: Any, table: str, start: date, end: date) -> list[str]:
    name = f"{table}_{start:%Y_%m}"
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
    if cursor.fetchone()[0]:
        return []
    # Rows that came while the month had no partition stay in the default one: it then keeps the whole month.
    cursor.execute(
        f"SELECT EXISTS (SELECT 1 FROM {table}_default WHERE recorded_at >= %s AND recorded_at < %s)",  # noqa: S608
        [start, end],
    )
    if cursor.fetchone()[0]:
        return []
    # Names come from the code and from dates, never from people.
    cursor.execute(f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} FOR VALUES FROM ('{start}') TO ('{end}')")
    return [name]


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
