"""The complaint trend as a chart and tables, and its files."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from monitor.audit import services as audit
from monitor.brands.models import Brand
from monitor.brands.routes import needs
from monitor.console.chart import Chart, draw
from monitor.trends.exports import ExportError, export_to
from monitor.trends.periods import PeriodError, instant
from monitor.trends.selectors import Line, Series, series, values_of

RANGES: Final = ((1, _("24 hours")), (7, _("7 days")), (30, _("30 days")), (90, _("90 days")))
BREAKDOWNS: Final = (
    ("topic", _("Topic")),
    ("platform", _("Platform")),
    ("language", _("Language")),
    ("market", _("Market")),
)
MEASURES: Final = (("complaints", _("Complaints")), ("posts", _("All posts")), ("severes", _("Critical")))


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; nonsense in an address falls back to the last 30 days."""

    days: int
    measure: str
    filters: dict[str, str]

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Wish":
        days = query.get("days", "")
        measure = query.get("measure", "")
        return cls(
            days=int(days) if days in {str(number) for number, _name in RANGES} else 30,
            measure=measure if measure in dict(MEASURES) else "complaints",
            filters={name: query[name] for name, _title in BREAKDOWNS if query.get(name)},
        )

    @property
    def bucket(self) -> str:
        return "hour" if self.days == 1 else "day"

    @property
    def since(self) -> Any:
        if self.days == 1:
            return timezone.now() - timedelta(hours=23)
        return self.first_day

    @property
    def first_day(self) -> date:
        return timezone.localdate() - timedelta(days=self.days - 1)


@require_safe
@needs("export")
def export_file(request: HttpRequest, brand: Brand) -> HttpResponseBase:
    """A file of trends, cases or posts. Written to a temporary file first: a failure is a page, not half a file."""
    kind, format = request.GET.get("kind", "trends"), request.GET.get("format", "csv")
    zone = timezone.get_current_timezone()
    file = tempfile.TemporaryFile()  # noqa: SIM115  (FileResponse closes it)
    try:
        since, until = _day(request, "since"), _day(request, "until")
        export_to(
            file,
            kind,
            format=format,
            brand=brand,
            since=instant(since, zone) if since else None,
            until=instant(until, zone, ends=True) if until else None,
        )
    except (ExportError, ValueError):
        file.close()
        return render(request, "console/errors/400.html", status=400)
    file.seek(0)
    audit.record(act="export", brand_id=brand.pk, actor=request.user, subject=brand, params={"kind": kind})
    return FileResponse(file, as_attachment=True, filename=f"{brand.slug}-{kind}.{format}")


def _day(request: HttpRequest, name: str) -> date | None:
    """Raises ValueError for what is no day."""
    stated = request.GET.get(name, "")
    return date.fromisoformat(stated) if stated else None


@require_safe
@needs("view")
def show_trends(request: HttpRequest, brand: Brand) -> HttpResponse:
    wish = Wish.read(request.GET.dict())
    until = timezone.now()
    asked: dict[str, Any] = {
        "brand": brand,
        "since": wish.since,
        "until": until,
        "bucket": wish.bucket,
        "time_zone": timezone.get_current_timezone_name(),
        "filters": wish.filters,
    }
    try:
        trend = series(measure=wish.measure, **asked)
        posts = series(measure="posts", **asked)
        tables = [
            (name, title, largest_first(series(measure=wish.measure, by=name, **asked).lines))
            for name, title in BREAKDOWNS
        ]
    except PeriodError:
        return render(request, "console/errors/400.html", status=400)
    shown = {
        "brand": brand,
        "wish": wish,
        "trend": trend,
        "posts": posts,
        "share": 100 * trend.total / posts.total if posts.total else None,
        "chart": _chart(trend),
        "tables": tables,
        "ranges": RANGES,
        "measures": MEASURES,
        "choices": [(name, title, values_of(name, brand=brand)) for name, title in BREAKDOWNS],
        "measure_name": dict(MEASURES)[wish.measure],
        "since_day": wish.first_day,
        "until_day": timezone.localdate(),
    }
    return render(request, "console/trends.html", shown)


def _chart(trend: Series) -> Chart:
    if not trend.lines:
        return draw(trend.starts, [0] * len(trend.starts))
    line = trend.lines[0]
    return draw(trend.starts, line.counts, line.previous_counts)


def largest_first(lines: tuple[Line, ...], count: int = 12) -> list[tuple[Line, float]]:
    """The largest lines, each with its share of the largest (0–100) for its bar."""
    top = max((line.total for line in lines), default=0) or 1
    return [(line, 100 * line.total / top) for line in lines[:count]]
