"""Made-up channels for the rule of quietness: bursty, with nights, weekends, slow days, answers to answers and storms.

`python -m tests.support.quiet_channels` prints what the rule does to them: false alarms a channel and month, and how
long a real outage takes to be noticed.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from monitor.inbox.quietness import SHORTEST_SECONDS, learn, silence_of

BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
PAST, TEST = timedelta(weeks=8), timedelta(days=30)
STEP = timedelta(minutes=10)
#: Posts a day.
SIZES = (1, 5, 20, 100, 500, 2000)
CHANNELS, OUTAGES = 8, 3


def make_channel(per_day: float, seed: int, *, days: int = 86) -> list[datetime]:
    """Moments of posts. Two in five are drawn in by another within hours; a day can be slow (a holiday) or stormy."""
    chance = np.random.default_rng(seed)
    hours = np.arange(days * 24)
    daily = 0.12 + np.clip(np.sin((hours % 24 - 6) / 24 * 2 * np.pi), 0, None)
    weekend = np.where(hours // 24 % 7 >= 5, chance.uniform(0.3, 1.2), 1.0)
    mood = np.repeat(chance.gamma(5, 1 / 5, days), 24)
    mood *= np.repeat(np.where(chance.random(days) < 1 / 60, 0.3, 1.0), 24)
    rate = daily * weekend * mood
    rate *= 0.6 * per_day / 24 / (daily * weekend).mean()
    for storm in chance.integers(0, days * 24, max(1, days // 10)):
        rate[storm : storm + 3] *= 8
    seeds = [hour + chance.random() for hour in hours for _ in range(chance.poisson(rate[hour]))]
    moments = list(seeds)
    while seeds:
        seeds = [at + chance.exponential(1.5) for at in seeds for _ in range(chance.poisson(0.4))]
        moments += seeds
    return [BEGIN + timedelta(hours=at) for at in sorted(moments) if at < days * 24]


def hourly(moments: list[datetime]) -> Counter[datetime]:
    return Counter(moment.replace(minute=0, second=0, microsecond=0) for moment in moments)


def false_alarms(moments: list[datetime]) -> int:
    """Silences of the last month that would have been told, though nothing was wrong."""
    counts, alarms, learned = hourly(moments), 0, {}
    ends = [*moments[1:], BEGIN + PAST + TEST]
    for last, after in zip(moments, ends, strict=True):
        if after <= BEGIN + PAST or (after - last).total_seconds() < SHORTEST_SECONDS:
            continue
        # Learned anew each quarter of a day: as good, and quicker, than for each silence.
        quarter = last.replace(hour=last.hour // 6 * 6, minute=0)
        if quarter not in learned:
            learned[quarter] = learn(counts, since=BEGIN, until=last)
        baseline = learned[quarter]
        if baseline is not None:
            alarms += silence_of(baseline, last_at=last, now=min(after, BEGIN + PAST + TEST)).is_alarming
    return alarms


def hours_to_notice(moments: list[datetime], begins: datetime) -> float | None:
    """From the moment when the platform stops to tell us anything, to the alarm; None where a week is not enough."""
    kept = [moment for moment in moments if moment < begins]
    baseline = learn(hourly(kept), since=BEGIN, until=kept[-1])
    assert baseline is not None
    now = begins
    while now < begins + timedelta(days=7):
        if silence_of(baseline, last_at=kept[-1], now=now).is_alarming:
            return (now - begins) / timedelta(hours=1)
        now += STEP
    return None


@dataclass(frozen=True)
class Figures:
    per_day: int
    alarms_per_month: float
    median_hours: float | None
    slowest_tenth_hours: float | None
    missed: int


def measure(per_day: int, *, channels: int, outages: int) -> Figures:
    alarms, waits = 0, []
    for number in range(channels):
        moments = make_channel(per_day, seed=1000 * per_day + number)
        alarms += false_alarms(moments)
        chance = np.random.default_rng(number)
        for _outage in range(outages):
            waits.append(hours_to_notice(moments, BEGIN + PAST + timedelta(days=chance.uniform(0, 21))))
    noticed = sorted(each for each in waits if each is not None)
    return Figures(
        per_day,
        alarms / channels,
        noticed[len(noticed) // 2] if noticed else None,
        noticed[int(len(noticed) * 0.9)] if noticed else None,
        len(waits) - len(noticed),
    )


if __name__ == "__main__":
    print("posts a day · false alarms a channel and month · hours until an outage is noticed: median, nine in ten")
    for size in SIZES:
        told = measure(size, channels=CHANNELS, outages=OUTAGES)
        print(
            told.per_day,
            round(told.alarms_per_month, 2),
            told.median_hours and round(told.median_hours, 1),
            told.slowest_tenth_hours and round(told.slowest_tenth_hours, 1),
            told.missed,
            flush=True,
        )
