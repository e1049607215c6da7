"""The daily sample for measured recall: posts drawn by chance from each way of reading them, and verdicts on them."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from monitor.analysis.allotting import allot
from monitor.analysis.models import SampledPost, SampleStratum
from monitor.analysis.selectors import current_reading
from monitor.analysis.services.corrections import CorrectionError, correct
from monitor.audit import services as audit
from monitor.brands.models import Brand, User
from monitor.brands.rights import can
from monitor.inbox.models import Post, Stage
from monitor.inbox.services.stages import advance_posts
from monitor.queue import enqueue

#: How long after midnight (UTC) yesterday's posts may still come in and be read before they are drawn.
GRACE: Final = timedelta(hours=1)

#: Whoever draws holds the brand for the moment: of several workers the later ones find the day drawn.
_HOLD: Final = "SELECT pg_advisory_xact_lock(hashtextextended('sample:' || %s, 0))"
# By the time of writing: imports and backfills of older posts are not of the day. What the model said counts, not what
# a person made of it since: it is the model that is measured.
_OF_THE_DAY: Final = """
    FROM inbox_post post JOIN analysis_analysis said ON said.post_id = post.id AND said.is_current
    WHERE post.brand_id = %(brand)s AND post.created_at >= %(since)s AND post.created_at < %(until)s
      AND NOT post.is_own AND post.deleted_at IS NULL
"""
_COUNT: Final = f"""
    SELECT said.complaint, said.language, post.platform, count(*) {_OF_THE_DAY} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""  # noqa: S608  (two constants)
_DRAW: Final = f"""
    INSERT INTO analysis_sampledpost (brand_id, post_id, drawn_on, said_complaint, model_version, language, platform)
    SELECT %(brand)s, shuffled.id, %(day)s, said_complaint, model_version, language, platform
    FROM (
        SELECT post.id, said.complaint AS said_complaint, said.model_version, said.language, post.platform,
               row_number() OVER (PARTITION BY said.complaint, said.language, post.platform ORDER BY random()) AS place
        {_OF_THE_DAY}
    ) shuffled
    JOIN unnest(%(complaints)s::bool[], %(languages)s::text[], %(platforms)s::text[], %(quotas)s::int[])
        AS wanted (said_complaint, language, platform, quota) USING (said_complaint, language, platform)
    WHERE place <= quota
    ON CONFLICT (brand_id, post_id) DO NOTHING
"""  # noqa: S608


class _Stratum(NamedTuple):
    said_complaint: bool
    language: str
    platform: str
    population: int


def draw_due_samples(*, now: datetime | None = None) -> int:
    """Draws yesterday's sample of every brand that has none yet; returns how many posts were drawn.

    Called often and by anybody: a brand whose day is drawn costs one look at an index.
    """
    day = ((now or timezone.now()) - GRACE).astimezone(UTC).date() - timedelta(days=1)
    since, until = _bounds(day)
    drawn = SampleStratum.objects.filter(drawn_on=day).values("brand")
    posts = Post.objects.filter(brand=OuterRef("pk"), created_at__gte=since, created_at__lt=until, is_own=False)
    waiting = Brand.objects.filter(Exists(posts)).exclude(pk__in=drawn).order_by("pk").values_list("pk", flat=True)
    return sum(draw_sample(brand_id=brand_id, day=day) for brand_id in waiting)


def draw_sample(*, brand_id: int, day: date) -> int:
    """Draws from the posts that were written on a UTC day, read as a complaint and read as none; returns how many.

    Once a day and brand, whoever runs it and however often: the strata are stored with the draw in one transaction that
    holds the brand, and a day that has strata is left as it is (0). A day without a post has none, and is drawn if
    posts of it turn up. Sizes: QUALITY_SAMPLE and QUALITY_SAMPLE_COMPLAINTS of the settings.
    """
    since, until = _bounds(day)
    asked: dict[str, Any] = {"brand": brand_id, "day": day, "since": since, "until": until}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_HOLD, [str(brand_id)])
        if SampleStratum.objects.filter(brand_id=brand_id, drawn_on=day).exists():
            return 0
        cursor.execute(_COUNT, asked)
        strata = [_Stratum(*row) for row in cursor.fetchall()]
        if not strata:
            return 0
        SampleStratum.objects.bulk_create(
            [SampleStratum(brand_id=brand_id, drawn_on=day, **stratum._asdict()) for stratum in strata]
        )
        complaints, languages, platforms, _populations = zip(*strata, strict=True)
        asked |= {"complaints": list(complaints), "languages": list(languages), "platforms": list(platforms)}
        cursor.execute(_DRAW, asked | {"quotas": _quotas(strata)})
        return cursor.rowcount


def _bounds(day: date) -> tuple[datetime, datetime]:
    since = datetime.combine(day, time(), tzinfo=UTC)
    return since, since + timedelta(days=1)


def _quotas(strata: Sequence[_Stratum]) -> list[int]:
    """In the order of the strata, which come by reading."""
    quotas: list[int] = []
    for said_complaint, size in ((False, settings.QUALITY_SAMPLE), (True, settings.QUALITY_SAMPLE_COMPLAINTS)):
        populations = [one.population for one in strata if one.said_complaint is said_complaint]
        quotas += allot(populations, size, random.random())  # noqa: S311  (chance, not secrecy)
    return quotas


def judge(*, user: User, sampled: SampledPost, is_complaint: bool) -> SampledPost:
    """Stores the verdict, and corrects the reading where it says otherwise. The last verdict on a post counts.

    A complaint that was missed goes back to triage, which opens its case as for any other post (see
    `cases.services.judge_sampled` for one that has a case already). Raises PermissionDenied; CorrectionError where the
    post is gone.
    """
    if not can(user, sampled.brand_id, "answer"):
        raise PermissionDenied("answer")
    with transaction.atomic():
        # The post first, as in `correct`: whoever deletes or edits it waits, or was first.
        post = Post.objects.select_for_update(no_key=True).get(pk=sampled.post_id)
        if post.deleted_at is not None:
            raise CorrectionError("This post was deleted.")
        locked = SampledPost.objects.select_for_update().get(pk=sampled.pk)
        locked.is_complaint, locked.judged_by, locked.judged_at = is_complaint, user, timezone.now()
        locked.save(update_fields=["is_complaint", "judged_by", "judged_at"])
        _record(user, post, locked)
        reading = current_reading(post.pk)
        if reading is None or reading.complaint is not is_complaint:
            correct(user=user, post=post, field="complaint", value=is_complaint)
            if is_complaint:
                _back_to_triage(post)
    return locked


def _back_to_triage(post: Post) -> None:
    if advance_posts(post_ids=[post.pk], from_stage=Stage.TRIAGED, to_stage=Stage.ANALYZED):
        enqueue("workers.pipeline.advance", [post.pk], queue="analyze")


def _record(user: User, post: Post, sampled: SampledPost) -> None:
    audit.record(
        actor=user,
        act="sample.judged",
        brand_id=post.brand_id,
        subject_kind="post",
        subject_id=post.public_id,
        params={"is_complaint": sampled.is_complaint, "said_complaint": sampled.said_complaint},
    )
