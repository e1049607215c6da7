"""Replies: one reply, submit, approve, decline. What stands in the way comes back as a problem with a stable code."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from monitor.api.problems import RefusedError
from monitor.api.rest.shapes import ReplyShape, reply_shape
from monitor.api.tokens import caller, needs
from monitor.cases.services.locking import CaseChangedError
from monitor.replies import services
from monitor.replies.models import Reply
from monitor.replies.services.drafting import needs_second_approval
from monitor.replies.states import WrongStateError

router = Router(tags=["replies"])


class ApprovalShape(Schema):
    """`version`: of the case that was looked at; another one is refused. `override_reason`: why the guard is wrong."""

    version: int | None = None
    not_before: datetime | None = None
    override_reason: str = ""


class DeclineShape(Schema):
    why: str = ""


@router.get("/{reply_id}", response=ReplyShape, summary="One reply and how far it came")
@needs("answer")
def get_reply(request: HttpRequest, reply_id: UUID) -> dict[str, Any]:
    return reply_shape(_find(request, reply_id))


@router.post("/{reply_id}/submit", response=ReplyShape, summary="Ask a lead to approve")
@needs("answer")
def submit_reply(request: HttpRequest, reply_id: UUID) -> dict[str, Any]:
    reply = _find(request, reply_id)
    with _explained():
        services.submit(user=caller(request).user, reply=reply)
    return reply_shape(_find(request, reply_id))


@router.post("/{reply_id}/approve", response=ReplyShape, summary="Let it go to the customer")
@needs("answer")
def approve_reply(request: HttpRequest, reply_id: UUID, approval: ApprovalShape) -> dict[str, Any]:
    who, reply = caller(request), _find(request, reply_id)
    if needs_second_approval(reply.case) and not who.may("approve"):
        raise _second_approval()
    with _explained():
        services.approve(
            user=who.user,
            reply=reply,
            not_before=approval.not_before,
            override_reason=approval.override_reason,
            version=approval.version,
        )
    return reply_shape(_find(request, reply_id))


@router.post("/{reply_id}/decline", response=ReplyShape, summary="Not these words")
@needs("answer")
def decline_reply(request: HttpRequest, reply_id: UUID, refusal: DeclineShape) -> dict[str, Any]:
    reply = _find(request, reply_id)
    with _explained():
        services.decline(user=caller(request).user, reply=reply, why=refusal.why)
    return reply_shape(_find(request, reply_id))


def _find(request: HttpRequest, reply_id: UUID) -> Reply:
    return Reply.objects.select_related("case__brand", "target").get(public_id=reply_id, brand=caller(request).brand)


@contextmanager
def _explained() -> Iterator[None]:
    """The errors of `replies.services` as problems."""
    try:
        yield
    except services.GuardError as error:
        findings = [finding.to_json() for finding in error.findings]
        params = {"findings": findings, "can_override": error.can_override}
        raise RefusedError("guard", "The guard stands in the way.", params=params) from None
    except services.NotEligibleError as error:
        raise RefusedError(error.eligibility.code, "This cannot be answered.") from None
    except services.SecondApprovalNeededError:
        raise _second_approval() from None
    except services.AlreadyAnsweredError as error:
        params = {"reply": str(error.reply.public_id)}
        raise RefusedError("already_answered", "Another reply is on its way.", params=params) from None
    except CaseChangedError as error:
        params = {"version": error.case.version}
        raise RefusedError("case_changed", "The case has changed since.", params=params) from None
    except WrongStateError as error:
        raise RefusedError("wrong_state", f"{error}.".capitalize()) from None


def _second_approval() -> RefusedError:
    return RefusedError("second_approval", "A lead has to approve this: submit it.", status=403)
