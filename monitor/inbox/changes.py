"""The change log that trends folds, for the rooms above: one row for each post that now counts differently."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from monitor.inbox.models import PostChange

KINDS = ("stored", "edited", "deleted", "analyzed", "triaged", "corrected", "cased", "erased")


def log_changes(*, post_ids: Sequence[int], kind: str) -> int:
    """Appends one change a post, in the caller's transaction; returns how many."""
    if kind not in KINDS:
        raise ValueError(f"There is no kind of change {kind!r}; known are {', '.join(KINDS)}.")
    if not post_ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO inbox_postchange (brand_id, post_id, kind)
            SELECT brand_id, id, %s FROM inbox_post WHERE id = ANY(%s)
            """,
            [kind, list(post_ids)],
        )
        return cursor.rowcount


def posts_gone_since(moment: datetime) -> QuerySet[PostChange, Any]:
    """Ids, as a subquery, of posts that lost their words since then for whatever reason: deletion, erasure, age."""
    return PostChange.objects.filter(recorded_at__gte=moment, kind__in=("deleted", "erased")).values("post_id")
