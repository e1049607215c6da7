"""Ways in and out, and what belongs to a person rather than to a brand."""

from zoneinfo import available_timezones

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from monitor.brands.models import User
from monitor.brands.rights import brands_of
from monitor.brands.routes import for_everybody, for_people
from monitor.brands.services import (
    find_login_link,
    login_wait_seconds,
    note_failed_login,
    note_login,
    set_password,
    set_preferences,
    use_login_link,
)

BACKEND = "django.contrib.auth.backends.ModelBackend"


@require_safe
@for_people
def show_home(request: HttpRequest) -> HttpResponse:
    """The first brand of the reader; somebody without any is told so."""
    brand = brands_of(request.user).first()
    return redirect("queue", brand.slug) if brand else redirect("new_brand")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_everybody
def log_in(request: HttpRequest) -> HttpResponse:
    """One answer for a wrong password and an unknown address; guessing slows down for the guesser only."""
    target = safe_target(request)
    if request.method != "POST":
        return redirect(target) if request.user.is_authenticated else _ask(request, target)
    email, address = request.POST.get("email", "").strip()[:254], request.META.get("REMOTE_ADDR", "")
    if wait := login_wait_seconds(email=email, address=address):
        minutes = -(-wait // 60)
        words = ngettext(
            "Too many tries. Wait %(count)d minute, or use a login link.",
            "Too many tries. Wait %(count)d minutes, or use a login link.",
            minutes,
        )
        return _ask(request, target, words % {"count": minutes}, status=429)
    user = authenticate(request, username=email.lower(), password=request.POST.get("password", ""))
    if user is None:
        note_failed_login(email=email, address=address)
        return _ask(request, target, _("E-mail and password do not match."), status=403)
    note_login(email=email, address=address)
    login(request, user)
    return redirect(target)


def _ask(request: HttpRequest, target: str, problem: str = "", status: int = 200) -> HttpResponse:
    shown = {"next": target, "problem": problem, "email": request.POST.get("email", "")}
    return render(request, "console/login.html", shown, status=status)


def safe_target(request: HttpRequest) -> str:
    """Where to go afterwards: only within this site."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if is_ours else "/"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_everybody
def use_link(request: HttpRequest, token: str) -> HttpResponse:
    """Looking at the link spends nothing: mail scanners and chat previews look too. The button logs in."""
    user = use_login_link(token) if request.method == "POST" else find_login_link(token)
    if user is None:
        return render(request, "console/login_link.html", status=410)
    if request.method != "POST":
        return render(request, "console/login_link.html", {"person": user})
    login(request, user, backend=BACKEND)
    return redirect("home")


@require_POST
@for_everybody
def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("login")


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def show_profile(request: HttpRequest) -> HttpResponse:
    """Name, language and time zone of the reader."""
    user = request.user
    assert isinstance(user, User)
    if request.method == "POST":
        try:
            set_preferences(
                user=user,
                name=request.POST.get("name", ""),
                language=request.POST.get("language", ""),
                time_zone=request.POST.get("time_zone", ""),
            )
        except ValueError:
            messages.error(request, _("This could not be done: look at what was filled in or chosen."))
        else:
            messages.success(request, _("Saved."))
        return redirect("profile")
    shown = {"languages": settings.LANGUAGES, "time_zones": sorted(available_timezones())}
    return render(request, "console/profile.html", shown)


@require_POST
@for_people
def change_password(request: HttpRequest) -> HttpResponse:
    """Somebody who came by a link may have no password yet; whoever has one must know it."""
    user = request.user
    assert isinstance(user, User)
    if user.has_usable_password() and not user.check_password(request.POST.get("old", "")):
        messages.error(request, _("The present password is another one."))
        return redirect("profile")
    try:
        set_password(user=user, password=request.POST.get("new", ""))
    except ValidationError as error:
        for words in error.messages:
            messages.error(request, words)
    else:
        update_session_auth_hash(request, user)
        messages.success(request, _("The password is set."))
    return redirect("profile")
