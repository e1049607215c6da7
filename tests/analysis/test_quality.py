"""Precision and recall from verdicts: right numbers, intervals that hold the truth, silence where few judged."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log

import numpy as np
import pytest

from monitor.analysis.allotting import allot
from monitor.analysis.quality import (
    LEAST_VERDICTS,
    VOLUME_STEP,
    Estimate,
    Numbers,
    Quality,
    Stratum,
    measure,
    measure_by,
    posts_per_verdict,
    wilson,
)


@dataclass(frozen=True)
class Days:
    """So many days alike: times the usual number of posts, times as often missed, times as often right."""

    count: int
    volume: float = 1.0
    misses: float = 1.0
    right: float = 1.0


#: Four weeks.
EVEN = (Days(28),)
TEN_TIMES_ON_FOUR = (Days(24), Days(4, volume=10, misses=3))
ONE_CRISIS = (Days(27), Days(1, volume=100, misses=20, right=1.1))


@dataclass(frozen=True)
class World:
    """Posts a day by language, how many are read as complaints, and how often that is right or one is missed."""

    sizes: tuple[float, ...]
    precision: float = 0.85
    miss_rate: float = 0.01
    read_as_complaints: float = 0.15
    judged: float = 1.0  # of what was drawn
    days: tuple[Days, ...] = EVEN

    def populations(self, days: Days, *, said: bool) -> list[int]:
        """Posts by language on one of these days."""
        share = self.read_as_complaints if said else 1 - self.read_as_complaints
        return [max(1, round(size * share * days.volume)) for size in self.sizes]


WORLDS = {
    "one language": World((500,)),
    "many languages, few misses": World(tuple(2000 * 0.6**place for place in range(15)), miss_rate=0.003),
    "many languages": World(tuple(2000 * 0.6**place for place in range(15))),
    "a poor model": World((300, 200, 100, 50), precision=0.5, miss_rate=0.06),
    "a busy and a small language": World((5000, 20)),
    "few verdicts": World((400, 200), judged=0.16, miss_rate=0.05),
    "ten times the posts on four days": World((1000,), days=TEN_TIMES_ON_FOUR, miss_rate=0.02),
    "three languages, ten times on four days": World((800, 250, 50), days=TEN_TIMES_ON_FOUR, miss_rate=0.02),
    "one day of crisis": World((1000,), days=ONE_CRISIS),
    "a crisis, and few verdicts": World((800, 250), days=ONE_CRISIS, judged=0.5),
}


def _rates_on(days: Days, rates: Sequence[Numbers], *, said: bool) -> Numbers:
    """Shares of complaints by language on these days."""
    return np.clip(rates[0] * days.right, 0, 0.99) if said else np.clip(rates[1] * days.misses, 0, 0.6)


def _draw_strata(world: World, random: np.random.Generator, rates: Sequence[Numbers]) -> list[Stratum]:
    """What four weeks of samples and verdicts come to."""
    posts: Counter[tuple[int, bool, int]] = Counter()
    judged, complaints = posts.copy(), posts.copy()
    for days in world.days:
        for said, size in ((True, 10), (False, 20)):
            populations = world.populations(days, said=said)
            drawn = np.sum([allot(populations, size, random.random()) for _day in range(days.count)], axis=0)
            verdicts = random.binomial(drawn, world.judged)
            found = random.binomial(verdicts, _rates_on(days, rates, said=said))
            for place, population in enumerate(populations):
                part = place, said, floor(log(population, VOLUME_STEP))
                posts[part] += population * days.count
                judged[part] += int(verdicts[place])
                complaints[part] += int(found[place])
    return [
        Stratum(f"language-{place}", "x", said, count, judged[part], complaints[part], volume=volume)
        for part, count in posts.items()
        for place, said, volume in [part]
    ]


def _truth(world: World, rates: Sequence[Numbers]) -> tuple[float, float, float]:
    """Precision, recall and miss rate as they are."""
    posts, complaints = np.zeros(2), np.zeros(2)
    for days in world.days:
        for said in (True, False):
            populations = days.count * np.array(world.populations(days, said=said))
            posts[int(said)] += populations.sum()
            complaints[int(said)] += np.dot(populations, _rates_on(days, rates, said=said))
    (missed, found), (unsaid, read) = complaints, posts
    return found / read, found / (found + missed), missed / unsaid


def _holds(estimate: Estimate | None, truth: float) -> bool:
    assert estimate is not None
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    return estimate.low <= truth <= estimate.high


@pytest.mark.parametrize("name", WORLDS)
def test_the_intervals_hold_the_truth_in_19_of_20_samples(name: str) -> None:
    world, random, rounds = WORLDS[name], np.random.default_rng(7), 400
    # Each language has rates of its own: the weights must put them together.
    rates = [
        np.clip(world.precision + random.normal(0, 0.05, len(world.sizes)), 0.05, 0.99),
        np.clip(world.miss_rate * np.exp(random.normal(0, 0.5, len(world.sizes))), 0.0005, 0.5),
    ]
    held = np.zeros(3)
    for _round in range(rounds):
        strata = _draw_strata(world, random, rates)
        found, truth = measure(strata), _truth(world, rates)
        held += [_holds(*pair) for pair in zip((found.precision, found.recall, found.miss_rate), truth, strict=True)]
    assert min(held / rounds) >= 0.93, dict(zip(("precision", "recall", "miss rate"), held / rounds, strict=True))


@pytest.mark.parametrize("days", [EVEN, TEN_TIMES_ON_FOUR])
def test_the_estimates_are_centred_on_the_truth(days: tuple[Days, ...]) -> None:
    sizes = WORLDS["many languages"].sizes
    world, random = World(sizes, days=days), np.random.default_rng(8)
    rates = [np.linspace(0.6, 0.99, 15), np.linspace(0.002, 0.03, 15)]
    strata = [_draw_strata(world, random, rates) for _round in range(200)]
    found = [measure(one) for one in strata]
    precision, recall, miss_rate = _truth(world, rates)
    assert np.mean([one.precision.value for one in found if one.precision]) == pytest.approx(precision, abs=0.01)
    assert np.mean([one.miss_rate.value for one in found if one.miss_rate]) == pytest.approx(miss_rate, rel=0.05)
    assert np.mean([one.recall.value for one in found if one.recall]) == pytest.approx(recall, abs=0.01)


def test_verdicts_are_weighted_by_what_they_stand_for() -> None:
    # As many verdicts in each language, but all complaints that were missed are in the small one.
    strata = [
        Stratum("en", "x", True, 1000, 50, 45),
        Stratum("en", "x", False, 9000, 100, 0),
        Stratum("hi", "x", False, 1000, 100, 10),
    ]
    found = measure(strata)
    assert found.miss_rate is not None and found.recall is not None
    assert found.miss_rate.value == pytest.approx(0.01)  # not 10 of 200
    assert found.recall.value == pytest.approx(900 / (900 + 100))


def test_a_single_verdict_weighs_as_it_does_in_the_numbers() -> None:
    """A small language has more than its share of the verdicts, a volume or a language may have none."""
    said = [
        Stratum("en", "x", True, 900, 18, 9, volume=10),
        Stratum("en", "x", True, 5_000, volume=14),
        Stratum("hi-Latn", "x", True, 100, 2, 2, volume=8),
        Stratum("th", "x", True, 50, volume=6),
    ]
    others = [
        Stratum("en", "facebook", True, 70, 7),
        Stratum("en", "x", False, 40),
        Stratum("en", "x", True, 8, 4, 4, True),
    ]
    weights = posts_per_verdict([*said, *others])
    judged = [one for one in said if one.judged]
    assert weights[judged[0].kind] == pytest.approx(5_900 / 18 * 6_050 / 6_000)
    assert weights[judged[1].kind] == pytest.approx(100 / 2 * 6_050 / 6_000)
    assert (weights[others[0].kind], weights[others[2].kind]) == (10, 2) and len(weights) == 4
    assert sum(weights[one.kind] * one.judged for one in judged) == pytest.approx(6_050)
    precision = measure(said).precision
    assert precision is not None
    assert sum(weights[one.kind] * one.complaints for one in judged) / 6_050 == pytest.approx(precision.value)


def test_a_day_of_crisis_weighs_as_many_posts_as_it_had() -> None:
    """27 quiet days and one of a hundred times the posts, on which most of what is missed is missed; the same number of
    posts is judged on each."""
    quiet = [Stratum("en", "x", False, 27_000, 540, 5, volume=17), Stratum("en", "x", True, 2_700, 270, 216, volume=11)]
    crisis = [Stratum("en", "x", False, 100_000, 20, 4, volume=28), Stratum("en", "x", True, 20_000, 10, 9, volume=24)]
    found = measure([*quiet, *crisis])
    assert found.miss_rate is not None and found.recall is not None and found.precision is not None
    assert found.miss_rate.value == pytest.approx((27_000 * 5 / 540 + 100_000 * 4 / 20) / 127_000)
    assert found.miss_rate.low < 0.16 < found.miss_rate.high and found.miss_rate.low > 0.05
    assert found.recall.low < 0.5 < found.recall.high < 0.82
    assert found.precision.value == pytest.approx((2_700 * 0.8 + 20_000 * 0.9) / 22_700)
    assert found.unjudged_posts == 0


def test_days_that_nobody_judged_are_like_those_of_the_nearest_volume() -> None:
    busy = Stratum("en", "x", False, 10_000, 20, 4, volume=20)
    strata = [Stratum("en", "x", False, 1_000, 40, 0, volume=10), busy]
    holiday = Stratum("en", "x", False, 30_000, volume=24)
    between = Stratum("en", "x", False, 500, volume=15)
    found = measure([*strata, holiday, between])
    assert found.miss_rate is not None
    assert found.miss_rate.value == pytest.approx(0.2 * 40_500 / 41_500), "of two that are as near, the busier"
    assert found.unjudged_posts == 30_500


def test_few_verdicts_on_most_of_the_posts_leave_it_open() -> None:
    """Four verdicts on the day that counts: two hundred on quiet ones cannot make up for them."""
    quiet, crisis = Stratum("en", "x", False, 1_000, 200, 0), Stratum("en", "x", False, 99_000, 4, 1, volume=20)
    found = measure([quiet, crisis])
    assert found.miss_rate is not None and found.miss_rate.value == pytest.approx(0.2475)
    assert found.miss_rate.low < 0.06 and found.miss_rate.high > 0.6


def test_wilsons_interval_is_the_published_one() -> None:
    """Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    for seen, number, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(seen / number, number) == pytest.approx((low, high), abs=0.0001)


