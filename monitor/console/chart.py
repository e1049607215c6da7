"""The geometry of the trend chart. Pure: counts in, places on the paper out; the template draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

WIDTH: Final = 860
HEIGHT: Final = 250
LEFT, RIGHT, TOP, BOTTOM = 42, 14, 12, 28
#: Steps of an axis that people can count in.
STEPS: Final = (1, 2, 3, 5)


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One bucket on the line, with what is said of it."""

    x: float
    y: float
    left: float
    width: float
    start: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Chart:
    width: int
    height: int
    left: float
    right: float
    base: float
    line: str
    area: str
    before: str  # the period before, on the same paper; "" where it is not known
    marks: list[Mark]
    rows: list[Tick]
    columns: list[tuple[float, datetime]]


def draw(starts: Sequence[datetime], counts: Sequence[int], before: Sequence[int] = ()) -> Chart:
    """A line over the buckets, and one for the period before them. No bucket at all: an empty paper."""
    top = axis_top(max((*counts, *before), default=0))
    base = HEIGHT - BOTTOM
    step = (WIDTH - LEFT - RIGHT) / max(1, len(counts))
    marks = [
        Mark(
            x=round(LEFT + step * (place + 0.5), 1),
            y=round(base - (base - TOP) * count / top, 1),
            left=round(LEFT + step * place, 1),
            width=round(step, 2),
            start=start,
            count=count,
        )
        for place, (start, count) in enumerate(zip(starts, counts, strict=True))
    ]
    line = " ".join(f"{mark.x},{mark.y}" for mark in marks)
    earlier = " ".join(
        f"{LEFT + step * (place + 0.5):.1f},{base - (base - TOP) * count / top:.1f}"
        for place, count in enumerate(before[: len(counts)])
    )
    area = f"{marks[0].x},{base} {line} {marks[-1].x},{base}" if marks else ""
    rows = [Tick(round(base - (base - TOP) * value / top, 1), str(value)) for value in axis_values(top)]
    every = max(1, -(-len(marks) // 8))
    columns = [(mark.x, mark.start) for mark in marks[::every]]
    return Chart(WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, base, line, area, earlier, marks, rows, columns)


def axis_top(most: int) -> int:
    """The smallest round number that holds the highest count, at least four."""
    wanted = max(4, most)
    size = 1
    while True:
        for step in STEPS:
            if step * size * 4 >= wanted:
                return step * size * 4
        size *= 10


def axis_values(top: int) -> list[int]:
    return [top // 4 * part for part in range(5)]
