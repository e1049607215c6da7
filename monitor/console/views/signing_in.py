"""Signing in at a platform: off to it, back from it, and the choice among the Pages that were found."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from monitor.brands.models import Brand, Channel
from monitor.brands.registrations import app_of, return_path
from monitor.brands.rights import can
from monitor.brands.routes import for_people, needs
from monitor.brands.services import signing_in
from monitor.brands.services.signing_in import Choice, Returned, Wish
from monitor.console.connecting import refusal_text, server_problem
from monitor.console.credential_words import NOTICES, TASKS, scope_loss
from monitor.console.views.case_acts import signed_in
from monitor.platforms.base import Declaration, IncomingNotice
from monitor.platforms.errors import PlatformError, RejectedError
from monitor.platforms.registry import UnknownPlatformError, get_platform
from monitor.platforms.signing import App, Found, Granted, typed_server
from monitor.text.clean import clean


def public_address(request: HttpRequest, path: str) -> str:
    """As the platform has to know it: the installation's own address, whatever name this request came by."""
    return settings.PUBLIC_URL.rstrip("/") + path if settings.PUBLIC_URL else request.build_absolute_uri(path)


@never_cache
@require_POST
@needs("manage")
def begin(request: HttpRequest, brand: Brand, platform: str) -> HttpResponse:
    """Off to the platform, by a page of ours: a form's own redirect to elsewhere is what our policy forbids."""
    try:
        declaration = get_platform(platform).declaration
    except UnknownPlatformError:
        raise Http404 from None
    wish = _wish_of(request, brand, declaration)
    if wish is None:
        messages.error(request, _("Say what to look for first."))
        return _to_form(brand, platform, Wish(request.POST.get("kind", "")))
    try:
        app = _app_for(request, brand, declaration)
        if app is None:
            messages.error(request, _("Signing in is not set up here. The form below does without."))
            return _to_form(brand, platform, wish)
        address = signing_in.begin_sign_in(
            brand=brand,
            user=signed_in(request),
            session_key=request.session.session_key or "",
            platform=platform,
            app=app,
            wish=wish,
        )
    except PlatformError as error:
        messages.error(request, problem_of(declaration, error))
        return _to_form(brand, platform, wish)
    return render(request, "console/go_on.html", {"brand": brand, "platform": declaration, "address": address})


def _wish_of(request: HttpRequest, brand: Brand, declaration: Declaration) -> Wish | None:
    channel_id = request.POST.get("channel", "")
    if channel_id:
        is_number = channel_id.isascii() and channel_id.isdigit() and len(channel_id) < 19
        known = Channel.objects.filter(brand=brand, platform=declaration.code, pk=channel_id if is_number else 0)
        if not known.exists():
            raise Http404
        return Wish(channel_id=int(channel_id))
    kind, query = request.POST.get("kind", ""), clean(request.POST.get("query", "")).strip()[:1024]
    if kind and kind not in declaration.channel_kinds:
        raise Http404
    return Wish(kind=kind, query=query) if kind != "search" or query else None


def _app_for(request: HttpRequest, brand: Brand, declaration: Declaration) -> App | None:
    sign_in = declaration.sign_in
    if sign_in is None:
        return None
    redirect_url = public_address(request, return_path(sign_in))
    given = app_of(brand, declaration.code, redirect_url=redirect_url)
    if given is not None or not sign_in.asks_server:
        return given
    return app_of(
        brand, declaration.code, redirect_url=redirect_url, server=typed_server(request.POST.get("instance", ""))
    )


@never_cache
@require_safe
@for_people
def come_back(request: HttpRequest, return_code: str) -> HttpResponse:
    """Where platforms send people back to. Without a state of ours nothing is done and nobody is told more."""
    user = signed_in(request)
    returned = signing_in.take_return(
        state=request.GET.get("state", ""),
        return_code=return_code,
        user=user,
        session_key=request.session.session_key or "",
    )
    if returned is None or not can(user, returned.brand, "manage"):
        return render(request, "console/sign_in_over.html", status=400)
    declaration, code = get_platform(returned.platform).declaration, request.GET.get("code", "")
    if "error" in request.GET or not code:
        signing_in.note_refusal(returned=returned, why="denied")
        words = _("Nothing was connected: %(platform)s says that you did not agree.")
        messages.warning(request, words % {"platform": declaration.name})
        return _to_form(returned.brand, returned.platform, returned.wish)
    try:
        granted = signing_in.trade_code(returned=returned, code=code)
    except PlatformError as error:
        signing_in.note_refusal(returned=returned, why=type(error).__name__)
        messages.error(request, problem_of(declaration, error))
        return _to_form(returned.brand, returned.platform, returned.wish)
    return _settle(request, returned, declaration, granted)