def test_few_verdicts_say_nothing() -> None:
    few, enough = LEAST_VERDICTS - 1, LEAST_VERDICTS
    said, unsaid = Stratum("en", "x", True, 500, enough, 18), Stratum("en", "x", False, 5000, few, 1)
    found = measure([said, unsaid])
    assert found.precision is not None and found.recall is None and found.miss_rate is None
    assert (found.judged_said, found.judged_unsaid) == (enough, few)
    assert measure([]) == Quality(None, None, None, None, 0, 0, 0)


def test_no_complaint_at_all_has_no_recall() -> None:
    found = measure([Stratum("en", "x", True, 30, 25, 0), Stratum("en", "x", False, 900, 40, 0)])
    assert found.recall is None
    assert found.precision is not None and found.precision.value == found.precision.low == 0


def test_nothing_missed_is_not_yet_nothing_to_miss() -> None:
    found = measure([Stratum("en", "x", True, 300, 40, 40), Stratum("en", "x", False, 3000, 60, 0)])
    assert found.recall is not None
    assert found.recall.value == found.recall.high == 1
    assert found.recall.low < 0.7, "60 verdicts cannot tell that of 3,000 posts none was missed"


def test_a_complaint_that_was_put_aside_is_missed_not_found() -> None:
    strata = [
        Stratum("en", "x", True, 100, 20, 20),
        Stratum("en", "x", False, 800, 20, 0),
        Stratum("en", "x", True, 60, 20, 10, put_aside=True),
        Stratum("en", "x", False, 40, 20, 0, put_aside=True),
    ]
    found = measure(strata)
    assert (found.judged_said, found.judged_unsaid, found.judged_aside, found.verdicts) == (20, 20, 40, 80)
    assert found.precision is not None and found.precision.value == 1
    assert found.aside_rate is not None and found.aside_rate.value == pytest.approx(30 / 100)
    assert found.aside_rate.low < 0.3 < found.aside_rate.high
    assert found.miss_rate is not None and found.miss_rate.value == pytest.approx(30 / 900)
    assert found.recall is not None and found.recall.value == pytest.approx(100 / 130)


def test_verdicts_on_spam_alone_say_nothing_of_other_posts() -> None:
    found = measure([Stratum("en", "x", False, 900, 19, 0), Stratum("en", "x", False, 40, 40, 3, put_aside=True)])
    assert found.miss_rate is None and found.aside_rate is not None
    assert measure([Stratum("en", "x", False, 40, 19, 3, put_aside=True)]).aside_rate is None


def test_languages_are_measured_apart_the_largest_first() -> None:
    strata = [
        Stratum("de", "x", True, 100, 30, 15),
        Stratum("de", "facebook", True, 100, 30, 30),
        Stratum("en", "x", True, 900, 30, 30),
    ]
    found = measure_by(strata, lambda one: one.language)
    assert list(found) == ["en", "de"] and found["de"].posts == 200
    assert found["de"].precision is not None and found["de"].precision.value == pytest.approx(0.75)
    assert measure_by(strata, lambda one: one.platform)["facebook"].judged_said == 30


def test_the_same_verdicts_give_the_same_bounds() -> None:
    strata = [Stratum("en", "x", True, 300, 40, 36), Stratum("en", "x", False, 3000, 60, 2)]
    assert measure(strata) == measure(strata)
