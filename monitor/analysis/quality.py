"""How well complaints are found: precision, recall and miss rate from verdicts on drawn posts, with 95 % intervals.

Pure. A complaint is found if it was read as one and triage did not put it aside as spam or advertising. Posts are drawn
by day and stratum (language, platform, how they were read, whether they were put aside), as many on a quiet day as on
one of a crisis. So a verdict stands for population ÷ judged posts of its stratum on days of like volume: days whose
numbers of such posts lie on one step of a ladder (`VOLUME_STEP`) are one, and a step of which nothing was judged is
taken to be like the nearest that has verdicts, the busier of two. A stratum of which nothing was judged is taken to be
like the others.

A rate is the mean of its strata's, weighted by population; its interval is Wilson's score interval (Wilson 1927;
recommended for few trials by Brown, Cai and DasGupta 2001) at the effective number of verdicts: Kish's (Σw)² ÷ Σw²
(1965), or the number that the strata's own variances give where that is lower (Korn and Graubard 1998), as it is where
the days that weigh most have the most complaints. There is no correction for a finite population: on small brands the
intervals are a little too wide.

Recall = found ÷ (found + missed), with found = precision × posts read as complaints, and missed = miss rate × all
other posts. Its bounds are quantiles of that quotient over seeded draws of both rates: for the lower bound from
Beta(x, n − x + 1) and Beta(y + 1, m − y), for the upper one the other way round. These are the distributions whose
quantiles are the bounds of Clopper and Pearson (1934) for a single rate. Jeffreys' Beta(x + ½, n − x + ½) for both came
to 92.7 % instead of 95 where few misses were seen. The same verdicts always give the same bounds; tests/analysis
simulates how often the truth lies within.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

WINDOW_DAYS: Final = 28
#: With fewer verdicts an interval is wider than a third of the scale: it would say nothing.
LEAST_VERDICTS: Final = 20
#: Days count together where their numbers of posts differ by less than this factor.
VOLUME_STEP: Final = 1.5
CONFIDENCE_Z: Final = 1.959964
DRAWS: Final = 4_000
SEED: Final = 28
NEVER: Final = 1e-9  # instead of zero, where zero is not allowed

Numbers = NDArray[np.float64]
#: What tells strata apart: language, platform, how they were read, whether they were put aside, volume.
Kind = tuple[str, str, bool, bool, int]


@dataclass(frozen=True, slots=True)
class Stratum:
    """Posts of one language and platform that were read and put aside alike, on days of like volume: all of them,
    those judged, those judged a complaint. `volume` is the step of the ladder (see above)."""

    language: str
    platform: str
    said_complaint: bool
    population: int
    judged: int = 0
    complaints: int = 0
    put_aside: bool = False
    volume: int = 0

    @property
    def kind(self) -> Kind:
        return self.language, self.platform, self.said_complaint, self.put_aside, self.volume

    @property
    def is_found(self) -> bool:
        return self.said_complaint and not self.put_aside


@dataclass(frozen=True, slots=True)
class Estimate:
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Quality:
    """`precision`: share of complaints among what was found as one. `recall`: share of all complaints that was found.
    `miss_rate`: share of complaints among all else. `aside_rate`: share of complaints among what was put aside as spam
    or advertising. None: not enough verdicts yet."""

    precision: Estimate | None
    recall: Estimate | None
    miss_rate: Estimate | None
    aside_rate: Estimate | None
    judged_said: int  # verdicts on posts read as complaints and not put aside
    judged_unsaid: int  # verdicts on posts read as none and not put aside
    judged_aside: int
    posts: int = 0
    unjudged_posts: int = 0  # posts of strata without a verdict: what is said of them is said by others

    @property
    def verdicts(self) -> int:
        return self.judged_said + self.judged_unsaid + self.judged_aside


@dataclass(frozen=True, slots=True)
class _Rate:
    """A share of complaints, the number of equally weighted verdicts it is worth, and the posts it speaks of."""

    value: float
    effective: float
    population: int


def measure(strata: Iterable[Stratum]) -> Quality:
    """Over all the strata given, whatever their language and platform."""
    known = list(strata)
    said = [one for one in known if one.is_found]
    aside = [one for one in known if one.put_aside]
    unsaid = [one for one in known if not one.is_found and not one.put_aside]
    judged_said, judged_unsaid, judged_aside = (sum(one.judged for one in kind) for kind in (said, unsaid, aside))
    found = _rate(said) if judged_said >= LEAST_VERDICTS else None
    # Verdicts on spam alone would say nothing of all the others.
    missed = _rate([*unsaid, *aside]) if judged_unsaid >= LEAST_VERDICTS else None
    return Quality(
        precision=_wilson(found) if found else None,
        recall=_recall(found, missed) if found and missed else None,
        miss_rate=_wilson(missed) if missed else None,
        aside_rate=_wilson(_rate(aside)) if judged_aside >= LEAST_VERDICTS else None,
        judged_said=judged_said,
        judged_unsaid=judged_unsaid,
        judged_aside=judged_aside,
        posts=sum(one.population for one in known),
        unjudged_posts=sum(one.population for one in known if not one.judged),
    )


def is_enough(strata: Iterable[Stratum]) -> bool:
    """Whether every number but that of what was put aside can be told."""
    known = measure(strata)
    return min(known.judged_said, known.judged_unsaid) >= LEAST_VERDICTS


def measure_by(strata: Iterable[Stratum], key: Callable[[Stratum], str]) -> dict[str, Quality]:
    """The same for each language or platform, the largest first."""
    found = {value: measure(group) for value, group in groupby(sorted(strata, key=key), key)}
    return dict(sorted(found.items(), key=lambda part: -part[1].posts))


def posts_per_verdict(strata: Iterable[Stratum]) -> dict[Kind, float]:
    """By kind of stratum, how many posts each of its verdicts stands for. As everywhere here, a volume without any is
    like the nearest, and a language without any like the others of its platform that were read alike."""
    found: dict[Kind, float] = {}
    for _reading, group in groupby(sorted(strata, key=_reading_of), _reading_of):
        alike = list(group)
        judged = _spoken_for(alike)
        lent = sum(one.population for one in alike) / max(1, sum(one.population for one in judged))
        found |= {one.kind: lent * one.population / one.judged for one in judged}
    return found


def wilson(value: float, number: float) -> tuple[float, float]:
    """Wilson's score interval for a share seen in so many trials (which may be a fraction, after weighting)."""
    square = CONFIDENCE_Z**2
    centre = (value + square / (2 * number)) / (1 + square / number)
    half = CONFIDENCE_Z / (1 + square / number) * sqrt(value * (1 - value) / number + square / (4 * number**2))
    # Rounding must not put a bound on the wrong side of a share of none or all.
    return min(value, max(0.0, centre - half)), max(value, min(1.0, centre + half))


