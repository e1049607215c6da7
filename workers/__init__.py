"""Celery at the edge: each task loads ids and calls one service. The product never imports this package.

Django is set up here, before any module of the package imports a room.
"""

import os

import django
from django.apps import apps

if not apps.ready:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
    django.setup()
