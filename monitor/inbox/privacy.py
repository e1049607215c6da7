"""What the platforms told us of people, and how it goes: skeletons of posts stay and count, words and names do not."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from monitor.erasure import Person
from monitor.inbox.services.deleting import bury_author, bury_posts, forget_traces, redact

COLUMNS = {
    "Author.external_id": "erased",
    "Author.handle": "erased",
    "Author.name": "erased",
    "Author.platform": "kept: a code",
    "ChannelGap.code": "kept: a code",
    "ChannelHour.stream": "kept: a code",
    "Conversation.external_id": "erased: private threads and threads of one author only",
    "Conversation.platform": "kept: a code",
    "Customer.name": "erased",
    "PendingFetch.code": "kept: a code",
    "PendingFetch.external_id": "erased: as soon as it was asked for, given up or deleted",
    "PendingFetch.last_error": "kept: a code",
    "PendingFetch.params": "erased: with the row",
    "Post.arrival": "kept: one of Arrival",
    "Post.attachments": "erased",
    "Post.deletion_reason": "kept: a code",
    "Post.external_id": "erased",
    "Post.extra": "erased",
    "Post.form": "kept: one of FORMS",
    "Post.in_reply_to": "erased",
    "Post.language_hint": "kept: a language",
    "Post.market_source": "kept: a code",
    "Post.own_by": "kept: a code",
    "Post.place": "erased",
    "Post.platform": "kept: a code",
    "Post.platform_id": "erased",
    "Post.stage": "kept: one of Stage",
    "Post.stage_error": "kept: a code",
    "Post.text": "erased",
    "Post.url": "erased",
    "PostChange.kind": "kept: a code",
    "QuarantinedEvent.body": "erased",
    "QuarantinedEvent.params": "erased",
    "QuarantinedEvent.reason_code": "kept: a code",
    "QuarantinedEvent.source": "kept: a stream, or a file's name and line",
    "RawEvent.author_ids": "erased",
    "RawEvent.body": "erased",
    "RawEvent.body_hash": "erased",
    "RawEvent.external_id": "erased",
    "RawEvent.kind": "kept: a code",
    "RawEvent.platform": "kept: a code",
    "RawEvent.post_ids": "erased",
    "Recheck.counting": "kept: counts",
    "Recheck.last_error": "kept: a code",
    "Recheck.scope": "kept: a code",
    "Rereading.cursor": "kept: places in the platform's lists, forgotten with the end of the reading",
    "Rereading.error": "kept: a code",
    "Rereading.source": "kept: platform or journal",
    "Rereading.state": "kept: one of RereadingState",
    "Rereading.stream": "kept: a code",
    "Sighting.how": "kept: a code",
    "Sighting.stream": "kept: a code",
    "Tombstone.key_hash": "kept: salted hash that keeps what was erased out",
    "Tombstone.kind": "kept: a code",
}

_IDS = """
    SELECT id, external_id, platform_id, platform, brand_id FROM inbox_post
    WHERE id = ANY(%s) AND brand_id = %s AND deletion_reason <> 'erased' FOR NO KEY UPDATE
"""
_EMPTY_JOURNAL = """
    UPDATE inbox_rawevent SET body = '', body_hash = '', author_ids = '[]', post_ids = '[]', external_id = ''
    WHERE brand_id = %s AND platform = %s AND author_ids @> to_jsonb(%s::text)
"""
# Rows that nobody could read are searched for the person's id and names: better one too many than one too few.
_DROP_QUARANTINED = """
    DELETE FROM inbox_quarantinedevent
    WHERE brand_id = %s AND (
        params -> 'author_ids' @> to_jsonb(%s::text) OR params ->> 'external_id' = ANY(%s)
        OR EXISTS (SELECT 1 FROM unnest(%s::bytea[]) AS name (word) WHERE position(name.word IN body) > 0))
"""
_SHORTEST_NAME_BYTES = 4
_UNLINK_ANSWERS = "UPDATE inbox_post SET in_reply_to = '' WHERE brand_id = %s AND in_reply_to = ANY(%s)"
_UNNAME_THREADS = """
    UPDATE inbox_conversation SET external_id = '~' || id
    WHERE brand_id = %s AND id = ANY(%s) AND external_id NOT LIKE '~%%'
"""
_UNNAME_AUTHOR = """
    UPDATE inbox_author SET external_id = '~' || id, handle = '', name = '', followers = NULL, is_verified = false,
        joined_at = NULL, customer_id = NULL, erased_at = now()
    WHERE brand_id = %s AND platform = %s AND external_id = %s AND erased_at IS NULL
    RETURNING id
"""
_UNNAME_CUSTOMERS = """
    UPDATE inbox_customer AS customer SET name = ''
    WHERE customer.id = ANY(%s) AND NOT EXISTS (SELECT 1 FROM inbox_author WHERE customer_id = customer.id)
"""
_RETIRE = """
    SELECT id, 'retention', now() FROM inbox_post
    WHERE stored_at < %s AND deleted_at IS NULL ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
"""
_RETIRE_AUTHORS = """
    UPDATE inbox_author AS author SET external_id = '~' || author.id, handle = '', name = '', followers = NULL,
        is_verified = false, joined_at = NULL, customer_id = NULL, erased_at = now()
    WHERE author.erased_at IS NULL AND author.first_seen_at < %s
        AND NOT EXISTS (SELECT 1 FROM inbox_post WHERE author_id = author.id)
