"""Reading a stretch again, behind everything else: from the platform (history on connect, a gap) or from our journal.

A reading has a cursor of its own, which moves in the transaction that stored what it passed. What it brings from before
it was asked for is history: it opens no clocks and is never acknowledged. Posts that were deleted or erased stay so.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from monitor.audit.services import record
from monitor.brands.budgets import ChannelBudget
from monitor.brands.models import Channel, User
from monitor.brands.sealing import SealBrokenError
from monitor.brands.selectors import channel_context, reading_context
from monitor.brands.services import open_connector
from monitor.inbox.models import RawEvent, Rereading, RereadingState
from monitor.inbox.services.failures import backoff_seconds, code_of
from monitor.inbox.services.quarantine import REPLAY_IS_LIVE_FOR, put_aside, understand
from monitor.inbox.services.storing import IngestReport, StaleLeaseError, ingest
from monitor.logs import get_logger
from monitor.platforms.base import IncomingNotice, IncomingPost, Platform, PlatformEvent, RawUpdate
from monitor.platforms.errors import (
    AuthExpiredError,
    PlatformError,
    QuotaExceededError,
    RateLimitedError,
    RejectedError,
)
from monitor.platforms.registry import get_platform, platform_codes

log = get_logger(__name__)

LEASE_SECONDS = 120
JOURNAL_PAGE = 500
#: History may take this share of a channel's calls and money; the rest is for what is new.
SHARE = 0.5
_MOST_FAILURES = 8
# A post that reading has not come to yet is no history, however the clocks of both sides differ.
_SLACK = timedelta(hours=1)

_CLAIM = """
    UPDATE inbox_rereading SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
    WHERE id = (
        SELECT reading.id
        FROM inbox_rereading AS reading JOIN brands_channel AS channel ON channel.id = reading.channel_id
        WHERE reading.state = 'waiting' AND (%(one)s::bigint IS NULL OR reading.id = %(one)s::bigint)
            AND (reading.next_at <= clock_timestamp() OR %(one)s::bigint IS NOT NULL)
            AND (reading.lease_until IS NULL OR reading.lease_until < clock_timestamp())
            AND (reading.source = 'journal' OR channel.state = 'healthy')
        ORDER BY reading.next_at LIMIT 1 FOR UPDATE OF reading SKIP LOCKED)
    RETURNING id, lease_until
"""
_MOVE = """
    UPDATE inbox_rereading SET cursor = %(cursor)s::jsonb, pages = pages + 1, seen = seen + %(seen)s,
        stored = stored + %(stored)s, failures = 0, error = '', lease_until = NULL, next_at = clock_timestamp(),
        reached_at = coalesce(%(reached)s, reached_at),
        state = CASE WHEN %(goes_on)s THEN state ELSE 'done' END,
        ended_at = CASE WHEN %(goes_on)s THEN NULL ELSE clock_timestamp() END
    WHERE id = %(id)s AND lease_until = %(lease)s AND state = 'waiting'
"""


def can_read_back(channel: Channel) -> bool:
    """Whether the platform tells history on demand."""
    return channel.platform in platform_codes() and "backfill" in get_platform(channel.platform).declaration.abilities


@transaction.atomic
def request_reading_back(
    *, channel: Channel, days: float, user: User | None, streams: Sequence[str] | None = None
) -> list[Rereading]:
    """Has the last `days` of each stream (or of `streams`) read again, as far as the platform goes back.

    A stream of which a stretch is being read already is left alone. Raises ValueError where the platform cannot.
    """
    if not can_read_back(channel):
        raise ValueError(f"{channel.platform} does not show history on demand")
    declaration, now = get_platform(channel.platform).declaration, timezone.now()
    made = []
    for stream in channel.streams.order_by("pk"):
        if streams is not None and stream.name not in streams:
            continue
        since = now - timedelta(days=min(days, declaration.reach_days(stream.name)))
        live_since = min(now, stream.last_success_at or now) - _SLACK
        made += _request(channel, "platform", stream.name, since, live_since, user)
    _note_request(channel, "channel.read_back", made, user)
    return made


@transaction.atomic
def request_replay(*, channel: Channel, since: datetime, user: User | None) -> list[Rereading]:
    """Has what the journal keeps of the channel since then interpreted again."""
    now = timezone.now()
    made = _request(channel, "journal", "", since, now - REPLAY_IS_LIVE_FOR, user)
    _note_request(channel, "channel.replayed", made, user)
    return made


def _request(
    channel: Channel, source: str, stream: str, since: datetime, live_since: datetime, user: User | None
) -> list[Rereading]:
    wanted = Rereading(
        channel=channel, source=source, stream=stream, since=since, live_since=live_since, requested_by=user
    )
    if Rereading.objects.filter(channel=channel, source=source, stream=stream, state="waiting").exists():
        return []
    wanted.save()
    return [wanted]


def _note_request(channel: Channel, act: str, made: Sequence[Rereading], user: User | None) -> None:
    if made:
        params = {"since": min(each.since for each in made).isoformat(), "streams": [each.stream for each in made]}
        record(act=act, brand_id=channel.brand_id, actor=user, subject=channel, params=params)


@transaction.atomic
def stop_rereading(*, rereading: Rereading, user: User | None) -> bool:
    """What it has brought stays; a page that is under way is dropped. False where it was over already."""
    stopped = Rereading.objects.filter(pk=rereading.pk, state=RereadingState.WAITING).update(
        state=RereadingState.STOPPED, ended_at=timezone.now(), lease_until=None, cursor={}
    )
    if stopped:
        channel = rereading.channel
        record(act="channel.rereading_stopped", brand_id=channel.brand_id, actor=user, subject=channel)
    return bool(stopped)


def reread_some(*, rereading_id: int | None = None, platform: Platform | None = None) -> IngestReport | None:
    """One page of the reading that has waited longest (or of this one, at once); None where none is due.

    What a platform answers is dealt with here; whatever else goes wrong is raised, and nothing was passed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"lease": LEASE_SECONDS, "one": rereading_id})
        claimed = cursor.fetchone()
    if claimed is None:
        return None
    reading = Rereading.objects.select_related("channel").get(pk=claimed[0])
    reading.lease_until = claimed[1]
    read: Callable[[Rereading, Platform], IngestReport] = (
        _read_journal if reading.source == "journal" else _read_platform
    )
    try:
        return read(reading, platform or get_platform(reading.channel.platform))
    except (PlatformError, SealBrokenError) as error:
        _note_failure(reading, error)
    except StaleLeaseError:
        log.info("rereading_taken_away", extra={"rereading": reading.pk})
    return IngestReport()


