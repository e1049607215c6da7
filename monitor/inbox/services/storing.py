"""Ingest: everything that one page, webhook or file chunk brought, in one transaction with the cursor it justifies."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from weakref import WeakSet

import psycopg
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg.types.json import Jsonb

from monitor.inbox import tombstones
from monitor.inbox.markets import MarketTable
from monitor.inbox.models import Arrival
from monitor.inbox.rows import (
    POST_COLUMNS,
    POST_WIRE,
    PostKey,
    RawRow,
    bounded_author_id,
    bounded_id,
    emptied,
    latest_by_key,
    make_public_ids,
    post_row,
    raw_row,
)
from monitor.inbox.services import ledger, statements
from monitor.inbox.services.deleting import hold_deletions_off, store_deletions
from monitor.inbox.services.hiding import store_hidings
from monitor.inbox.services.replaced import replaced_words
from monitor.platforms.base import IncomingDeletion, IncomingNotice, IncomingPost, PlatformEvent, RawUpdate

HOWS = ("poll", "webhook", "import", "send", "replay", "recheck", "backfill")
_ATTEMPTS = 4
# Connections that have the temporary table for good (made in a transaction that was committed).
_prepared: WeakSet[Any] = WeakSet()


class StaleLeaseError(Exception):
    """Somebody else has taken this stream over: what was read is dropped, they read it again."""


class UnknownChannelError(LookupError):
    """The channel is gone, or belongs to another brand."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the events. `refused` were deleted or erased before; `post_ids` are the stored and the updated."""

    stored: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    refused: int = 0
    notices: int = 0
    quarantined: int = 0
    post_ids: tuple[int, ...] = field(default=(), repr=False)

    def __add__(self, other: "IngestReport") -> "IngestReport":
        return IngestReport(
            self.stored + other.stored,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.deleted + other.deleted,
            self.refused + other.refused,
            self.notices + other.notices,
            self.quarantined + other.quarantined,
            self.post_ids + other.post_ids,
        )


@dataclass(frozen=True, slots=True)
class _Batch:
    """The constants of one ingest, as the statements name them."""

    brand: int
    channel: int
    stream: str
    how: str
    arrival: str
    live_since: datetime | None
    read_at: datetime

    def arrival_of(self, post: IncomingPost) -> str:
        is_old = self.live_since is not None and post.created_at is not None and post.created_at < self.live_since
        return Arrival.BACKFILL.value if is_old and self.arrival == Arrival.LIVE else self.arrival

    def params(self, **more: Any) -> dict[str, Any]:
        return {
            "brand": self.brand,
            "channel": self.channel,
            "stream": self.stream,
            "how": self.how,
            "is_poll": self.how in ("poll", "recheck", "backfill"),
            "read_at": self.read_at,
            **more,
        }


def ingest(
    *,
    brand_id: int,
    channel_id: int,
    stream: str,
    how: str,
    events: Sequence[PlatformEvent],
    raw: Sequence[RawUpdate] = (),
    arrival: str = Arrival.LIVE,
    cursor: Mapping[str, Any] | None = None,
    lease_until: datetime | None = None,
    live_since: datetime | None = None,
    read_at: datetime | None = None,
    alongside: Callable[[], None] | None = None,
) -> IngestReport:
    """Stores events, their raw updates and the cursor that passed them: all of it or nothing.

    The same events may come again, at the same time, in any order and from anywhere: there is one post for each key,
    the latest version of it wins, and a deletion wins over everything. Posts from before `live_since` count as
    backfill. `read_at` is when the platform was asked, where it was (else now): an edit whose time it does not tell was
    made by then. `alongside` runs in the same transaction (and again, should it have to start over).

    Raises StaleLeaseError when the stream's lease is no longer `lease_until`, UnknownChannelError, and ValueError for
    a `how` that does not exist.
    """
    if how not in HOWS:
        raise ValueError(f"Posts do not come by {how!r}; known are {', '.join(HOWS)}.")
    batch = _Batch(brand_id, channel_id, stream, how, Arrival(arrival).value, live_since, read_at or timezone.now())
    attempts = 1 if connection.in_atomic_block else _ATTEMPTS
    for attempt in range(1, attempts + 1):
        try:
            with transaction.atomic():
                report = _ingest(batch, events, raw, cursor, lease_until)
                if alongside is not None:
                    alongside()
                return report
        except OperationalError as error:
            # Two writers that met in a circle: the database let one of them go on, and this one starts again.
            if attempt == attempts or not isinstance(error.__cause__, DeadlockDetected | SerializationFailure):
                raise
    raise AssertionError("the last attempt returns or raises")


