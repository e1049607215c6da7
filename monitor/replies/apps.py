"""Django's name for this room."""

from django.apps import AppConfig


class RepliesConfig(AppConfig):
    name = "monitor.replies"
    label = "replies"
