"""Every page declares the right it needs; the decorator checks it and keeps the table that the guard test walks.

A brand that somebody has no part in does not exist for them (404); a right that they lack there is refused (403).
"""

import functools
from collections.abc import Callable
from typing import Any, Final

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from monitor.brands.models import Brand
from monitor.brands.rights import can

View = Callable[..., HttpResponseBase]

#: Dotted name of a view → the right that it declares; filled by the decorators below and by the API.
ROUTES: Final[dict[str, str]] = {}

#: What a route declares when no role is asked for: anybody at all, or anybody who is logged in.
EVERYBODY: Final = "everybody"
SIGNED_IN: Final = "signed_in"


def needs(right: str) -> Callable[[View], View]:
    """The view is called as `view(request, brand, …)` for `/b/<slug>/…`, once the right is checked."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def checked(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return ask_to_log_in(request)
            brand = brand_of(request, slug)
            if not can(request.user, brand, right):
                raise PermissionDenied(right)
            request.brand = brand  # type: ignore[attr-defined]
            return view(request, brand, *args, **kwargs)

        return _declare(checked, right)

    return decorate


def for_people(view: View) -> View:
    """Anybody who is logged in, whatever their role."""

    @functools.wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return ask_to_log_in(request)
        return view(request, *args, **kwargs)

    return _declare(checked, SIGNED_IN)


def for_everybody(view: View) -> View:
    return _declare(view, EVERYBODY)


def brand_of(request: HttpRequest, slug: str) -> Brand:
    """The brand of an address, as far as this user may know of it. Raises Http404."""
    brand = Brand.objects.filter(slug=slug).first()
    if brand is None or not can(request.user, brand, "view"):
        raise Http404
    return brand


def ask_to_log_in(request: HttpRequest) -> HttpResponseBase:
    """A fragment cannot show the login page in its place, so it makes the whole page go there."""
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=401)
        response["HX-Refresh"] = "true"
        return response
    return redirect_to_login(request.get_full_path())


def _declare(view: View, right: str) -> View:
    ROUTES[f"{view.__module__}.{view.__name__}"] = right
    view.right = right  # type: ignore[attr-defined]
    return view
