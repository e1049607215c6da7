"""Notices speak of channels, cases by reference, and counts: never of who wrote what."""

from datetime import datetime, timedelta

from django.conf import settings

from monitor.alerts.models import Alert

COLUMNS = {
    "Alert.code": "kept: a code",
    "Alert.level": "kept: one of AlertLevel",
    "Alert.params": "kept: names of channels, references, counts and times",
    "Alert.dedupe_key": "kept: codes and our own numbers",
}


def sweep_retention(now: datetime) -> dict[str, int]:
    """Closed notices go with the time; open ones stay until somebody has seen to them."""
    old = Alert.objects.filter(closed_at__lt=now - timedelta(days=settings.RETENTION_DAYS))
    return {"closed alerts": old.delete()[0]}
