"""Posts that others no longer see: hidden from here, or by somebody in the platform's own app, which tells us so."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from monitor.inbox.models import Post
from monitor.inbox.rows import bounded_id
from monitor.platforms.base import IncomingNotice
from monitor.platforms.times import parse_time

#: Notices that name a post by `id` and say how it is, since `at` where the platform tells.
NOTICES: Final = {"post_hidden": True, "post_unhidden": False}

# In the order of the rows' ids: batches that name the same posts wait for each other.
_SET = """
    UPDATE inbox_post AS post SET is_hidden = told.is_hidden, hidden_changed_at = coalesce(told.at, now())
    FROM (
        SELECT known.id, told.is_hidden, told.at
        FROM unnest(%s::text[], %s::bool[], %s::timestamptz[]) AS told (external_id, is_hidden, at)
        JOIN inbox_post AS known ON known.brand_id = %s AND known.platform = %s
            AND known.external_id = told.external_id
        WHERE known.deleted_at IS NULL AND told.is_hidden <> coalesce(known.is_hidden, false)
            AND coalesce(told.at >= date_trunc('second', known.hidden_changed_at), true)
        ORDER BY known.id FOR NO KEY UPDATE OF known
    ) AS told
    WHERE post.id = told.id
"""


def store_hidings(database: Any, brand_id: int, platform: str, notices: Iterable[IncomingNotice]) -> int:
    """What the platform's notices say of posts that are here, the last word of each; returns how many changed.

    One that comes before its post is not missed for long: polls tell the same. One that is delivered again later says
    nothing new.
    """
    told: dict[str, tuple[bool, datetime | None]] = {}
    for notice in notices:
        if notice.code in NOTICES and notice.params.get("id"):
            key, at = bounded_id(str(notice.params["id"])), parse_time(notice.params.get("at"))
            known_at = told[key][1] if key in told else None
            if at is None or known_at is None or at >= known_at:
                told[key] = NOTICES[notice.code], at
    if not told:
        return 0
    hidden, moments = zip(*told.values(), strict=True)
    database.execute(_SET, [list(told), list(hidden), list(moments), brand_id, platform])
    return int(database.rowcount)


def set_hidden(*, post_id: int, is_hidden: bool, at: datetime) -> None:
    """The platform has carried it out for us. Takes part in the caller's transaction; a skeleton stays as it is."""
    Post.objects.filter(pk=post_id, deleted_at=None).update(is_hidden=is_hidden, hidden_changed_at=at)
