"""The page of one case."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitor.analysis.selectors import CORRECTABLE, current_reading, to_word
from monitor.brands.models import Brand
from monitor.brands.routes import needs
from monitor.cases.models import Case
from monitor.cases.resolutions import HAND_OFFS, RESOLUTIONS
from monitor.console.answering import editor_of
from monitor.console.case_page import (
    find_case,
    history_of,
    others_of,
    replies_of,
    shown_replies,
    shown_thread,
    team_of,
)
from monitor.console.deciding import why
from monitor.console.discretion import holds_private, is_said_in_public, reads_private
from monitor.console.queue import next_in_queue
from monitor.console.topics import corrections_of
from monitor.replies.models import ReplyState

#: States that change by themselves within seconds: the page looks again.
ON_THE_WAY = (ReplyState.APPROVED, ReplyState.SENDING, ReplyState.UNCONFIRMED)


@require_safe
@needs("view")
def show_case(request: HttpRequest, brand: Brand, reference: str) -> HttpResponse:
    case = find_case(brand, reference)
    return render(request, "console/case.html", case_context(case, request.user))


def case_context(case: Case, user: Any) -> dict[str, Any]:
    replies, thread = replies_of(case), shown_thread(case, user)
    editor = editor_of(case, user, replies)
    reads_all = reads_private(user, case.brand)
    hides_some = not reads_all and holds_private(case)
    if hides_some:
        replies = [reply for reply in replies if is_said_in_public(reply)]
    return {
        "hides_some": hides_some,
        "shows_suggestion": reads_all or editor.target.is_public,
        "brand": case.brand,
        "case": case,
        "thread": thread,
        "replies": shown_replies(replies, thread, user),
        "editor": editor,
        "is_sending": any(reply.state in ON_THE_WAY for reply in replies),
        "is_acting": any(entry.effects.is_under_way for entry in thread),
        "next_reference": next_in_queue(case),
        "others": others_of(case, user),
        "history": history_of(case, replies, thread),
        "notes": [] if hides_some else case.notes.select_related("author").order_by("written_at"),
        "hand_offs": case.hand_offs.order_by("offered_at"),
        "claimed_by_other": is_claimed_by_other(case, user),
        "resolutions": RESOLUTIONS.items(),
        "hand_off_choices": HAND_OFFS.items(),
        "team": team_of(case.brand),
        **reading_context(case, reads_all),
    }


def reading_context(case: Case, reads_all: bool) -> dict[str, Any]:
    """How the deciding post was read; which of its words decided only for those who may read them."""
    reading = current_reading(case.deciding_post_id)
    if reading is None:
        return {"reading": None}
    post = case.deciding_post
    shows_words = (reads_all or post.is_public) and not post.deleted_at
    words = {name: to_word(getattr(reading, name)) for name in CORRECTABLE}
    shown = ("intent", "topic", "severity", "sentiment", "complaint", "needs_reply", "language")
    return {
        "reading": reading,
        "reading_why": why(reading) if shows_words else [],
        "reading_rows": [(name, words[name]) for name in shown] + [("audience", reading.audience)],
        "corrections": [(name, words[name], options) for name, options in corrections_of(case.brand, reading).items()],
    }


def is_claimed_by_other(case: Case, user: Any) -> bool:
    if case.assignee_id in (None, user.pk) or case.claimed_until is None:
        return False
    return case.claimed_until > timezone.now()