def _ingest(
    batch: _Batch,
    events: Sequence[PlatformEvent],
    raw: Sequence[RawUpdate],
    cursor: Mapping[str, Any] | None,
    lease_until: datetime | None,
) -> IngestReport:
    deletions = [event for event in events if isinstance(event, IncomingDeletion)]
    notices = [event for event in events if isinstance(event, IncomingNotice)]
    posts = latest_by_key(event for event in events if isinstance(event, IncomingPost))
    with connection.cursor() as database:
        hold_deletions_off(database, batch.brand, deletes=bool(deletions))
        facts = _read_brand_facts(database, batch)
        deleted = store_deletions(database, batch.brand, deletions)
        refused = _Refused()
        if facts.has_tombstones or deletions:
            refused = _find_refused(batch.brand, facts.platform, posts, raw)
        accepted = refused.leave_out(posts)
        stored, again = _store_posts(database, batch, accepted, facts.markets)
        store_hidings(database, batch.brand, facts.platform, notices)
        if edited := {each for row in stored if row[3] for each in (row[1], row[4]) if each}:
            old: dict[str, Any] = {"ids": sorted(edited), "brand": batch.brand, "platform": facts.platform}
            database.execute(statements.FORGET_OLD_WORDS, old)
            database.execute(statements.FORGET_OLD_QUOTES, old)
        replaced = replaced_words(
            database, batch.brand, events, accepted, has_known=len(accepted) > sum(row[2] for row in stored)
        )
        updates = [
            emptied(raw_row(update)) if replaced.covers(update) else raw_row(update)
            for update in raw
            if not refused.covers(update)
        ]
        new_keys = {row[1] for row in stored if row[2]}
        _journal(database, batch, facts.platform, updates, new_keys=new_keys)
        new_ids = [row[0] for row in stored if row[2]]
        if cursor is not None:
            _move_cursor(database, batch, cursor, len(new_ids), lease_until)
        if accepted and batch.how in ledger.HOWS:
            fresh = [(post, batch.arrival_of(post)) for key, post in accepted.items() if key[1] in new_keys]
            counted = ledger.count_batch(batch.how, ledger.arrivals_of(fresh), again)
            database.execute(statements.ADD_TO_LEDGER, batch.params(**counted))
    return IngestReport(
        stored=len(new_ids),
        updated=len(stored) - len(new_ids),
        unchanged=len(accepted) - len(stored),
        deleted=deleted,
        refused=len(posts) - len(accepted),
        notices=len(notices),
        post_ids=tuple(sorted(row[0] for row in stored)),
    )


@dataclass(frozen=True, slots=True)
class _BrandFacts:
    platform: str
    markets: MarketTable
    has_tombstones: bool


def _read_brand_facts(database: Any, batch: _Batch) -> _BrandFacts:
    """Also keeps brand and channel from being removed until the posts are there."""
    database.execute(statements.BRAND_FACTS, [batch.channel, batch.brand])
    found = database.fetchone()
    if found is None:
        raise UnknownChannelError(f"brand {batch.brand} has no channel {batch.channel}")
    platform, market_id, language_markets, markets, has_tombstones = found
    table = MarketTable.of(
        channel_market_id=market_id,
        markets=[(int(market), code, name) for market, code, name in markets],
        # Django's cursors hand JSON over as text.
        language_markets=json.loads(language_markets),
    )
    return _BrandFacts(platform, table, has_tombstones)


