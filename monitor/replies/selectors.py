"""Reads of this room: what waits for a suggestion, which ways are open, what is on its way."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat, Now

from monitor.analysis.models import Analysis, Correction
from monitor.cases.models import Case, CasePost, CaseState
from monitor.inbox.models import Post
from monitor.replies import gathering
from monitor.replies.eligibility import Eligibility, ways
from monitor.replies.models import Effect, EffectState, Reply, ReplyState, SuggestedReply
from monitor.replies.phrasebook import VERSION

#: A correction leads to a fresh suggestion within seconds; this long it is looked for.
CORRECTED_LATELY: Final = timedelta(days=7)
_ACTIVE: Final = (CaseState.NEW, CaseState.OPEN)
_FOR_NEWEST: Final = Q(case_id=OuterRef("pk"), post_id=OuterRef("newest"), post_version=OuterRef("newest_version"))
_THIS_VERSION: Final = Q(engine=VERSION) | Q(engine__startswith=f"{VERSION}+")


def cases_without_suggestion(*, limit: int = 100) -> list[int]:
    """Active cases whose newest question was analysed and has no suggestion yet, the oldest first; before them those
    whose newest question a reviewer has since read differently: somebody is looking at them."""
    corrected = _cases_read_differently(limit)
    suggested = SuggestedReply.objects.filter(_FOR_NEWEST, _THIS_VERSION)
    analyzed = Analysis.objects.filter(post_id=OuterRef("newest"), is_current=True)
    there = Post.objects.filter(pk=OuterRef("newest"), deleted_at=None)
    waiting = _with_newest(Case.objects.filter(state__in=_ACTIVE)).filter(~Exists(suggested), Exists(analyzed))
    rest = limit - len(corrected)
    return corrected + list(waiting.filter(Exists(there)).order_by("pk").values_list("pk", flat=True)[:rest])


def _cases_read_differently(limit: int) -> list[int]:
    """Begins with the few posts that were corrected lately."""
    corrections = Correction.objects.filter(is_current=True, corrected_at__gte=Now() - CORRECTED_LATELY)
    cases = Case.objects.filter(state__in=_ACTIVE, case_posts__post__in=corrections.values("post_id")).distinct()
    latest = Correction.objects.filter(post_id=OuterRef("newest"), is_current=True).order_by("-pk").values("pk")[:1]
    engine = Concat(Value(f"{VERSION}+"), Cast(Subquery(latest), CharField()), output_field=CharField())
    there = Post.objects.filter(pk=OuterRef("newest"), deleted_at=None)
    answered = replies_of_people().filter(target_id=OuterRef("newest"))
    stale = _with_newest(cases).annotate(latest=Subquery(latest), engine=engine).exclude(latest=None)
    suggested = SuggestedReply.objects.filter(_FOR_NEWEST, _THIS_VERSION)
    wanted = stale.filter(
        Exists(suggested), ~Exists(suggested.filter(engine=OuterRef("engine"))), ~Exists(answered), Exists(there)
    ).order_by("pk")
    return list(wanted.values_list("pk", flat=True)[:limit])


def _with_newest(cases: QuerySet[Case]) -> QuerySet[Case, Any]:
    """With `newest`, the post that the customer wrote last, and `newest_version`."""
    newest = CasePost.objects.filter(case_id=OuterRef("pk")).order_by("-post__created_at", "-post_id").values("post_id")
    version = Post.objects.filter(pk=OuterRef("newest")).values("version")
    return cases.annotate(newest=Subquery(newest[:1])).annotate(newest_version=Subquery(version))


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
