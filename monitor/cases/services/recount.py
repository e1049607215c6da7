"""Working a case out anew from the posts that it holds, after links or readings have changed."""

from collections.abc import Sequence
from typing import Any

from monitor.analysis.selectors import Reading, current_readings
from monitor.cases.models import Case, CasePost, Escalation
from monitor.cases.placing import Placement, wrote_at
from monitor.cases.search import words_of
from monitor.cases.services.following import follow_actions
from monitor.cases.services.locking import lock_cases, save
from monitor.cases.states import ACTIVE
from monitor.inbox.models import Post
from monitor.triage.selectors import current_decisions
from monitor.triage.services import TriageOutcome


def recount(case: Case) -> None:
    """On a locked case, which the caller saves: the highest-priority post decides, the newest of equals."""
    rows = list(CasePost.objects.filter(case=case).select_related("post"))
    case.suggested_by = ""
    if not rows:
        case.post_count = 0
        return
    readings = current_readings([row.post_id for row in rows])
    decisions = current_decisions([row.post_id for row in rows])
    readable = [row for row in rows if row.post_id in readings] or rows
    deciding = max(readable, key=lambda row: (row.priority, wrote_at(row.post), row.post_id))
    reading = readings.get(deciding.post_id)
    decision = decisions.get(deciding.post_id)
    if reading is not None:
        reasons = list(decision.reasons) if decision is not None else []
        set_deciding(case, deciding.post, reading, deciding.priority, reasons)
    by_person = Escalation.objects.filter(case=case, raised_by__isnull=False)
    case.is_flagged = any(decision.is_flagged for decision in decisions.values()) or by_person.exists()
    case.post_count = len(rows)
    case.last_inbound_at = max(wrote_at(row.post) for row in rows)
    dated = [row.post.created_at for row in rows if row.post.created_at is not None]
    case.first_post_at = min(dated) if dated else None


def set_deciding(case: Case, post: Post, reading: Reading, priority: int, reasons: list[dict[str, Any]]) -> None:
    """The post that decides gives the case its analysis fields."""
    case.deciding_post = post
    case.priority = priority
    case.reasons = reasons
    case.is_public = post.is_public
    case.market_id = post.market_id or case.market_id
    case.intent, case.topic, case.severity = reading.intent, reading.topic, reading.severity
    case.sentiment, case.language, case.audience = reading.sentiment, reading.language, reading.audience


def rescore(edited: Sequence[tuple[Post, TriageOutcome]]) -> set[int]:
    """Edited posts keep their place; their active cases are worked out anew. Returns the ids of these.

    State, clock and acknowledgement stay: an edit is not a new word.
    """
    outcomes = {post.pk: (post, outcome) for post, outcome in edited}
    rows = list(CasePost.objects.filter(post_id__in=outcomes))
    placements = {case_id: Placement(case, is_new=False) for case_id, case in lock_cases(_cases_of(rows)).items()}
    for row in rows:
        post, outcome = outcomes[row.post_id]
        row.priority, row.words = outcome.priority, words_of(post)
        placements[row.case_id].posts.append(outcomes[row.post_id])
    CasePost.objects.bulk_update(rows, ["priority", "words"])
    active = [placement for placement in placements.values() if placement.case.state in ACTIVE]
    for placement in active:
        recount(placement.case)
    follow_actions(active, reopened=())
    for placement in active:
        save(placement.case)
    return {placement.case.pk for placement in active}


def _cases_of(rows: Sequence[CasePost]) -> set[int]:
    return {row.case_id for row in rows}