def _read_platform(reading: Rereading, platform: Platform) -> IngestReport:
    budget = ChannelBudget(reading.channel_id, share=SHARE)
    connector = open_connector(reading.channel, budget=budget, platform=platform)
    context = channel_context(reading.channel)
    seconds = (timezone.now() - reading.since).total_seconds()
    batch = connector.collect(reading.stream, reading.cursor or {"backfill_seconds": seconds})
    events, odd = understand(platform, context, batch.updates, source=reading.stream)
    times = [event.created_at for event in events if isinstance(event, IncomingPost) and event.created_at]
    return _store(
        reading,
        events,
        batch.updates,
        cursor=dict(batch.cursor),
        goes_on=batch.has_more,
        reached=min(times, default=None),
        alongside=partial(put_aside, brand_id=reading.channel.brand_id, channel_id=reading.channel_id, found=odd),
    )


def _read_journal(reading: Rereading, platform: Platform) -> IngestReport:
    """The journal's lines are there already, and what could not be understood was put aside when it came."""
    lines = RawEvent.objects.filter(
        channel_id=reading.channel_id, recorded_at__gte=reading.since, recorded_at__lte=reading.requested_at
    )
    if reading.cursor:
        place = (datetime.fromisoformat(reading.cursor["recorded_at"]), reading.cursor["id"])
        lines = lines.extra(where=["(recorded_at, id) > (%s, %s)"], params=list(place))  # noqa: S610 - constants
    page = list(lines.order_by("recorded_at", "id")[:JOURNAL_PAGE])
    updates = [_as_update(line) for line in page if line.body]
    context = reading_context(reading.channel)
    events, _odd = understand(platform, context, updates, source="journal")
    last = page[-1] if page else None
    cursor = {"recorded_at": last.recorded_at.isoformat(), "id": last.id} if last else {}
    reached = last.recorded_at if last else None
    return _store(reading, events, (), cursor=cursor, goes_on=len(page) == JOURNAL_PAGE, reached=reached)


def _as_update(line: RawEvent) -> RawUpdate:
    return RawUpdate(line.kind, line.external_id, json.loads(bytes(line.body)), tuple(line.author_ids))


def _store(
    reading: Rereading,
    events: Sequence[PlatformEvent],
    raw: Sequence[RawUpdate],
    *,
    cursor: dict[str, object],
    goes_on: bool,
    reached: datetime | None,
    alongside: Callable[[], object] | None = None,
) -> IngestReport:
    """A page with the place that it justifies. Notices are of then, not of now: they are not acted on again."""
    channel = reading.channel
    kept = [event for event in events if not isinstance(event, IncomingNotice)]
    with transaction.atomic():
        report = ingest(
            brand_id=channel.brand_id,
            channel_id=channel.pk,
            stream=reading.stream or "journal",
            how="replay" if reading.source == "journal" else "backfill",
            events=kept,
            raw=raw,
            live_since=reading.live_since,
        )
        if alongside is not None:
            alongside()
        with connection.cursor() as database:
            database.execute(
                _MOVE,
                {
                    "id": reading.pk,
                    "lease": reading.lease_until,
                    "cursor": json.dumps(cursor if goes_on else {}),
                    "seen": len(kept),
                    "stored": report.stored,
                    "reached": reached,
                    "goes_on": goes_on,
                },
            )
            if database.rowcount == 0:
                raise StaleLeaseError(f"rereading {reading.pk}")
    return report


def _note_failure(reading: Rereading, error: PlatformError | SealBrokenError) -> None:
    """Waits where waiting helps; what a person must mend first ends it, with its reason."""
    now, code = timezone.now(), code_of(error)
    wait: datetime | None = now + timedelta(seconds=max(60, backoff_seconds(reading.failures)))
    if isinstance(error, RateLimitedError):
        wait = max(error.retry_at or now, now + timedelta(seconds=60))
    elif isinstance(error, QuotaExceededError):
        wait = error.resets_at or now + timedelta(hours=1)
    elif isinstance(error, AuthExpiredError | RejectedError | SealBrokenError) or reading.failures >= _MOST_FAILURES:
        wait = None
    waits_for_calls = isinstance(error, RateLimitedError | QuotaExceededError)
    Rereading.objects.filter(pk=reading.pk, lease_until=reading.lease_until).update(
        lease_until=None,
        error=code,
        failures=F("failures") + (0 if waits_for_calls else 1),
        next_at=wait or now,
        state=RereadingState.FAILED if wait is None else RereadingState.WAITING,
        ended_at=now if wait is None else None,
    )
    log.warning("rereading_failed", extra={"rereading": reading.pk, "code": code})


def journal_reaches_back_to(now: datetime | None = None) -> datetime:
    """How far the journal goes back by the settings."""
    days = min(settings.JOURNAL_RETENTION_DAYS, settings.RETENTION_DAYS)
    return (now or timezone.now()) - timedelta(days=days)