@dataclass(frozen=True, slots=True)
class _Refused:
    """What deletions and erasures keep out: posts by key, and raw updates with words of those posts or of erased
    authors. `welcome`: ids of the posts that may come in → their author."""

    posts: frozenset[PostKey] = frozenset()
    authors: frozenset[str] = frozenset()
    welcome: Mapping[str, str] = field(default_factory=dict)

    def leave_out(self, posts: Mapping[PostKey, IncomingPost]) -> Mapping[PostKey, IncomingPost]:
        """The posts that may come in; an answer to one that is gone no longer says to which."""
        if not self.posts:
            return posts
        return {
            key: replace(post, in_reply_to="") if (key[0], bounded_id(post.in_reply_to)) in self.posts else post
            for key, post in posts.items()
            if key not in self.posts
        }

    def covers(self, update: RawUpdate) -> bool:
        if not self.posts and not self.authors:
            return False
        named = _ids_in(update)
        if any(external_id in named for _, external_id in self.posts):
            return True
        author = next((self.welcome[each] for each in named if each in self.welcome), None)
        if author is None:
            return not self.authors.isdisjoint(_authors_in(update))
        # A person who writes again is a new one; what others quote of the old one stays out.
        return bool(update.post_ids) and not self.authors.isdisjoint(set(_authors_in(update)) - {author})


def _ids_in(update: RawUpdate) -> list[str]:
    return [bounded_id(each) for each in (update.external_id, *update.post_ids)]


def _authors_in(update: RawUpdate) -> list[str]:
    return [bounded_author_id(each) for each in update.author_ids]


def _find_refused(
    brand_id: int, platform: str, posts: Mapping[PostKey, IncomingPost], raw: Sequence[RawUpdate]
) -> _Refused:
    """Looks all keys up at once. A person who writes again after an erasure is a new person; who shows nothing any more
    goes on in private, and in public with what comes after."""
    by_post = {tombstones.post_key(brand_id, *key): key for key in posts}
    # The id to act on, too: a deletion may have named the post by that of its last edit.
    other_ids = {key: (key[0], bounded_id(post.platform_id)) for key, post in posts.items() if post.platform_id}
    answered = {(key[0], bounded_id(post.in_reply_to)) for key, post in posts.items() if post.in_reply_to}
    answered |= {(platform, each) for update in raw for each in _ids_in(update)}
    by_post |= {tombstones.post_key(brand_id, *key): key for key in answered.union(other_ids.values())}
    writers = {key: (post.platform, bounded_author_id(post.author.external_id)) for key, post in posts.items()}
    authors = {author for author in writers.values() if author[1]}
    authors |= {(platform, author_id) for update in raw for author_id in _authors_in(update)}
    by_author = {tombstones.author_key(brand_id, *author): author for author in authors}
    by_departure = {tombstones.departure_key(brand_id, *author): author for author in authors}
    gone: set[PostKey] = set()
    erased: dict[tuple[str, str], datetime] = {}
    departed: dict[tuple[str, str], datetime] = {}
    for found, _, recorded_at in _buried([*by_post, *by_author, *by_departure]):
        key_hash = bytes(found)
        if key_hash in by_post:
            gone.add(by_post[key_hash])
        elif key_hash in by_author:
            erased[by_author[key_hash]] = recorded_at
        else:
            departed[by_departure[key_hash]] = recorded_at
    for key, post in posts.items():
        author = writers[key]
        is_shown = post.is_public and not post.is_own
        if (
            other_ids.get(key) in gone
            or _is_from_before(post, erased.get(author))
            or (is_shown and _is_from_before(post, departed.get(author)))
        ):
            gone.add(key)
    welcome = {key[1]: writers[key][1] for key in posts if key not in gone}
    return _Refused(frozenset(gone), frozenset(author_id for _, author_id in (*erased, *departed)), welcome)


