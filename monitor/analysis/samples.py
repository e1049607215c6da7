"""Reads of the daily sample: what waits for a verdict, and what the verdicts of some weeks come to."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Count, F, QuerySet
from django.utils import timezone

from monitor.analysis.models import SampledPost
from monitor.analysis.quality import VOLUME_STEP, WINDOW_DAYS, Stratum, is_enough, posts_per_verdict

#: How long after midnight (UTC) yesterday's posts may still come in and be read before they are drawn.
GRACE: Final = timedelta(hours=1)
#: Samples that are older need no verdict any more: nobody should face a mountain after a holiday.
JUDGED_WITHIN_DAYS: Final = 7

# Days of like volume are one: the first step of the ladder holds days of one post, the next those of up to 1.5 …
_VOLUME: Final = "floor(ln(greatest(population, 1)::float8) / ln(%(step)s::float8))::int"
_STRATA: Final = f"""
    SELECT brand_id, model_version, language, platform, said_complaint, put_aside,
        {_VOLUME} AS volume,
        sum(population)::bigint, coalesce(sum(judged), 0)::bigint, coalesce(sum(complaints), 0)::bigint,
        min(drawn_on), max(drawn_on)
    FROM analysis_samplestratum
    LEFT JOIN (
        SELECT brand_id, drawn_on, model_version, language, platform, said_complaint, put_aside,
            count(*) AS judged, count(*) FILTER (WHERE is_complaint) AS complaints
        FROM analysis_sampledpost
        WHERE is_complaint IS NOT NULL AND drawn_on BETWEEN %(first)s AND %(last)s
          AND (%(brand)s::bigint IS NULL OR brand_id = %(brand)s)
        GROUP BY 1, 2, 3, 4, 5, 6, 7
    ) verdicts USING (brand_id, drawn_on, model_version, language, platform, said_complaint, put_aside)
    WHERE drawn_on BETWEEN %(first)s AND %(last)s AND (%(brand)s::bigint IS NULL OR brand_id = %(brand)s)
    GROUP BY 1, 2, 3, 4, 5, 6, 7
"""  # noqa: S608
_VERDICTS: Final = f"""
    SELECT post_id, is_complaint, drawn_on, language, platform, said_complaint, put_aside, {_VOLUME}
    FROM analysis_sampledpost drawn
    JOIN analysis_samplestratum
        USING (brand_id, drawn_on, model_version, language, platform, said_complaint, put_aside)
    WHERE brand_id = %(brand)s AND is_complaint IS NOT NULL
      AND post_version = (SELECT version FROM inbox_post WHERE inbox_post.id = drawn.post_id)
    ORDER BY drawn.id DESC LIMIT %(most)s
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Progress:
    """How far people have come with what was drawn lately."""

    judged: int
    drawn: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What the numbers of a brand rest on. `former_verdicts`: how many of the verdicts are on readings of models that
    read no more; none once the present model has enough of its own."""

    strata: tuple[Stratum, ...] = ()
    former_verdicts: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person said of a drawn post, and how many posts that stands for."""

    is_complaint: bool
    stands_for: float


@dataclass(frozen=True, slots=True)
class _Sampled:
    """A stratum as one model read it, and the days of its draws."""

    stratum: Stratum
    model_version: str
    first: date
    last: date


def drawn_lately(brand_id: int, now: datetime | None = None) -> QuerySet[SampledPost]:
    """Drawn posts that may be judged, of the last week, still there, and with the words that were read."""
    return SampledPost.objects.filter(
        brand_id=brand_id,
        drawn_on__gte=_today(now) - timedelta(days=JUDGED_WITHIN_DAYS),
        post__deleted_at=None,
        post__version=F("post_version"),
    )


def next_draw(now: datetime | None = None) -> datetime:
    """The earliest moment at which the next day's sample may be drawn."""
    moment = (now or timezone.now()).astimezone(UTC)
    last = moment.replace(hour=0, minute=0, second=0, microsecond=0) + GRACE
    return last if moment < last else last + timedelta(days=1)


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


