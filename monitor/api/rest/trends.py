"""Trends: the same series as the console's chart."""

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from monitor.api.tokens import caller, needs
from monitor.trends.contribution import DIMENSIONS
from monitor.trends.periods import PeriodError
from monitor.trends.selectors import series

router = Router(tags=["trends"])


class TrendQuery(Schema):
    """A plain date means its whole day in the zone, as `until` too."""

    since: str = ""
    until: str = ""
    by: str | None = None
    bucket: str = "day"
    time_zone: str | None = None
    measure: str = "complaints"
    platform: str = ""
    market: str = ""
    language: str = ""
    topic: str = ""
    intent: str = ""
    audience: str = ""


class LineShape(Schema):
    value: str
    counts: list[int]
    total: int
    previous_total: int
    undated: int
    change: float | None


class SeriesShape(Schema):
    measure: str
    bucket: str
    time_zone: str
    starts: list[datetime]
    ends_at: datetime
    total: int
    previous_total: int
    undated: int
    change: float | None
    lines: list[LineShape]


@router.get("", response=SeriesShape, summary="Counts per hour, day or week")
@needs("view")
def get_trend(request: HttpRequest, query: Query[TrendQuery]) -> Any:
    asked = query.dict()
    filters = {name: asked[name] for name in DIMENSIONS if asked[name]}
    plain = {name: asked[name] for name in ("by", "bucket", "time_zone", "measure")}
    since, until = _read_moment(query.since), _read_moment(query.until)
    return series(brand=caller(request).brand, since=since, until=until, filters=filters, **plain)


def _read_moment(text: str) -> date | datetime | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text) if len(text) == len("2026-03-28") else datetime.fromisoformat(text)
    except ValueError:
        raise PeriodError(f"{text[:40]!r} is no date or time in ISO 8601.") from None
