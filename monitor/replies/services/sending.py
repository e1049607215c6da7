"""Carries out one claimed Effect. The call is outside any transaction; what it answers is written in one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F

from monitor.alerts.services import raise_alert
from monitor.brands.models import Channel, ChannelState
from monitor.brands.sealing import SealBrokenError
from monitor.brands.services import open_connector, set_channel_state
from monitor.inbox.services import look_again_soon, recheck_post
from monitor.logs import get_logger
from monitor.platforms.base import Connector, Receipt, SendRequest
from monitor.platforms.errors import (
    AuthExpiredError,
    MalformedPayloadError,
    PlatformError,
    QuotaExceededError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnconfirmedSendError,
)
from monitor.replies.gathering import database_now, target_id
from monitor.replies.models import Effect, EffectState
from monitor.replies.services.outcomes import settle_failed, settle_not_done, settle_sent, settle_unconfirmed

log = get_logger(__name__)

ConnectorFactory = Callable[[Channel], Connector]

#: Refusals after which a person can still answer in the platform's own app.
NATIVE_CODES: Final = frozenset({"not_summoned", "window_closed", "permission_missing"})
#: "You said this already": perhaps an attempt of ours whose answer was lost. It is read back, never repeated; of what
#: was done to a post it says that it is done.
DOUBTFUL_CODES: Final = frozenset({"duplicate", "already_replied"})
#: The call needs this long at most; with less of the lease left it is not begun.
LONGEST_CALL: Final = timedelta(seconds=45)


def connect(channel: Channel) -> Connector:
    """The channel's client, with its credentials and its shared budget. No network. Raises SealBrokenError."""
    return open_connector(channel)


def perform_effect(
    *, effect_id: int, connector_factory: ConnectorFactory = connect, now: datetime | None = None
) -> str:
    """Calls the platform at most once for this claim; returns the Effect's state afterwards.

    A second call for the same claim does nothing: the first one took `started_at`. Dying anywhere in here leaves a row
    that `expire_leases` finds: back in line before that instant, unconfirmed after it.
    """
    if not _is_target_there(effect_id, connector_factory):
        return EffectState.FAILED
    moment = now or database_now()
    started = Effect.objects.filter(
        pk=effect_id, state=EffectState.SENDING, started_at=None, lease_until__gt=moment + LONGEST_CALL
    ).update(started_at=moment, tries=F("tries") + 1)  # fmt: skip
    effect = Effect.objects.select_related(
        "channel", "reply__target__conversation", "reply__target__author", "post__conversation"
    ).get(pk=effect_id)  # fmt: skip
    # A pause may lie between the two: then the attempt is not ours any more.
    if started and (effect.state, effect.started_at) == (EffectState.SENDING, moment):
        _call(effect, connector_factory)
        effect.refresh_from_db(fields=["state"])
    return effect.state


def _is_target_there(effect_id: int, connector_factory: ConnectorFactory) -> bool:
    """Where looking costs nothing, what is answered is looked up before anything is said to it: nobody wants an answer
    under a post that its author took back, and not every platform refuses it."""
    waiting = Effect.objects.select_related("channel", "reply__target__conversation", "reply__target__author")
    effect = waiting.filter(pk=effect_id, state=EffectState.SENDING, started_at=None).first()
    if effect is None or effect.reply is None:
        return True
    try:
        connector = connector_factory(effect.channel)
    except SealBrokenError:
        return True  # `_call` says so
    if recheck_post(post=effect.reply.target, channel=effect.channel, connector=connector):
        return True
    record_failed(effect_id=effect.pk, started_at=None, code="gone")
    return False


def _call(effect: Effect, connector_factory: ConnectorFactory) -> None:
    """Every answer that a platform can give, to what it means for us. Anything else is a fault of ours and rises."""
    try:
        connector = connector_factory(effect.channel)
    except SealBrokenError:
        _stop_channel(effect, "credentials_unreadable")
        return
    try:
        receipt = connector.send(request_of(effect))
    except PlatformError as error:
        log.warning("send_failed", extra={"effect": effect.pk, "error": type(error).__name__})
        _learn(effect, error)
    else:
        record_sent(effect_id=effect.pk, receipt=receipt)


