"""Takes what webhooks bring. Held as it came and answered first; read afterwards, by whoever claims it.

A delivery is read at least once: its row goes after its updates are stored, and storing them again changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection, transaction

from monitor.api.bodies import BodyError, read_object
from monitor.api.models import Delivery, HeldDelivery
from monitor.brands.models import Channel
from monitor.inbox.services import receive_updates, withdraw_authorization
from monitor.logs import get_logger
from monitor.platforms.base import RawUpdate
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.meta import webhooks as meta
from monitor.platforms.x import webhooks as x
from monitor.privacy.asked import PLATFORMS, request_deletion
from monitor.queue import enqueue
from monitor.text.clean import clean

log = get_logger(__name__)

ADVANCE_TASK = "workers.pipeline.advance"
# Searches and imports have no address of their own to which a platform could push.
PUSHED_KINDS = ("account", "page")
LEASE_SECONDS = 60
MAX_TRIES = 3
# One claim: so many deliveries and (but for one that is larger alone) so many bytes.
CLAIM_DELIVERIES = 200
CLAIM_BYTES = 4_000_000

# The database is away, or busy: that says nothing of a delivery.
_OUTAGES = (OperationalError, InterfaceError)

_HOLD = "INSERT INTO api_helddelivery (sender, body) VALUES (%s, %s)"
_CLAIM = """
    WITH free AS (
        SELECT id, octet_length(body) AS size FROM api_helddelivery
        WHERE reason_code = '' AND (lease_until IS NULL OR lease_until < clock_timestamp())
        ORDER BY id LIMIT %(deliveries)s FOR UPDATE SKIP LOCKED),
    fitting AS (
        SELECT id FROM (SELECT id, sum(size) OVER (ORDER BY id) - size AS before FROM free) AS counted
        WHERE before < %(bytes)s)
    UPDATE api_helddelivery AS held
    SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s), tries = tries + 1
    FROM fitting WHERE held.id = fitting.id
    RETURNING held.id, held.sender, held.body, held.tries
"""

# A platform and the id of a page or profile there, and the channels that watch it.
Owner = tuple[str, str]
Channels = Mapping[Owner, Sequence[int]]


@dataclass(frozen=True, slots=True)
class _Held:
    """One claimed delivery and what is in it: updates by whose they are, or why it could not be read (`odd`)."""

    id: int
    sender: str
    tries: int
    platform: str = ""
    parts: Mapping[str, Sequence[RawUpdate]] = field(default_factory=dict)
    odd: str = ""
    # People who took the app's rights away.
    revoked: tuple[str, ...] = ()


def hold_delivery(*, sender: str, raw: bytes) -> None:
    """Keeps a verified body (`sender`: x or meta) for whoever reads it: one statement, durable when it returns."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [sender, raw])


def take_deliveries() -> int:
    """Reads a batch of held deliveries; returns how many were claimed.

    The parts of one channel are stored together. Where that fails each delivery is tried alone, so that one that
    cannot be stored holds no other up; after MAX_TRIES it is put aside. What has been claimed more often than that
    stopped its readers every time (or stood beside what did): it is read by itself, after the others.
    """
    claimed = _claim()
    for held in claimed:
        if held.odd:
            _put_aside(held, held.odd)
    understood = [held for held in claimed if not held.odd]
    posts = _take_together([held for held in understood if held.tries <= MAX_TRIES])
    posts += sum(_take_last(held) for held in understood if held.tries > MAX_TRIES)
    if posts:
        enqueue(ADVANCE_TASK, queue="analyze")
    return len(claimed)


def _take_together(deliveries: Sequence[_Held]) -> int:
    """Returns how many posts are new or changed."""
    if not deliveries:
        return 0
    try:
        return _take(deliveries)
    except _OUTAGES:
        raise
    except Exception as error:  # noqa: BLE001  (each is tried alone)
        log.error("deliveries_failed", extra={"count": len(deliveries), "error": type(error).__name__}, exc_info=True)
    return sum(map(_take_alone, deliveries))


def _take_alone(held: _Held) -> int:
    try:
        return _take([held])
    except _OUTAGES:
        raise
    except Exception as error:  # noqa: BLE001  (the row stays and says so; the others go on)
        _note_failure(held, error)
        if held.tries >= MAX_TRIES:
            _put_aside(held, "failed")
    return 0


def _take_last(held: _Held) -> int:
    """Put aside before it is read, and let go where that succeeds: a reader that it kills does not meet it again."""
    HeldDelivery.objects.filter(pk=held.id).update(reason_code="failed")
    try:
        return _take([held])
    except Exception as error:
        if isinstance(error, _OUTAGES) and not connection.is_usable():
            raise
        _note_failure(held, error)
        _put_aside(held, "failed")
    return 0


def _take(deliveries: Sequence[_Held]) -> int:
    channels = _channels_of((held.platform, owner) for held in deliveries for owner in held.parts)
    posts = _store(deliveries, channels)
    _finish(deliveries, channels)
    return posts


