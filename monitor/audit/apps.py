"""Django's name for this room."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "monitor.audit"
    label = "audit"
