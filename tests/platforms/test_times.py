from datetime import UTC, datetime, timedelta

import pytest

from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.times import parse_time, snowflake_at, snowflake_time

NOON = datetime(2026, 3, 29, 1, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-29T01:30:15Z",
        "2026-03-29T01:30:15.000Z",
        "2026-03-29T01:30:15+0000",
        "2026-03-29T03:30:15+02:00",
        "2026-03-28T17:30:15-08:00",
        "Sun Mar 29 01:30:15 +0000 2026",
        1774747815,
        1774747815000,
        "1774747815",
        "1774747815000",
    ],
)
def test_every_spelling_of_a_moment_is_the_same_moment(value):
    assert parse_time(value) == NOON


def test_a_time_without_a_zone_is_utc():
    assert parse_time("2026-03-29T01:30:15") == NOON


@pytest.mark.parametrize("value", [None, ""])
def test_no_time_is_no_time(value):
    assert parse_time(value) is None


@pytest.mark.parametrize("value", ["yesterday", "2026-13-40T00:00:00Z", {}, [], True, 10**30, "9" * 40, float("inf")])
def test_nonsense_is_a_malformed_payload(value):
    with pytest.raises(MalformedPayloadError):
        parse_time(value)


def test_an_id_of_x_tells_when_it_was_made():
    made = snowflake_time(str(snowflake_at(NOON)))
    assert made is not None and abs(made - NOON) < timedelta(milliseconds=1)


@pytest.mark.parametrize("identifier", ["", "abc", "20", "-5", "٣٤٥٦٧٨٩٠١٢٣"])
def test_what_is_no_snowflake_has_no_time(identifier):
    assert snowflake_time(identifier) is None
