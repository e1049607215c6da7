"""What could not be understood is put aside with its reason, never lost, and read again on demand."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from monitor.brands.models import Channel
from monitor.brands.selectors import reading_context
from monitor.inbox import tombstones
from monitor.inbox.models import Arrival, QuarantinedEvent, Tombstone
from monitor.inbox.rows import bounded_author_id, bounded_id, encode_body
from monitor.inbox.services.pending import NOT_FETCHED, note_fetches
from monitor.inbox.services.storing import ingest
from monitor.platforms.base import ChannelContext, IncomingNotice, Platform, PlatformEvent, RawUpdate
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.registry import get_platform
from monitor.text.clean import clean

#: Of what is read again from here: what is older is not answered as if it had just come.
REPLAY_IS_LIVE_FOR = timedelta(days=1)

# What a parser that trusted a shape too much raises: one odd update must not stop its page.
_PARSER_BUGS = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError)

# The same thing from the same source (a page read again, a file imported again) is put aside once.
_PUT_ASIDE = """
    INSERT INTO inbox_quarantinedevent (brand_id, channel_id, source, reason_code, params, body, recorded_at)
    SELECT %s, %s, %s, %s, %s::jsonb, %s, now()
    WHERE NOT EXISTS (
        SELECT 1 FROM inbox_quarantinedevent
        WHERE brand_id = %s AND source = %s AND replayed_at IS NULL AND body = %s)
"""


@dataclass(frozen=True, slots=True)
class PutAside:
    """Something that was not understood: where it came from, why (a code), and what it was."""

    source: str
    reason_code: str
    body: bytes
    params: Mapping[str, Any] = field(default_factory=dict)


def put_aside(*, brand_id: int, channel_id: int | None, found: Sequence[PutAside]) -> int:
    """Stores them; returns how many are new. Words of posts that were deleted, and of people who were erased or show
    nothing any more, are not kept here either."""
    stored = 0
    refused = _refused(brand_id, channel_id, found)
    with connection.cursor() as cursor:
        for place, one in enumerate(found):
            if place in refused:
                continue
            source = clean(one.source)[:200]
            params = json.dumps(dict(one.params), default=str)
            values = [brand_id, channel_id, source, one.reason_code, params, one.body, brand_id, source, one.body]
            cursor.execute(_PUT_ASIDE, values)
            stored += cursor.rowcount
    return stored


def _refused(brand_id: int, channel_id: int | None, found: Sequence[PutAside]) -> set[int]:
    """The places of those that hold words of the gone, as their parser noted. When they were written nobody could read:
    better one too many than one too few."""
    if not found or channel_id is None:
        return set()
    platform = Channel.objects.filter(pk=channel_id).values_list("platform", flat=True).first() or ""
    places: dict[bytes, set[int]] = defaultdict(set)
    for place, one in enumerate(found):
        for key in _tombstones_over(brand_id, platform, one):
            places[key].add(place)
    gone = Tombstone.objects.filter(pk__in=list(places)).values_list("pk", flat=True) if places else ()
    return set().union(*(places[bytes(key)] for key in gone))


def _tombstones_over(brand_id: int, platform: str, one: PutAside) -> Iterator[bytes]:
    for post_id in (one.params.get("external_id", ""), *one.params.get("post_ids", ())):
        if post_id:
            yield tombstones.post_key(brand_id, platform, bounded_id(str(post_id)))
    # A closed profile takes nothing back of a conversation (`departing.py`).
    is_private = str(one.params.get("kind", "")).startswith("direct_message")
    for author_id in one.params.get("author_ids", ()):
        author = brand_id, platform, bounded_author_id(str(author_id))
        yield tombstones.author_key(*author)
        if not is_private:
            yield tombstones.departure_key(*author)


def understand(
    platform: Platform, context: ChannelContext, updates: Sequence[RawUpdate], *, source: str
) -> tuple[list[PlatformEvent], list[PutAside]]:
    """Every update's events, and what could not be read. Pure but for the platform's own parser."""
    events: list[PlatformEvent] = []
    odd: list[PutAside] = []
    for update in updates:
        try:
            events.extend(platform.normalize(update, context))
        except MalformedPayloadError as error:
            odd.append(_put_aside(update, source, "event.malformed", error.message))
        except _PARSER_BUGS as error:
            odd.append(_put_aside(update, source, "event.parser_failed", type(error).__name__))
    return events, odd


def _put_aside(update: RawUpdate, source: str, code: str, why: str) -> PutAside:
    params = {
        "kind": clean(update.kind),
        "external_id": clean(update.external_id),
        "author_ids": [bounded_author_id(author_id) for author_id in update.author_ids],
        "post_ids": [clean(post_id) for post_id in update.post_ids],
        "why": clean(why)[:200],
    }
    return PutAside(source, code, encode_body(update.body), params)


def replay_quarantined(*, brand_id: int, event_ids: Sequence[int] | None = None) -> tuple[int, int]:
    """Reads platform updates again that were put aside (after a parser was mended): (understood, still odd).

    What is older than a day comes back as history: no clocks, no alerts, no acknowledgement.
    """
    waiting = QuarantinedEvent.objects.filter(brand_id=brand_id, replayed_at=None, reason_code__startswith="event.")
    if event_ids is not None:
        waiting = waiting.filter(pk__in=event_ids)
    live_since = timezone.now() - REPLAY_IS_LIVE_FOR
    understood = still_odd = 0
    for event in waiting.exclude(channel=None).select_related("channel").order_by("id"):
        assert event.channel is not None
        if event.reason_code == NOT_FETCHED:
            understood += _name_again(event, event.channel)
            continue
        update = RawUpdate(
            event.params["kind"],
            event.params["external_id"],
            json.loads(bytes(event.body)),
            tuple(event.params["author_ids"]),
            tuple(event.params.get("post_ids", ())),
        )
        platform, context = get_platform(event.channel.platform), reading_context(event.channel)
        events, odd = understand(platform, context, [update], source=event.source)
        if odd:
            still_odd += 1
            continue
        with transaction.atomic():
            ingest(
                brand_id=brand_id,
                channel_id=event.channel.pk,
                stream=event.source[:32],
                how="replay",
                events=events,
                raw=[update],
                # A post without a date is as old as its arrival here.
                arrival=Arrival.BACKFILL if event.recorded_at < live_since else Arrival.LIVE,
                live_since=live_since,
            )
            note_fetches(channel=event.channel, notices=[each for each in events if isinstance(each, IncomingNotice)])
            QuarantinedEvent.objects.filter(pk=event.pk).update(replayed_at=Now())
        understood += 1
    return understood, still_odd


@transaction.atomic
def _name_again(event: QuarantinedEvent, channel: Channel) -> int:
    """It is asked for once more, with all its tries."""
    body = json.loads(bytes(event.body))
    noted = note_fetches(channel=channel, notices=[IncomingNotice(body["code"], body["params"])])
    QuarantinedEvent.objects.filter(pk=event.pk).update(replayed_at=Now())
    return noted
