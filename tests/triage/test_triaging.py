"""Decisions on stored posts: facts, rule set and outcome are kept, and history decides the same again, bit for bit."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.analysis.services import analyze_posts
from monitor.audit.models import AuditEvent
from monitor.brands.models import Brand, Market, Switch
from monitor.brands.services import set_thresholds
from monitor.inbox.models import Author, Post, PostChange
from monitor.triage.facts import CaseFacts
from monitor.triage.models import Rule, Ruleset, TriageDecision
from monitor.triage.rules import RuleSpec
from monitor.triage.selectors import backtest_of, past_decisions, rules_of, unrepeatable_decisions
from monitor.triage.services import TriageOutcome, delete_rule, remember_own_contacts, save_rule, triage_posts
from tests.analysis.making import WordEngine, make_channel, make_post, make_thread

pytestmark = pytest.mark.django_db

LATE = [{"field": "topic", "op": "is", "value": "delivery"}]


def triage(*posts: Post, case_facts: dict[int, CaseFacts] | None = None) -> list[TriageOutcome]:
    ids = [post.pk for post in posts]
    analyze_posts(post_ids=ids, engine=WordEngine())
    return triage_posts(post_ids=ids, case_facts=case_facts or {})


def decision_on(post: Post) -> TriageDecision:
    return TriageDecision.objects.get(post=post, is_current=True)


def test_it_stores_the_decision_with_its_facts_and_moves_the_post_on(brand: Any) -> None:
    post = make_post(brand, "My parcel is late")
    outcome = triage(post)[0]
    stored = decision_on(post)
    assert (stored.opens_case, stored.priority) == (True, outcome.priority)
    assert stored.facts["topic"] == "delivery" and stored.facts["mentions_us"] is True
    assert Post.objects.get(pk=post.pk).stage == "triaged"
    assert PostChange.objects.filter(post_id=post.pk, kind="triaged").count() == 1
    assert Ruleset.objects.get(brand=brand).version == stored.ruleset_version


def test_a_second_run_decides_nothing(brand: Any) -> None:
    post = make_post(brand)
    triage(post)
    assert triage_posts(post_ids=[post.pk], case_facts={}) == []
    assert TriageDecision.objects.count() == 1


def test_an_edited_post_gets_a_new_decision_and_keeps_the_old_one(brand: Any) -> None:
    post = make_post(brand, "late")
    triage(post)
    Post.objects.filter(pk=post.pk).update(text="it is fraud", version=2, stage="received")
    assert triage(post)[0].is_flagged
    assert TriageDecision.objects.filter(post=post).count() == 2
    assert decision_on(post).facts["severity"] == 3


def test_it_gathers_what_the_rooms_below_know(brand: Any) -> None:
    author = Author.objects.create(
        brand=brand, platform="x", external_id="9", followers=20_000, is_verified=True, is_opted_out=True
    )
    Switch.objects.create(brand=brand, name="crisis", is_on=True)
    first = make_post(brand, "late", author=author, at=timezone.now() - timedelta(days=2))
    old = make_post(brand, "late", author=author, at=timezone.now() - timedelta(days=20))
    triage(first, old)
    post = make_post(brand, "late again, call +49 30 901820 now", author=author)
    triage(post, case_facts={post.pk: CaseFacts(has_open_case=True, has_recent_case=True, unanswered_posts=1)})
    facts = decision_on(post).facts
    assert facts["author_followers"] == 20_000 and facts["author_is_verified"] and facts["author_is_opted_out"]
    assert facts["author_recent_posts"] == 1
    assert facts["is_crisis"] and facts["has_open_case"] and facts["unanswered_posts"] == 1
    assert "phone" in facts["entity_kinds"]


def test_a_rule_asks_what_the_platform_told_beyond_the_words(brand: Any, alice: Any) -> None:
    conditions = [{"field": "is_on_ad", "op": "is", "value": True}, {"field": "stars", "op": "at_most", "value": 2}]
    save_rule(brand=brand, user=alice, name="Ads", conditions=conditions, actions=[{"op": "tag", "value": "ads"}])
    told = {"ad_id": "7", "stars": 2, "recommends": False, "app_version": "4.1.2", "device": "Pixel 9"}
    rated, plain = make_post(brand, "late", extra=told), make_post(brand, "late")
    triage(rated, plain)
    facts = decision_on(rated).facts
    assert (facts["is_on_ad"], facts["stars"], facts["recommends"], facts["app_version"]) == (True, 2, False, "4.1.2")
    assert "device" not in facts
    assert decision_on(rated).actions and not decision_on(plain).actions


def test_an_answer_to_our_own_post_is_addressed_to_us(brand: Any) -> None:
    thread = make_thread(brand)
    ours = make_post(brand, "Good morning", thread=thread, is_own=True, author=None)
    search = make_channel(brand, kind="search")
    answer = make_post(
        brand, "late", thread=thread, in_reply_to=ours.external_id, form="reply", mentions_us=False, channel=search
    )
    among_others = make_post(
        brand, "late", thread=thread, in_reply_to=answer.external_id, form="reply", mentions_us=False, channel=search
    )
    assert [outcome.opens_case for outcome in triage(answer, among_others)] == [True, False]


def test_a_batch_costs_a_fixed_number_of_queries(brand: Any) -> None:
    def queries(posts: list[Post]) -> int:
        ids = [post.pk for post in posts]
        analyze_posts(post_ids=ids, engine=WordEngine())
        with CaptureQueriesContext(connection) as captured:
            triage_posts(post_ids=ids, case_facts={})
        return len(captured)

    queries([make_post(brand)])
    assert queries([make_post(brand) for _ in range(3)]) == queries([make_post(brand) for _ in range(30)])


def test_history_decides_the_same_again_bit_for_bit(brand: Any, alice: Any) -> None:
    posts = [make_post(brand, text) for text in ("late", "late again", "fraud!", "nice", "when?", "buy my coupons")]
    triage(*posts[:3])
    save_rule(user=alice, brand=brand, name="All", conditions=LATE, actions=[{"op": "add_priority", "value": 3}])
    triage(*posts[3:])
    triage(make_post(brand, "late once more"))
    assert len({past.ruleset_version for past in past_decisions(brand.pk)}) == 2
    assert unrepeatable_decisions(brand.pk) == []


def test_a_tampered_decision_is_found(brand: Any) -> None:
    post, other = make_post(brand, "late"), make_post(brand, "late")
    triage(post, other)
    TriageDecision.objects.filter(post=post).update(priority=99)
    assert unrepeatable_decisions(brand.pk) == [post.pk]


def test_what_an_earlier_version_decided_is_not_run_again_by_this_one(brand: Any) -> None:
    post, other = make_post(brand, "late"), make_post(brand, "late")
    triage(post, other)
    TriageDecision.objects.filter(post=post).update(ruleset_version="3-0123456789abcdef", priority=99)
    assert unrepeatable_decisions(brand.pk) == []
    TriageDecision.objects.filter(post=other).update(priority=99)
    assert unrepeatable_decisions(brand.pk) == [other.pk]


def test_the_hotline_and_mailbox_of_the_brand_are_nobodys_personal_details(brand: Any) -> None:
    Market.objects.create(
        brand=brand, code="gb", name="Britain", hand_offs=[{"to": "hotline", "number": "0800 123 456"}]
    )
    text = "late! I called 0800 123 456 and wrote to support@lumora.com"
    own, theirs = make_post(brand, text), make_post(brand, f"{text}, call me: +49 30 901820")
    mailed = make_post(brand, "late! I wrote to support@lumora.com from mia@post.example")
    triage(own, theirs, mailed)
    kinds = [decision_on(post).facts["entity_kinds"] for post in (own, theirs, mailed)]
    assert kinds == [[], ["phone"], ["email"]]
    exposed = [
        "exposed.personal" in {one["code"] for one in decision_on(post).reasons} for post in (own, theirs, mailed)
    ]
    assert exposed == [False, True, True]


def test_nor_is_the_number_that_it_told_in_public_in_any_spelling(brand: Any, other_brand: Any) -> None:
    told = make_post(brand, "Call us: 030 901820", author="lumora", is_own=True, own_by="us")
    remember_own_contacts(post_ids=[told.pk])
    here, there = (make_post(of, "late, and nobody answers at +49 (30) 901 820") for of in (brand, other_brand))
    triage(here, there)
    assert [decision_on(post).facts["entity_kinds"] for post in (here, there)] == [[], ["phone"]]


def test_a_back_test_says_what_another_threshold_and_another_rule_would_do(brand: Any, alice: Any) -> None:
    late, fraud = make_post(brand, "late"), make_post(brand, "fraud")
    triage(late, fraud)
    assert backtest_of(alice, brand).unchanged == 2
    stricter = backtest_of(alice, brand, threshold=10)
    assert (stricter.flagged_before, stricter.flagged_after) == (1, 2)
    assert stricter.examples["flags"] == [late.pk]
    never = RuleSpec.from_json({"name": "no", "conditions": LATE, "actions": [{"op": "never_open"}]})
    report = backtest_of(alice, brand, rules=[never])
    assert (report.opened_before, report.opened_after) == (2, 0)
    assert TriageDecision.objects.filter(opens_case=True).count() == 2  # a test on paper changes nothing


def test_a_rule_of_the_lead_works_at_once_and_is_on_record(brand: Any, alice: Any) -> None:
    actions = [{"op": "set_priority", "value": 91}]
    made = save_rule(user=alice, brand=brand, name="Late", conditions=LATE, actions=actions)
    assert triage(make_post(brand, "late"))[0].priority == 91
    delete_rule(user=alice, brand=brand, rule_id=made.pk)
    assert triage(make_post(brand, "late"))[0].priority != 91
    assert list(AuditEvent.objects.order_by("id").values_list("act", flat=True)) == ["rule.made", "rule.deleted"]


def test_one_unreadable_rule_does_not_stop_the_pipeline(brand: Any) -> None:
    Rule.objects.create(brand=brand, name="old", conditions=[{"field": "gone", "op": "is", "value": 1}], actions=[])
    assert triage(make_post(brand, "late"))[0].opens_case


def test_rules_of_one_brand_do_not_touch_another(brand: Any, other_brand: Any, alice: Any) -> None:
    save_rule(user=alice, brand=brand, name="Late", conditions=LATE, actions=[{"op": "set_priority", "value": 91}])
    assert triage(make_post(other_brand, "late"))[0].priority != 91


def test_the_threshold_holds_from_now_on(brand: Any, alice: Any) -> None:
    assert not triage(make_post(brand, "late"))[0].is_flagged
    set_thresholds(user=alice, brand=brand, flag_threshold=5, acknowledgement_cooldown_hours=24)
    assert triage(make_post(Brand.objects.get(pk=brand.pk), "late"))[0].is_flagged


@pytest.mark.parametrize("person", ["bob", "charlie"])
def test_only_the_lead_steers(brand: Any, person: str, request: pytest.FixtureRequest) -> None:
    user = request.getfixturevalue(person)
    with pytest.raises(PermissionDenied):
        save_rule(user=user, brand=brand, name="x", conditions=LATE, actions=[{"op": "never_open"}])
    with pytest.raises(PermissionDenied):
        backtest_of(user, brand)


def test_rules_are_shown_to_the_brand_s_own_people_only(brand: Any, bob: Any, charlie: Any) -> None:
    assert rules_of(bob, brand) == []
    with pytest.raises(PermissionDenied):
        rules_of(charlie, brand)
