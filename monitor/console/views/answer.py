"""Answering: count while typing, look at exactly what would go out, approve, hand to a lead, decline, take back."""

import functools
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from monitor.brands.models import Brand
from monitor.brands.routes import View, needs
from monitor.cases.models import Case
from monitor.cases.services import CaseChangedError
from monitor.console.answering import editor_of, find_reply, find_target, measure, preview_of
from monitor.console.case_page import find_case, replies_of
from monitor.console.reasons import sentence
from monitor.console.views.case_acts import show_conflict, signed_in, version_of
from monitor.replies import services
from monitor.replies.models import Reply, ReplyState
from monitor.replies.states import WrongStateError

KINDS = ("reply", "direct_message", "private_reply")
LONGEST_TEXT = 20_000


@require_POST
@needs("answer")
def count(request: HttpRequest, brand: Brand, reference: str) -> HttpResponse:
    """How long the text is by the platform's own rules, and what the guard says: while somebody types."""
    case = find_case(brand, reference)
    target = find_target(case, request.POST.get("target", ""))
    text, kind = _text(request), _kind(request) or "reply"
    shown = {"measure": measure(target, text=text, kind=kind, language=request.POST.get("language", "")[:16])}
    return render(request, "console/parts/measure.html", shown)


@require_POST
@needs("answer")
def preview(request: HttpRequest, brand: Brand, reference: str) -> HttpResponse:
    """Saves the words as a draft, so that none is ever lost, and shows exactly what would be sent."""
    case = find_case(brand, reference)
    reply = _save(request, case)
    if request.headers.get("HX-Request"):
        return render(request, "console/parts/preview.html", _shown(request, case, reply))
    return redirect("reply", brand.slug, case.reference, reply.public_id)


@require_safe
@needs("answer")
def show_reply(request: HttpRequest, brand: Brand, reference: str, public_id: UUID) -> HttpResponse:
    case = find_case(brand, reference)
    return render(request, "console/reply.html", _shown(request, case, find_reply(case, public_id)))


class NotSentError(Exception):
    """An answer that stays a draft, with the sentence that its page then shows."""

    def __init__(self, words: str, *, is_answered: bool = False) -> None:
        super().__init__(words)
        self.is_answered = is_answered


Act = Callable[[HttpRequest, Reply], str]


def on_reply(*, too_late: Promise) -> Callable[[Act], View]:
    """Finds the reply, acts, says what happened (the act's answer) or that somebody was faster, and goes back to the
    case; what stands in the way is said beside the words themselves."""

    def decorate(act: Act) -> View:
        @require_POST
        @needs("answer")
        @functools.wraps(act)
        def view(request: HttpRequest, brand: Brand, reference: str, public_id: UUID) -> HttpResponse:
            case = find_case(brand, reference)
            reply = find_reply(case, public_id)
            try:
                messages.success(request, act(request, reply))
            except CaseChangedError:
                return show_conflict(request, brand, reference)
            except NotSentError as reason:
                shown = _shown(request, case, reply) | {"problem": str(reason), "is_answered": reason.is_answered}
                return render(request, "console/reply.html", shown, status=422)
            except (WrongStateError, ValueError):
                messages.warning(request, str(too_late))
            return redirect("case", brand.slug, case.reference)

        return view

    return decorate


_NO_DRAFT = gettext_lazy("This reply is no longer a draft: somebody was faster.")


@on_reply(too_late=_NO_DRAFT)
def approve(request: HttpRequest, reply: Reply) -> str:
    try:
        approved = services.approve(
            user=signed_in(request),
            reply=reply,
            override_reason=request.POST.get("override_reason", ""),
            is_additional=request.POST.get("is_additional") == "1",
            version=version_of(request),
        )
    except services.AlreadyAnsweredError:
        raise NotSentError(_("Somebody else has answered this post already."), is_answered=True) from None
    except services.GuardError:
        raise NotSentError(_("Something stands in the way: change the words, or give a reason.")) from None
    except services.SecondApprovalNeededError:
        raise NotSentError(_("This reply needs the approval of a lead.")) from None
    except services.NotEligibleError as error:
        raise NotSentError(_refusal(error)) from None
    return _said_of(approved)


