"""Watching for drift: once a day and brand the last seven days are held against the 28 before, and people told; so
are recall and precision of the last two weeks."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from monitor.alerts.models import Alert
from monitor.alerts.services import close_alerts, raise_alert
from monitor.analysis.drift import BEFORE_DAYS, NOW_DAYS, SHIFTED, Counts, Shift, shifts
from monitor.analysis.falls import FALL_DAYS, FALLEN, Fall, falls
from monitor.analysis.falls import MEASURES as FALLS
from monitor.analysis.models import Drift
from monitor.analysis.samples import measured_between
from monitor.brands.models import Brand
from monitor.inbox.models import Post

#: After so long without a number nobody can say any more that what was told still lasts.
FORGOTTEN_AFTER: Final = timedelta(days=28)
#: Of the week, and of the weeks before, no more posts than this are looked at, drawn by chance: a burst weighs as much
#: as it has posts. Chance alone gives an index of about 0.002 then.
MOST_POSTS: Final = 10_000

#: How the codes of its notices begin.
CODE: Final = "drift."

_HOLD: Final = "SELECT pg_advisory_xact_lock(hashtextextended('drift:' || %s, 0))"
# Imports are history, as for every other alarm. The hash of its number is a post's lot: the same posts are drawn of the
# same days tomorrow, so that the index does not tremble.
_LOTS: Final = """
    SELECT post.id, {is_now} AS is_now FROM inbox_post post
    WHERE post.brand_id = %(brand)s AND post.created_at >= {since} AND post.created_at < {until}
      AND NOT post.is_own AND post.deleted_at IS NULL AND post.arrival <> 'import'
    ORDER BY hashtextextended(post.id::text, 28) LIMIT %(most)s
"""
_COUNT: Final = f"""
    SELECT drawn.is_now, least(10, greatest(1, width_bucket(said.complaint_score, 0, 1, 10))), said.language, count(*)
    FROM (
        ({_LOTS.format(is_now="false", since="%(since)s", until="%(turn)s")})
        UNION ALL ({_LOTS.format(is_now="true", since="%(turn)s", until="%(until)s")})
    ) drawn
    JOIN analysis_analysis said ON said.post_id = drawn.id AND said.is_current
    GROUP BY 1, 2, 3
"""  # noqa: S608


def watch_drift(*, now: datetime | None = None) -> int:
    """Measures every brand with posts, or with an open notice, that has not been measured since midnight (UTC); returns
    how many were.

    Called often and by anybody: a brand that is measured costs one look at an index.
    """
    day = (now or timezone.now()).astimezone(UTC).date() - timedelta(days=1)
    measured = Drift.objects.filter(day=day).values("brand")
    posts = Post.objects.filter(brand=OuterRef("pk"), created_at__gte=_midnight(day) - timedelta(days=NOW_DAYS))
    told = Alert.objects.filter(brand=OuterRef("pk"), closed_at=None, code__startswith=CODE)
    waiting = list(Brand.objects.filter(Exists(posts) | Exists(told)).exclude(pk__in=measured).order_by("pk"))
    for brand in waiting:
        measure_drift(brand_id=brand.pk, day=day)
    return len(waiting)


def measure_drift(*, brand_id: int, day: date) -> list[Drift]:
    """Stores how far the seven days up to `day` have moved, and raises or closes the notice of each measure.

    A notice is raised when a shift begins, and never again while it lasts, also where somebody has seen to it; it is
    closed when the shift is over, or where for weeks nobody can say. Once a day and brand: who comes second stores and
    raises nothing ([]).
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_HOLD, [str(brand_id)])
        if Drift.objects.filter(brand_id=brand_id, day=day).exists():
            return []
        moved = shifts(*_counts(brand_id, day))
        fallen = _falls(brand_id, day)
        rows = [_row(brand_id, day, shift, shift.index, shift.before, shift.now) for shift in moved]
        rows += [_row(brand_id, day, fall, fall.distance, fall.verdicts_before, fall.verdicts_now) for fall in fallen]
        stored = Drift.objects.bulk_create(rows)
        for row in stored:
            _tell(row)
    return stored


def _row(brand_id: int, day: date, one: Shift | Fall, index: float | None, before: int, now: int) -> Drift:
    return Drift(
        brand_id=brand_id,
        day=day,
        measure=one.measure,
        index=index,
        parts=[list(part) for part in one.parts],
        before_count=before,
        now_count=now,
    )


def _falls(brand_id: int, day: date) -> list[Fall]:
    turn = day - timedelta(days=FALL_DAYS)
    before = measured_between(brand_id, turn - timedelta(days=BEFORE_DAYS - 1), turn)
    return falls(before, measured_between(brand_id, turn + timedelta(days=1), day))


def _tell(row: Drift) -> None:
    code, most = f"{CODE}{row.measure}", FALLEN if row.measure in FALLS else SHIFTED
    last = _last_index(row)
    if row.index is None and last is not None:
        return  # nobody can say: what was told stays as it is, as long as it is remembered
    if row.index is None or row.index <= most:
        close_alerts(brand_id=row.brand_id, dedupe_key=code)
    elif last is None or last <= most:
        raise_alert(brand_id=row.brand_id, code=code, params=_params(row), dedupe_key=code)


def _last_index(row: Drift) -> float | None:
    """The one before, if it is not too long ago."""
    since = row.day - FORGOTTEN_AFTER
    earlier = Drift.objects.filter(brand_id=row.brand_id, measure=row.measure, day__gte=since, day__lt=row.day)
    return earlier.exclude(index=None).order_by("-day").values_list("index", flat=True).first()


def _params(row: Drift) -> dict[str, str]:
    if row.measure not in FALLS:
        return {"index": f"{row.index:.2f}"}
    low, high = ({part: shares for part, *shares in row.parts}[bound] for bound in ("low", "high"))
    before, now = (f"{100 * low[place]:.0f}–{100 * high[place]:.0f}" for place in (0, 1))
    return {"before": before, "now": now}


def _counts(brand_id: int, day: date) -> tuple[Counts, Counts]:
    """Before and now."""
    until = _midnight(day) + timedelta(days=1)
    turn = until - timedelta(days=NOW_DAYS)
    asked: dict[str, Any] = {
        "brand": brand_id,
        "since": turn - timedelta(days=BEFORE_DAYS),
        "turn": turn,
        "until": until,
        "most": MOST_POSTS,
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
