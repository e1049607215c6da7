"""What was put aside as spam can be looked at, counted, and put right in one click."""

from typing import Any

import pytest
from django.test import Client

from monitor.analysis.models import Correction
from monitor.api.metrics import render
from monitor.inbox.models import Post
from monitor.triage.models import TriageDecision
from tests.support.desk import analyze, make_post

pytestmark = pytest.mark.django_db
PAGE = "/b/lumora/posts/"
REASONS = [
    {"code": "never.spam", "weight": 0, "params": {}},
    {"code": "spam.same_text", "weight": 0, "params": {"count": 7}},
    {"code": "spam.links", "weight": 0, "params": {"percent": 90}},
]


@pytest.fixture
def spam(brand: Any) -> Post:
    post = make_post(brand, "Hats for free, use my code acs123456")
    analyze(post, intent="promotion", complaint=False, severity=0)
    TriageDecision.objects.create(
        brand=brand, post=post, ruleset_version="test", facts={}, opens_case=False, is_flagged=False, priority=0,
        reasons=REASONS, is_spam=True,
    )  # fmt: skip
    return post


@pytest.fixture
def advertising(brand: Any) -> Post:
    post = make_post(brand, "The cashback offer is fake")
    analyze(post, intent="promotion", complaint=False, severity=0)
    TriageDecision.objects.create(
        brand=brand, post=post, ruleset_version="test", facts={}, opens_case=False, is_flagged=False, priority=0,
        reasons=[{"code": "never.promotion", "weight": 0, "params": {}}], is_advertising=True,
    )  # fmt: skip
    return post


def test_advertising_stands_beside_it_and_is_put_right_in_the_same_way(
    brand: Any, spam: Post, advertising: Post, as_bob: Client
) -> None:
    assert "2 posts were put aside as spam or advertising within a week" in as_bob.get(PAGE).content.decode()
    shown = as_bob.get(PAGE + "?kind=spam").content.decode()
    assert "The cashback offer is fake" in shown and "use my code acs123456" in shown
    assert "No advertising, but:" in shown and "Not spam, but:" in shown
    answer = as_bob.post(f"{PAGE}{advertising.public_id}/not-spam/", {"intent": "complaint"}, follow=True)
    assert "the post goes the usual way now" in answer.content.decode()
    assert Correction.objects.get(post=advertising, field="intent", is_current=True).value == "complaint"
    advertising.refresh_from_db()
    assert advertising.stage == "analyzed"


def test_the_page_counts_what_was_put_aside_and_shows_it_with_its_signs(brand: Any, spam: Post, as_bob: Client) -> None:
    make_post(brand, "Where is my parcel?")
    everything = as_bob.get(PAGE).content.decode()
    assert (
        "1 post was put aside as spam or advertising within a week" in everything
        and "Where is my parcel?" in everything
    )
    shown = as_bob.get(PAGE + "?kind=spam").content.decode()
    assert "use my code acs123456" in shown and "Where is my parcel?" not in shown
    assert "7 others wrote the same within a week" in shown and "90% of the author" in shown
    assert f"{spam.public_id}/not-spam/" in shown


def test_one_click_says_that_it_is_none(spam: Post, as_bob: Client) -> None:
    answer = as_bob.post(f"{PAGE}{spam.public_id}/not-spam/", {"intent": "question"}, follow=True)
    assert "the post goes the usual way now" in answer.content.decode()
    assert Correction.objects.get(post=spam, field="intent", is_current=True).value == "question"
    spam.refresh_from_db()
    assert spam.stage == "analyzed"
    again = as_bob.post(f"{PAGE}{spam.public_id}/not-spam/", {"intent": "question"}, follow=True)
    assert again.status_code == 200 and Correction.objects.filter(post=spam, field="intent").count() == 1


def test_nonsense_and_posts_of_others_are_not_found(spam: Post, as_bob: Client, as_charlie: Client) -> None:
    assert as_bob.post(f"{PAGE}{spam.public_id}/not-spam/", {"intent": "promotion"}).status_code == 404
    assert as_charlie.post(f"{PAGE}{spam.public_id}/not-spam/", {"intent": "question"}).status_code in (403, 404)
    assert not Correction.objects.exists()


def test_it_is_a_number_for_the_pager_too(spam: Post, advertising: Post) -> None:
    numbers = render().decode()
    assert "mentiondesk_spam_posts_last_day 1.0" in numbers
    assert "mentiondesk_advertising_posts_last_day 1.0" in numbers
