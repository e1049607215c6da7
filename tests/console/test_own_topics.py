"""A topic that a brand added by example is a topic like any other: shown by its name, to be chosen wherever one can."""

from typing import Any

import pytest
from django.test import Client

from monitor.analysis.models import BrandTopic
from monitor.analysis.services import correct
from monitor.console.labels import label_of
from monitor.console.topic_page import TopicForm
from monitor.trends.services import rebuild
from tests.support.desk import analyze, make_case, make_post


@pytest.fixture
def own_topic(brand: Any) -> BrandTopic:
    return BrandTopic.objects.create(brand=brand, name="gift_cards", examples=["a", "b", "c"])


def _page(client: Client, address: str, **query: str) -> str:
    answer = client.get(f"/b/lumora/{address}", query)
    assert answer.status_code == 200
    return answer.content.decode()


def _option(page: str, code: str, *, is_chosen: bool = False) -> bool:
    return f'<option value="{code}"{" selected" if is_chosen else ""}>' in page


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("gift_cards", "Gift cards"),
        ("礼品卡", "礼品卡"),
        ("delivery", "Delivery"),
        ("unknown", "Unknown topic"),
        ("", ""),
    ],
)
def test_a_topic_is_called_by_its_name(code: str, words: str) -> None:
    assert label_of("topic", code) == words


def test_a_case_about_it_says_so_in_the_queue_and_on_its_page(as_bob: Client, brand: Any, own_topic: Any) -> None:
    case = make_case(brand, topic="gift_cards")
    assert "Gift cards" in _page(as_bob, "queue/") and _option(_page(as_bob, "queue/"), "gift_cards")
    assert "Gift cards" in _page(as_bob, f"cases/{case.reference}/")


def test_a_reading_can_be_corrected_to_it(as_bob: Client, brand: Any, own_topic: Any) -> None:
    case = make_case(brand)
    assert _option(_page(as_bob, f"cases/{case.reference}/"), "gift_cards")
    as_bob.post(f"/b/lumora/cases/{case.reference}/correct/", {"field": "topic", "value": "gift_cards"})
    case.refresh_from_db()
    assert case.topic == "gift_cards"
    assert _option(_page(as_bob, f"cases/{case.reference}/"), "gift_cards", is_chosen=True)


def test_a_topic_of_another_brand_is_no_correction(as_bob: Client, case: Any, other_brand: Any) -> None:
    BrandTopic.objects.create(brand=other_brand, name="gift_cards", examples=[])
    as_bob.post(f"/b/lumora/cases/{case.reference}/correct/", {"field": "topic", "value": "gift_cards"})
    case.refresh_from_db()
    assert case.topic == "delivery"


def test_a_case_keeps_in_its_form_the_topic_that_was_removed(as_bob: Client, brand: Any) -> None:
    case = make_case(brand, topic="gift_cards")
    assert _option(_page(as_bob, f"cases/{case.reference}/"), "gift_cards", is_chosen=True)


def test_posts_are_filtered_by_it_before_any_has_it(as_bob: Client, brand: Any, own_topic: Any) -> None:
    assert _option(_page(as_bob, "posts/"), "gift_cards")
    analyze(make_post(brand, "My voucher is empty."), topic="gift_cards")
    page = _page(as_bob, "posts/", topic="gift_cards")
    assert "My voucher is empty." in page and _option(page, "gift_cards", is_chosen=True)


def test_posts_are_filtered_by_a_removed_topic_that_some_still_have(as_bob: Client, brand: Any) -> None:
    analyze(make_post(brand, "My voucher is empty."), topic="gift_cards")
    make_post(brand, "Nobody has read this one.")
    rebuild()
    choices = {choice[0]: choice[3] for choice in as_bob.get("/b/lumora/posts/").context["choices"]}
    assert "gift_cards" in choices["topic"] and "unknown" not in choices["topic"]


def test_the_queue_says_what_it_is_filtered_by_also_where_nothing_is_found(as_bob: Client, own_topic: Any) -> None:
    assert _option(_page(as_bob, "queue/", topic="gift_cards"), "gift_cards", is_chosen=True)


def test_trends_break_down_and_filter_by_it(as_bob: Client, brand: Any, bob: Any, own_topic: Any) -> None:
    case = make_case(brand)
    correct(user=bob, post=case.deciding_post, field="topic", value="gift_cards")
    rebuild()
    page = _page(as_bob, "trends/", topic="gift_cards")
    assert "Gift cards" in page and _option(page, "gift_cards", is_chosen=True)
    assert as_bob.get("/b/lumora/trends/", {"topic": "gift_cards"}).context["trend"].total == 1


def test_examples_are_parted_at_ends_of_lines_alone() -> None:
    assert TopicForm(examples="one\r\ntwo\u2028 and its rest\n\n \nthree").lines == [
        "one",
        "two\u2028 and its rest",
        "three",
    ]
