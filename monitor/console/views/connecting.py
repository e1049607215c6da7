"""Connecting channels: the ways there are, the form made from a platform's declaration, and files as a source."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from monitor.brands.models import Brand, Channel
from monitor.brands.registrations import NEEDED_SETTINGS, OPTIONAL_SETTINGS, app_of, return_path
from monitor.brands.routes import needs
from monitor.brands.services import connect_import
from monitor.console.connecting import ChannelForm, FormError, connect_by_form
from monitor.console.credential_words import PLATFORMS, scope_use, words_of
from monitor.console.views.case_acts import signed_in
from monitor.console.views.signing_in import public_address, tell_notices
from monitor.platforms.base import Declaration
from monitor.platforms.registry import UnknownPlatformError, get_platform, platform_codes
from monitor.text.clean import clean


@require_safe
@needs("manage")
def show_ways(request: HttpRequest, brand: Brand) -> HttpResponse:
    ways = [(get_platform(code).declaration, PLATFORMS.get(code, "")) for code in platform_codes()]
    return render(request, "console/connect.html", {"brand": brand, "ways": ways})


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@needs("manage")
def connect_platform(request: HttpRequest, brand: Brand, platform: str) -> HttpResponse:
    declaration = declaration_of(platform)
    kind = request.POST.get("kind") or request.GET.get("kind") or declaration.channel_kinds[0]
    if kind not in declaration.channel_kinds:
        raise Http404
    return _form_page(request, ChannelForm(brand, declaration, kind, _filled(request)))


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@needs("manage")
def connect_again(request: HttpRequest, brand: Brand, channel_id: int) -> HttpResponse:
    """New credentials for a channel that is there: its cursors and settings stay."""
    channel = get_object_or_404(Channel, brand=brand, pk=channel_id)
    declaration = declaration_of(channel.platform)
    if channel.kind not in declaration.channel_kinds:
        raise Http404
    return _form_page(request, ChannelForm(brand, declaration, channel.kind, _filled(request), channel))


def _form_page(request: HttpRequest, form: ChannelForm) -> HttpResponse:
    if request.method != "POST":
        return _show(request, form)
    try:
        channel, notices = connect_by_form(form, signed_in(request))
    except FormError as error:
        wrong = ChannelForm(form.brand, form.declaration, form.kind, form.filled, form.channel, error.errors)
        return _show(request, wrong, status=422)
    messages.success(request, _("%(name)s is connected. It is read from now on.") % {"name": channel})
    tell_notices(request, form.declaration, notices)
    return redirect("channels", form.brand.slug)


def _show(request: HttpRequest, form: ChannelForm, status: int = 200) -> HttpResponse:
    declaration, sign_in = form.declaration, form.declaration.sign_in
    shown: dict[str, Any] = {
        "brand": form.brand,
        "platform": declaration,
        "kind": form.kind,
        "channel": form.channel,
        "fields": form.fields(),
        "may_teach": form.may_teach,
        "teaching_error": form.errors.get("may_teach", ""),
        "problem": form.errors.get("", ""),
        "is_filled": bool(form.errors),
        "about": PLATFORMS.get(declaration.code, ""),
    }
    if sign_in is not None:
        server = "" if form.is_simulated or not sign_in.asks_server else "https://server.invalid"
        shown |= {
            "sign_in": sign_in,
            "can_sign_in": app_of(form.brand, declaration.code, server=server) is not None,
            "needed_settings": NEEDED_SETTINGS.get(sign_in.return_code, ()),
            "optional_settings": OPTIONAL_SETTINGS.get(sign_in.return_code, ()),
            "return_address": public_address(request, return_path(sign_in)),
            "uses": [scope_use(scope) for scope in sign_in.scopes],
            "instance": words_of(declaration.code, "instance")
            if sign_in.asks_server and not form.is_simulated
            else None,
            "searched": words_of(declaration.code, "query") if form.kind == "search" and form.channel is None else None,
        }
    return render(request, "console/connect_platform.html", shown, status=status)


def _filled(request: HttpRequest) -> dict[str, str]:
    return {name: clean(str(value)) for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}


def declaration_of(platform: str) -> Declaration:
    try:
        return get_platform(platform).declaration
    except UnknownPlatformError:
        raise Http404 from None


@require_http_methods(["GET", "HEAD", "POST"])
@needs("manage")
def connect_files(request: HttpRequest, brand: Brand) -> HttpResponse:
    """A source that only files come from: reviews of an app store, an export of another tool."""
    code, name = (
        request.POST.get("code", "").strip().lower(),
        clean(" ".join(request.POST.get("name", "").split()))[:160],
    )
    shown = {"brand": brand, "code": code, "name": name}
    if request.method != "POST":
        return render(request, "console/connect_files.html", shown)
    try:
        channel = connect_import(brand=brand, platform=code, name=name, user=signed_in(request))
    except ValueError:
        problem = _("Small letters, digits and hyphens only, 24 at most, for example: appstore")
        return render(request, "console/connect_files.html", {**shown, "problem": problem}, status=422)
    return render(request, "console/connect_files.html", {**shown, "channel": channel})
