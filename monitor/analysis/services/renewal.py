"""Reading stored posts of a brand again, when a newer model, new heads or new topics would read them differently:
a batch at a time, the newest posts first, behind everything else."""

from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from monitor.analysis.models import Analysis, Renewal
from monitor.analysis.services.inference import PendingPost, default_engine, infer
from monitor.analysis.services.lenses import Lens, lens_of
from monitor.analysis.services.pending import pending_post
from monitor.analysis.services.storing import store_analyses
from monitor.inbox.changes import log_changes
from monitor.inbox.models import Post


def ask_renewal(*, brand_id: int, engine: Any = None) -> Renewal | None:
    """Begins, or begins again, to read the brand's stored posts anew; None where all of them are up to date."""
    lens = lens_of(brand_id, default_engine(engine))
    with transaction.atomic():
        _one_at_a_time(brand_id)
        Renewal.objects.filter(brand_id=brand_id, finished_at=None).update(finished_at=Now())
        total = _outdated(brand_id, lens).count()
        return Renewal.objects.create(brand_id=brand_id, total=total) if total else None


def renew_some(*, limit: int = 100, engine: Any = None) -> int:
    """One batch of the oldest open renewal; returns how many posts were read.

    Two workers may read the same batch: the second changes nothing, and does not count.
    """
    renewal = Renewal.objects.filter(finished_at=None).order_by("pk").first()
    if renewal is None:
        return 0
    read = reanalyze_posts(brand_id=renewal.brand_id, limit=limit, before_id=renewal.before_post, engine=engine)
    same = Renewal.objects.filter(pk=renewal.pk, before_post=renewal.before_post, finished_at=None)
    if read:
        same.update(done=F("done") + len(read), before_post=read[-1])
    else:
        same.update(finished_at=Now())
    return len(read)


def reanalyze_posts(*, brand_id: int, limit: int = 100, before_id: int | None = None, engine: Any = None) -> list[int]:
    """Renews the current analysis of up to `limit` posts that were read otherwise than today, the newest first.

    Returns the ids looked at, in falling order; give the last one as `before_id` for the next batch; [] is the end.
    Nothing else changes: no stage, no decision, no case. Corrections go on counting.
    """
    chosen = default_engine(engine)
    lens = lens_of(brand_id, chosen)
    posts = _posts_to_renew(brand_id, limit, before_id, lens)
    inferred = infer(chosen, posts, {brand_id: lens})
    versions = {post.post_id: post.version for post, _ in inferred.found}
    with transaction.atomic():
        unchanged = {
            post.pk
            for post in Post.objects.select_for_update(no_key=True).filter(pk__in=versions).order_by("pk")
            if post.deleted_at is None and post.version == versions[post.pk]
        }
        pairs = [pair for pair in inferred.found if pair[0].post_id in unchanged]
        log_changes(post_ids=store_analyses(pairs, {brand_id: lens}), kind="analyzed")
    return [post.post_id for post in posts]


def _posts_to_renew(brand_id: int, limit: int, before_id: int | None, lens: Lens) -> list[PendingPost]:
    posts = _outdated(brand_id, lens)
    if before_id is not None:
        posts = posts.filter(pk__lt=before_id)
    return [pending_post(post) for post in posts.select_related("brand").order_by("-pk")[:limit]]


def _outdated(brand_id: int, lens: Lens) -> QuerySet[Post]:
    read_otherwise = Analysis.objects.filter(post_id=OuterRef("pk"), is_current=True).exclude(
        model_version=lens.model_version, topic_set_version=lens.topic_set_version
    )
    return Post.objects.filter(Exists(read_otherwise), brand_id=brand_id, deleted_at__isnull=True, is_own=False)


def _one_at_a_time(brand_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"renewal:{brand_id}"])
