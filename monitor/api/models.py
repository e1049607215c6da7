"""The deliveries of webhooks that came in: what was verified and answered. Partitioned by month."""

from django.db import models
from django.db.models.functions import Now

from monitor.schema import UuidV7


class Delivery(models.Model):
    pk = models.CompositePrimaryKey("recorded_at", "id")
    id = models.UUIDField(db_default=UuidV7(), editable=False)
    recorded_at = models.DateTimeField(db_default=Now())
    platform = models.CharField(max_length=24)
    status = models.PositiveSmallIntegerField()
    updates = models.PositiveIntegerField(default=0)
    reason_code = models.CharField(max_length=48, blank=True)