def request_of(effect: Effect) -> SendRequest:
    """The write as the connector wants it: exactly the text that was approved."""
    reply = effect.reply
    if reply is None:
        post = effect.post
        assert post is not None
        return SendRequest(
            effect.kind,
            target_id=target_id(post),
            conversation_id=post.conversation.external_id,
            idempotency_key=effect.idempotency_key,
        )
    target = reply.target
    # A private reply's window runs from the comment, a message's from the newest word of the person.
    since = target.created_at if target.is_public else target.conversation.last_inbound_at or target.created_at
    return SendRequest(
        kind=effect.kind,
        text=reply.text,
        target_id=target_id(target),
        conversation_id=target.conversation.external_id,
        recipient_id=target.author.external_id if target.author is not None else "",
        sent_by=reply.sent_by,
        last_inbound_at=since,
        idempotency_key=effect.idempotency_key,
    )


def record_sent(*, effect_id: int, receipt: Receipt) -> bool:
    """The platform accepted it. Idempotent, and right also when the outcome comes late."""
    return settle_sent(effect_id, receipt)


def record_failed(*, effect_id: int, started_at: datetime | None, code: str) -> None:
    """The platform refused it for good: an alert, the case shows it; where a person still can, it is a task."""
    settle_failed(effect_id, started_at=started_at, code=code, is_native=code in NATIVE_CODES)


def record_unconfirmed(*, effect_id: int, started_at: datetime | None, code: str = "no_answer") -> None:
    settle_unconfirmed(effect_id, started_at=started_at, code=code)


def _learn(effect: Effect, error: PlatformError) -> None:
    attempt = effect.started_at
    if effect.reply is None and _settle_on_post(effect, error):
        return
    match error:
        case RejectedError(code=code) if code in DOUBTFUL_CODES:
            record_unconfirmed(effect_id=effect.pk, started_at=attempt, code=code)
        case RejectedError(code=code):
            record_failed(effect_id=effect.pk, started_at=attempt, code=code)
            if code == "gone":
                look_again_soon(channel_id=effect.channel_id)
        case RateLimitedError(retry_at=retry_at):
            settle_not_done(effect.pk, started_at=attempt, code="rate_limited", retry_at=retry_at)
        case QuotaExceededError(resets_at=resets_at):
            later = resets_at or database_now() + timedelta(hours=1)
            settle_not_done(effect.pk, started_at=attempt, code="quota_exceeded", retry_at=later)
            _tell(effect, "channel.quota_exceeded")
        case AuthExpiredError(code=code):
            _stop_channel(effect, code)
        case UnavailableError():
            settle_not_done(effect.pk, started_at=attempt, code="unavailable")
        case UnconfirmedSendError() | MalformedPayloadError():
            record_unconfirmed(effect_id=effect.pk, started_at=attempt)
        case _:
            raise error


def _settle_on_post(effect: Effect, error: PlatformError) -> bool:
    """Where what is done to a post differs from what is said: it may be done twice. False: it does not differ."""
    match error:
        case RejectedError(code="gone") if effect.kind == "delete":
            record_sent(effect_id=effect.pk, receipt=Receipt(""))
        case RejectedError(code=code) if code in DOUBTFUL_CODES:
            record_sent(effect_id=effect.pk, receipt=Receipt(""))
        case UnconfirmedSendError() | MalformedPayloadError():
            settle_not_done(effect.pk, started_at=effect.started_at, code="no_answer")
        case _:
            return False
    return True


def _stop_channel(effect: Effect, code: str) -> None:
    """An operator must act; the reply waits, and the window is looked at again when it can go."""
    set_channel_state(channel_id=effect.channel_id, state=ChannelState.NEEDS_REAUTH, code=code)
    settle_not_done(effect.pk, started_at=effect.started_at, code=code)
    _tell(effect, f"channel.{code}")


def _tell(effect: Effect, code: str) -> None:
    raise_alert(
        brand_id=effect.brand_id,
        code=code,
        level="urgent",
        params={"channel": str(effect.channel)},
        dedupe_key=f"{code}:{effect.channel_id}",
    )
