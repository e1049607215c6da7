"""Addresses for machines."""

from django.urls import URLPattern, URLResolver, path

from monitor.api.health import healthz, metrics, readyz
from monitor.api.rest import api
from monitor.api.webhooks import meta_webhook, x_webhook

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("webhooks/x/", x_webhook, name="x_webhook"),
    path("webhooks/meta/", meta_webhook, name="meta_webhook"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
