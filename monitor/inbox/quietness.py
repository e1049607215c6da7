"""Whether a channel is quieter than its own past says it should be. Pure.

A silence is measured in posts that were to be expected in it: the sum of the channel's own usual rates for those hours
of the week, learned from its last weeks, less what the day before it was slower than usual. It is an alarm where that
sum is beyond what the channel has shown before, and never below a floor, so that a channel with few posts does not cry
wolf. What the rule does to made-up channels is measured in tests/inbox/test_quietness.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from statistics import fmean

HOUR = timedelta(hours=1)
WEEK_HOURS = 168
DAY_HOURS = 24
#: How much of its past speaks: enough for each hour of the week to be seen several times, and not last season's.
WEEKS = 8
LEAST_WEEKS = 2
#: Posts that must be missing. Were posts independent of each other, this many would be missing by chance once in
#: 160,000 silences (e^-12). They are not: where they come in swarms, so many swarms must be missing.
FLOOR = 12.0
MOST_CLUMPED = 6.0
SHORTEST_SECONDS = 1800
#: How far beyond its own longest silence it must be.
BEYOND = 1.5


@dataclass(frozen=True, slots=True)
class Baseline:
    """`rates`: posts an hour for each hour of the week, from Monday 00:00 UTC. `longest`: the second longest silence of
    its past, in posts to be expected (the longest may have been an outage). `clumps`: how much more hours differ from
    what was to be expected than they would by chance, which is how many posts come at once."""

    rates: tuple[float, ...]
    longest: float
    clumps: float = 1.0

    @property
    def threshold(self) -> float:
        """Posts to be expected in a silence that is an alarm."""
        return max(FLOOR * self.clumps, BEYOND * self.longest)

    def expected(self, since: datetime, until: datetime) -> float:
        """Posts that are usual between two moments. Whole weeks need no walk."""
        weeks, rest = divmod(max(timedelta(0), until - since), WEEK_HOURS * HOUR)
        total, at, end = weeks * sum(self.rates), since, since + rest
        while at < end:
            next_hour = _hour_of(at) + HOUR
            total += self.rates[_place(at)] * (min(next_hour, end) - at) / HOUR
            at = next_hour
        return total


@dataclass(frozen=True, slots=True)
class Silence:
    """`expected` posts have not come; at this hour one is usual every `usual_seconds` (None: hardly any)."""

    seconds: float
    expected: float
    usual_seconds: float | None
    is_alarming: bool


def learn(counts: Mapping[datetime, int], *, since: datetime, until: datetime) -> Baseline | None:
    """From counts an hour (whole hours in UTC; a missing one is 0), as far as they are known (`since`) and up to the
    last post (`until`: what follows is the silence in question). None where the past is too short to say."""
    first = max(_hour_of(since) + HOUR, _hour_of(until) - WEEKS * WEEK_HOURS * HOUR)
    hours = int((_hour_of(until) - first) / HOUR)
    if hours < LEAST_WEEKS * WEEK_HOURS:
        return None
    series = [counts.get(first + at * HOUR, 0) for at in range(hours)]
    start = _place(first)
    rates = _usual(series, start)
    usual = [rates[(start + at) % WEEK_HOURS] for at in range(hours)]
    level = min(_level(series, usual, WEEK_HOURS), _level(series, usual, DAY_HOURS))
    scaled = tuple(rate * level for rate in rates)
    return Baseline(scaled, _second_longest(series, usual) * level, _clumps(series, usual))


def silence_of(baseline: Baseline, *, last_at: datetime, now: datetime) -> Silence:
    seconds = (now - last_at).total_seconds()
    expected = baseline.expected(last_at, now)
    rate = baseline.rates[_place(now)]
    is_alarming = seconds >= SHORTEST_SECONDS and expected >= baseline.threshold
    return Silence(seconds, expected, 3600 / rate if rate >= 1 / WEEK_HOURS else None, is_alarming)


def _usual(series: Sequence[int], start: int) -> list[float]:
    """The mean of each hour of the week without its highest value: one storm of posts is no habit. What few weeks
    cannot tell is lent by the same hour of other days and by the hours beside."""
    seen: list[list[int]] = [[] for _ in range(WEEK_HOURS)]
    for at, count in enumerate(series):
        seen[(start + at) % WEEK_HOURS].append(count)
    means = [fmean(sorted(each)[:-1] if len(each) > 2 else each) for each in seen]
    of_day = [fmean(means[hour::24]) for hour in range(24)]
    lent = [
        (len(each) * mean + of_day[place % 24]) / (len(each) + 1)
        for place, (each, mean) in enumerate(zip(seen, means, strict=True))
    ]
    return [(lent[place - 1] + 2 * lent[place] + lent[(place + 1) % WEEK_HOURS]) / 4 for place in range(WEEK_HOURS)]


def _level(series: Sequence[int], usual: Sequence[float], hours: int) -> float:
    """How much less than usual the last hours brought: a channel that fades, or a slow day, is not silent. One post
    more on both sides, so that a few posts do not say too much."""
    return min(1.0, (sum(series[-hours:]) + 1) / (sum(usual[-hours:]) + 1))


def _second_longest(series: Sequence[int], usual: Sequence[float]) -> float:
    runs, run = [0.0, 0.0], 0.0
    for count, rate in zip(series, usual, strict=True):
        if count:
            runs.append(run)
            run = 0.0
        else:
            run += rate
    return sorted(runs)[-2]


def _clumps(series: Sequence[int], usual: Sequence[float]) -> float:
    """Variance over mean of the hours, each against what its own day made likely; storms left out."""
    came, due = list(accumulate(series, initial=0)), list(accumulate(usual, initial=0.0))
    off = []
    for at in range(DAY_HOURS, len(series)):
        if usual[at] < 1:
            continue
        likely = usual[at] * min(1.0, (came[at] - came[at - DAY_HOURS] + 1) / (due[at] - due[at - DAY_HOURS] + 1))
        if likely >= 1:
            off.append((series[at] - likely) ** 2 / likely)
    calm = sorted(off)[: max(1, int(len(off) * 0.98))]
    return min(MOST_CLUMPED, max(1.0, fmean(calm))) if calm else 1.0


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _place(moment: datetime) -> int:
    return moment.weekday() * 24 + moment.hour
