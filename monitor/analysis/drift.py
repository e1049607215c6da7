"""Whether a week's posts differ from those of the four weeks before: the population stability index. Pure.

PSI = Σ (now − before) × ln(now ÷ before) over the parts of a distribution. The customary reading, from credit scoring
(Siddiqi, Credit Risk Scorecards, 2006): below 0.1 stable, above 0.25 a shift that somebody should look at. By chance
alone it comes to about (parts − 1) × (1 ÷ posts before + 1 ÷ posts now) (Yurdakul 2018): with the least posts below,
0.06 for ten parts, so that chance does not reach 0.25.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from monitor.nlp.language import UNKNOWN

NOW_DAYS: Final = 7
BEFORE_DAYS: Final = 28
#: How the scores spread over ten equal bins; the languages; posts in no known language.
MEASURES: Final = ("complaint_score", "language", "unknown_language")
BINS: Final = 10
LANGUAGES: Final = 9  # the largest, and all others as one: many small parts would only add noise
OTHER: Final = "other"
SHIFTED: Final = 0.25
LEAST_NOW: Final = 200
LEAST_BEFORE: Final = 500
#: Added to each part, so that one that was empty gives a large index and not an endless one.
SMOOTHING: Final = 0.5


@dataclass(frozen=True, slots=True)
class Shift:
    """One measure. `parts`: name, posts before, posts now. `index` is None where there are too few posts to say."""

    measure: str
    index: float | None
    parts: tuple[tuple[str, int, int], ...]

    @property
    def before(self) -> int:
        return sum(before for _name, before, _now in self.parts)

    @property
    def now(self) -> int:
        return sum(now for _name, _before, now in self.parts)


#: (bin from 1, language) → posts.
Counts = Mapping[tuple[int, str], int]


def shifts(before: Counts, now: Counts) -> list[Shift]:
    """All measures, from posts counted by score and language."""
    return [
        _shift("complaint_score", [(str(place), *_both(before, now, score=place)) for place in range(1, BINS + 1)]),
        _shift("language", _languages(before, now)),
        _shift("unknown_language", _unknown(before, now)),
    ]


def stability_index(parts: Sequence[tuple[str, int, int]]) -> float:
    total_before = sum(before for _name, before, _now in parts) + SMOOTHING * len(parts)
    total_now = sum(now for _name, _before, now in parts) + SMOOTHING * len(parts)
    index = 0.0
    for _name, before, now in parts:
        share_before, share_now = (before + SMOOTHING) / total_before, (now + SMOOTHING) / total_now
        index += (share_now - share_before) * log(share_now / share_before)
    return index


def _shift(measure: str, parts: list[tuple[str, int, int]]) -> Shift:
    shift = Shift(measure, None, tuple(parts))
    if shift.before < LEAST_BEFORE or shift.now < LEAST_NOW:
        return shift
    return Shift(measure, stability_index(parts), tuple(parts))


def _both(before: Counts, now: Counts, *, score: int | None = None, language: str | None = None) -> tuple[int, int]:
    def counted(counts: Counts) -> int:
        return sum(
            count
            for (place, code), count in counts.items()
            if (score is None or place == score) and (language is None or code == language)
        )

    return counted(before), counted(now)


def _languages(before: Counts, now: Counts) -> list[tuple[str, int, int]]:
    codes = {code for _place, code in [*before, *now]} - {UNKNOWN}
    known = [(code, *_both(before, now, language=code)) for code in codes]
    known.sort(key=lambda part: (-part[1] - part[2], part[0]))
    rest = known[LANGUAGES:]
    if not rest:
        return known
    return [*known[:LANGUAGES], (OTHER, sum(part[1] for part in rest), sum(part[2] for part in rest))]


def _unknown(before: Counts, now: Counts) -> list[tuple[str, int, int]]:
    total, unknown = _both(before, now), _both(before, now, language=UNKNOWN)
    return [(UNKNOWN, *unknown), ("known", total[0] - unknown[0], total[1] - unknown[1])]