@on_reply(too_late=_NO_DRAFT)
def submit(request: HttpRequest, reply: Reply) -> str:
    try:
        services.submit(user=signed_in(request), reply=reply)
    except services.GuardError:
        raise NotSentError(_("Something stands in the way: change the words first.")) from None
    return _("Handed to a lead for approval.")


@require_POST
@needs("answer")
def decline(request: HttpRequest, brand: Brand, reference: str) -> HttpResponse:
    """A draft, or the suggestion itself: not these words."""
    case, user = find_case(brand, reference), signed_in(request)
    try:
        reply = _stated_reply(request, case)
        if reply is None:
            suggestion = editor_of(case, user, replies_of(case)).suggestion
            if suggestion is None:
                raise WrongStateError("suggestion", ReplyState.DECLINED)
            reply = services.take_suggestion(user=user, suggestion=suggestion)
        services.decline(user=user, reply=reply, why=request.POST.get("why", ""))
    except WrongStateError:
        messages.warning(request, _("There was nothing left to decline."))
    else:
        messages.success(request, _("Declined. Write your own words, or resolve the case."))
    return redirect("case", brand.slug, case.reference)


@on_reply(too_late=gettext_lazy("Too late: it is being sent, or was."))
def withdraw(request: HttpRequest, reply: Reply) -> str:
    services.withdraw(user=signed_in(request), reply=reply)
    return _("Taken back. Nothing was sent.")


@on_reply(too_late=gettext_lazy("This was settled already."))
def confirm_native(request: HttpRequest, reply: Reply) -> str:
    services.confirm_native_task(user=signed_in(request), reply=reply)
    return _("Noted: answered in the platform's own app.")


def _stated_reply(request: HttpRequest, case: Case) -> Reply | None:
    """The reply that the form names; None where it names none. Raises Http404."""
    stated = request.POST.get("reply", "")
    return find_reply(case, stated) if stated else None


def _save(request: HttpRequest, case: Case) -> Reply:
    """The person's own draft of this answer where there is one, else a new one."""
    user, text = signed_in(request), _text(request)
    if (reply := _stated_reply(request, case)) is not None:
        # What was approved or declined meanwhile takes no new words: they become a draft of their own.
        with suppress(WrongStateError):
            return services.edit(user=user, reply=reply, text=text)
    suggestion = editor_of(case, user, replies_of(case)).suggestion
    if suggestion is not None and request.POST.get("suggestion") != str(suggestion.pk):
        suggestion = None
    return services.draft_reply(
        user=user,
        case=case,
        text=text,
        target=find_target(case, request.POST.get("target", "")),
        kind=_kind(request),
        suggestion=suggestion,
        language=request.POST.get("language", "")[:16],
    )


def _shown(request: HttpRequest, case: Case, reply: Reply) -> dict[str, Any]:
    return {"brand": case.brand, "case": case, "reply": reply, "preview": preview_of(reply, request.user)}


def _refusal(error: services.NotEligibleError) -> str:
    reasons = [sentence(reason.to_json()) for reason in error.eligibility.reasons]
    return " ".join(reasons) or _("This cannot be answered.")


def _said_of(reply: Reply) -> str:
    if reply.state == ReplyState.NATIVE_TASK:
        return _("Approved. It must be sent in the platform's own app: the steps are below.")
    return _("Approved. It is on its way.")


def _text(request: HttpRequest) -> str:
    return request.POST.get("text", "").replace("\r\n", "\n")[:LONGEST_TEXT]


def _kind(request: HttpRequest) -> str:
    kind = request.POST.get("kind", "")
    return kind if kind in KINDS else ""
