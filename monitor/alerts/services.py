"""Raising and closing notices. Both take part in the caller's transaction and cannot fail it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from monitor.alerts.models import Alert, AlertLevel
from monitor.brands.models import User

_RAISE = """
    INSERT INTO alerts_alert AS old
        (brand_id, code, level, params, dedupe_key, count, raised_at, last_raised_at)
    VALUES (%s, %s, %s, %s, %s, 1, now(), now())
    ON CONFLICT (brand_id, dedupe_key) WHERE closed_at IS NULL DO UPDATE SET
        count = old.count + 1,
        last_raised_at = greatest(old.last_raised_at, EXCLUDED.last_raised_at),
        params = EXCLUDED.params,
        level = CASE WHEN %s::text[] @> ARRAY[old.level::text] THEN EXCLUDED.level ELSE old.level END
    RETURNING id
"""
_LEVELS = (AlertLevel.NOTE.value, AlertLevel.WARNING.value, AlertLevel.URGENT.value)


def raise_alert(
    *,
    brand_id: int | None,
    code: str,
    level: str = AlertLevel.WARNING,
    params: Mapping[str, Any] | None = None,
    dedupe_key: str = "",
) -> int:
    """Tells people of something, or counts it where the same notice is still open; returns the alert's id.

    `code` is a line of `codes.py`; `dedupe_key` says what "the same" is (default: the code alone). A notice that is
    raised again takes the newest params and never becomes less urgent.
    """
    if level not in _LEVELS:
        raise ValueError(f"There is no alert level {level!r}; known are {', '.join(_LEVELS)}.")
    lower = list(_LEVELS[: _LEVELS.index(level)])
    with connection.cursor() as cursor:
        cursor.execute(
            _RAISE, [brand_id, code, level, json.dumps(dict(params or {}), default=str), dedupe_key or code, lower]
        )
        alert_id: int = cursor.fetchone()[0]
    return alert_id


def close_alert(*, alert_id: int, user: User | None = None) -> bool:
    """Marks it as seen to; False where it was closed before."""
    return bool(
        Alert.objects.filter(pk=alert_id, closed_at__isnull=True).update(
            closed_at=Now(), closed_by_id=user.pk if user else None
        )
    )


@transaction.atomic
def close_kind(*, brand_id: int, code: str, raised_until: datetime, most: int, user: User) -> int:
    """Marks all open notices of a code up to a moment as seen to; returns how many.

    None at all where there are more than the `most` that somebody was told of: a notice is dated when its transaction
    began, so one may turn up late behind those that were shown, and nobody has seen it.
    """
    found = Alert.objects.filter(brand_id=brand_id, code=code, closed_at=None, last_raised_at__lte=raised_until)
    seen = list(found.select_for_update().values_list("pk", flat=True))
    if len(seen) > most:
        return 0
    return Alert.objects.filter(pk__in=seen).update(closed_at=Now(), closed_by=user)


def close_alerts(*, brand_id: int | None, dedupe_key: str) -> int:
    """Closes what has mended itself (a channel that answers again); returns how many."""
    open_alerts = Alert.objects.filter(dedupe_key=dedupe_key, closed_at__isnull=True)
    open_alerts = (
        open_alerts.filter(brand_id__isnull=True) if brand_id is None else open_alerts.filter(brand_id=brand_id)
    )
    return open_alerts.update(closed_at=Now())


def close_alerts_of_channel(*, brand_id: int, channel_id: int) -> int:
    """Everything that is said of one channel: nobody uses it any more."""
    said = Alert.objects.filter(brand_id=brand_id, dedupe_key__startswith=f"channel:{channel_id}:")
    return said.filter(closed_at__isnull=True).update(closed_at=Now())
