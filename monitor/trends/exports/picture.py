"""The complaint trend as a picture: rows of the trends table in, PNG out. Drawn at twice its size and made smaller,
which smooths the lines."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import BinaryIO

from PIL import Image, ImageDraw, ImageFont

from monitor.trends.exports.cells import Value
from monitor.trends.exports.tables import Column

Colour = tuple[int, int, int]

WIDTH, HEIGHT = 1280, 720
LEFT, RIGHT, TOP, BOTTOM, LEGEND = 110, 1240, 156, 640, 122
TOPICS_SHOWN = 4
LINE_COLOUR = (32, 32, 36)
# Told apart by people who do not see every colour (Okabe and Ito, 2008).
TOPIC_COLOURS = ((213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167))
_PAPER, _INK, _QUIET, _GRID = (255, 255, 255), (32, 32, 36), (105, 105, 112), (226, 226, 230)
_SCALE = 2
_MOST_DAYS_WITH_DOTS, _MOST_DAYS_IN_BOLD = 45, 120
_DAY_STEPS = (1, 2, 7, 14, 28, 56, 91, 182, 364, 728)


@dataclass
class Trend:
    """Complaints a day, all and by topic; `undated` complaints have no place on the axis."""

    by_day: Counter[date] = field(default_factory=Counter)
    by_topic: dict[str, Counter[date]] = field(default_factory=lambda: defaultdict(Counter))
    brands: set[str] = field(default_factory=set)
    undated: int = 0
    rows: int = 0

    @property
    def days(self) -> list[date]:
        """Every day from the first to the last, quiet ones included."""
        if not self.by_day:
            return []
        first, last = min(self.by_day), max(self.by_day)
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def top_topics(self) -> list[str]:
        totals = {topic: counts.total() for topic, counts in self.by_topic.items() if counts.total() > 0}
        return sorted(totals, key=lambda topic: (-totals[topic], topic))[:TOPICS_SHOWN]


def read_trend(columns: Sequence[Column], rows: Iterable[Sequence[Value]]) -> Trend:
    names = [column.name for column in columns]
    brand_at, day_at, topic_at, count_at = (names.index(name) for name in ("brand", "day", "topic", "complaints"))
    trend = Trend()
    for row in rows:
        day, count = row[day_at], int(str(row[count_at]))
        trend.rows += 1
        trend.brands.add(str(row[brand_at]))
        if isinstance(day, date):
            trend.by_day[day] += count
            trend.by_topic[str(row[topic_at])][day] += count
        else:
            trend.undated += count
    return trend


def write_png(file: BinaryIO, columns: Sequence[Column], rows: Iterable[Sequence[Value]]) -> int:
    """Draws the rows of the trends table; returns how many there were."""
    trend = read_trend(columns, rows)
    paper = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), _PAPER)
    _Chart(paper, trend).draw()
    paper.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(file, format="PNG", optimize=True)
    return trend.rows


class _Chart:
    """Puts a trend on paper; places are those of the finished picture."""

    def __init__(self, paper: Image.Image, trend: Trend) -> None:
        self._paper, self._pen = paper, ImageDraw.Draw(paper)
        self._trend, self._days = trend, trend.days
        self._step = _count_step(max(trend.by_day.values(), default=0))
        self._top = self._step * max(1, -(-max(trend.by_day.values(), default=0) // self._step))

    def draw(self) -> None:
        self._write((LEFT, 28), _title(self._trend), 30, _INK)
        self._write((LEFT, 68), _subtitle(self._trend), 18, _QUIET)
        self._draw_counts()
        if not self._days:
            self._write((LEFT + 20, (TOP + BOTTOM) / 2), "No dated posts in this stretch.", 22, _QUIET)
            return
        self._draw_days()
        by_topic = [(topic, self._trend.by_topic[topic]) for topic in self._trend.top_topics()]
        lines = list(zip([("all", self._trend.by_day), *by_topic], [LINE_COLOUR, *TOPIC_COLOURS], strict=False))
        shown = lines[: self._draw_legend(lines)]
        width = 2 if len(self._days) <= _MOST_DAYS_IN_BOLD else 1
        for place, ((_, counts), colour) in reversed(list(enumerate(shown))):
            self._draw_line(counts, colour, width if place else 2 * width)

    def place(self, day: date, count: int) -> tuple[float, float]:
        wide = max(1, len(self._days) - 1)
        # A single day stands in the middle.
        share = (day - self._days[0]).days / wide if len(self._days) > 1 else 0.5
        return LEFT + share * (RIGHT - LEFT), BOTTOM - count / self._top * (BOTTOM - TOP)

    def _draw_counts(self) -> None:
        for count in range(0, self._top + 1, self._step):
            height = BOTTOM - count / self._top * (BOTTOM - TOP)
            self._stroke([(LEFT, height), (RIGHT, height)], _QUIET if count == 0 else _GRID, 1)
            self._write((LEFT - 12, height), f"{count:,}", 17, _QUIET, anchor="rm")
        self._write_upright("complaints", 16, (24, (TOP + BOTTOM) // 2))

    def _draw_days(self) -> None:
        step = next((step for step in _DAY_STEPS if len(self._days) / step <= 10), len(self._days) // 8 + 1)
        for day in self._days[::step]:
            across, _ = self.place(day, 0)
            self._stroke([(across, BOTTOM), (across, BOTTOM + 6)], _QUIET, 1)
            self._write((across, BOTTOM + 12), day.isoformat(), 15, _QUIET, anchor="ma")
        self._write(((LEFT + RIGHT) / 2, BOTTOM + 52), "day, in the brand's time zone", 16, _QUIET, anchor="ma")

    def _draw_line(self, counts: Counter[date], colour: Colour, width: int) -> None:
        points = [self.place(day, counts[day]) for day in self._days]
        if len(points) > 1:
            self._stroke(points, colour, width)
        if len(points) <= _MOST_DAYS_WITH_DOTS:
            for across, height in points:
                self._dot(across, height, width + 1, colour)

    def _draw_legend(self, lines: Sequence[tuple[tuple[str, Counter[date]], Colour]]) -> int:
        """How many lines there was room to name; the others are left out."""
        across: float = LEFT
        for number, ((name, counts), colour) in enumerate(lines):
            words = f"{name.replace('_', ' ')[:32]} {counts.total():,}"
            wide = 34 + _font(17).getlength(words) / _SCALE
            if across + wide > RIGHT:
                return number
            self._stroke([(across, LEGEND), (across + 26, LEGEND)], colour, 4)
            self._write((across + 34, LEGEND), words, 17, _INK, anchor="lm")
            across += wide + 28
        return len(lines)

    def _stroke(self, points: Sequence[tuple[float, float]], colour: Colour, width: int) -> None:
        scaled = [(across * _SCALE, height * _SCALE) for across, height in points]
        self._pen.line(scaled, fill=colour, width=width * _SCALE, joint="curve")

    def _dot(self, across: float, height: float, radius: float, colour: Colour) -> None:
        box = [(part + side * radius) * _SCALE for side in (-1, 1) for part in (across, height)]
        self._pen.ellipse(box, fill=colour)

    def _write(self, at: tuple[float, float], words: str, size: int, colour: Colour, *, anchor: str = "la") -> None:
        self._pen.text((at[0] * _SCALE, at[1] * _SCALE), words, fill=colour, font=_font(size), anchor=anchor)

    def _write_upright(self, words: str, size: int, middle: tuple[int, int]) -> None:
        long, high = round(_font(size).getlength(words)), size * _SCALE * 2
        strip = Image.new("RGB", (long, high), _PAPER)
        ImageDraw.Draw(strip).text((0, high / 2), words, fill=_QUIET, font=_font(size), anchor="lm")
        upright = strip.rotate(90, expand=True)
        corner = (middle[0] * _SCALE - upright.width // 2, middle[1] * _SCALE - upright.height // 2)
        self._paper.paste(upright, corner)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own: the picture is the same on every machine."""
    return ImageFont.load_default(size * _SCALE)


def _title(trend: Trend) -> str:
    if len(trend.brands) == 1:
        return f"Complaints a day: {next(iter(trend.brands))}"
    return f"Complaints a day: {len(trend.brands)} brands" if trend.brands else "Complaints a day"


def _subtitle(trend: Trend) -> str:
    if not trend.by_day:
        return f"{trend.undated:,} complaints without a date are not shown" if trend.undated else ""
    total, days = trend.by_day.total(), trend.days
    stretch = " to ".join(dict.fromkeys(day.isoformat() for day in (days[0], days[-1])))
    words = f"{stretch}: {total:,} complaint{'' if total == 1 else 's'}"
    return words + (f", and {trend.undated:,} without a date that are not shown" if trend.undated else "")


def _count_step(highest: int) -> int:
    """A round number of which five or six reach the highest count."""
    step = 1
    while highest > step * 6:
        step = {1: 2, 2: 5, 5: 10}[int(str(step)[0])] * 10 ** (len(str(step)) - 1)
    return step
