"""Django's name for this room."""

from django.apps import AppConfig


class TriageConfig(AppConfig):
    name = "monitor.triage"
    label = "triage"
