"""Watches the live complaints of every topic, hour by hour, and tells people when one leaves its baseline.

Imported and backfilled posts alarm nobody: they are history. `spikes.py` judges; this module only feeds it and notes.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from monitor.alerts.models import AlertLevel
from monitor.alerts.services import raise_alert
from monitor.trends.baseline import Baseline
from monitor.trends.models import Spike
from monitor.trends.spikes import Judged, judge

HOUR = timedelta(hours=1)
REMEMBERED = timedelta(days=28)
# Fewer complaints in an hour are nobody's alarm, however unusual.
LEAST_COMPLAINTS = 5
EVERY = timedelta(minutes=5)
_watched_at = datetime(1970, 1, 1, tzinfo=UTC)

_COUNTS = """
    SELECT counted.brand_id, counted.topic, date_trunc('hour', counted.bucket_at, 'UTC'), count(*)
    FROM trends_contribution counted JOIN inbox_post post ON post.id = counted.post_id
    WHERE counted.complaint AND post.arrival = 'live' AND counted.bucket_at >= %s AND counted.bucket_at <= %s
    GROUP BY 1, 2, 3
"""

Hours = Mapping[datetime, int]


def watch_spikes(*, now: datetime | None = None) -> int:
    """Opens, updates and ends spikes; returns how many began.

    Without `now` it looks at most every five minutes in a process, however often it is called.
    """
    global _watched_at
    moment = now or timezone.now()
    if now is None and moment - _watched_at < EVERY:
        return 0
    _watched_at = moment
    began = 0
    for (brand_id, topic), hours in _counts(moment).items():
        before, running = judge_hours(hours, moment)
        began += _note(brand_id, topic, before, running, moment)
    return began


def judge_hours(hours: Hours, now: datetime) -> tuple[Judged, Judged]:
    """The last whole hour and the running one, each judged from what came before it. Hours without a count are zero.

    The running hour is judged by what it holds so far: it can only grow, so a spike is told as soon as it is one.
    """
    running = now.replace(minute=0, second=0, microsecond=0)
    baseline = Baseline()
    # One hour of nothing before the first count, so that there always is an hour before.
    at = min(*hours, running) - HOUR
    while True:
        judged = judge(baseline, at.isoformat(), float(hours.get(at, 0)))
        at += HOUR
        if at >= running:
            return judged, judge(baseline, running.isoformat(), float(hours.get(running, 0)))


def _counts(now: datetime) -> dict[tuple[int, str], dict[datetime, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [now - REMEMBERED, now])
        found: dict[tuple[int, str], dict[datetime, int]] = defaultdict(dict)
        for brand_id, topic, hour, count in cursor.fetchall():
            found[brand_id, topic][hour] = count
    return found


@transaction.atomic
def _note(brand_id: int, topic: str, before: Judged, running: Judged, now: datetime) -> int:
    """1 when a spike begins here."""
    spiking = [one for one in (before, running) if one.is_spike and (one.value or 0) >= LEAST_COMPLAINTS]
    known = Spike.objects.select_for_update().filter(brand_id=brand_id, dimension="topic", value=topic, ended_at=None)
    held = known.first()
    if not spiking:
        known.update(ended_at=now)
        return 0
    highest = max(spiking, key=lambda one: one.score)
    if held is not None:
        if (highest.value or 0) > held.counted:
            known.update(counted=highest.value, expected=highest.expected, score=highest.score)
        return 0
    started_at = datetime.fromisoformat(spiking[0].timestamp)
    Spike.objects.create(
        brand_id=brand_id,
        dimension="topic",
        value=topic,
        started_at=started_at,
        expected=highest.expected,
        counted=highest.value or 0,
        score=highest.score,
    )
    raise_alert(
        brand_id=brand_id,
        code="trend.spike",
        level=AlertLevel.WARNING,
        params={"topic": topic, "count": int(highest.value or 0), "expected": round(highest.expected, 1)},
        dedupe_key=f"trend.spike:{topic}:{started_at:%Y-%m-%dT%H}",
    )
    return 1
