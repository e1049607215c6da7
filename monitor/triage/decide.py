"""The triage decision: pure, with coded reasons. What is not in `Facts` or the rule set cannot influence it.

The priority is the sum of the reasons' weights, clamped to 0–100; who gets a case does not depend on the priority.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from monitor.text.reason import Reason
from monitor.triage.facts import Facts
from monitor.triage.rules import Action, RuleSpec
from monitor.triage.ruleset import LONG_WAIT_HOURS, POSSIBLE_ESCALATION_SCORE, RulesetSpec
from monitor.triage.spam import is_grave, spam_reasons

#: Personal details that should not stand in public; an order number alone is everyday.
PERSONAL_KINDS: Final = frozenset({"email", "phone", "card", "iban"})
REACH_STEPS: Final = (1_000_000, 100_000, 10_000, 1_000)
#: A review that complains or asks about one of these has something to be done; an opinion of a product has not.
REVIEW_TOPICS: Final = frozenset(
    {
        "order_payment",
        "delivery",
        "account_security",
        "service",
        "app_website",
        "seller_account",
        "seller_policy",
        "seller_settlement",
        "seller_penalty",
    }
)
#: Refusals that a brand's rule may overrule. An own post can never become a case.
OVERRULED_BY_RULE: Final = frozenset({"never.automated", "never.promotion", "never.spam"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """`opens_case`: may open a case where there is none; `joins_case`: belongs to the author's case where there is one;
    `needs_answer`: the customer waits for us from now on."""

    opens_case: bool
    joins_case: bool
    needs_answer: bool
    priority: int
    is_flagged: bool
    reasons: tuple[Reason, ...]
    actions: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_advertising(self) -> bool:
        return any(reason.code == "never.promotion" for reason in self.reasons)

    @property
    def is_spam(self) -> bool:
        return any(reason.code == "never.spam" for reason in self.reasons)


def decide(facts: Facts, ruleset: RulesetSpec) -> Outcome:
    rules = [rule for rule in ruleset.rules if rule.holds(facts)]
    refusal = _refusal(facts)
    if refusal and not (_is_forced_open(rules) and refusal[0].code in OVERRULED_BY_RULE):
        return Outcome(False, False, False, 0, False, refusal)
    opening = _opening(facts)
    reasons = [*_weighed(facts, ruleset), opening.reason]
    actions = [{"op": "escalate"}] if facts.escalate else []
    for rule in rules:
        _apply(rule, reasons, actions)
    if opening.is_watch:
        # Nobody else will bring this post to a person: it is lifted to where people look.
        reasons.append(Reason("watch", max(ruleset.weight("watch"), facts.threshold - _sum(reasons))))
    priority = min(100, max(0, round(_sum(reasons))))
    opens = _opens_by_rules(rules, opening.opens_case)
    joins = opening.joins_case or opens
    return Outcome(
        opens_case=opens,
        joins_case=joins,
        needs_answer=joins and (opening.needs_answer or (opens and not opening.opens_case)),
        priority=priority,
        is_flagged=priority >= facts.threshold,
        reasons=tuple(reasons),
        actions=tuple(actions),
    )


def _refusal(facts: Facts) -> tuple[Reason, ...]:
    """Why this post can have no case at all; () where it can."""
    if facts.is_own:
        return (Reason("never.own"),)
    if not facts.has_reading:
        return (Reason("never.unread"),)
    if facts.author_is_automated:
        return (Reason("never.automated"),)
    if spam := spam_reasons(facts):
        return spam
    if facts.intent == "promotion" and facts.is_public and not is_more_than_an_advertisement(facts):
        return (Reason("never.promotion"),)
    return ()


def is_more_than_an_advertisement(facts: Facts) -> bool:
    """Customers quote vouchers, sales and slogans: who also complains, waits for an answer, must be seen today, or has
    a case open with us is heard, whatever the post is for."""
    return facts.complaint or facts.needs_reply or facts.has_open_case or is_grave(facts)


@dataclass(frozen=True, slots=True)
class _Opening:
    opens_case: bool
    joins_case: bool
    needs_answer: bool
    reason: Reason
    is_watch: bool = False


def _opening(facts: Facts) -> _Opening:
    """Who gets a case (DESIGN: every direct message of a person, every public post addressed to us that needs one)."""
    if not facts.is_public:
        return _private_opening(facts)
    if needs_reply(facts) and facts.is_addressed:
        return _Opening(True, True, True, Reason("opens.addressed"))
    if facts.is_judged_complaint and facts.is_addressed:
        # Whoever said so has the complaint before them: whether it waits for an answer is theirs to see, in its case.
        return _Opening(True, True, True, Reason("opens.judged"))
    if facts.escalate:
        is_watch = not facts.is_addressed
        return _Opening(True, True, True, Reason("opens.escalate"), is_watch)
    joins = facts.has_open_case or (facts.intent == "follow_up" and facts.has_recent_case)
    if not facts.is_addressed and facts.severity >= 3:
        return _Opening(False, joins, joins and needs_reply(facts), Reason("stays.not_addressed"), is_watch=True)
    code = "stays.needs_no_reply" if facts.is_addressed else "stays.not_addressed"
    return _Opening(False, joins, joins and needs_reply(facts), Reason("joins.case" if joins else code))


def _private_opening(facts: Facts) -> _Opening:
    """A closing word ("ok, thanks") joins the case that it closes; with no case to join it still gets one."""
    is_closing = not facts.needs_reply and facts.intent in {"follow_up", "praise"}
    if is_closing and facts.has_recent_case:
        return _Opening(False, True, False, Reason("joins.closing_word"))
    return _Opening(True, True, not is_closing, Reason("opens.direct_message"))


def needs_reply(facts: Facts) -> bool:
    """The engine's verdict, and any question; for a review also what the labelling guideline names: a complaint about
    service, order, account or app."""
    if facts.needs_reply or facts.intent == "question":
        return True
    return facts.form == "review" and facts.topic in REVIEW_TOPICS and facts.intent == "complaint"


def _is_work(facts: Facts) -> bool:
    return facts.complaint or facts.escalate or needs_reply(facts)


def _weighed(facts: Facts, ruleset: RulesetSpec) -> Iterator[Reason]:
    """What the post says, then who says it, then what came before."""
    yield from _weighed_content(facts, ruleset)
    yield from _weighed_author(facts, ruleset)
    yield from _weighed_history(facts, ruleset)


def _weighed_content(facts: Facts, ruleset: RulesetSpec) -> Iterator[Reason]:
    weight = ruleset.weight
    if facts.severity:
        yield Reason(f"severity.{facts.severity}", weight(f"severity.{facts.severity}"))
    if facts.complaint:
        yield Reason("complaint", weight("complaint"))
    # By degree: how sure the engine is orders the queue better than its verdict alone (docs/triage.md).
    points = round(weight("escalate.possible") * facts.escalate_score, 1)
    if facts.escalate:
        yield Reason("escalate", points + weight("escalate"))
    elif facts.escalate_score >= POSSIBLE_ESCALATION_SCORE:
        yield Reason("escalate.possible", points)
    if needs_reply(facts):
        yield Reason("needs_reply", weight("needs_reply"))
    if facts.intent == "question":
        yield Reason("question", weight("question"))
    if facts.sentiment == "negative":
        yield Reason("sentiment.negative", weight("sentiment.negative"))
    if facts.form in {"direct_message", "review"}:
        yield Reason(f"form.{facts.form}", weight(f"form.{facts.form}"))
    if facts.complaint and weight(f"topic.{facts.topic}"):
        yield Reason(f"topic.{facts.topic}", weight(f"topic.{facts.topic}"))
    if facts.audience == "seller":
        yield Reason("audience.seller", weight("audience.seller"))
    if facts.is_public and PERSONAL_KINDS.intersection(facts.entity_kinds):
        yield Reason("exposed.personal", weight("exposed.personal"))
    if facts.is_crisis and facts.complaint:
        yield Reason("crisis", weight("crisis"))


def _weighed_author(facts: Facts, ruleset: RulesetSpec) -> Iterator[Reason]:
    followers = facts.author_followers or 0
    # Reach makes a complaint or question more urgent; praise and jokes of famous people are no work for the desk.
    if not _is_work(facts):
        return
    if facts.is_public:
        step = next((step for step in REACH_STEPS if followers >= step), None)
        if step is not None:
            yield Reason(f"author.reach.{step}", ruleset.weight(f"author.reach.{step}"), {"followers": followers})
    if facts.author_is_verified:
        yield Reason("author.verified", ruleset.weight("author.verified"))


def _weighed_history(facts: Facts, ruleset: RulesetSpec) -> Iterator[Reason]:
    if facts.author_is_opted_out:
        yield Reason("author.opted_out")
    if not _is_work(facts):
        return
    if facts.unanswered_posts:
        most = ruleset.weight("waiting.repeat.most")
        points = min(most, facts.unanswered_posts * ruleset.weight("waiting.repeat"))
        yield Reason("waiting.repeat", points, {"count": facts.unanswered_posts})
    if facts.hours_waiting is not None and facts.hours_waiting >= LONG_WAIT_HOURS:
        yield Reason("waiting.long", ruleset.weight("waiting.long"), {"hours": int(facts.hours_waiting)})
    if facts.author_recent_posts > facts.unanswered_posts:
        yield Reason("author.returns", ruleset.weight("author.returns"), {"count": facts.author_recent_posts})
    if facts.is_returning:
        yield Reason("case.returned", ruleset.weight("case.returned"))


def _apply(rule: RuleSpec, reasons: list[Reason], actions: list[dict[str, Any]]) -> None:
    """Adds what one rule that holds does; a set priority is written as the difference, so that reasons still sum up."""
    name = {"rule": rule.name}
    for action in rule.actions:
        if action.op == "add_priority":
            reasons.append(Reason("rule.add_priority", _number(action), name))
        elif action.op == "set_priority":
            reasons.append(Reason("rule.set_priority", _number(action) - _sum(reasons), name))
        else:
            reasons.append(Reason(f"rule.{action.op}", 0, name))
            if action.op in {"escalate", "assign", "tag"}:
                actions.append({**action.to_json(), "rule": rule.name})


def _number(action: Action) -> float:
    return float(action.value or 0)


def _sum(reasons: list[Reason]) -> float:
    return sum(reason.weight for reason in reasons)


def _is_forced_open(rules: list[RuleSpec]) -> bool:
    return _opens_by_rules(rules, False)


def _opens_by_rules(rules: list[RuleSpec], opens: bool) -> bool:
    """The last rule that says something about it wins; an escalation by rule opens a case too."""
    for rule in rules:
        for action in rule.actions:
            if action.op == "never_open":
                opens = False
            elif action.op in {"always_open", "escalate"}:
                opens = True
    return opens
