"""A channel's shared allowance in PostgreSQL: calls a window, and money a UTC day. It is `platforms.budget.Budget`.

One statement takes a call, so ten workers together never take more than there is. Do not call it inside a transaction
that goes on to the network: the row stays locked until the end.
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from monitor.platforms.errors import PlatformError, QuotaExceededError, RateLimitedError

# Reads stop at this share of the day's money, so that answers can still be sent.
READ_SHARE = 0.9
# Money that is set aside for a call is free again after this long: no call lasts a third of it, so its worker has died.
SET_ASIDE_SECONDS = 120

# An endpoint that nobody has limited is counted all the same, for a while: when the first answer tells the limit, the
# calls of other workers that are under way are in it already. This stands for "nobody has told a limit".
_NOT_LIMITED = 2_147_483_647
_TAKE = """
    INSERT INTO brands_allowance AS known (channel_id, endpoint, window_seconds, window_limit, used, resets_at)
    VALUES (%(channel)s, %(endpoint)s, 60, 2147483647, 1, clock_timestamp() + interval '60 seconds')
    ON CONFLICT (channel_id, endpoint) DO UPDATE SET
        used = CASE WHEN known.resets_at <= clock_timestamp() THEN 1 ELSE known.used + 1 END,
        resets_at = CASE WHEN known.resets_at <= clock_timestamp()
            THEN clock_timestamp() + make_interval(secs => known.window_seconds) ELSE known.resets_at END
    WHERE known.resets_at <= clock_timestamp() OR known.used < known.window_limit * %(window_share)s::float8
    RETURNING used
"""
# Somebody may have learned the endpoint's first limit a moment after `_TAKE` found none: that is no refusal.
_WHEN_FREE = """
    SELECT resets_at FROM brands_allowance
    WHERE channel_id = %s AND endpoint = %s AND used >= window_limit * %s::float8
        AND resets_at > clock_timestamp()
"""
# What calls under way have set aside, in a row of today's money: token -> [micros, until when at most]. Each is free at
# its own end, however many come after it.
_HELD = """jsonb_each(spent.asides) AS held (token, told)
    WHERE (held.told ->> 1)::float8 > extract(epoch FROM statement_timestamp())"""
_ASIDE = f"(SELECT coalesce(sum((held.told ->> 0)::bigint), 0)::bigint FROM {_HELD})"  # noqa: S608
_OUR_ASIDE = """jsonb_build_object(%(token)s::text,
    jsonb_build_array({micros}, extract(epoch FROM statement_timestamp()) + %(seconds)s))"""
_TODAY = "(clock_timestamp() AT TIME ZONE 'UTC')::date"
_PAY = f"""
    INSERT INTO brands_spend AS spent (channel_id, day, reads_micros, writes_micros, asides)
    SELECT channel.id, {_TODAY}, %(read)s, %(write)s, '{{}}'
    FROM brands_channel AS channel
    WHERE channel.id = %(channel)s
        AND (channel.daily_cap_micros IS NULL OR %(cost)s <= channel.daily_cap_micros * %(share)s)
    ON CONFLICT (channel_id, day) DO UPDATE SET
        reads_micros = spent.reads_micros + EXCLUDED.reads_micros,
        writes_micros = spent.writes_micros + EXCLUDED.writes_micros
    WHERE (SELECT daily_cap_micros IS NULL
                OR spent.reads_micros + spent.writes_micros + {_ASIDE} + %(cost)s <= daily_cap_micros * %(share)s
           FROM brands_channel WHERE id = %(channel)s)
    RETURNING day
"""  # noqa: S608
# Sets aside as much as there is, up to `most`; nothing where less than `least` is left. Without a cap there is no row.
_SET_ASIDE = f"""
    INSERT INTO brands_spend AS spent (channel_id, day, reads_micros, writes_micros, asides)
    SELECT channel.id, {_TODAY}, 0, 0,
        {_OUR_ASIDE.format(micros="least(%(most)s::bigint, floor(channel.daily_cap_micros * %(share)s)::bigint)")}
    FROM brands_channel AS channel
    WHERE channel.id = %(channel)s AND floor(channel.daily_cap_micros * %(share)s) >= %(least)s
    ON CONFLICT (channel_id, day) DO UPDATE SET
        asides = (SELECT coalesce(jsonb_object_agg(held.token, held.told), '{{}}') FROM {_HELD}) || {
    _OUR_ASIDE.format(
        micros=f'''least(%(most)s::bigint, (
                SELECT floor(daily_cap_micros * %(share)s)::bigint FROM brands_channel WHERE id = %(channel)s
            ) - spent.reads_micros - spent.writes_micros - {_ASIDE})'''
    )
}
    WHERE spent.reads_micros + spent.writes_micros + {_ASIDE} + %(least)s <= (
        SELECT floor(daily_cap_micros * %(share)s) FROM brands_channel WHERE id = %(channel)s)
    RETURNING day, (asides -> %(token)s::text ->> 0)::bigint AS micros
