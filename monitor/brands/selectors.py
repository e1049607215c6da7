"""Reads of this room."""

from django.conf import settings
from django.db.models import QuerySet

from monitor.brands.models import Brand, Channel
from monitor.brands.rights import Visitor, brands_of
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


def channels_of(user: Visitor, brand: Brand | None = None) -> QuerySet[Channel]:
    """The channels that the user may see, of all the user's brands or of one."""
    channels = Channel.objects.filter(brand__in=brands_of(user)).select_related("brand", "market")
    if brand is not None:
        channels = channels.filter(brand=brand)
    return channels.order_by("brand_id", "platform", "name", "id")
