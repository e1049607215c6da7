"""The daily sample for measured recall: posts drawn by chance from each way of reading them, and verdicts on them."""

import random
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone

from monitor.analysis.allotting import allot
from monitor.analysis.models import SampledPost, SampleStratum
from monitor.analysis.samples import GRACE
from monitor.analysis.selectors import current_reading
from monitor.analysis.services.corrections import CorrectionError, correct
from monitor.audit import services as audit
from monitor.brands.models import User
from monitor.brands.rights import can
from monitor.inbox.models import Post, Stage
from monitor.inbox.services.stages import advance_posts
from monitor.queue import enqueue

#: So many days more a day is waited for whose posts are not all read and decided on: those of a busy hour wait longest.
PATIENCE_DAYS: Final = 3

#: Whoever draws holds the brand for the moment: of several workers the later ones find the day drawn.
_HOLD: Final = "SELECT pg_advisory_xact_lock(hashtextextended('sample:' || %s, 0))"
# A day that has posts, no sample, and nothing that is still on its way through the pipeline. Asked often: first which
# days lack a sample, and of these alone, each by its place in an index (not as a join, which might read all posts).
_DUE: Final = """
    WITH undrawn AS MATERIALIZED (
        SELECT brand.id, day, day AT TIME ZONE 'UTC' AS since, (day + interval '1 day') AT TIME ZONE 'UTC' AS until
        FROM brands_brand brand, generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') day
        WHERE NOT EXISTS (SELECT FROM analysis_samplestratum WHERE brand_id = brand.id AND drawn_on = day::date)
    )
    SELECT id, day::date FROM undrawn
    WHERE (
        SELECT true FROM inbox_post post WHERE post.brand_id = undrawn.id AND NOT post.is_own
          AND post.created_at >= since AND post.created_at < until LIMIT 1)
      AND (day = %(first)s::timestamp OR (
        SELECT true FROM inbox_post post WHERE post.brand_id = undrawn.id AND NOT post.is_own
          AND post.created_at >= since AND post.created_at < until
          AND post.stage IN ('received', 'analyzed') AND post.deleted_at IS NULL LIMIT 1) IS NULL)
    ORDER BY 1, 2
"""
# By the time of writing: imports and backfills of older posts are not of the day. What the model said counts, not what
# a person made of it since: it is the model that is measured.
_OF_THE_DAY: Final = """
    FROM inbox_post post JOIN analysis_analysis said ON said.post_id = post.id AND said.is_current
    WHERE post.brand_id = %(brand)s AND post.created_at >= %(since)s AND post.created_at < %(until)s
      AND NOT post.is_own AND post.deleted_at IS NULL AND said.post_version = post.version
"""
_KIND: Final = """
    said.complaint AS said_complaint, post.id = ANY(%(put_aside)s::bigint[]) AS put_aside, said.model_version,
    said.language, post.platform
"""
_COUNT: Final = f"SELECT {_KIND}, count(*) {_OF_THE_DAY} GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"  # noqa: S608
_DRAW: Final = f"""
    INSERT INTO analysis_sampledpost (brand_id, post_id, drawn_on, post_version, said_complaint, put_aside,
        model_version, language, platform)
    SELECT %(brand)s, shuffled.id, %(day)s, post_version, said_complaint, put_aside, model_version, language, platform
    FROM (
        SELECT *, row_number() OVER (
            PARTITION BY said_complaint, put_aside, model_version, language, platform ORDER BY random()) AS place
        FROM (SELECT post.id, said.post_version, {_KIND} {_OF_THE_DAY}) one
    ) shuffled
    JOIN unnest(%(complaints)s::bool[], %(aside)s::bool[], %(versions)s::text[], %(languages)s::text[],
            %(platforms)s::text[], %(quotas)s::int[])
        AS wanted (said_complaint, put_aside, model_version, language, platform, quota)
        USING (said_complaint, put_aside, model_version, language, platform)
    WHERE place <= quota
    ON CONFLICT (brand_id, post_id) DO NOTHING
"""  # noqa: S608


#: Brand, since, until → ids of the posts of these hours that triage put aside as spam or advertising. It lies above
#: this room: whoever has it hands it in (`triage.selectors.put_aside`).
PutAside = Callable[[int, datetime, datetime], Collection[int]]


class _Stratum(NamedTuple):
    said_complaint: bool
    put_aside: bool
    model_version: str
    language: str
    platform: str
    population: int


def nothing_put_aside(_brand_id: int, _since: datetime, _until: datetime) -> Collection[int]:
    return ()


