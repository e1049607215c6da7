"""Authors who stop showing us what they wrote for everybody: private, suspended or withheld profiles.

What they told us in private stays: a closed profile takes nothing back of a conversation.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from monitor.inbox import departures, tombstones
from monitor.inbox.rows import bounded_author_id, bounded_id
from monitor.platforms.base import IncomingDeletion

# Known by their own id, or by a post of theirs under any of its ids.
_AUTHORS = """
    WITH gone AS (
        SELECT * FROM unnest(%(platforms)s::text[], %(ids)s::text[], %(authors)s::text[])
            WITH ORDINALITY AS gone (platform, external_id, author_id, place)
    )
    SELECT gone.place, author.id, author.external_id
    FROM gone JOIN inbox_author AS author ON author.brand_id = %(brand)s AND author.platform = gone.platform
        AND author.external_id = gone.author_id AND gone.author_id <> ''
    UNION
    SELECT gone.place, author.id, author.external_id
    FROM gone JOIN inbox_post AS post ON post.brand_id = %(brand)s AND post.platform = gone.platform
        AND post.external_id = gone.external_id AND NOT post.is_own
    JOIN inbox_author AS author ON author.id = post.author_id AND author.erased_at IS NULL
    UNION
    SELECT gone.place, author.id, author.external_id
    FROM gone JOIN inbox_post AS post ON post.brand_id = %(brand)s AND post.platform = gone.platform
        AND post.platform_id = gone.external_id AND post.platform_id <> post.external_id AND post.platform_id <> ''
        AND NOT post.is_own
    JOIN inbox_author AS author ON author.id = post.author_id AND author.erased_at IS NULL
"""
_THEIR_POSTS = """
    SELECT external_id FROM inbox_post
    WHERE author_id = %s AND is_public AND NOT is_own AND deleted_at IS NULL
        AND (created_at IS NULL OR created_at <= coalesce(%s::timestamptz, clock_timestamp()))
"""
# The hour counts: what is older stays out for good, what they write after it is theirs to show.
_BURY = """
    INSERT INTO inbox_tombstone AS old (key_hash, brand_id, kind, recorded_at)
    VALUES (%s, %s, 'departure', coalesce(%s::timestamptz, clock_timestamp()))
    ON CONFLICT (key_hash) DO UPDATE SET recorded_at = EXCLUDED.recorded_at
        WHERE old.recorded_at < EXCLUDED.recorded_at
    RETURNING recorded_at
"""
_DROP_PUT_ASIDE = """
    DELETE FROM inbox_quarantinedevent
    WHERE brand_id = %s AND params -> 'author_ids' @> to_jsonb(%s::text)
        AND coalesce(params ->> 'kind', '') NOT LIKE 'direct_message%%'
"""


def with_their_posts(database: Any, brand_id: int, deletions: Sequence[IncomingDeletion]) -> Sequence[IncomingDeletion]:
    """The deletions that these come to, post by post. Keeps the authors' older posts out from now on.

    Inside a transaction that holds the brand alone (`deleting.hold_deletions_off`).
    """
    taking = [deletion for deletion in deletions if deletion.takes_author]
    named = [deletion for deletion in deletions if deletion.external_id]
    if not taking:
        return named
    database.execute(
        _AUTHORS,
        {
            "platforms": [deletion.platform for deletion in taking],
            "ids": [bounded_id(deletion.external_id) for deletion in taking],
            "authors": [bounded_author_id(deletion.author_id) for deletion in taking],
            "brand": brand_id,
        },
    )
    known: dict[tuple[int, str], int | None] = {(place, their_id): row for place, row, their_id in database.fetchall()}
    for place, deletion in enumerate(taking, start=1):
        if deletion.author_id:
            known.setdefault((place, bounded_author_id(deletion.author_id)), None)
    for (place, their_id), row in sorted(known.items(), key=lambda each: each[0]):
        named += _departed(database, brand_id, taking[place - 1], their_id, row)
    return named


def bury_departure(database: Any, brand_id: int, key: bytes, moment: datetime | None) -> None:
    """Known to the database and to the log outside of it; nothing where it is known already."""
    database.execute(_BURY, [key, brand_id, moment])
    for (until,) in database.fetchall():
        departures.remember(brand_id, [key], until=until)


def _departed(
    database: Any, brand_id: int, told: IncomingDeletion, their_id: str, row: int | None
) -> list[IncomingDeletion]:
    key = tombstones.departure_key(brand_id, told.platform, their_id)
    bury_departure(database, brand_id, key, told.deleted_at)
    database.execute(_DROP_PUT_ASIDE, [brand_id, their_id])
    if row is None:
        return []
    database.execute(_THEIR_POSTS, [row, told.deleted_at])
    return [
        IncomingDeletion(told.platform, external_id, told.reason, told.deleted_at)
        for (external_id,) in database.fetchall()
    ]
