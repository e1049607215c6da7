"""Reading a channel's stream from where it was left: page by page, each stored with the cursor that it justifies.

Nothing sleeps here. What goes wrong decides when the stream is read again and what people are told (`failures.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection
from django.utils import timezone

from monitor.alerts.models import AlertLevel
from monitor.alerts.services import raise_alert
from monitor.brands.models import Channel, ChannelState, ChannelStream
from monitor.brands.sealing import SealBrokenError
from monitor.brands.selectors import channel_context
from monitor.brands.services import open_connector
from monitor.inbox.models import ChannelGap
from monitor.inbox.services import failures
from monitor.inbox.services.deleting import apply_deletions
from monitor.inbox.services.pending import note_fetches
from monitor.inbox.services.quarantine import PutAside, put_aside, understand
from monitor.inbox.services.storing import IngestReport, StaleLeaseError, ingest
from monitor.logs import get_logger
from monitor.platforms.base import (
    Batch,
    ChannelContext,
    Connector,
    Gap,
    IncomingDeletion,
    IncomingNotice,
    Platform,
    RawUpdate,
)
from monitor.platforms.errors import PlatformError
from monitor.platforms.registry import get_platform

log = get_logger(__name__)

LEASE_SECONDS = 120
MAX_PAGES = 20
# Posts from before the channel was connected are history, give or take how long connecting takes.
_LIVE_BEFORE_CONNECTING = timedelta(hours=1)

_CLAIM = """
    UPDATE brands_channelstream AS stream
    SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
    FROM brands_channel AS channel
    WHERE channel.id = stream.channel_id AND channel.state = 'healthy'
        AND stream.channel_id = %(channel)s AND stream.name = %(stream)s
        AND (stream.lease_until IS NULL OR stream.lease_until < clock_timestamp())
        AND (NOT %(only_if_due)s OR stream.next_poll_at <= clock_timestamp())
    RETURNING stream.id, stream.lease_until
"""
_RENEW = """
    UPDATE brands_channelstream SET lease_until = clock_timestamp() + make_interval(secs => %s)
    WHERE id = %s AND lease_until = %s RETURNING lease_until
"""
_FINISH = """
    UPDATE brands_channelstream
    SET lease_until = NULL, failures = 0, last_error = '', last_success_at = clock_timestamp(),
        next_poll_at = clock_timestamp() + make_interval(secs => %s)
    WHERE id = %s AND lease_until = %s
"""


@dataclass(frozen=True, slots=True)
class CollectReport:
    """What one round of a stream brought. `error` is a code ("" where all went well); `skipped`: nothing was tried."""

    pages: int = 0
    ingested: IngestReport = IngestReport()
    error: str = ""
    skipped: bool = False


@dataclass
class _Round:
    """One worker's hold on one stream."""

    channel: Channel
    stream: ChannelStream
    lease_until: datetime
    report: CollectReport = CollectReport()


def collect_channel(
    *,
    channel_id: int,
    stream: str,
    max_pages: int = MAX_PAGES,
    only_if_due: bool = False,
    platform: Platform | None = None,
) -> CollectReport:
    """Reads up to `max_pages` pages. Only one worker at a time reads a stream; the others come back with `skipped`.

    Whatever a platform answers is dealt with here: the stream's next time, the channel's state and the alert say it.
    Whatever else goes wrong (the database, a fault of ours) is raised; nothing that was not stored has been passed.
    """
    held = _claim(channel_id, stream, only_if_due)
    if held is None:
        return CollectReport(skipped=True)
    chosen = platform or get_platform(held.channel.platform)
    try:
        context = channel_context(held.channel)
        connector = open_connector(held.channel, platform=chosen)
        pause = _read_pages(held, chosen, context, connector, max_pages)
    except (PlatformError, SealBrokenError) as error:
        code = failures.note_failure(stream=held.stream, lease_until=held.lease_until, error=error)
        return replace(held.report, error=code)
    except StaleLeaseError:
        log.warning("stream_taken_over", extra={"channel": channel_id, "stream": stream})
        return replace(held.report, error="stale_lease")
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, [pause, held.stream.pk, held.lease_until])
    failures.note_success(stream=held.stream)
    return held.report


