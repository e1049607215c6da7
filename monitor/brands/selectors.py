"""Reads of this room."""

from django.conf import settings

from monitor.brands.models import Channel
from monitor.brands.sealing import unseal
from monitor.platforms.base import ChannelContext


def channel_context(channel: Channel, *, with_credentials: bool = True) -> ChannelContext:
    """What a connector needs to know, with the credentials in the clear. Raises SealBrokenError.

    A parser needs to know who we are only: without credentials it works while they are dead.
    """
    return ChannelContext(
        channel_id=channel.pk,
        kind=channel.kind,
        external_id=channel.external_id,
        handle=channel.handle,
        credentials=unseal(channel.credentials) if with_credentials else {},
        api_url=channel.api_url or settings.PLATFORM_API_URLS.get(channel.platform, ""),
        query=channel.query,
    )
