"""How far a deletion is that somebody asked for through a platform: for whoever has its code, without any name."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from monitor.brands.routes import for_everybody
from monitor.privacy.asked import deletion_status


@never_cache
@require_safe
@for_everybody
def show_deletion_status(request: HttpRequest, code: str) -> HttpResponse:
    status = deletion_status(code)
    response = render(
        request, "console/deletion_status.html", {"status": status, "code": code}, status=200 if status else 404
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response
