"""Django's name for this room."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "monitor.privacy"
    label = "privacy"
