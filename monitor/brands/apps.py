"""Django's name for this room."""

from django.apps import AppConfig


class BrandsConfig(AppConfig):
    name = "monitor.brands"
    label = "brands"
