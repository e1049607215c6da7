"""What follows from a platform's answer: when a stream is read again, how the channel is, and what people are told.

RateLimited     wait until the platform says; where it does not, twice as long each time
Quota           wait until the money or the plan is fresh; say so
AuthExpired     the channel needs to be connected again; polling stops; say so once
Rejected        permission or policy: the channel is blocked, with the name of what is missing; else wait and say so
Unavailable     wait, twice as long each time, each worker a little differently; say so when it lasts
"""

import random
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from monitor.alerts.models import AlertLevel
from monitor.alerts.services import close_alerts, raise_alert
from monitor.brands.models import Channel, ChannelState, ChannelStream
from monitor.brands.sealing import SealBrokenError
from monitor.brands.services import set_channel_state
from monitor.brands.services.health import examine_soon, note_conditions
from monitor.inbox.services import health
from monitor.logs import get_logger
from monitor.platforms.base import Condition, IncomingNotice
from monitor.platforms.errors import (
    AuthExpiredError,
    MalformedPayloadError,
    PlatformError,
    QuotaExceededError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from monitor.platforms.examining import conditions_of

log = get_logger(__name__)

LONGEST_BACKOFF_SECONDS = 900
FIRST_BACKOFF_SECONDS = 5
RESET_JITTER_SECONDS = 8
# One failure is weather; five in a row (some minutes) is something to tell people.
FAILURES_TO_TELL = 5
_BLOCKING_CODES = frozenset({"permission_missing", "policy_block", "moved", "retired", "not_public"})

# Names of notices that stop or colour a channel; the others are counted and journalled only.
_NOTICE_ALERTS = {
    "wrong_identity": ("channel.wrong_identity", AlertLevel.URGENT),
    "version_changed": ("channel.version_changed", AlertLevel.NOTE),
    "encrypted_chat": ("channel.encrypted_chat", AlertLevel.NOTE),
    "address_changed": ("channel.address_changed", AlertLevel.NOTE),
    "stream_closed": ("channel.stream_closed", AlertLevel.NOTE),
}

_FAIL = """
    UPDATE brands_channelstream
    SET lease_until = NULL, failures = failures + 1, last_error = %s,
        next_poll_at = greatest(clock_timestamp() + make_interval(secs => %s), %s::timestamptz)
    WHERE id = %s AND lease_until = %s
"""


def note_failure(*, stream: ChannelStream, lease_until: datetime, error: PlatformError | SealBrokenError) -> str:
    """Acts on the error and returns its code. Everything in one transaction."""
    code = code_of(error)
    wait, until = _when_again(error, stream.failures)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FAIL, [code, wait, until, stream.pk, lease_until])
        _tell(stream, error, code)
        if code == "permission_missing":
            # Which right it is, a look tells by name.
            examine_soon(channel_id=stream.channel_id)
    log.warning(
        "collect_failed",
        extra={"channel": stream.channel_id, "stream": stream.name, "code": code, "failures": stream.failures + 1},
    )
    return code


def code_of(error: PlatformError | SealBrokenError) -> str:
    """The stable word for an error, kept in `ChannelStream.last_error` and `Channel.state_code`."""
    if isinstance(error, RejectedError | AuthExpiredError):
        return error.code
    codes: tuple[tuple[type[Exception], str], ...] = (
        (SealBrokenError, "credentials_unreadable"),
        (RateLimitedError, "rate_limited"),
        (QuotaExceededError, "quota_spent"),
        (MalformedPayloadError, "malformed_answer"),
        (UnavailableError, "unavailable"),
    )
    return next((code for kind, code in codes if isinstance(error, kind)), "platform_error")


