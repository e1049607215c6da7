"""What follows from decisions once the cases stand: escalation, assignment and tags by rule, the log, the notice."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from monitor.alerts.models import AlertLevel
from monitor.alerts.services import raise_alert
from monitor.audit import services as audit
from monitor.brands.models import Membership
from monitor.brands.rights import role_can
from monitor.cases.models import Case, Escalation
from monitor.cases.placing import Placement
from monitor.inbox.models import Arrival

#: Reasons that explain an escalation; the others explain only the order of the queue.
_ESCALATING: Final = ("escalate", "severity.", "rule.escalate", "watch")


def follow_actions(placements: Sequence[Placement], reopened: Collection[int]) -> None:
    """Applies the actions of all posts; each case is escalated by automation at most once."""
    escalated = set(
        Escalation.objects.filter(case__in=[one.case.pk for one in placements]).values_list("case_id", flat=True)
    )
    assignable = _assignable(placements)
    escalations: list[Escalation] = []
    for placement in placements:
        case = placement.case
        _tag_and_assign(placement, assignable)
        if placement.is_new:
            _record(case, "case.opened", {"priority": case.priority, "posts": len(placement.posts)})
        elif case.pk in reopened:
            _record(case, "case.reopened", {"by": "customer"})
        if case.pk not in escalated and _has_action(placement, "escalate"):
            escalations.append(Escalation(case=case, reasons=_escalating_reasons(placement)))
            _notify(case)
    Escalation.objects.bulk_create(escalations)
    # Rules act on new rows too, and those are stored already.
    changed = [one.case for one in placements if one.is_new and (one.case.tags or one.case.assignee_id)]
    Case.objects.bulk_update(changed, ["tags", "assignee"])


def _tag_and_assign(placement: Placement, assignable: Collection[tuple[int, int]]) -> None:
    case = placement.case
    for action in _actions(placement):
        if action["op"] == "tag" and action["value"] not in case.tags:
            case.tags = [*case.tags, action["value"]]
        elif action["op"] == "assign" and case.assignee_id is None and (case.brand_id, action["value"]) in assignable:
            case.assignee_id = action["value"]


def _assignable(placements: Iterable[Placement]) -> set[tuple[int, int]]:
    """(Brand, user) of those whom rules name and who may still answer for the brand."""
    named = {action["value"] for one in placements for action in _actions(one) if action["op"] == "assign"}
    if not named:
        return set()
    members = Membership.objects.filter(user_id__in=named, user__is_active=True).values_list(
        "brand_id", "user_id", "role"
    )
    return {(brand_id, user_id) for brand_id, user_id, role in members if role_can(role, "answer")}


def _actions(placement: Placement) -> Iterable[Mapping[str, Any]]:
    return (action for _, outcome in placement.posts for action in outcome.actions)


def _has_action(placement: Placement, op: str) -> bool:
    return any(action["op"] == op for action in _actions(placement))


def _escalating_reasons(placement: Placement) -> list[dict[str, Any]]:
    reasons = {
        reason.code: reason.to_json()
        for _, outcome in placement.posts
        for reason in outcome.reasons
        if reason.code.startswith(_ESCALATING)
    }
    return list(reasons.values())


def _notify(case: Case) -> None:
    """An imported post alerts nobody: it is history."""
    if case.arrival != Arrival.IMPORT:
        raise_alert(
            brand_id=case.brand_id,
            code="case.escalated",
            level=AlertLevel.URGENT if case.severity >= 3 else AlertLevel.WARNING,
            params={"reference": case.reference, "topic": case.topic},
            dedupe_key=f"case.escalated:{case.reference}",
        )


def _record(case: Case, act: str, params: Mapping[str, Any]) -> None:
    audit.record(actor_kind="automation", act=act, brand_id=case.brand_id, subject=case, params=params)
