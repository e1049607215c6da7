"""What a series should be now, from what it was before: a level that follows slowly and a habit of the day and week.

Pure and causal. Memory and time per value do not grow with the length of the series.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# Weeks of the same moment that the habit remembers, and how far the level follows one value.
REMEMBERED = 8
FOLLOW = 0.02
# A residual beyond this many scales teaches only as much as this many: a spike must not become the rule.
MOST_TAUGHT = 6.0
# After this many surprises in a row the level has moved for good, and is followed faster.
PATIENCE = 12


@dataclass(slots=True)
class Baseline:
    """Learns one series. `expect` before `learn`, for each value in order."""

    level: float = 0.0
    scale: float = 0.0
    seen: int = 0
    surprises: int = 0
    is_count: bool = True  # whole numbers from zero up, as far as seen
    habits: dict[tuple[int, int], deque[float]] = field(default_factory=dict)
    days: dict[int, deque[float]] = field(default_factory=dict)

    def expect(self, at: datetime) -> float:
        return self.level + self._habit(at)

    def spread(self, at: datetime) -> float:
        """The usual distance from the expected value; never below what pure chance gives a count."""
        expected = abs(self.expect(at))
        return max(self.scale, math.sqrt(max(expected, 1)) if self.is_count else 0.02 * expected, 1e-9)

    def learn(self, at: datetime, value: float) -> None:
        if self.seen == 0:
            self.level, self.scale = value, 0.0
        self.is_count = self.is_count and value >= 0 and value == int(value)
        residual = value - self.expect(at)
        taught = self._clip(residual, at)
        follow = max(FOLLOW * (3 if self.surprises > PATIENCE else 1), 1 / (self.seen + 1))
        self.level += follow * taught
        self.scale += max(FOLLOW, 1 / (self.seen + 1)) * (1.25 * abs(taught) - self.scale)
        self._remember(at, value - self.level if abs(taught) == abs(residual) else self._habit(at) + taught)
        self.seen += 1

    def _clip(self, residual: float, at: datetime) -> float:
        most = MOST_TAUGHT * self.spread(at)
        if self.seen < PATIENCE or abs(residual) <= most:
            self.surprises = 0
            return residual
        self.surprises += 1
        return math.copysign(most, residual)

    def _habit(self, at: datetime) -> float:
        """Median of the same quarter-hour of the same weekday; of any day while that is still unknown."""
        weekday, quarter = at.weekday(), _quarter(at)
        same = self.habits.get((weekday, quarter))
        if same and len(same) >= 3:
            return _median(same)
        any_day = self.days.get(quarter)
        return _median(any_day) if any_day and len(any_day) >= 2 else 0.0

    def _remember(self, at: datetime, distance: float) -> None:
        weekday, quarter = at.weekday(), _quarter(at)
        self.habits.setdefault((weekday, quarter), deque(maxlen=REMEMBERED)).append(distance)
        self.days.setdefault(quarter, deque(maxlen=REMEMBERED)).append(distance)


def _quarter(at: datetime) -> int:
    return int(timedelta(hours=at.hour, minutes=at.minute) / timedelta(minutes=15))


def _median(values: deque[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
