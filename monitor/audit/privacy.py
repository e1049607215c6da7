"""What the log knows of people: texts before and after an act, in rows that can go without breaking the chain."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from monitor.audit.models import AuditEvent, AuditText
from monitor.audit.sealing import forget_before
from monitor.erasure import Person

COLUMNS = {
    "AuditEvent.actor_kind": "kept: person, automation or system",
    "AuditEvent.act": "kept: a code",
    "AuditEvent.subject_kind": "kept: a table's name",
    "AuditEvent.subject_id": "kept: our own number",
    "AuditEvent.params": "kept: codes and numbers; services never put text of people here",
    "AuditEvent.text_hash": "kept: salted, the salt goes with the text",
    "AuditEvent.digest": "kept: hash chain",
    "AuditText.author_key": "erased",
    "AuditText.salt": "erased",
    "AuditText.before": "erased",
    "AuditText.after": "erased",
    "AuditSeal.anchor_digest": "kept: hash chain",
    "AuditSeal.digest": "kept: hash chain",
}


def erase_author(person: Person) -> dict[str, int]:
    """Removes the texts that speak of the person; without its salt the hash in the event says nothing."""
    texts = AuditText.objects.filter(author_key=person.author_key, brand_id__in=person.brand_ids)
    return {"audit texts": texts.delete()[0]}


def forget_texts(*, subject_kind: str, subject_ids: Sequence[int]) -> int:
    """Removes the texts of acts on these rows, whose own words went; returns how many."""
    if not subject_ids:
        return 0
    acts = AuditEvent.objects.filter(subject_kind=subject_kind, subject_id__in=[str(number) for number in subject_ids])
    return AuditText.objects.filter(event_id__in=acts.exclude(text_hash="").values("id")).delete()[0]


def sweep_retention(now: datetime) -> dict[str, int]:
    return {"audit events": forget_before(now - timedelta(days=settings.RETENTION_DAYS))}
