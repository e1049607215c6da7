"""What the queue shows: filters read from the address, pages by key, counts, and what changed since a moment."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from monitor.brands.models import Brand
from monitor.cases.models import Case, CasePost, CaseState
from monitor.replies.models import Reply, SuggestedReply

PAGE_SIZE: Final = 50
#: Counting stops here: "999+" tells as much as a larger number, and costs nothing.
COUNT_LIMIT: Final = 1000
ACTIVE: Final = (CaseState.NEW, CaseState.OPEN)
DONE: Final = (CaseState.RESOLVED, CaseState.CLOSED)
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
    words: tuple[str, ...] = ()

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Filters":
        tab = query.get("tab", "active")
        return cls(
            tab=tab if tab in TABS else "active",
            topic=query.get("topic", "")[:48],
            platform=query.get("platform", "")[:24],
            language=query.get("language", "")[:16],
            words=tuple(query.get("q", "").replace("\0", "").split()[:8]),
        )

    @property
    def is_by_rank(self) -> bool:
        """What waits is ordered by urgency; what is done, by when it changed."""
        return self.tab not in ("done", "all")


@dataclass(frozen=True, slots=True)
class Page:
    cases: list[Case]
    after: str  # the key of the next page; "" on the last one


@dataclass(frozen=True, slots=True)
class Counts:
    tabs: dict[str, int]
    topics: list[tuple[str, int]] = field(default_factory=list)
    platforms: list[tuple[str, int]] = field(default_factory=list)
    languages: list[tuple[str, int]] = field(default_factory=list)


def queue_page(brand: Brand, user: Any, filters: Filters, after: str = "") -> Page:
    """One page of cases, the most urgent first."""
    cases = _matching(brand, user, filters)
    cases = cases.order_by("queue_rank", "last_inbound_at", "id") if filters.is_by_rank else cases.order_by("-id")
    cases = cases.filter(_behind(after, filters.is_by_rank)) if after else cases
    rows = list(_dressed(cases)[: PAGE_SIZE + 1])
    return Page(rows[:PAGE_SIZE], _key(rows[PAGE_SIZE - 1], filters.is_by_rank) if len(rows) > PAGE_SIZE else "")


def queue_counts(brand: Brand, user: Any) -> Counts:
    """How many cases each tab holds (up to COUNT_LIMIT), and what the open ones are about."""
    tabs = {
        tab: _matching(brand, user, Filters(tab=tab)).order_by()[:COUNT_LIMIT].count()
        for tab in ("active", "flagged", "mine", "waiting", "snoozed")
    }
    topics: Counter[str] = Counter()
    platforms: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    open_cases = Case.objects.filter(brand=brand, state__in=ACTIVE).order_by()
    for topic, platform, language in open_cases.values_list("topic", "platform", "language")[: COUNT_LIMIT * 20]:
        topics[topic] += 1
        platforms[platform] += 1
        languages[language] += 1
    return Counts(tabs, topics.most_common(), platforms.most_common(), languages.most_common())


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


def matches(case: Case, user: Any, filters: Filters) -> bool:
    """Whether a case that changed belongs into the list that is on somebody's screen."""
    return _matching(case.brand, user, filters).filter(pk=case.pk).exists()


def matching_ids(brand: Brand, user: Any, filters: Filters, cases: Sequence[Case]) -> set[int]:
    """Which of these belong into the list that is on somebody's screen."""
    ids = [case.pk for case in cases]
    return set(_matching(brand, user, filters).filter(pk__in=ids).values_list("pk", flat=True))


def _matching(brand: Brand, user: Any, filters: Filters) -> QuerySet[Case]:
    cases = Case.objects.filter(brand=brand, merged_into=None).filter(_tab(filters.tab, user))
    for name in ("topic", "platform", "language"):
        if value := getattr(filters, name):
            cases = cases.filter(**{name: value})
    for word in filters.words:
        said = CasePost.objects.filter(case=OuterRef("pk"), post__text__icontains=word)
        by = Q(author__handle__icontains=word.removeprefix("@")) | Q(author__name__icontains=word)
        cases = cases.filter(Q(reference__iexact=word) | by | Exists(said))
    return cases


def _tab(tab: str, user: Any) -> Q:
    now = timezone.now()
    awake = Q(snoozed_until=None) | Q(snoozed_until__lte=now)
    active = Q(state__in=ACTIVE) & awake
    return {
        "active": active,
        "flagged": active & Q(is_flagged=True),
        "mine": Q(state__in=(*ACTIVE, CaseState.WAITING), assignee_id=user.pk),
        "waiting": Q(state=CaseState.WAITING),
        "snoozed": Q(state__in=ACTIVE, snoozed_until__gt=now),
        "done": Q(state__in=DONE),
        "all": Q(),
    }[tab]


def _dressed(cases: QuerySet[Case]) -> QuerySet[Case]:
    """With everything that a row shows, in the one query."""
    last_reply = Reply.objects.filter(case=OuterRef("pk"), is_acknowledgement=False).order_by("-created_at")
    return cases.select_related("author", "assignee", "deciding_post").annotate(
        has_suggestion=Exists(SuggestedReply.objects.filter(case=OuterRef("pk"))),
        reply_state=Subquery(last_reply.values("state")[:1]),
    )


def _key(case: Case, is_by_rank: bool) -> str:
    if not is_by_rank:
        return str(case.pk)
    moment = case.last_inbound_at.isoformat() if case.last_inbound_at else ""
    return f"{case.queue_rank}~{moment}~{case.pk}"


def _behind(after: str, is_by_rank: bool) -> Q:
    """The rows behind a key in the order of the queue; an undated case comes last among equals."""
    try:
        if not is_by_rank:
            return Q(pk__lt=int(after))
        rank, moment, pk = after.split("~")
        later = Q(last_inbound_at=None, pk__gt=int(pk))
        if moment:
            at = datetime.fromisoformat(moment)
            later = Q(last_inbound_at__gt=at) | Q(last_inbound_at=at, pk__gt=int(pk)) | Q(last_inbound_at=None)
        # The first condition alone lets the index start at the right place.
        return Q(queue_rank__gte=int(rank)) & (Q(queue_rank__gt=int(rank)) | later)
    except ValueError:
        return Q()


def _mark(times: Sequence[datetime]) -> str:
    """The newest change and how many lie within the overlap behind it."""
    newest = max(times)
    return f"{newest.timestamp():.6f}-{sum(1 for moment in times if moment > newest - OVERLAP)}"


def _moment(mark: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(mark.split("-")[0]), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return timezone.now()