def _is_from_before(post: IncomingPost, moment: datetime | None) -> bool:
    return moment is not None and (post.created_at is None or post.created_at <= moment)


def _buried(keys: list[bytes]) -> list[tuple[bytes, str, datetime]]:
    # Bound by the server: as literals of the statement thousands of hashes cost ten times as much.
    with psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statements.TOMBSTONES, [keys]).fetchall()


def _journal(database: Any, batch: _Batch, platform: str, rows: list[RawRow], *, new_keys: set[str]) -> None:
    """An update of a post that is new cannot have come before; the others are looked for."""
    if not rows:
        return
    known: set[bytes] = set()
    if seen := [row.external_id for row in rows if row.external_id not in new_keys]:
        database.execute(statements.KNOWN_UPDATES, [batch.channel, seen])
        known = {bytes(row[0]) for row in database.fetchall()}
    with database.copy(statements.COPY_JOURNAL) as copy:
        copy.set_types(statements.JOURNAL_TYPES)
        for row in rows:
            if row.body_hash not in known:
                known.add(row.body_hash)
                copy.write_row(
                    (
                        batch.brand,
                        batch.channel,
                        platform,
                        row.kind,
                        row.external_id,
                        row.author_ids,
                        row.post_ids,
                        row.body_hash,
                        row.body,
                    )
                )


def _store_posts(
    database: Any, batch: _Batch, posts: Mapping[PostKey, IncomingPost], markets: MarketTable
) -> tuple[list[tuple[int, str, bool, bool, str | None]], ledger.SeenAgain]:
    """(id, external id, is it new, is it an edit, the id to act on before) of the posts that were stored or changed,
    and how the others had come before."""
    if not posts:
        return [], ledger.SeenAgain()
    _prepare_table(database)
    rows = [
        post_row(public_id, key, post, markets, batch.arrival_of(post))
        for public_id, (key, post) in zip(make_public_ids(len(posts)), posts.items(), strict=True)
    ]
    with database.copy(statements.COPY_POSTS) as copy:
        copy.set_types(POST_WIRE)
        for row in rows:
            copy.write_row(row)
    database.execute(statements.UPSERT_AUTHORS, batch.params())
    if any(row[_OPT_OUT] is not None for row in rows):
        database.execute(statements.SET_OPT_OUTS, batch.params())
    database.execute(statements.UPSERT_CONVERSATIONS, batch.params())
    database.execute(statements.UPSERT_POSTS, batch.params())
    stored: list[tuple[int, str, bool, bool, str | None]] = database.fetchall()
    if sum(row[2] for row in stored) < len(posts):
        database.execute(statements.SIGHT_KNOWN_POSTS, batch.params(slow=ledger.SLOW_SECONDS))
        # Those that are new by now have been sighted above, in this way.
        new = sum(row[2] for row in stored)
        same_way, *others = database.fetchone()
        return stored, ledger.SeenAgain(same_way - new, *others)
    return stored, ledger.SeenAgain()


_OPT_OUT = [name for name, _ in POST_COLUMNS].index("author_is_opted_out")


def _prepare_table(database: Any) -> None:
    wire = connection.connection
    if wire not in _prepared:
        database.execute(statements.MAKE_TABLE)
        # A rollback would take the table away again, so it counts only once it is committed.
        transaction.on_commit(lambda: _prepared.add(wire))
    # The caller's transaction may have stored something before.
    database.execute(statements.EMPTY_TABLE)


def _move_cursor(
    database: Any, batch: _Batch, cursor: Mapping[str, Any], new: int, lease_until: datetime | None
) -> None:
    moved = batch.params(cursor=Jsonb(dict(cursor)), new=new, lease=lease_until)
    database.execute(statements.MOVE_CURSOR, moved)
    if database.rowcount == 0:
        raise StaleLeaseError(f"stream {batch.stream} of channel {batch.channel}")
