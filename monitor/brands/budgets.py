"""A channel's shared allowance in PostgreSQL: calls a window, and money a UTC day. It is `platforms.base.Budget`.

One UPDATE takes a call, so ten workers together never take more than there is. Do not call it inside a transaction
that goes on to the network: the row stays locked until the end.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction

from monitor.platforms.errors import QuotaExceededError, RateLimitedError

# Reads stop at this share of the day's money, so that answers can still be sent.
READ_SHARE = 0.9

_TAKE = """
    UPDATE brands_allowance SET
        used = CASE WHEN resets_at <= clock_timestamp() THEN 1 ELSE used + 1 END,
        resets_at = CASE WHEN resets_at <= clock_timestamp()
            THEN clock_timestamp() + make_interval(secs => window_seconds) ELSE resets_at END
    WHERE channel_id = %s AND endpoint = %s AND (resets_at <= clock_timestamp() OR used < window_limit)
    RETURNING used
"""
# Somebody may have learned the endpoint's first limit a moment after `_TAKE` found none: that is no refusal.
_WHEN_FREE = """
    SELECT resets_at FROM brands_allowance
    WHERE channel_id = %s AND endpoint = %s AND used >= window_limit AND resets_at > clock_timestamp()
"""
_PAY = """
    INSERT INTO brands_spend AS spent (channel_id, day, reads_micros, writes_micros)
    SELECT channel.id, (clock_timestamp() AT TIME ZONE 'UTC')::date, %(read)s, %(write)s
    FROM brands_channel AS channel
    WHERE channel.id = %(channel)s
        AND (channel.daily_cap_micros IS NULL OR %(cost)s <= channel.daily_cap_micros * %(share)s)
    ON CONFLICT (channel_id, day) DO UPDATE SET
        reads_micros = spent.reads_micros + EXCLUDED.reads_micros,
        writes_micros = spent.writes_micros + EXCLUDED.writes_micros
    WHERE (SELECT daily_cap_micros IS NULL
                OR spent.reads_micros + spent.writes_micros + %(cost)s <= daily_cap_micros * %(share)s
           FROM brands_channel WHERE id = %(channel)s)
    RETURNING day
"""
# What the headers say of a window that is still ours counts only upwards: an answer that was overtaken by later calls
# of other workers must not give calls back.
_LEARN = """
    INSERT INTO brands_allowance AS known (channel_id, endpoint, window_seconds, window_limit, used, resets_at)
    VALUES (%(channel)s, %(endpoint)s,
        least(2147483647, greatest(1, ceil(extract(epoch FROM %(resets_at)s::timestamptz - clock_timestamp()))))::int,
        %(limit)s, %(used)s, %(resets_at)s)
    ON CONFLICT (channel_id, endpoint) DO UPDATE SET
        window_limit = EXCLUDED.window_limit,
        window_seconds = greatest(known.window_seconds, EXCLUDED.window_seconds),
        used = CASE WHEN EXCLUDED.resets_at <= known.resets_at + interval '30 seconds'
            AND known.resets_at > clock_timestamp()
            THEN greatest(known.used, EXCLUDED.used) ELSE EXCLUDED.used END,
        resets_at = greatest(known.resets_at, EXCLUDED.resets_at)
"""


class ChannelBudget:
    """The budget of one channel."""

    def __init__(self, channel_id: int) -> None:
        self._channel_id = channel_id

    def spend(self, endpoint: str, *, cost_micros: int = 0, is_write: bool = False) -> None:
        """Takes one call and its price (millionths of a dollar), or neither.

        Raises RateLimitedError(retry_at) when the window is used up and QuotaExceededError(resets_at) when the day's
        money is: reads stop at 90 % of the cap, sends at all of it. An endpoint that nobody has limited is free.
        """
        with transaction.atomic(), connection.cursor() as cursor:
            self._take(cursor, endpoint)
            if cost_micros:
                self._pay(cursor, cost_micros, is_write)

    def _take(self, cursor: Any, endpoint: str) -> None:
        cursor.execute(_TAKE, [self._channel_id, endpoint])
        if cursor.fetchone():
            return
        cursor.execute(_WHEN_FREE, [self._channel_id, endpoint])
        allowance = cursor.fetchone()
        if allowance:
            raise RateLimitedError(f"the allowance of {endpoint} is used up", retry_at=allowance[0])

    def _pay(self, cursor: Any, cost_micros: int, is_write: bool) -> None:
        cursor.execute(
            _PAY,
            {
                "channel": self._channel_id,
                "cost": cost_micros,
                "read": 0 if is_write else cost_micros,
                "write": cost_micros if is_write else 0,
                "share": 1.0 if is_write else READ_SHARE,
            },
        )
        if not cursor.fetchone():
            raise QuotaExceededError("the day's budget of this channel is spent", resets_at=next_utc_day())

    def learn(self, endpoint: str, *, remaining: int | None, limit: int | None, resets_at: datetime | None) -> None:
        """Takes over what the platform's headers say; without a limit and an end of the window they say nothing."""
        if limit is None or resets_at is None or remaining is None:
            return
        used = max(0, limit - max(0, remaining))
        with connection.cursor() as cursor:
            cursor.execute(
                _LEARN,
                {
                    "channel": self._channel_id,
                    "endpoint": endpoint[:64],
                    "limit": max(0, limit),
                    "used": used,
                    "resets_at": resets_at,
                },
            )


def next_utc_day(today: date | None = None) -> datetime:
    day = today or datetime.now(UTC).date()
    return datetime.combine(day + timedelta(days=1), time(), UTC)
