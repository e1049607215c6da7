"""Access that ends: taken away at the platform (the channels that lived on that login stop, and say so), or let go by
somebody here."""

from collections.abc import Sequence
from typing import cast

from django.db import transaction
from django.db.models.functions import Now

from monitor.alerts.services import close_alerts_of_channel
from monitor.brands.models import Channel, ChannelState, ChannelStream, User
from monitor.brands.sealing import SealBrokenError, unseal
from monitor.brands.services import disconnect_channel, forget_credentials, open_connector
from monitor.inbox.models import Rereading, RereadingState
from monitor.inbox.services import failures
from monitor.logs import get_logger
from monitor.platforms.base import Subscriber
from monitor.platforms.errors import PlatformError
from monitor.platforms.registry import get_platform, platform_codes

log = get_logger(__name__)

#: What of a channel's credentials came of the person; the rest is the app's and the channel's own.
_GIVEN = ("access_token", "user_token", "refresh_token", "user_id")


def withdraw_authorization(*, platforms: Sequence[str], user_id: str) -> list[int]:
    """Stops the channels whose login came from this person (`user_id` among their credentials); returns their ids.

    Their tokens are deleted, as the platform demands; what waits to be sent stays, cursors too. Of channels that do
    not say whose login they use nothing is assumed: they are read at once, and a dead token shows.
    """
    stopped = []
    unsure = []
    for channel in Channel.objects.filter(platform__in=list(platforms)).exclude(credentials=None).order_by("pk"):
        giver = _giver_of(channel)
        if giver == user_id:
            _withdraw(channel)
            stopped.append(channel.pk)
        elif not giver:
            unsure.append(channel.pk)
    ChannelStream.objects.filter(channel__in=unsure, channel__state=ChannelState.HEALTHY).update(next_poll_at=Now())
    log.info("authorization_withdrawn", extra={"channels": stopped, "unsure": len(unsure)})
    return stopped


def _giver_of(channel: Channel) -> str:
    try:
        return unseal(channel.credentials).get("user_id", "")
    except SealBrokenError:
        return ""


@transaction.atomic
def _withdraw(channel: Channel) -> None:
    forget_credentials(channel=channel, names=_GIVEN)
    failures.note_dead_login(channel=channel, code="authorization_revoked")


def disconnect(*, channel: Channel, user: User | None) -> str:
    """A person lets a channel go: what it was being read for ends, and what it was in trouble for needs nobody.

    First the platform is asked to push nothing of it any more. Returns the code of why that failed, which stops
    nothing; "" where all is done.
    """
    why = _unsubscribe(channel)
    _let_go(channel, user)
    return why


def _unsubscribe(channel: Channel) -> str:
    """No call in a transaction: whoever waits for the platform must hold no row."""
    if channel.platform not in platform_codes() or not channel.credentials or channel.kind == "search":
        return ""
    if "subscribe" not in get_platform(channel.platform).declaration.abilities or _is_shared(channel):
        return ""
    try:
        cast(Subscriber, open_connector(channel)).unsubscribe()
    except (PlatformError, SealBrokenError) as error:
        code = failures.code_of(error)
        log.warning("unsubscribe_failed", extra={"channel": channel.pk, "code": code})
        return code
    return ""


def _is_shared(channel: Channel) -> bool:
    """Whether another channel lives on the same user or page: of another brand, or the Instagram profile of a Page."""
    others = Channel.objects.exclude(pk=channel.pk).exclude(state=ChannelState.DISCONNECTED).exclude(kind="search")
    return any(not _owners(channel).isdisjoint(_owners(other)) for other in others.exclude(credentials=None))


def _owners(channel: Channel) -> set[str]:
    try:
        page_id = unseal(channel.credentials).get("page_id", "")
    except SealBrokenError:
        page_id = ""
    return {channel.external_id, page_id} - {""}


@transaction.atomic
def _let_go(channel: Channel, user: User | None) -> None:
    disconnect_channel(channel=channel, user=user)
    Rereading.objects.filter(channel=channel, state=RereadingState.WAITING).update(state=RereadingState.STOPPED)
    close_alerts_of_channel(brand_id=channel.brand_id, channel_id=channel.pk)
