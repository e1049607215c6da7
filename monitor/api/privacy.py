"""What this room stores of people: bodies of deliveries until they are read, for seconds; the rest is counted."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from monitor.api.models import Delivery, HeldDelivery
from monitor.erasure import Person

COLUMNS = {
    "Delivery.platform": "kept: name of a platform",
    "Delivery.reason_code": "kept: a code",
    "HeldDelivery.body": "erased: goes when it is read; of those that nobody could read, each that names the person",
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


def erase_author(person: Person) -> dict[str, int]:
    names = [name.encode() for name in (person.external_id, *person.names)]
    with connection.cursor() as cursor:
        cursor.execute(_DROP_UNREADABLE, [[name for name in names if len(name) >= _SHORTEST_NAME_BYTES]])
        return {"unreadable deliveries": cursor.rowcount}


def sweep_retention(now: datetime) -> dict[str, int]:
    before = now - timedelta(days=settings.JOURNAL_RETENTION_DAYS)
    return {
        "deliveries": Delivery.objects.filter(recorded_at__lt=before).delete()[0],
        "unreadable deliveries": HeldDelivery.objects.filter(received_at__lt=before)
        .exclude(reason_code="")
        .delete()[0],
    }
