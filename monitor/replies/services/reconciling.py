"""Sends whose outcome is unknown are looked up on the platform: sent, certainly absent, or a person's task.

Nothing is sent again before the platform has shown, late enough and completely, that it is not there.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Q

from monitor.brands.sealing import SealBrokenError
from monitor.inbox.models import Post
from monitor.logs import get_logger
from monitor.platforms.base import IncomingPost, Receipt
from monitor.platforms.errors import PlatformError
from monitor.replies.echo import CLOCK_SLACK, is_in_time, is_same_text
from monitor.replies.gathering import database_now
from monitor.replies.models import Effect, EffectState, Reply
from monitor.replies.services.claiming import expire_leases
from monitor.replies.services.matching import find_own_post
from monitor.replies.services.outcomes import settle_failed, settle_not_done, settle_sent
from monitor.replies.services.sending import DOUBTFUL_CODES, ConnectorFactory, connect, request_of

log = get_logger(__name__)

#: What a platform accepted is in its own lists after this long. Absence before that proves nothing.
SETTLE: Final = timedelta(minutes=5)
#: Looks after which an absence counts, looks after which nobody can tell, and the pause between two.
ABSENT_CHECKS: Final = 2
MOST_CHECKS: Final = 12
PAUSES: Final = (timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5))
LEASE: Final = timedelta(seconds=120)


def reconcile_unconfirmed(
    *, connector_factory: ConnectorFactory = connect, limit: int = 20, now: datetime | None = None
) -> int:
    """Looks up each Effect in doubt whose next look is due; returns how many were looked up."""
    expire_leases(now=now)
    claimed = _claim(limit, now)
    for effect in claimed:
        try:
            _look(effect, connector_factory, now)
        except Exception as error:  # noqa: BLE001  (a fault of ours with one must not keep the others in doubt)
            log.error("reconcile_failed", extra={"effect": effect.pk, "error": type(error).__name__}, exc_info=True)
            _postpone(effect, now)
    return len(claimed)


def _claim(limit: int, now: datetime | None) -> list[Effect]:
    """Takes the rows for two minutes by their lease, so that two workers do not look at the same one."""
    with transaction.atomic():
        moment = now or database_now()
        due = Q(state=EffectState.UNCONFIRMED, not_before__lte=moment)
        free = Q(lease_until=None) | Q(lease_until__lt=moment)
        rows = Effect.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).filter(due, free)
        ids = list(rows.order_by("not_before", "pk").values_list("pk", flat=True)[:limit])
        Effect.objects.filter(pk__in=ids).update(lease_until=moment + LEASE, checks=F("checks") + 1)
    return list(
        Effect.objects.select_related(
            "channel", "reply__target__conversation", "reply__target__author", "reply__case", "post"
        )
        .filter(pk__in=ids)
        .order_by("pk")
    )


def _look(effect: Effect, connector_factory: ConnectorFactory, now: datetime | None) -> None:
    if effect.checks > MOST_CHECKS:
        settle_failed(effect.pk, started_at=effect.started_at, code="cannot_tell", is_native=True)
        return
    reply, since = effect.reply, effect.started_at or effect.claimed_at or effect.created_at
    if reply is not None and (known := find_own_post(reply, since)) is not None:
        receipt = Receipt(known.external_id, created_at=known.created_at)
        settle_sent(effect.pk, receipt, own_post_id=known.pk)
        return
    try:
        found = connector_factory(effect.channel).read_back(request_of(effect), since=since - CLOCK_SLACK)
    except (PlatformError, SealBrokenError):
        _look_again(effect, now)
        return
    if found is None or reply is None:
        settle_failed(effect.pk, started_at=effect.started_at, code="cannot_tell", is_native=True)
        return
    match = _match(reply, found, since)
    if match is not None:
        settle_sent(effect.pk, Receipt(match.external_id, url=match.url, created_at=match.created_at))
    elif effect.checks < ABSENT_CHECKS or (now or database_now()) < since + SETTLE:
        _look_again(effect, now)
    elif effect.error_code in DOUBTFUL_CODES:
        # The platform says that it was said, and it is not there: sending again would be refused again.
        settle_failed(effect.pk, started_at=effect.started_at, code=effect.error_code, is_native=True)
    else:
        settle_not_done(effect.pk, started_at=effect.started_at, code="not_found_on_platform")


def _match(reply: Reply, found: Sequence[IncomingPost], since: datetime) -> IncomingPost | None:
    """The newest own post with our words, not older than the attempt and not the outcome of another reply."""
    taken = set(
        Post.objects.filter(
            brand_id=reply.brand_id,
            platform=reply.target.platform,
            external_id__in=[post.external_id for post in found],
            reply_made__isnull=False,
        ).values_list("external_id", flat=True)
    )
    for post in found:
        if post.external_id in taken or not is_in_time(post.created_at, since):
            continue
        if _is_there(reply, post) and is_same_text(reply.text, post.text):
            return post
    return None


def _is_there(reply: Reply, post: IncomingPost) -> bool:
    """In the place where ours would be. The same words are said to many people."""
    target = reply.target
    if reply.kind == "reply":
        return not post.in_reply_to or post.in_reply_to in {target.external_id, target.platform_id}
    if reply.kind == "direct_message":
        return not post.conversation_id or post.conversation_id == target.conversation.external_id
    return not post.is_public  # a private reply opens a thread whose name nobody has told us


def _look_again(effect: Effect, now: datetime | None) -> None:
    """Later; after too many looks it is a person's."""
    if effect.checks >= MOST_CHECKS:
        settle_failed(effect.pk, started_at=effect.started_at, code="cannot_tell", is_native=True)
        return
    _postpone(effect, now)


def _postpone(effect: Effect, now: datetime | None) -> None:
    moment = now or database_now()
    due = moment + PAUSES[min(effect.checks, len(PAUSES)) - 1]
    settled = (effect.started_at or effect.claimed_at or effect.created_at) + SETTLE
    if moment < settled:
        due = min(due, settled)  # from then on an absence counts: nobody waits longer for the answer
    Effect.objects.filter(pk=effect.pk, state=EffectState.UNCONFIRMED, started_at=effect.started_at).update(
        lease_until=None, not_before=due
    )
