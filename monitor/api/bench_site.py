"""The desk's own ASGI application with two addresses more, for `bench webhooks`: the views that it is measured against.

`python -m monitor.embedded.web monitor.api.bench_site:application FD`. Everything else is as in production: middleware,
settings, the pool of connections.
"""

import os

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


def _application() -> object:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
    from django.conf import settings
    from django.core.asgi import get_asgi_application

    found = get_asgi_application()
    settings.ROOT_URLCONF = __name__
    return found


def __getattr__(name: str) -> object:
    """Only who serves it sets Django up; the guards that walk the modules import it like any other."""
    if name == "application":
        return _application()
    raise AttributeError(name)
