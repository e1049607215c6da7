"""Django's name for this room."""

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "monitor.analysis"
    label = "analysis"
