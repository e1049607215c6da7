"""What another rule set or threshold would have decided on stored facts. Pure: rows in, differences out."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from monitor.text.reason import Reason
from monitor.triage.decide import Outcome, decide
from monitor.triage.facts import Facts
from monitor.triage.ruleset import RulesetSpec

MOST_EXAMPLES: Final = 20


@dataclass(frozen=True, slots=True)
class PastDecision:
    """One stored decision, as `triage.selectors.past_decisions` reads it."""

    post_id: int
    ruleset_version: str
    facts: Mapping[str, Any]
    opens_case: bool
    joins_case: bool
    is_flagged: bool
    priority: int
    reasons: tuple[Mapping[str, Any], ...]
    actions: tuple[Mapping[str, Any], ...]

    def equals(self, outcome: Outcome) -> bool:
        """Bit for bit: every reason, weight and action, not only the verdict."""
        return (
            self.opens_case == outcome.opens_case
            and self.joins_case == outcome.joins_case
            and self.is_flagged == outcome.is_flagged
            and self.priority == outcome.priority
            and [Reason.from_json(stored) for stored in self.reasons] == list(outcome.reasons)
            and [dict(stored) for stored in self.actions] == [dict(action) for action in outcome.actions]
        )


@dataclass(slots=True)
class BacktestReport:
    """How many decisions would differ and how; `examples` holds post ids by kind of difference."""

    total: int = 0
    unchanged: int = 0
    opened_before: int = 0
    opened_after: int = 0
    flagged_before: int = 0
    flagged_after: int = 0
    differences: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[int]] = field(default_factory=dict)

    def note(self, kind: str, post_id: int) -> None:
        self.differences[kind] += 1
        examples = self.examples.setdefault(kind, [])
        if len(examples) < MOST_EXAMPLES:
            examples.append(post_id)


def backtest(
    decisions: Iterable[PastDecision], ruleset: RulesetSpec, *, threshold: int | None = None
) -> BacktestReport:
    """Decides again with `ruleset` (and `threshold`, where given) on the very facts of then."""
    report = BacktestReport()
    for past in decisions:
        facts = Facts.from_json(past.facts)
        outcome = decide(facts if threshold is None else facts.with_threshold(threshold), ruleset)
        _compare(report, past, outcome)
    return report


def _compare(report: BacktestReport, past: PastDecision, outcome: Outcome) -> None:
    report.total += 1
    report.opened_before += past.opens_case
    report.opened_after += outcome.opens_case
    report.flagged_before += past.is_flagged
    report.flagged_after += outcome.is_flagged
    kinds = list(_differences(past, outcome))
    if not kinds:
        report.unchanged += 1
    for kind in kinds:
        report.note(kind, past.post_id)


def _differences(past: PastDecision, outcome: Outcome) -> Iterable[str]:
    if past.opens_case != outcome.opens_case:
        yield "opens" if outcome.opens_case else "no_longer_opens"
    if past.is_flagged != outcome.is_flagged:
        yield "flags" if outcome.is_flagged else "no_longer_flags"
    if past.priority != outcome.priority:
        yield "priority_up" if outcome.priority > past.priority else "priority_down"


def disagreements(decisions: Iterable[PastDecision], rulesets: Mapping[str, RulesetSpec]) -> list[int]:
    """Posts whose stored decision cannot be repeated bit for bit with the rule set that it names; [] is the promise.

    Raises KeyError for a decision whose rule set is not among `rulesets`.
    """
    return [
        past.post_id
        for past in decisions
        if not past.equals(decide(Facts.from_json(past.facts), rulesets[past.ruleset_version]))
    ]
