"""For probes and pagers: alive, able to serve, and how it goes. Only /metrics says anything worth hiding."""

import hmac

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from monitor.api.metrics import render
from monitor.api.problems import problem
from monitor.brands.routes import for_everybody

LOOPBACK = frozenset({"127.0.0.1", "::1"})


@never_cache
@require_safe
@for_everybody
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is looked at, so that a database that restarts does not restart us too."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
@for_everybody
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether requests would be answered: the database is there and has the tables of this version."""
    checks = _checks()
    return JsonResponse(checks, status=200 if set(checks.values()) == {"ok"} else 503)


@never_cache
@require_safe
@for_everybody
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_read_metrics(request):
        return problem(403, "metrics")
    return HttpResponse(render(), content_type=CONTENT_TYPE_LATEST)


def _checks() -> dict[str, str]:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return {"database": "unreachable", "migrations": "unknown"}
    return {"database": "ok", "migrations": "waiting" if waiting else "ok"}


def _may_read_metrics(request: HttpRequest) -> bool:
    """With the token from anywhere; where none is set from this machine only, and not through a proxy on it."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        return hmac.compare_digest(given, settings.METRICS_TOKEN.encode())
    return request.META.get("REMOTE_ADDR", "") in LOOPBACK and "X-Forwarded-For" not in request.headers
