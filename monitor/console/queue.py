"""What the queue shows: filters read from the address, counts, and what changed since a moment.

Its order, its views and its pages by key are those of `cases.selectors`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import BooleanField, Count, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from monitor.brands.models import Brand
from monitor.cases.models import Case, CaseState
from monitor.cases.search import saying
from monitor.cases.selectors import CasePage, in_view, page_of
from monitor.console.discretion import reads_private
from monitor.console.told import cases_told
from monitor.inbox.selectors import TOLD
from monitor.replies.models import Reply, SuggestedReply

PAGE_SIZE: Final = 50
ACTIVE: Final = (CaseState.NEW, CaseState.OPEN)
TABS: Final = ("active", "flagged", "mine", "waiting", "snoozed", "done", "all")
#: A transaction may commit a little after the time that it wrote: the poll looks this far back again.
OVERLAP: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which cases are asked for. Unknown values in an address are dropped, never an error."""

    tab: str = "active"
    topic: str = ""
    platform: str = ""
    language: str = ""
    told: str = ""
    words: tuple[str, ...] = ()

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Filters":
        tab = query.get("tab", "active")
        return cls(
            tab=tab if tab in TABS else "active",
            topic=query.get("topic", "")[:48],
            platform=query.get("platform", "")[:24],
            language=query.get("language", "")[:16],
            told=query.get("told", "") if query.get("told") in TOLD else "",
            words=tuple(query.get("q", "").replace("\0", "").split()[:8]),
        )


@dataclass(frozen=True, slots=True)
class Counts:
    tabs: Mapping[str, int]
    topics: list[tuple[str, int]] = field(default_factory=list)
    platforms: list[tuple[str, int]] = field(default_factory=list)
    languages: list[tuple[str, int]] = field(default_factory=list)


def queue_page(brand: Brand, user: Any, filters: Filters, after: str = "") -> CasePage:
    """One page of cases in the order of the queue; nonsense for a key shows the first one."""
    cases = _dressed(_matching(brand, user, filters))
    try:
        return page_of(cases, view=filters.tab, cursor=after, page_size=PAGE_SIZE)
    except ValueError:
        return page_of(cases, view=filters.tab, page_size=PAGE_SIZE)


def queue_counts(brand: Brand, user: Any) -> Counts:
    """How many cases each tab holds and what the open ones are about, from one pass over what is not done."""
    asleep = ExpressionWrapper(Q(snoozed_until__gt=timezone.now()), BooleanField())
    mine = ExpressionWrapper(Q(assignee_id=user.pk), BooleanField())
    rows = (
        Case.objects.filter(brand=brand, merged_into=None, state__in=(*ACTIVE, CaseState.WAITING))
        .annotate(asleep=Coalesce(asleep, False), mine=Coalesce(mine, False))
        .values_list("state", "asleep", "mine", "is_flagged", "topic", "platform", "language")
        .annotate(cases=Count("id"))
    )
    tabs: Counter[str] = Counter({tab: 0 for tab in ("active", "flagged", "mine", "waiting", "snoozed")})
    topics: Counter[str] = Counter()
    platforms: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    for state, is_asleep, is_mine, is_flagged, topic, platform, language, number in rows:
        waits = state == CaseState.WAITING
        is_active = not waits and not is_asleep
        tabs["waiting" if waits else "snoozed" if is_asleep else "active"] += number
        tabs["flagged"] += number * (is_active and is_flagged)
        tabs["mine"] += number * is_mine
        for counter, value in ((topics, topic), (platforms, platform), (languages, language)):
            counter[value] += number * is_active
    return Counts(tabs, topics.most_common(), platforms.most_common(), languages.most_common())


def next_in_queue(case: Case) -> str:
    """The reference of the most urgent other case that nobody has taken; "" when all is done."""
    cases = Case.objects.filter(in_view("unassigned", None), brand_id=case.brand_id, merged_into=None).exclude(
        pk=case.pk
    )
    ordered = cases.order_by("queue_rank", "last_inbound_at", "id")
    return ordered.values_list("reference", flat=True).first() or ""


def changed_since(brand: Brand, mark: str) -> tuple[list[Case], str]:
    """Cases that changed after the mark of an earlier answer, and the new mark; an unchanged mark: nothing happened."""
    since = _moment(mark)
    rows = Case.objects.filter(brand=brand, changed_at__gt=since - OVERLAP).order_by("-changed_at", "-id")
    changed = list(_dressed(rows)[:PAGE_SIZE])
    return changed, _mark([case.changed_at for case in changed]) if changed else mark


def present_mark(brand: Brand) -> str:
    """Where the poll of a page that is rendered now begins."""
    newest = Case.objects.filter(brand=brand).order_by("-changed_at").values_list("changed_at", flat=True).first()
    if newest is None:
        return _mark([timezone.now()])
    times = Case.objects.filter(brand=brand, changed_at__gt=newest - OVERLAP).order_by("-changed_at", "-id")
    return _mark(list(times.values_list("changed_at", flat=True)[:PAGE_SIZE]))


def matching_ids(brand: Brand, user: Any, filters: Filters, cases: Sequence[Case]) -> set[int]:
    """Which of these belong into the list that is on somebody's screen."""
    ids = [case.pk for case in cases]
    return set(_matching(brand, user, filters).filter(pk__in=ids).values_list("pk", flat=True))


def _matching(brand: Brand, user: Any, filters: Filters) -> QuerySet[Case]:
    cases = Case.objects.filter(brand=brand, merged_into=None).filter(in_view(filters.tab, user))
    for name in ("topic", "platform", "language"):
        if value := getattr(filters, name):
            cases = cases.filter(**{name: value})
    if filters.told or filters.words:
        with_private = reads_private(user, brand)
        cases = cases_told(cases, brand, filters.told, with_private=with_private)
        cases = saying(cases, filters.words, with_private=with_private)
    return cases


def _dressed(cases: QuerySet[Case]) -> QuerySet[Case]:
    """With everything that a row shows, in the one query."""
    # Not EXISTS: PostgreSQL would rather read every suggestion there is once than look for fifty.
    suggestion = SuggestedReply.objects.filter(case=OuterRef("pk")).values("pk")[:1]
    last_reply = Reply.objects.filter(case=OuterRef("pk"), is_acknowledgement=False).order_by("-created_at")
    return cases.select_related("author", "assignee", "deciding_post").annotate(
        has_suggestion=Subquery(suggestion),
        reply_state=Subquery(last_reply.values("state")[:1]),
    )


def _mark(times: Sequence[datetime]) -> str:
    """The newest change and how many lie within the overlap behind it."""
    newest = max(times)
    return f"{newest.timestamp():.6f}-{sum(1 for moment in times if moment > newest - OVERLAP)}"


def _moment(mark: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(mark.split("-")[0]), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return timezone.now()
