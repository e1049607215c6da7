"""Deletions that a platform tells us of: a tombstone that outlives everything, and a skeleton that keeps counting."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from monitor.inbox import departures, tombstones
from monitor.inbox.models import Author, Post
from monitor.inbox.rows import bounded_id
from monitor.inbox.services.departing import bury_departure, with_their_posts
from monitor.platforms.base import IncomingDeletion

# Ingests of a brand run side by side (shared); a deletion runs alone, so that no post can slip in between its look
# at the posts and its tombstone.
_ALONE = "SELECT pg_advisory_xact_lock(7301, %s)"
_BESIDE_OTHERS = "SELECT pg_advisory_xact_lock_shared(7301, %s)"

_BURY = """
    INSERT INTO inbox_tombstone (key_hash, brand_id, kind, recorded_at)
    SELECT key_hash, %s, %s, now() FROM unnest(%s::bytea[]) AS buried (key_hash)
    ON CONFLICT (key_hash) DO NOTHING
    RETURNING key_hash
"""
# By the id that the post is known by, or that of its last edit.
_FIND = """
    WITH gone AS (
        SELECT * FROM unnest(%(platforms)s::text[], %(ids)s::text[], %(reasons)s::text[], %(moments)s::timestamptz[])
            AS gone (platform, external_id, reason, deleted_at)
    )
    SELECT post.id, gone.reason, gone.deleted_at, post.platform, post.external_id, post.platform_id
    FROM gone JOIN inbox_post AS post ON post.brand_id = %(brand)s AND post.platform = gone.platform
        AND post.external_id = gone.external_id
    UNION
    SELECT post.id, gone.reason, gone.deleted_at, post.platform, post.external_id, post.platform_id
    FROM gone JOIN inbox_post AS post ON post.brand_id = %(brand)s AND post.platform = gone.platform
        AND post.platform_id = gone.external_id AND post.platform_id <> post.external_id AND post.platform_id <> ''
"""
# The skeleton: counts, form, times, market and thread stay; words, ids and author go.
_REDACT = """
    WITH gone AS (
        SELECT * FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS gone (id, reason, deleted_at)
    ),
    redacted AS (
        UPDATE inbox_post AS post SET
            text = '', external_id = '~' || post.id, platform_id = '', url = '', in_reply_to = '',
            attachments = '[]', extra = '{}', place = '', author_id = NULL, stage_error = '', lease_until = NULL,
            deleted_at = coalesce(post.deleted_at, gone.deleted_at, now()), deletion_reason = left(gone.reason, 24),
            stage = 'triaged'
        FROM gone WHERE post.id = gone.id
        RETURNING post.id, post.brand_id
    )
    INSERT INTO inbox_postchange (brand_id, post_id, kind) SELECT brand_id, id, %s FROM redacted
"""
# The journal's lines stay (they prove what came and when) without what came.
_EMPTY_JOURNAL = """
    UPDATE inbox_rawevent SET body = '', body_hash = '', author_ids = '[]', post_ids = '[]', external_id = ''
    WHERE external_id = ANY(%(ids)s)
        AND channel_id IN (SELECT id FROM brands_channel WHERE brand_id = %(brand)s AND platform = ANY(%(platforms)s))
"""
# And those of posts that answer or quote it, which hold its words as well.
_EMPTY_QUOTES = """
    UPDATE inbox_rawevent SET body = '', body_hash = '', author_ids = '[]', post_ids = '[]', external_id = ''
    WHERE post_ids <> '[]' AND post_ids ?| %(ids)s AND brand_id = %(brand)s AND platform = ANY(%(platforms)s)
"""
# So does what could not be read of them: the parser noted whose it was.
_DROP_PUT_ASIDE = """
    DELETE FROM inbox_quarantinedevent
    WHERE brand_id = %(brand)s AND (params ->> 'external_id' = ANY(%(ids)s) OR params -> 'post_ids' ?| %(ids)s)
"""
# What was only named so far is not asked for any more.
_DROP_FETCHES = """
    DELETE FROM inbox_pendingfetch WHERE brand_id = %s AND external_id = ANY(%s)
        AND channel_id IN (SELECT id FROM brands_channel WHERE brand_id = %s AND platform = ANY(%s))
"""
# What answers it is in its thread; it no longer says what it answers.
_UNLINK_ANSWERS = """
    UPDATE inbox_post AS answer SET in_reply_to = ''
    WHERE answer.brand_id = %s AND answer.in_reply_to = ANY(%s)
        AND answer.conversation_id IN (SELECT conversation_id FROM inbox_post WHERE id = ANY(%s))
"""
# A thread's id is often that of its first post.
_FORGET_THREADS = """
    UPDATE inbox_conversation AS conversation SET external_id = '~' || conversation.id
    WHERE conversation.brand_id = %s AND conversation.platform = ANY(%s) AND conversation.external_id = ANY(%s)
        AND NOT EXISTS (
            SELECT 1 FROM inbox_post AS post
            WHERE post.conversation_id = conversation.id AND post.deleted_at IS NULL)
"""
# It is also of no use once nobody says anything in it. A private thread goes on: its people may write again.
_FORGET_EMPTY_THREADS = """
    UPDATE inbox_conversation AS conversation SET external_id = '~' || conversation.id
    WHERE conversation.is_public AND conversation.external_id NOT LIKE '~%%'
        AND conversation.id IN (SELECT conversation_id FROM inbox_post WHERE id = ANY(%s))
        AND NOT EXISTS (
            SELECT 1 FROM inbox_post AS post
            WHERE post.conversation_id = conversation.id AND post.deleted_at IS NULL)
