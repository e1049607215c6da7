"""Opening and joining cases for a batch of decided posts: in bulk, and once however many workers try."""

from collections.abc import Collection, Sequence
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from monitor.analysis.selectors import Reading, current_readings
from monitor.cases.models import Case, CaseConversation, CasePost
from monitor.cases.placing import Desk, Placement, wrote_at
from monitor.cases.reference import make_references
from monitor.cases.search import words_of
from monitor.cases.services.following import follow_actions
from monitor.cases.services.locking import lock_cases, lock_writers
from monitor.cases.services.recount import rescore, set_deciding
from monitor.cases.states import ACTIVE, RESOLVED, next_state
from monitor.inbox.changes import log_changes
from monitor.inbox.models import Post
from monitor.triage.services import TriageOutcome

ROWS_A_STATEMENT: Final = 500
REFERENCE_TRIES: Final = 3
#: Everything of a case that a post can change.
_CHANGED: Final = [
    *("state", "deciding_post", "is_public", "priority", "is_flagged", "reasons", "intent", "topic", "severity"),
    *("sentiment", "language", "audience", "market", "assignee", "tags", "post_count", "last_inbound_at"),
    *("waiting_since", "resolved_at", "resolution", "snoozed_until", "suggested_by", "version", "changed_at"),
]


def open_cases(*, outcomes: Sequence[TriageOutcome]) -> list[int]:
    """Opens a case for each post that needs one, or lets it join its author's; returns the cases touched, by id.

    Idempotent: a post has one place, ever; one that was edited keeps it and is weighed anew. Takes part in the caller's
    transaction. Safe from any number of workers: all who would touch the same author wait for each other.
    """
    wanted = {outcome.post_id: outcome for outcome in outcomes if outcome.opens_case or outcome.joins_case}
    if not wanted:
        return []
    with transaction.atomic():
        posts = list(Post.objects.filter(pk__in=wanted, is_own=False).select_related("author"))
        lock_writers((post.author_id, post.conversation_id) for post in posts)
        placed = set(CasePost.objects.filter(post_id__in=wanted).values_list("post_id", flat=True))
        edited = [(post, wanted[post.pk]) for post in posts if post.pk in placed and post.version > 1]
        rescored = rescore(edited) if edited else set()
        readings = current_readings([post.pk for post in posts if post.pk not in placed])
        desk = _desk([post for post in posts if post.pk in readings])
        for post in sorted(posts, key=lambda post: (wrote_at(post), post.pk)):
            if post.pk in readings:
                desk.place(post, wanted[post.pk])
        for placement in desk.placements:
            _absorb(placement, readings)
        _save(desk)
    return sorted({placement.case.pk for placement in desk.placements} | rescored)


def _desk(posts: Sequence[Post]) -> Desk:
    """Loads the links and cases around the posts. Whoever else would change them for these authors is held back."""
    links = list(
        CaseConversation.objects.filter(
            conversation_id__in={post.conversation_id for post in posts}, is_open=True
        ).order_by("pk")
    )
    authors = {post.author_id for post in posts if post.author_id is not None}
    active = set(Case.objects.filter(author_id__in=authors, state__in=ACTIVE).values_list("pk", flat=True))
    cases = lock_cases({link.case_id for link in links} | active)
    still_active = [case_id for case_id in active if cases[case_id].state in ACTIVE]
    return Desk(links, cases, timezone.now(), author_cases=still_active)


def _absorb(placement: Placement, readings: dict[int, Reading]) -> None:
    """Writes into the case what its new posts mean for it."""
    case = placement.case
    for number, (post, outcome) in enumerate(placement.posts):
        is_first = placement.is_new and number == 0
        if is_first or outcome.priority > case.priority:
            set_deciding(case, post, readings[post.pk], outcome.priority, [one.to_json() for one in outcome.reasons])
        case.is_flagged = case.is_flagged or outcome.is_flagged
        case.last_inbound_at = max(case.last_inbound_at or wrote_at(post), wrote_at(post))
        if outcome.needs_answer:
            _wait(placement, post)
    if placement.is_new:
        first = placement.posts[0][0]
        case.post_count = len(placement.posts)
        case.customer_id = first.author.customer_id if first.author else None
        case.first_post_at = first.created_at
        case.arrival = first.arrival
    else:
        case.post_count += len(placement.posts)
        case.suggested_by = ""
        case.version += 1
        case.changed_at = timezone.now()


def _wait(placement: Placement, post: Post) -> None:
    """The customer waits for us from now on; an import starts no clock."""
    case = placement.case
    if not placement.is_new:
        if case.state == RESOLVED:
            case.resolved_at, case.resolution = None, ""
        case.state = next_state(case.state, "customer_wrote")
    if case.waiting_since is None and post.arrival != "import":
        case.waiting_since = wrote_at(post)
    case.snoozed_until = None


def _save(desk: Desk) -> None:
    CaseConversation.objects.filter(pk__in=desk.ended_links).update(is_open=False)
    reopened = _reopened(desk)
    _insert([placement.case for placement in desk.placements if placement.is_new])
    links = [
        CaseConversation(case=placement.case, conversation_id=conversation_id, author_id=author_id)
        for placement in desk.placements
        for conversation_id, author_id in placement.new_links
    ]
    CaseConversation.objects.bulk_create(links, batch_size=ROWS_A_STATEMENT)
    rows = [
        CasePost(case=placement.case, post=post, priority=outcome.priority, words=words_of(post))
        for placement in desk.placements
        for post, outcome in placement.posts
    ]
    CasePost.objects.bulk_create(rows, batch_size=ROWS_A_STATEMENT)
    follow_actions(desk.placements, reopened)
    joined = [placement.case for placement in desk.placements if not placement.is_new]
    Case.objects.bulk_update(joined, _CHANGED, batch_size=ROWS_A_STATEMENT)
    log_changes(post_ids=[row.post_id for row in rows], kind="cased")


def _reopened(desk: Desk) -> set[int]:
    """Cases that had been resolved until this batch."""
    joined = [
        placement.case.pk for placement in desk.placements if not placement.is_new and placement.case.state != RESOLVED
    ]
    return set(Case.objects.filter(pk__in=joined, state=RESOLVED).values_list("pk", flat=True))


def _insert(cases: Sequence[Case]) -> None:
    """The unique key decides about a reference; two cases with the same one in 10¹² tries deserve a second draw."""
    for tries_left in reversed(range(REFERENCE_TRIES)):
        references = make_references(len(cases), taken_references)
        for case, reference in zip(cases, references, strict=True):
            case.reference = reference
        try:
            with transaction.atomic():
                Case.objects.bulk_create(cases, batch_size=ROWS_A_STATEMENT)
            return
        except IntegrityError:
            if not tries_left:
                raise


def taken_references(candidates: Collection[str]) -> set[str]:
    return set(Case.objects.filter(reference__in=candidates).values_list("reference", flat=True))
