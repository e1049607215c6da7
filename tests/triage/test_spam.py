"""What is put aside as spam and what never is: the rule as sentences, on facts and on stored posts."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from monitor.analysis.models import Correction
from monitor.analysis.services import analyze_posts
from monitor.cases.models import Case
from monitor.cases.selectors import case_facts
from monitor.cases.services import open_cases
from monitor.erasure import Person
from monitor.inbox.models import Post
from monitor.triage.decide import decide
from monitor.triage.facts import Facts
from monitor.triage.marks import MOST_AUTHORS, author_signs
from monitor.triage.models import SpamMark, TriageDecision
from monitor.triage.offers import offers_of
from monitor.triage.privacy import erase_author, sweep_retention
from monitor.triage.rules import RuleSpec
from monitor.triage.ruleset import RulesetSpec
from monitor.triage.selectors import spam_count, unrepeatable_decisions
from monitor.triage.services import NotSpamError, TriageOutcome, mark_not_spam, triage_posts
from monitor.triage.spam import spam_reasons
from tests.analysis.making import WordEngine, make_author, make_post, make_thread

PLAIN = RulesetSpec()
ADVERT = Facts(platform="x", is_addressed=True, mentions_us=True, intent="promotion", offers=1)
COMPLAINT = Facts(
    platform="x", is_addressed=True, mentions_us=True, intent="complaint", needs_reply=True, complaint=True, severity=1
)
CHATTER = Facts(platform="x", is_addressed=True, mentions_us=True)
COPIES: dict[str, Any] = {"same_text_authors": 20}
UNWORDED: dict[str, Any] = {"offers": 1, "same_code_authors": 5}
SHARED: dict[str, Any] = {**UNWORDED, "has_offer_words": True}
SENT: dict[str, Any] = {"contacts": 1, "has_clear_promise": True}


@pytest.mark.parametrize(
    ("what", "facts", "is_spam"),
    [
        ("an advertisement of a plain person", ADVERT, False),
        ("an advertisement in the words of many", replace(ADVERT, **COPIES), True),
        ("an advertisement with the code of many", replace(ADVERT, same_code_authors=2), True),
        ("an advertisement with the code of one other", replace(ADVERT, same_code_authors=1), False),
        ("an advertisement from a young profile", replace(ADVERT, author_days_old=3), True),
        ("an advertisement of somebody who writes all day", replace(ADVERT, author_posts_in_hour=10), True),
        ("an advertisement of somebody who only posts links", replace(ADVERT, author_link_share=0.9), True),
        ("an advertisement with one code again and again", replace(ADVERT, code_repeats=3), True),
        ("a complaint around a shared code, in the words of many", replace(COMPLAINT, **SHARED, **COPIES), True),
        ("a complaint around a code of its own, in the words of many",
         replace(COMPLAINT, offers=1, has_offer_words=True, **COPIES), True),
        ("the same without a word of what to do with it: a coupon, the link of a petition",
         replace(COMPLAINT, **UNWORDED, **COPIES, author_posts_in_hour=30), False),
        ("a question with a bare link in the words of many",
         replace(CHATTER, **UNWORDED, **COPIES, intent="question"), False),
        ("a pasted complaint that nobody need answer, with the link of a petition",
         replace(COMPLAINT, **UNWORDED, **COPIES, needs_reply=False), False),
        ("chatter with a bare shared link in the words of many", replace(CHATTER, **UNWORDED, **COPIES), True),
        ("a grave complaint around a shared code, in the words of many",
         replace(COMPLAINT, **SHARED, **COPIES, severity=2), False),
        ("an advertisement that is grave", replace(ADVERT, **COPIES, severity=2), False),
        ("a complaint around a shared code, all day long", replace(COMPLAINT, **SHARED, author_posts_in_hour=30), True),
        ("an urgent one around a shared code, in the words of many",
         replace(COMPLAINT, **SHARED, **COPIES, escalate=True), False),
        ("chatter with a shared code from a young profile", replace(CHATTER, **SHARED, author_days_old=2), True),
        ("a complaint that quotes a shared code", replace(COMPLAINT, **SHARED), False),
        ("a new customer who quotes a shared code", replace(COMPLAINT, **SHARED, author_days_old=1), False),
        ("a question that quotes a shared code, with links",
         replace(CHATTER, **SHARED, intent="question", author_link_share=1.0), False),
        ("chatter with a shared code and nothing else", replace(CHATTER, **SHARED), False),
        ("a campaign: one complaint of thousands", replace(COMPLAINT, same_text_authors=50), False),
        ("an urgent campaign of young profiles",
         replace(COMPLAINT, same_text_authors=50, author_days_old=1, escalate=True), False),
        ("one complaint pasted everywhere", replace(COMPLAINT, author_posts_in_hour=40, author_link_share=1.0), False),
        ("a campaign that the engine takes for advertising and for a complaint",
         replace(COMPLAINT, intent="promotion", same_text_authors=50), False),
        ("a customer with an open case", replace(COMPLAINT, **SHARED, **COPIES, has_open_case=True), False),
        ("an advertiser with an open case", replace(ADVERT, **SHARED, **COPIES, has_open_case=True), True),
        ("a question taken for an advertisement, of a young profile that only posts links",
         replace(ADVERT, offers=0, needs_reply=True, author_days_old=1, author_link_share=1.0), False),
        ("a question taken for an advertisement, pasted by a crowd",
         replace(ADVERT, offers=0, needs_reply=True, **COPIES), False),
        ("a customer's word in the open case, taken for an advertisement of a young profile",
         replace(ADVERT, author_days_old=1, has_open_case=True), False),
        ("a complaint taken for an advertisement, in the open case, around a shared code",
         replace(ADVERT, complaint=True, **SHARED, **COPIES, has_open_case=True), False),
        ("the tale of a swindler, with the contact of three others, urgent",
         replace(COMPLAINT, **SENT, same_contact_authors=3, escalate=True, severity=3), True),
        ("the same in the words of many, each with a contact of its own", replace(COMPLAINT, **SENT, **COPIES), True),
        ("with the contact of two others, from a young profile",
         replace(COMPLAINT, **SENT, same_contact_authors=2, author_days_old=2, escalate=True), True),
        ("with the contact of two others, all day long",
         replace(CHATTER, **SENT, same_contact_authors=2, author_posts_in_hour=20, escalate=True), True),
        ("with the contact of two others and nothing else", replace(COMPLAINT, **SENT, same_contact_authors=2), False),
        ("with the contact of one other, from a young profile",
         replace(COMPLAINT, **SENT, same_contact_authors=1, author_days_old=2), False),
        ("a complaint with a contact of many and no clear promise",
         replace(COMPLAINT, contacts=1, same_contact_authors=50, **COPIES), False),
        ("an urgent word with a contact of many and no clear promise",
         replace(CHATTER, contacts=1, same_contact_authors=50, **COPIES, escalate=True), False),
        ("chatter with a contact of many and no clear promise",
         replace(CHATTER, contacts=1, same_contact_authors=50), True),
        ("a customer with an open case who sends others to a contact",
         replace(COMPLAINT, **SENT, same_contact_authors=50, has_open_case=True), False),
        ("an urgent word in an open case, with a contact",
         replace(CHATTER, **SENT, same_contact_authors=50, has_open_case=True, escalate=True), False),
        ("what a person has read as a complaint, with a contact",
         replace(COMPLAINT, **SENT, same_contact_authors=50, is_judged_complaint=True), False),
        ("a direct message with a contact",
         replace(COMPLAINT, **SENT, same_contact_authors=50, form="direct_message", is_public=False), False),
        ("a campaign without any contact, urgent, young, all day long",
         replace(COMPLAINT, **COPIES, escalate=True, author_days_old=1, author_posts_in_hour=40), False),
        ("what a person has read as chatter", replace(CHATTER, **SHARED, **COPIES, is_judged_intent=True), False),
        ("what a person has read as a complaint",
         replace(COMPLAINT, **SHARED, **COPIES, is_judged_complaint=True), False),
        ("a direct message with all of it", replace(ADVERT, **SHARED, **COPIES, form="direct_message", is_public=False,
                                                    author_days_old=0, author_posts_in_hour=50), False),
    ],
)  # fmt: skip
def test_it_tells_spam_from_people(what: str, facts: Facts, is_spam: bool) -> None:
    assert bool(spam_reasons(facts)) is is_spam, what
    outcome = decide(facts, PLAIN)
    assert outcome.is_spam is is_spam, what
    if is_spam:
        assert not outcome.opens_case and not outcome.joins_case and not outcome.is_flagged
        assert [reason.code for reason in outcome.reasons][0] == "never.spam" and len(outcome.reasons) > 1


def test_a_direct_message_gets_its_case_however_it_looks() -> None:
    assert decide(replace(ADVERT, **SHARED, **COPIES, form="direct_message", is_public=False), PLAIN).opens_case


def test_a_rule_of_the_lead_goes_before() -> None:
    is_x = {"field": "platform", "op": "is", "value": "x"}
    rule = RuleSpec.from_json({"name": "all", "conditions": [is_x], "actions": [{"op": "always_open"}]})
    assert decide(replace(ADVERT, **SHARED, **COPIES), RulesetSpec(rules=(rule,))).opens_case


def work(*posts: Post) -> list[TriageOutcome]:
    """The way of a batch from its words to its cases."""
    ids = [post.pk for post in posts]
    analyze_posts(post_ids=ids, engine=WordEngine())
    return triage_again(*ids)


def triage_again(*ids: int) -> list[TriageOutcome]:
    outcomes = triage_posts(post_ids=ids, case_facts=case_facts(ids))
    open_cases(outcomes=outcomes)
    return outcomes


def signs_of(posts: list[Post]) -> dict[int, dict[str, Any]]:
    return author_signs(posts, offers_of(posts))


def is_spam(post: Post) -> bool:
    return TriageDecision.objects.get(post=post, is_current=True).is_spam


def codes_of(post: Post) -> list[str]:
    return [reason["code"] for reason in TriageDecision.objects.get(post=post, is_current=True).reasons]


@pytest.mark.django_db
def test_spammers_who_ask_where_their_refund_is_get_no_case(brand: Any) -> None:
    text = "My refund is late, where is it? Use my code acs{} and get 100 dollars today"
    wave = [make_post(brand, text.format(123456 + number), author=f"bot{number}") for number in range(5)]
    work(*wave)
    assert all(is_spam(post) for post in wave)
    assert Case.objects.count() == 0
    assert codes_of(wave[0]) == ["never.spam", "spam.same_text"]


@pytest.mark.django_db
def test_other_words_around_one_code_are_found_too(brand: Any) -> None:
    texts = [
        "buy my stuff, use my code acs99x",
        "Great deals! Code: ACS99X buy my things",
        "buy my hat, use code acs99x",
    ]
    wave = [make_post(brand, text, author=f"bot{number}") for number, text in enumerate(texts)]
    work(*wave)
    assert all("spam.same_code" in codes_of(post) for post in wave)


@pytest.mark.django_db
def test_an_angry_customer_who_pastes_one_complaint_under_ten_posts_gets_one_case(brand: Any) -> None:
    now = timezone.now()
    pasted = [
        make_post(brand, "My parcel is late again, shame on you, give me my money back", thread=make_thread(brand),
                  at=now - timedelta(minutes=20 - number))
        for number in range(14)
    ]  # fmt: skip
    work(*pasted[:7])
    work(*pasted[7:])
    assert Case.objects.count() == 1
    assert Case.objects.get().post_count == 14
    assert not any(is_spam(post) for post in pasted)


@pytest.mark.django_db
def test_even_where_the_complaint_quotes_the_code_of_spammers_one_case_is_opened(brand: Any) -> None:
    work(*[make_post(brand, f"use my code acs77x, hat number {number}", author=f"bot{number}") for number in range(3)])
    text = "Your parcel is late again! You said: use my code acs77x, and nothing came"
    now = timezone.now()
    pasted = [make_post(brand, text, author="mia", at=now - timedelta(minutes=30 - number)) for number in range(14)]
    work(*pasted[:2])
    work(*pasted[2:])
    assert Case.objects.filter(author__handle="mia").count() == 1


@pytest.mark.django_db
def test_a_campaign_opens_a_case_for_each_of_its_people(brand: Any) -> None:
    text = "Lumora is late again and keeps our money! Copy and share #boycottlumora"
    joined = timezone.now() - timedelta(days=1)
    people = [make_author(brand, f"person{number}", joined_at=joined) for number in range(6)]
    posts = [make_post(brand, text, author=person) for person in people]
    work(*posts)
    assert Case.objects.count() == 6


@pytest.mark.django_db
def test_customers_whose_coupon_fails_are_heard(brand: Any) -> None:
    posts = [make_post(brand, "My code SAVE20 doesn't work and my refund is late", author=f"p{n}") for n in range(5)]
    work(*posts)
    assert Case.objects.count() == 5


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    [
        "I ordered with code SUMMER24, my refund is late, please fix",
        "https://lumora.com/sale?coupon=SUMMER24 and my refund is late, please fix",
        "Lumora is late again with our money, look https://change.example/p?ref=acs123456",
        "Your parcel is late, and my code: SUMMER24 gives me nothing at all",
    ],
)
def test_a_pasted_complaint_with_a_coupon_or_a_petition_opens_a_case_for_each(brand: Any, text: str) -> None:
    wave = [make_post(brand, text, author=f"p{number}") for number in range(6)]
    work(*wave)
    assert Case.objects.count() == 6


@pytest.mark.django_db
def test_the_brands_own_coupon_in_its_own_link_marks_nobody(brand: Any) -> None:
    post = make_post(brand, "See https://lumora.example/sale?coupon=SUMMER24")
    away = make_post(brand, "See https://elsewhere.example/sale?coupon=SUMMER24")
    signs = signs_of([post, away])
    assert (signs[post.pk]["offers"], signs[away.pk]["offers"]) == (0, 1)


@pytest.mark.django_db
def test_it_gathers_rate_age_and_links(brand: Any) -> None:
    now = timezone.now()
    author = make_author(brand, "busy", joined_at=now - timedelta(days=5, hours=1))
    old = make_post(brand, "hello there", author=author, at=now - timedelta(hours=2))
    posts = [
        make_post(brand, f"see https://a.example/{n}", author=author, at=now - timedelta(minutes=n)) for n in range(5)
    ]
    undated = make_post(brand, "hello", author=author, created_at=None)
    private = make_post(brand, "hello", author=author, form="direct_message")
    signs = signs_of([old, *posts, undated, private])
    assert signs[old.pk]["author_posts_in_hour"] == 1 and signs[old.pk]["author_link_share"] is None
    assert signs[posts[4].pk] == {
        "offers": 0, "has_offer_words": False, "contacts": 0, "has_clear_promise": False,
        "same_text_authors": 0, "same_code_authors": 0, "same_contact_authors": 0, "code_repeats": 0,
        "author_posts_in_hour": 1, "author_link_share": 0.83, "author_days_old": 5,
    }  # fmt: skip
    assert signs[posts[0].pk]["author_posts_in_hour"] == 1  # of those that came before it, none is as early
    assert signs[undated.pk]["author_posts_in_hour"] == 0 and signs[undated.pk]["author_days_old"] is None
    assert private.pk not in signs


@pytest.mark.django_db
def test_only_a_week_and_the_same_brand_count(brand: Any, other_brand: Any) -> None:
    def post(name: str, at: datetime | None = None, of: Any = brand) -> Post:
        return make_post(of, "Get a free hat today, use my code acs55x", author=name, at=at)

    now = timezone.now()
    triage_marks = signs_of([post("old1", now - timedelta(days=9)), post("old2", now - timedelta(days=8))])
    assert {signs["same_code_authors"] for signs in triage_marks.values()} == {1}
    elsewhere = post("there", of=other_brand)
    assert signs_of([elsewhere])[elsewhere.pk]["same_code_authors"] == 0
    fresh = post("fresh")
    assert signs_of([fresh])[fresh.pk]["same_code_authors"] == 0
    again = post("fresh")
    signs = signs_of([again])[again.pk]
    assert (signs["same_code_authors"], signs["code_repeats"]) == (0, 2)
    assert signs_of([again])[again.pk]["code_repeats"] == 2  # looked at twice, written once


@pytest.mark.django_db
def test_however_many_copy_the_look_is_bounded_and_by_index(brand: Any) -> None:
    posts = [
        make_post(brand, "Get a free hat today, use my code acs55x", author=f"bot{n}") for n in range(MOST_AUTHORS + 20)
    ]
    signs = signs_of(posts)
    assert {one["same_text_authors"] for one in signs.values()} <= {MOST_AUTHORS - 1, MOST_AUTHORS}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT author_id FROM triage_spammark WHERE mark = 1 AND brand_id = 1 LIMIT 10")
        assert "one_spam_mark_per_author" in " ".join(row[0] for row in cursor.fetchall())


@pytest.mark.django_db
def test_marks_go_after_a_week_and_with_the_post(brand: Any) -> None:
    now = timezone.now()
    old = make_post(brand, "Get a free hat today, use my code acs55x", author="old", at=now - timedelta(days=9))
    new = make_post(brand, "Get a free hat today, use my code acs55x", author="new")
    signs_of([old, new])
    sweep_retention(now)
    assert set(SpamMark.objects.values_list("post_id", flat=True)) == {new.pk}


@pytest.mark.django_db
def test_a_post_from_a_clock_that_goes_ahead_counts_now_and_is_kept_no_longer(brand: Any) -> None:
    now = timezone.now()
    text = "Get a free hat today, use my code acs55x"
    ahead = make_post(brand, text, author="ahead", at=now + timedelta(days=400))
    signs_of([ahead])
    today = make_post(brand, text, author="today")
    assert signs_of([today])[today.pk]["same_code_authors"] == 1
    assert signs_of([ahead])[ahead.pk]["same_code_authors"] == 1
    sweep_retention(now + timedelta(days=7))
    assert set(SpamMark.objects.values_list("post_id", flat=True)) == {ahead.pk, today.pk}
    sweep_retention(now + timedelta(days=9))
    assert not SpamMark.objects.exists()


@pytest.mark.django_db
def test_marks_go_with_the_person(brand: Any) -> None:
    post = make_post(brand, "Get a free hat today, use my code acs55x", author="mia")
    other = make_post(brand, "Get a free hat today, use my code acs55x", author="lee")
    signs_of([post, other])
    erase_author(Person("x", "id-mia", (brand.pk,), author_ids=(post.author_id or 0,), post_ids=(post.pk,)))
    assert set(SpamMark.objects.values_list("author_id", flat=True)) == {other.author_id}


def _spam_wave(brand: Any) -> list[Post]:
    text = "My parcel is late, where is it? Use my code acs{} and get 100 dollars today"
    wave = [make_post(brand, text.format(n), author=f"bot{n}") for n in range(100_000, 100_005)]
    work(*wave)
    return wave


@pytest.mark.django_db
def test_one_click_of_a_reviewer_and_it_goes_the_usual_way(brand: Any, bob: Any) -> None:
    post, *others = _spam_wave(brand)
    assert spam_count(brand_id=brand.pk, since=timezone.now() - timedelta(days=1)) == 5
    mark_not_spam(user=bob, post=post, intent="complaint")
    triage_again(post.pk)
    assert Case.objects.get().deciding_post_id == post.pk
    assert Correction.objects.get(post=post, field="intent").value == "complaint"
    assert spam_count(since=timezone.now() - timedelta(days=1)) == 4
    assert all(is_spam(other) for other in others)
    with pytest.raises(NotSpamError):
        mark_not_spam(user=bob, post=post, intent="complaint")


@pytest.mark.django_db
def test_only_who_answers_may_say_so(brand: Any, charlie: Any) -> None:
    post = _spam_wave(brand)[0]
    with pytest.raises(PermissionDenied):
        mark_not_spam(user=charlie, post=post, intent="complaint")
    assert is_spam(post)


@pytest.mark.django_db
def test_spam_is_decided_the_same_again_bit_for_bit(brand: Any) -> None:
    _spam_wave(brand)
    assert unrepeatable_decisions(brand.pk) == []
