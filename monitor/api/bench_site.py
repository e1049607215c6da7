"""The desk's own ASGI application with the addresses of `bench_urls`: `python -m monitor.embedded.web
monitor.api.bench_site:application FD`. Everything else is as in production: middleware, settings, the pool."""

import os


def _application() -> object:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
    from django.conf import settings
    from django.core.asgi import get_asgi_application

    found = get_asgi_application()
    settings.ROOT_URLCONF = "monitor.api.bench_urls"
    return found


def __getattr__(name: str) -> object:
    """Made for who serves it only: it changes the settings of its process."""
    if name == "application":
        return _application()
    raise AttributeError(name)
