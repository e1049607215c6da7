"""Drift is seen where there is some, not where chance plays, and told once while it lasts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from monitor.alerts.models import Alert
from monitor.alerts.services import close_alert
from monitor.analysis.drift import LEAST_BEFORE, LEAST_NOW, OTHER, SHIFTED, Shift, shifts, stability_index
from monitor.analysis.models import Analysis, Drift
from monitor.analysis.services.drifting import measure_drift, watch_drift
from monitor.inbox.models import Post
from tests.support.desk import make_post

DAY = date(2026, 5, 31)
NOON = datetime(2026, 5, 31, 12, tzinfo=UTC)


def _by_name(found: list[Shift]) -> dict[str, Shift]:
    return {shift.measure: shift for shift in found}


def test_the_index_is_the_textbook_one() -> None:
    """0.5/0.5 against 0.8/0.2: 0.3 × ln 1.6 − 0.3 × ln 0.4."""
    parts = [("a", 50_000, 80_000), ("b", 50_000, 20_000)]
    assert stability_index(parts) == pytest.approx(0.3 * np.log(1.6) - 0.3 * np.log(0.4), rel=0.001)
    assert stability_index([("a", 700, 70), ("b", 300, 30)]) == pytest.approx(0, abs=0.001)


def test_chance_alone_does_not_raise_an_alarm() -> None:
    """As many posts as it takes to say anything, all from one distribution: a thousand weeks without a false alarm."""
    random = np.random.default_rng(3)
    scores = np.array([0.45, 0.15, 0.08, 0.05, 0.04, 0.04, 0.04, 0.05, 0.05, 0.05])
    languages = 0.6 ** np.arange(30)
    languages /= languages.sum()
    highest = 0.0
    for _week in range(1000):
        counts = [
            {(place + 1, "en"): int(count) for place, count in enumerate(random.multinomial(size, scores))}
            | {(1, f"l{place}"): int(count) for place, count in enumerate(random.multinomial(size, languages))}
            for size in (LEAST_BEFORE, LEAST_NOW)
        ]
        highest = max(highest, *(shift.index or 0 for shift in shifts(*counts)))
    assert 0 < highest < SHIFTED


def test_a_model_that_reads_half_as_many_complaints_is_seen() -> None:
    before, now = {(1, "en"): 700, (10, "en"): 300}, {(1, "en"): 290, (10, "en"): 10}
    found = _by_name(shifts(before, now))
    assert (found["complaint_score"].index or 0) > SHIFTED
    assert found["language"].index == 0
    assert found["complaint_score"].parts[9] == ("10", 300, 10)


def test_languages_and_their_absence_are_seen_apart() -> None:
    before = {(1, "en"): 900, (1, "es"): 80, (1, "und"): 20}
    found = _by_name(shifts(before, {(1, "en"): 200, (1, "es"): 180, (1, "und"): 8}))
    assert (found["language"].index or 0) > SHIFTED
    assert (found["unknown_language"].index or 1) < 0.1
    found = _by_name(shifts(before, {(1, "en"): 225, (1, "es"): 20, (1, "und"): 155}))
    assert (found["language"].index or 0) < 0.1
    assert (found["unknown_language"].index or 0) > SHIFTED


def test_many_small_languages_are_one_part() -> None:
    before = {(1, f"l{place}"): 100 - place for place in range(20)}
    language = _by_name(shifts(before, before))["language"]
    assert len(language.parts) == 10
    assert language.parts[-1][0] == OTHER
    assert language.now == sum(before.values())


def test_too_few_posts_say_nothing() -> None:
    found = shifts({(1, "en"): LEAST_BEFORE - 1}, {(10, "en"): LEAST_NOW})
    assert [shift.index for shift in found] == [None, None, None]
    assert [shift.index for shift in shifts({}, {})] == [None, None, None]


# -- In the database -----------------------------------------------------------------------------------------------


def _make(brand: Any, count: int, days_ago: float, *, score: float = 0.05, language: str = "en", **fields: Any) -> None:
    """Many posts at once, spread over the hours of a day."""
    first = make_post(brand, at=NOON, **fields)
    posts = [
        Post(
            brand=brand, platform="x", external_id=f"{first.external_id}-{days_ago}-{number}",
            conversation_id=first.conversation_id, channel_id=first.channel_id, form="post", stage="triaged",
            created_at=NOON - timedelta(days=days_ago, hours=number % 10), arrival=first.arrival, is_own=first.is_own,
        )
        for number in range(count)
    ]  # fmt: skip
    first.delete()
    stored = Post.objects.bulk_create(posts)
    Analysis.objects.bulk_create(
        Analysis(
            brand=brand, post=post, model_version="m", topic_set_version="t", language=language, intent="chatter",
            needs_reply=False, needs_reply_score=0, sentiment="neutral", sentiment_scores={}, complaint=score > 0.5,
            complaint_score=score, severity=0, escalate=False, escalate_score=0, topic="other", topic_scores={},
            audience="none",
        )
        for post in stored
    )  # fmt: skip


@pytest.fixture
def steady(brand: Any) -> Any:
    """Four weeks of the same: two of three posts are no complaint."""
    for week in range(4):
        _make(brand, 100, 8 + 7 * week)
        _make(brand, 50, 9 + 7 * week, score=1.0)
    return brand


def _open(brand: Any) -> list[str]:
    return sorted(Alert.objects.filter(brand=brand, closed_at=None).values_list("code", flat=True))


@pytest.mark.django_db
def test_a_steady_week_is_stored_and_alarms_nobody(steady: Any) -> None:
    _make(steady, 140, 2)
    _make(steady, 70, 3, score=1.0)
    rows = {row.measure: row for row in measure_drift(brand_id=steady.pk, day=DAY)}
    scores = rows["complaint_score"]
    assert scores.index is not None and scores.index < 0.05
    assert (scores.before_count, scores.now_count) == (600, 210)
    assert scores.parts[0] == ["1", 400, 140] and scores.parts[9] == ["10", 200, 70]
    assert _open(steady) == []


@pytest.mark.django_db
def test_a_shift_is_told_once_while_it_lasts_and_mends_itself(steady: Any, bob: Any) -> None:
    _make(steady, 250, 2)
    measure_drift(brand_id=steady.pk, day=DAY)
    assert _open(steady) == ["drift.complaint_score"]
    alert = Alert.objects.get()
    assert float(alert.params["index"]) > SHIFTED
    close_alert(alert_id=alert.pk, user=bob)
    measure_drift(brand_id=steady.pk, day=DAY + timedelta(days=1))
    assert _open(steady) == [], "somebody has seen to it, and it is still the same shift"
    assert Alert.objects.get().count == 1
    Drift.objects.filter(day=DAY + timedelta(days=1)).update(index=0.1)
    measure_drift(brand_id=steady.pk, day=DAY + timedelta(days=2))
    assert _open(steady) == ["drift.complaint_score"], "a new shift"
    Post.objects.filter(created_at__gte=NOON - timedelta(days=6)).delete()
    _make(steady, 140, 1)
    _make(steady, 70, 1.5, score=1.0)
    measure_drift(brand_id=steady.pk, day=DAY + timedelta(days=3))
    assert _open(steady) == []


@pytest.mark.django_db
def test_a_brand_that_goes_quiet_is_watched_until_its_notice_is_out_of_date(steady: Any) -> None:
    _make(steady, 250, 2)
    assert watch_drift(now=datetime(2026, 6, 1, 0, 5, tzinfo=UTC)) == 1
    assert watch_drift(now=datetime(2026, 6, 29, 0, 5, tzinfo=UTC)) == 1
    assert _open(steady) == ["drift.complaint_score"], "nobody can say whether it is over"
    assert watch_drift(now=datetime(2026, 6, 30, 0, 5, tzinfo=UTC)) == 1
    assert _open(steady) == []
    assert watch_drift(now=datetime(2026, 7, 1, 0, 5, tzinfo=UTC)) == 0


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "told"), [(28, []), (29, ["drift.complaint_score"])])
def test_a_shift_after_weeks_of_silence_is_a_new_one(steady: Any, days: int, told: list[str]) -> None:
    earlier = {"measure": "complaint_score", "index": 0.4, "before_count": 600, "now_count": 250}
    Drift.objects.create(brand=steady, day=DAY - timedelta(days=days), **earlier)
    _make(steady, 250, 2)
    measure_drift(brand_id=steady.pk, day=DAY)
    assert _open(steady) == told


@pytest.mark.django_db
def test_what_is_no_news_is_not_counted(steady: Any, other_brand: Any) -> None:
    _make(steady, 250, 2, arrival="import")
    _make(steady, 250, 2, is_own=True)
    _make(other_brand, 250, 2)
    row = next(row for row in measure_drift(brand_id=steady.pk, day=DAY) if row.measure == "complaint_score")
    assert (row.index, row.now_count) == (None, 0)
    assert _open(steady) == []


@pytest.mark.django_db
def test_it_is_measured_once_a_day_whoever_asks(steady: Any, django_assert_num_queries: Any) -> None:
    _make(steady, 250, 2)
    tomorrow = datetime(2026, 6, 1, 0, 5, tzinfo=UTC)
    assert watch_drift(now=tomorrow) == 1
    with django_assert_num_queries(1):
        assert watch_drift(now=tomorrow + timedelta(hours=20)) == 0
    assert measure_drift(brand_id=steady.pk, day=DAY) == []
    assert Drift.objects.filter(index__isnull=False).count() == 3


@pytest.mark.django_db
def test_a_burst_weighs_as_many_posts_as_it_has(steady: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many posts there are, so many are looked at: drawn from all of them, not so many of each hour."""
    monkeypatch.setattr("monitor.analysis.services.drifting.MOST_POSTS", 600)
    _make(steady, 140, 2)
    _make(steady, 70, 3, score=1.0)
    _make(steady, 1050, 1, language="und")
    rows = {row.measure: row for row in measure_drift(brand_id=steady.pk, day=DAY)}
    (_part, _before, unknown), _known = rows["unknown_language"].parts
    assert (rows["unknown_language"].before_count, rows["unknown_language"].now_count) == (600, 600)
    assert 0.77 * 600 < unknown < 0.89 * 600, "five of six posts are of the burst"
    assert "drift.unknown_language" in _open(steady)


@pytest.mark.django_db
def test_the_same_posts_are_looked_at_again(steady: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.analysis.services.drifting.MOST_POSTS", 500)
    _make(steady, 250, 2)
    first = measure_drift(brand_id=steady.pk, day=DAY)
    Drift.objects.all().delete()
    assert [row.parts for row in measure_drift(brand_id=steady.pk, day=DAY)] == [row.parts for row in first]
