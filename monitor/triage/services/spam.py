"""A person's verdict that a post is neither spam nor a mere advertisement: what it is for is corrected, and it goes the
usual way again."""

from django.db import transaction

from monitor.analysis.services import correct
from monitor.brands.models import User
from monitor.inbox.models import Post, Stage
from monitor.inbox.services.stages import advance_posts
from monitor.queue import enqueue
from monitor.triage.selectors import put_aside_decisions


class NotSpamError(ValueError):
    """The post is not, or no longer, put aside as spam or advertising."""


def mark_not_spam(*, user: User, post: Post, intent: str) -> None:
    """`intent` is what the post is for (see `nlp.labels.INTENTS`). It is decided on anew and may open a case.

    Raises NotSpamError, CorrectionError (also for a deleted post, which has no words to judge), PermissionDenied.
    """
    with transaction.atomic():
        # The post first, as in `correct`: of two who click, the second one finds it done.
        Post.objects.select_for_update(no_key=True).get(pk=post.pk)
        if not put_aside_decisions().filter(post=post).exists():
            raise NotSpamError
        correct(user=user, post=post, field="intent", value=intent, confirms=True)
        if not advance_posts(post_ids=[post.pk], from_stage=Stage.TRIAGED, to_stage=Stage.ANALYZED):
            raise NotSpamError
        enqueue("workers.pipeline.advance", [post.pk], queue="analyze")
