"""Cases: the queue page by page, one case with its thread, a draft for it."""

from typing import Any, Literal
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from ninja import Query, Router, Schema, Status

from monitor.api.problems import RefusedError
from monitor.api.rest.shapes import CaseDetailShape, CasePageShape, ReplyShape, case_shape, detail_shape, reply_shape
from monitor.api.tokens import caller, needs
from monitor.cases.models import Case
from monitor.cases.reference import read_reference
from monitor.cases.selectors import QueueFilters, case_detail, queue
from monitor.inbox.models import Post
from monitor.replies import services as replies
from monitor.replies.models import SuggestedReply
from monitor.triage.selectors import current_decisions

router = Router(tags=["cases"])
LIMIT = 100


class CaseQuery(Schema):
    view: str = "all"
    topic: str = ""
    platform: str = ""
    language: str = ""
    audience: str = ""
    intent: str = ""
    least_severity: int = 0
    cursor: str = ""
    limit: int = 50


class DraftShape(Schema):
    """`text`, or the id of the suggestion to take as it is. `kind`: how to answer, else what suits the post best;
    `post_id`: which post of the case, else the newest that asked."""

    text: str = ""
    suggestion_id: str = ""
    language: str = ""
    kind: Literal["", "reply", "direct_message", "private_reply"] = ""
    post_id: UUID | None = None


@router.get("", response=CasePageShape, summary="Cases, the most urgent or the latest first")
@needs("view")
def list_cases(request: HttpRequest, query: Query[CaseQuery]) -> dict[str, Any]:
    who = caller(request)
    filters = QueueFilters(**query.dict(exclude={"cursor", "limit"}))
    try:
        page = queue(who.user, who.brand, filters, query.cursor, max(1, min(query.limit, LIMIT)))
    except ValueError as error:
        raise RefusedError("query", str(error), status=400) from None
    cases = [case_shape(case, may_read_private=who.may("answer")) for case in page.cases]
    return {"cases": cases, "next": page.cursor or None}


@router.get("/{reference}", response=CaseDetailShape, summary="One case with its thread")
@needs("view")
def get_case(request: HttpRequest, reference: str) -> dict[str, Any]:
    who = caller(request)
    try:
        detail = case_detail(who.user, who.brand, reference)
    except ValueError:
        raise Case.DoesNotExist from None
    suggestion = (
        SuggestedReply.objects.filter(case=detail.case).select_related("post").order_by("-suggested_at", "-pk").first()
    )
    made = detail.case.replies.select_related("case", "target").order_by("-created_at")[:50]
    return detail_shape(
        detail.case,
        detail.posts,
        detail.readings,
        suggestion,
        list(made),
        decisions=current_decisions([post.pk for post in detail.posts]),
        may_read_private=who.may("answer"),
    )


@router.post("/{reference}/replies", response={201: ReplyShape}, summary="Draft a reply; nothing is sent")
@needs("answer")
def draft_reply(request: HttpRequest, reference: str, draft: DraftShape) -> Status[dict[str, Any]]:
    who = caller(request)
    case = find_case(request, reference)
    suggestion = _suggestion(case, draft.suggestion_id)
    text = draft.text or (suggestion.text if suggestion else "")
    if not text.strip():
        raise RefusedError("text", "A draft needs a text or a suggestion.", status=422)
    try:
        reply = replies.draft_reply(
            user=who.user,
            case=case,
            text=text,
            target=_target(case, draft.post_id),
            kind=draft.kind,
            suggestion=suggestion,
            language=draft.language,
        )
    except ValueError as error:
        raise RefusedError("draft", str(error)) from None
    return Status(201, reply_shape(reply))


def find_case(request: HttpRequest, reference: str) -> Case:
    """A case of the caller's brand. Raises Case.DoesNotExist."""
    who = caller(request)
    if not who.may("view"):
        raise PermissionDenied("view")
    try:
        return Case.objects.select_related("brand").get(brand=who.brand, reference=read_reference(reference))
    except ValueError:
        raise Case.DoesNotExist from None


def _target(case: Case, post_id: UUID | None) -> Post | None:
    """Raises Post.DoesNotExist."""
    if post_id is None:
        return None
    posts = Post.objects.select_related("author", "brand", "conversation")
    return posts.distinct().get(public_id=post_id, conversation__links__case=case)


def _suggestion(case: Case, suggestion_id: str) -> SuggestedReply | None:
    if not suggestion_id:
        return None
    if not suggestion_id.isdecimal() or len(suggestion_id) > 18:
        raise SuggestedReply.DoesNotExist
    return SuggestedReply.objects.get(pk=int(suggestion_id), case=case)
