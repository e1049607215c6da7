"""Posts, the latest first."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema

from monitor.analysis.selectors import current_readings
from monitor.api.problems import RefusedError
from monitor.api.rest.shapes import PostPageShape, PostShape, post_shape
from monitor.api.tokens import Caller, caller, needs
from monitor.inbox.selectors import posts_of

router = Router(tags=["posts"])
LIMIT = 200


class PostQuery(Schema):
    platform: str = ""
    form: str = ""
    since: datetime | None = None
    until: datetime | None = None
    with_own: bool = False
    cursor: str = ""
    limit: int = 50


@router.get("", response=PostPageShape, summary="Posts, the latest stored first")
@needs("view")
def list_posts(request: HttpRequest, query: Query[PostQuery]) -> dict[str, Any]:
    who, limit = caller(request), max(1, min(query.limit, LIMIT))
    posts = _visible(who)
    exact = {name: getattr(query, name) for name in ("platform", "form") if getattr(query, name)}
    posts = posts.filter(**exact) if query.with_own else posts.filter(is_own=False, **exact)
    if query.since:
        posts = posts.filter(created_at__gte=query.since)
    if query.until:
        posts = posts.filter(created_at__lt=query.until)
    if query.cursor:
        posts = posts.filter(pk__lt=_read_cursor(query.cursor))
    rows = list(posts[: limit + 1])
    readings = current_readings([post.pk for post in rows])
    shown = rows[:limit]
    return {
        "posts": [post_shape(post, readings.get(post.pk), may_read_private=who.may("answer")) for post in shown],
        "next": str(shown[-1].pk) if len(rows) > limit else None,
    }


@router.get("/{post_id}", response=PostShape, summary="One post")
@needs("view")
def get_post(request: HttpRequest, post_id: UUID) -> dict[str, Any]:
    who = caller(request)
    post = _visible(who).get(public_id=post_id)
    return post_shape(post, current_readings([post.pk]).get(post.pk), may_read_private=who.may("answer"))


def _visible(who: Caller) -> Any:
    """What the token's role may see, which can be less than what its maker may."""
    posts = posts_of(who.user, who.brand)
    return posts if who.may("answer") else posts.filter(is_public=True)


def _read_cursor(cursor: str) -> int:
    if not cursor.isdecimal() or len(cursor) > 18:
        raise RefusedError("cursor", "This is no cursor of this list.", status=400)
    return int(cursor)
