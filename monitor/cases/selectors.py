"""Reads of this room: what triage must know of cases, the queue page by page, one case with all that hangs on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from monitor.analysis.selectors import Reading, current_readings
from monitor.brands.models import Brand, User
from monitor.brands.rights import can
from monitor.cases.models import Case, CaseConversation, CasePost, CaseState, Escalation, HandOff, Note
from monitor.cases.placing import JOIN_HOURS
from monitor.cases.reference import read_reference
from monitor.cases.states import REOPEN_DAYS
from monitor.inbox.models import Post
from monitor.triage.facts import CaseFacts

PAGE_SIZE: Final = 50

#: For each post the case that it would join: by open link first, else the author's active one close in time.
_CASE_FACTS: Final = """
    SELECT post.id, found.state,
           (SELECT count(*) FROM cases_casepost asked JOIN inbox_post other ON other.id = asked.post_id
            WHERE asked.case_id = found.id AND asked.post_id <> post.id AND found.waiting_since IS NOT NULL
              AND coalesce(other.created_at, other.stored_at) >= found.waiting_since),
           extract(epoch FROM coalesce(post.created_at, post.stored_at) - found.waiting_since)::float8 / 3600
    FROM inbox_post post
    LEFT JOIN LATERAL (
        SELECT one.id, one.state, one.waiting_since FROM cases_case one
        LEFT JOIN cases_caseconversation link
            ON link.case_id = one.id AND link.is_open AND link.conversation_id = post.conversation_id
            AND (link.author_id = post.author_id OR link.author_id IS NULL)
        WHERE one.id IN (
            SELECT here.case_id FROM cases_caseconversation here
            WHERE here.conversation_id = post.conversation_id AND here.is_open
              AND (here.author_id = post.author_id OR here.author_id IS NULL)
            UNION ALL
            SELECT theirs.id FROM cases_case theirs
            WHERE theirs.author_id = post.author_id AND theirs.platform = post.platform
              AND theirs.state IN ('new', 'open', 'waiting')
              AND abs(extract(epoch FROM theirs.last_inbound_at - post.created_at)) <= %(join_seconds)s
        )
        AND (one.state IN ('new', 'open', 'waiting')
             OR (one.state = 'resolved' AND one.resolved_at >= %(reopen_since)s))
        ORDER BY link.id NULLS LAST, one.id LIMIT 1
    ) found ON true
    WHERE post.id = ANY(%(ids)s)
