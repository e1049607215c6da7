"""Measured precision and recall where Prometheus reads them: with bounds, and only where enough was judged."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from monitor.analysis.models import SampledPost, SampleStratum
from monitor.inbox.models import Post
from tests.support.desk import make_post

pytestmark = pytest.mark.django_db

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)


def _judge(
    brand: Any, language: str, *, said: bool, verdicts: list[bool], population: int, platform: str = "x", **more: Any
) -> None:
    kind = {"brand": brand, "drawn_on": YESTERDAY, "said_complaint": said, "model_version": "m", **more}
    SampleStratum.objects.create(language=language, platform=platform, population=population, **kind)
    for is_complaint in verdicts:
        post = make_post(brand)
        SampledPost.objects.create(post=post, language=language, platform=platform, is_complaint=is_complaint, **kind)


@pytest.fixture
def judged(brand: Any) -> Any:
    _judge(brand, "en", said=True, verdicts=[True] * 18 + [False] * 2, population=100)
    _judge(brand, "en", said=False, verdicts=[False] * 29 + [True], population=900)
    _judge(brand, "th", said=True, verdicts=[True] * 5, population=10)
    return brand


def _read(client: Client) -> dict[str, float]:
    lines = client.get("/metrics").content.decode().splitlines()
    found = [line.rsplit(" ", 1) for line in lines if line.startswith("mentiondesk_complaint_")]
    return {name: float(value) for name, value in found}


def test_precision_and_recall_come_with_their_bounds(client: Client, judged: Any) -> None:
    found = _read(client)
    name = 'mentiondesk_complaint_{}{{brand="lumora",language="en",platform="all"}}'
    assert found[name.format("precision")] == pytest.approx(0.9)
    assert found[name.format("recall")] == pytest.approx(90 / (90 + 30))
    for measured in ("precision", "recall"):
        low, value, high = (found[name.format(measured + end)] for end in ("_low", "", "_high"))
        assert 0 < low < value < high < 1


def test_a_language_that_few_judged_has_no_number_but_counts_in_the_whole(client: Client, judged: Any) -> None:
    found = _read(client)
    assert not [line for line in found if 'language="th"' in line]
    assert found['mentiondesk_complaint_precision{brand="lumora",language="all",platform="all"}'] == pytest.approx(
        (90 + 10) / 110
    )


def test_every_platform_has_its_numbers_and_every_language_on_it(client: Client, judged: Any) -> None:
    _judge(judged, "en", said=True, verdicts=[True] * 10 + [False] * 10, population=100, platform="facebook")
    found = _read(client)
    name = 'mentiondesk_complaint_precision{{brand="lumora",language="{}",platform="{}"}}'
    assert found[name.format("en", "facebook")] == found[name.format("all", "facebook")] == pytest.approx(0.5)
    assert found[name.format("en", "x")] == pytest.approx(0.9)
    assert found[name.format("all", "x")] == pytest.approx((90 + 10) / 110)
    assert found[name.format("en", "all")] == pytest.approx(0.7)
    assert not [line for line in found if "recall" in line and 'platform="facebook"' in line], "nothing judged for it"


def test_complaints_among_what_was_put_aside_are_told(client: Client, judged: Any) -> None:
    _judge(judged, "en", said=True, verdicts=[True] * 5 + [False] * 15, population=40, put_aside=True)
    found = _read(client)
    labels = '{brand="lumora",language="all",platform="all"}'
    low, value, high = (found[f"mentiondesk_complaint_put_aside{end}{labels}"] for end in ("_low", "", "_high"))
    assert value == pytest.approx(0.25) and 0 < low < value < high < 1


def test_verdicts_on_a_former_model_are_told(client: Client, judged: Any) -> None:
    assert _read(client)['mentiondesk_complaint_former_verdicts{brand="lumora"}'] == 0
    SampleStratum.objects.filter(language="th").update(model_version="n")
    SampledPost.objects.filter(language="th").update(model_version="n")
    assert _read(client)['mentiondesk_complaint_former_verdicts{brand="lumora"}'] == 50


def test_nothing_is_said_before_anybody_judged(client: Client, brand: Any) -> None:
    assert _read(client) == {}


def test_the_numbers_cost_the_same_however_many_brands_there_are(
    client: Client, judged: Any, other_brand: Any, django_assert_max_num_queries: Any
) -> None:
    from monitor.api.quality_metrics import quality_metrics

    _judge(other_brand, "de", said=True, verdicts=[True] * 20, population=20)
    assert Post.objects.values("brand").distinct().count() == 2
    with django_assert_max_num_queries(3):
        families = list(quality_metrics())
    assert {sample.labels["brand"] for family in families for sample in family.samples} == {"lumora", "nordhaus"}


def test_what_nobody_judged_since_is_not_worked_out_again(judged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pager asks each minute, for every brand, language and platform."""
    from monitor.analysis import quality
    from monitor.api.quality_metrics import quality_metrics

    first, draw, drawn = list(quality_metrics()), quality._draw, []
    monkeypatch.setattr(quality, "_draw", lambda *asked, above: drawn.append(above) or draw(*asked, above=above))
    assert [family.samples for family in quality_metrics()] == [family.samples for family in first]
    assert drawn == []
    SampledPost.objects.filter(is_complaint=False, said_complaint=False).first().delete()
    assert [family.samples for family in quality_metrics()] != [family.samples for family in first]
    assert drawn