def measured_of(brand_id: int, now: datetime | None = None) -> Measured:
    """Populations and verdicts of the last four weeks, by language, platform, reading and volume of the day."""
    return measured_by_brand(now, brand_id=brand_id).get(brand_id, Measured())


def measured_by_brand(now: datetime | None = None, *, brand_id: int | None = None) -> dict[int, Measured]:
    """The same for every brand, or for one. One query.

    The readings of the present model alone where enough of them were judged; otherwise those of all models together.
    """
    today = _today(now)
    found = _sampled(today - timedelta(days=WINDOW_DAYS), today, brand_id)
    return {brand: _measured(sampled) for brand, sampled in found.items()}


def measured_between(brand_id: int, first: date, last: date) -> list[Stratum]:
    """Of the days from the first to the last, whatever model read them."""
    return _blended(one.stratum for one in _sampled(first, last, brand_id).get(brand_id, ()))


def weighed_verdicts(brand_id: int, *, most: int) -> dict[int, Verdict]:
    """Post → the verdict on it, of the newest verdicts on words that still stand, weighed as the numbers are."""
    with connection.cursor() as cursor:
        cursor.execute(_VERDICTS, {"step": VOLUME_STEP, "brand": brand_id, "most": most})
        rows = [
            (post_id, verdict, day, (language, platform, said, aside, volume))
            for post_id, verdict, day, language, platform, said, aside, volume in cursor.fetchall()
        ]
    if not rows:
        return {}
    judged = Counter(kind for _post_id, _verdict, _day, kind in rows)
    days = [day for _post_id, _verdict, day, _kind in rows]
    strata = [replace(one, judged=judged[one.kind]) for one in measured_between(brand_id, min(days), max(days))]
    posts = posts_per_verdict(strata)
    return {post_id: Verdict(verdict, max(1.0, posts[kind])) for post_id, verdict, _day, kind in rows}


def _sampled(first: date, last: date, brand_id: int | None) -> dict[int, list[_Sampled]]:
    found: dict[int, list[_Sampled]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_STRATA, {"step": VOLUME_STEP, "first": first, "last": last, "brand": brand_id})
        rows = cursor.fetchall()
    for brand, version, language, platform, said, aside, volume, total, judged, complaints, *days in rows:
        stratum = Stratum(language, platform, said, total, judged, complaints, aside, volume)
        found[brand].append(_Sampled(stratum, version, *days))
    return found


def _measured(sampled: Sequence[_Sampled]) -> Measured:
    present = _present_version(sampled)
    own = [one.stratum for one in sampled if one.model_version == present]
    if is_enough(own):
        return Measured(tuple(own))
    former = sum(one.stratum.judged for one in sampled if one.model_version != present)
    return Measured(tuple(_blended(one.stratum for one in sampled)), former)


def _present_version(sampled: Sequence[_Sampled]) -> str:
    """The model that read the latest day drawn; of two that did, the one that came later."""
    days: dict[str, tuple[date, date]] = {}
    for one in sampled:
        last, first = days.get(one.model_version, (one.last, one.first))
        days[one.model_version] = max(last, one.last), min(first, one.first)
    return max(days, key=lambda version: (days[version], version))


def _blended(strata: Iterable[Stratum]) -> list[Stratum]:
    """Strata that differ in the model alone as one."""
    sums: dict[tuple[str, str, bool, bool, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in strata:
        counts = sums[one.language, one.platform, one.said_complaint, one.put_aside, one.volume]
        counts[:] = counts[0] + one.population, counts[1] + one.judged, counts[2] + one.complaints
    return [
        Stratum(language, platform, said, total, judged, complaints, aside, volume)
        for (language, platform, said, aside, volume), (total, judged, complaints) in sums.items()
    ]


def _today(now: datetime | None) -> date:
    return (now or timezone.now()).astimezone(UTC).date()
