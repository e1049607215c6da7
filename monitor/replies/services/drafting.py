"""What people do with a reply: draft, edit, submit, approve, decline, withdraw.

An approval writes the Effect in the same transaction, under the lock of the case: whoever comes second learns of it.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from monitor.alerts.services import raise_alert
from monitor.audit import services as audit
from monitor.brands.models import Channel, SwitchName, User
from monitor.brands.rights import can
from monitor.brands.switches import is_on
from monitor.cases.models import Case
from monitor.cases.services import ask_for_suggestion
from monitor.cases.services.locking import changing, check
from monitor.inbox.models import Post
from monitor.nlp.language import UNKNOWN, identify_language
from monitor.queue import enqueue
from monitor.replies import gathering, guard
from monitor.replies.eligibility import Eligibility, best_kind, can_reply
from monitor.replies.models import Effect, Reply, ReplyState, SuggestedReply
from monitor.replies.states import WrongStateError, move
from monitor.text import clean
from monitor.text.links import has_link
from monitor.text.reason import Reason

SEND_TASK: Final = "workers.send.send_due"
#: A text shorter than this says too little for its language to be known.
LANGUAGE_LETTERS: Final = 25


class GuardError(Exception):
    """The guard stands in the way; `can_override` says whether a reason helps."""

    def __init__(self, findings: Sequence[Reason]) -> None:
        super().__init__(", ".join(finding.code for finding in findings))
        self.findings = list(findings)
        self.can_override = guard.can_override(findings)


class NotEligibleError(Exception):
    """This cannot be answered, not even in the platform's own app; `eligibility` says why."""

    def __init__(self, eligibility: Eligibility) -> None:
        super().__init__(eligibility.code)
        self.eligibility = eligibility


class SecondApprovalNeededError(Exception):
    """The rules do not leave this reply to one agent: submit it to a lead."""


class AlreadyAnsweredError(Exception):
    """Somebody else's reply to the same post is on its way or was sent; `reply` is that one."""

    def __init__(self, reply: Reply) -> None:
        super().__init__("this post has been answered")
        self.reply = reply


@transaction.atomic
def draft_reply(
    *,
    user: User,
    case: Case,
    text: str,
    target: Post | None = None,
    kind: str = "",
    suggestion: SuggestedReply | None = None,
    language: str = "",
) -> Reply:
    """Saves what somebody wrote; nothing is sent. `target`: the post to answer, else the newest that asked.

    Raises Case.DoesNotExist to people of other brands, PermissionDenied, ValueError for a target elsewhere.
    """
    check(user, case, "answer")
    target = target or (suggestion.post if suggestion is not None else newest_question(case))
    if target.brand_id != case.brand_id or target.is_own:
        raise ValueError("A reply answers a customer's post of the same brand.")
    if not case.links.filter(conversation_id=target.conversation_id).exists():
        raise ValueError("The post does not belong to this case.")
    reply = Reply.objects.create(
        brand_id=case.brand_id,
        case=case,
        conversation_id=target.conversation_id,
        target=target,
        channel=gathering.writing_channel(target),
        kind=kind or best_kind(gathering.eligibility_facts(target, None, {})),
        text=clean(text).strip(),
        language=language or (suggestion.language if suggestion is not None else case.language),
        suggestion=suggestion,
        written_by=user,
    )
    _note_findings(reply)
    return reply


def take_suggestion(*, user: User, suggestion: SuggestedReply) -> Reply:
    """A draft with the suggestion's words; the person's own open draft of it where there is one."""
    own = Reply.objects.filter(suggestion=suggestion, written_by=user, state=ReplyState.DRAFT).first()
    return own or draft_reply(user=user, case=suggestion.case, text=suggestion.text, suggestion=suggestion)


@transaction.atomic
def edit(*, user: User, reply: Reply, text: str) -> Reply:
    """New words. An agent's edit of what was submitted takes it back; a lead's does not.

    Raises WrongStateError when it is no longer a draft.
    """
    check(user, reply.case, "answer")
    words = clean(text).strip()
    held = Reply.objects.select_for_update(no_key=True).get(pk=reply.pk)
    keeps = held.state == ReplyState.SUBMITTED and can(user, reply.brand_id, "approve")
    state = ReplyState.SUBMITTED if keeps else ReplyState.DRAFT
    if held.state != state:
        move(reply, "reply", state, text=words)
    else:
        Reply.objects.filter(pk=reply.pk).update(text=words)
        reply.state, reply.text = state, words
    _note_findings(reply)
    _record(user, reply, "reply.edited", before=held.text, after=words)
    return reply


