"""Things that a platform only named: asked for soon after, a few times, and then put aside where people see them.

A claim holds a row for a while, so that two workers do not ask twice; nothing sleeps here. `pending.py` notes them.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from monitor.brands.sealing import SealBrokenError
from monitor.brands.selectors import channel_context
from monitor.brands.services import open_connector
from monitor.inbox.models import PendingFetch
from monitor.inbox.rows import encode_body
from monitor.inbox.services import failures
from monitor.inbox.services.pending import NOT_FETCHED
from monitor.inbox.services.quarantine import PutAside, put_aside, understand
from monitor.inbox.services.storing import ingest
from monitor.logs import get_logger
from monitor.platforms.base import IncomingNotice, Platform
from monitor.platforms.errors import (
    AuthExpiredError,
    PlatformError,
    QuotaExceededError,
    RateLimitedError,
    RejectedError,
)
from monitor.platforms.registry import get_platform

log = get_logger(__name__)

LEASE_SECONDS = 120
MOST_TRIES = 6
#: As the sightings call it.
STREAM = "fetch"
_FIRST_WAIT_SECONDS = 10
_LONGEST_WAIT_SECONDS = 3_600

_CLAIM = """
    UPDATE inbox_pendingfetch SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
    WHERE id IN (
        SELECT pending.id FROM inbox_pendingfetch AS pending
        JOIN brands_channel AS channel ON channel.id = pending.channel_id AND channel.state = 'healthy'
        WHERE pending.next_try_at <= clock_timestamp() - make_interval(secs => %(overdue)s)
            AND (pending.lease_until IS NULL OR pending.lease_until < clock_timestamp())
        ORDER BY pending.next_try_at LIMIT %(limit)s FOR UPDATE OF pending SKIP LOCKED
    )
    RETURNING id
"""


@dataclass(frozen=True, slots=True)
class FetchReport:
    """`asked` for now, of them `stored`, and `given_up`: put aside with the reason."""

    asked: int = 0
    stored: int = 0
    given_up: int = 0
    post_ids: tuple[int, ...] = ()


def fetch_due(*, limit: int = 20, overdue_seconds: float = 0, platform: Platform | None = None) -> FetchReport:
    """Asks for what was named and has waited long enough. Channels that are not healthy keep what waits for them."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"lease": LEASE_SECONDS, "limit": limit, "overdue": overdue_seconds})
        claimed = [row[0] for row in cursor.fetchall()]
    reports = [
        _fetch(pending, platform or get_platform(pending.channel.platform))
        for pending in PendingFetch.objects.filter(pk__in=claimed).select_related("channel").order_by("pk")
    ]
    return FetchReport(
        asked=len(reports),
        stored=sum(report.stored for report in reports),
        given_up=sum(report.given_up for report in reports),
        post_ids=tuple(post_id for report in reports for post_id in report.post_ids),
    )


def _fetch(pending: PendingFetch, platform: Platform) -> FetchReport:
    channel = pending.channel
    notice = IncomingNotice(pending.code, pending.params)
    try:
        context = channel_context(channel)
        connector = open_connector(channel, platform=platform)
        read_at = timezone.now()
        updates = connector.fetch(notice)  # type: ignore[attr-defined]  # declared: the ability "fetch"
    except (PlatformError, SealBrokenError) as error:
        return FetchReport(given_up=int(_note_failure(pending, error)))
    events, odd = understand(platform, context, updates, source=STREAM)
    report = ingest(
        brand_id=channel.brand_id,
        channel_id=channel.pk,
        stream=STREAM,
        how="poll",
        events=events,
        raw=updates,
        read_at=read_at,
        alongside=partial(_settle, pending, odd),
    )
    return FetchReport(stored=1, post_ids=report.post_ids)


def _settle(pending: PendingFetch, odd: list[PutAside]) -> None:
    # Named again while we asked (an edit): then it is asked for again.
    PendingFetch.objects.filter(pk=pending.pk, lease_until=pending.lease_until).delete()
    put_aside(brand_id=pending.brand_id, channel_id=pending.channel_id, found=odd)


@transaction.atomic
def _note_failure(pending: PendingFetch, error: PlatformError | SealBrokenError) -> bool:
    """Whether it was given up. A refusal ends it, doubt ends it after some tries; a dead login or a spent budget is no
    fault of the thing."""
    code = failures.code_of(error)
    log.warning("fetch_failed", extra={"channel": pending.channel_id, "code": code, "tries": pending.tries + 1})
    if isinstance(error, AuthExpiredError | SealBrokenError):
        failures.note_dead_login(channel=pending.channel, code=code)
        _wait(pending, code, tries=pending.tries)
    elif isinstance(error, RateLimitedError):
        _wait(pending, code, tries=pending.tries, until=error.retry_at)
    elif isinstance(error, QuotaExceededError):
        _wait(pending, code, tries=pending.tries, until=error.resets_at)
    elif isinstance(error, RejectedError) or pending.tries + 1 >= MOST_TRIES:
        _give_up(pending, code)
        return True
    else:
        _wait(pending, code, tries=pending.tries + 1)
    return False


def _wait(pending: PendingFetch, code: str, *, tries: int, until: datetime | None = None) -> None:
    seconds = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 4**pending.tries)
    again_at = timezone.now() + timedelta(seconds=seconds * random.uniform(0.75, 1))  # noqa: S311
    PendingFetch.objects.filter(pk=pending.pk).update(
        tries=tries,
        last_error=code,
        next_try_at=max(again_at, until) if until else again_at,
        lease_until=None,
    )


def _give_up(pending: PendingFetch, code: str) -> None:
    body: dict[str, Any] = {"code": pending.code, "params": pending.params}
    params = {"kind": "fetch", "external_id": pending.external_id, "author_ids": [], "why": code}
    aside = PutAside(STREAM, NOT_FETCHED, encode_body(body), params)
    put_aside(brand_id=pending.brand_id, channel_id=pending.channel_id, found=[aside])
    PendingFetch.objects.filter(pk=pending.pk).delete()
