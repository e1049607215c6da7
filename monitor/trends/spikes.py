"""Finds where a series leaves its baseline: a stream in, a stream out, each row judged from nothing later."""

import csv
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from monitor.trends.baseline import Baseline

# So many usual distances above the expected value make a spike; the score is then one half.
SPIKE_AT = 8.0
# Before so many values nothing is called a spike.
WARM_UP = 24
TIME_COLUMNS = ("timestamp", "time", "date", "datetime", "ds", "bucket_at", "day")
VALUE_COLUMNS = ("value", "count", "y", "complaints", "posts")


class SpikeInputError(ValueError):
    """The table cannot be read as a series. `line` is the line of the file, from 1."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"Line {line}: {message}" if line else message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Judged:
    """One row of the answer. `score` is 0 to 1; a hole has no value and no score."""

    timestamp: str
    value: float | None
    expected: float
    score: float
    is_spike: bool

    def to_json(self) -> dict[str, object]:
        return {
            "timestamp": self.timestamp,
            "value": self.value,
            "expected": round(self.expected, 3),
            "score": round(self.score, 4),
            "is_spike": self.is_spike,
        }


def spike_stream(rows: Iterable[tuple[str, float | None]]) -> Iterator[dict[str, object]]:
    """Judges (ISO 8601 time, value or None) in order. Raises SpikeInputError for a time that cannot be read."""
    baseline = Baseline()
    for number, (timestamp, value) in enumerate(rows, start=1):
        yield judge(baseline, timestamp, value, row=number).to_json()


def judge(baseline: Baseline, timestamp: str, value: float | None, *, row: int = 0) -> Judged:
    """Judges one value and lets the baseline learn it. Times without a zone are taken as they stand."""
    at = _read_time(timestamp, row)
    if value is None:
        return Judged(timestamp, None, max(0.0, baseline.expect(at)), 0.0, False)
    expected, spread, is_warm = baseline.expect(at), baseline.spread(at), baseline.seen >= WARM_UP
    distance = max(0.0, (value - expected) / spread) if baseline.seen else 0.0
    baseline.learn(at, value)
    score = distance / (distance + SPIKE_AT)
    return Judged(
        timestamp, value, max(0.0, expected) if baseline.is_count else expected, score, is_warm and score >= 0.5
    )


def run_spikes(
    source: Iterable[str], out: IO[str], time_column: str | None = None, value_column: str | None = None
) -> int:
    """CSV or TSV lines in, JSON lines out; returns how many rows. Raises SpikeInputError."""
    count = 0
    for row in spike_stream(_read_rows(source, time_column, value_column)):
        out.write(json.dumps(row) + "\n")
        count += 1
    return count


def _read_rows(
    source: Iterable[str], time_column: str | None, value_column: str | None
) -> Iterator[tuple[str, float | None]]:
    lines = iter(source)
    header = next(lines, "").removeprefix("\ufeff")
    if not header.strip():
        raise SpikeInputError("There is no header: the first line must name the columns.")
    separator = "\t" if "\t" in header else ";" if ";" in header and "," not in header else ","
    names = next(csv.reader([header], delimiter=separator))
    time_at = _find(names, time_column, TIME_COLUMNS, "--time")
    value_at = _find(names, value_column, VALUE_COLUMNS, "--value")
    table = csv.reader(lines, delimiter=separator)
    try:
        for cells in table:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) <= max(time_at, value_at):
                raise SpikeInputError("There are too few columns.", table.line_num + 1)
            yield cells[time_at].strip(), _read_value(cells[value_at], table.line_num + 1)
    except csv.Error as error:
        raise SpikeInputError(f"{error}.", table.line_num + 1) from None


def _find(names: list[str], wanted: str | None, usual: tuple[str, ...], option: str) -> int:
    lowered = [name.strip().lower() for name in names]
    for name in (wanted.lower(),) if wanted else usual:
        if name in lowered:
            return lowered.index(name)
    raise SpikeInputError(f"There is no column {wanted or ' or '.join(usual)}: name it with {option}.")


def _read_value(cell: str, line: int) -> float | None:
    """None for a hole: an empty cell, NaN or null."""
    word = cell.strip()
    if word.lower() in {"", "nan", "null", "none", "na"}:
        return None
    try:
        value = float(word)
    except ValueError:
        raise SpikeInputError(f"{word[:40]!r} is no number.", line) from None
    if math.isinf(value):
        raise SpikeInputError(f"{word[:40]!r} is no finite number.", line)
    return value


def _read_time(timestamp: str, row: int) -> datetime:
    try:
        return datetime.fromisoformat(timestamp.strip())
    except ValueError:
        raise SpikeInputError(f"Row {row}: {timestamp[:40]!r} is no time in ISO 8601.") from None
