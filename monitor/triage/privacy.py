"""What this room stores of people: of an author only labels and numbers, never words or names."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet

from monitor.erasure import Person
from monitor.inbox.changes import posts_gone_since
from monitor.triage.models import OwnContact, SpamMark, TriageDecision

LOOK_BACK: Final = timedelta(days=3)
#: Longer than any two posts may lie apart that are compared.
MARKS_KEPT: Final = timedelta(days=8)

COLUMNS: Final[dict[str, str]] = {
    "Rule.name": "staff: written by the brand's lead",
    "Rule.conditions": "kept: the brand's own settings",
    "Rule.actions": "kept: the brand's own settings",
    "Ruleset.version": "kept: a hash",
    "Ruleset.content": "kept: the brand's own settings",
    "TriageDecision.ruleset_version": "kept: a hash",
    "TriageDecision.facts": "erased",
    "TriageDecision.reasons": "erased",
    "TriageDecision.actions": "kept: codes and names of rules",
}


def erase_author(person: Person) -> dict[str, int]:
    """Takes out what could single somebody out (reach, verification); labels stay for the trends. Idempotent."""
    counts = {"decisions": erase_posts(person.post_ids)}
    theirs = Q(author_id__in=person.author_ids) | Q(post_id__in=person.post_ids)
    counts["spam marks"], _ = SpamMark.objects.filter(theirs).delete()
    counts["own contacts"], _ = OwnContact.objects.filter(post_id__in=person.post_ids).delete()
    return counts


def erase_posts(post_ids: Sequence[int] | QuerySet[Any, Any]) -> int:
    """Returns the rows changed. An erased decision is no longer run again: its facts are gone."""
    return TriageDecision.objects.filter(post_id__in=post_ids).exclude(facts={}).update(facts={}, reasons=[])


def sweep_retention(now: datetime) -> dict[str, int]:
    """What lost its words below (deleted on its platform, too old, erased) loses them here in the same sweep; looks
    back days, in case the clock stood still."""
    gone = posts_gone_since(now - LOOK_BACK)
    marks, _ = SpamMark.objects.filter(Q(last_at__lt=now - MARKS_KEPT) | Q(post_id__in=gone)).delete()
    told, _ = OwnContact.objects.filter(post_id__in=gone).delete()
    return {"decisions": erase_posts(gone), "spam marks": marks, "own contacts": told}
