"""Takes Effects whose time has come. A claim is committed before its platform is called.

One reply of a case's conversation is in flight at a time; one whose outcome is unknown holds the later ones. What is
done to one post goes in the order in which it was asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from monitor.alerts.services import raise_alert
from monitor.brands.models import Switch, SwitchName
from monitor.inbox.models import Post
from monitor.logs import get_logger
from monitor.replies.gathering import database_now
from monitor.replies.models import Effect, EffectState, ReplyState
from monitor.replies.services.drafting import judge
from monitor.replies.services.outcomes import MOST_TRIES, fail
from monitor.replies.services.post_effects import judge_effect
from monitor.replies.states import move, try_to_move

log = get_logger(__name__)

#: Longer than any call may take (connect 5 s, read 30 s), shorter than anybody's patience.
LEASE: Final = timedelta(seconds=120)
#: What mends itself or is mended by an operator: the reply waits instead of failing.
WAITING_CODES: Final = frozenset({"channel_paused", "channel_unhealthy", "kill_switch"})
WAIT: Final = timedelta(minutes=1)
IN_FLIGHT: Final = (EffectState.SENDING, EffectState.UNCONFIRMED)


def claim_effects(limit: int = 20, *, overdue_seconds: float = 0, now: datetime | None = None) -> list[Effect]:
    """Effects that this worker must now carry out with `perform_effect`, in state sending, committed.

    `overdue_seconds`: only those that have waited longer than this (the sweeper lets workers go first).
    """
    expire_leases(now=now)
    with transaction.atomic():
        moment = now or database_now()
        claimed = []
        for effect in _due(limit, moment - timedelta(seconds=overdue_seconds)):
            if _claim(effect, moment):
                claimed.append(effect)
    return claimed


def expire_leases(*, now: datetime | None = None) -> int:
    """Effects whose worker died: back in line where the platform was certainly not called, else unconfirmed."""
    moment = now or database_now()
    expired = 0
    with transaction.atomic():
        rows = Effect.objects.select_for_update(skip_locked=True, of=("self",)).select_related("reply__case")
        for effect in rows.filter(state=EffectState.SENDING, lease_until__lt=moment).order_by("pk")[:100]:
            expired += _expire(effect, moment)
    return expired


def _expire(effect: Effect, moment: datetime) -> bool:
    try:
        with transaction.atomic():
            # What is done to a post can be done once more; words cannot be said once more.
            if effect.reply is None and effect.tries >= MOST_TRIES:
                fail(effect, code="worker_lost", is_native=False, moment=moment)
            elif effect.started_at is None or effect.reply is None:
                _put_back(effect, moment)
            else:
                _doubt(effect, moment)
    except Exception as error:  # noqa: BLE001  (one that nobody can bring to an end must not stop all sending)
        log.error("expire_failed", extra={"effect": effect.pk, "error": type(error).__name__}, exc_info=True)
        Effect.objects.filter(pk=effect.pk).update(lease_until=moment + LEASE)
        return False
    return True


def _claim(effect: Effect, moment: datetime) -> bool:
    """Whether it is ours now. One that cannot even be judged waits, and the others go."""
    try:
        with transaction.atomic():
            return _may_go(effect, moment) and _take(effect, moment)
    except Exception as error:  # noqa: BLE001  (a fault of ours with one must not stop the others)
        log.error("claim_failed", extra={"effect": effect.pk, "error": type(error).__name__}, exc_info=True)
        Effect.objects.filter(pk=effect.pk).update(not_before=moment + WAIT)
        return False


def _due(limit: int, moment: datetime) -> Iterable[Effect]:
    """What may go of the candidates, locked: looked at again in statements that see all commits."""
    candidates = _candidates(limit, moment)
    yield from _due_replies([pk for pk, post_id in candidates if post_id is None])
    yield from _due_on_posts({pk: post_id for pk, post_id in candidates if post_id is not None})


def _due_replies(ids: Sequence[int]) -> Iterable[Effect]:
    """Locked with their cases, of which one holds the lane."""
    rows = (
        Effect.objects.select_for_update(no_key=True, skip_locked=True, of=("self", "reply", "reply__case"))
        .select_related("reply__case", "channel")
        .filter(pk__in=ids, state=EffectState.PENDING, reply__state=ReplyState.APPROVED)
        .order_by("not_before", "pk")
    )
    seen: set[tuple[int, int]] = set()
    for effect in list(rows):
        assert effect.reply is not None
        lane = (effect.reply.case_id, effect.reply.conversation_id)
        if lane not in seen and not _is_held(effect):
            seen.add(lane)
            yield effect


def _due_on_posts(wanted: Mapping[int, int]) -> Iterable[Effect]:
    """Their posts are the lanes: locked first, as everywhere in the house. One that an ingest holds waits a moment."""
    lanes = Post.objects.select_for_update(no_key=True, skip_locked=True).filter(pk__in=wanted.values())
    free = set(lanes.order_by("pk").values_list("pk", flat=True))
    ids = [pk for pk, post_id in wanted.items() if post_id in free]
    rows = Effect.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).select_related("channel")
    for effect in rows.filter(pk__in=ids, state=EffectState.PENDING).order_by("not_before", "pk"):
        if not Effect.objects.filter(_earlier_on_post(effect.post_id, effect.pk)).exists():
            yield effect


def _earlier_on_post(post_id: Any, effect_id: Any) -> Q:
    return Q(post_id=post_id, pk__lt=effect_id, state__in=(EffectState.PENDING, *IN_FLIGHT))


def _candidates(limit: int, moment: datetime) -> list[tuple[int, int | None]]:
    """(effect, its post), without a lock, so without a promise. Held ones are left out lest they fill the batch."""
    killed = Switch.objects.filter(brand_id=OuterRef("brand_id"), name=SwitchName.KILL, is_on=True)
    lane = Effect.objects.filter(
        reply__case_id=OuterRef("reply__case_id"), reply__conversation_id=OuterRef("reply__conversation_id")
    )
    held = lane.filter(_before(OuterRef("pk"))).exclude(pk=OuterRef("pk"))
    on_post = Effect.objects.filter(_earlier_on_post(OuterRef("post_id"), OuterRef("pk")))
    ready = Q(reply__state=ReplyState.APPROVED) | Q(reply=None)
    due = Effect.objects.filter(ready, state=EffectState.PENDING, not_before__lte=moment)
    waiting = due.filter(~Exists(killed), ~Exists(held), ~Exists(on_post)).order_by("not_before", "pk")
    return list(waiting.values_list("pk", "post_id")[:limit])


def _is_held(effect: Effect) -> bool:
    """Another one of the case's conversation is on its way, in doubt, or was tried earlier and waits."""
    reply = effect.reply
    assert reply is not None
    lane = Effect.objects.filter(reply__case_id=reply.case_id, reply__conversation_id=reply.conversation_id)
    return lane.filter(_before(effect.pk)).exclude(pk=effect.pk).exists()


