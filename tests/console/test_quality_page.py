"""The page of quality: a post to judge that does not tell how it was read, numbers with bounds, drift, a next step."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from monitor.alerts.services import raise_alert
from monitor.analysis.models import Correction, Drift, SampledPost, SampleStratum
from monitor.analysis.services.sampling import draw_sample
from monitor.brands.models import Membership, User
from monitor.console.quality_page import percents
from monitor.inbox.models import Post
from tests.support.desk import analyze, make_post

pytestmark = pytest.mark.django_db

PAGE = "/b/lumora/quality/"
NOW = datetime.now(UTC)
YESTERDAY = NOW - timedelta(days=1)


def _draw(
    brand: Any, count: int = 1, *, text: str = "Splendid service", complaint: bool = False, **fields: Any
) -> None:
    for _number in range(count):
        read = {"intent": "complaint", "severity": 2} if complaint else {"intent": "chatter", "severity": 0}
        analyze(make_post(brand, text, at=YESTERDAY, **fields), complaint=complaint, **read)
    draw_sample(brand_id=brand.pk, day=YESTERDAY.date())


def _read(client: Client, query: str = "", **headers: str) -> str:
    answer = client.get(f"{PAGE}{query}", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def _judge(client: Client, verdict: str, words: str, **headers: str) -> str:
    """Presses a button of the form on the page."""
    (address,) = re.findall(r'<form [^>]*method="post" action="([^"]*judge/)"', words)
    after = re.findall(r'name="after" value="(\d*)"', words)[0]
    answer = client.post(address, {"verdict": verdict, "after": after}, headers=headers, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def as_viewer(brand: Any) -> Client:
    user = User.objects.create_user("vera@example.com", name="Vera")
    Membership.objects.create(user=user, brand=brand, role="viewer")
    client = Client()
    client.force_login(user)
    return client


def test_a_post_is_shown_without_how_it_was_read(as_bob: Client, brand: Any) -> None:
    _draw(brand, text="Splendid <b>service</b>", complaint=True)
    sample = _read(as_bob).split("<section")[1]
    assert "Splendid &lt;b&gt;service&lt;/b&gt;" in sample and "0 of 1 judged" in sample
    for told in ("Delivery", "Serious", "Negative", "0.91", "Case "):
        assert told not in sample, "whoever judges must not be told what the model said"


def test_one_click_stores_a_verdict_and_shows_the_next(as_bob: Client, bob: Any, brand: Any) -> None:
    _draw(brand, 2)
    words = _judge(as_bob, "complaint", _read(as_bob))
    assert "a complaint that was missed" in words and "1 of 2 judged" in words
    judged = SampledPost.objects.get(is_complaint=True)
    assert judged.judged_by == bob
    assert Correction.objects.filter(post=judged.post, field="complaint", value="true").count() == 1
    words = _judge(as_bob, "none", words, HX_Request="true")
    assert "<html" not in words and "All judged" in words and "Noted: no complaint, as it was read." in words


def test_the_next_draw_is_told_in_the_readers_own_time(as_bob: Client, bob: Any, brand: Any) -> None:
    User.objects.filter(pk=bob.pk).update(time_zone="Asia/Shanghai")
    _draw(brand)
    words = _judge(as_bob, "none", _read(as_bob))
    assert re.search(r"The next sample is drawn from \d+ \w+ 09:00 on\.", words)


def test_a_verdict_can_be_changed(as_bob: Client, brand: Any) -> None:
    _draw(brand)
    words = _judge(as_bob, "complaint", _read(as_bob))
    (again,) = re.findall(r'href="(\?post=\d+)">Change it', words)
    _judge(as_bob, "none", _read(as_bob, again))
    assert SampledPost.objects.get().is_complaint is False


def test_a_skipped_post_makes_room_and_is_not_lost(as_bob: Client, brand: Any) -> None:
    _draw(brand, 2)
    first = _read(as_bob)
    (skip,) = re.findall(r'href="(\?after=\d+)"', first)
    second = _read(as_bob, skip)
    assert re.findall(r"quality/\d+/judge", second)[0] != re.findall(r"quality/\d+/judge", first)[0]
    words = _judge(as_bob, "none", second)
    assert "1 post was skipped" in words and "Look at them again" in words
    assert SampledPost.objects.filter(is_complaint=None).count() == 1


def test_a_post_that_went_meanwhile_is_told_and_left(as_bob: Client, brand: Any) -> None:
    _draw(brand)
    words = _read(as_bob)
    Post.objects.update(deleted_at=NOW, text="")
    assert "This post is gone" in _judge(as_bob, "none", words)
    assert SampledPost.objects.get().is_complaint is None


def test_nonsense_is_not_found(as_bob: Client, brand: Any) -> None:
    _draw(brand)
    address = f"{PAGE}{SampledPost.objects.get().pk}/judge/"
    assert as_bob.post(address, {"verdict": "perhaps"}).status_code == 404
    assert as_bob.post(f"{PAGE}999999/judge/", {"verdict": "none"}).status_code == 404
    for query in ("?after=x", "?after=" + "9" * 40, "?post=-1", "?post=12345", "?judged=\0"):
        assert "Splendid service" in _read(as_bob, query)


def test_those_who_only_look_see_numbers_and_no_posts(as_viewer: Client, brand: Any) -> None:
    _draw(brand, is_public=False, text="kanarienvogel")
    sampled = SampledPost.objects.get()
    for query in ("", f"?post={sampled.pk}", f"?judged={sampled.pk}"):
        words = _read(as_viewer, query)
        assert "kanarienvogel" not in words and "Those who answer judge the sample." in words
    assert as_viewer.post(f"{PAGE}{sampled.pk}/judge/", {"verdict": "none"}).status_code == 403


def test_an_empty_page_has_a_next_step(as_bob: Client, brand: Any) -> None:
    words = _read(as_bob)
    assert "No sample yet" in words and 'href="/b/lumora/channels/"' in words
    make_post(brand)
    assert 'href="/b/lumora/posts/"' in _read(as_bob).split("No sample yet")[1]


def _verdicts(
    brand: Any, language: str, said: bool, right: int, of: int, population: int, *, model: str = "m", **more: Any
) -> None:
    kind = {"brand": brand, "drawn_on": YESTERDAY.date(), "said_complaint": said, "model_version": model, **more}
    SampleStratum.objects.create(language=language, platform="x", population=population, **kind)
    for number in range(of):
        verdict = {"is_complaint": (number < right) is said, "judged_at": NOW}
        SampledPost.objects.create(post=make_post(brand), language=language, platform="x", **kind, **verdict)


def test_numbers_come_with_bounds_by_language_and_platform(as_viewer: Client, brand: Any) -> None:
    _verdicts(brand, "en", True, 36, 40, 100)
    _verdicts(brand, "en", False, 38, 40, 900)
    _verdicts(brand, "th", True, 3, 5, 10)
    words = _read(as_viewer)
    english = words.split('?language=en">English')[1].split("</tr>")[0]
    assert "90 %" in english and "77–96" in english
    assert "67 %" in english, "90 found, 45 missed"
    assert "5 of 20 verdicts" in words.split('?language=th">')[1].split("</tr>")[0]
    assert "85 verdicts speak for 1,010 posts." in words
    assert words.count('class="interval"') >= 3


def test_few_verdicts_give_no_number(as_viewer: Client, brand: Any) -> None:
    _verdicts(brand, "en", True, 18, 19, 100)
    words = _read(as_viewer)
    assert "not enough verdicts yet: 19 of 20" in words and "%</p>" not in words.split("By language")[0]


def test_complaints_that_were_put_aside_are_shown(as_viewer: Client, brand: Any) -> None:
    _verdicts(brand, "en", True, 6, 20, 50, put_aside=True)
    figure = _read(as_viewer).split("Wrongly put aside")[1].split("</div>")[0]
    assert "30 %" in figure and "15–52 %" in figure


def test_older_readings_among_the_verdicts_are_told(as_viewer: Client, brand: Any) -> None:
    _verdicts(brand, "en", True, 18, 20, 100)
    assert "former model" not in _read(as_viewer)
    _verdicts(brand, "en", True, 3, 5, 100, model="n")
    words = _read(as_viewer)
    assert (
        "20 of the verdicts are on readings of former models" in words and "25 verdicts speak for 200 posts." in words
    )


def test_a_complaint_that_was_put_aside_is_told_as_such(as_bob: Client, brand: Any) -> None:
    _draw(brand, 2, complaint=True)
    SampledPost.objects.update(put_aside=True)
    words = _judge(as_bob, "complaint", _read(as_bob))
    assert "a complaint that was put aside as spam or advertising" in words
    assert "Noted: no complaint. <a" in _judge(as_bob, "none", words)


def test_drift_is_told_in_words_and_drawn(as_viewer: Client, brand: Any) -> None:
    made = {"brand": brand, "day": YESTERDAY.date(), "before_count": 1000, "now_count": 250}
    scores = [[str(place), 100, 25] for place in range(1, 11)]
    Drift.objects.create(measure="complaint_score", index=0.31, parts=scores, **made)
    Drift.objects.create(measure="language", index=0.12, parts=[["en", 900, 200], ["de", 100, 50]], **made)
    Drift.objects.create(measure="unknown_language", parts=[["und", 3, 1], ["known", 9, 4]], **made)
    words = _read(as_viewer)
    assert "has moved" in words and "steady" in words and "too few posts" in words
    assert "200 and 500 are needed" in words and "Above 0.25 somebody should look." in words
    assert "Stability index 0.31, from 250 posts and 1,000 before." in words
    assert words.count('class="bin"') == 10
    assert re.search(r"German</span> <span[^>]*>10 % → <strong>20 %", words)


def test_a_fall_is_told_beside_the_numbers(as_viewer: Client, brand: Any) -> None:
    made = {"brand": brand, "before_count": 400, "now_count": 200}
    bounds = [["low", 0.8, 0.612], ["value", 0.9, 0.7], ["high", 0.93, 0.75]]
    for measure, index in (("recall", 0.05), ("precision", -0.1)):
        Drift.objects.create(measure=measure, index=index, day=YESTERDAY.date(), parts=bounds, **made)
    words = _read(as_viewer)
    assert "Recall: 61–75 % in the last two weeks, 80–93 % in the four before." in words
    assert "Precision: " not in words
    Drift.objects.create(measure="recall", index=-0.01, day=NOW.date(), parts=bounds, **made)
    assert "has fallen" not in _read(as_viewer)


def test_posts_that_nobody_judged_for_are_told(as_viewer: Client, brand: Any) -> None:
    _verdicts(brand, "en", True, 18, 20, 95)
    _verdicts(brand, "en", False, 0, 0, 4)
    assert "without a verdict" not in _read(as_viewer)
    _verdicts(brand, "th", False, 0, 0, 21)
    assert "21 % of the posts are of days, languages or platforms without a verdict" in _read(as_viewer)


@pytest.mark.parametrize("code", ["drift.recall", "drift.precision"])
def test_the_alert_of_a_fall_leads_here(as_bob: Client, brand: Any, code: str) -> None:
    raise_alert(brand_id=brand.pk, code=code, params={"before": "80–93", "now": "61–75"})
    words = as_bob.get("/b/lumora/alerts/").content.decode()
    assert "61–75 % in" in words and 'href="/b/lumora/quality/">Look at the quality' in words


def test_the_alert_of_a_drift_leads_here(as_bob: Client, brand: Any) -> None:
    raise_alert(brand_id=brand.pk, code="drift.language", params={"index": "0.40"})
    words = as_bob.get("/b/lumora/alerts/").content.decode()
    assert 'href="/b/lumora/quality/">Look at the quality' in words


def test_the_page_costs_the_same_queries_however_much_was_judged(
    as_bob: Client, brand: Any, django_assert_max_num_queries: Any
) -> None:
    _draw(brand, 25)
    _draw(brand, 12, complaint=True)
    with django_assert_max_num_queries(20):
        _read(as_bob)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "0"),
        (0.0004, "<0.1"),
        (0.0006, "0.1"),
        (0.004, "0.4"),
        (0.5, "50"),
        (0.987, "99"),
        (0.9961, "99.6"),
        (0.9994, "99.9"),
        (0.9995, ">99.9"),
        (0.9996, ">99.9"),
        (1, "100"),
    ],  # fmt: skip
)
def test_almost_all_is_not_all(share: float, words: str) -> None:
    assert percents(share) == words
