"""Reads of this room: what waits for a suggestion, which ways are open, what is on its way."""

from datetime import datetime

from django.db.models import Count, QuerySet

from monitor.cases.models import CasePost
from monitor.cases.selectors import cases_to_suggest_for
from monitor.cases.states import ACTIVE
from monitor.inbox.models import Post
from monitor.replies import gathering
from monitor.replies.eligibility import Eligibility, ways
from monitor.replies.models import Effect, EffectState, Reply, ReplyState
from monitor.replies.phrasebook import VERSION


def cases_without_suggestion(*, limit: int = 100) -> list[int]:
    """Active cases whose newest question this phrasebook has not looked at: it is new, was edited or has been read
    differently by a reviewer, or an answer to it was given up."""
    return cases_to_suggest_for(VERSION, limit=limit)


def replies_of_people() -> QuerySet[Reply]:
    """Answers that somebody has at least begun to write and not given up."""
    return Reply.objects.filter(is_acknowledgement=False).exclude(state=ReplyState.DECLINED)


def ways_to_answer(post: Post, now: datetime | None = None) -> list[Eligibility]:
    """Every way in which this post can be answered, open or not, with the time that is left; the best one first."""
    channel = gathering.writing_channel(post)
    facts = gathering.eligibility_facts(post, channel, gathering.switches_of(post.brand_id))
    return ways(facts, gathering.declaration_of(post.platform), now or gathering.database_now())


#: States of answers that have not reached anybody yet.
_UNSAID = (ReplyState.DRAFT, ReplyState.SUBMITTED, ReplyState.APPROVED)


def posts_to_recheck(channel_id: int, after_id: int, limit: int) -> list[int]:
    """Posts of the channel in active cases, and those that an answer under way speaks to, by id."""
    asked = CasePost.objects.filter(case__state__in=ACTIVE, post__channel_id=channel_id, post__deleted_at=None)
    answered = Reply.objects.filter(state__in=_UNSAID, target__channel_id=channel_id, target__deleted_at=None)
    found = asked.filter(post_id__gt=after_id).values_list("post_id", flat=True).order_by("post_id")[:limit]
    more = answered.filter(target_id__gt=after_id).values_list("target_id", flat=True).order_by("target_id")[:limit]
    return sorted({*found, *more})[:limit]


def outbox_counts() -> dict[str, int]:
    """Effects that are not at their end, by state; states in which there is none are there too."""
    waiting = (EffectState.PENDING, EffectState.SENDING, EffectState.UNCONFIRMED)
    counts = dict.fromkeys([state.value for state in waiting], 0)
    return counts | dict(Effect.objects.filter(state__in=waiting).values_list("state").annotate(Count("pk")))
