"""Watches for channels that are quieter than their own past (`quietness.py` decides): alerts come and go by
themselves.
"""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone

from monitor.alerts.models import Alert, AlertLevel
from monitor.alerts.services import close_alerts, raise_alert
from monitor.brands.models import Channel, ChannelState
from monitor.inbox import quietness
from monitor.inbox.models import Arrival, ChannelHour, Post
from monitor.inbox.quietness import Silence

#: A channel that has not been read for this long is in other trouble, which is told already.
_READ_WITHIN = timedelta(hours=1)


def silences(channels: list[Channel], *, now: datetime | None = None) -> dict[int, Silence]:
    """Channel id → how long nothing has come, and whether that is unusual. Channels that are too new are left out.

    The ledger counts hours; when the last post came is looked up.
    """
    now = now or timezone.now()
    past: dict[int, dict[datetime, int]] = defaultdict(dict)
    hours = ChannelHour.objects.filter(
        channel__in=channels, live__gt=0, hour__gt=now - timedelta(weeks=quietness.WEEKS + 1)
    )
    for channel_id, hour, live in hours.values_list("channel_id", "hour").annotate(Sum("live")):
        past[channel_id][hour] = live
    found = {}
    for channel in channels:
        counts = past.get(channel.pk)
        if not counts:
            continue
        last_hour = max(counts)
        last_at = _last_live_at(channel, last_hour)
        baseline = quietness.learn(counts, since=max(channel.created_at, min(counts)), until=last_hour)
        if baseline is not None:
            found[channel.pk] = quietness.silence_of(baseline, last_at=last_at, now=now)
    return found


def _last_live_at(channel: Channel, last_hour: datetime) -> datetime:
    """The end of the hour where the post was written long before it came."""
    posts = Post.objects.filter(brand_id=channel.brand_id, created_at__gt=last_hour - 2 * quietness.HOUR)
    theirs = posts.filter(channel=channel, arrival=Arrival.LIVE, is_own=False, stored_at__gte=last_hour)
    latest: datetime | None = theirs.aggregate(latest=Max("stored_at"))["latest"]
    return latest or last_hour + quietness.HOUR


def watch_quiet(*, now: datetime | None = None) -> int:
    """Raises and closes the alerts; returns how many channels are quiet."""
    moment = now or timezone.now()
    healthy = Channel.objects.filter(state=ChannelState.HEALTHY, streams__last_success_at__gt=moment - _READ_WITHIN)
    channels = list(healthy.distinct())
    quiet = 0
    for channel_id, silence in silences(channels, now=moment).items():
        channel = next(each for each in channels if each.pk == channel_id)
        quiet += silence.is_alarming
        _tell(channel, silence)
    return quiet


@transaction.atomic
def _tell(channel: Channel, silence: Silence) -> None:
    key = f"channel:{channel.pk}:quiet"
    if not silence.is_alarming:
        close_alerts(brand_id=channel.brand_id, dedupe_key=key)
        return
    begun = timezone.now() - timedelta(seconds=silence.seconds)
    if Alert.objects.filter(brand=channel.brand_id, dedupe_key=key, raised_at__gte=begun).exists():
        # Of this silence people know, also when somebody has seen to it.
        return
    raise_alert(
        brand_id=channel.brand_id,
        code="channel.quiet",
        level=AlertLevel.WARNING,
        params={
            "channel": str(channel),
            "channel_id": str(channel.pk),
            "silence": int(silence.seconds),
            "expected": round(silence.expected),
        },
        dedupe_key=key,
    )
