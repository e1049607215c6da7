"""What is done to a post on its platform beside answering it. Deleting asks once more on a page of its own."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from monitor.brands.models import Brand
from monitor.brands.routes import View, needs
from monitor.console.case_page import find_case, find_entry
from monitor.console.reasons import sentence
from monitor.console.views.case_acts import signed_in
from monitor.replies import services
from monitor.replies.post_effects import RIGHTS
from monitor.replies.states import WrongStateError


def asking(kind: str) -> View:
    """A view that asks for it and goes back to the case. In delicate cases the service wants a lead's right."""

    def view(request: HttpRequest, brand: Brand, reference: str, post_id: UUID) -> HttpResponse:
        return _ask(request, brand, reference, post_id, kind)

    # Before the right is declared: it is noted under the view's name.
    view.__name__ = kind
    return require_POST(needs(RIGHTS[kind])(view))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(RIGHTS["delete"])
def delete(request: HttpRequest, brand: Brand, reference: str, post_id: UUID) -> HttpResponse:
    """Shows what would be deleted, where and for whom; deletes on the second press."""
    if request.method == "POST":
        return _ask(request, brand, reference, post_id, "delete")
    case = find_case(brand, reference)
    entry = find_entry(case, request.user, post_id)
    if "delete" not in entry.effects.kinds:
        messages.warning(request, _("This answer cannot be deleted from here."))
        return redirect("case", brand.slug, case.reference)
    return render(request, "console/delete_answer.html", {"brand": brand, "case": case, "entry": entry})


@require_POST
@needs("answer")
def withdraw(request: HttpRequest, brand: Brand, reference: str, post_id: UUID) -> HttpResponse:
    """Takes back everything about the post that nobody has begun to carry out."""
    case = find_case(brand, reference)
    entry = find_entry(case, request.user, post_id)
    waiting = [note.effect for note in entry.effects.notes if note.effect is not None]
    try:
        for effect in reversed(waiting):
            services.withdraw_effect(user=signed_in(request), effect=effect)
    except WrongStateError:
        waiting = []
    if waiting:
        messages.success(request, _("Taken back. Nothing was done."))
    else:
        messages.warning(request, _("Too late: it is being done, or was."))
    return redirect("case", brand.slug, case.reference)


def _ask(request: HttpRequest, brand: Brand, reference: str, post_id: UUID, kind: str) -> HttpResponse:
    case = find_case(brand, reference)
    entry = find_entry(case, request.user, post_id)
    try:
        services.request_effect(kind=kind, user=signed_in(request), post=entry.post)
    except services.EffectRefusedError as refusal:
        reason = refusal.verdict.reason
        messages.warning(request, sentence(reason) if reason is not None else _("This cannot be done."))
    else:
        messages.success(request, _("It is on its way to the platform."))
    return redirect("case", brand.slug, case.reference)


hide, unhide, like, unlike = (asking(kind) for kind in ("hide", "unhide", "like", "unlike"))
