"""What this room stores of people: answers to them, which may quote them, and what was suggested."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from monitor.audit.privacy import forget_texts
from monitor.cases.models import CasePost
from monitor.erasure import Person
from monitor.inbox.changes import posts_gone_since
from monitor.inbox.models import PostChange
from monitor.inbox.services import apply_deletions
from monitor.platforms.base import IncomingDeletion
from monitor.replies.models import Effect, EffectState, Reply, ReplyState, SuggestedReply
from monitor.replies.states import try_to_move

COLUMNS: Final[dict[str, str]] = {
    "Article.code": "kept: a name that the brand gave",
    "Article.language": "kept: a language",
    "Article.topics": "kept: labels",
    "Article.situations": "kept: labels",
    "Article.audience": "kept: a label",
    "Article.title": "kept: the brand's own words",
    "Article.body": "kept: the brand's own words",
    "Article.short": "kept: the brand's own words",
    "SuggestedReply.language": "kept: a language",
    "SuggestedReply.text": "erased",
    "SuggestedReply.sources": "kept: codes of articles",
    "SuggestedReply.hand_off": "kept: a code",
    "SuggestedReply.guard": "erased",
    "SuggestedReply.engine": "kept: a version",
    "Reply.kind": "kept: a code",
    "Reply.state": "kept: a state",
    "Reply.text": "erased",
    "Reply.language": "kept: a language",
    "Reply.sent_by": "kept: person or automation",
    "Reply.guard": "erased",
    "Reply.override_reason": "erased",
    "Reply.error_code": "kept: a code",
    "Effect.kind": "kept: a code",
    "Effect.state": "kept: a state",
    "Effect.idempotency_key": "kept: a hash of our own id",
    "Effect.external_id": "erased",
    "Effect.error_code": "kept: a code",
}

#: Longer than any answer is on its way, and than any clock stands still.
LOOK_BACK: Final = timedelta(days=30)
#: What has not been sent to an erased person is not sent any more.
_UNSENT: Final = (ReplyState.DRAFT, ReplyState.SUBMITTED)


def erase_author(person: Person) -> dict[str, int]:
    """Empties answers and suggestions and ends what was not sent. Idempotent; the rows stay and keep counting."""
    return _erase(Q(case_id__in=person.case_ids) | Q(target_id__in=person.post_ids), person.post_ids, person.case_ids)


def erase_posts(post_ids: Sequence[int]) -> int:
    """For posts that their platform deleted. Returns the rows changed."""
    return sum(_erase(Q(target_id__in=post_ids) | Q(own_post_id__in=post_ids), post_ids, ()).values())


def erase_replies(reply_ids: Sequence[int]) -> int:
    """For answers that are gone, and of which there is no post. Returns the rows changed."""
    return sum(_erase(Q(pk__in=reply_ids), (), ()).values())


def sweep_retention(now: datetime) -> dict[str, int]:
    """What posts that are gone leave in this room: deleted on their platform, too old, or of an erased person.

    Of the last, answers that were on their way at the erasure: they are emptied here once their outcome is known.
    """
    since = now - LOOK_BACK
    gone = posts_gone_since(since)
    # Not what colleagues write later to somebody else in the same case.
    erased = CasePost.objects.filter(
        case_id=OuterRef("case_id"), post__deletion_reason="erased", post__deleted_at__gte=OuterRef("created_at")
    )
    # The cases that a gone post belongs to, first: else PostgreSQL looks at the posts of every case with a reply.
    touched = Q(case_id__in=CasePost.objects.filter(post_id__in=gone).values("case_id"))
    on_their_way = touched & Q(Exists(erased), created_at__gte=since)
    to_the_erased = Q(target_id__in=gone, target__deletion_reason="erased", created_at__gte=since)
    for some in (on_their_way, to_the_erased):
        _erase_own_posts(Reply.objects.filter(some, own_post__deleted_at=None))
    return _erase(Q(target_id__in=gone) | Q(own_post_id__in=gone) | on_their_way, gone, ())


def _erase_own_posts(replies: QuerySet[Reply]) -> None:
    """Our words to an erased person that were stored after the erasure; an echo does not bring them back."""
    for reply in replies.exclude(own_post=None).select_related("own_post"):
        assert reply.own_post is not None
        said = IncomingDeletion(reply.own_post.platform, reply.own_post.external_id, reason="erased")
        apply_deletions(brand_id=reply.brand_id, deletions=[said])


def _erase(ours: Q, post_ids: Sequence[int] | QuerySet[PostChange, Any], case_ids: Sequence[int]) -> dict[str, int]:
    replies = Reply.objects.filter(ours)
    stopped = 0
    for reply in replies.filter(state__in=[*_UNSENT, ReplyState.APPROVED]).select_related("effect"):
        stopped += _stop(reply)
    with_words = replies.exclude(text="", guard=[], override_reason="").exclude(
        state__in=[ReplyState.SENDING, ReplyState.UNCONFIRMED]
    )
    ids = list(with_words.values_list("pk", flat=True))
    emptied = Reply.objects.filter(pk__in=ids).update(text="", guard=[], override_reason="")
    # What was to be done to a post that is gone is not done any more; what was done is a kind and a time.
    needless = Effect.objects.filter(post_id__in=post_ids, state=EffectState.PENDING)
    stopped_on_posts = needless.update(state=EffectState.FAILED, error_code="deleted", done_at=Now())
    suggestions = SuggestedReply.objects.filter(Q(post_id__in=post_ids) | Q(case_id__in=case_ids))
    return {
        "replies_stopped": stopped,
        "replies": emptied,
        "audit texts": forget_texts(subject_kind="reply", subject_ids=ids),
        "suggestions": suggestions.exclude(text="", guard=[]).update(text="", guard=[]),
        "effects": _forget_ids(replies) + stopped_on_posts,
    }


def _stop(reply: Reply) -> int:
    effect = getattr(reply, "effect", None)
    if effect is not None and not try_to_move(effect, "effect", "failed", only_from=frozenset({"pending"})):
        return 0  # on its way: its outcome ends it, and the next sweep empties it
    return int(try_to_move(reply, "reply", ReplyState.DECLINED))


def _forget_ids(replies: QuerySet[Reply]) -> int:
    """The platform's ids of our answers lead to the person."""
    ended = Effect.objects.filter(reply__in=replies, state__in=[EffectState.DONE, EffectState.FAILED])
    return ended.exclude(external_id="").update(external_id="")
