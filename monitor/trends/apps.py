"""Django's name for this room."""

from django.apps import AppConfig


class TrendsConfig(AppConfig):
    name = "monitor.trends"
    label = "trends"
