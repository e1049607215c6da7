"""Own posts that come back from a platform: the echo of a reply, or an answer given in the platform's own app."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from monitor.cases.services import note_own_post
from monitor.inbox.models import Post
from monitor.platforms.base import Receipt
from monitor.replies.echo import is_in_time, is_same_text
from monitor.replies.gathering import target_id
from monitor.replies.models import Effect, Reply, ReplyState
from monitor.replies.services.outcomes import settle_sent
from monitor.replies.states import try_to_move

#: Replies that an own post may be the outcome of: those in flight or in doubt, and those that we gave up.
_OPEN = (
    ReplyState.SENDING,
    ReplyState.UNCONFIRMED,
    ReplyState.APPROVED,
    ReplyState.FAILED,
    ReplyState.NATIVE_TASK,
)


def match_own_posts(*, post_ids: Sequence[int]) -> int:
    """Links own posts to replies, whichever was first; the others end the waiting of their case. Idempotent.

    Returns how many were linked to a reply. Posts of others among the ids are left alone.
    """
    linked = 0
    posts = Post.objects.filter(pk__in=post_ids, is_own=True, deleted_at=None).select_related("conversation")
    for post in posts.order_by("created_at", "pk"):
        if Reply.objects.filter(own_post=post).exists():
            continue
        reply = _reply_of(post)
        if reply is not None and _link(reply, post):
            linked += 1
        elif reply is None:
            _answered_elsewhere(post)
    return linked


def find_own_post(reply: Reply, since: datetime) -> Post | None:
    """The own post that is this reply's outcome, where it was collected already."""
    target = reply.target
    thread = Q(conversation_id=reply.conversation_id)
    if reply.kind == "private_reply":
        # It opens a thread of its own, in which we spoke first.
        thread = Q(is_public=False, conversation__posts__author_id=target.author_id)
    if reply.kind == "reply":
        thread &= Q(in_reply_to__in=[one for one in (target.external_id, target_id(target)) if one])
    own = Post.objects.filter(thread, is_own=True, brand_id=reply.brand_id, platform=target.platform)
    for post in own.filter(reply_made=None).order_by("-created_at", "-pk").distinct()[:20]:
        if is_in_time(post.created_at, since) and is_same_text(reply.text, post.text):
            return post
    return None


def _reply_of(post: Post) -> Reply | None:
    """By the platform's id where the call answered; else by thread, target, words and time."""
    by_id = Effect.objects.filter(
        brand_id=post.brand_id, channel__platform=post.platform, external_id=post.external_id, reply__isnull=False
    ).select_related("reply")  # fmt: skip
    if (effect := by_id.first()) is not None:
        return effect.reply
    open_replies = (
        Reply.objects.filter(brand_id=post.brand_id, state__in=_OPEN, own_post=None, target__platform=post.platform)
        .filter(Q(conversation_id=post.conversation_id) | Q(kind="private_reply"))
        .select_related("target", "effect")
        .order_by("created_at", "pk")
    )
    for reply in open_replies[:200]:
        if _fits(reply, post):
            return reply
    return None


def _fits(reply: Reply, post: Post) -> bool:
    if not is_same_text(reply.text, post.text):
        return False
    if reply.kind == "reply" and post.in_reply_to not in {reply.target.external_id, reply.target.platform_id} - {""}:
        return False
    effect = getattr(reply, "effect", None)
    started = effect.started_at if effect is not None else reply.approved_at
    if reply.state == ReplyState.APPROVED and (effect is None or effect.tries == 0):
        return False  # nothing of ours can have been said before the first attempt
    return is_in_time(post.created_at, started)


def _link(reply: Reply, post: Post) -> bool:
    effect = getattr(reply, "effect", None)
    if reply.state == ReplyState.SENT:
        return bool(Reply.objects.filter(pk=reply.pk, own_post=None).update(own_post=post))
    if effect is not None:
        return settle_sent(effect.pk, Receipt(post.external_id, created_at=post.created_at), own_post_id=post.pk)
    return _close_task(reply, post)


@transaction.atomic
def _answered_elsewhere(post: Post) -> None:
    """Written in the platform's own app or by another tool: nobody waits any more, and open tasks are done."""
    note_own_post(post_id=post.pk)
    tasks = Reply.objects.filter(state=ReplyState.NATIVE_TASK, conversation_id=post.conversation_id, own_post=None)
    if post.in_reply_to:
        tasks = tasks.filter(Q(target__external_id=post.in_reply_to) | Q(target__platform_id=post.in_reply_to))
    elif post.is_public:
        return
    task = tasks.order_by("created_at").first()
    if task is not None and is_in_time(post.created_at, task.approved_at):
        _close_task(task, post)


@transaction.atomic
def _close_task(reply: Reply, post: Post) -> bool:
    done = try_to_move(
        reply, "reply", ReplyState.SENT, sent_at=post.created_at or post.stored_at, own_post=post, error_code=""
    )  # fmt: skip
    if done:
        note_own_post(post_id=post.pk, case_id=reply.case_id)
    return done