def _claim(channel_id: int, stream: str, only_if_due: bool) -> _Round | None:
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM, {"lease": LEASE_SECONDS, "channel": channel_id, "stream": stream, "only_if_due": only_if_due}
        )
        claimed = cursor.fetchone()
    if claimed is None:
        return None
    row = ChannelStream.objects.select_related("channel").get(pk=claimed[0])
    return _Round(row.channel, row, claimed[1])


def _read_pages(
    held: _Round, platform: Platform, context: ChannelContext, connector: Connector, max_pages: int
) -> float:
    """Seconds until the stream should be read again."""
    cursor = held.stream.cursor
    for page in range(1, max_pages + 1):
        read_at = timezone.now()
        batch = connector.collect(held.stream.name, cursor)
        cursor = batch.cursor
        ingested = held.report.ingested + _store(held, platform, context, batch, read_at)
        held.report = CollectReport(page, ingested)
        if not batch.has_more:
            return batch.next_poll_seconds or held.channel.poll_seconds
        if page < max_pages:
            _renew(held)
    # There is more: the cursor knows where, and the next worker goes on at once.
    return 0


def _store(held: _Round, platform: Platform, context: ChannelContext, batch: Batch, read_at: datetime) -> IngestReport:
    events, odd = understand(platform, context, batch.updates, source=held.stream.name)
    report = ingest(
        brand_id=held.channel.brand_id,
        channel_id=held.channel.pk,
        stream=held.stream.name,
        how="poll",
        events=events,
        raw=batch.updates,
        cursor=batch.cursor,
        lease_until=held.lease_until,
        live_since=held.channel.created_at - _LIVE_BEFORE_CONNECTING,
        read_at=read_at,
        alongside=partial(_note_beside, held.channel, held.stream, odd, batch.gaps, events),
    )
    return replace(report, quarantined=len(odd))


def _note_beside(
    channel: Channel, stream: ChannelStream | None, odd: Sequence[PutAside], gaps: Sequence[Gap], events: Sequence[Any]
) -> None:
    """What a page brought besides posts: things put aside, gaps, notices about the channel."""
    put_aside(brand_id=channel.brand_id, channel_id=channel.pk, found=odd)
    for gap in gaps:
        assert stream is not None, "only a poll can tell a gap"
        ChannelGap.objects.create(stream=stream, code=gap.code[:48], since=gap.since, until=gap.until)
        raise_alert(
            brand_id=channel.brand_id,
            code="channel.gap",
            level=AlertLevel.WARNING,
            params={"channel": str(channel), "since": gap.since, "until": gap.until, "gap": gap.code},
            dedupe_key=f"channel:{channel.pk}:gap:{gap.code}",
        )
    notices = [event for event in events if isinstance(event, IncomingNotice)]
    for notice in notices:
        failures.note_notice(channel=channel, notice=notice)
    note_fetches(channel=channel, notices=notices)


def _renew(held: _Round) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, [LEASE_SECONDS, held.stream.pk, held.lease_until])
        renewed = cursor.fetchone()
    if renewed is None:
        raise StaleLeaseError(f"stream {held.stream.name} of channel {held.channel.pk}")
    held.lease_until = renewed[0]


def receive_updates(
    *, channel_id: int, updates: Sequence[RawUpdate], stream: str = "webhook", platform: Platform | None = None
) -> IngestReport:
    """Stores what a webhook brought for one channel. A paused channel still listens: nothing that comes is lost. One
    that was disconnected hears only of what is gone: its posts are here still."""
    channel = Channel.objects.get(pk=channel_id)
    chosen = platform or get_platform(channel.platform)
    # Parsing needs to know who we are, not our secrets: it must work while the credentials are dead.
    context = channel_context(channel, with_credentials=False)
    events, odd = understand(chosen, context, updates, source=stream)
    if channel.state == ChannelState.DISCONNECTED:
        gone = [event for event in events if isinstance(event, IncomingDeletion)]
        return IngestReport(deleted=apply_deletions(brand_id=channel.brand_id, deletions=gone) if gone else 0)
    report = ingest(
        brand_id=channel.brand_id,
        channel_id=channel.pk,
        stream=stream,
        how="webhook",
        events=events,
        raw=updates,
        live_since=channel.created_at - _LIVE_BEFORE_CONNECTING,
        alongside=partial(_note_beside, channel, None, odd, (), events),
    )
    return replace(report, quarantined=len(odd))
