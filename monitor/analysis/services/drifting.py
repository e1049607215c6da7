"""Watching for drift: once a day and brand the last seven days are held against the 28 before them, and people told."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from monitor.alerts.services import close_alerts, raise_alert
from monitor.analysis.drift import BEFORE_DAYS, NOW_DAYS, SHIFTED, Counts, Shift, shifts
from monitor.analysis.models import Drift
from monitor.brands.models import Brand
from monitor.inbox.models import Post

#: Of each hour no more posts than this are looked at: a month of any brand is at most 50,000 rows by an index.
MOST_OF_AN_HOUR: Final = 60

_HOLD: Final = "SELECT pg_advisory_xact_lock(hashtextextended('drift:' || %s, 0))"
# Imports are history, as for every other alarm.
_COUNT: Final = """
    SELECT hour >= %(turn)s, seen.score, seen.language, count(*)
    FROM generate_series(%(since)s::timestamptz, %(until)s::timestamptz - interval '1 hour', interval '1 hour') AS hour
    CROSS JOIN LATERAL (
        SELECT least(10, greatest(1, width_bucket(said.complaint_score, 0, 1, 10))) AS score, said.language
        FROM inbox_post post JOIN analysis_analysis said ON said.post_id = post.id AND said.is_current
        WHERE post.brand_id = %(brand)s AND post.created_at >= hour AND post.created_at < hour + interval '1 hour'
          AND NOT post.is_own AND post.deleted_at IS NULL AND post.arrival <> 'import'
        LIMIT %(most)s
    ) seen
    GROUP BY 1, 2, 3
"""


def watch_drift(*, now: datetime | None = None) -> int:
    """Measures every brand with posts that has not been measured since midnight (UTC); returns how many were.

    Called often and by anybody: a brand that is measured costs one look at an index.
    """
    day = (now or timezone.now()).astimezone(UTC).date() - timedelta(days=1)
    measured = Drift.objects.filter(day=day).values("brand")
    posts = Post.objects.filter(brand=OuterRef("pk"), created_at__gte=_midnight(day) - timedelta(days=NOW_DAYS))
    waiting = list(Brand.objects.filter(Exists(posts)).exclude(pk__in=measured).order_by("pk"))
    for brand in waiting:
        measure_drift(brand_id=brand.pk, day=day)
    return len(waiting)


def measure_drift(*, brand_id: int, day: date) -> list[Drift]:
    """Stores how far the seven days up to `day` have moved, and raises or closes the notice of each measure.

    A notice is raised when a shift begins, and never again while it lasts, also where somebody has seen to it. Once a
    day and brand: who comes second stores and raises nothing ([]).
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_HOLD, [str(brand_id)])
        if Drift.objects.filter(brand_id=brand_id, day=day).exists():
            return []
        stored = Drift.objects.bulk_create([_row(brand_id, day, shift) for shift in shifts(*_counts(brand_id, day))])
        for row in stored:
            _tell(row)
    return stored


def _row(brand_id: int, day: date, shift: Shift) -> Drift:
    return Drift(
        brand_id=brand_id,
        day=day,
        measure=shift.measure,
        index=shift.index,
        parts=[list(part) for part in shift.parts],
        before_count=shift.before,
        now_count=shift.now,
    )


def _tell(row: Drift) -> None:
    if row.index is None:
        return  # nobody can say: what was told stays as it is
    code = f"drift.{row.measure}"
    if row.index <= SHIFTED:
        close_alerts(brand_id=row.brand_id, dedupe_key=code)
        return
    earlier = Drift.objects.filter(brand_id=row.brand_id, measure=row.measure, day__lt=row.day, index__isnull=False)
    last = earlier.order_by("-day").first()
    if last is None or last.index is None or last.index <= SHIFTED:
        raise_alert(brand_id=row.brand_id, code=code, params={"index": f"{row.index:.2f}"}, dedupe_key=code)


def _counts(brand_id: int, day: date) -> tuple[Counts, Counts]:
    """Before and now."""
    until = _midnight(day) + timedelta(days=1)
    turn = until - timedelta(days=NOW_DAYS)
    asked: dict[str, Any] = {
        "brand": brand_id,
        "since": turn - timedelta(days=BEFORE_DAYS),
        "turn": turn,
        "until": until,
        "most": MOST_OF_AN_HOUR,
    }
    before: dict[tuple[int, str], int] = {}
    now: dict[tuple[int, str], int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, asked)
        for is_now, score, language, count in cursor.fetchall():
            (now if is_now else before)[score, language] = count
    return before, now


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
