"""How fast ingest is, against the bare COPY → temporary table → upsert of the same rows in the same run."""

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from monitor.brands.models import Brand, Channel, ChannelStream
from monitor.inbox.markets import MarketTable
from monitor.inbox.models import Arrival
from monitor.inbox.rows import POST_COLUMNS, WIRE, latest_by_key, make_public_ids, post_row, raw_row, wire_time
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
    "extra",
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
    """Rates in posts a second, the best of `rounds` that alternate. Everything that it stores is removed again.

    Two baselines, both COPY → temporary table → INSERT … ON CONFLICT of rows that are ready before the clock starts,
    into tables with the same columns and indexes and no foreign keys: `bare_posts` writes the posts alone;
    `bare_all_rows` also writes the journal, authors, threads, sightings and change log that ingest writes, with all
    ids known beforehand. Ingest itself starts from events: it cleans, merges, journals, looks ids up, asks for
    tombstones and markets, and moves the cursor.
    """
    posts_only, all_rows, whole = [], [], []
    with _scratch_brand() as channel, connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        synchronous = cursor.fetchone()[0]
        for number in range(rounds):
            posts_only.append(_bare_rate(cursor, channel, _posts(rows, f"b{number}"), BARE[:1]))
            all_rows.append(_bare_rate(cursor, channel, _posts(rows, f"a{number}"), BARE))
            whole.append(_ingest_rate(channel, _posts(rows, f"i{number}")))
        again = _ingest_rate(channel, _posts(rows, f"i{rounds - 1}"))
    return {
        "bench": "inbox",
        "rows": rows,
        "rows_a_transaction": _CHUNK,
        "synchronous_commit": synchronous,
        "ingest_posts_per_second": round(max(whole)),
        "ingest_again_posts_per_second": round(again),
        "bare_posts_per_second": round(max(posts_only)),
        "bare_all_rows_per_second": round(max(all_rows)),
        "ratio_to_bare_posts": _ratio(whole, posts_only),
        "ratio_to_bare_all_rows": _ratio(whole, all_rows),
    }


def _ratio(ours: list[float], theirs: list[float]) -> dict[str, float]:
    rounds = [mine / bare for mine, bare in zip(ours, theirs, strict=True)]
    return {"best_to_best": round(max(ours) / max(theirs), 3), "median_of_rounds": round(statistics.median(rounds), 3)}


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


@dataclass(frozen=True, slots=True)
class Bare:
    """A table of the bare path: the columns that are copied, constants beside them, and the upsert's key."""

    table: str
    columns: tuple[tuple[str, str], ...]
    constants: str = ""
    values: str = ""
    key: str = ""

    @property
    def names(self) -> str:
        return ", ".join(name for name, _ in self.columns)

    def statements(self) -> tuple[str, str]:
        """Names of tables and columns are constants of this module."""
        selected = self.names.replace("attachments", "attachments::jsonb").replace("author_ids", "author_ids::jsonb")
        conflict = f"ON CONFLICT ({self.key}) DO UPDATE SET platform = EXCLUDED.platform" if self.key else ""
        return (
            f"COPY bare_{self.table} ({self.names}) FROM STDIN (FORMAT BINARY)",
            f"INSERT INTO bench_{self.table} ({self.names}{self.constants}) SELECT {selected}{self.values}"  # noqa: S608
            f" FROM bare_{self.table} {conflict}",
        )


_POST = tuple((name, _TYPES[name]) for name in _COLUMNS)
_KEY = "external_id, platform, brand_id"
_KEYED = (("brand_id", "int8"), ("platform", "text"), ("external_id", "text"))
BARE = (
    Bare(
        "post",
        _POST,
        ", brand_id, channel_id, conversation_id, author_id, arrival, version, stage, stage_tries, stage_error,"
        " deletion_reason",
        ", 1, 1, row_number() OVER (), row_number() OVER (), 'backfill', 1, 'received', 0, '', ''",
        _KEY,
    ),
    Bare(
        "author",
        (*_KEYED, ("handle", "text"), ("name", "text"), ("followers", "int8")),
        ", is_verified, is_automated, is_opted_out",
        ", false, false, false",
        _KEY,
    ),
    Bare("conversation", (*_KEYED, ("first_post_at", "timestamptz")), ", is_public", ", true", _KEY),
    Bare(
        "rawevent",
        (*_KEYED, ("channel_id", "int8"), ("kind", "text"), ("author_ids", "text"), ("body_hash", "bytea"),
         ("body", "bytea")),
    ),
    Bare("sighting", (("brand_id", "int8"), ("post_id", "int8"), ("channel_id", "int8"), ("stream", "text"),
                      ("how", "text"))),
    Bare("postchange", (("brand_id", "int8"), ("post_id", "int8"), ("kind", "text"))),
)  # fmt: skip


