"""Deciding on a batch of analysed posts: facts, decision and rule set are stored in the transaction that moves them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from monitor.inbox.models import Post, Stage
from monitor.inbox.services.stages import advance_posts
from monitor.text.reason import Reason
from monitor.triage.decide import Outcome, decide
from monitor.triage.facts import CaseFacts, Facts
from monitor.triage.gathering import gather_facts
from monitor.triage.models import TriageDecision
from monitor.triage.offers import Offer, read_offers
from monitor.triage.rulebook import current_rulesets, keep_rulesets
from monitor.triage.ruleset import RulesetSpec

ROWS_A_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class TriageOutcome:
    """What was decided on one post, for the rooms above. `actions` are data: each room takes its own."""

    post_id: int
    opens_case: bool
    joins_case: bool
    needs_answer: bool
    priority: int
    is_flagged: bool
    reasons: tuple[Reason, ...]
    actions: tuple[Mapping[str, Any], ...] = ()


def triage_posts(
    *, post_ids: Sequence[int], case_facts: Mapping[int, CaseFacts], offers: Mapping[int, Offer] | None = None
) -> list[TriageOutcome]:
    """Decides on claimed posts and moves them on; the caller opens the cases in the same transaction, and has read the
    `offers` before it (`triage.offers.read_offers`): no lock waits for the reading of words.

    Posts that have moved on meanwhile (or were edited: their new text is read first) are left out.
    """
    if offers is None:
        offers = read_offers(post_ids)
    with transaction.atomic():
        moved = advance_posts(post_ids=post_ids, from_stage=Stage.ANALYZED, to_stage=Stage.TRIAGED)
        posts = list(
            Post.objects.filter(pk__in=moved).select_related("author", "brand", "channel", "market").order_by("pk")
        )
        facts = gather_facts(posts, case_facts, offers)
        rulesets = current_rulesets({post.brand_id for post in posts})
        keep_rulesets(rulesets)
        decided = [(post, facts[post.pk], decide(facts[post.pk], rulesets[post.brand_id])) for post in posts]
        _store(decided, rulesets)
    return [_outcome(post.pk, outcome) for post, _, outcome in decided]


def _store(decided: Sequence[tuple[Post, Facts, Outcome]], rulesets: Mapping[int, RulesetSpec]) -> None:
    TriageDecision.objects.filter(post_id__in=[post.pk for post, _, _ in decided], is_current=True).update(
        is_current=False
    )
    versions = {brand_id: ruleset.version for brand_id, ruleset in rulesets.items()}
    TriageDecision.objects.bulk_create(
        [
            TriageDecision(
                brand_id=post.brand_id,
                post_id=post.pk,
                post_version=post.version,
                ruleset_version=versions[post.brand_id],
                facts=facts.to_json(),
                opens_case=outcome.opens_case,
                joins_case=outcome.joins_case,
                is_flagged=outcome.is_flagged,
                priority=outcome.priority,
                reasons=[reason.to_json() for reason in outcome.reasons],
                actions=[dict(action) for action in outcome.actions],
                is_spam=outcome.is_spam,
                is_advertising=outcome.is_advertising,
            )
            for post, facts, outcome in decided
        ],
        batch_size=ROWS_A_STATEMENT,
    )


def _outcome(post_id: int, outcome: Outcome) -> TriageOutcome:
    return TriageOutcome(
        post_id=post_id,
        opens_case=outcome.opens_case,
        joins_case=outcome.joins_case,
        needs_answer=outcome.needs_answer,
        priority=outcome.priority,
        is_flagged=outcome.is_flagged,
        reasons=outcome.reasons,
        actions=outcome.actions,
    )
