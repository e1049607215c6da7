"""The hash chain over the log: sealed in batches, checked from end to end, shortened at the old end.

Each event's digest covers the digest before it and every word of the event. Whoever changes, removes, adds or swaps a
sealed event breaks the chain there. Digests of the head go to the service log, out of reach of the database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from monitor.audit.digests import SEALED_FIELDS, digest_of, hash_of_text
from monitor.audit.models import AuditEvent, AuditSeal, AuditText
from monitor.logs import get_logger

log = get_logger(__name__)

BATCH = 1000
_HEAD = 1


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """The first place where the log is not what was sealed. `code`: missing, changed, text_changed, cut_off."""

    sequence: int
    code: str


def seal(*, limit: int = BATCH) -> int:
    """Chains up to `limit` events that are not sealed yet, oldest first; returns how many. One sealer at a time."""
    with transaction.atomic():
        AuditSeal.objects.bulk_create([AuditSeal(id=_HEAD)], ignore_conflicts=True)
        head = AuditSeal.objects.select_for_update().get(id=_HEAD)
        waiting = AuditEvent.objects.filter(sequence=None).order_by("recorded_at", "id")[:limit]
        links: list[tuple[datetime, Any, int, str]] = []
        for event in waiting.values(*SEALED_FIELDS):
            head.sequence += 1
            head.digest = digest_of(head.digest, head.sequence, event)
            links.append((event["recorded_at"], event["id"], head.sequence, head.digest))
        if not links:
            return 0
        _store(links)
        AuditSeal.objects.filter(id=_HEAD).update(sequence=head.sequence, digest=head.digest, sealed_at=links[-1][0])
    log.info("audit_sealed", extra={"sequence": head.sequence, "digest": head.digest})
    return len(links)


def _store(links: list[tuple[datetime, Any, int, str]]) -> None:
    moments, ids, sequences, digests = (list(column) for column in zip(*links, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE audit_auditevent AS event SET sequence = link.sequence, digest = link.digest
            FROM unnest(%s::timestamptz[], %s::uuid[], %s::bigint[], %s::text[])
                AS link (recorded_at, id, sequence, digest)
            WHERE event.recorded_at = link.recorded_at AND event.id = link.id
            """,
            [moments, ids, sequences, digests],
        )


def verify() -> BrokenLink | None:
    """Reads the whole chain, and the texts that are still there; None where every link holds."""
    head = AuditSeal.objects.filter(id=_HEAD).first() or AuditSeal(id=_HEAD)
    sequence, digest = head.anchor_sequence, head.anchor_digest
    for event in _sealed_events():
        sequence += 1
        if event["sequence"] != sequence:
            return BrokenLink(sequence, "missing")
        digest = digest_of(digest, sequence, event)
        if event["digest"] != digest:
            return BrokenLink(sequence, "changed")
    if (sequence, digest) != (head.sequence, head.digest):
        return BrokenLink(sequence + 1, "cut_off")
    return _verify_texts()


def _sealed_events() -> Iterator[dict[str, Any]]:
    events = AuditEvent.objects.filter(sequence__isnull=False).order_by("sequence")
    return events.values(*SEALED_FIELDS, "sequence", "digest").iterator(chunk_size=BATCH)


def _verify_texts() -> BrokenLink | None:
    # An erased text is gone, and that is right; one that is there must be the one that was sealed.
    for text in AuditText.objects.order_by("event_id").iterator(chunk_size=BATCH):
        event = AuditEvent.objects.filter(id=text.event_id).values("sequence", "text_hash").first()
        if event is None or event["text_hash"] != hash_of_text(text.salt, text.before, text.after):
            return BrokenLink((event["sequence"] or 0) if event else 0, "text_changed")
    return None


@transaction.atomic
def forget_before(moment: datetime) -> int:
    """Retention: removes the sealed events up to the first one that must stay, with their texts; returns how many.

    The chain's anchor moves along, so what is kept can still be checked.
    """
    head = AuditSeal.objects.select_for_update().filter(id=_HEAD).first()
    if head is None:
        return 0
    kept = AuditEvent.objects.filter(sequence__isnull=False, recorded_at__gte=moment).order_by("sequence")
    first_kept = kept.values_list("sequence", flat=True).first()
    last = head.sequence if first_kept is None else first_kept - 1
    gone = AuditEvent.objects.filter(sequence__gt=head.anchor_sequence, sequence__lte=last)
    anchor = gone.filter(sequence=last).values_list("digest", flat=True).first()
    if anchor is None:
        return 0
    AuditText.objects.filter(event_id__in=gone.values("id")).delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('mentiondesk.audit_retention', 'on', true)")
        cursor.execute("DELETE FROM audit_auditevent WHERE sequence <= %s", [last])
        removed: int = cursor.rowcount
        cursor.execute("SELECT set_config('mentiondesk.audit_retention', 'off', true)")
    AuditSeal.objects.filter(id=_HEAD).update(anchor_sequence=last, anchor_digest=anchor)
    return removed
