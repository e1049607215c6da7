"""What this room stores of people: bodies of deliveries until they are read, for seconds; the rest is counted.

A delivery that waits is left to its reading: what was deleted or erased meanwhile is refused there, and the others in
it are stored. One that nobody can read goes as soon as it names somebody or something that is gone.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product

from django.conf import settings
from django.db import connection

from monitor.api.models import Delivery, HeldDelivery
from monitor.brands.models import Brand
from monitor.erasure import Person
from monitor.inbox import tombstones
from monitor.inbox.models import Tombstone
from monitor.inbox.rows import bounded_id
from monitor.privacy.asked import PLATFORMS

COLUMNS = {
    "Delivery.platform": "kept: name of a platform",
    "Delivery.reason_code": "kept: a code",
    "HeldDelivery.body": "erased: goes when it is read; of those that nobody could read, each that names the person, or"
    " a post that was deleted",
    "HeldDelivery.reason_code": "kept: a code",
    "HeldDelivery.sender": "kept: name of a platform",
}

# Those that wait are refused when they are read (the tombstones are there by then); nobody reads these.
_DROP_UNREADABLE = """
    DELETE FROM api_helddelivery
    WHERE reason_code <> ''
        AND EXISTS (SELECT 1 FROM unnest(%s::bytea[]) AS name (word) WHERE position(name.word IN body) > 0)
"""
_SHORTEST_NAME_BYTES = 4
# What an id may look like in a body that is no JSON, or another JSON than we know: whole strings, and numbers.
_STRING = re.compile(rb'"((?:[^"\\]|\\.){1,200})"', re.DOTALL)
_NUMBER = re.compile(rb"\d{4,}")
_KEYS_AT_ONCE = 10_000


def erase_author(person: Person) -> dict[str, int]:
    names = [name.encode() for name in (person.external_id, *person.names)]
    with connection.cursor() as cursor:
        cursor.execute(_DROP_UNREADABLE, [[name for name in names if len(name) >= _SHORTEST_NAME_BYTES]])
        return {"unreadable deliveries": cursor.rowcount}


def sweep_retention(now: datetime) -> dict[str, int]:
    before = now - timedelta(days=settings.JOURNAL_RETENTION_DAYS)
    return {
        "deliveries": Delivery.objects.filter(recorded_at__lt=before).delete()[0],
        # Also one that was never read: by then every list and look-up has told more than it could.
        "held deliveries": HeldDelivery.objects.filter(received_at__lt=before).delete()[0],
        "unreadable deliveries": _drop_what_names_the_gone(),
    }


def _drop_what_names_the_gone() -> int:
    """Of what was deleted only hashes are left, so every id in a body is hashed. There are few such bodies, if any."""
    brands = list(Brand.objects.values_list("pk", flat=True))
    gone = [
        held.pk
        for held in HeldDelivery.objects.exclude(reason_code="").iterator(chunk_size=50)
        if _names_the_gone(bytes(held.body), brands, PLATFORMS.get(held.sender, (held.sender,)))
    ]
    return HeldDelivery.objects.filter(pk__in=gone).delete()[0]


def _names_the_gone(body: bytes, brands: list[int], platforms: tuple[str, ...]) -> bool:
    ids = {bounded_id(each) for each in _ids_in(body)}
    places = product(brands, platforms, ids)
    keys = [key for place in places for key in (tombstones.post_key(*place), tombstones.departure_key(*place))]
    batches = (keys[start : start + _KEYS_AT_ONCE] for start in range(0, len(keys), _KEYS_AT_ONCE))
    return any(Tombstone.objects.filter(pk__in=some).exists() for some in batches)


def _ids_in(body: bytes) -> Iterator[str]:
    for found in _NUMBER.findall(body):
        yield found.decode("ascii")
    for found in _STRING.findall(body):
        try:
            yield json.loads(b'"' + found + b'"', strict=False)
        except ValueError:
            yield found.decode("utf-8", "replace")
