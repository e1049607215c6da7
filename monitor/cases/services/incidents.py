"""One cause behind many cases: opened by a person (trends only propose), joined and left case by case."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from monitor.audit import services as audit
from monitor.brands.models import Brand, User
from monitor.brands.rights import can
from monitor.cases.models import Case, Incident
from monitor.cases.services.locking import changing


def open_incident(*, user: User, brand: Brand, title: str, topic: str = "", cases: Sequence[Case] = ()) -> Incident:
    """Raises PermissionDenied, ValueError for an empty title or a case of another brand."""
    _check(user, brand)
    words = " ".join(title.split())[:200]
    if not words:
        raise ValueError("An incident needs a title.")
    with transaction.atomic():
        incident = Incident.objects.create(brand=brand, title=words, topic=topic[:48], opened_by=user)
        audit.record(actor=user, act="incident.opened", brand_id=brand.pk, subject=incident, params={"topic": topic})
        for case in sorted(cases, key=lambda case: case.pk):
            add_to_incident(user=user, case=case, incident=incident)
    return incident


def add_to_incident(*, user: User, case: Case, incident: Incident) -> Case:
    """A case has one cause: it leaves an incident that it was in. Raises ValueError for one of another brand."""
    if incident.brand_id != case.brand_id:
        raise ValueError("The incident belongs to another brand.")
    if incident.closed_at is not None:
        raise ValueError("The incident is closed.")
    with changing(user=user, case=case) as locked:
        locked.incident = incident
        _record(user, locked, "case.added_to_incident", incident=str(incident.public_id))
    return locked


def remove_from_incident(*, user: User, case: Case) -> Case:
    with changing(user=user, case=case) as locked:
        if locked.incident_id is not None:
            locked.incident = None
            _record(user, locked, "case.removed_from_incident")
    return locked


def close_incident(*, user: User, incident: Incident) -> Incident:
    """The cause is gone; the cases stay: each has a customer to answer. Closing twice keeps the first time."""
    _check(user, incident.brand)
    with transaction.atomic():
        row = Incident.objects.select_for_update().get(pk=incident.pk)
        if row.closed_at is None:
            row.closed_at = timezone.now()
            row.save(update_fields=["closed_at"])
            audit.record(actor=user, act="incident.closed", brand_id=row.brand_id, subject=row)
    return row


def _check(user: User, brand: Brand) -> None:
    if not can(user, brand, "answer"):
        raise PermissionDenied("answer")


def _record(user: User, case: Case, act: str, **params: Any) -> None:
    audit.record(actor=user, act=act, brand_id=case.brand_id, subject=case, params=params)
