"""All posts, also those that became no case: nothing that was collected is out of sight."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from monitor.brands.models import Brand
from monitor.brands.routes import needs
from monitor.console.labels import INTENTS
from monitor.console.posts import PostFilters, posts_page
from monitor.console.topics import topics_met
from monitor.platforms.registry import platform_codes
from monitor.trends.selectors import values_of

KINDS = (
    ("", _("All")),
    ("cased", _("With a case")),
    ("uncased", _("Without a case")),
    ("own", _("Our own")),
    ("put_aside", _("Could not be read")),
)


@require_safe
@needs("view")
def show_posts(request: HttpRequest, brand: Brand) -> HttpResponse:
    filters = PostFilters.read(request.GET.dict())
    page = posts_page(brand, request.user, filters, request.GET.get("after", ""))
    shown = {"brand": brand, "filters": filters, "page": page}
    if request.headers.get("HX-Request") and "after" in request.GET:
        return render(request, "console/parts/posts.html", shown)
    shown |= {
        "kinds": KINDS,
        "search": request.GET.get("q", ""),
        "choices": [
            ("topic", _("All topics"), filters.value("topic"), topics_met(brand, filters.value("topic"))),
            ("intent", _("All intents"), filters.value("intent"), list(INTENTS)),
            ("platform", _("All platforms"), filters.platform, list(platform_codes())),
            ("language", _("All languages"), filters.value("language"), values_of("language", brand=brand)),
            ("market", _("All markets"), filters.market, values_of("market", brand=brand)),
        ],
    }
    return render(request, "console/posts.html", shown)
