"""Hours, days and weeks of a place, also where clocks change."""

from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.trends.periods import PeriodError, cut


def hours_between(edges: tuple[datetime, ...]) -> list[float]:
    return [(later - earlier) / timedelta(hours=1) for earlier, later in zip(edges, edges[1:], strict=False)]


def test_a_day_in_spring_has_23_hours_and_one_in_autumn_25() -> None:
    spring = cut(date(2026, 3, 28), date(2026, 3, 30), bucket="day", time_zone="Europe/Paris")
    assert hours_between(spring.edges) == [24, 23, 24]
    autumn = cut(date(2026, 10, 24), date(2026, 10, 26), bucket="day", time_zone="Europe/Paris")
    assert hours_between(autumn.edges) == [24, 25, 24]


def test_a_day_without_a_midnight_begins_at_the_jump() -> None:
    # In Cairo the clock of 24 April 2026 goes from 00:00 to 01:00.
    period = cut(date(2026, 4, 23), date(2026, 4, 25), bucket="day", time_zone="Africa/Cairo")
    assert hours_between(period.edges) == [24, 23, 24]
    assert period.edges[1] == datetime(2026, 4, 23, 22, tzinfo=UTC)


def test_the_days_before_are_the_days_just_before() -> None:
    period = cut(date(2026, 3, 30), date(2026, 3, 31), bucket="day", time_zone="Europe/Paris")
    assert len(period.before) == len(period.edges)
    assert period.before[-1] == period.edges[0]
    assert hours_between(period.before) == [24, 23]


def test_a_week_begins_on_monday() -> None:
    period = cut(date(2026, 3, 11), date(2026, 3, 18), bucket="week", time_zone="Asia/Shanghai")
    assert [edge.astimezone(UTC).isoformat() for edge in period.edges] == [
        "2026-03-08T16:00:00+00:00",
        "2026-03-15T16:00:00+00:00",
        "2026-03-22T16:00:00+00:00",
    ]


def test_hours_of_a_half_hour_zone_begin_at_the_half_hour() -> None:
    since = datetime(2026, 3, 10, 12, 10, tzinfo=UTC)
    period = cut(since, since + timedelta(hours=1), bucket="hour", time_zone="Asia/Kolkata")
    assert period.edges[0] == datetime(2026, 3, 10, 11, 30, tzinfo=UTC)


def test_hours_stay_whole_where_the_clock_moves_by_half_an_hour() -> None:
    # Lord Howe Island, 5 April 2026: 02:00 becomes 01:30 again.
    since = datetime(2026, 4, 4, 13, tzinfo=UTC)
    period = cut(since, since + timedelta(hours=4), bucket="hour", time_zone="Australia/Lord_Howe")
    assert sorted(set(hours_between(period.edges))) == [1, 1.5]


def test_an_aware_end_does_not_count_and_a_date_does() -> None:
    midnight = datetime(2026, 3, 12, tzinfo=UTC)
    assert len(cut(date(2026, 3, 10), midnight, bucket="day", time_zone="UTC").starts) == 2
    assert len(cut(date(2026, 3, 10), date(2026, 3, 12), bucket="day", time_zone="UTC").starts) == 3


@pytest.mark.parametrize(
    "choice",
    [
        {"bucket": "fortnight", "time_zone": "UTC"},
        {"bucket": "day", "time_zone": "Mars/Olympus"},
        {"bucket": "day", "time_zone": "../../etc/passwd"},
    ],
)
def test_what_cannot_be_cut_is_refused(choice: dict[str, str]) -> None:
    with pytest.raises(PeriodError):
        cut(date(2026, 1, 1), date(2026, 1, 2), **choice)


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(PeriodError):
        cut(date(2026, 1, 3), date(2026, 1, 1), bucket="day", time_zone="UTC")


def test_too_many_buckets_are_refused() -> None:
    with pytest.raises(PeriodError):
        cut(date(1900, 1, 1), date(2026, 1, 1), bucket="hour", time_zone="UTC")
