"""What this room stores of people: nothing; a delivery is only counted here."""

from datetime import datetime, timedelta

from django.conf import settings

from monitor.api.models import Delivery

COLUMNS = {
    "Delivery.platform": "kept: name of a platform",
    "Delivery.reason_code": "kept: a code",
}


def sweep_retention(now: datetime) -> dict[str, int]:
    before = now - timedelta(days=settings.JOURNAL_RETENTION_DAYS)
    return {"deliveries": Delivery.objects.filter(recorded_at__lt=before).delete()[0]}
