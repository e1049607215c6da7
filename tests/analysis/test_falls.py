"""A fall of recall or precision is told when the bounds have come apart, once while it lasts, and not by chance."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from monitor.alerts.models import Alert
from monitor.alerts.services import close_alert
from monitor.analysis.falls import Fall, falls
from monitor.analysis.models import Drift, SampledPost, SampleStratum
from monitor.analysis.quality import Stratum
from monitor.analysis.services.drifting import measure_drift
from monitor.inbox.models import Post
from tests.support.desk import make_post

DAY = date(2026, 5, 31)


def _strata(right: int, of: int, missed: int, unsaid: int) -> list[Stratum]:
    """Verdicts on what was read as a complaint and on what was not."""
    return [Stratum("en", "x", True, 10 * of, of, right), Stratum("en", "x", False, 50 * unsaid, unsaid, missed)]


def _by_name(found: list[Fall]) -> dict[str, Fall]:
    return {fall.measure: fall for fall in found}


def test_recall_falls_when_more_is_missed_and_precision_when_less_is_right() -> None:
    before = _strata(250, 280, 3, 560)
    steady = _by_name(falls(before, _strata(122, 140, 2, 280)))
    assert (steady["recall"].distance or 0) < 0 and (steady["precision"].distance or 0) < 0
    missing = _by_name(falls(before, _strata(122, 140, 40, 280)))
    assert (missing["recall"].distance or 0) > 0 and (missing["precision"].distance or 0) < 0
    wrong = _by_name(falls(before, _strata(90, 140, 0, 280)))
    assert (wrong["precision"].distance or 0) > 0
    low, value, high = wrong["precision"].parts
    assert low[0] == "low" and low[1] > high[2] and value[2] == pytest.approx(90 / 140, abs=1e-6)


def test_few_verdicts_say_nothing_of_a_fall() -> None:
    found = falls(_strata(250, 280, 3, 560), _strata(1, 19, 19, 19))
    assert [(fall.distance, fall.parts) for fall in found] == [(None, ())] * 2
    assert [(fall.verdicts_before, fall.verdicts_now) for fall in found] == [(840, 38), (280, 19)]


def test_chance_alone_makes_no_fall() -> None:
    random, told = np.random.default_rng(4), 0
    for _week in range(200):
        before, now = (
            _strata(random.binomial(said, 0.85), said, random.binomial(unsaid, 0.02), unsaid)
            for said, unsaid in ((280, 560), (140, 280))
        )
        told += any((fall.distance or -1) > 0 for fall in falls(before, now))
    assert told <= 4


# -- In the database -----------------------------------------------------------------------------------------------


def _judge(brand: Any, day: date, *, said: bool, complaints: int, of: int) -> None:
    """A day of verdicts."""
    kind = {"brand": brand, "drawn_on": day, "said_complaint": said, "model_version": f"model of {day:%B}"}
    kind |= {"language": "en", "platform": "x"}
    SampleStratum.objects.create(population=10 * of, **kind)
    first = make_post(brand, at=datetime(2026, 5, 1, tzinfo=UTC))
    posts = Post.objects.bulk_create(
        Post(
            brand=brand, platform="x", external_id=f"{day}-{said}-{number}", conversation_id=first.conversation_id,
            form="post", stage="triaged", created_at=first.created_at,
        )
        for number in range(of)
    )  # fmt: skip
    SampledPost.objects.bulk_create(
        SampledPost(post=post, is_complaint=number < complaints, **kind) for number, post in enumerate(posts)
    )


@pytest.fixture
def good_weeks(brand: Any) -> Any:
    """Until two weeks ago: 9 of 10 are right, and one of 100 is missed."""
    for back in (14, 41):
        _judge(brand, DAY - timedelta(days=back), said=True, complaints=45, of=50)
        _judge(brand, DAY - timedelta(days=back), said=False, complaints=1, of=100)
    return brand


def _open() -> list[str]:
    return sorted(Alert.objects.filter(closed_at=None).values_list("code", flat=True))


@pytest.mark.django_db
def test_a_fall_is_told_once_while_it_lasts_and_mends_itself(good_weeks: Any, bob: Any) -> None:
    _judge(good_weeks, DAY, said=True, complaints=44, of=50)
    _judge(good_weeks, DAY - timedelta(days=13), said=False, complaints=30, of=100)
    rows = {row.measure: row for row in measure_drift(brand_id=good_weeks.pk, day=DAY)}
    assert _open() == ["drift.recall"]
    assert (rows["recall"].before_count, rows["recall"].now_count) == (300, 150)
    alert = Alert.objects.get()
    low, high = (int(bound) for bound in alert.params["now"].split("–"))
    assert 20 < low < high < int(alert.params["before"].split("–")[0])
    close_alert(alert_id=alert.pk, user=bob)
    Drift.objects.update(day=DAY - timedelta(days=1))
    measure_drift(brand_id=good_weeks.pk, day=DAY)
    assert _open() == [], "somebody has seen to it, and it is still the same fall"
    Drift.objects.filter(day=DAY).update(day=DAY - timedelta(days=2), index=-0.1)
    Drift.objects.filter(day=DAY - timedelta(days=1)).delete()
    measure_drift(brand_id=good_weeks.pk, day=DAY)
    assert _open() == ["drift.recall"], "a new one"
    SampledPost.objects.filter(said_complaint=False).update(is_complaint=False)
    Drift.objects.filter(day=DAY).update(day=DAY - timedelta(days=1))
    measure_drift(brand_id=good_weeks.pk, day=DAY)
    assert _open() == []


@pytest.mark.django_db
def test_steady_weeks_alarm_nobody(good_weeks: Any) -> None:
    _judge(good_weeks, DAY, said=True, complaints=44, of=50)
    _judge(good_weeks, DAY, said=False, complaints=2, of=100)
    rows = {row.measure: row for row in measure_drift(brand_id=good_weeks.pk, day=DAY)}
    assert rows["recall"].index is not None and rows["precision"].index is not None
    assert _open() == []
