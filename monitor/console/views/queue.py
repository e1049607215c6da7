"""The queue: what waits for the team, the most urgent first, live."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from monitor.brands.models import Brand
from monitor.brands.routes import needs
from monitor.cases.resolutions import RESOLUTIONS
from monitor.console.case_page import team_of
from monitor.console.queue import Filters, changed_since, matching_ids, present_mark, queue_counts, queue_page
from monitor.console.told import ways_met

TAB_NAMES = (
    ("active", _("Open")),
    ("flagged", _("Flagged")),
    ("mine", _("Mine")),
    ("waiting", _("Waiting")),
    ("snoozed", _("Snoozed")),
    ("done", _("Done")),
    ("all", _("All")),
)


@require_safe
@needs("view")
def open_brand(request: HttpRequest, brand: Brand) -> HttpResponse:
    """The short address of a brand leads to what waits there."""
    return redirect("queue", brand.slug)


@require_safe
@needs("view")
def show_queue(request: HttpRequest, brand: Brand) -> HttpResponse:
    filters = Filters.read(request.GET.dict())
    page = queue_page(brand, request.user, filters, request.GET.get("after", ""))
    shown: dict[str, Any] = {"brand": brand, "filters": filters, "page": page}
    if request.headers.get("HX-Request") and "after" in request.GET:
        return render(request, "console/parts/cases.html", shown)
    counts = queue_counts(brand, request.user)
    shown |= {
        "counts": counts,
        "tabs": [(tab, name, counts.tabs.get(tab)) for tab, name in TAB_NAMES],
        "mark": present_mark(brand),
        "search": request.GET.get("q", ""),
        "ways": ways_met(brand, filters.told),
        "team": team_of(brand),
        "resolutions": RESOLUTIONS.items(),
    }
    return render(request, "console/queue.html", shown)


@require_safe
@needs("view")
def show_queue_news(request: HttpRequest, brand: Brand) -> HttpResponse:
    """Rows that changed since the mark; 304 when nothing did, for the price of one indexed query."""
    mark = request.GET.get("since", "")
    changed, new_mark = changed_since(brand, mark)
    if new_mark == mark or not changed:
        return HttpResponse(status=304)
    filters = Filters.read(request.GET.dict())
    belonging = matching_ids(brand, request.user, filters, changed)
    rows = [(case, case.pk in belonging) for case in changed]
    return render(request, "console/parts/queue_news.html", {"brand": brand, "rows": rows, "mark": new_mark})
