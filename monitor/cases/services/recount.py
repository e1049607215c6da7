"""Working a case out anew from the posts that it holds, after links or readings have changed."""

from monitor.analysis.selectors import current_readings
from monitor.cases.models import Case, CasePost
from monitor.cases.placing import wrote_at
from monitor.cases.services.opening import set_deciding
from monitor.triage.selectors import current_decisions


def recount(case: Case) -> None:
    """On a locked case, which the caller saves: the highest-priority post decides, the newest of equals."""
    rows = list(CasePost.objects.filter(case=case).select_related("post"))
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
    case.is_flagged = any(decision.is_flagged for decision in decisions.values())
    case.post_count = len(rows)
    case.last_inbound_at = max(wrote_at(row.post) for row in rows)
    dated = [row.post.created_at for row in rows if row.post.created_at is not None]
    case.first_post_at = min(dated) if dated else None
