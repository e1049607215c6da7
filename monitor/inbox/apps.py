"""Django's name for this room."""

from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "monitor.inbox"
    label = "inbox"