def _bare_rows(channel: Channel, posts: Sequence[IncomingPost]) -> dict[str, list[tuple[Any, ...]]]:
    """What ingest writes for these posts, table by table."""
    brand, where = channel.brand_id, [_NAMES.index(name) for name in _COLUMNS]
    whole = [
        post_row(public_id, key, post, MarketTable(), Arrival.BACKFILL.value)
        for public_id, (key, post) in zip(make_public_ids(len(posts)), latest_by_key(posts).items(), strict=True)
    ]
    authors = {post.author.external_id: post.author for post in posts}
    threads = {post.conversation_id: post.created_at for post in posts}
    raw = [raw_row(_raw(post)) for post in posts]
    return {
        "post": [tuple(row[position] for position in where) for row in whole],
        "author": [(brand, "bench", key, each.handle, each.name, each.followers) for key, each in authors.items()],
        "conversation": [(brand, "bench", key, wire_time(moment)) for key, moment in threads.items()],
        "rawevent": [
            (
                brand,
                "bench",
                row.external_id,
                channel.pk,
                row.kind,
                row.author_ids[1:].decode(),
                row.body_hash,
                row.body,
            )
            for row in raw
        ],
        "sighting": [(brand, number, channel.pk, "bench", "poll") for number in range(len(posts))],
        "postchange": [(brand, number, "stored") for number in range(len(posts))],
    }


def _bare_rate(cursor: Any, channel: Channel, posts: list[IncomingPost], tables: Sequence[Bare]) -> float:
    chunks = [_bare_rows(channel, chunk) for chunk in _chunks(posts)]
    prepared = [(bare.table, bare.statements(), [WIRE.get(kind, kind) for _, kind in bare.columns]) for bare in tables]
    began = time.perf_counter()
    for chunk in chunks:
        with transaction.atomic():
            for table, (copy_in, upsert), kinds in prepared:
                with cursor.copy(copy_in) as copy:
                    copy.set_types(kinds)
                    for row in chunk[table]:
                        copy.write_row(row)
                cursor.execute(upsert)
    return len(posts) / (time.perf_counter() - began)


@contextmanager
def _scratch_brand() -> Iterator[Channel]:
    slug = f"bench-{time.time_ns()}"
    brand = Brand.objects.create(slug=slug, name="Bench")
    channel = Channel.objects.create(brand=brand, platform="bench", kind="import", external_id=slug)
    ChannelStream.objects.create(channel=channel, name="bench")
    try:
        with connection.cursor() as cursor:
            for bare in BARE:
                kinds = ", ".join(f"{name} {kind}" for name, kind in bare.columns)
                cursor.execute(f"DROP TABLE IF EXISTS bench_{bare.table}")
                cursor.execute(f"CREATE TABLE bench_{bare.table} (LIKE inbox_{bare.table} INCLUDING ALL)")
                cursor.execute(f"CREATE TEMPORARY TABLE bare_{bare.table} ({kinds}) ON COMMIT DELETE ROWS")
        yield channel
    finally:
        with connection.cursor() as cursor:
            for bare in BARE:
                cursor.execute(f"DROP TABLE IF EXISTS bench_{bare.table}; DROP TABLE IF EXISTS bare_{bare.table}")
            for table in ("rawevent", "sighting", "postchange", "post", "conversation", "author"):
                cursor.execute(f"DELETE FROM inbox_{table} WHERE brand_id = %s", [brand.pk])  # noqa: S608
        brand.delete()


bench_ingest = bench_inbox
