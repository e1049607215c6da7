"""Trends: the same series as the console's chart."""

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from monitor.api.tokens import caller, needs
from monitor.trends.contribution import DIMENSIONS
from monitor.trends.selectors import series

router = Router(tags=["trends"])


class TrendQuery(Schema):
    """A plain date means its whole day in the zone, as `until` too."""

    since: datetime | date | None = None
    until: datetime | date | None = None
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
    plain = {name: asked[name] for name in ("since", "until", "by", "bucket", "time_zone", "measure")}
    return series(brand=caller(request).brand, filters=filters, **plain)