"""


def case_facts(post_ids: Sequence[int]) -> dict[int, CaseFacts]:
    """What `decide()` may know of the cases around these posts. One query."""
    params: dict[str, Any] = {
        "ids": list(post_ids),
        "join_seconds": JOIN_HOURS * 3600,
        "reopen_since": timezone.now() - timedelta(days=REOPEN_DAYS),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CASE_FACTS, params)
        rows: list[tuple[int, str | None, int | None, float | None]] = cursor.fetchall()
    return {
        post_id: CaseFacts(
            has_open_case=state is not None and state != CaseState.RESOLVED,
            has_recent_case=state is not None,
            is_returning=state == CaseState.RESOLVED,
            unanswered_posts=unanswered or 0,
            hours_waiting=round(hours, 2) if hours is not None and hours >= 0 else None,
        )
        for post_id, state, unanswered, hours in rows
    }


def cases_to_suggest_for(by: str, *, limit: int) -> list[int]:
    """Active cases whose newest question `by` has not looked at yet, the latest changed first: people look at those."""
    active = Case.objects.filter(state__in=(CaseState.NEW, CaseState.OPEN))
    found: list[int] = []
    # Two pieces of the index instead of "is not", which would read all of it.
    for others in (active.filter(suggested_by__lt=by), active.filter(suggested_by__gt=by)):
        ordered = others.order_by("suggested_by", "-changed_at").values_list("pk", flat=True)
        found += ordered[: limit - len(found)]
    return found


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """Which cases of a brand are asked for; empty values ask for all. `view` is one of VIEWS."""

    view: str = "active"
    topic: str = ""
    platform: str = ""
    language: str = ""
    audience: str = ""
    intent: str = ""
    least_severity: int = 0
    assignee_id: int | None = None


@dataclass(frozen=True, slots=True)
class CasePage:
    cases: list[Case]
    cursor: str  # of the next page; "" on the last one


#: Views of what waits are ordered by urgency; those that hold what is done, by when something happened last.
RANKED_VIEWS: Final = ("active", "flagged", "mine", "unassigned", "waiting", "snoozed", "escalated")
VIEWS: Final = (*RANKED_VIEWS, "resolved", "closed", "done", "all")


def queue(
    user: User, brand: Brand, filters: QueueFilters | None = None, cursor: str = "", page_size: int = PAGE_SIZE
) -> CasePage:
    """One page of cases. Raises PermissionDenied; ValueError for an unknown view or a cursor that we did not make."""
    _may_view(user, brand)
    chosen = filters or QueueFilters()
    cases = _filtered(user, brand, chosen).select_related("author", "assignee", "deciding_post")
    return page_of(cases, view=chosen.view, cursor=cursor, page_size=page_size)


def page_of(cases: QuerySet[Case], *, view: str, cursor: str = "", page_size: int = PAGE_SIZE) -> CasePage:
    """The cases in the order of the view, by key and not by offset: a case that comes or goes shifts nothing.

    Raises ValueError for a cursor that we did not make.
    """
    is_ranked = view in RANKED_VIEWS
    cases = cases.order_by("queue_rank", "last_inbound_at", "pk") if is_ranked else cases.order_by("-changed_at", "-pk")
    if cursor:
        cases = cases.filter(_behind(cursor, is_ranked))
    rows = list(cases[: page_size + 1])
    return CasePage(rows[:page_size], _cursor(rows[page_size - 1], is_ranked) if len(rows) > page_size else "")


def _filtered(user: User, brand: Brand, filters: QueueFilters) -> QuerySet[Case]:
    cases = Case.objects.filter(in_view(filters.view, user), brand=brand, merged_into=None)
    for name in ("topic", "platform", "language", "audience", "intent"):
        if wanted := getattr(filters, name):
            cases = cases.filter(**{name: wanted})
    if filters.least_severity:
        cases = cases.filter(severity__gte=filters.least_severity)
    if filters.assignee_id is not None:
        cases = cases.filter(assignee_id=filters.assignee_id)
    return cases


def in_view(view: str, user: Any) -> Q:
    """Which cases a view holds. Raises ValueError for an unknown one."""
    now = timezone.now()
    unfinished = (CaseState.NEW, CaseState.OPEN)
    ours = Q(state__in=unfinished) & (Q(snoozed_until=None) | Q(snoozed_until__lte=now))
    views = {
        "active": ours,
        "flagged": ours & Q(is_flagged=True),
        "mine": Q(state__in=(*unfinished, CaseState.WAITING), assignee_id=getattr(user, "pk", None)),
        "unassigned": ours & Q(assignee=None),
        "escalated": ours & Q(pk__in=Escalation.objects.values("case_id")),
        "waiting": Q(state=CaseState.WAITING),
        "snoozed": Q(state__in=unfinished, snoozed_until__gt=now),
        "resolved": Q(state=CaseState.RESOLVED),
        "closed": Q(state=CaseState.CLOSED),
        "done": Q(state__in=(CaseState.RESOLVED, CaseState.CLOSED)),
        "all": Q(),
    }
    if view not in views:
        raise ValueError(f"There is no view {view!r}; known are {', '.join(VIEWS)}.")
    return views[view]


def _cursor(case: Case, is_ranked: bool) -> str:
    if not is_ranked:
        return f"{case.changed_at.isoformat()}~{case.pk}"
    moment = case.last_inbound_at.isoformat() if case.last_inbound_at else ""
    return f"{case.queue_rank}~{moment}~{case.pk}"


def _behind(cursor: str, is_ranked: bool) -> Q:
    """The rows behind a key; an undated case comes last among equals. Raises ValueError."""
    parts = cursor.split("~")
    if len(parts) != (3 if is_ranked else 2):
        raise ValueError("This is no cursor of this view.")
    pk = int(parts[-1])
    if not is_ranked:
        at = datetime.fromisoformat(parts[0])
        return Q(changed_at__lte=at) & (Q(changed_at__lt=at) | Q(pk__lt=pk))
    rank = int(parts[0])
    later = Q(last_inbound_at=None, pk__gt=pk)
    if parts[1]:
        at = datetime.fromisoformat(parts[1])
        later = Q(last_inbound_at__gt=at) | Q(last_inbound_at=at, pk__gt=pk) | Q(last_inbound_at=None)
    # The first condition alone lets the index start at the right place.
    return Q(queue_rank__gte=rank) & (Q(queue_rank__gt=rank) | later)


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """A case with its thread (oldest first) and what people and rules did to it."""

    case: Case
    posts: list[Post]
    readings: dict[int, Reading]
    asking_post_ids: frozenset[int]
    links: list[CaseConversation]
    notes: list[Note]
    escalations: list[Escalation]
    hand_offs: list[HandOff]


def case_detail(user: User, brand: Brand, reference: str, *, newest_posts: int = 200) -> CaseDetail:
    """Raises Case.DoesNotExist (also for a case of another brand), PermissionDenied."""
    _may_view(user, brand)
    people = ("author", "customer", "assignee", "market", "merged_into", "deciding_post")
    case = Case.objects.select_related("brand", *people).get(brand=brand, reference=read_reference(reference))
    posts = thread_of(case, newest_posts=newest_posts)
    return CaseDetail(
        case=case,
        posts=posts,
        readings=current_readings([post.pk for post in posts if not post.is_own]),
        asking_post_ids=frozenset(CasePost.objects.filter(case=case).values_list("post_id", flat=True)),
        links=list(case.links.select_related("conversation").order_by("pk")),
        notes=list(case.notes.select_related("author").order_by("pk")),
        escalations=list(case.escalations.select_related("raised_by").order_by("pk")),
        hand_offs=list(case.hand_offs.order_by("pk")),
    )


def thread_of(case: Case, *, newest_posts: int = 200) -> list[Post]:
    """The case's conversations, oldest first; for callers that have checked the right to the case.

    In a public thread only what this author and we wrote; a private one is theirs as a whole. However long a thread
    grew, the posts that brought the case here stay (of very many, the newest).
    """
    posts = Post.objects.filter(conversation__in=case.links.values("conversation"))
    # An erased author is nobody: "without author" would be every other erased person of the thread.
    theirs = posts.filter(Q(is_own=True) | Q(is_public=False) | Q(author_id=case.author_id, author__isnull=False))
    asked = Post.objects.filter(case_post__case=case)
    kept: dict[int, Post] = {}
    for some in (theirs, asked):
        newest = some.select_related("author", "channel", "conversation").order_by("-created_at", "-pk")
        kept |= {post.pk: post for post in newest[:newest_posts]}
    return sorted(kept.values(), key=lambda post: (post.created_at or post.stored_at, post.pk))


def case_of_post(post_id: int) -> Case | None:
    """The case that a post brought, else the only open one of its thread that its author has; None where none is."""
    asked = Case.objects.filter(case_posts__post=post_id).first()
    if asked is not None:
        return asked
    post = Post.objects.filter(pk=post_id).first()
    if post is None:
        return None
    theirs = Q(author=post.author_id) if post.author_id is not None and not post.is_own else Q()
    links = CaseConversation.objects.filter(theirs | Q(author=None), conversation=post.conversation_id, is_open=True)
    found = list(Case.objects.filter(links__in=links).distinct()[:2])
    return found[0] if len(found) == 1 else None


def _may_view(user: Any, brand: Brand) -> None:
    if not can(user, brand, "view"):
        raise PermissionDenied("view")
