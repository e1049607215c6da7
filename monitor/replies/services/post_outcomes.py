"""What follows when something was done to a post, or could not be: for the post, our answer, its case, the people."""

from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import Q

from monitor.alerts.services import close_alerts, raise_alert
from monitor.audit import services as audit
from monitor.cases.models import Case
from monitor.cases.selectors import case_of_post
from monitor.cases.services import note_answer_taken_down
from monitor.inbox.models import Post
from monitor.inbox.services import apply_deletions, set_hidden
from monitor.inbox.services.deleting import hold_deletions_off
from monitor.platforms.base import IncomingDeletion
from monitor.replies.models import Effect, Reply, ReplyState
from monitor.replies.privacy import erase_posts
from monitor.replies.states import try_to_move

#: Why a post is gone that we deleted ourselves.
DELETED_BY_US: Final = "deleted_by_us"
#: Nobody has to do anything about what became needless.
NEEDLESS: Final = frozenset({"deleted", "gone", "withdrawn"})
#: What it is called in the log once it is done.
_DONE: Final = {
    "hide": "post.hidden",
    "unhide": "post.shown",
    "like": "post.liked",
    "unlike": "post.unliked",
    "delete": "post.deleted",
}


def lock_post_of(effect_id: int) -> None:
    """In the house's order, before the effect itself: the brand's deletions, then the post. Nothing for a reply's."""
    row = Effect.objects.filter(pk=effect_id, post__isnull=False).values_list("kind", "brand_id", "post_id").first()
    if row is None:
        return
    kind, brand_id, post_id = row
    if kind == "delete":
        with connection.cursor() as cursor:
            hold_deletions_off(cursor, brand_id, deletes=True)
    Post.objects.select_for_update(no_key=True).filter(pk=post_id).first()


def note_done(effect: Effect, moment: datetime) -> None:
    """The platform has done it. For an effect that the caller holds locked, in the caller's transaction."""
    assert effect.post_id is not None
    post = Post.objects.get(pk=effect.post_id)
    if effect.kind in ("hide", "unhide"):
        set_hidden(post_id=post.pk, is_hidden=effect.kind == "hide", at=moment)
    elif effect.kind == "delete":
        _take_down(post, moment)
    _record(effect, _DONE[effect.kind])
    close_alerts(brand_id=effect.brand_id, dedupe_key=_alert_key(effect))


def note_failed(effect: Effect, code: str) -> None:
    """It will not be done. The same conditions."""
    _record(effect, f"post.{effect.kind}_failed", why=code)
    if code in NEEDLESS:
        return
    case = _case_of(effect)
    params = {"what": effect.kind, "why": code, "channel": str(effect.channel)}
    if case is not None:
        params["case"] = case.reference
    raise_alert(
        brand_id=effect.brand_id, code="effect.failed", level="warning", params=params, dedupe_key=_alert_key(effect)
    )  # fmt: skip


def _take_down(post: Post, moment: datetime) -> None:
    """Our answer is gone there, so its words go here; that it was given, and taken down again, stays."""
    reply = Reply.objects.filter(own_post=post).select_related("case").first()
    if post.deleted_at is None:
        gone = IncomingDeletion(post.platform, post.external_id, reason=DELETED_BY_US, deleted_at=moment)
        apply_deletions(brand_id=post.brand_id, deletions=[gone])
    if reply is not None:
        try_to_move(reply, "reply", ReplyState.DELETED)
        erase_posts([post.pk])
        if not is_answered_otherwise(reply.case):
            note_answer_taken_down(case_id=reply.case_id)


def is_answered_otherwise(case: Case) -> bool:
    """An acknowledgement is no answer; nor is the post above a comment. Some platforms tell times in whole seconds: of
    the second of the customer's last words, what answers something counts."""
    own = Post.objects.filter(conversation__links__case=case, is_own=True, deleted_at=None)
    if case.last_inbound_at is not None:
        of_that_second = Q(created_at=case.last_inbound_at) & ~Q(in_reply_to="")
        own = own.filter(Q(created_at__gt=case.last_inbound_at) | of_that_second)
    return own.exclude(reply_made__is_acknowledgement=True).exists()


def _case_of(effect: Effect) -> Case | None:
    reply = Reply.objects.filter(own_post=effect.post_id).select_related("case").first()
    return reply.case if reply is not None else case_of_post(effect.post_id or 0)


def _alert_key(effect: Effect) -> str:
    return f"effect:{effect.post_id}:{effect.kind}"


def _record(effect: Effect, act: str, **params: object) -> None:
    audit.record(
        actor_kind="system",
        act=act,
        brand_id=effect.brand_id,
        subject_kind="post",
        subject_id=effect.post_id or "",
        params={"asked_by": effect.requested_by_id, **params},
    )
