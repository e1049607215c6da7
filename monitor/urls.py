"""Where requests go: machines to the API, people to the console."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("monitor.api.urls")),
    path("", include("monitor.console.urls")),
]

handler400 = "monitor.console.views.errors.show_bad_request"
handler403 = "monitor.console.views.errors.show_forbidden"
handler404 = "monitor.console.views.errors.show_not_found"
handler500 = "monitor.console.views.errors.show_server_error"
