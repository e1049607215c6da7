"""Django's name for this room."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "monitor.cases"
    label = "cases"