"""


def hold_deletions_off(database: Any, brand_id: int, *, deletes: bool = False) -> None:
    """Until the end of the transaction. With `deletes` the caller is the one that runs alone."""
    database.execute(_ALONE if deletes else _BESIDE_OTHERS, [brand_id % 2_147_483_648])


def apply_deletions(*, brand_id: int, deletions: Sequence[IncomingDeletion]) -> int:
    """Redacts the posts and keeps them from coming back, whether they are here yet or not; returns how many were."""
    with transaction.atomic(), connection.cursor() as database:
        hold_deletions_off(database, brand_id, deletes=True)
        return store_deletions(database, brand_id, deletions)


def store_deletions(database: Any, brand_id: int, deletions: Sequence[IncomingDeletion]) -> int:
    """As `apply_deletions`, inside a transaction that holds the brand alone."""
    deletions = with_their_posts(database, brand_id, deletions)
    if not deletions:
        return 0
    gone = {(deletion.platform, bounded_id(deletion.external_id)): deletion for deletion in deletions}
    database.execute(
        _FIND,
        {
            "platforms": [platform for platform, _ in gone],
            "ids": [external_id for _, external_id in gone],
            "reasons": [deletion.reason for deletion in gone.values()],
            "moments": [deletion.deleted_at for deletion in gone.values()],
            "brand": brand_id,
        },
    )
    found = {row[0]: row for row in database.fetchall()}
    # Under all its names it stays away.
    names = {(row[3], each) for row in found.values() for each in row[4:] if each}
    keys = sorted(names.union(gone))
    bury_posts(database, brand_id, keys)
    if found:
        redact(database, [row[:3] for row in found.values()], kind="deleted")
        database.execute(_UNLINK_ANSWERS, [brand_id, sorted(each for _, each in keys), list(found)])
        database.execute(_FORGET_EMPTY_THREADS, [list(found)])
    forget_traces(database, brand_id, keys)
    return len(found)


def bury_posts(database: Any, brand_id: int, keys: Sequence[tuple[str, str]]) -> None:
    hashes = sorted(tombstones.post_key(brand_id, platform, external_id) for platform, external_id in keys)
    database.execute(_BURY, [brand_id, "post", hashes])
    departures.remember(brand_id, [bytes(row[0]) for row in database.fetchall()])


def bury_author(database: Any, brand_id: int, platform: str, external_id: str) -> None:
    database.execute(_BURY, [brand_id, "author", [tombstones.author_key(brand_id, platform, external_id)]])


def redact(database: Any, posts: Sequence[tuple[int, str, Any]], *, kind: str) -> None:
    """Empties posts given as (id, reason, when); `kind` is what the change log calls it."""
    ids, reasons, moments = zip(*sorted(posts, key=lambda post: post[0]), strict=True)
    database.execute(_REDACT, [list(ids), list(reasons), list(moments), kind])


def forget_traces(database: Any, brand_id: int, keys: Sequence[tuple[str, str]]) -> int:
    """Empties the journal of these posts and unnames the threads that hold nothing else; returns the journal's rows."""
    platforms = sorted({platform for platform, _ in keys})
    external_ids = sorted({external_id for _, external_id in keys})
    named = {"ids": external_ids, "brand": brand_id, "platforms": platforms}
    database.execute(_EMPTY_JOURNAL, named)
    emptied = int(database.rowcount)
    database.execute(_EMPTY_QUOTES, named)
    emptied += int(database.rowcount)
    database.execute(_DROP_PUT_ASIDE, named)
    database.execute(_DROP_FETCHES, [brand_id, external_ids, brand_id, platforms])
    database.execute(_FORGET_THREADS, [brand_id, platforms, external_ids])
    return emptied


def bury_again(*, brand_id: int, keys: Collection[bytes]) -> int:
    """Deletions that are known by their hashes only (of a ledger, after a backup was restored); returns how many posts
    went. One look at every living post of the brand: hashes lead back to nothing."""
    with transaction.atomic(), connection.cursor() as database:
        hold_deletions_off(database, brand_id, deletes=True)
        database.execute(_BURY, [brand_id, "post", sorted(keys)])
        living = Post.objects.filter(brand_id=brand_id, deleted_at=None)
        rows = living.values_list("platform", "external_id", "platform_id").iterator(chunk_size=5_000)
        gone = [
            IncomingDeletion(platform, names[0])
            for platform, *names in rows
            if any(each and tombstones.post_key(brand_id, platform, each) in keys for each in names)
        ]
        return sum(store_deletions(database, brand_id, gone[at : at + 500]) for at in range(0, len(gone), 500))


def bury_authors_again(*, brand_id: int, moments: Mapping[bytes, datetime]) -> int:
    """The same for authors who show nothing any more, by their hashes → up to when; what they wrote later stays."""
    if not moments:
        return 0
    with transaction.atomic(), connection.cursor() as database:
        hold_deletions_off(database, brand_id, deletes=True)
        for key, moment in moments.items():
            bury_departure(database, brand_id, key, moment)
        gone = []
        living = Author.objects.filter(brand_id=brand_id, erased_at=None).values_list("platform", "external_id")
        for platform, external_id in living.iterator(chunk_size=5_000):
            until = moments.get(tombstones.departure_key(brand_id, platform, external_id))
            if until is not None:
                gone.append(
                    IncomingDeletion(platform, "", "protected", until, takes_author=True, author_id=external_id)
                )
        return store_deletions(database, brand_id, gone)