def _settle(request: HttpRequest, returned: Returned, declaration: Declaration, granted: Granted) -> HttpResponse:
    """Consent was given: is it enough, and for which channels?"""
    brand, wish = returned.brand, returned.wish
    missing = signing_in.missing_in(returned.platform, granted)
    if signing_in.is_too_little(returned.platform, granted):
        signing_in.note_refusal(returned=returned, why="permission_missing")
        messages.error(request, _("Nothing was connected. ") + missing_text(declaration, missing))
        return _to_form(brand, returned.platform, wish)
    if not granted.found:
        signing_in.note_refusal(returned=returned, why="nothing_found")
        messages.error(
            request, _("You have no role on any Page there, or none was ticked. Sign in again and choose some.")
        )
        return _to_form(brand, returned.platform, wish)
    channel = Channel.objects.filter(brand=brand, pk=wish.channel_id).first() if wish.channel_id else None
    if channel is None and declaration.sign_in is not None and declaration.sign_in.has_choice:
        key = signing_in.hold_found(returned=returned, granted=granted, session_key=request.session.session_key or "")
        return redirect("channels_choose", brand.slug, key)
    chosen = next((one for one in granted.found if channel is None or signing_in.is_for(channel, one)), None)
    if chosen is None:
        signing_in.note_refusal(returned=returned, why="wrong_identity")
        names = ", ".join(one.handle or one.name for one in granted.found)
        words = _("You signed in as %(names)s, which is not this channel. Nothing was changed.")
        messages.error(request, words % {"names": names})
        return _to_form(brand, returned.platform, wish)
    made = signing_in.connect_found(brand=brand, user=returned.user, found=chosen, wish=wish)
    messages.success(request, _("%(name)s is connected. It is read from now on.") % {"name": made})
    if missing:
        messages.warning(request, missing_text(declaration, missing))
    return redirect("channels", brand.slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs("manage")
def choose(request: HttpRequest, brand: Brand, token: str) -> HttpResponse:
    """Which of the Pages and profiles become channels. The choice is made once."""
    user, session_key = signed_in(request), request.session.session_key or ""
    choice = signing_in.look_at_found(key=token, brand=brand, user=user, session_key=session_key)
    if choice is None:
        return render(request, "console/sign_in_over.html", {"brand": brand}, status=404)
    wanted = set(request.POST.getlist("chosen"))
    if request.method != "POST" or not wanted & {_name_of(found) for found in choice.found}:
        problem = _("Choose at least one.") if request.method == "POST" else ""
        return _show_choice(request, brand, choice, problem)
    taken = signing_in.take_found(key=token, brand=brand, user=user, session_key=session_key)
    made = [
        signing_in.connect_found(brand=brand, user=user, found=found)
        for found in (taken.found if taken is not None else ())
        if _name_of(found) in wanted
    ]
    if made:
        words = ngettext(
            "%(names)s is connected. It is read from now on.",
            "%(names)s are connected. They are read from now on.",
            len(made),
        )
        messages.success(request, words % {"names": ", ".join(str(channel) for channel in made)})
    return redirect("channels", brand.slug)


def _show_choice(request: HttpRequest, brand: Brand, choice: Choice, problem: str) -> HttpResponse:
    declaration = get_platform(choice.platform).declaration
    known = set(Channel.objects.filter(brand=brand).values_list("platform", "kind", "external_id"))
    rows = [
        {
            "found": found,
            "name": _name_of(found),
            "is_known": (found.platform, found.kind, found.external_id) in known,
            "lacks": [TASKS[task] for task in found.lacks if task in TASKS],
            # Whoever is asked once more had ticked nothing.
            "is_chosen": not problem and not found.lacks,
        }
        for found in choice.found
    ]
    shown = {
        "brand": brand,
        "platform": declaration,
        "rows": rows,
        "problem": problem,
        "missing": missing_text(declaration, choice.missing) if choice.missing else "",
    }
    return render(request, "console/connect_choose.html", shown, status=422 if problem else 200)


def _name_of(found: Found) -> str:
    return f"{found.platform}:{found.external_id}"


def _to_form(brand: Brand, platform: str, wish: Wish) -> HttpResponse:
    if wish.channel_id:
        return redirect("channels_again", brand.slug, wish.channel_id)
    response = redirect("channels_platform", brand.slug, platform)
    if wish.kind:
        response["Location"] += f"?kind={wish.kind}"
    return response


def problem_of(declaration: Declaration, error: PlatformError) -> str:
    """Why a sign-in came to nothing. Never the platform's own words."""
    if isinstance(error, RejectedError):
        return refusal_text(declaration, error.code) if error.code != "bad_server" else server_problem()
    words = _("%(platform)s does not answer as it should. Nothing was connected; try again in some minutes.")
    return words % {"platform": declaration.name}


def missing_text(declaration: Declaration, missing: Sequence[str]) -> str:
    """One sentence that names what was not granted, and what is not there without it."""
    words = _("%(platform)s did not grant everything: %(losses)s. Connect again and allow it to change that.")
    losses = ", ".join(f"{scope_loss(scope)} ({scope})" for scope in missing)
    return words % {"platform": declaration.name, "losses": losses}


def tell_notices(request: HttpRequest, declaration: Declaration, notices: Sequence[IncomingNotice]) -> None:
    for notice in notices:
        if notice.code in NOTICES:
            messages.warning(request, NOTICES[notice.code] % {"platform": declaration.name})
