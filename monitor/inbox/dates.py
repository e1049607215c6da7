"""Dates as people's files spell them. What cannot be told for certain is left undated, never guessed. Pure."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
_EPOCH = re.compile(r"\d{9,10}(\.\d+)?|\d{12,13}|\d{15,16}")
_NUMBERS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[ T,]+(.*))?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(UTC|GMT|Z)?")
_WORDED = (
    "%a %b %d %H:%M:%S %z %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %b %Y %H:%M",
    "%d %b %Y %H:%M:%S",
    "%d %B %Y %H:%M",
    "%b %d, %Y %H:%M",
    "%B %d, %Y %H:%M",
    "%b %d, %Y %I:%M %p",
    "%B %d, %Y %I:%M %p",
)


def read_date(value: object, *, now: datetime | None = None) -> datetime | None:
    """An aware time in UTC; None for what is no date, could be two ("03/04/2021"), or cannot be true.

    Reads ISO 8601 with or without zone and fraction, X's v1.1 format, RFC 2822, epochs in seconds, milliseconds and
    microseconds, dates in words, and dates in numbers where the order is certain: year first, a point between (day
    first), or a day above 12. A time without a zone is UTC.
    """
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if not text or len(text) > 64:
        return None
    try:
        found = _from_epoch(text) or _from_iso(text) or _from_numbers(text) or _from_words(text)
    except (ValueError, OverflowError, OSError):
        return None
    if found is None:
        return None
    moment = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    latest = (now or datetime.now(UTC)) + timedelta(days=1)
    return moment if _EARLIEST <= moment <= latest else None


def _from_epoch(text: str) -> datetime | None:
    if not text.isascii() or not _EPOCH.fullmatch(text):
        return None
    digits = len(text.split(".")[0])
    divisor = 1 if digits <= 10 else 1000 if digits <= 13 else 1_000_000
    return datetime.fromtimestamp(float(text) / divisor, UTC)


def _from_iso(text: str) -> datetime | None:
    # "20211201" is a date to Python; eight digits without more may be anything.
    if text.isdigit():
        return None
    try:
        return datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return None


def _from_numbers(text: str) -> datetime | None:
    match = _NUMBERS.fullmatch(text)
    if match is None:
        return None
    first, separator, second, third, clock = match.groups()
    order = _order(int(first), len(first), separator, int(second), int(third), len(third))
    if order is None:
        return None
    hours, minutes, seconds = _clock(clock or "")
    return datetime(*order, hours, minutes, seconds, tzinfo=UTC)


def _order(
    first: int, first_digits: int, separator: str, second: int, third: int, third_digits: int
) -> tuple[int, int, int] | None:
    """(year, month, day), or None where two readings are possible."""
    if first_digits == 4:
        return first, second, third
    if third_digits != 4:
        return None
    if separator == ".":
        return third, second, first
    if first > 12:
        return third, second, first
    if second > 12:
        return third, first, second
    return (third, first, second) if first == second else None


def _clock(text: str) -> tuple[int, int, int]:
    if not text.strip():
        return 0, 0, 0
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no time of day")
    hours = int(match[1])
    if half := match[4]:
        hours = hours % 12 + (12 if half[0] in "pP" else 0)
    return hours, int(match[2]), int(match[3] or 0)


def _from_words(text: str) -> datetime | None:
    if not any(letter.isalpha() for letter in text):
        return None
    for pattern in _WORDED:
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007  (a zone is added where the pattern has none)
        except ValueError:
            continue
    return parsedate_to_datetime(text)