@transaction.atomic
def submit(*, user: User, reply: Reply) -> Reply:
    """Asks a lead to approve. Raises GuardError where no reason could help, WrongStateError."""
    check(user, reply.case, "answer")
    findings = _note_findings(reply)
    if not guard.can_override(findings):
        raise GuardError(findings)
    move(reply, "reply", ReplyState.SUBMITTED)
    _record(user, reply, "reply.submitted")
    raise_alert(
        brand_id=reply.brand_id,
        code="reply.submitted",
        level="note",
        params={"case": reply.case.reference},
        dedupe_key=f"reply.submitted:{reply.case_id}",
    )
    return reply


def needs_second_approval(case: Case) -> bool:
    """Delicate: a critical case, or any while the brand is in a crisis. A lead approves those."""
    return case.severity >= 3 or is_on(case.brand_id, SwitchName.CRISIS)


def approve(
    *,
    user: User,
    reply: Reply,
    not_before: datetime | None = None,
    override_reason: str = "",
    is_additional: bool = False,
    version: int | None = None,
) -> Reply:
    """Lets it go: writes the Effect that the outbox will carry out, or a task to answer in the platform's own app.

    `version` is the version of the case that was on the screen. Raises Case.DoesNotExist, PermissionDenied,
    CaseChangedError, SecondApprovalNeededError, GuardError, NotEligibleError, AlreadyAnsweredError, WrongStateError.
    """
    with changing(user=user, case=reply.case, version=version) as case:
        held = Reply.objects.select_for_update(no_key=True, of=("self",)).select_related(
            "target__conversation", "target__author", "target__brand"
        ).get(pk=reply.pk)  # fmt: skip
        if needs_second_approval(case) and not can(user, case.brand, "approve"):
            raise SecondApprovalNeededError
        _stop_where_answered(held, is_additional)
        findings = _pass_guard(held, override_reason)
        channel = gathering.writing_channel(held.target)
        verdict = judge(held, channel, timezone.now())
        fields: dict[str, Any] = {
            "approved_by": user,
            "approved_at": timezone.now(),
            "not_before": not_before,
            "channel": channel,
            "guard": [finding.to_json() for finding in findings],
            "override_reason": override_reason.strip()[:200] if guard.blocking(findings) else "",
            "is_additional": is_additional,
        }
        if verdict.allowed and channel is not None:
            move(held, "reply", ReplyState.APPROVED, **fields)
            write_effect(held, channel, user)
        elif verdict.kind == "native_task":
            move(held, "reply", ReplyState.NATIVE_TASK, error_code=verdict.code, **fields)
        else:
            raise NotEligibleError(verdict)
        _record_approval(user, held, findings)
        case.assignee = case.assignee or user
    reply.refresh_from_db()
    return reply


def approve_suggestion(
    *, user: User, suggestion: SuggestedReply, text: str | None = None, version: int | None = None
) -> Reply:
    """One press: the suggestion, or what was made of it, is drafted and approved. Raises what `approve` raises."""
    with transaction.atomic():
        reply = take_suggestion(user=user, suggestion=suggestion)
        if text is not None and clean(text).strip() != reply.text:
            reply = edit(user=user, reply=reply, text=text)
        return approve(user=user, reply=reply, version=version)


def decline(*, user: User, reply: Reply, why: str = "") -> Reply:
    """Not these words. Raises WrongStateError once it was approved."""
    with transaction.atomic():
        check(user, reply.case, "answer")
        ask_for_suggestion(case_id=reply.case_id)
        early = frozenset({ReplyState.DRAFT.value, ReplyState.SUBMITTED.value, ReplyState.NATIVE_TASK.value})
        move(reply, "reply", ReplyState.DECLINED, only_from=early)
        _record(user, reply, "reply.declined", after=clean(why).strip()[:200])
    return reply


def withdraw(*, user: User, reply: Reply) -> Reply:
    """Takes an approved reply back before anybody has claimed it. Raises WrongStateError when it is too late."""
    with transaction.atomic():
        check(user, reply.case, "answer")
        ask_for_suggestion(case_id=reply.case_id)
        effect = Effect.objects.select_for_update().filter(reply=reply).first()
        if effect is None or effect.tries:
            raise WrongStateError("reply", ReplyState.DECLINED)
        move(
            effect, "effect", "failed", only_from=frozenset({"pending"}), error_code="withdrawn", done_at=timezone.now()
        )
        move(reply, "reply", ReplyState.DECLINED, only_from=frozenset({ReplyState.APPROVED.value}))
        _record(user, reply, "reply.withdrawn")
    return reply


