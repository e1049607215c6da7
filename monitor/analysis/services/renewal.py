"""Reading stored posts again with a newer model, a batch at a time and behind everything else."""

from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from monitor.analysis.models import Analysis
from monitor.analysis.services.inference import PendingPost, default_engine, infer
from monitor.analysis.services.pending import pending_post
from monitor.analysis.services.storing import store_analyses
from monitor.inbox.changes import log_changes
from monitor.inbox.models import Post
from monitor.nlp.labels import TOPIC_SET_VERSION


def reanalyze_posts(*, brand_id: int, limit: int = 100, before_id: int | None = None, engine: Any = None) -> list[int]:
    """Renews the current analysis of up to `limit` posts that an older model read, the newest first.

    Returns the ids looked at, in falling order; give the last one as `before_id` for the next batch; [] is the end.
    Nothing else changes: no stage, no decision, no case. Corrections go on counting.
    """
    chosen = default_engine(engine)
    posts = _posts_to_renew(brand_id, limit, before_id, chosen.version)
    inferred = infer(chosen, posts)
    versions = {post.post_id: post.version for post, _ in inferred.found}
    with transaction.atomic():
        unchanged = {
            post.pk
            for post in Post.objects.select_for_update(no_key=True).filter(pk__in=versions).order_by("pk")
            if post.deleted_at is None and post.version == versions[post.pk]
        }
        renewed = store_analyses([pair for pair in inferred.found if pair[0].post_id in unchanged], chosen.version)
        log_changes(post_ids=renewed, kind="analyzed")
    return [post.post_id for post in posts]


def _posts_to_renew(brand_id: int, limit: int, before_id: int | None, model_version: str) -> list[PendingPost]:
    outdated = Analysis.objects.filter(post_id=OuterRef("pk"), is_current=True).exclude(
        model_version=model_version, topic_set_version=TOPIC_SET_VERSION
    )
    posts = Post.objects.filter(Exists(outdated), brand_id=brand_id, deleted_at__isnull=True, is_own=False)
    if before_id is not None:
        posts = posts.filter(pk__lt=before_id)
    return [pending_post(post) for post in posts.select_related("brand").order_by("-pk")[:limit]]
