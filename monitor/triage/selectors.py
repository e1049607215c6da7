"""Reads of this room: the decision in force on a post, and history for the back-test."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from monitor.brands.models import Brand, User
from monitor.brands.rights import can
from monitor.triage.backtest import BacktestReport, PastDecision, backtest, disagreements
from monitor.triage.models import Rule, TriageDecision
from monitor.triage.rulebook import current_rulesets, kept_rulesets
from monitor.triage.rules import RuleSpec
from monitor.triage.ruleset import DECIDE_VERSION, RulesetSpec

ROWS_AT_A_TIME = 2000


def rules_of(user: User, brand: Brand) -> list[Rule]:
    """Raises PermissionDenied."""
    if not can(user, brand, "view"):
        raise PermissionDenied("view")
    return list(Rule.objects.filter(brand=brand).order_by("position", "pk"))


def current_decisions(post_ids: Sequence[int]) -> dict[int, TriageDecision]:
    return {row.post_id: row for row in TriageDecision.objects.filter(post_id__in=post_ids, is_current=True)}


def spam_count(*, brand_id: int | None = None, since: datetime) -> int:
    """Posts that were put aside as spam since then and still are; of all brands where none is named."""
    rows = TriageDecision.objects.filter(is_spam=True, is_current=True, decided_at__gte=since)
    return rows.count() if brand_id is None else rows.filter(brand_id=brand_id).count()


def advertising_count(*, brand_id: int | None = None, since: datetime) -> int:
    """The same of posts that were put aside as mere advertising."""
    rows = TriageDecision.objects.filter(is_advertising=True, is_current=True, decided_at__gte=since)
    return rows.count() if brand_id is None else rows.filter(brand_id=brand_id).count()


def put_aside_decisions() -> QuerySet[TriageDecision]:
    """That a post is spam or mere advertising, where that is in force; also where the reasons are erased."""
    return _put_aside().filter(is_current=True)


def put_aside(brand_id: int, since: datetime, until: datetime) -> list[int]:
    """Posts written in these hours that triage put aside as spam or advertising by itself: the first decision on their
    present words counts, whatever a colleague has made of it since."""
    earlier = TriageDecision.objects.filter(
        post=OuterRef("post"), post_version=OuterRef("post_version"), pk__lt=OuterRef("pk")
    )
    written = {"post__brand_id": brand_id, "post__created_at__gte": since, "post__created_at__lt": until}
    first = _put_aside().filter(~Exists(earlier), post_version=F("post__version"), **written)
    return list(first.values_list("post_id", flat=True))


def is_put_aside(post_id: int) -> bool:
    """Whether it is put aside now."""
    return _put_aside().filter(post_id=post_id, is_current=True).exists()


def _put_aside() -> QuerySet[TriageDecision]:
    return TriageDecision.objects.filter(Q(is_spam=True) | Q(is_advertising=True))


def past_decisions(brand_id: int, *, since: datetime | None = None, limit: int | None = None) -> Iterator[PastDecision]:
    """Stored decisions of a brand, the newest first, a few thousand in memory at a time."""
    rows = TriageDecision.objects.filter(brand_id=brand_id, is_current=True).exclude(facts={}).order_by("-pk")
    if since is not None:
        rows = rows.filter(decided_at__gte=since)
    for row in rows[:limit].iterator(chunk_size=ROWS_AT_A_TIME):
        yield PastDecision(
            post_id=row.post_id,
            ruleset_version=row.ruleset_version,
            facts=row.facts,
            opens_case=row.opens_case,
            joins_case=row.joins_case,
            is_flagged=row.is_flagged,
            priority=row.priority,
            reasons=tuple(row.reasons),
            actions=tuple(row.actions),
        )


def backtest_of(
    user: User,
    brand: Brand,
    *,
    rules: Sequence[RuleSpec] | None = None,
    threshold: int | None = None,
    since: datetime | None = None,
    limit: int | None = None,
) -> BacktestReport:
    """What other rules (None: those in force) or another threshold would have done. Raises PermissionDenied."""
    if not can(user, brand, "steer"):
        raise PermissionDenied("steer")
    ruleset = current_rulesets([brand.pk])[brand.pk] if rules is None else RulesetSpec(rules=tuple(rules))
    return backtest(past_decisions(brand.pk, since=since, limit=limit), ruleset, threshold=threshold)


def unrepeatable_decisions(brand_id: int) -> list[int]:
    """Posts whose stored decision does not come out again bit for bit; [] is what we promise of all that this version
    of `decide()` has decided. What an earlier one decided may come out otherwise and is not looked at."""
    decisions = (past for past in past_decisions(brand_id) if past.ruleset_version.startswith(f"{DECIDE_VERSION}-"))
    return disagreements(decisions, kept_rulesets(brand_id, decide_version=DECIDE_VERSION))
