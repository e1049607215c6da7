"""Dates of other people's files: read where they are certain, left out where they are not."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.inbox.dates import read_date

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spelt", "expected"),
    [
        ("2021-12-01T10:00:00Z", "2021-12-01T10:00:00"),
        ("2021-12-01T10:00:00.123456+02:00", "2021-12-01T08:00:00.123456"),
        ("2021-12-01T10:00:00+0000", "2021-12-01T10:00:00"),
        ("2021-12-01 10:00:00", "2021-12-01T10:00:00"),
        ("2021-12-01 10:00:00 UTC", "2021-12-01T10:00:00"),
        ("2021-12-01", "2021-12-01T00:00:00"),
        ("Wed Jan 06 18:40:40 +0000 2021", "2021-01-06T18:40:40"),
        ("Tue, 31 Oct 2017 22:10:47 +0000", "2017-10-31T22:10:47"),
        ("1609958440", "2021-01-06T18:40:40"),
        (1609958440, "2021-01-06T18:40:40"),
        (1609958440123, "2021-01-06T18:40:40.123000"),
        ("1609958440123456", "2021-01-06T18:40:40.123456"),
        ("2021/12/01 10:00", "2021-12-01T10:00:00"),
        ("31.10.2017 22:10", "2017-10-31T22:10:00"),
        ("03.04.2021", "2021-04-03T00:00:00"),
        ("31/10/2017", "2017-10-31T00:00:00"),
        ("10/31/2017 1:05 PM", "2017-10-31T13:05:00"),
        ("10/31/2017 12:05 am", "2017-10-31T00:05:00"),
        ("04/04/2021", "2021-04-04T00:00:00"),
        ("December 1, 2021", "2021-12-01T00:00:00"),
        ("1 Dec 2021", "2021-12-01T00:00:00"),
    ],
)
def test_it_reads_what_is_certain(spelt, expected):
    assert read_date(spelt, now=NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "spelt",
    [
        "", " ", None, True, "soon", "n/a", "03/04/2021", "3-4-2021", "03/04/21", "20211201", "2021-13-45",
        "99/99/2021", "31.02.2021", "2099-01-01", "1899-12-31", "0001-01-01", "5", "9" * 40, "-5", "12:30",
        "2021-12-01T10:00:00+99:00", float("nan"), float("inf"), ["2021-12-01"], "1e9", "²021-12-01",
        "03/04/2021 99:99",
    ],
)  # fmt: skip
def test_it_leaves_undated_what_is_not(spelt):
    assert read_date(spelt, now=NOW) is None


@given(st.one_of(st.text(max_size=40), st.integers(), st.floats(), st.dates().map(str), st.datetimes().map(str)))
def test_it_never_fails_and_never_gives_a_naive_time(value):
    found = read_date(value, now=NOW)
    assert found is None or found.tzinfo is UTC
