"""What the page of all posts shows: every post that was stored, how it was read, and why it has a case or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from monitor.analysis.models import Analysis, Correction
from monitor.analysis.selectors import Reading, current_readings, to_word
from monitor.brands.models import Brand
from monitor.cases.models import CasePost
from monitor.console.discretion import readable_posts
from monitor.inbox.models import Post, Stage
from monitor.inbox.selectors import posts_told
from monitor.triage.models import TriageDecision
from monitor.triage.selectors import put_aside_decisions

PAGE_SIZE: Final = 50
OF_ANALYSIS: Final = ("topic", "language", "intent", "sentiment")


@dataclass(frozen=True, slots=True)
class PostFilters:
    """Which posts are asked for. Unknown values in an address find nothing or are dropped, never an error."""

    kind: str = ""  # cased, uncased, own, put_aside, spam
    complaint: bool = False
    platform: str = ""
    market: str = ""
    told: str = ""
    of_analysis: tuple[tuple[str, str], ...] = ()
    since: date | None = None
    until: date | None = None
    words: tuple[str, ...] = ()

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "PostFilters":
        return cls(
            kind=query.get("kind", ""),
            complaint=query.get("complaint") == "yes",
            platform=query.get("platform", "")[:24],
            market=query.get("market", "")[:16],
            told=query.get("told", "")[:16],
            of_analysis=tuple((name, query[name][:48]) for name in OF_ANALYSIS if query.get(name)),
            since=_day(query.get("since", "")),
            until=_day(query.get("until", "")),
            words=tuple(query.get("q", "").split()[:8]),
        )

    def value(self, name: str) -> str:
        return dict(self.of_analysis).get(name, "")


@dataclass(frozen=True, slots=True)
class PostLine:
    """A post with its reading, the decision on it, and the reference of its case ("" where it has none)."""

    post: Post
    reading: Reading | None
    decision: TriageDecision | None
    case_reference: str


@dataclass(frozen=True, slots=True)
class PostPage:
    lines: list[PostLine]
    after: str


def posts_page(brand: Brand, user: Any, filters: PostFilters, after: str = "") -> PostPage:
    """The newest first: pages by id, because ids follow the order in which posts came to us."""
    posts = readable_posts(_matching(brand, filters), user, brand).select_related("author", "market").order_by("-id")
    if after.isdecimal():
        posts = posts.filter(pk__lt=int(after[:18]))
    rows = list(posts[: PAGE_SIZE + 1])
    more = str(rows[PAGE_SIZE - 1].pk) if len(rows) > PAGE_SIZE else ""
    return PostPage(lines_of(rows[:PAGE_SIZE]), more)


def lines_of(posts: Sequence[Post]) -> list[PostLine]:
    ids = [post.pk for post in posts]
    readings = current_readings(ids)
    decisions = {row.post_id: row for row in TriageDecision.objects.filter(post_id__in=ids, is_current=True)}
    references = dict(CasePost.objects.filter(post_id__in=ids).values_list("post_id", "case__reference"))
    return [
        PostLine(post, readings.get(post.pk), decisions.get(post.pk), references.get(post.pk, "")) for post in posts
    ]


def _matching(brand: Brand, filters: PostFilters) -> QuerySet[Post]:
    posts = posts_told(Post.objects.filter(brand=brand).filter(_kind(filters.kind)), filters.told)
    if filters.platform:
        posts = posts.filter(platform=filters.platform)
    if filters.market:
        of_market = Q(market=None) if filters.market == "unknown" else Q(market__code=filters.market)
        posts = posts.filter(of_market)
    wanted: list[tuple[str, Any, str]] = [(name, value, value) for name, value in filters.of_analysis]
    wanted += [("complaint", True, to_word(True))] if filters.complaint else []
    for name, value, word in wanted:
        posts = posts.filter(_reads(name, value, word))
    for word in filters.words:
        name = word.removeprefix("@")
        posts = posts.filter(
            Q(text__icontains=word) | Q(author__handle__icontains=name) | Q(author__name__icontains=name)
        )
    if filters.since:
        posts = posts.filter(created_at__gte=_start(filters.since))
    if filters.until:
        posts = posts.filter(created_at__lt=_start(filters.until, days=1))
    return posts


def _reads(name: str, value: Any, word: str) -> Q:
    """A person's verdict goes before the model's, here as in every number."""
    verdicts = Correction.objects.filter(post=OuterRef("pk"), field=name, is_current=True)
    said = Analysis.objects.filter(post=OuterRef("pk"), is_current=True, **{name: value})
    return Q(Exists(verdicts.filter(value=word))) | (~Q(Exists(verdicts)) & Q(Exists(said)))


def _kind(kind: str) -> Q:
    has_case = Q(Exists(CasePost.objects.filter(post=OuterRef("pk"))))
    return {
        "cased": has_case,
        "uncased": ~has_case & Q(is_own=False),
        "own": Q(is_own=True),
        "put_aside": Q(stage=Stage.QUARANTINED),
        "spam": Q(Exists(put_aside_decisions().filter(post=OuterRef("pk")))),
    }.get(kind, Q())


def _day(words: str) -> date | None:
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None


def _start(day: date, days: int = 0) -> datetime:
    try:
        return timezone.make_aware(datetime.combine(date.fromordinal(day.toordinal() + days), time()))
    except (ValueError, OverflowError):
        return timezone.now()
