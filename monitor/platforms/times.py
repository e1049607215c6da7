"""Every spelling of time that a platform uses, turned into an aware UTC datetime."""

from datetime import UTC, datetime

from monitor.platforms.errors import MalformedPayloadError

# Epoch values above this are milliseconds: as seconds it would be the year 5138.
_FIRST_MILLISECOND_EPOCH = 100_000_000_000
_V1_FORMAT = "%a %b %d %H:%M:%S %z %Y"
_SNOWFLAKE_EPOCH_MS = 1_288_834_974_657


def utc_now() -> datetime:
    return datetime.now(UTC)


def parse_time(value: object) -> datetime | None:
    """Reads ISO 8601 with or without fraction or colon, X's v1.1 format, and epochs in seconds or milliseconds.

    None and "" give None. Raises MalformedPayloadError for anything else.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _from_epoch(float(value))
        if isinstance(value, str):
            return _from_text(value.strip())
    except (ValueError, OverflowError, OSError):
        pass
    raise MalformedPayloadError("a time is in no known format")


def snowflake_time(identifier: str) -> datetime | None:
    """When X made this id; None for ids that are no snowflakes (before November 2010, or not numeric)."""
    milliseconds = int(identifier) >> 22 if identifier.isascii() and identifier.isdigit() else 0
    if milliseconds == 0 or milliseconds >= 1 << 42:
        return None
    return datetime.fromtimestamp((milliseconds + _SNOWFLAKE_EPOCH_MS) / 1000, UTC)


def snowflake_at(moment: datetime) -> int:
    """The lowest id that X can make at `moment`."""
    return max(0, int(moment.timestamp() * 1000) - _SNOWFLAKE_EPOCH_MS) << 22


def _from_epoch(value: float) -> datetime:
    return datetime.fromtimestamp(value / 1000 if abs(value) >= _FIRST_MILLISECOND_EPOCH else value, UTC)


def _from_text(text: str) -> datetime:
    if text.isascii() and text.lstrip("-").isdigit() and len(text) != 8:
        return _from_epoch(float(text))
    if text[:1].isalpha():
        return datetime.strptime(text, _V1_FORMAT).astimezone(UTC)
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
