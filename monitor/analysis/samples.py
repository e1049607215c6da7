"""Reads of the daily sample: what waits for a verdict, and what the verdicts of four weeks come to."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from monitor.analysis.models import SampledPost, SampleStratum
from monitor.analysis.quality import WINDOW_DAYS, Stratum

#: Samples that are older need no verdict any more: nobody should face a mountain after a holiday.
JUDGED_WITHIN_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Progress:
    """How far people have come with what was drawn lately."""

    judged: int
    drawn: int


def drawn_lately(brand_id: int, now: datetime | None = None) -> QuerySet[SampledPost]:
    """Drawn posts that may be judged, of the last week, and still there."""
    return SampledPost.objects.filter(
        brand_id=brand_id, drawn_on__gte=_today(now) - timedelta(days=JUDGED_WITHIN_DAYS), post__deleted_at=None
    )


def progress(brand_id: int, now: datetime | None = None) -> Progress:
    counts = drawn_lately(brand_id, now).aggregate(drawn=Count("pk"), judged=Count("is_complaint"))
    return Progress(counts["judged"], counts["drawn"])


def next_to_judge(brand_id: int, *, after: int | None = None, now: datetime | None = None) -> SampledPost | None:
    """The next post without a verdict, the latest day first and within a day in an order that tells nothing of how it
    was read. `after` leaves out everything up to that one (it was skipped)."""
    order = sorted(drawn_lately(brand_id, now).values_list("drawn_on", "pk", "is_complaint"), key=_place)
    ids = [pk for _day, pk, _verdict in order]
    start = ids.index(after) + 1 if after in ids else 0
    waiting = next((pk for _day, pk, verdict in order[start:] if verdict is None), None)
    return None if waiting is None else drawn_lately(brand_id, now).select_related("post__author").get(pk=waiting)


def _place(row: tuple[date, int, bool | None]) -> tuple[int, str]:
    day, pk, _verdict = row
    return -day.toordinal(), hashlib.sha256(str(pk).encode()).hexdigest()


def strata_of(brand_id: int, now: datetime | None = None) -> list[Stratum]:
    """Populations and verdicts of the last four weeks, by language, platform and reading."""
    return strata_by_brand(now, brand_id=brand_id).get(brand_id, [])


def strata_by_brand(now: datetime | None = None, **only: Any) -> dict[int, list[Stratum]]:
    """The same for every brand. Two queries."""
    since = _today(now) - timedelta(days=WINDOW_DAYS)
    names = ("brand_id", "language", "platform", "said_complaint")
    populations = SampleStratum.objects.filter(drawn_on__gte=since, **only).values_list(*names)
    verdicts = SampledPost.objects.filter(drawn_on__gte=since, is_complaint__isnull=False, **only).values_list(*names)
    counted = verdicts.annotate(judged=Count("pk"), complaints=Count("pk", filter=Q(is_complaint=True)))
    return _joined(populations.annotate(total=Sum("population")), {tuple(row[:4]): row[4:] for row in counted})


def _joined(
    populations: Iterable[tuple[Any, ...]], judged: Mapping[tuple[Any, ...], tuple[int, int]]
) -> dict[int, list[Stratum]]:
    found: dict[int, list[Stratum]] = defaultdict(list)
    for brand_id, language, platform, said, population in populations:
        verdicts, complaints = judged.get((brand_id, language, platform, said), (0, 0))
        found[brand_id].append(Stratum(language, platform, said, population, verdicts, complaints))
    return dict(found)


def _today(now: datetime | None) -> date:
    return (now or timezone.now()).astimezone(UTC).date()
