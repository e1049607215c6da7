"""Suggestions and articles in the tables: once a post, in bulk, and what people edited is kept."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitor.analysis.models import Analysis
from monitor.brands.models import Market
from monitor.cases.models import Case
from monitor.cases.services import correct_reading, mark_not_complaint
from monitor.inbox.models import Post
from monitor.replies import services
from monitor.replies.models import Article, SuggestedReply
from monitor.replies.phrasebook import phrasebooks
from monitor.replies.selectors import cases_without_suggestion
from monitor.replies.services import suggesting
from tests.cases.making import run_pipeline
from tests.support.desk import make_case, make_post


def waiting_case(brand: Any, text: str = "where is my refund", **fields: Any) -> Case:
    return make_case(brand, text, suggestion="", **{"topic": "after_sales", "severity": 1, **fields})


def another_joins(case: Case) -> None:
    first = case.deciding_post
    post = make_post(
        case.brand,
        "My parcel is late and now broken",
        conversation=first.conversation,
        author=first.author,
        stage="received",
    )
    assert run_pipeline(post) == [case.pk]


def test_a_case_gets_one_suggestion_however_often_it_is_asked_for(brand: Any) -> None:
    case = waiting_case(brand)
    assert services.suggest_for_cases(case_ids=[case.pk]) == 1
    assert services.suggest_for_cases(case_ids=[case.pk]) == 0
    made = SuggestedReply.objects.get()
    assert (made.language, made.guard, made.post) == ("en", [], case.deciding_post)
    assert "private message" in made.text


def test_a_new_question_gets_a_suggestion_of_its_own(brand: Any) -> None:
    case = waiting_case(brand)
    services.suggest_for_cases(case_ids=[case.pk])
    another_joins(case)
    assert cases_without_suggestion() == [case.pk]
    assert services.suggest_for_cases(case_ids=[case.pk]) == 1
    assert cases_without_suggestion() == []


def test_an_edited_post_is_suggested_for_again(brand: Any) -> None:
    case = waiting_case(brand)
    services.suggest_for_cases(case_ids=[case.pk])
    Post.objects.update(text="I was charged twice", version=2)
    assert services.suggest_for_cases(case_ids=[case.pk]) == 1


def test_a_correction_leads_to_a_fresh_suggestion_and_the_old_one_stays(brand: Any, bob: Any) -> None:
    case = waiting_case(brand)
    services.suggest_for_cases(case_ids=[case.pk])
    assert cases_without_suggestion() == []
    correct_reading(user=bob, case=case, field="language", value="de")
    assert cases_without_suggestion() == [case.pk]
    assert services.suggest_for_cases(case_ids=[case.pk]) == 1
    assert cases_without_suggestion() == []
    assert services.suggest_for_cases(case_ids=[case.pk]) == 0
    first, second = SuggestedReply.objects.order_by("pk")
    assert (first.language, second.language) == ("en", "de")
    assert first.text != second.text and first.engine != second.engine


@pytest.mark.parametrize(("field", "value"), [("topic", "account_security"), ("severity", 3), ("complaint", False)])
def test_each_verdict_is_suggested_for_once(field: str, value: Any, brand: Any, bob: Any) -> None:
    case = waiting_case(brand)
    services.suggest_for_cases(case_ids=[case.pk])
    correct_reading(user=bob, case=case, field=field, value=value)
    assert services.suggest_for_cases(case_ids=cases_without_suggestion()) == 1
    first, second = SuggestedReply.objects.order_by("pk")
    assert first.text != second.text
    correct_reading(user=bob, case=case, field=field, value=value)  # says what the reading says already
    assert cases_without_suggestion() == []


def test_a_verdict_that_is_taken_back_is_suggested_for_too(brand: Any, bob: Any) -> None:
    case = waiting_case(brand)
    services.suggest_for_cases(case_ids=[case.pk])
    for language in ("de", "en"):
        correct_reading(user=bob, case=case, field="language", value=language)
        services.suggest_for_cases(case_ids=cases_without_suggestion())
    assert list(SuggestedReply.objects.order_by("pk").values_list("language", flat=True)) == ["en", "de", "en"]


def test_a_verdict_before_the_first_suggestion_needs_no_second(brand: Any, bob: Any) -> None:
    case = waiting_case(brand)
    correct_reading(user=bob, case=case, field="language", value="de")
    assert services.suggest_for_cases(case_ids=cases_without_suggestion()) == 1
    assert cases_without_suggestion() == []
    assert SuggestedReply.objects.get().language == "de"


def test_nobody_who_has_begun_to_answer_gets_other_words(brand: Any, bob: Any) -> None:
    case = waiting_case(brand)
    services.suggest_for_cases(case_ids=[case.pk])
    reply = services.take_suggestion(user=bob, suggestion=case.suggestions.get())
    correct_reading(user=bob, case=case, field="language", value="de")
    assert services.suggest_for_cases(case_ids=cases_without_suggestion()) == 0
    assert cases_without_suggestion() == []
    services.decline(user=bob, reply=reply)
    assert services.suggest_for_cases(case_ids=cases_without_suggestion()) == 1


def test_a_draft_from_before_the_first_suggestion_does_not_keep_it_away(brand: Any, bob: Any) -> None:
    case = waiting_case(brand)
    services.draft_reply(user=bob, case=case, text="I am looking into it for you.")
    correct_reading(user=bob, case=case, field="language", value="de")
    assert services.suggest_for_cases(case_ids=cases_without_suggestion()) == 1
    assert cases_without_suggestion() == []


def test_a_case_that_is_over_gets_no_fresh_suggestion(brand: Any, bob: Any) -> None:
    case = waiting_case(brand)
    services.suggest_for_cases(case_ids=[case.pk])
    mark_not_complaint(user=bob, case=case)
    assert cases_without_suggestion() == []


def test_the_sweeper_looks_once_at_each_active_case(brand: Any) -> None:
    ready, unread, deleted, resolved = (waiting_case(brand, f"late {number}") for number in range(4))
    Analysis.objects.filter(post_id=unread.deciding_post_id).delete()
    Post.objects.filter(pk=deleted.deciding_post_id).update(deleted_at=deleted.opened_at)
    Case.objects.filter(pk=resolved.pk).update(state="resolved")
    assert sorted(cases_without_suggestion()) == [ready.pk, unread.pk, deleted.pk]
    assert services.suggest_for_cases(case_ids=cases_without_suggestion()) == 1
    assert cases_without_suggestion() == []


def test_a_case_that_changes_while_it_is_looked_at_goes_on_waiting(brand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    case = waiting_case(brand)
    look = suggesting.current_readings

    def look_while_another_joins(post_ids: list[int]) -> Any:
        readings = look(post_ids)
        monkeypatch.setattr(suggesting, "current_readings", look)
        another_joins(case)
        return readings

    monkeypatch.setattr(suggesting, "current_readings", look_while_another_joins)
    services.suggest_for_cases(case_ids=[case.pk])
    assert cases_without_suggestion() == [case.pk]
    assert services.suggest_for_cases(case_ids=cases_without_suggestion()) == 1
    assert cases_without_suggestion() == []


def test_the_number_of_queries_does_not_grow_with_the_cases(brand: Any) -> None:
    few = [waiting_case(brand, f"late {number}").pk for number in range(2)]
    many = [waiting_case(brand, f"late again {number}").pk for number in range(12)]
    counts = []
    for ids in (few, many):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert services.suggest_for_cases(case_ids=ids) == len(ids)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_brands_own_article_is_used_and_named(brand: Any) -> None:
    services.load_articles(brand=brand)
    Article.objects.filter(code="refund-time", language="en").update(short="Refunds take two to four days.", version=2)
    case = waiting_case(brand)
    services.suggest_for_cases(case_ids=[case.pk])
    made = SuggestedReply.objects.get()
    assert "two to four days" in made.text
    assert made.sources == [{"code": "refund-time", "language": "en", "version": 2}]


def test_an_article_of_a_market_counts_there_and_nowhere_else(brand: Any) -> None:
    services.load_articles(brand=brand)
    market = Market.objects.create(brand=brand, code="GB", name="United Kingdom")
    Article.objects.create(
        brand=brand, market=market, code="refund-time", language="en", topics=["after_sales"],
        situations=["refund_late"], title="Refunds", body="Refunds take a week.", short="Refunds here take a week.",
    )  # fmt: skip
    there, elsewhere = waiting_case(brand), waiting_case(brand)
    Case.objects.filter(pk=there.pk).update(market=market)
    services.suggest_for_cases(case_ids=[there.pk, elsewhere.pk])
    assert "Refunds here take a week." in there.suggestions.get().text
    assert "3–15 working days" in elsewhere.suggestions.get().text


def test_a_language_without_phrases_is_answered_in_the_brands_and_says_so(brand: Any) -> None:
    case = waiting_case(brand, "var är mitt paket", language="sv")
    services.suggest_for_cases(case_ids=[case.pk])
    made = SuggestedReply.objects.get()
    assert made.language == "en"
    assert {"rule": "language.brand_default", "language": "en", "asked": "sv"} in made.sources


@pytest.mark.parametrize(
    ("hours", "hand_off"), [({}, "email"), ({str(day): [["00:00", "24:00"]] for day in range(7)}, "hotline")]
)
def test_the_hand_off_obeys_the_market(brand: Any, hours: dict, hand_off: str) -> None:
    market = Market.objects.create(
        brand=brand, code="DE", name="Germany", hours=hours, hand_offs=[{"to": "email"}, {"to": "hotline"}]
    )
    case = waiting_case(brand, "my account is locked", topic="account_security", severity=2, is_public=False)
    Case.objects.update(market=market)
    services.suggest_for_cases(case_ids=[case.pk])
    assert SuggestedReply.objects.get().hand_off == hand_off


def test_a_suggestion_says_nothing_personal_that_the_post_said(brand: Any) -> None:
    case = waiting_case(brand, "I am Mia Brand, order number 12345678, mia@example.com, call +44 20 7946 0958")
    services.suggest_for_cases(case_ids=[case.pk])
    text = SuggestedReply.objects.get().text
    assert not any(secret in text for secret in ("Mia", "12345678", "example.com", "7946"))


def test_articles_are_loaded_once_in_every_language(brand: Any) -> None:
    books = phrasebooks().values()
    assert services.load_articles(brand=brand) == sum(len(book.articles) for book in books)
    assert services.load_articles(brand=brand) == 0


def test_what_people_edited_is_kept_and_what_nobody_touched_follows_the_release(brand: Any) -> None:
    services.load_articles(brand=brand)
    Article.objects.filter(code="refund-time", language="de").update(body="Unsere eigenen Worte.", version=2)
    Article.objects.filter(code="refund-time", language="fr").update(body="An older release.")
    Article.objects.filter(code="refund-time", language="es").delete()
    assert services.load_articles(brand=brand) == 2
    bodies = dict(Article.objects.filter(code="refund-time").values_list("language", "body"))
    assert bodies["de"] == "Unsere eigenen Worte."
    assert bodies["fr"] != "An older release." and "es" in bodies
