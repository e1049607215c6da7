"""Posts, the latest first, and what is done to them on their platform beside answering."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from ninja import Query, Router, Schema, Status

from monitor.analysis.selectors import current_readings
from monitor.analysis.services import CorrectionError
from monitor.api.problems import RefusedError
from monitor.api.rest.shapes import EffectShape, PostPageShape, PostShape, effect_shape, post_shape
from monitor.api.tokens import Caller, caller, needs
from monitor.inbox.models import Post
from monitor.inbox.selectors import posts_of, posts_told
from monitor.replies import services
from monitor.replies.models import Effect
from monitor.replies.selectors import post_effects
from monitor.triage import services as triage
from monitor.triage.selectors import current_decisions, put_aside_decisions

router = Router(tags=["posts"])
LIMIT = 200


class PostQuery(Schema):
    platform: str = ""
    form: str = ""
    told: Literal["", "on_ad", "low_rated", "high_rated"] = ""
    put_aside: Literal["", "spam", "advertising", "any"] = ""
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
    posts = posts_told(posts, query.told)
    if query.put_aside:
        kind = {"spam": {"is_spam": True}, "advertising": {"is_advertising": True}}.get(query.put_aside, {})
        posts = posts.filter(Exists(put_aside_decisions().filter(post=OuterRef("pk"), **kind)))
    if query.since:
        posts = posts.filter(created_at__gte=query.since)
    if query.until:
        posts = posts.filter(created_at__lt=query.until)
    if query.cursor:
        posts = posts.filter(pk__lt=_read_cursor(query.cursor))
    rows = list(posts[: limit + 1])
    shown = rows[:limit]
    return {
        "posts": _shapes(who, shown),
        "next": str(shown[-1].pk) if len(rows) > limit else None,
    }


@router.get("/{post_id}", response=PostShape, summary="One post")
@needs("view")
def get_post(request: HttpRequest, post_id: UUID) -> dict[str, Any]:
    who = caller(request)
    return _shapes(who, [_visible(who).get(public_id=post_id)])[0]


class VerdictShape(Schema):
    """What the post is for."""

    intent: Literal["complaint", "question", "chatter"]


@router.post("/{post_id}/not-spam", response=PostShape, summary="It is no spam and no mere advertisement")
@needs("answer")
def mark_not_spam(request: HttpRequest, post_id: UUID, verdict: VerdictShape) -> dict[str, Any]:
    who = caller(request)
    post = _find(who, post_id)
    try:
        triage.mark_not_spam(user=who.user, post=post, intent=verdict.intent)
    except (triage.NotSpamError, CorrectionError):
        raise RefusedError("not_put_aside", "This post is not, or no longer, put aside.") from None
    post.refresh_from_db(fields=["stage"])
    return _shapes(who, [post])[0]


class EffectsShape(Schema):
    """`kinds`: what may be asked for now."""

    kinds: list[str]
    effects: list[EffectShape]


class WishShape(Schema):
    kind: Literal["hide", "unhide", "like", "unlike", "delete"]


@router.get("/{post_id}/effects", response=EffectsShape, summary="What may be done to a post, and what was asked")
@needs("answer")
def list_effects(request: HttpRequest, post_id: UUID) -> dict[str, Any]:
    who = caller(request)
    post = _find(who, post_id)
    asked = Effect.objects.filter(post=post).select_related("requested_by").order_by("pk")
    return {
        "kinds": list(post_effects([post], who.may)[post.pk].kinds),
        "effects": [effect_shape(effect, post) for effect in asked],
    }


@router.post("/{post_id}/effects", response={202: EffectShape}, summary="Hide, show again, like or delete it there")
@needs("answer")
def ask_for_effect(request: HttpRequest, post_id: UUID, wish: WishShape) -> Status[dict[str, Any]]:
    who = caller(request)
    post = _find(who, post_id)
    # A token may have a lower role than the person for whom it stands.
    if not who.may(right := services.right_to_ask(post, wish.kind)):
        raise PermissionDenied(right)
    try:
        effect = services.request_effect(kind=wish.kind, user=who.user, post=post)
    except services.EffectRefusedError as refusal:
        raise RefusedError(refusal.verdict.code, "This cannot be done to the post.") from None
    return Status(202, effect_shape(effect, post))


def _shapes(who: Caller, posts: Sequence[Post]) -> list[dict[str, Any]]:
    ids = [post.pk for post in posts]
    readings, decisions, may_read = current_readings(ids), current_decisions(ids), who.may("answer")
    return [
        post_shape(post, readings.get(post.pk), may_read_private=may_read, decision=decisions.get(post.pk))
        for post in posts
    ]


def _find(who: Caller, post_id: UUID) -> Post:
    """Raises Post.DoesNotExist."""
    found: Post = _visible(who).select_related("author", "conversation", "brand").get(public_id=post_id)
    return found


def _visible(who: Caller) -> Any:
    """What the token's role may see, which can be less than what its maker may."""
    posts = posts_of(who.user, who.brand)
    return posts if who.may("answer") else posts.filter(is_public=True)


def _read_cursor(cursor: str) -> int:
    if not cursor.isdecimal() or len(cursor) > 18:
        raise RefusedError("cursor", "This is no cursor of this list.", status=400)
    return int(cursor)