"""  # noqa: S608
_TAKE_AND_SET_ASIDE = f"""
    WITH taken AS ({_TAKE}), aside AS ({_SET_ASIDE})
    SELECT (SELECT used FROM taken), (SELECT day FROM aside), (SELECT micros FROM aside),
        (SELECT daily_cap_micros IS NULL FROM brands_channel WHERE id = %(channel)s)
"""  # noqa: S608
# Whether it is only for what calls under way may cost that there is too little, and when the first of it is free.
_WHEN_SETTLED = f"""
    SELECT (SELECT to_timestamp(min((held.told ->> 1)::float8)) FROM {_HELD})
    FROM brands_spend AS spent JOIN brands_channel AS channel ON channel.id = spent.channel_id
    WHERE channel.id = %(channel)s AND spent.day = {_TODAY} AND {_ASIDE} > 0
        AND spent.reads_micros + spent.writes_micros + %(cost)s <= channel.daily_cap_micros * %(share)s
"""  # noqa: S608
# Whether the money for reads is spent, for reads whose price is known only when they have been done.
_IS_SPENT = """
    SELECT 1 FROM brands_channel AS channel
    JOIN brands_spend AS spent ON spent.channel_id = channel.id
        AND spent.day = (clock_timestamp() AT TIME ZONE 'UTC')::date
    WHERE channel.id = %(channel)s
        AND spent.reads_micros + spent.writes_micros >= channel.daily_cap_micros * %(share)s
"""
_TAKE_AND_LOOK = f"WITH taken AS ({_TAKE}) SELECT (SELECT used FROM taken), EXISTS ({_IS_SPENT})"  # noqa: S608
# The true price takes the place of what was set aside for it.
# X: "the same resource requested again within a UTC day is not charged again"
# (https://docs.x.com/x-api/getting-started/pricing).
_BILL = """
    WITH today AS (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date AS day),
    news AS (
        INSERT INTO brands_paidread (channel_id, day, key_hash)
        SELECT %(channel)s, today.day, known.key_hash FROM today, unnest(%(keys)s::bytea[]) AS known (key_hash)
        ON CONFLICT DO NOTHING RETURNING key_hash
    ),
    cost AS (
        SELECT coalesce(sum(price.micros), 0)::bigint AS micros
        FROM unnest(%(keys)s::bytea[], %(prices)s::bigint[]) AS price (key_hash, micros) JOIN news USING (key_hash)
    ),
    paid AS (
        INSERT INTO brands_spend AS spent (channel_id, day, reads_micros, writes_micros, asides)
        SELECT %(channel)s, today.day, cost.micros, 0, '{}' FROM today, cost
        WHERE cost.micros > 0 OR %(aside_day)s = today.day
        ON CONFLICT (channel_id, day) DO UPDATE SET
            reads_micros = spent.reads_micros + EXCLUDED.reads_micros,
            asides = CASE WHEN %(aside_day)s = spent.day THEN spent.asides - %(token)s::text ELSE spent.asides END
    )
    SELECT micros FROM cost
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
        window_seconds = CASE WHEN {unknown} THEN EXCLUDED.window_seconds
            ELSE greatest(known.window_seconds, EXCLUDED.window_seconds) END,
        used = CASE WHEN {unknown} THEN greatest(known.used, EXCLUDED.used)
            WHEN EXCLUDED.resets_at <= known.resets_at + interval '30 seconds' AND known.resets_at > clock_timestamp()
            THEN greatest(known.used, EXCLUDED.used) ELSE EXCLUDED.used END,
        resets_at = CASE WHEN {unknown} THEN EXCLUDED.resets_at ELSE greatest(known.resets_at, EXCLUDED.resets_at) END
