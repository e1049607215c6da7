"""Error pages in plain words."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def show_bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "console/errors/400.html", status=400)


def show_forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "console/errors/403.html", status=403)


def show_csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was too old or came from elsewhere: said plainly, because people meet it after a long break."""
    return render(request, "console/errors/csrf.html", status=403)


def show_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "console/errors/404.html", status=404)


def show_server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without context processors: whatever failed may fail again there."""
    return render(None, "console/errors/500.html", status=500)
