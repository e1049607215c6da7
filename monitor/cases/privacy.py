"""What this room stores of people: notes that colleagues wrote about them, and who they are by link."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Q, QuerySet

from monitor.audit.privacy import forget_texts
from monitor.cases.models import Case, CasePost, Escalation, HandOff, Note
from monitor.erasure import Person
from monitor.inbox.changes import posts_gone_since

LOOK_BACK: Final = timedelta(days=3)

COLUMNS: Final[dict[str, str]] = {
    "Incident.title": "staff: a team's name for a cause",
    "Incident.topic": "kept: a label",
    "Case.reference": "kept: random, needed to speak of the case at all",
    "Case.state": "kept: a state",
    "Case.platform": "kept: name of a platform",
    "Case.reasons": "erased",
    "Case.intent": "kept: a label",
    "Case.topic": "kept: a label",
    "Case.sentiment": "kept: a label",
    "Case.language": "kept: a label",
    "Case.audience": "kept: a label",
    "Case.arrival": "kept: how the post came",
    "Case.resolution": "kept: a code",
    "Case.tags": "erased",
    "Case.suggested_by": "kept: a phrasebook's version",
    "CasePost.words": "erased",
    "CaseMerge.link_ids": "kept: row numbers",
    "CaseMerge.case_post_ids": "kept: row numbers",
    "CaseMerge.source_state": "kept: a state",
    "Note.text": "erased",
    "Escalation.reasons": "erased",
    "HandOff.to": "kept: a code",
    "HandOff.note": "erased",
}


def erase_author(person: Person) -> dict[str, int]:
    """Empties what was written about the person; the cases stay, so that they keep counting. Idempotent."""
    ids = person.case_ids
    return {
        "notes": Note.objects.filter(case_id__in=ids).exclude(text="").update(text=""),
        "escalations": Escalation.objects.filter(case_id__in=ids).exclude(reasons=[]).update(reasons=[]),
        "hand_offs": HandOff.objects.filter(case_id__in=ids).exclude(note="").update(note=""),
        "cases": _forget(Case.objects.filter(pk__in=ids).values_list("pk", flat=True)),
        "search": _forget_words(person.post_ids),
    }


def erase_posts(post_ids: Sequence[int] | QuerySet[Any, Any]) -> int:
    """For posts that lost their words: reasons may quote them or tell of the author's reach. Returns rows changed."""
    raised = Escalation.objects.filter(case__case_posts__post_id__in=post_ids).exclude(reasons=[])
    emptied = Escalation.objects.filter(pk__in=list(raised.values_list("pk", flat=True))).update(reasons=[])
    emptied += _forget_words(post_ids)
    return emptied + _forget(Case.objects.filter(deciding_post_id__in=post_ids).values_list("pk", flat=True))


def _forget_words(post_ids: Sequence[int] | QuerySet[Any, Any]) -> int:
    return CasePost.objects.filter(post_id__in=post_ids, words__isnull=False).update(words=None)


def _forget(case_ids: Iterable[int]) -> int:
    ids = list(case_ids)
    known = Case.objects.filter(pk__in=ids).filter(~Q(reasons=[]) | ~Q(tags=[]) | ~Q(customer=None))
    emptied = known.update(reasons=[], tags=[], customer=None)
    return emptied + forget_texts(subject_kind="case", subject_ids=ids)


def sweep_retention(now: datetime) -> dict[str, int]:
    """What lost its words below (deleted on its platform, too old, erased) loses them here in the same sweep; looks
    back days, in case the clock stood still. What colleagues wrote goes by its own age."""
    old = now - timedelta(days=settings.RETENTION_DAYS)
    return {
        "of posts that are gone": erase_posts(posts_gone_since(now - LOOK_BACK)),
        "notes": Note.objects.filter(written_at__lt=old).exclude(text="").update(text=""),
        "escalations": Escalation.objects.filter(raised_at__lt=old).exclude(reasons=[]).update(reasons=[]),
        "hand_offs": HandOff.objects.filter(offered_at__lt=old).exclude(note="").update(note=""),
    }
