"""A brand's own page: switches, thresholds, people; starting one and removing the demo."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from monitor.brands.models import ApiToken, Brand, Membership, Role, SwitchName, User
from monitor.brands.rights import ROLES as LOWEST_FIRST
from monitor.brands.rights import role_of
from monitor.brands.routes import for_people, needs
from monitor.brands.services import create_brand, create_login_link, create_user, set_role, set_switch, set_thresholds
from monitor.brands.switches import switches_of
from monitor.console.labels import ROLES
from monitor.console.views.case_acts import signed_in
from monitor.privacy.brands import remove_brand
from monitor.replies.services import load_articles


@require_safe
@needs("view")
def show_settings(request: HttpRequest, brand: Brand) -> HttpResponse:
    shown = {"brand": brand, "switches": [(name, switches_of(brand.pk)[name]) for name in SwitchName.values]}
    return render(request, "console/settings.html", shown)


@require_POST
@needs("steer")
def turn_switch(request: HttpRequest, brand: Brand) -> HttpResponse:
    name = request.POST.get("name", "")
    if name not in SwitchName.values:
        return render(request, "console/errors/400.html", status=400)
    set_switch(brand=brand, name=name, is_on=request.POST.get("is_on") == "1", user=signed_in(request))
    messages.success(request, _("Saved. It counts from now on."))
    return redirect("settings", brand.slug)


@require_POST
@needs("steer")
def change_thresholds(request: HttpRequest, brand: Brand) -> HttpResponse:
    try:
        set_thresholds(
            brand=brand,
            flag_threshold=int(request.POST.get("flag_threshold", "")),
            acknowledgement_cooldown_hours=int(request.POST.get("cooldown", "")),
            user=signed_in(request),
        )
    except ValueError:
        messages.error(request, _("A threshold lies between 0 and 100, and the pause lasts 1 to 720 hours."))
    else:
        messages.success(request, _("Saved. It counts for decisions from now on."))
    return redirect("settings", brand.slug)


@require_safe
@needs("manage")
def show_people(request: HttpRequest, brand: Brand) -> HttpResponse:
    members = Membership.objects.filter(brand=brand).select_related("user").order_by("user__name", "user__email")
    own = LOWEST_FIRST.index(role_of(request.user, brand) or Role.VIEWER)
    shown = {
        "brand": brand,
        "members": members,
        "roles": ROLES.items(),
        "tokens": ApiToken.objects.filter(brand=brand, revoked_at=None).order_by("name", "pk"),
        "token_roles": [(code, ROLES[code]) for code in LOWEST_FIRST[: own + 1]],
    }
    return render(request, "console/people.html", shown)


@require_POST
@needs("manage")
def add_person(request: HttpRequest, brand: Brand) -> HttpResponse:
    """Somebody new gets a login link, shown once; somebody known gets the role."""
    email, role = request.POST.get("email", "").strip().lower(), request.POST.get("role", "")
    try:
        validate_email(email)
        role = Role(role).value
    except (ValidationError, ValueError):
        messages.error(request, _("An e-mail address and a role are needed."))
        return redirect("people", brand.slug)
    by, user = signed_in(request), User.objects.filter(email=email).first()
    if user is not None:
        set_role(user=user, brand=brand, role=role, by=by)
        messages.success(request, _("%(name)s works for this brand now.") % {"name": user})
        return redirect("people", brand.slug)
    user = create_user(email=email, brand=brand, role=role, by=by, name=request.POST.get("name", "").strip()[:120])
    link = request.build_absolute_uri(create_login_link(user=user))
    return render(request, "console/person_added.html", {"brand": brand, "person": user, "link": link})


@require_POST
@needs("manage")
def change_role(request: HttpRequest, brand: Brand, user_id: int) -> HttpResponse:
    """Another role, or none. A brand keeps at least one administrator."""
    member = Membership.objects.filter(brand=brand, user_id=user_id).select_related("user").first()
    if member is None:
        raise Http404
    role = request.POST.get("role", "") or None
    if role is not None and role not in Role.values:
        return render(request, "console/errors/400.html", status=400)
    others = Membership.objects.filter(brand=brand, role=Role.ADMIN).exclude(pk=member.pk)
    if member.role == Role.ADMIN and role != Role.ADMIN and not others.exists():
        messages.error(request, _("A brand needs an administrator: give the role to somebody else first."))
    else:
        set_role(user=member.user, brand=brand, role=role, by=signed_in(request))
        messages.success(request, _("Saved."))
    return redirect("people", brand.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def start_brand(request: HttpRequest) -> HttpResponse:
    """A brand of one's own. Who may: operators, and administrators of any brand (the demo's too)."""
    user = signed_in(request)
    may_start = user.is_operator or Membership.objects.filter(user=user, role=Role.ADMIN).exists()
    name = " ".join(request.POST.get("name", "").split())[:120]
    shown: dict[str, Any] = {"may_start": may_start, "name": name}
    if request.method != "POST" or not may_start:
        return render(request, "console/new_brand.html", shown)
    try:
        if not name:
            raise ValueError("a brand needs a name")
        with transaction.atomic():
            brand = create_brand(
                slug=free_slug(name),
                name=name,
                user=user,
                time_zone=user.time_zone,
                default_language=user.language.split("-")[0],
            )
            load_articles(brand=brand)
    except (ValueError, IntegrityError):
        shown["problem"] = _("The brand needs a name, and it must not be taken.")
        return render(request, "console/new_brand.html", shown, status=422)
    return redirect("channels", brand.slug)


def free_slug(name: str) -> str:
    """A short name for addresses; names without Latin letters get a plain one."""
    base = slugify(name)[:50] or "brand"
    taken = set(Brand.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in (base, *(f"{base}-{number}" for number in range(2, 1000))) if slug not in taken)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("manage")
def remove_demo(request: HttpRequest, brand: Brand) -> HttpResponse:
    """Asks first; only a demo can be removed here."""
    if not brand.is_demo:
        raise Http404
    if request.method != "POST":
        return render(request, "console/remove_demo.html", {"brand": brand})
    remove_brand(brand=brand, user=signed_in(request))
    messages.success(request, _("The demo is removed, with everything that belonged to it."))
    return redirect("home")
