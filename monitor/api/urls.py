"""Addresses for machines."""

from django.urls import URLPattern, URLResolver, path

from monitor.api.health import healthz, metrics, readyz
from monitor.api.meta_requests import meta_data_deletion, meta_deauthorise
from monitor.api.rest import api
from monitor.api.webhooks import meta_webhook, x_webhook

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("webhooks/x/", x_webhook, name="x_webhook"),
    path("webhooks/meta/", meta_webhook, name="meta_webhook"),
    path("webhooks/meta/data-deletion/", meta_data_deletion, name="meta_data_deletion"),
    path("webhooks/meta/deauthorise/", meta_deauthorise, name="meta_deauthorise"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