""".replace("{unknown}", f"known.window_limit = {_NOT_LIMITED}")


class ChannelBudget:
    """The budget of one channel. With a `share` of less than 1 its calls leave the rest of each window, and of the
    day's money, to what cannot wait. For one worker: it remembers what it has set aside."""

    def __init__(self, channel_id: int, *, share: float = 1.0) -> None:
        self._channel_id = channel_id
        self.billed_micros = 0  # by this object
        self._share = share
        self._aside: tuple[date | None, str] = (None, "")

    def spend(self, endpoint: str, *, cost_micros: int = 0, is_write: bool = False) -> None:
        """Takes one call and its price (millionths of a dollar), or neither.

        Raises RateLimitedError(retry_at) when the window is used up and QuotaExceededError(resets_at) when the day's
        money is: reads stop at 90 % of the cap, sends at all of it. An endpoint that nobody has limited is free.
        """
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_TAKE_AND_LOOK, self._asked(endpoint))
            used, is_spent = cursor.fetchone()
            if used is None:
                self._refuse_if_used_up(cursor, endpoint)
            if cost_micros:
                self._pay(cursor, cost_micros, is_write)
            elif is_spent and not is_write:
                raise _spent()

    def reserve(self, endpoint: str, *, most_micros: int, least_micros: int) -> int:
        """Takes one call of a read whose price its answer tells, and sets aside what it may cost at most: what is left
        for reads, if that is less. Returns how much. `bill` settles it.

        Raises as `spend` does where not even `least_micros` are left; RateLimitedError where other calls under way
        hold the money and may give some of it back.
        """
        asked = {**self._asked(endpoint), "most": most_micros, "least": least_micros, "seconds": SET_ASIDE_SECONDS}
        asked["token"] = token = secrets.token_hex(8)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_TAKE_AND_SET_ASIDE, asked)
            used, day, micros, has_no_cap = cursor.fetchone()
            if used is None:
                self._refuse_if_used_up(cursor, endpoint)
            if has_no_cap:
                return most_micros
            if micros is None:
                raise self._no_money(cursor, least_micros, asked["share"])
        self._aside = (day, token)
        return int(micros)

    def bill(self, prices: Mapping[str, int]) -> int:
        """Charges the day for what was read (name → millionths of a dollar), but nothing twice a day, and frees what
        was set aside for it; returns what was charged."""
        (aside_day, token), self._aside = self._aside, (None, "")
        if not prices and aside_day is None:
            return 0
        keys = {_key_of(name): price for name, price in sorted(prices.items())}
        ordered = sorted(keys)
        with connection.cursor() as cursor:
            cursor.execute(
                _BILL,
                {
                    "channel": self._channel_id,
                    "keys": ordered,
                    "prices": [keys[key] for key in ordered],
                    "aside_day": aside_day,
                    "token": token,
                },
            )
            charged: int = cursor.fetchone()[0]
        self.billed_micros += charged
        return charged

    def _asked(self, endpoint: str) -> dict[str, Any]:
        return {
            "channel": self._channel_id,
            "endpoint": endpoint[:64],
            "window_share": self._share,
            "share": min(READ_SHARE, self._share),
        }

    def _refuse_if_used_up(self, cursor: Any, endpoint: str) -> None:
        cursor.execute(_WHEN_FREE, [self._channel_id, endpoint[:64], self._share])
        allowance = cursor.fetchone()
        if allowance:
            raise RateLimitedError(f"the allowance of {endpoint} is used up", retry_at=allowance[0])

    def _pay(self, cursor: Any, cost_micros: int, is_write: bool) -> None:
        share = 1.0 if is_write else min(READ_SHARE, self._share)
        cursor.execute(
            _PAY,
            {
                "channel": self._channel_id,
                "cost": cost_micros,
                "read": 0 if is_write else cost_micros,
                "write": cost_micros if is_write else 0,
                "share": share,
            },
        )
        if not cursor.fetchone():
            raise self._no_money(cursor, cost_micros, share)

    def _no_money(self, cursor: Any, cost_micros: int, share: float) -> PlatformError:
        """Gone for today, or only held by calls under way: those give back what they do not need."""
        cursor.execute(_WHEN_SETTLED, {"channel": self._channel_id, "cost": cost_micros, "share": share})
        held = cursor.fetchone()
        if held is None:
            return _spent()
        return RateLimitedError("calls under way hold the rest of the day's budget", retry_at=held[0])

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


def _spent() -> QuotaExceededError:
    return QuotaExceededError("the day's budget of this channel is spent", resets_at=next_utc_day())


def _key_of(name: str) -> bytes:
    return hashlib.sha256(f"{settings.ERASURE_SALT}\0{name}".encode()).digest()[:16]


def next_utc_day(today: date | None = None) -> datetime:
    day = today or datetime.now(UTC).date()
    return datetime.combine(day + timedelta(days=1), time(), UTC)