def _when_again(error: PlatformError | SealBrokenError, failures: int) -> tuple[float, datetime | None]:
    """Seconds to wait at least, and a moment to wait for."""
    backoff = backoff_seconds(failures)
    if isinstance(error, RateLimitedError):
        if error.retry_at is not None and error.retry_at > timezone.now():
            # Workers that were stopped together do not come back together.
            return 0, error.retry_at + timedelta(seconds=random.uniform(0, RESET_JITTER_SECONDS))  # noqa: S311
        return max(backoff, 15), None
    if isinstance(error, QuotaExceededError):
        return LONGEST_BACKOFF_SECONDS, error.resets_at
    if isinstance(error, RejectedError):
        return LONGEST_BACKOFF_SECONDS, None
    return backoff, None


def backoff_seconds(failures: int) -> float:
    """5, 10, 20 … 900 seconds, each cut by up to a quarter so that channels do not march in step."""
    full = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** min(failures, 12))
    return full * random.uniform(0.75, 1)  # noqa: S311


def _tell(stream: ChannelStream, error: PlatformError | SealBrokenError, code: str) -> None:
    channel = stream.channel
    if isinstance(error, AuthExpiredError | SealBrokenError):
        note_dead_login(channel=channel, code=code)
    elif isinstance(error, RejectedError) and code in _BLOCKING_CODES:
        params = {"detail": error.message}
        if set_channel_state(channel_id=channel.pk, state=ChannelState.BLOCKED, code=code, params=params):
            _alert(channel, f"channel.{code}", AlertLevel.URGENT, key="state", detail=error.message)
    elif isinstance(error, RejectedError):
        _alert(
            channel, "channel.refused", AlertLevel.WARNING, key=f"{stream.name}:trouble", stream=stream.name, why=code
        )
    elif isinstance(error, QuotaExceededError):
        # A plan's cap tells no end: then it is tried again in a while.
        until = error.resets_at or timezone.now() + timedelta(seconds=LONGEST_BACKOFF_SECONDS)
        _alert(channel, "channel.quota_spent", AlertLevel.WARNING, key="quota", until=until)
    elif stream.failures + 1 >= FAILURES_TO_TELL:
        _alert(
            channel, "channel.trouble", AlertLevel.WARNING, key=f"{stream.name}:trouble", stream=stream.name, why=code
        )


def note_dead_login(*, channel: Channel, code: str) -> None:
    """Polling stops, what waits to be sent is kept, and people are told once."""
    if set_channel_state(channel_id=channel.pk, state=ChannelState.NEEDS_REAUTH, code=code):
        _alert(channel, f"channel.{code}", AlertLevel.URGENT, key="state")
    found = _DEAD_LOGINS.get(code, code)
    note_conditions(channel_id=channel.pk, conditions=[Condition("token", "broken", found)])


#: Codes of a channel's state → those of its condition.
_DEAD_LOGINS = {"auth_expired": "token_expired", "authorization_revoked": "revoked"}


def note_notice(*, channel: Channel, notice: IncomingNotice) -> None:
    """What a platform says about the channel itself."""
    if notice.code == "authorization_revoked":
        note_dead_login(channel=channel, code=notice.code)
    elif notice.code in _NOTICE_ALERTS:
        code, level = _NOTICE_ALERTS[notice.code]
        key = ":".join(filter(None, (notice.code, str(notice.params.get("stream", "")))))
        _alert(channel, code, level, key=key, **notice.params)
    elif found := conditions_of([notice]):
        # Bluesky without the right to direct messages, say: reading goes on, people are told once.
        health.tell(channel=channel, conditions=found)


def note_success(*, stream: ChannelStream) -> None:
    """A stream that answers again closes what was said of it; the channel's own state is for people to mend."""
    if stream.failures:
        for key in (f"{stream.name}:trouble", "quota"):
            close_alerts(brand_id=stream.channel.brand_id, dedupe_key=f"channel:{stream.channel_id}:{key}")


def _alert(channel: Channel, code: str, level: str, *, key: str, **params: Any) -> None:
    raise_alert(
        brand_id=channel.brand_id,
        code=code,
        level=level,
        params={"channel": str(channel), "channel_id": str(channel.pk), "platform": channel.platform, **params},
        dedupe_key=f"channel:{channel.pk}:{key}",
    )
