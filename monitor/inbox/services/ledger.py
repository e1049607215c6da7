"""What a batch adds to the ledger of completeness (`ChannelHour`): pure arithmetic; `storing` writes it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from monitor.inbox.models import Arrival
from monitor.platforms.base import IncomingPost

#: Ways of coming that the ledger compares. Imports, replays and history are no test of either.
HOWS = ("poll", "webhook")
#: A post that is collected later than this after it was written came late.
SLOW_SECONDS = 900


@dataclass(frozen=True, slots=True)
class SeenAgain:
    """Posts of a batch that were stored before, by how this channel knew them: in the same way (or sent by us), in the
    other way, or not at all (another channel brought them); of the last, how many are live, and of these slow."""

    same_way: int = 0
    other_way: int = 0
    elsewhere: int = 0
    live: int = 0
    slow: int = 0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Posts of a batch that nobody had stored before."""

    new: int = 0
    live: int = 0
    slow: int = 0


def arrivals_of(fresh: Iterable[tuple[IncomingPost, str]], *, now: datetime | None = None) -> Arrivals:
    """From new posts with their arrival (`models.Arrival`)."""
    slow_before = (now or timezone.now()) - timedelta(seconds=SLOW_SECONDS)
    new = live = slow = 0
    for post, arrival in fresh:
        new += 1
        if arrival == Arrival.LIVE and not post.is_own:
            live += 1
            slow += post.created_at is not None and post.created_at < slow_before
    return Arrivals(new, live, slow)


def count_batch(how: str, arrivals: Arrivals, again: SeenAgain) -> dict[str, int]:
    """The counters of `ChannelHour` that one batch adds."""
    first_seen = arrivals.new + again.elsewhere
    is_push = how == "webhook"
    return {
        "pushed": first_seen if is_push else 0,
        "found": 0 if is_push else first_seen,
        "overtaken": again.other_way if is_push else 0,
        "confirmed": 0 if is_push else again.other_way,
        "slow": arrivals.slow + again.slow,
        "duplicates": again.same_way,
        "live": arrivals.live + again.live,
    }
