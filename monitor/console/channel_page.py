"""What the page of one channel shows: its connection, what came by which way, gaps, and readings again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from monitor.alerts import conditions as words
from monitor.brands.models import Channel, ChannelCondition, ChannelState
from monitor.brands.selectors import has_login
from monitor.console.reasons import spoken
from monitor.console.templatetags.desk import duration
from monitor.inbox import completeness
from monitor.inbox.completeness import Counts, Depth
from monitor.inbox.models import RereadingState
from monitor.inbox.quietness import Silence
from monitor.inbox.services.silence import silences
from monitor.platforms.base import CONDITION_ASPECTS
from monitor.platforms.origins import forbidding_platform
from monitor.platforms.registry import asks_about_learning, get_platform, platform_codes

_TONES = {"ok": "ok", "warning": "warn", "broken": "danger", "unknown": ""}


@dataclass(frozen=True, slots=True)
class ShownCondition:
    """One aspect of the connection: `sentence` says what was found, `advice` what to do."""

    aspect: str
    state: str
    tone: str
    heading: str
    label: str
    sentence: str
    advice: str
    row: ChannelCondition
    can_subscribe: bool = False


@dataclass(frozen=True, slots=True)
class ShownDay:
    """`share` of the fullest day, in percent, for the bar."""

    day: date
    counts: Counts
    share: int


def shown_conditions(channel: Channel) -> list[ShownCondition]:
    rows = sorted(channel.conditions.all(), key=lambda row: CONDITION_ASPECTS.index(row.aspect))
    return [_shown(channel, row) for row in rows]


def _shown(channel: Channel, row: ChannelCondition) -> ShownCondition:
    params = spoken(row.params)
    return ShownCondition(
        aspect=row.aspect,
        state=row.state,
        tone=_TONES[row.state],
        heading=str(words.ASPECTS[row.aspect]),
        label=str(words.STATES[row.state]),
        sentence=words.sentence(row.aspect, row.state, row.code, params, has_login=has_login(channel)),
        advice=words.what_to_do(row.aspect, row.code, params),
        row=row,
        can_subscribe=row.aspect == "webhook" and row.state != "ok" and can_subscribe(channel),
    )


def can_subscribe(channel: Channel) -> bool:
    return channel.platform in platform_codes() and "subscribe" in get_platform(channel.platform).declaration.abilities


def facts_of(channel: Channel) -> dict[str, Any]:
    """Everything that the template needs besides the channel."""
    days = completeness.counts_by_day(channel)
    all_days = sum(days.values(), Counts())
    fullest = max((counts.total for counts in days.values()), default=0)
    can_be_pushed = completeness.can_be_pushed(channel)
    is_pushed = can_be_pushed and (all_days.pushed or all_days.overtaken)
    connected = channel.created_at.astimezone(UTC).date()
    rereadings = completeness.rereadings_of(channel)
    return {
        "conditions": shown_conditions(channel),
        # Nothing could come before the channel was there; what was imported or replayed may say otherwise.
        "days": [
            ShownDay(day, counts, round(100 * counts.total / fullest) if fullest else 0)
            for day, counts in reversed(days.items())
            if day >= connected or counts.total or counts.duplicates
        ],
        "streams": [(name, counts) for name, counts in completeness.counts_by_stream(channel).items()],
        "all_days": all_days,
        "is_pushed": is_pushed,
        "completeness": complete_words(all_days, can_be_pushed=can_be_pushed),
        "silence": silence_words(silences([channel]).get(channel.pk)),
        "gaps": completeness.gaps_with_ways(channel),
        "depths": [(depth, depth_words(depth), price_words(channel, depth)) for depth in completeness.depths(channel)],
        "rereadings": rereadings,
        "is_rereading": any(each.state == RereadingState.WAITING for each in rereadings),
        "is_asked_about_learning": (is_asked := channel.kind != "import" and channel.platform in asks_about_learning()),
        "forbidding_platform": forbidding_platform(channel.external_id) if is_asked else "",
        "is_read": channel.kind != "import" and channel.platform in platform_codes(),
        "can_resume": channel.state not in (ChannelState.HEALTHY, ChannelState.DISCONNECTED),
        "can_connect": channel.state in (ChannelState.NEEDS_REAUTH, ChannelState.BLOCKED, ChannelState.DISCONNECTED),
    }


def complete_words(counts: Counts, *, can_be_pushed: bool) -> str:
    if not counts.total:
        return _("Nothing has come in the last two weeks.")
    if not can_be_pushed:
        return _("This channel is only read: what the platform shows is found, a reading's pause later.")
    if counts.push_share is None:
        return _("Reading has found nothing that push could be measured by.")
    if not counts.pushed and not counts.overtaken:
        return _("The platform has pushed nothing; reading found everything.")
    percent = {"percent": _percent(counts.push_share)}
    if not counts.missed:
        return _("Push brought everything that reading found.")
    missed = ngettext(
        "Push brought %(percent)s %% of what reading found; %(count)d post came by reading only.",
        "Push brought %(percent)s %% of what reading found; %(count)d posts came by reading only.",
        counts.missed,
    )
    return missed % {**percent, "count": counts.missed}


def _percent(share: float) -> str:
    """Not everything is never 100 %."""
    return str(min(99, round(100 * share)))


def silence_words(silence: Silence | None) -> str:
    """ "" where the channel is too new, or nothing is to be told."""
    if silence is None or silence.seconds < 60:
        return ""
    said = _("Quiet for %(time)s") % {"time": duration(timedelta(seconds=silence.seconds))}
    if silence.usual_seconds is not None:
        usual = duration(timedelta(seconds=max(60, silence.usual_seconds)))
        said = _("%(quiet)s; usually a post every %(time)s at this hour") % {"quiet": said, "time": usual}
    if silence.is_alarming:
        return _("%(quiet)s. That is longer than ever.") % {"quiet": said}
    return f"{said}."


def depth_words(depth: Depth) -> str:
    if depth.days is None:
        return _("As far as the platform goes")
    return ngettext("%(count)d day", "%(count)d days", depth.days) % {"count": depth.days}


def price_words(channel: Channel, depth: Depth) -> str:
    about = (
        ngettext("about %(count)d post", "about %(count)d posts", depth.posts) % {"count": depth.posts}
        if depth.posts is not None
        else ""
    )
    if depth.micros == 0:
        return ", ".join(part for part in (about, _("free")) if part)
    if depth.micros is None:
        dearest = max(get_platform(channel.platform).declaration.read_prices.values()) / 10_000
        return _("up to $%(price)s for 100 posts; how many there are is not known yet") % {"price": f"{dearest:.2f}"}
    return _("%(posts)s, about $%(price)s") % {"posts": about, "price": f"{depth.micros / 1_000_000:.2f}"}


def worst_first(channels: Sequence[Channel]) -> Mapping[int, list[ShownCondition]]:
    """Channel id → its aspects that need somebody, for the list of all channels."""
    return {
        channel.pk: [each for each in shown_conditions(channel) if each.state in ("warning", "broken")]
        for channel in channels
    }
