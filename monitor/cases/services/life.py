"""The end of a case and what comes after: snooze, resolve, re-open, close."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from monitor.audit import services as audit
from monitor.brands.models import User
from monitor.cases.models import Case, CaseConversation
from monitor.cases.resolutions import RESOLUTIONS
from monitor.cases.services.locking import changing
from monitor.cases.states import ACTIVE, CLOSED, REOPEN_DAYS, RESOLVED, WrongStepError, next_state

LONGEST_SNOOZE = timedelta(days=90)
CASES_A_ROUND = 500


def snooze(*, user: User, case: Case, until: datetime, version: int | None = None) -> Case:
    """Hides the case from the queue until then, or until the customer writes. Raises ValueError, WrongStepError."""
    if not timezone.now() < until <= timezone.now() + LONGEST_SNOOZE:
        raise ValueError("A case can be snoozed for up to 90 days.")
    with changing(user=user, case=case, version=version) as locked:
        if locked.state not in ACTIVE:
            raise WrongStepError(locked.state, "snooze")
        locked.snoozed_until = until
        _record(user, locked, "case.snoozed", until=until.isoformat())
    return locked


def wake(*, user: User, case: Case) -> Case:
    with changing(user=user, case=case) as locked:
        locked.snoozed_until = None
        _record(user, locked, "case.woken")
    return locked


def wake_snoozed(*, now: datetime | None = None) -> int:
    """Brings back what was snoozed until now; returns how many. Called by the clock."""
    moment = now or timezone.now()
    return Case.objects.filter(snoozed_until__lte=moment).update(
        snoozed_until=None, changed_at=moment, version=F("version") + 1
    )


def resolve(*, user: User, case: Case, resolution: str = "answered", version: int | None = None) -> Case:
    """Raises ValueError for an unknown resolution, CaseChangedError, WrongStepError."""
    if resolution not in RESOLUTIONS:
        raise ValueError(f"There is no resolution {resolution!r}; known are {', '.join(RESOLUTIONS)}.")
    with changing(user=user, case=case, version=version) as locked:
        set_resolved(locked, resolution)
        _record(user, locked, "case.resolved", resolution=resolution)
    return locked


def set_resolved(case: Case, resolution: str) -> None:
    """On a locked case. Raises WrongStepError."""
    case.state = next_state(case.state, "resolve")
    case.resolution = resolution
    case.resolved_at = timezone.now()
    case.waiting_since = case.snoozed_until = case.claimed_until = None


def reopen(*, user: User, case: Case, version: int | None = None) -> Case:
    """By a person. No clock starts: the customer has not written. Raises WrongStepError."""
    with changing(user=user, case=case, version=version) as locked:
        locked.state = next_state(locked.state, "reopen")
        locked.resolved_at, locked.resolution = None, ""
        _record(user, locked, "case.reopened", by="person")
    return locked


def close(*, user: User, case: Case, version: int | None = None) -> Case:
    """For good: the next word of the customer opens a new case. Raises WrongStepError."""
    with changing(user=user, case=case, version=version) as locked:
        locked.state = next_state(locked.state, "close")
        CaseConversation.objects.filter(case=locked, is_open=True).update(is_open=False)
        _record(user, locked, "case.closed")
    return locked


def close_settled(*, now: datetime | None = None) -> int:
    """Closes what was resolved more than REOPEN_DAYS ago, a few hundred at a time; returns how many."""
    moment = now or timezone.now()
    with transaction.atomic():
        settled = Case.objects.filter(state=RESOLVED, resolved_at__lt=moment - timedelta(days=REOPEN_DAYS))
        rows = list(settled.select_for_update(no_key=True, skip_locked=True).order_by("pk")[:CASES_A_ROUND])
        ids = [case.pk for case in rows]
        CaseConversation.objects.filter(case_id__in=ids, is_open=True).update(is_open=False)
        Case.objects.filter(pk__in=ids).update(state=CLOSED, changed_at=moment, version=F("version") + 1)
        for case in rows:
            audit.record(
                actor_kind="automation", act="case.closed", brand_id=case.brand_id, subject=case, params={"by": "time"}
            )
    return len(ids)


def _record(user: User, case: Case, act: str, **params: Any) -> None:
    audit.record(actor=user, act=act, brand_id=case.brand_id, subject=case, params=params)
