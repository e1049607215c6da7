"""The console's addresses: everything of a brand is below /b/<slug>/."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
