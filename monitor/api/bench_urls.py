"""The desk's addresses with two more, for `bench webhooks`: the views that the webhooks are measured against."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path

from monitor.brands.routes import for_everybody, for_people


@for_people
def empty(_request: HttpRequest) -> HttpResponse:
    """What any page costs before it does anything: the session, the user, and an answer without a word."""
    return HttpResponse(status=200)


@for_everybody
def bare(_request: HttpRequest) -> HttpResponse:
    """Not even a session: the floor of the framework."""
    return HttpResponse(status=200)


urlpatterns: list[URLPattern | URLResolver] = [
    path("bench/empty/", empty),
    path("bench/bare/", bare),
    path("", include("monitor.api.urls")),
    path("", include("monitor.console.urls")),
]
