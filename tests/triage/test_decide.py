"""Who gets a case, how urgent it is, and why: the decision as sentences."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.console.reasons import sentence
from monitor.nlp.labels import AUDIENCES, INTENTS, SENTIMENTS, TOPICS
from monitor.platforms.base import FORMS
from monitor.triage.decide import Outcome, decide
from monitor.triage.facts import Facts, is_addressed_to_us
from monitor.triage.reasons import SENTENCES
from monitor.triage.rules import Action, Condition, RuleSpec
from monitor.triage.ruleset import DEFAULT_WEIGHTS, RulesetSpec

PLAIN = RulesetSpec()
COMPLAINT = Facts(
    platform="x", is_addressed=True, mentions_us=True, intent="complaint", needs_reply=True, complaint=True, severity=1,
    sentiment="negative", topic="delivery", audience="buyer",
)  # fmt: skip
MESSAGE = replace(COMPLAINT, form="direct_message", is_public=False)


def codes(outcome: Outcome) -> list[str]:
    return [reason.code for reason in outcome.reasons]


@pytest.mark.parametrize(
    ("what", "facts", "opens"),
    [
        ("a complaint that mentions us", COMPLAINT, True),
        ("a question to us", replace(COMPLAINT, intent="question", complaint=False, severity=0), True),
        ("a question that the engine would leave", replace(COMPLAINT, intent="question", needs_reply=False), True),
        ("any direct message", replace(MESSAGE, intent="chatter", needs_reply=False, complaint=False), True),
        ("an advertisement in a direct message", replace(MESSAGE, intent="promotion", needs_reply=False), True),
        ("praise that mentions us", replace(COMPLAINT, intent="praise", needs_reply=False, complaint=False), False),
        ("a mild complaint that only a search found", replace(COMPLAINT, is_addressed=False), False),
        ("a grave one that only a search found", replace(COMPLAINT, is_addressed=False, escalate=True), True),
        ("advertising that mentions us",
         replace(COMPLAINT, intent="promotion", complaint=False, needs_reply=False, severity=0), False),
        ("a complaint that is taken for advertising", replace(COMPLAINT, intent="promotion"), True),
        ("a question about a voucher that is taken for advertising",
         replace(COMPLAINT, intent="promotion", complaint=False, severity=0), True),
        ("fraud that looks like advertising", replace(COMPLAINT, intent="promotion", escalate=True), True),
        ("our own post", replace(COMPLAINT, is_own=True, escalate=True), False),
        ("a bot", replace(COMPLAINT, author_is_automated=True), False),
        ("a bot's direct message", replace(MESSAGE, author_is_automated=True), False),
        ("a post that was deleted unread", replace(COMPLAINT, has_reading=False), False),
        ("closing thanks in public", replace(COMPLAINT, intent="follow_up", needs_reply=False, complaint=False), False),
        ("a review about the app",
         Facts(form="review", is_addressed=True, intent="complaint", complaint=True, topic="app_website"), True),
        ("a review about the cloth",
         Facts(form="review", is_addressed=True, intent="complaint", complaint=True, topic="after_sales"), False),
    ],
)  # fmt: skip
def test_it_decides_who_gets_a_case(what: str, facts: Facts, opens: bool) -> None:
    assert decide(facts, PLAIN).opens_case is opens, what


@pytest.mark.parametrize(
    ("what", "facts", "joins", "needs_answer"),
    [
        ("more details in one's own open case", dict(intent="follow_up", needs_reply=True), True, True),
        ("a closing word in an open case", dict(intent="follow_up", needs_reply=False), True, False),
        ("a joke in one's own open case", dict(intent="chatter", needs_reply=False), True, False),
        (
            "what is taken for advertising in one's own open case",
            dict(intent="promotion", needs_reply=False),
            True,
            False,
        ),
        ("a question that is taken for it there", dict(intent="promotion", needs_reply=True), True, True),
        ("a question that the engine would leave", dict(intent="question", needs_reply=False), True, True),
    ],
)
def test_a_word_in_an_open_case_joins_it(what: str, facts: dict[str, Any], joins: bool, needs_answer: bool) -> None:
    quiet = replace(COMPLAINT, complaint=False, severity=0, is_addressed=False)
    quiet = replace(quiet, has_open_case=True, has_recent_case=True)
    outcome = decide(replace(quiet, **facts), PLAIN)
    assert (outcome.opens_case, outcome.joins_case, outcome.needs_answer) == (False, joins, needs_answer), what


def test_closing_thanks_in_a_message_joins_a_resolved_case_without_opening_it_again() -> None:
    thanks = replace(MESSAGE, intent="follow_up", needs_reply=False, complaint=False, severity=0)
    first = decide(thanks, PLAIN)
    assert (first.opens_case, first.needs_answer) == (True, False)
    later = decide(replace(thanks, has_recent_case=True, is_returning=True), PLAIN)
    assert (later.opens_case, later.joins_case, later.needs_answer) == (False, True, False)


def test_what_only_a_search_found_is_lifted_to_where_people_look() -> None:
    grave = replace(COMPLAINT, is_addressed=False, severity=3, escalate=True, threshold=99)
    outcome = decide(grave, PLAIN)
    assert outcome.is_flagged and outcome.priority == 99 and "watch" in codes(outcome)


def test_severity_three_without_address_is_shown_but_opens_no_case() -> None:
    outcome = decide(replace(COMPLAINT, is_addressed=False, severity=3), PLAIN)
    assert outcome.is_flagged and not outcome.opens_case


def test_flagged_means_at_or_above_the_threshold_of_the_brand() -> None:
    priority = decide(COMPLAINT, PLAIN).priority
    assert decide(COMPLAINT.with_threshold(priority), PLAIN).is_flagged
    assert not decide(COMPLAINT.with_threshold(priority + 1), PLAIN).is_flagged


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (dict(severity=2), "severity.2"),
        (dict(escalate=True), "escalate"),
        (dict(escalate_score=0.4), "escalate.possible"),
        (dict(topic="account_security"), "topic.account_security"),
        (dict(audience="seller"), "audience.seller"),
        (dict(entity_kinds=("email",)), "exposed.personal"),
        (dict(author_followers=250_000), "author.reach.100000"),
        (dict(author_is_verified=True), "author.verified"),
        (dict(unanswered_posts=2), "waiting.repeat"),
        (dict(hours_waiting=30.0), "waiting.long"),
        (dict(is_returning=True), "case.returned"),
        (dict(is_crisis=True), "crisis"),
        (dict(author_recent_posts=3), "author.returns"),
    ],
)
def test_it_says_what_made_a_post_more_urgent(change: dict[str, Any], code: str) -> None:
    before, after = decide(COMPLAINT, PLAIN), decide(replace(COMPLAINT, **change), PLAIN)
    assert code in codes(after) and code not in codes(before)
    assert after.priority > before.priority


def test_a_question_that_the_engine_would_leave_weighs_as_any_other() -> None:
    known = dict(author_followers=2_000_000, author_is_verified=True, unanswered_posts=2, hours_waiting=50.0)
    asked = replace(COMPLAINT, complaint=False, severity=0, intent="question", **known)
    left = decide(replace(asked, needs_reply=False), PLAIN)
    assert {"author.reach.1000000", "author.verified", "waiting.repeat", "waiting.long"} <= set(codes(left))
    assert left == decide(asked, PLAIN)


def test_who_has_waited_less_than_a_day_has_not_waited_long() -> None:
    assert "waiting.long" not in codes(decide(replace(COMPLAINT, unanswered_posts=3, hours_waiting=23.9), PLAIN))


def test_how_sure_the_engine_is_orders_the_queue() -> None:
    surer = [decide(replace(COMPLAINT, escalate_score=score), PLAIN).priority for score in (0.1, 0.3, 0.5, 0.7)]
    assert surer == sorted(set(surer))
    assert decide(replace(COMPLAINT, escalate_score=0.7, escalate=True), PLAIN).priority > surer[-1]


def test_an_order_number_in_public_is_everyday_but_a_telephone_number_is_not() -> None:
    assert "exposed.personal" not in codes(decide(replace(COMPLAINT, entity_kinds=("order_number",)), PLAIN))
    assert "exposed.personal" not in codes(decide(replace(MESSAGE, entity_kinds=("phone",)), PLAIN))


def test_the_fame_of_somebody_who_praises_us_is_no_work_for_the_desk() -> None:
    praise = Facts(is_addressed=True, intent="praise", author_followers=5_000_000, author_is_verified=True)
    assert decide(praise, PLAIN).priority == 0


def rule(*actions: Action, field: str = "platform", value: Any = "x") -> RulesetSpec:
    return RulesetSpec(rules=(RuleSpec("Mine", (Condition(field, "is", value),), actions),))


def test_a_rule_sets_the_priority_and_the_reasons_still_sum_up() -> None:
    outcome = decide(COMPLAINT, rule(Action("set_priority", 77)))
    assert outcome.priority == 77 == sum(reason.weight for reason in outcome.reasons)


def test_a_rule_can_keep_a_post_from_opening_a_case_and_another_can_open_one() -> None:
    assert not decide(COMPLAINT, rule(Action("never_open"))).opens_case
    chatter = Facts(platform="x", is_addressed=True)
    outcome = decide(chatter, rule(Action("always_open")))
    assert (outcome.opens_case, outcome.joins_case, outcome.needs_answer) == (True, True, True)


def test_a_rule_opens_a_case_for_a_bot_but_never_for_our_own_post() -> None:
    assert decide(replace(COMPLAINT, author_is_automated=True), rule(Action("always_open"))).opens_case
    assert not decide(replace(COMPLAINT, is_own=True), rule(Action("always_open"))).opens_case


def test_a_rule_that_does_not_hold_does_nothing() -> None:
    assert decide(COMPLAINT, rule(Action("set_priority", 1), value="facebook")) == decide(COMPLAINT, PLAIN)


def test_actions_of_rules_are_handed_on_as_data() -> None:
    outcome = decide(COMPLAINT, rule(Action("assign", 7), Action("tag", "vip"), Action("escalate")))
    assert [dict(action) for action in outcome.actions] == [
        {"op": "assign", "value": 7, "rule": "Mine"},
        {"op": "tag", "value": "vip", "rule": "Mine"},
        {"op": "escalate", "rule": "Mine"},
    ]


@pytest.mark.parametrize(
    ("what", "change", "addressed"),
    [
        ("a mention", dict(mentions_us=True), True),
        ("a quote of our post", dict(form="quote", quotes_us=True), True),
        ("an answer to our post", dict(form="reply", replies_to_us=True), True),
        ("a comment on our page", dict(form="comment", channel_kind="page"), True),
        ("a review on our page", dict(form="review", channel_kind="page"), True),
        ("a private message", dict(is_public=False, form="direct_message"), True),
        ("an imported line", dict(arrival="import"), True),
        ("an imported line taken as live", dict(channel_kind="import"), True),
        ("a post found by search", dict(channel_kind="search"), False),
        ("a comment found by search", dict(form="comment", channel_kind="search"), False),
        ("a post in somebody's timeline", dict(channel_kind="account"), False),
    ],
)
def test_it_knows_who_speaks_to_us_and_who_speaks_of_us(what: str, change: dict[str, Any], addressed: bool) -> None:
    plain: dict[str, Any] = dict(
        form="post", is_public=True, mentions_us=False, quotes_us=False, replies_to_us=False, arrival="live",
        channel_kind="account",
    )  # fmt: skip
    assert is_addressed_to_us(**{**plain, **change}) is addressed, what


scores = st.floats(0, 1)
any_facts = st.builds(
    Facts,
    platform=st.sampled_from(["x", "facebook", "import"]),
    form=st.sampled_from(FORMS),
    arrival=st.sampled_from(["live", "backfill", "import"]),
    intent=st.sampled_from(INTENTS),
    sentiment=st.sampled_from(SENTIMENTS),
    topic=st.sampled_from(TOPICS),
    audience=st.sampled_from(AUDIENCES),
    needs_reply_score=scores,
    complaint_score=scores,
    escalate_score=scores,
    severity=st.integers(0, 3),
    entity_kinds=st.lists(st.sampled_from(["email", "phone", "order_number"]), unique=True).map(tuple),
    author_followers=st.none() | st.integers(0, 10**9),
    author_recent_posts=st.integers(0, 60),
    unanswered_posts=st.integers(0, 60),
    hours_waiting=st.none() | st.floats(0, 1e5),
    threshold=st.integers(0, 100),
    language=st.text(max_size=5),
    market=st.text(max_size=5),
    **{
        name: st.booleans()
        for name in (
            "is_public", "is_own", "mentions_us", "quotes_us", "is_addressed", "has_reading", "needs_reply",
            "complaint", "escalate", "author_is_verified", "author_is_automated", "author_is_opted_out",
            "has_open_case", "has_recent_case", "is_returning", "is_crisis",
        )
    },
)  # fmt: skip
any_weights = st.dictionaries(st.sampled_from(sorted(DEFAULT_WEIGHTS)), st.floats(-200, 200), min_size=3)
any_ruleset = st.just(PLAIN) | st.builds(RulesetSpec, weights=any_weights)


@given(any_facts, any_ruleset)
def test_a_priority_lies_between_0_and_100_whatever_the_weights(facts: Facts, ruleset: RulesetSpec) -> None:
    outcome = decide(facts, ruleset)
    assert 0 <= outcome.priority <= 100
    assert outcome.priority == min(100, max(0, round(sum(reason.weight for reason in outcome.reasons))))
    assert outcome.is_flagged == (outcome.priority >= facts.threshold) or codes(outcome)[0].startswith("never.")


@given(any_facts)
def test_more_severity_never_lowers_the_priority(facts: Facts) -> None:
    priorities = [decide(replace(facts, severity=severity), PLAIN).priority for severity in range(4)]
    assert priorities == sorted(priorities)


@given(any_facts)
def test_what_opens_a_case_also_joins_one_and_what_is_ours_never_does(facts: Facts) -> None:
    outcome = decide(facts, PLAIN)
    assert outcome.joins_case or not outcome.opens_case
    assert outcome.joins_case or not outcome.needs_answer
    if facts.is_own or not facts.has_reading or facts.author_is_automated:
        assert not outcome.joins_case and outcome.priority == 0


@given(any_facts, any_ruleset)
def test_facts_and_rules_through_json_decide_the_same(facts: Facts, ruleset: RulesetSpec) -> None:
    facts_again = Facts.from_json(json.loads(json.dumps(facts.to_json())))
    ruleset_again = RulesetSpec.from_json(json.loads(json.dumps(ruleset.to_json())))
    assert facts_again == facts
    assert ruleset_again.version == ruleset.version
    assert decide(facts_again, ruleset_again) == decide(facts, ruleset)


@given(any_facts)
def test_every_reason_has_a_sentence(facts: Facts) -> None:
    for reason in decide(facts, PLAIN).reasons:
        assert reason.code in SENTENCES
        assert "%(" not in sentence(reason)


def test_facts_of_an_older_version_take_the_defaults_and_unknown_ones_are_refused() -> None:
    assert Facts.from_json({"intent": "question"}).threshold == 50
    assert Facts.from_json({"hours_since_own_reply": 720.0}) == Facts()  # asked by nothing any more
    with pytest.raises(ValueError, match="shoe_size"):
        Facts.from_json({"shoe_size": 44})