def _note_failure(held: _Held, error: Exception) -> None:
    log.error("delivery_failed", extra={"delivery": held.id, "error": type(error).__name__}, exc_info=True)


def retake_deliveries() -> int:
    """Deliveries that were put aside wait to be read again (after a parser was mended); returns how many."""
    return HeldDelivery.objects.exclude(reason_code="").update(reason_code="", tries=0, lease_until=None)


def _claim() -> list[_Held]:
    limits = {"deliveries": CLAIM_DELIVERIES, "bytes": CLAIM_BYTES, "lease": LEASE_SECONDS}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, limits)
        rows = sorted(cursor.fetchall())
    return [_read(held_id, sender, bytes(body), tries) for held_id, sender, body, tries in rows]


def _read(held_id: int, sender: str, raw: bytes, tries: int) -> _Held:
    try:
        body = read_object(raw)
        platform = "x" if sender == "x" else meta.platform_of(body)
        parts: dict[str, list[RawUpdate]] = defaultdict(list)
        for owner, update in x.split(body) if sender == "x" else meta.split(body):
            parts[clean(owner)].append(update)
        revoked = tuple(meta.revoked_users(body)) if sender == "meta" else ()
    except (BodyError, MalformedPayloadError) as error:
        return _Held(held_id, sender, tries, odd=error.code if isinstance(error, BodyError) else "malformed")
    return _Held(held_id, sender, tries, platform or sender, parts, revoked=revoked)


def _store(deliveries: Sequence[_Held], channels: Channels) -> int:
    """Stores the updates of each channel in a transaction of their own; returns how many posts are new or changed."""
    by_owner: dict[Owner, list[RawUpdate]] = defaultdict(list)
    for held in deliveries:
        for user_id in held.revoked:
            withdraw_access(sender=held.sender, user_id=user_id)
        for owner, updates in held.parts.items():
            by_owner[held.platform, owner] += updates
    return sum(
        len(receive_updates(channel_id=channel_id, updates=updates).post_ids)
        for owner, updates in by_owner.items()
        for channel_id in channels.get(owner, ())
    )


def _channels_of(owners: Iterable[Owner]) -> Channels:
    """The channels of each (platform, id there) that is known; one page may belong to several brands. Disconnected ones
    too: their posts stay, so what is deleted of them must be heard (`receive_updates` takes in nothing else)."""
    wanted = set(owners)
    found: dict[Owner, list[int]] = defaultdict(list)
    if not wanted:
        return found
    for platform in {platform for platform, owner in wanted if owner == x.EVERYBODY}:
        # Each brand has posts of its own; one channel reaches all of them.
        one_a_brand = Channel.objects.filter(platform=platform).order_by("brand_id", "pk").distinct("brand_id")
        found[platform, x.EVERYBODY] = list(one_a_brand.values_list("pk", flat=True))
    rows = Channel.objects.filter(kind__in=PUSHED_KINDS, external_id__in={owner for _, owner in wanted})
    for channel_id, platform, external_id in rows.values_list("pk", "platform", "external_id"):
        if (platform, external_id) in wanted:
            found[platform, external_id].append(channel_id)
    return found


def _finish(stored: Sequence[_Held], channels: Channels) -> None:
    """Counts what was read and lets it go."""
    counted = []
    strangers = 0
    for held in stored:
        unknown = sum(len(part) for owner, part in held.parts.items() if (held.platform, owner) not in channels)
        updates = sum(len(part) for part in held.parts.values())
        reason = "unknown_channel" if unknown else ""
        counted.append(Delivery(platform=held.platform, status=200, updates=updates, reason_code=reason))
        strangers += unknown
    with transaction.atomic():
        HeldDelivery.objects.filter(pk__in=[held.id for held in stored]).delete()
        Delivery.objects.bulk_create(counted)
    if strangers:
        log.info("webhook_for_unknown_channel", extra={"updates": strangers})


@transaction.atomic
def _put_aside(held: _Held, reason: str) -> None:
    """It stays, with its reason, until somebody has it read again; and is counted."""
    HeldDelivery.objects.filter(pk=held.id).update(reason_code=reason)
    Delivery.objects.create(platform=held.platform or held.sender, status=200, reason_code=reason)


def count_delivery(*, sender: str, status: int, updates: int = 0, reason: str = "") -> None:
    Delivery.objects.create(platform=sender, status=status, updates=updates, reason_code=reason)


def ask_for_deletion(*, sender: str, user_id: str, issued_at: datetime | None) -> str:
    """The code by which the person can ask how far it is. Whose login it was is not used any more either."""
    code = request_deletion(sender=sender, user_id=user_id, issued_at=issued_at)
    withdraw_access(sender=sender, user_id=user_id)
    return code


def withdraw_access(*, sender: str, user_id: str) -> list[int]:
    return withdraw_authorization(platforms=PLATFORMS[sender], user_id=user_id)
