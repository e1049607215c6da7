"""What a chart shows: whole local days, comparison with the days before, filters."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from monitor.trends import selectors
from monitor.trends.periods import PeriodError
from tests.trends.making import make_post, read_post


def complaint_at(brand: Any, *moment: int, **fields: Any) -> None:
    read_post(make_post(brand, datetime(*moment, tzinfo=UTC)), **fields)  # type: ignore[misc, arg-type]


def test_days_are_those_of_the_zone_asked_for(brand: Any) -> None:
    complaint_at(brand, 2026, 3, 9, 16, 30)  # 00:30 on the tenth in Shanghai
    tenth = {"since": date(2026, 3, 10), "until": date(2026, 3, 10)}
    assert selectors.series(brand=brand, time_zone="Asia/Shanghai", **tenth).total == 1
    assert selectors.series(brand=brand, time_zone="UTC", **tenth).total == 0


def test_the_hour_that_autumn_repeats_belongs_to_its_day(brand: Any) -> None:
    for hour in (22, 0, 1, 22):
        day = 24 if hour == 22 else 25
        complaint_at(brand, 2026, 10, day, hour, 30)
    chart = selectors.series(brand=brand, since=date(2026, 10, 25), until=date(2026, 10, 26), time_zone="Europe/Paris")
    assert [line.counts for line in chart.lines] == [(4, 0)]


def test_the_period_before_is_compared(brand: Any) -> None:
    complaint_at(brand, 2026, 3, 8, 12)
    for hour in (1, 2, 3):
        complaint_at(brand, 2026, 3, 10, hour)
    chart = selectors.series(brand=brand, since=date(2026, 3, 10), until=date(2026, 3, 11), time_zone="UTC")
    assert (chart.total, chart.previous_total, chart.change) == (3, 1, 2.0)
    assert chart.lines[0].previous_counts == (1, 0)


def test_nothing_before_makes_no_percentage(brand: Any) -> None:
    complaint_at(brand, 2026, 3, 10, 1)
    chart = selectors.series(brand=brand, since=date(2026, 3, 10), until=date(2026, 3, 11))
    assert chart.change is None


def test_lines_come_with_the_largest_first_and_holes_are_zero(brand: Any) -> None:
    complaint_at(brand, 2026, 3, 10, 1, topic="refund")
    complaint_at(brand, 2026, 3, 12, 1, topic="delivery")
    complaint_at(brand, 2026, 3, 12, 2, topic="delivery")
    chart = selectors.series(brand=brand, since=date(2026, 3, 10), until=date(2026, 3, 12), by="topic")
    assert [(line.value, line.counts) for line in chart.lines] == [("delivery", (0, 0, 2)), ("refund", (1, 0, 0))]


def test_filters_narrow_every_dimension(brand: Any) -> None:
    complaint_at(brand, 2026, 3, 10, 1, topic="refund", language="de")
    complaint_at(brand, 2026, 3, 10, 1, topic="refund", language="fr")
    complaint_at(brand, 2026, 3, 10, 1, topic="app", language="fr")
    days = {"since": date(2026, 3, 10), "until": date(2026, 3, 10)}
    assert selectors.series(brand=brand, filters={"language": "fr"}, **days).total == 2
    assert selectors.series(brand=brand, filters={"language": ["fr", "de"]}, **days).total == 3
    assert selectors.series(brand=brand, by="topic", filters={"language": "fr", "topic": "app"}, **days).total == 1


def test_an_empty_chart_has_one_line_of_zeros(brand: Any) -> None:
    chart = selectors.series(brand=brand, since=date(2026, 3, 10), until=date(2026, 3, 11))
    assert [line.counts for line in chart.lines] == [(0, 0)]


@pytest.mark.parametrize("options", [{"by": "author"}, {"measure": "likes"}, {"filters": {"1=1; --": "x"}}])
def test_what_is_not_counted_cannot_be_asked(brand: Any, options: dict[str, Any]) -> None:
    with pytest.raises(PeriodError):
        selectors.series(brand=brand, **options)
