"""What the page of a case shows: the thread, why it is here, what was proposed, sent and done."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db.models import Prefetch, Q, prefetch_related_objects
from django.http import Http404

from monitor.analysis.selectors import current_readings
from monitor.audit.models import AuditEvent
from monitor.brands.models import Brand, User
from monitor.brands.rights import can
from monitor.cases.models import Case, CasePost
from monitor.cases.selectors import thread_of
from monitor.console.deciding import Deciding, deciding_of
from monitor.console.discretion import IN_PUBLIC, came_in_private, reads_private
from monitor.inbox.models import Author, Post
from monitor.replies.models import Reply, ReplyState
from monitor.replies.selectors import PostEffects, post_effects

HISTORY_LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class ThreadPost:
    """`asked`: it brought the case here; `reply`: the answer that was sent as this post; `deciding`: words to mark;
    `effects`: what may be done to it on its platform, and what was."""

    post: Post
    asked: bool
    reply: Reply | None
    deciding: Deciding
    effects: PostEffects


@dataclass(frozen=True, slots=True)
class Event:
    at: Any
    who: str
    act: str
    params: dict[str, Any]


def find_case(brand: Brand, reference: str) -> Case:
    """The case with everything that its header shows. Raises Http404."""
    cases = Case.objects.select_related("brand", "author", "customer", "assignee", "market", "incident", "merged_into")
    case = cases.select_related("deciding_post__conversation", "deciding_post__channel").filter(
        brand=brand, reference=reference.upper()
    ).first()  # fmt: skip
    if case is None:
        raise Http404
    return case


def shown_thread(case: Case, user: Any) -> list[ThreadPost]:
    """What this author and we wrote, as far as the user may read it, oldest first."""
    may_read = reads_private(user, case.brand)
    posts = [post for post in thread_of(case) if may_read or post.is_public]
    prefetch_related_objects(posts, Prefetch("reply_made", Reply.objects.select_related("approved_by")))
    asked = set(CasePost.objects.filter(case=case).values_list("post_id", flat=True))
    readings = current_readings([post.pk for post in posts if not post.is_own and not post.deleted_at])
    effects = post_effects(posts, partial(can, user, case.brand))
    return [
        ThreadPost(
            post,
            post.pk in asked,
            getattr(post, "reply_made", None),
            deciding_of(readings.get(post.pk)),
            effects[post.pk],
        )
        for post in posts
    ]


def find_entry(case: Case, user: Any, post_id: UUID) -> ThreadPost:
    """The post of the thread that this user sees. Raises Http404."""
    entry = next((entry for entry in shown_thread(case, user) if entry.post.public_id == post_id), None)
    if entry is None:
        raise Http404
    return entry


@dataclass(frozen=True, slots=True)
class ShownReply:
    """`is_told`: the thread above shows its words."""

    reply: Reply
    is_told: bool


def shown_replies(replies: Sequence[Reply], thread: Sequence[ThreadPost], user: Any) -> list[ShownReply]:
    """What is on its way, in doubt, waits for somebody or failed, and that an answer was sent; not what was declined,
    and not the user's own draft, which the editor holds."""
    told = {entry.post.pk for entry in thread}
    return [
        ShownReply(reply, reply.own_post_id in told)
        for reply in replies
        if reply.state != ReplyState.DECLINED
        and not (reply.state == ReplyState.DRAFT and reply.written_by_id == user.pk)
    ]


def replies_of(case: Case) -> list[Reply]:
    people = ("written_by", "approved_by", "target", "channel", "own_post")
    return list(case.replies.select_related(*people).order_by("-created_at")[:50])


def others_of(case: Case, user: Any) -> list[Case]:
    """Earlier cases of the same person, so that nobody asks them twice; none that would tell who wrote in private."""
    sees_all = reads_private(user, case.brand)
    if case.author is None or (came_in_private(case) and not sees_all):
        return []
    authors = Q(author=case.author)
    if case.customer_id:
        authors |= Q(author__in=Author.objects.filter(customer_id=case.customer_id))
    others = Case.objects.filter(authors, brand=case.brand).exclude(pk=case.pk)
    return list((others if sees_all else others.filter(IN_PUBLIC)).order_by("-opened_at")[:5])


def history_of(case: Case, replies: Sequence[Reply], thread: Sequence[ThreadPost] = ()) -> list[Event]:
    """What people and automation did to the case, its replies and its posts, the newest first."""
    subjects = Q(subject_kind="case", subject_id=str(case.pk))
    if replies:
        subjects |= Q(subject_kind="reply", subject_id__in=[str(reply.pk) for reply in replies])
    own_gone = {entry.post.pk for entry in thread if entry.post.is_own and entry.post.deleted_at}
    if touched := [str(each.post.pk) for each in thread if each.effects.was_asked or each.post.pk in own_gone]:
        subjects |= Q(subject_kind="post", subject_id__in=touched, act__startswith="post.")
    rows = list(AuditEvent.objects.filter(subjects, brand_id=case.brand_id).order_by("-recorded_at")[:HISTORY_LIMIT])
    names = {user.pk: str(user) for user in User.objects.filter(pk__in={row.actor_id for row in rows if row.actor_id})}
    return [Event(row.recorded_at, names.get(row.actor_id or 0, row.actor_kind), row.act, row.params) for row in rows]


def team_of(brand: Brand) -> list[User]:
    """Who can be given a case: everybody who may answer."""
    answering = ("agent", "lead", "admin")
    people = User.objects.filter(is_active=True, memberships__brand=brand, memberships__role__in=answering)
    return list(people.order_by("name", "email"))
