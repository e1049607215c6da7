"""Posts that wait for their first reading: read, infer outside any transaction, store and move on in one."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.db import transaction

from monitor.analysis.services.inference import Engine, PendingPost, default_engine, infer
from monitor.analysis.services.lenses import EngineFailedError, hold_lenses, lenses_of
from monitor.analysis.services.storing import store_analyses
from monitor.brands.selectors import order_patterns
from monitor.inbox.models import Post, Stage
from monitor.inbox.services.placing import place_by_language
from monitor.inbox.services.stages import advance_posts, release_posts


def analyze_posts(*, post_ids: Sequence[int], engine: Any | None = None) -> list[int]:
    """Analyses claimed posts and moves them on; returns the ids that moved.

    A post that is ours, deleted or erased moves on unread. A post that was edited meanwhile stays: its new text waits.
    Raises EngineFailedError when the model is broken: the posts are given back and lose no try.
    """
    waiting = list(
        Post.objects.filter(pk__in=post_ids, stage=Stage.RECEIVED)
        .select_related("brand")
        .only(
            "version", "brand_id", "platform", "text", "language_hint", "is_own", "deleted_at", "brand__order_patterns"
        )
    )
    readable = [pending_post(post) for post in waiting if not post.is_own and post.deleted_at is None]
    unread = {post.pk: post.version for post in waiting if post.is_own or post.deleted_at is not None}
    moved = _move_unread(unread)
    if readable:
        moved += _analyze(readable, default_engine(engine))
    return sorted(moved)


def _analyze(posts: Sequence[PendingPost], engine: Engine) -> list[int]:
    try:
        lenses = lenses_of({post.brand_id for post in posts}, engine)
        inferred = infer(engine, posts, lenses)
    except EngineFailedError as error:
        release_posts(
            post_ids=[post.post_id for post in posts], error_code=f"engine.failed:{error}", counts_as_try=False
        )
        raise
    for error_name, group in groupby(sorted(inferred.failed, key=lambda pair: pair[1]), key=lambda pair: pair[1]):
        release_posts(post_ids=[post.post_id for post, _ in group], error_code=f"analysis.failed:{error_name}")
    with transaction.atomic():
        held = hold_lenses(lenses, engine)
        found = [pair for pair in inferred.found if pair[0].brand_id in held]
        versions = {post.post_id: post.version for post, _ in found}
        moved = advance_posts(
            post_ids=list(versions), from_stage=Stage.RECEIVED, to_stage=Stage.ANALYZED, versions=versions
        )
        # The rows are ours until the commit. A post that was deleted while the model read it keeps its silence.
        alive = set(Post.objects.filter(pk__in=moved, deleted_at__isnull=True).values_list("pk", flat=True))
        read = [pair for pair in found if pair[0].post_id in alive]
        store_analyses(read, lenses)
        place_by_language({post.post_id: analysis.language for post, analysis in read})
    # What the brand has learned or its topics changed while these were read: they are read as is right now.
    if stale := [post.post_id for post, _ in inferred.found if post.brand_id not in held]:
        release_posts(post_ids=stale, error_code="analysis.lens_changed", counts_as_try=False)
    return moved


def _move_unread(versions: dict[int, int]) -> list[int]:
    with transaction.atomic():
        return advance_posts(
            post_ids=list(versions), from_stage=Stage.RECEIVED, to_stage=Stage.ANALYZED, versions=versions
        )


def pending_post(post: Post) -> PendingPost:
    return PendingPost(
        post_id=post.pk,
        version=post.version,
        brand_id=post.brand_id,
        text=post.text,
        language_hint=post.language_hint,
        order_patterns=order_patterns(post.brand),
        platform=post.platform,
    )
