"""What the page of quality shows: the post to judge next, the numbers with their bounds, how far posts have moved."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from monitor.analysis.drift import BINS, LEAST_BEFORE, LEAST_NOW, OTHER, SHIFTED
from monitor.analysis.falls import FALLEN
from monitor.analysis.falls import MEASURES as FALLS
from monitor.analysis.models import Drift, SampledPost
from monitor.analysis.quality import LEAST_VERDICTS, Estimate, Quality, Stratum, measure, measure_by
from monitor.analysis.samples import Progress, drawn_lately, measured_of, next_draw, next_to_judge, progress
from monitor.brands.models import Brand
from monitor.console.labels import Label, language_name, platform_name
from monitor.nlp.language import UNKNOWN

MEASURES: Final[Mapping[str, Label]] = {
    "complaint_score": _("How much posts look like complaints"),
    "language": _("Languages"),
    "unknown_language": _("Posts in no known language"),
}
#: Movements of a language that are worth a line: at least so many hundredths of all posts.
LEAST_MOVEMENT: Final = 1
MOST_MOVEMENTS: Final = 4
#: From this share on it is told how many posts are of days and languages without a verdict.
LEAST_UNJUDGED: Final = 0.05
CHART_WIDTH, CHART_HEIGHT, CHART_BASE, CHART_TOP = 460, 150, 126, 16


@dataclass(frozen=True, slots=True)
class ShownSample:
    """`sampled` is None where nothing waits; `skipped`: something would, had it not been skipped."""

    sampled: SampledPost | None
    progress: Progress
    after: int | None
    skipped: bool
    next_draw: datetime  # the earliest moment

    @property
    def waiting(self) -> int:
        return self.progress.drawn - self.progress.judged


@dataclass(frozen=True, slots=True)
class ShownEstimate:
    """A share in hundredths, with its bounds; `lacks`: how many verdicts there are where there is no number."""

    estimate: Estimate | None
    lacks: int = 0

    @property
    def value(self) -> str:
        return percents(self.estimate.value) if self.estimate else ""

    @property
    def bounds(self) -> str:
        return f"{percents(self.estimate.low)}–{percents(self.estimate.high)}" if self.estimate else ""

    @property
    def bar(self) -> tuple[float, float, float]:
        """Left end, width and mark of the drawn interval, on a scale of a hundred."""
        assert self.estimate is not None
        low, high = 100 * self.estimate.low, 100 * self.estimate.high
        mark = min(max(100 * self.estimate.value - 0.6, 0), 98.8)
        return round(low, 1), round(max(high - low, 0.8), 1), round(mark, 1)


@dataclass(frozen=True, slots=True)
class ShownQuality:
    code: str
    name: str
    population: int
    verdicts: int
    precision: ShownEstimate
    recall: ShownEstimate
    miss_rate: ShownEstimate
    aside_rate: ShownEstimate


@dataclass(frozen=True, slots=True)
class ShownFall:
    """Bounds of a share in hundredths, in the four weeks before and in the last two."""

    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bin of the scores: places of its two bars, and what is said of it."""

    x: float
    now_x: float
    before_y: float
    now_y: float
    before_height: float
    now_height: float
    name: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class ShownDrift:
    """One measure. `state`: steady, moved, few. `movements`: (part, share before, share now), the largest first."""

    name: Label
    day: date
    state: str
    index: str
    before_count: int
    now_count: int
    bars: tuple[Bar, ...] = ()
    movements: tuple[tuple[str, str, str], ...] = ()


def shown_sample(brand: Brand, *, after: int | None = None, chosen: int | None = None) -> ShownSample:
    """`after`: skipped up to there. `chosen`: one that is to be judged again."""
    again = drawn_lately(brand.pk).filter(pk=chosen).select_related("post__author").first() if chosen else None
    sampled = again or next_to_judge(brand.pk, after=after)
    counts = progress(brand.pk)
    is_skipped = sampled is None and counts.judged < counts.drawn
    return ShownSample(sampled, counts, after, is_skipped, next_draw())


def shown_numbers(brand: Brand) -> dict[str, Any]:
    """Over all posts, and by language and platform."""
    measured = measured_of(brand.pk)
    strata = measured.strata
    whole = measure(strata)
    return {
        "overall": _shown("", whole),
        "unjudged": _unjudged(whole),
        "by_language": _table(strata, "language", _part_name),
        "by_platform": _table(strata, "platform", platform_name),
        "least": LEAST_VERDICTS,
        "former_verdicts": measured.former_verdicts,
    }


def shown_drift(brand: Brand) -> dict[str, Any]:
    """The newest look at each measure (none before the first), and from where on something is said."""
    return {
        "drift": [_shown_drift(row) for row in _newest(brand, MEASURES)],
        "least_now": LEAST_NOW,
        "least_before": LEAST_BEFORE,
        "shifted": f"{SHIFTED:.2f}",
    }