def draw_due_samples(*, now: datetime | None = None, put_aside: PutAside = nothing_put_aside) -> int:
    """Draws yesterday's sample of every brand that has none yet, and that of the days before which were not read in
    time; returns how many posts were drawn.

    A day is drawn once all its posts are read and decided on, or after `PATIENCE_DAYS` as it is: drawn in the midst of
    a backlog, the busiest hours would be left out. Called often and by anybody: a brand whose days are drawn costs a
    few looks at an index.
    """
    last = ((now or timezone.now()) - GRACE).astimezone(UTC).date() - timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"first": last - timedelta(days=PATIENCE_DAYS), "last": last})
        due = cursor.fetchall()
    return sum(draw_sample(brand_id=brand_id, day=day, put_aside=put_aside) for brand_id, day in due)


def draw_sample(*, brand_id: int, day: date, put_aside: PutAside = nothing_put_aside) -> int:
    """Draws from the posts that were written on a UTC day: of those read as a complaint, of those read as none, and of
    those put aside; returns how many.

    Once a day and brand, whoever runs it and however often: the strata are stored with the draw in one transaction that
    holds the brand, and a day that has strata is left as it is (0). A day without a post has none, and is drawn if
    posts of it turn up. Sizes: QUALITY_SAMPLE, QUALITY_SAMPLE_COMPLAINTS and QUALITY_SAMPLE_PUT_ASIDE of the settings.
    """
    since, until = _bounds(day)
    asked: dict[str, Any] = {"brand": brand_id, "day": day, "since": since, "until": until}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_HOLD, [str(brand_id)])
        if SampleStratum.objects.filter(brand_id=brand_id, drawn_on=day).exists():
            return 0
        asked["put_aside"] = list(put_aside(brand_id, since, until))
        cursor.execute(_COUNT, asked)
        strata = [_Stratum(*row) for row in cursor.fetchall()]
        if not strata:
            return 0
        SampleStratum.objects.bulk_create(
            [SampleStratum(brand_id=brand_id, drawn_on=day, **stratum._asdict()) for stratum in strata]
        )
        names = ("complaints", "aside", "versions", "languages", "platforms")
        asked |= dict(zip(names, map(list, zip(*strata, strict=True)), strict=False))
        cursor.execute(_DRAW, asked | {"quotas": _quotas(strata)})
        return cursor.rowcount


def _bounds(day: date) -> tuple[datetime, datetime]:
    since = datetime.combine(day, time(), tzinfo=UTC)
    return since, since + timedelta(days=1)


def _quotas(strata: Sequence[_Stratum]) -> list[int]:
    """In the order of the strata."""
    kinds = [None if one.put_aside else one.said_complaint for one in strata]
    sizes = {
        False: settings.QUALITY_SAMPLE,
        True: settings.QUALITY_SAMPLE_COMPLAINTS,
        None: settings.QUALITY_SAMPLE_PUT_ASIDE,
    }
    quotas = [0] * len(strata)
    for kind, size in sizes.items():
        places = [place for place, found in enumerate(kinds) if found is kind]
        populations = [strata[place].population for place in places]
        drawn = allot(populations, size, random.random())  # noqa: S311  (chance, not secrecy)
        for place, quota in zip(places, drawn, strict=True):
            quotas[place] = quota
    return quotas


def judge(*, user: User, sampled: SampledPost, is_complaint: bool, is_put_aside: bool = False) -> SampledPost:
    """Stores the verdict, and corrects the reading where it says otherwise. The last verdict on a post counts.

    A complaint that was missed goes back to triage, which opens its case as for any other post (see
    `cases.services.judge_sampled` for one that has a case already). So does one that was read right and yet
    `is_put_aside` as spam or advertising: the reading is confirmed by a person, and that overrules triage. Raises
    PermissionDenied; CorrectionError where the post is gone, or was edited: what was read is there no more.
    """
    if not can(user, sampled.brand_id, "answer"):
        raise PermissionDenied("answer")
    with transaction.atomic():
        # The post first, as in `correct`: whoever deletes or edits it waits, or was first.
        post = Post.objects.select_for_update(no_key=True).get(pk=sampled.post_id)
        if post.deleted_at is not None:
            raise CorrectionError("This post was deleted.")
        locked = SampledPost.objects.select_for_update().get(pk=sampled.pk)
        if post.version != locked.post_version:
            raise CorrectionError("This post was edited after it was drawn.")
        locked.is_complaint, locked.judged_by, locked.judged_at = is_complaint, user, timezone.now()
        locked.save(update_fields=["is_complaint", "judged_by", "judged_at"])
        _record(user, post, locked)
        reading = current_reading(post.pk)
        is_silenced = is_complaint and is_put_aside
        if reading is None or reading.complaint is not is_complaint or is_silenced:
            correct(user=user, post=post, field="complaint", value=is_complaint, confirms=is_silenced)
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
