"""What came of an Effect, written in one transaction with everything that must know: reply, case, audit, people.

An attempt goes by the time it `started_at`. That it was sent counts whenever it is heard; anything else counts only
while no newer attempt has begun, whose outcome it is not.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from monitor.alerts.services import close_alerts, raise_alert
from monitor.audit import services as audit
from monitor.cases.services import adopt_conversation, note_own_post
from monitor.inbox.models import Post
from monitor.inbox.services import record_own_post
from monitor.platforms.base import Receipt
from monitor.replies.gathering import database_now, declaration_of, target_id
from monitor.replies.models import Effect, EffectState, Reply, ReplyState
from monitor.replies.services.gone_answers import note_gone_before_told
from monitor.replies.services.post_outcomes import lock_post_of, note_done, note_failed
from monitor.replies.states import move, try_to_move

#: A send that was certainly not carried out is tried again after this long; the last wait repeats.
WAITS: Final = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
MOST_TRIES: Final = 12

#: Outcomes may come late: after the lease ended, even after the attempt was given up.
_OPEN: Final = frozenset({"sending", "unconfirmed", "pending", "failed"})


@transaction.atomic
def settle_sent(effect_id: int, receipt: Receipt, *, own_post_id: int | None = None) -> bool:
    """Effect done, reply sent, own post stored, case answered. False where it was known already.

    Whoever learns of the outcome first writes it: the answer to the call, an echo, or reading back.
    """
    effect = _locked(effect_id)
    if effect.state == EffectState.DONE:
        return False
    moment = database_now()
    said_at = receipt.created_at or moment
    move(
        effect, "effect", EffectState.DONE, only_from=_OPEN, external_id=receipt.external_id, done_at=moment,
        error_code="", lease_until=None,
    )  # fmt: skip
    reply = effect.reply
    if reply is None:
        note_done(effect, moment)
        return True
    post_id = own_post_id or _store_own_post(reply, effect, receipt, said_at)
    move(reply, "reply", ReplyState.SENT, sent_at=said_at, own_post_id=post_id, error_code="")
    if post_id is not None:
        if reply.kind == "private_reply":
            # The thread that it opens is about the same matter: what the person answers there comes to this case.
            adopt_conversation(case_id=reply.case_id, post_id=post_id)
        note_own_post(post_id=post_id, case_id=reply.case_id, is_acknowledgement=reply.is_acknowledgement)
    _record(reply, "reply.sent", kind=reply.kind, by=reply.sent_by)
    if post_id is None and receipt.external_id:
        note_gone_before_told(reply)
    close_alerts(brand_id=reply.brand_id, dedupe_key=f"reply:{reply.pk}")
    return True


@transaction.atomic
def settle_unconfirmed(effect_id: int, *, started_at: datetime | None, code: str) -> None:
    """Nobody knows whether it was said. It holds the later ones of its conversation until that is known."""
    effect = _locked_attempt(effect_id, started_at)
    if effect is None:
        return
    if try_to_move(effect, "effect", EffectState.UNCONFIRMED, error_code=code, lease_until=None) and effect.reply:
        move(effect.reply, "reply", ReplyState.UNCONFIRMED, error_code=code)
        _record(effect.reply, "reply.unconfirmed", code=code)


@transaction.atomic
def settle_failed(effect_id: int, *, started_at: datetime | None, code: str, is_native: bool = False) -> None:
    """Refused for good. `is_native`: a person can still say it in the platform's own app."""
    effect = _locked_attempt(effect_id, started_at)
    if effect is not None:
        # What may have been said is never called failed: a person looks.
        doubted = effect.state == EffectState.UNCONFIRMED
        fail(effect, code=code, is_native=is_native or doubted, moment=database_now())


def fail(effect: Effect, *, code: str, is_native: bool, moment: datetime) -> None:
    """The same for an effect that the caller holds locked. The case shows it and people are told."""
    move(effect, "effect", EffectState.FAILED, error_code=code, done_at=moment, lease_until=None)
    reply = effect.reply
    if reply is None:
        note_failed(effect, code)
        return
    # Nobody has to do anything about a courtesy that was not possible.
    is_native = is_native and not reply.is_acknowledgement
    move(reply, "reply", ReplyState.NATIVE_TASK if is_native else ReplyState.FAILED, error_code=code)
    act = "reply.native_task" if is_native else "reply.failed"
    _record(reply, act, code=code)
    if not reply.is_acknowledgement:
        params = {"case": reply.case.reference, "why": code}
        raise_alert(
            brand_id=reply.brand_id, code=act, level="warning", params=params, dedupe_key=f"reply:{reply.pk}"
        )  # fmt: skip


@transaction.atomic
def settle_not_done(
    effect_id: int, *, started_at: datetime | None, code: str, retry_at: datetime | None = None
) -> None:
    """Certainly not carried out: back in line; after too many tries it is a person's."""
    effect = _locked_attempt(effect_id, started_at)
    if effect is None:
        return
    if effect.tries >= MOST_TRIES:
        fail(effect, code=code, is_native=effect.reply is not None, moment=database_now())
        return
    wait = WAITS[min(max(effect.tries, 1), len(WAITS)) - 1]
    at = max(retry_at, database_now()) if retry_at is not None else database_now() + wait
    move(effect, "effect", EffectState.PENDING, error_code=code, not_before=at, started_at=None, lease_until=None)
    if effect.reply is not None:
        move(effect.reply, "reply", ReplyState.APPROVED, error_code=code)


def _locked(effect_id: int) -> Effect:
    lock_post_of(effect_id)
    rows = Effect.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("channel", "reply__case", "reply__target__conversation").get(pk=effect_id)


def _locked_attempt(effect_id: int, started_at: datetime | None) -> Effect | None:
    """The effect, if this attempt is its latest and still open. A worker that was paused may speak for an older one."""
    effect = _locked(effect_id)
    is_open = effect.state in (EffectState.SENDING, EffectState.UNCONFIRMED)
    return effect if is_open and effect.started_at == started_at else None


def _store_own_post(reply: Reply, effect: Effect, receipt: Receipt, said_at: datetime) -> int | None:
    """Our words as a post of the thread, so that every room below sees the answer; the echo finds it there."""
    if not receipt.external_id:
        return None
    target = reply.target
    is_public = reply.kind == "reply"
    thread = target.conversation.external_id
    try:
        return record_own_post(
            channel=effect.channel,
            external_id=receipt.external_id,
            platform_id=receipt.platform_id,
            text=reply.text,
            form=declaration_of(target.platform).answer_form if is_public else "direct_message",
            conversation_id=receipt.conversation_id or thread if reply.kind == "private_reply" else thread,
            in_reply_to=target_id(target) if is_public else "",
            is_public=is_public,
            created_at=said_at,
            url=receipt.url,
        )
    except Post.DoesNotExist:
        return None  # deleted before we heard of it: it was said, and it is gone


def _record(reply: Reply, act: str, **params: object) -> None:
    audit.record(
        actor_kind="automation" if reply.sent_by == "automation" else "system",
        act=act,
        brand_id=reply.brand_id,
        subject=reply,
        params={"case": reply.case.reference, **params},
    )