"""
# A thread without a living post is named by nobody any more; a customer, who has no profile left.
_RETIRE_THREADS = """
    UPDATE inbox_conversation AS conversation SET external_id = '~' || conversation.id
    WHERE conversation.external_id NOT LIKE '~%%'
        AND conversation.id IN (SELECT conversation_id FROM inbox_post WHERE id = ANY(%s))
        AND NOT EXISTS (
            SELECT 1 FROM inbox_post AS post
            WHERE post.conversation_id = conversation.id AND post.deleted_at IS NULL)
"""
_RETIRE_CUSTOMERS = """
    UPDATE inbox_customer AS customer SET name = ''
    WHERE customer.name <> '' AND customer.created_at < %s
        AND NOT EXISTS (SELECT 1 FROM inbox_author WHERE customer_id = customer.id)
"""
_RETIRE_AT_ONCE = 5000
#: Hours of the ledger, and readings that are over: three times as long as the baseline of a channel looks back.
_LEDGER_KEPT = timedelta(weeks=26)


def erase_author(person: Person) -> dict[str, int]:
    """Takes part in the caller's transaction, which holds each brand alone (`hold_deletions_off`)."""
    counts: dict[str, int] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        for brand_id in person.brand_ids:
            for what, rows in _erase_in(cursor, brand_id, person).items():
                counts[what] = counts.get(what, 0) + rows
    return counts


def _erase_in(cursor: Any, brand_id: int, person: Person) -> dict[str, int]:
    bury_author(cursor, brand_id, person.platform, person.external_id)
    cursor.execute(_IDS, [list(person.post_ids), brand_id])
    posts = cursor.fetchall()
    keys = {(platform, each) for _, first, second, platform, _ in posts for each in (first, second) if _is_theirs(each)}
    external_ids = sorted(external_id for _, external_id in keys)
    journal = 0
    if posts:
        bury_posts(cursor, brand_id, sorted(keys))
        redact(cursor, [(post[0], "erased", None) for post in posts], kind="erased")
        journal = forget_traces(cursor, brand_id, sorted(keys))
    cursor.execute(_EMPTY_JOURNAL, [brand_id, person.platform, person.external_id])
    journal += cursor.rowcount
    names = [name.encode() for name in (person.external_id, *person.names)]
    long_names = [name for name in names if len(name) >= _SHORTEST_NAME_BYTES]
    cursor.execute(_DROP_QUARANTINED, [brand_id, person.external_id, external_ids, long_names])
    quarantined = cursor.rowcount
    cursor.execute(_UNLINK_ANSWERS, [brand_id, external_ids])
    cursor.execute(_UNNAME_THREADS, [brand_id, list(person.conversation_ids)])
    threads = cursor.rowcount
    authors, customers = _unname(cursor, brand_id, person)
    return {
        "posts": len(posts),
        "journal": journal,
        "quarantined events": quarantined,
        "threads": threads,
        "authors": authors,
        "customers": customers,
    }


def _is_theirs(external_id: str) -> bool:
    """A skeleton's id is ours."""
    return bool(external_id) and not external_id.startswith("~")


def _unname(cursor: Any, brand_id: int, person: Person) -> tuple[int, int]:
    cursor.execute(
        "SELECT DISTINCT customer_id FROM inbox_author WHERE brand_id = %s AND platform = %s AND external_id = %s"
        " AND customer_id IS NOT NULL",
        [brand_id, person.platform, person.external_id],
    )
    customer_ids = [row[0] for row in cursor.fetchall()]
    cursor.execute(_UNNAME_AUTHOR, [brand_id, person.platform, person.external_id])
    authors = cursor.rowcount
    if not customer_ids:
        return authors, 0
    # Somebody who is known by another platform's profile too stays a customer.
    cursor.execute(_UNNAME_CUSTOMERS, [customer_ids])
    return authors, cursor.rowcount


def sweep_retention(now: datetime) -> dict[str, int]:
    """The journal goes after weeks, words and names after years; skeletons, sightings' and changes' counts stay.

    The change log tells the rooms above which posts lost their words (`changes.posts_gone_since`).
    """
    old = now - timedelta(days=settings.RETENTION_DAYS)
    journal_days = min(settings.JOURNAL_RETENTION_DAYS, settings.RETENTION_DAYS)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM inbox_rawevent WHERE recorded_at < %s", [now - timedelta(days=journal_days)])
        journal = cursor.rowcount
        cursor.execute("DELETE FROM inbox_quarantinedevent WHERE recorded_at < %s", [old])
        quarantined = cursor.rowcount
        # Of a channel that nobody has connected again: by now the platform would not show it either.
        cursor.execute("DELETE FROM inbox_pendingfetch WHERE noted_at < %s", [now - timedelta(days=journal_days)])
        cursor.execute("DELETE FROM inbox_sighting WHERE recorded_at < %s", [old])
        sightings = cursor.rowcount
        cursor.execute("DELETE FROM inbox_channelhour WHERE hour < %s", [now - _LEDGER_KEPT])
        cursor.execute("DELETE FROM inbox_rereading WHERE ended_at < %s", [now - _LEDGER_KEPT])
        cursor.execute(_RETIRE, [old, _RETIRE_AT_ONCE])
        posts = cursor.fetchall()
        if posts:
            redact(cursor, posts, kind="erased")
            cursor.execute(_RETIRE_THREADS, [[post[0] for post in posts]])
        cursor.execute(_RETIRE_AUTHORS, [old])
        authors = cursor.rowcount
        cursor.execute(_RETIRE_CUSTOMERS, [old])
        customers = cursor.rowcount
    return {
        "journal": journal,
        "quarantined events": quarantined,
        "sightings": sightings,
        "posts": len(posts),
        "authors": authors,
        "customers": customers,
    }
