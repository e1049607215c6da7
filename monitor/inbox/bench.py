"""How fast ingest is, against the bare COPY → temporary table → upsert of the same posts in the same run."""

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from monitor.brands.models import Brand, Channel, ChannelStream
from monitor.inbox.markets import MarketTable
from monitor.inbox.models import Arrival
from monitor.inbox.rows import POST_COLUMNS, WIRE, latest_by_key, make_public_ids, post_row
from monitor.inbox.services import ingest
from monitor.platforms.base import IncomingAuthor, IncomingPost, RawUpdate

_CHUNK = 1000
_START = datetime(2026, 3, 2, tzinfo=UTC)
_COLUMNS = [
    "public_id",
    "external_id",
    "platform",
    "platform_id",
    "form",
    "text",
    "language_hint",
    "url",
    "in_reply_to",
    "attachments",
    "place",
    "market_source",
    "is_public",
    "is_own",
    "own_by",
    "mentions_us",
    "quotes_us",
    "platform_version",
    "created_at",
]
_NAMES = [name for name, _ in POST_COLUMNS]
_TYPES = dict(POST_COLUMNS)


def bench_inbox(*, rows: int = 20_000, rounds: int = 3) -> dict[str, Any]:
    """Rates in posts a second, the best of `rounds` that alternate, and their ratio (best to best, and the median of
    the rounds' own ratios). Everything that it stores is removed again.

    The bare path keeps posts only, in a table with the same columns and indexes and no foreign keys; ingest also
    keeps journal, authors, threads, sightings, change log and cursor, and asks for tombstones and markets.
    """
    with _scratch_brand() as channel, connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        synchronous = cursor.fetchone()[0]
        bare, whole = [], []
        for number in range(rounds):
            bare.append(_bare_rate(cursor, channel, _posts(rows, f"b{number}")))
            whole.append(_ingest_rate(channel, _posts(rows, f"i{number}")))
        again = _ingest_rate(channel, _posts(rows, f"i{rounds - 1}"))
    ratios = [ours / theirs for ours, theirs in zip(whole, bare, strict=True)]
    return {
        "bench": "inbox",
        "rows": rows,
        "rows_a_transaction": _CHUNK,
        "synchronous_commit": synchronous,
        "ingest_posts_per_second": round(max(whole)),
        "ingest_again_posts_per_second": round(again),
        "bare_upsert_posts_per_second": round(max(bare)),
        "ratio": round(max(whole) / max(bare), 3),
        "median_ratio": round(statistics.median(ratios), 3),
    }


def _posts(count: int, run: str) -> list[IncomingPost]:
    """Posts of 140 characters by one author in three, one thread in two."""
    words = "My parcel has not moved since Tuesday and nobody of the shop answers, order 4471-2093. "
    return [
        IncomingPost(
            platform="bench",
            external_id=f"{run}-{number:09}",
            form="comment",
            text=f"{number} {words}{words}"[:140],
            author=IncomingAuthor(f"{run}-{number // 3}", f"person{number // 3}", f"Person {number // 3}", number),
            created_at=_START + timedelta(seconds=number),
            conversation_id=f"{run}-{number // 2}",
            url=f"https://social.example/{run}/{number}",
            language_hint="en",
        )
        for number in range(count)
    ]


def _chunks(posts: Sequence[IncomingPost]) -> Iterator[Sequence[IncomingPost]]:
    for start in range(0, len(posts), _CHUNK):
        yield posts[start : start + _CHUNK]


def _ingest_rate(channel: Channel, posts: list[IncomingPost]) -> float:
    raw = [_raw(post) for post in posts]
    began = time.perf_counter()
    for number, chunk in enumerate(_chunks(posts)):
        start = number * _CHUNK
        ingest(
            brand_id=channel.brand_id,
            channel_id=channel.pk,
            stream="bench",
            how="poll",
            arrival=Arrival.BACKFILL.value,
            events=chunk,
            raw=raw[start : start + _CHUNK],
            cursor={"chunk": number},
        )
    return len(posts) / (time.perf_counter() - began)


def _raw(post: IncomingPost) -> RawUpdate:
    body = {"id": post.external_id, "text": post.text, "author": {"id": post.author.external_id, "name": "P"}}
    return RawUpdate("post", post.external_id, body, (post.author.external_id,))


def _bare_rate(cursor: Any, channel: Channel, posts: list[IncomingPost]) -> float:
    """Rows are ready before the clock starts: COPY and the upsert are all that is measured."""
    columns = ", ".join(_COLUMNS)
    positions = [_NAMES.index(name) for name in _COLUMNS]
    whole = [
        post_row(public_id, key, post, MarketTable(), Arrival.BACKFILL.value)
        for public_id, (key, post) in zip(make_public_ids(len(posts)), latest_by_key(posts).items(), strict=True)
    ]
    rows = [tuple(row[position] for position in positions) for row in whole]
    # Table and column names are constants of this module.
    upsert = f"""
        INSERT INTO bench_post (brand_id, channel_id, conversation_id, arrival, version, stage, stage_tries,
            stage_error, deletion_reason, {columns})
        SELECT %s, %s, row_number() OVER (), 'backfill', 1, 'received', 0, '', '',
            {columns.replace("attachments", "attachments::jsonb")} FROM bench_row
        ON CONFLICT (brand_id, platform, external_id) DO UPDATE SET text = EXCLUDED.text
    """  # noqa: S608
    began = time.perf_counter()
    for start in range(0, len(rows), _CHUNK):
        with transaction.atomic():
            with cursor.copy(f"COPY bench_row ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types([WIRE.get(_TYPES[name], _TYPES[name]) for name in _COLUMNS])
                for row in rows[start : start + _CHUNK]:
                    copy.write_row(row)
            cursor.execute(upsert, [channel.brand_id, channel.pk])
    return len(rows) / (time.perf_counter() - began)


@contextmanager
def _scratch_brand() -> Iterator[Channel]:
    slug = f"bench-{time.time_ns()}"
    brand = Brand.objects.create(slug=slug, name="Bench")
    channel = Channel.objects.create(brand=brand, platform="bench", kind="import", external_id=slug)
    ChannelStream.objects.create(channel=channel, name="bench")
    kinds = ", ".join(f"{name} {_TYPES[name]}" for name in _COLUMNS)
    try:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS bench_post")
            cursor.execute("CREATE TABLE bench_post (LIKE inbox_post INCLUDING ALL)")
            cursor.execute(f"CREATE TEMPORARY TABLE bench_row ({kinds}) ON COMMIT DELETE ROWS")
        yield channel
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS bench_post; DROP TABLE IF EXISTS bench_row")
            for table in ("rawevent", "sighting", "postchange", "post", "conversation", "author"):
                cursor.execute(f"DELETE FROM inbox_{table} WHERE brand_id = %s", [brand.pk])  # noqa: S608
        brand.delete()


bench_ingest = bench_inbox
