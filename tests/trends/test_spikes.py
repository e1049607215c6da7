"""Spikes: judged row by row, from nothing later, in a series with habits, holes and moved levels."""

import csv
import io
import json
import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.trends.spikes import SpikeInputError, run_spikes, spike_stream

START = datetime(2026, 1, 5, tzinfo=UTC)


def hourly(days: int, seed: int = 7) -> list[tuple[str, float | None]]:
    """Complaints an hour: more by day than by night, fewer on Sundays, with the noise of counts."""
    chance = random.Random(seed)
    rows: list[tuple[str, float | None]] = []
    for hour in range(24 * days):
        at = START + timedelta(hours=hour)
        mean = 20 + 15 * math.sin((at.hour - 6) / 24 * 2 * math.pi)
        mean *= 0.6 if at.weekday() == 6 else 1
        rows.append((at.isoformat(), max(0, round(chance.gauss(mean, math.sqrt(mean))))))
    return rows


def spikes_of(rows: list[tuple[str, float | None]]) -> list[str]:
    return [str(row["timestamp"]) for row in spike_stream(rows) if row["is_spike"]]


def test_a_burst_is_a_spike_and_an_ordinary_day_is_none() -> None:
    rows = hourly(28)
    at, value = rows[600]
    rows[600] = (at, (value or 0) + 90)
    assert spikes_of(rows) == [at]


def test_the_daily_habit_is_expected() -> None:
    judged = list(spike_stream(hourly(28)))[-48:]
    noon = [float(str(row["expected"])) for row in judged if "T12:" in str(row["timestamp"])]
    night = [float(str(row["expected"])) for row in judged if "T00:" in str(row["timestamp"])]
    assert min(noon) > 2 * max(night)


def test_a_row_is_judged_from_nothing_later() -> None:
    rows = hourly(10)
    whole = list(spike_stream(rows))
    assert list(spike_stream(rows[:100])) == whole[:100]
    changed = rows[:100] + [(at, 500.0) for at, _ in rows[100:]]
    assert list(spike_stream(changed))[:100] == whole[:100]


def test_a_spike_does_not_become_the_rule() -> None:
    rows = hourly(28)
    for hour in (600, 601):
        rows[hour] = (rows[hour][0], 200)
    expected = [float(str(row["expected"])) for row in spike_stream(rows)]
    undisturbed = [float(str(row["expected"])) for row in spike_stream(hourly(28))]
    assert abs(expected[606] - undisturbed[606]) < 15


def test_a_level_that_moved_for_good_stops_being_a_spike() -> None:
    rows = [(at, (value or 0) + (150 if number >= 400 else 0)) for number, (at, value) in enumerate(hourly(40))]
    last_week = rows[-168:]
    assert not {at for at, _ in last_week} & set(spikes_of(rows))


def test_holes_are_passed_over() -> None:
    rows = hourly(20)
    rows[300:310] = [(at, None) for at, _ in rows[300:310]]
    judged = list(spike_stream(rows))
    assert [row["value"] for row in judged[300:310]] == [None] * 10
    assert not any(row["is_spike"] for row in judged)


def test_nothing_is_a_spike_before_there_is_a_baseline() -> None:
    assert spikes_of([(f"2026-01-01T00:{minute:02}:00", 1000.0 * minute) for minute in range(20)]) == []


def test_a_quiet_series_does_not_jump_at_a_single_complaint() -> None:
    rows = [((START + timedelta(hours=hour)).isoformat(), float(hour % 50 == 0)) for hour in range(500)]
    assert spikes_of(rows) == []


@pytest.mark.parametrize(
    "timestamp",
    ["2026-01-05", "2026-01-05 10:00:00", "2026-01-05T10:00:00Z", "2026-01-05T10:00:00.123+02:00", "20260105T100000"],
)
def test_any_iso_8601_time_is_read(timestamp: str) -> None:
    assert [row["timestamp"] for row in spike_stream([(timestamp, 1.0)])] == [timestamp]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, width=32)), max_size=80))
def test_every_score_lies_between_zero_and_one(values: list[float | None]) -> None:
    rows = [((START + timedelta(hours=hour)).isoformat(), value) for hour, value in enumerate(values)]
    for row in spike_stream(rows):
        assert 0 <= float(str(row["score"])) <= 1


def test_a_table_becomes_json_lines() -> None:
    out = io.StringIO()
    source = ["\ufeffday;complaints\n", "2026-01-05;3\n", "\n", "2026-01-06;\n", "2026-01-07;NaN\n"]
    assert run_spikes(source, out) == 3
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [row["value"] for row in rows] == [3.0, None, None]
    assert set(rows[0]) == {"timestamp", "value", "expected", "score", "is_spike"}


def test_named_columns_of_a_tsv_are_used() -> None:
    out = io.StringIO()
    run_spikes(["a\tWhen\tHow many\n", "x\t2026-01-05\t3\n"], out, "when", "how many")
    assert json.loads(out.getvalue())["timestamp"] == "2026-01-05"


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "no header"),
        (["a,b\n"], "--time"),
        (["timestamp,b\n"], "--value"),
        (["timestamp,value\n", "yesterday,3\n"], "ISO 8601"),
        (["timestamp,value\n", "2026-01-05,many\n"], "no number"),
        (["timestamp,value\n", "2026-01-05,inf\n"], "finite"),
        (["timestamp,value\n", "2026-01-05\n"], "Line 2"),
        (["timestamp,value\n", "2026-01-05,3\n", "x" * 200_000 + ",3\n"], "Line 3"),
        (["timestamp,value\n", "2026-01-05,1\x00\n"], "no number"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(lines: list[str], says: str) -> None:
    csv.field_size_limit(131_072)  # as a fresh program has it; an import in the same process widens it
    with pytest.raises(SpikeInputError, match=says):
        run_spikes(lines, io.StringIO())
