"""How posts move through the pipeline: claimed with a lease, advanced, released, or put into quarantine.

All clocks are the database's. Tries are counted when a post is claimed, so a worker that is killed counts too.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from django.db import connection, transaction

from monitor.alerts.models import AlertLevel
from monitor.alerts.services import raise_alert
from monitor.inbox.line import in_line
from monitor.inbox.models import Stage

MAX_TRIES = 3
RETRY_SECONDS = 5

_CANDIDATES = """
    SELECT id, stage_tries FROM inbox_post
    WHERE stage = %s AND (lease_until IS NULL OR lease_until < clock_timestamp())
      AND (%s::bigint[] IS NULL OR id = ANY(%s::bigint[]))
    ORDER BY arrival DESC, id
    LIMIT %s FOR UPDATE SKIP LOCKED
"""
_LEASE = """
    UPDATE inbox_post
    SET stage_tries = stage_tries + 1, lease_until = clock_timestamp() + make_interval(secs => %s)
    WHERE id = ANY(%s)
"""
_QUARANTINE = """
    UPDATE inbox_post
    SET stage = 'quarantined', lease_until = NULL, stage_error = CASE WHEN %s = '' THEN
        CASE WHEN stage_error = '' THEN 'pipeline.gave_up' ELSE stage_error END ELSE %s END
    WHERE id = ANY(%s) AND stage <> 'quarantined'
    RETURNING brand_id
"""
_QUARANTINED = "SELECT count(*) FROM inbox_post WHERE brand_id = %s AND stage = 'quarantined'"
_ADVANCE = """
    WITH wanted AS (SELECT * FROM unnest(%s::bigint[], %s::int[]) AS wanted (id, version)),
    advanced AS (
        UPDATE inbox_post AS post
        SET stage = %s, stage_tries = 0, stage_error = '', lease_until = NULL
        FROM wanted
        WHERE post.id = wanted.id AND post.stage = %s AND post.version = coalesce(wanted.version, post.version)
        RETURNING post.id, post.brand_id
    ),
    logged AS (INSERT INTO inbox_postchange (brand_id, post_id, kind) SELECT brand_id, id, %s FROM advanced)
    SELECT id FROM advanced ORDER BY id
"""
_RELEASE = """
    UPDATE inbox_post
    SET stage_error = left(%s, 120), stage_tries = greatest(0, stage_tries - %s),
        lease_until = clock_timestamp() + make_interval(secs => %s * power(2, stage_tries))
    WHERE id = ANY(%s) AND stage IN ('received', 'analyzed')
"""
_COUNTS = """
    SELECT stage, count(*), coalesce(extract(epoch FROM clock_timestamp() - min(stored_at)), 0)::float8
    FROM inbox_post WHERE stage IN ('received', 'analyzed') GROUP BY stage
"""


def claim_posts(
    *, stage: str, limit: int, lease_seconds: float = 60, post_ids: Sequence[int] | None = None
) -> list[int]:
    """Takes up to `limit` posts that wait in `stage`, live ones first; nobody else gets them until the lease ends.
    With `post_ids` only those are taken.

    A post that was tried before may be what killed its worker, so it is never tried again amid a full batch: second
    tries go ten at a time and third tries alone. After the third a post is quarantined, and its neighbours are not.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        wanted = None if post_ids is None else list(post_ids)
        # Named posts are few, and found by their ids.
        with in_line(cursor) if wanted is None else nullcontext():
            cursor.execute(_CANDIDATES, [stage, wanted, wanted, limit])
            candidates: list[tuple[int, int]] = cursor.fetchall()
        given_up = [post_id for post_id, tries in candidates if tries >= MAX_TRIES]
        if given_up:
            _set_quarantined(cursor, given_up, "")
        chosen = _choose([pair for pair in candidates if pair[1] < MAX_TRIES], limit)
        if chosen:
            cursor.execute(_LEASE, [lease_seconds, chosen])
    return sorted(chosen)


def _choose(candidates: list[tuple[int, int]], limit: int) -> list[int]:
    tried_twice = [post_id for post_id, tries in candidates if tries == MAX_TRIES - 1]
    if tried_twice:
        return tried_twice[:1]
    tried_once = [post_id for post_id, tries in candidates if tries == 1]
    if tried_once:
        return tried_once[: max(1, limit // 10)]
    return [post_id for post_id, _ in candidates]


def advance_posts(
    *, post_ids: Sequence[int], from_stage: str, to_stage: str, versions: Mapping[int, int] | None = None
) -> list[int]:
    """Moves posts on and appends the change (`analyzed`, `triaged`); returns the ids that really moved.

    With `versions` (post id → version that was worked on) a post that was edited meanwhile stays: its new text waits.
    """
    if not post_ids:
        return []
    ids = sorted(post_ids)
    wanted = [versions.get(post_id) if versions else None for post_id in ids]
    with connection.cursor() as cursor:
        cursor.execute(_ADVANCE, [ids, wanted, to_stage, from_stage, to_stage])
        return [row[0] for row in cursor.fetchall()]


def release_posts(*, post_ids: Sequence[int], error_code: str, counts_as_try: bool = True) -> None:
    """Gives posts back after a failure; they wait 10, then 20 seconds. A fault of ours (a server that is down) should
    not count as a try of theirs."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, [error_code, 0 if counts_as_try else 1, RETRY_SECONDS, sorted(post_ids)])


def quarantine_posts(*, post_ids: Sequence[int], error_code: str) -> int:
    """Puts posts aside for a person, with the reason; returns how many were not there yet."""
    with connection.cursor() as cursor:
        return _set_quarantined(cursor, post_ids, error_code)


def retry_quarantined(*, brand_id: int, post_ids: Sequence[int] | None = None) -> int:
    """Sends quarantined posts through the pipeline again, from the start; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE inbox_post SET stage = 'received', stage_tries = 0, stage_error = '', lease_until = NULL
            WHERE brand_id = %s AND stage = 'quarantined' AND deleted_at IS NULL
              AND (%s::bigint[] IS NULL OR id = ANY(%s::bigint[]))
            """,
            [brand_id, None if post_ids is None else list(post_ids), None if post_ids is None else list(post_ids)],
        )
        return cursor.rowcount


def pending_counts() -> dict[str, tuple[int, float]]:
    """Stage → (posts that wait, age of the oldest in seconds), for metrics and the health page."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS)
        found = {stage: (count, age) for stage, count, age in cursor.fetchall()}
    return {stage: found.get(stage, (0, 0.0)) for stage in (Stage.RECEIVED.value, Stage.ANALYZED.value)}


def _set_quarantined(cursor: Any, post_ids: Sequence[int], error_code: str) -> int:
    """Puts aside and tells the brand's people, in one transaction; returns how many are new."""
    with transaction.atomic():
        cursor.execute(_QUARANTINE, [error_code, error_code[:120], sorted(post_ids)])
        brand_ids = [row[0] for row in cursor.fetchall()]
        for brand_id in sorted(set(brand_ids)):
            cursor.execute(_QUARANTINED, [brand_id])
            raise_alert(
                brand_id=brand_id,
                code="pipeline.quarantine",
                level=AlertLevel.WARNING,
                params={"count": cursor.fetchone()[0]},
            )
    return len(brand_ids)
