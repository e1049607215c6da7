"""Reads of this room: what waits for a suggestion, which ways are open, what people must look at."""

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from monitor.analysis.models import Analysis
from monitor.brands.models import Brand, User
from monitor.brands.rights import brands_of
from monitor.cases.models import Case, CasePost, CaseState
from monitor.inbox.models import Post
from monitor.replies import gathering
from monitor.replies.eligibility import Eligibility, ways
from monitor.replies.models import Effect, EffectState, Reply, ReplyState, SuggestedReply
from monitor.replies.phrasebook import VERSION

#: Replies that only a person can bring to an end.
ATTENTION = (ReplyState.FAILED, ReplyState.NATIVE_TASK, ReplyState.UNCONFIRMED)


def cases_without_suggestion(*, limit: int = 100) -> list[int]:
    """Active cases whose newest question was analysed and has no suggestion yet, the oldest first."""
    newest = CasePost.objects.filter(case_id=OuterRef("pk")).order_by("-post__created_at", "-post_id").values("post_id")
    cases = Case.objects.filter(state__in=[CaseState.NEW, CaseState.OPEN]).annotate(newest=Subquery(newest[:1]))
    suggested = SuggestedReply.objects.filter(
        case_id=OuterRef("pk"), post_id=OuterRef("newest"), post_version=OuterRef("newest_version"), engine=VERSION
    )
    analyzed = Analysis.objects.filter(post_id=OuterRef("newest"), is_current=True)
    there = Post.objects.filter(pk=OuterRef("newest"), deleted_at=None)
    waiting = (
        cases.annotate(newest_version=Subquery(Post.objects.filter(pk=OuterRef("newest")).values("version")))
        .filter(~Exists(suggested), Exists(analyzed), Exists(there))
        .order_by("pk")
    )
    return list(waiting.values_list("pk", flat=True)[:limit])


def ways_to_answer(post: Post, now: datetime | None = None) -> list[Eligibility]:
    """Every way in which this post can be answered, open or not, with the time that is left; the best one first."""
    channel = gathering.writing_channel(post)
    facts = gathering.eligibility_facts(post, channel, gathering.switches_of(post.brand_id))
    return ways(facts, gathering.declaration_of(post.platform), now or gathering.database_now())


def replies_needing_people(user: User, brand: Brand | None = None) -> QuerySet[Reply]:
    """Failed, uncertain, or to be said in the platform's own app: of the brands that the user may see."""
    replies = Reply.objects.filter(brand__in=brands_of(user), state__in=ATTENTION, is_acknowledgement=False)
    if brand is not None:
        replies = replies.filter(brand=brand)
    return replies.select_related("case", "target", "channel").order_by("created_at")


def outbox_counts() -> dict[str, int]:
    """Effects by state that are not at their end, for the metrics."""
    waiting = (EffectState.PENDING, EffectState.SENDING, EffectState.UNCONFIRMED)
    states = Effect.objects.filter(state__in=waiting).values_list("state", flat=True)
    counts = dict.fromkeys([str(state) for state in waiting], 0)
    for state in states.iterator():
        counts[state] += 1
    return counts
