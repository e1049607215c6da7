"""What the page of a case shows: the thread, why it is here, what was proposed, sent and done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Prefetch, Q
from django.http import Http404

from monitor.audit.models import AuditEvent
from monitor.brands.models import Brand, User
from monitor.cases.models import Case, CasePost
from monitor.console.discretion import IN_PUBLIC, came_in_private, readable_posts, reads_private
from monitor.inbox.models import Author, Post
from monitor.replies.models import Reply

THREAD_LIMIT: Final = 200
HISTORY_LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class ThreadPost:
    """`asked`: it brought the case here; `is_context`: somebody else's words in the same public thread."""

    post: Post
    asked: bool
    is_context: bool
    reply: Reply | None


@dataclass(frozen=True, slots=True)
class Event:
    at: Any
    who: str
    act: str
    params: dict[str, Any]


def find_case(brand: Brand, reference: str) -> Case:
    """The case with everything that its header shows. Raises Http404."""
    cases = Case.objects.select_related("author", "customer", "assignee", "market", "incident", "merged_into")
    case = cases.select_related("deciding_post__conversation", "deciding_post__channel").filter(
        brand=brand, reference=reference.upper()
    ).first()  # fmt: skip
    if case is None:
        raise Http404
    return case


def thread_of(case: Case, user: Any) -> list[ThreadPost]:
    """The newest posts of the case's conversations that the user may read, oldest first, with what we said."""
    posts = (
        readable_posts(Post.objects.filter(conversation__links__case=case), user, case.brand)
        .select_related("author", "conversation")
        .prefetch_related(Prefetch("reply_made", Reply.objects.select_related("approved_by")))
        .order_by("-created_at", "-id")
        .distinct()
    )
    asked = set(CasePost.objects.filter(case=case).values_list("post_id", flat=True))
    newest = [post for post in posts[:THREAD_LIMIT] if post.is_own or post.pk in asked or not _is_noise(post)]
    return [
        ThreadPost(
            post,
            post.pk in asked,
            not post.is_own and post.pk not in asked and post.author_id != case.author_id,
            getattr(post, "reply_made", None),
        )
        for post in reversed(newest)
    ]


def _is_noise(post: Post) -> bool:
    """A stranger's deleted post says nothing to anybody."""
    return post.deleted_at is not None and not post.text and post.author_id is None


def replies_of(case: Case) -> list[Reply]:
    people = ("written_by", "approved_by", "target", "channel")
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


def history_of(case: Case, replies: Sequence[Reply]) -> list[Event]:
    """What people and automation did to the case and its replies, the newest first."""
    subjects = Q(subject_kind="case", subject_id=str(case.pk))
    if replies:
        subjects |= Q(subject_kind="reply", subject_id__in=[str(reply.pk) for reply in replies])
    rows = list(AuditEvent.objects.filter(subjects, brand_id=case.brand_id).order_by("-recorded_at")[:HISTORY_LIMIT])
    names = {user.pk: str(user) for user in User.objects.filter(pk__in={row.actor_id for row in rows if row.actor_id})}
    return [Event(row.recorded_at, names.get(row.actor_id or 0, row.actor_kind), row.act, row.params) for row in rows]


def team_of(brand: Brand) -> list[User]:
    """Who can be given a case: everybody who may answer."""
    answering = ("agent", "lead", "admin")
    people = User.objects.filter(is_active=True, memberships__brand=brand, memberships__role__in=answering)
    return list(people.order_by("name", "email"))
