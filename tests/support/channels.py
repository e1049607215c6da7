"""Channels of the fake platforms, connected and read as the desk does it."""

from typing import Any

from monitor.brands.models import Brand, Channel
from monitor.brands.services import connect_channel
from monitor.inbox.services import collect_channel
from tests.support.simulated import Simulated


def connect(brand: Brand, simulated: Simulated, platform: str, kind: str = "", **fields: Any) -> Channel:
    """The demo's channel of that platform, with other `fields` where a test wants them."""
    context = simulated.context(platform, kind)
    told = {name: getattr(context, name) for name in ("external_id", "handle", "query", "credentials", "api_url")}
    return connect_channel(brand=brand, platform=platform, kind=context.kind, **{**told, **fields})


def collect(channel: Channel) -> None:
    """One page of each stream."""
    for stream in channel.streams.values_list("name", flat=True):
        report = collect_channel(channel_id=channel.pk, stream=stream)
        assert report.error == "", (stream, report.error)
