"""Django's name for this room."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "monitor.console"
    label = "console"
