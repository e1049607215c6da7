"""The rule of quietness: facts about it, properties of it, and what it does to made-up channels."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.inbox.quietness import FLOOR, HOUR, SHORTEST_SECONDS, WEEK_HOURS, Baseline, learn, silence_of
from tests.support.quiet_channels import BEGIN, PAST, false_alarms, hours_to_notice, make_channel

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)


def steady(per_hour, *, weeks=8, hours=range(24)):
    """So many posts in each of these hours of every day."""
    whole = [MONDAY + at * HOUR for at in range(weeks * WEEK_HOURS)]
    return {hour: per_hour for hour in whole if hour.hour in hours}


def baseline_of(counts, weeks=8):
    found = learn(counts, since=MONDAY - HOUR, until=MONDAY + weeks * WEEK_HOURS * HOUR)
    assert found is not None
    return found


def test_a_steady_channel_is_expected_to_go_on():
    baseline = baseline_of(steady(6))
    end = MONDAY + 8 * WEEK_HOURS * HOUR
    assert baseline.expected(end, end + 2 * HOUR) == pytest.approx(12)
    silence = silence_of(baseline, last_at=end, now=end + 2 * HOUR)
    assert silence.is_alarming and silence.usual_seconds == pytest.approx(600)
    assert not silence_of(baseline, last_at=end, now=end + 1.9 * HOUR).is_alarming


def test_nights_are_no_silence():
    baseline = baseline_of(steady(10, hours=range(8, 20)))
    evening = MONDAY + (8 * WEEK_HOURS + 20) * HOUR
    night = silence_of(baseline, last_at=evening, now=evening + 11 * HOUR)
    assert night.seconds == 11 * 3600 and not night.is_alarming
    assert silence_of(baseline, last_at=evening, now=evening + 15 * HOUR).is_alarming


def test_a_busy_channel_is_given_half_an_hour():
    baseline = baseline_of(steady(1000))
    end = MONDAY + 8 * WEEK_HOURS * HOUR
    assert not silence_of(baseline, last_at=end, now=end + timedelta(seconds=SHORTEST_SECONDS - 1)).is_alarming


def test_a_past_of_less_than_two_weeks_says_nothing():
    counts = steady(10, weeks=2)
    assert learn(counts, since=MONDAY, until=MONDAY + (2 * WEEK_HOURS - 1) * HOUR) is None
    assert learn({}, since=MONDAY, until=MONDAY) is None


def test_one_storm_is_no_habit():
    counts = steady(2)
    calm = baseline_of(counts)
    for hour in range(5):
        counts[MONDAY + (3 * WEEK_HOURS + 40 + hour) * HOUR] = 5_000
    stormy = baseline_of(counts)
    assert stormy.rates == pytest.approx(calm.rates)


def test_a_channel_that_fades_is_not_silent():
    counts = steady(10)
    week = MONDAY + 7 * WEEK_HOURS * HOUR
    faded = {hour: (count if hour < week else 1) for hour, count in counts.items()}
    assert sum(baseline_of(faded).rates) < 0.2 * sum(baseline_of(counts).rates)


def test_what_was_long_before_is_not_taken_for_unusual_and_one_outage_is_forgiven():
    counts = steady(3)
    for hour in range(20):
        del counts[MONDAY + (2 * WEEK_HOURS + hour) * HOUR]
    assert baseline_of(counts).longest == 0
    for hour in range(20):
        del counts[MONDAY + (5 * WEEK_HOURS + hour) * HOUR]
    assert baseline_of(counts).longest > 30


def made_up_past(seed):
    """Four weeks of any density, with storms and holes."""
    chance = random.Random(seed)
    share, most = chance.random(), chance.choice([1, 5, 100, 10_000])
    hours = [MONDAY + at * HOUR for at in range(4 * WEEK_HOURS) if chance.random() < share]
    return {hour: chance.randint(0, most) for hour in hours}


counts_of_a_past = st.integers(0, 2**32).map(made_up_past)
moments = st.integers(0, 60 * 24 * 60).map(lambda minutes: MONDAY + 4 * WEEK_HOURS * HOUR + timedelta(minutes=minutes))


@given(counts_of_a_past, moments, moments)
def test_a_longer_silence_is_never_less_of_an_alarm(counts, one, other):
    baseline = learn(counts, since=MONDAY - HOUR, until=MONDAY + 4 * WEEK_HOURS * HOUR)
    assert baseline is not None
    last_at, (sooner, later) = MONDAY + 4 * WEEK_HOURS * HOUR, sorted((one, other))
    short = silence_of(baseline, last_at=last_at, now=sooner)
    long = silence_of(baseline, last_at=last_at, now=later)
    assert long.expected >= short.expected - 1e-6 and long.is_alarming >= short.is_alarming


@given(counts_of_a_past, moments)
def test_nobody_is_alarmed_below_the_floor(counts, now):
    baseline = learn(counts, since=MONDAY - HOUR, until=MONDAY + 4 * WEEK_HOURS * HOUR)
    assert baseline is not None
    assert all(rate >= 0 for rate in baseline.rates) and baseline.threshold >= FLOOR and baseline.clumps >= 1
    silence = silence_of(baseline, last_at=MONDAY + 4 * WEEK_HOURS * HOUR, now=now)
    assert not silence.is_alarming or (silence.expected >= FLOOR and silence.seconds >= SHORTEST_SECONDS)


@given(st.integers(0, 2**32), moments, moments, moments)
def test_expectations_of_two_stretches_add_up(seed, one, other, another):
    first, second, third = sorted((one, other, another))
    chance = random.Random(seed)
    baseline = Baseline(tuple(chance.uniform(0, 100) for _ in range(WEEK_HOURS)), 0.0)
    parts = baseline.expected(first, second) + baseline.expected(second, third)
    assert baseline.expected(first, third) == pytest.approx(parts, abs=1e-5)


@pytest.mark.parametrize(("per_day", "within_hours"), [(20, 120), (100, 36)])
def test_made_up_channels_are_left_in_peace_and_outages_noticed(per_day, within_hours):
    """A sample of what `python -m tests.support.quiet_channels` measures in full."""
    alarms, waits = 0, []
    for seed in range(2):
        channel = make_channel(per_day, seed=seed)
        alarms += false_alarms(channel)
        waits.append(hours_to_notice(channel, BEGIN + PAST + timedelta(days=4 + 3 * seed, hours=11)))
    assert alarms <= 1
    assert all(wait is not None and wait <= within_hours for wait in waits), waits


def test_a_channel_with_a_post_a_day_does_not_cry_wolf():
    assert sum(false_alarms(make_channel(1, seed=seed)) for seed in range(4)) == 0