def _rate(strata: Sequence[Stratum]) -> _Rate:
    judged = _spoken_for(strata)
    total = sum(one.population for one in judged)
    value = sum(one.population * one.complaints / one.judged for one in judged) / total
    return _Rate(min(1.0, value), _effective(judged, value), sum(one.population for one in strata))


def _reading_of(stratum: Stratum) -> tuple[str, bool, bool]:
    return stratum.platform, stratum.said_complaint, stratum.put_aside


def _spoken_for(strata: Sequence[Stratum]) -> list[Stratum]:
    """Those with verdicts, each with the posts that it speaks for."""
    kinds = groupby(sorted(strata, key=lambda one: one.kind), lambda one: one.kind[:-1])
    return [one for _kind, alike in kinds for one in _judged(list(alike))]


def _judged(strata: Sequence[Stratum]) -> list[Stratum]:
    """Of strata that differ in volume alone those with verdicts; each of the others lends its posts to the nearest."""
    populations = {one.volume: one.population for one in strata if one.judged}
    judged = sorted(populations, reverse=True)
    for one in strata:
        if judged and not one.judged:
            populations[min(judged, key=lambda volume: abs(volume - one.volume))] += one.population
    return [replace(one, population=populations[one.volume]) for one in strata if one.judged]


def _effective(judged: Sequence[Stratum], value: float) -> float:
    """The number of equally weighted verdicts that tell as much as these."""
    total = sum(one.population for one in judged)
    shares = [one.population / total for one in judged]
    kish = 1 / sum(share**2 / one.judged for share, one in zip(shares, judged, strict=True))
    # One verdict more in each stratum, like the whole: a few that agree do not make a stratum certain.
    rates = [(one.complaints + value) / (one.judged + 1) for one in judged]
    spread = [rate * (1 - rate) / one.judged for rate, one in zip(rates, judged, strict=True)]
    variance = sum(share**2 * part for share, part in zip(shares, spread, strict=True))
    if not variance:
        return kish
    mean = sum(share * rate for share, rate in zip(shares, rates, strict=True))
    return min(kish, mean * (1 - mean) / variance)


def _wilson(rate: _Rate) -> Estimate:
    return Estimate(rate.value, *wilson(rate.value, rate.effective))


@lru_cache(maxsize=16_384)
def _recall(found: _Rate, missed: _Rate) -> Estimate | None:
    """None where no complaint was seen at all. Kept, because the draws take milliseconds and a pager asks each minute
    for every brand, language and platform, of which few were judged meanwhile."""
    if not found.value and not missed.value:
        return None
    random = np.random.default_rng(SEED)
    worst = _share(found, _draw(random, found, above=0), missed, _draw(random, missed, above=1))
    best = _share(found, _draw(random, found, above=1), missed, _draw(random, missed, above=0))
    value = _share(found, np.array(found.value), missed, np.array(missed.value))
    low, high = float(np.quantile(worst, 0.025)), float(np.quantile(best, 0.975))
    return Estimate(float(value), min(low, float(value)), max(high, float(value)))


def _draw(random: np.random.Generator, rate: _Rate, *, above: int) -> Numbers:
    """Rates that the verdicts allow, on the side of their upper (1) or lower (0) bound."""
    seen = rate.value * rate.effective
    return random.beta(max(seen + above, NEVER), max(rate.effective - seen + 1 - above, NEVER), DRAWS)


def _share(found: _Rate, hits: Numbers, missed: _Rate, misses: Numbers) -> Numbers:
    taken = hits * found.population
    return taken / np.maximum(taken + misses * missed.population, NEVER)