def shown_falls(brand: Brand) -> dict[str, ShownFall]:
    """What has fallen, by measure, at the newest look."""
    rows = [row for row in _newest(brand, FALLS) if row.index is not None and row.index > FALLEN]
    return {row.measure: ShownFall(*(_bounds(row, place) for place in (1, 2))) for row in rows}


def _newest(brand: Brand, measures: Iterable[str]) -> QuerySet[Drift]:
    rows = Drift.objects.filter(brand=brand, measure__in=list(measures))
    return rows.order_by("measure", "-day").distinct("measure")


def _bounds(row: Drift, place: int) -> str:
    shares = {part[0]: part[place] for part in row.parts}
    return f"{percents(shares['low'])}–{percents(shares['high'])}"


def _unjudged(whole: Quality) -> str:
    """Hundredths of the posts that only verdicts on others speak for; "" where they are few."""
    share = whole.unjudged_posts / max(1, whole.posts)
    return percents(share) if whole.verdicts and share >= LEAST_UNJUDGED else ""


def percents(share: float) -> str:
    """Hundredths, with a decimal where rounding would say all, none, or more than is known."""
    hundredths = 100 * share
    is_near_an_end = 0 < hundredths < 1 or 99 < hundredths < 100
    said = f"{hundredths:.1f}" if is_near_an_end else f"{hundredths:.0f}"
    return {"0.0": "<0.1", "100.0": ">99.9"}.get(said, said)


def _table(strata: Sequence[Stratum], name: str, name_of: Callable[[str], str]) -> list[ShownQuality]:
    found: Mapping[str, Quality] = measure_by(strata, lambda one: str(getattr(one, name)))
    return [_shown(value, quality, name_of) for value, quality in found.items()]


def _shown(code: str, quality: Quality, name_of: Callable[[str], str] = str) -> ShownQuality:
    fewest = min(quality.judged_said, quality.judged_unsaid)
    return ShownQuality(
        code=code,
        name=name_of(code),
        population=quality.posts,
        verdicts=quality.verdicts,
        precision=ShownEstimate(quality.precision, quality.judged_said),
        recall=ShownEstimate(quality.recall, fewest),
        miss_rate=ShownEstimate(quality.miss_rate, quality.judged_unsaid),
        aside_rate=ShownEstimate(quality.aside_rate, quality.judged_aside),
    )


def _shown_drift(row: Drift) -> ShownDrift:
    state = "few" if row.index is None else "moved" if row.index > SHIFTED else "steady"
    is_scores = row.measure == "complaint_score"
    shares = [
        (str(name), before / max(1, row.before_count), now / max(1, row.now_count)) for name, before, now in row.parts
    ]
    return ShownDrift(
        name=MEASURES[row.measure],
        day=row.day,
        state=state,
        index="" if row.index is None else f"{row.index:.2f}",
        before_count=row.before_count,
        now_count=row.now_count,
        bars=_bars(shares) if is_scores and row.index is not None else (),
        movements=() if is_scores or row.index is None else _movements(row.measure, shares),
    )


def _bars(shares: Sequence[tuple[str, float, float]]) -> tuple[Bar, ...]:
    top = max(max(before, now) for _name, before, now in shares) or 1
    step = CHART_WIDTH / BINS
    room = CHART_BASE - CHART_TOP
    return tuple(
        Bar(
            x=round(step * place + step * 0.14, 1),
            now_x=round(step * place + step * 0.5, 1),
            before_y=round(CHART_BASE - room * before / top, 1),
            now_y=round(CHART_BASE - room * now / top, 1),
            before_height=round(room * before / top, 1),
            now_height=round(room * now / top, 1),
            name=f"0.{place}–{'1' if place == BINS - 1 else f'0.{place + 1}'}",
            before=percents(before),
            now=percents(now),
        )
        for place, (_name, before, now) in enumerate(shares)
    )


def _movements(measure: str, shares: Sequence[tuple[str, float, float]]) -> tuple[tuple[str, str, str], ...]:
    if measure == "unknown_language":
        shares = shares[:1]
    moved = sorted(shares, key=lambda part: -abs(part[2] - part[1]))
    least = 0 if measure == "unknown_language" else LEAST_MOVEMENT
    shown = [part for part in moved if 100 * abs(part[2] - part[1]) >= least][:MOST_MOVEMENTS]
    return tuple((_part_name(name), percents(before), percents(now)) for name, before, now in shown)


def _part_name(code: str) -> str:
    own = {OTHER: gettext("Other languages"), UNKNOWN: gettext("In no known language")}
    return own.get(code) or language_name(code)
