"""The complaint trend as a picture: what is drawn is what was counted."""

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from monitor.trends.exports import ExportError, export
from monitor.trends.exports.picture import (
    BOTTOM,
    HEIGHT,
    LEFT,
    LINE_COLOUR,
    RIGHT,
    TOP,
    TOPIC_COLOURS,
    WIDTH,
    read_trend,
    write_png,
)
from monitor.trends.exports.tables import TRENDS
from tests.trends.making import make_post, read_post

FIRST = date(2026, 3, 1)


def row(day: date | None, complaints: int, topic: str = "delivery", brand: str = "lumora") -> Sequence[Any]:
    told = {"brand": brand, "day": day, "topic": topic, "complaints": complaints}
    return [told.get(name, 0) for name in TRENDS.names]


def drawn(rows: Sequence[Sequence[Any]]) -> Image.Image:
    file = io.BytesIO()
    assert write_png(file, TRENDS.columns, rows) == len(rows)
    return Image.open(io.BytesIO(file.getvalue()))


def places(picture: Image.Image, colour: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Where the chart itself has that colour."""
    pixels = picture.convert("RGB").load()
    assert pixels is not None
    return [(x, y) for x in range(LEFT, RIGHT + 1) for y in range(TOP, BOTTOM) if pixels[x, y] == colour]


def test_the_line_is_highest_on_the_day_of_most_complaints() -> None:
    counts = [1, 2, 10, 3, 0, 2, 4, 1, 1, 2, 3]
    picture = drawn([row(FIRST + timedelta(days=number), count) for number, count in enumerate(counts)])
    assert (picture.format, picture.size) == ("PNG", (WIDTH, HEIGHT))
    across, height = min(places(picture, LINE_COLOUR), key=lambda at: at[1])
    assert across == pytest.approx(LEFT + 2 / 10 * (RIGHT - LEFT), abs=6)
    assert height == pytest.approx(TOP, abs=6)


def test_the_largest_topics_have_a_line_each_and_the_fifth_has_none() -> None:
    days = [FIRST + timedelta(days=number) for number in range(3)]
    rows = [row(day, 60 - 10 * rank, f"topic_{rank}") for rank in range(5) for day in days]
    assert read_trend(TRENDS.columns, rows).top_topics() == ["topic_0", "topic_1", "topic_2", "topic_3"]
    picture = drawn(rows)
    heights = [min(height for _, height in places(picture, colour)) for colour in (LINE_COLOUR, *TOPIC_COLOURS)]
    assert heights == sorted(heights), "more complaints stand higher"
    assert len(set(heights)) == 5


def test_quiet_days_have_their_place_and_undated_complaints_are_told_not_drawn() -> None:
    trend = read_trend(TRENDS.columns, [row(FIRST, 2), row(FIRST + timedelta(days=4), 1), row(None, 7)])
    assert len(trend.days) == 5
    assert trend.by_day.total() == 3
    assert trend.undated == 7


@pytest.mark.parametrize("rows", [[], [row(None, 3)], [row(FIRST, 0)], [row(FIRST, 1)], [row(FIRST, 10**9)]])
def test_few_rows_make_a_picture_too(rows: Sequence[Sequence[Any]]) -> None:
    assert drawn(rows).size == (WIDTH, HEIGHT)


def test_many_long_topic_names_do_not_run_out_of_the_picture() -> None:
    picture = drawn([row(FIRST, 1_000_000, f"{'a very long topic ' * 3}{rank}") for rank in range(4)]).convert("RGB")
    margin = picture.crop((RIGHT + 8, 0, WIDTH, BOTTOM))
    assert margin.getcolors() == [(margin.width * margin.height, (255, 255, 255))]


def test_a_picture_is_drawn_from_what_is_stored(brand: Any, tmp_path: Path) -> None:
    read_post(make_post(brand, datetime(2026, 3, 10, 12, tzinfo=UTC)))
    assert export("trends", format="png", out=tmp_path / "t.png", brand="lumora") == 1
    assert places(Image.open(tmp_path / "t.png"), LINE_COLOUR)


@pytest.mark.parametrize("kind", ["posts", "cases"])
def test_other_tables_are_refused_in_one_sentence(brand: Any, tmp_path: Path, kind: str) -> None:
    with pytest.raises(ExportError, match=f"Only trends can be drawn as png; write {kind} as csv, "):
        export(kind, format="png", out=tmp_path / "t.png")
    assert list(tmp_path.iterdir()) == []
