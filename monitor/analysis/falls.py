"""Whether measured recall or precision has fallen: the upper bound of two weeks lies below the lower one of the four
before. Pure.

Two intervals of 95 % that do not meet are a stricter test than one of 95 %: of steady weeks fewer than one in a hundred
looks so (Schenker and Gentleman 2001).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from monitor.analysis.quality import Estimate, Quality, Stratum, measure

FALL_DAYS: Final = 14
MEASURES: Final = ("recall", "precision")
FALLEN: Final = 0.0


@dataclass(frozen=True, slots=True)
class Fall:
    """One measure, before and now; None where too few verdicts tell."""

    measure: str
    before: Estimate | None
    now: Estimate | None
    verdicts_before: int
    verdicts_now: int

    @property
    def distance(self) -> float | None:
        """How far the former lower bound lies above the present upper one; None where nobody can say."""
        return self.before.low - self.now.high if self.before and self.now else None

    @property
    def parts(self) -> tuple[tuple[str, float, float], ...]:
        """Bounds and value, before and now."""
        if self.before is None or self.now is None:
            return ()
        return tuple(
            (name, round(getattr(self.before, name), 6), round(getattr(self.now, name), 6))
            for name in ("low", "value", "high")
        )


def falls(before: Iterable[Stratum], now: Iterable[Stratum]) -> list[Fall]:
    """Of all posts, whatever model read them: a new model that reads worse is a fall, too."""
    then, present = measure(before), measure(now)
    return [
        Fall("recall", then.recall, present.recall, then.verdicts, present.verdicts),
        Fall("precision", then.precision, present.precision, _of_found(then), _of_found(present)),
    ]


def _of_found(quality: Quality) -> int:
    return quality.judged_said