def confirm_native_task(*, user: User, reply: Reply) -> Reply:
    """A person answered in the platform's own app, where we may never see it."""
    with changing(user=user, case=reply.case) as case:
        moment = timezone.now()
        move(
            reply, "reply", ReplyState.SENT, only_from=frozenset({ReplyState.NATIVE_TASK.value}), sent_at=moment
        )  # fmt: skip
        case.first_reply_at = case.first_reply_at or moment
        case.waiting_since = None
        _record(user, reply, "reply.sent_natively")
    return reply


def judge(reply: Reply, channel: Channel | None, now: datetime) -> Eligibility:
    """May this reply go out now, and how? Read in the transaction that acts on the answer."""
    target = reply.target
    facts = gathering.eligibility_facts(target, channel, gathering.switches_of(reply.brand_id), reply_id=reply.pk)
    return can_reply(
        facts,
        gathering.declaration_of(target.platform),
        now,
        kind=reply.kind,
        has_link=has_link(reply.text),
    )


def newest_question(case: Case) -> Post:
    """What the customer asked last: that is what an answer answers."""
    newest = case.case_posts.select_related("post").order_by("-post__created_at", "-post_id").first()
    return newest.post if newest is not None else case.deciding_post


def find_language(text: str) -> str:
    """The language of a text, "" where nobody can be sure."""
    if sum(letter.isalpha() for letter in text) < LANGUAGE_LETTERS:
        return ""
    found = identify_language(text)
    return "" if found == UNKNOWN else found


def _note_findings(reply: Reply) -> list[Reason]:
    facts = gathering.guard_facts(
        reply.target, kind=reply.kind, language=reply.language, found_language=find_language(reply.text)
    )
    findings = guard.check(reply.text, facts)
    reply.guard = [finding.to_json() for finding in findings]
    Reply.objects.filter(pk=reply.pk).update(guard=reply.guard)
    return findings


def _pass_guard(reply: Reply, override_reason: str) -> list[Reason]:
    findings = _note_findings(reply)
    if guard.blocking(findings) and (not guard.can_override(findings) or len(override_reason.strip()) < 5):
        raise GuardError(findings)
    return findings


def _stop_where_answered(reply: Reply, is_additional: bool) -> None:
    if is_additional:
        return
    others = Reply.objects.filter(
        target=reply.target, kind=reply.kind, state__in=gathering.SAID, is_acknowledgement=False, is_additional=False
    ).exclude(pk=reply.pk)
    if (other := others.first()) is not None:
        raise AlreadyAnsweredError(other)


def write_effect(reply: Reply, channel: Channel, user: User | None, at: datetime | None = None) -> Effect:
    """The key holds the reply, so the same reply can never become two writes."""
    key = hashlib.sha256(f"reply:{reply.public_id}".encode()).hexdigest()
    effect = Effect.objects.create(
        brand_id=reply.brand_id,
        channel=channel,
        reply=reply,
        kind=reply.kind,
        idempotency_key=key,
        requested_by=user,
        not_before=reply.not_before or at or timezone.now(),
    )
    enqueue(SEND_TASK, queue="send")
    return effect


def _record_approval(user: User, reply: Reply, findings: Sequence[Reason]) -> None:
    overridden = [finding.code for finding in guard.blocking(findings)]
    was = reply.suggestion.text if reply.suggestion is not None else ""
    params = {"kind": reply.kind, "state": reply.state, "edited": bool(was) and was != reply.text}
    if overridden:
        # The reason may speak of the person: it goes where it can be erased.
        _record(user, reply, "reply.guard_overridden", after=reply.override_reason, overridden=overridden)
    _record(user, reply, "reply.approved", before=was, after=reply.text, **params)


def _record(user: User, reply: Reply, act: str, *, before: str = "", after: str = "", **params: object) -> None:
    author = reply.target.author
    audit.record(
        actor=user,
        act=act,
        brand_id=reply.brand_id,
        subject=reply,
        params={"case": reply.case.reference, **params},
        before=before,
        after=after,
        author_key=f"{author.platform}:{author.external_id}" if author is not None else "",
    )
