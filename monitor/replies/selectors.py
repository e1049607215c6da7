"""Reads of this room: what waits for a suggestion, which ways are open, what is on its way."""

from datetime import datetime

from django.db.models import Count, QuerySet

from monitor.cases.selectors import cases_to_suggest_for
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


def outbox_counts() -> dict[str, int]:
    """Effects that are not at their end, by state; states in which there is none are there too."""
    waiting = (EffectState.PENDING, EffectState.SENDING, EffectState.UNCONFIRMED)
    counts = dict.fromkeys([state.value for state in waiting], 0)
    return counts | dict(Effect.objects.filter(state__in=waiting).values_list("state").annotate(Count("pk")))
