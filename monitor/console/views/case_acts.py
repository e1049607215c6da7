"""What people do to a case from its page. Each act is one service; what stands in its way is said in plain words."""

import functools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from monitor.analysis.services import CorrectionError
from monitor.brands.models import Brand, User
from monitor.brands.routes import View, needs
from monitor.cases import services
from monitor.cases.models import Case, HandOff
from monitor.cases.states import WrongStepError
from monitor.console.case_page import find_case, history_of, replies_of
from monitor.console.topics import corrections_of

Act = Callable[[HttpRequest, Case], str]


def on_case(act: Act) -> View:
    """Finds the case, acts, says what happened (the act's answer), and goes back to its page."""

    @require_POST
    @needs("answer")
    @functools.wraps(act)
    def view(request: HttpRequest, brand: Brand, reference: str) -> HttpResponse:
        case = find_case(brand, reference)
        try:
            said = act(request, case)
        except services.CaseChangedError:
            return show_conflict(request, brand, reference)
        except services.CaseClaimedError as error:
            messages.warning(request, _("%(name)s is working on this case.") % {"name": error.holder})
        except WrongStepError:
            messages.warning(request, _("The case has moved on: this is no longer possible."))
        except (ValueError, CorrectionError):
            messages.error(request, _("This could not be done: look at what was filled in or chosen."))
        else:
            messages.success(request, said)
        return redirect("case", brand.slug, case.reference)

    return view


def show_conflict(request: HttpRequest, brand: Brand, reference: str) -> HttpResponse:
    """Somebody else changed the case meanwhile: what happened, and what was about to be sent is not lost."""
    case = find_case(brand, reference)
    kept = {name: value for name, value in request.POST.items() if name not in ("csrfmiddlewaretoken", "version")}
    shown = {
        "brand": brand,
        "case": case,
        "history": history_of(case, replies_of(case))[:5],
        "kept": kept,
        "text": kept.get("text", ""),
    }
    return render(request, "console/conflict.html", shown, status=409)


def version_of(request: HttpRequest) -> int | None:
    """The version of the case that was on the screen. Raises ValueError for nonsense."""
    stated = request.POST.get("version", "")
    return int(stated) if stated else None


def signed_in(request: HttpRequest) -> User:
    """The decorators let nobody else through."""
    assert isinstance(request.user, User)
    return request.user


def colleague(brand: Brand, stated: str) -> User:
    """Raises ValueError for somebody who does not work for the brand."""
    person = User.objects.filter(pk=int(stated), memberships__brand=brand, is_active=True).first()
    if person is None:
        raise ValueError("not a colleague")
    return person


@on_case
def claim(request: HttpRequest, case: Case) -> str:
    services.claim(user=signed_in(request), case=case, version=version_of(request))
    return _("The case is yours.")


@on_case
def release(request: HttpRequest, case: Case) -> str:
    services.release(user=signed_in(request), case=case, version=version_of(request))
    return _("The case is everybody's again.")


@on_case
def assign(request: HttpRequest, case: Case) -> str:
    to = colleague(case.brand, request.POST.get("assignee", ""))
    services.assign(user=signed_in(request), case=case, to=to, version=version_of(request))
    return _("Assigned to %(name)s.") % {"name": to}


@on_case
def resolve(request: HttpRequest, case: Case) -> str:
    resolution = request.POST.get("resolution", "")
    services.resolve(user=signed_in(request), case=case, resolution=resolution, version=version_of(request))
    return _("Resolved.")


@on_case
def reopen(request: HttpRequest, case: Case) -> str:
    services.reopen(user=signed_in(request), case=case, version=version_of(request))
    return _("The case is open again.")


@on_case
def snooze(request: HttpRequest, case: Case) -> str:
    until = _moment(request)
    services.snooze(user=signed_in(request), case=case, until=until, version=version_of(request))
    return _("The case sleeps until then, or until the customer writes.")


@on_case
def wake(request: HttpRequest, case: Case) -> str:
    services.wake(user=signed_in(request), case=case)
    return _("The case is back in the queue.")


@on_case
def note(request: HttpRequest, case: Case) -> str:
    services.add_note(user=signed_in(request), case=case, text=request.POST.get("text", ""))
    return _("Noted. Customers never see it.")


@on_case
def escalate(request: HttpRequest, case: Case) -> str:
    why = request.POST.get("why", "")
    services.escalate(user=signed_in(request), case=case, why=why, version=version_of(request))
    return _("Escalated: the case is flagged.")


@on_case
def hand_off(request: HttpRequest, case: Case) -> str:
    to, words = request.POST.get("to", ""), request.POST.get("note", "")
    services.offer_hand_off(user=signed_in(request), case=case, to=to, note=words)
    return _("The hand-off is noted. Confirm it once the customer arrived there.")


@on_case
def confirm_hand_off(request: HttpRequest, case: Case) -> str:
    row = HandOff.objects.filter(case=case, pk=int(request.POST.get("hand_off", ""))).first()
    if row is None:
        raise ValueError("no such hand-off")
    services.confirm_hand_off(user=signed_in(request), hand_off=row)
    return _("Confirmed: the customer arrived there.")


@on_case
def correct(request: HttpRequest, case: Case) -> str:
    field, value = request.POST.get("field", ""), request.POST.get("value", "")
    if value not in corrections_of(case.brand).get(field, ()):
        raise ValueError("nothing that can be chosen")
    services.correct_reading(user=signed_in(request), case=case, field=field, value=value)
    return _("Corrected. Every number counts it from now on.")


@on_case
def not_a_complaint(request: HttpRequest, case: Case) -> str:
    services.mark_not_complaint(user=signed_in(request), case=case, version=version_of(request))
    return _("Noted: not a complaint. Every number counts it from now on.")


@require_POST
@needs("answer")
def act_in_bulk(request: HttpRequest, brand: Brand) -> HttpResponse:
    """Several cases at once; what has moved on meanwhile is left as it is and counted."""
    user, act = signed_in(request), request.POST.get("act", "")
    references = [reference.upper() for reference in request.POST.getlist("case")[:200]]
    done = 0
    for case in Case.objects.filter(brand=brand, reference__in=references).order_by("pk"):
        try:
            _act_on_one(request, user, case, act)
        except (services.CaseClaimedError, WrongStepError, ValueError):
            continue
        done += 1
    if done:
        words = ngettext("Done for %(count)d case.", "Done for %(count)d cases.", done)
        messages.success(request, words % {"count": done})
    if left := len(references) - done:
        words = ngettext("%(count)d case was left as it is.", "%(count)d cases were left as they are.", left)
        messages.warning(request, words % {"count": left})
    return redirect("queue", brand.slug)


def _act_on_one(request: HttpRequest, user: User, case: Case, act: str) -> Any:
    if act == "claim":
        return services.claim(user=user, case=case)
    if act == "assign":
        return services.assign(user=user, case=case, to=colleague(case.brand, request.POST.get("assignee", "")))
    if act == "resolve":
        return services.resolve(user=user, case=case, resolution=request.POST.get("resolution", ""))
    raise ValueError(f"no bulk act {act!r}")


def _moment(request: HttpRequest) -> datetime:
    """From a choice of hours, or a time typed in the reader's own zone. Raises ValueError."""
    if hours := request.POST.get("hours", ""):
        if len(hours) > 4:
            raise ValueError("longer than a year")
        return timezone.now() + timedelta(hours=int(hours))
    typed = parse_datetime(request.POST.get("until", ""))
    if typed is None:
        raise ValueError("no time")
    return timezone.make_aware(typed) if timezone.is_naive(typed) else typed