def _before(effect_id: Any) -> Q:
    return Q(state__in=IN_FLIGHT) | Q(state=EffectState.PENDING, tries__gt=0, pk__lt=effect_id)


def _may_go(effect: Effect, moment: datetime) -> bool:
    """Asks once more, at send time; what may not go any more is told to people or waits."""
    reply = effect.reply
    if reply is None:
        asked = judge_effect(effect)
        code, is_native, may_go = asked.code, False, asked.allowed
    else:
        verdict = judge(reply, effect.channel, moment)
        code, is_native, may_go = verdict.code, verdict.kind == "native_task", verdict.allows(reply.sent_by)
    if may_go:
        return True
    if code in WAITING_CODES:
        Effect.objects.filter(pk=effect.pk).update(not_before=moment + WAIT, error_code=code)
        raise_alert(
            brand_id=effect.brand_id,
            code="reply.waits_for_channel",
            params={"channel": str(effect.channel), "why": code},
            dedupe_key=f"reply.waits:{effect.channel_id}",
        )
        return False
    fail(effect, code=code or "not_allowed", is_native=is_native, moment=moment)
    return False


def _take(effect: Effect, moment: datetime) -> bool:
    taken = try_to_move(
        effect, "effect", EffectState.SENDING, claimed_at=moment, started_at=None, lease_until=moment + LEASE
    )
    if taken and effect.reply is not None:
        move(effect.reply, "reply", ReplyState.SENDING)
    return taken


def _put_back(effect: Effect, moment: datetime) -> None:
    move(effect, "effect", EffectState.PENDING, not_before=moment, lease_until=None)
    if effect.reply is not None:
        move(effect.reply, "reply", ReplyState.APPROVED)


def _doubt(effect: Effect, moment: datetime) -> None:
    move(
        effect, "effect", EffectState.UNCONFIRMED, error_code="worker_lost", lease_until=None, not_before=moment
    )  # fmt: skip
    assert effect.reply is not None
    move(effect.reply, "reply", ReplyState.UNCONFIRMED, error_code="worker_lost")
