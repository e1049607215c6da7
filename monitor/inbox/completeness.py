"""Reads of the ledger: what came by which way, day by day; what push missed; what reading history again would cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from monitor.brands.models import Channel
from monitor.inbox.models import ChannelGap, ChannelHour, Rereading
from monitor.inbox.services.rereading import can_read_back
from monitor.platforms.registry import get_platform, platform_codes

DAYS = 14


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums of the ledger's counters (`models.ChannelHour`)."""

    pushed: int = 0
    found: int = 0
    overtaken: int = 0
    confirmed: int = 0
    slow: int = 0
    duplicates: int = 0

    @property
    def total(self) -> int:
        return self.pushed + self.found

    @property
    def missed(self) -> int:
        """Found by reading and never pushed."""
        return max(0, self.found - self.overtaken)

    @property
    def late(self) -> int:
        return self.overtaken + self.slow

    @property
    def read(self) -> int:
        """All that reading has seen, which is what push is measured by."""
        return self.found + self.confirmed

    @property
    def push_share(self) -> float | None:
        """How much of what reading found push brought as well; None where reading found nothing."""
        return min(1.0, (self.confirmed + self.overtaken) / self.read) if self.read else None

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def counts_by_day(channel: Channel, *, days: int = DAYS, today: date | None = None) -> dict[date, Counts]:
    """Every one of the last days, the oldest first; days are those of UTC."""
    last = today or timezone.now().date()
    counted = {last - timedelta(days=back): Counts() for back in range(days - 1, -1, -1)}
    for row in _sums(channel, days, last).annotate(day=TruncDate("hour", tzinfo=UTC)).values("day", *_SUMS).order_by():
        if row["day"] in counted:
            counted[row["day"]] += Counts(*(row[name] for name in _SUMS))
    return counted


def counts_by_stream(channel: Channel, *, days: int = DAYS, today: date | None = None) -> dict[str, Counts]:
    """The sums of each stream, and of what was pushed ("webhook"), over the same days."""
    counted: dict[str, Counts] = {}
    for row in _sums(channel, days, today or timezone.now().date()).values("stream", *_SUMS).order_by("stream"):
        counted[row["stream"]] = counted.get(row["stream"], Counts()) + Counts(*(row[name] for name in _SUMS))
    return counted


def pushed_lately(channels: Sequence[Channel], *, days: int = DAYS) -> dict[int, int]:
    """Channel id → how many posts were pushed before reading found them; channels without any are left out."""
    since = timezone.now() - timedelta(days=days)
    hours = ChannelHour.objects.filter(channel__in=channels, stream="webhook", hour__gte=since)
    sums = hours.values("channel_id").annotate(posts=Sum("pushed")).filter(posts__gt=0).order_by()
    return {row["channel_id"]: row["posts"] for row in sums}


_SUMS = tuple(each.name for each in fields(Counts))


def _sums(channel: Channel, days: int, last: date) -> QuerySet[ChannelHour]:
    since = datetime.combine(last - timedelta(days=days - 1), time(), UTC)
    return ChannelHour.objects.filter(channel=channel, hour__gte=since)


@dataclass(frozen=True, slots=True)
class Depth:
    """Reading back so many days (None: as far as the platform goes). `micros` is what it is likely to cost; None where
    it costs, and the channel is too new to say how much."""

    days: int | None
    posts: int | None
    micros: int | None


def depths(channel: Channel) -> list[Depth]:
    """What can be chosen, with its price by the platform's list and the channel's own rate; [] where nothing can."""
    if not can_read_back(channel):
        return []
    rates = _posts_a_day(channel)
    return [_depth(channel, days, rates) for days in (7, 30, None)]


def _posts_a_day(channel: Channel) -> Mapping[str, float]:
    """From the last two weeks; {} where there is less than a day to go by."""
    known = min((timezone.now() - channel.created_at) / timedelta(days=1), DAYS)
    if known < 1:
        return {}
    return {stream: counts.total / known for stream, counts in counts_by_stream(channel).items()}


def _depth(channel: Channel, days: int | None, rates: Mapping[str, float]) -> Depth:
    declaration = get_platform(channel.platform).declaration
    posts = micros = 0.0
    pushed = rates.get("webhook", 0.0)
    names = [stream.name for stream in channel.streams.all()]
    for name in names:
        reach = declaration.reach_days(name)
        span = reach if days is None else min(days, reach)
        # What is pushed belongs to some stream; to which, the ledger does not say.
        many = (rates.get(name, 0.0) + pushed / len(names)) * span
        many = min(many, declaration.backfill_posts.get(name, many))
        posts += many
        micros += many * declaration.read_prices.get(name, 0)
    if not declaration.read_prices:
        return Depth(days, round(posts) if rates else None, 0)
    return Depth(days, round(posts) if rates else None, round(micros) if rates else None)


@dataclass(frozen=True, slots=True)
class ShownGap:
    """A gap, and whether the platform would still tell it: `why_not` is a code, "" where it can be read again."""

    gap: ChannelGap
    why_not: str


def gaps_with_ways(channel: Channel, *, most: int = 50) -> list[ShownGap]:
    gaps = ChannelGap.objects.filter(stream__channel=channel).select_related("stream").order_by("-recorded_at")
    return [ShownGap(gap, _why_not(channel, gap)) for gap in gaps[:most]]


def _why_not(channel: Channel, gap: ChannelGap) -> str:
    if not can_read_back(channel):
        return "no_history"
    reach = get_platform(channel.platform).declaration.reach_days(gap.stream.name)
    oldest = timezone.now() - timedelta(days=reach)
    if gap.code in _BY_NUMBER:
        return "beyond_number"
    if gap.until is not None and gap.until <= oldest:
        return "beyond_horizon"
    return ""


#: Gaps where the platform's list ends after so many posts, whatever their age.
_BY_NUMBER = frozenset({"mention_horizon", "own_post_horizon"})


def can_be_pushed(channel: Channel) -> bool:
    """Whether the platform pushes to channels of this kind at all."""
    if channel.platform not in platform_codes() or channel.kind == "search":
        return False
    return "webhooks" in get_platform(channel.platform).declaration.abilities


def rereadings_of(channel: Channel, *, most: int = 10) -> list[Rereading]:
    readings = Rereading.objects.filter(channel=channel).select_related("requested_by")
    return list(readings.order_by("-requested_at", "pk")[:most])
