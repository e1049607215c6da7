"""The deliveries of webhooks: held as they came until they are read, and counted. The count is partitioned by month."""

from django.db import models
from django.db.models.functions import Now

from monitor.schema import UuidV7


class HeldDelivery(models.Model):
    """A body whose signature was right, answered and not yet read. The row goes with the transaction that counts it,
    once its updates are in the journal; one that nobody can read stays, with the reason, until somebody can."""

    sender = models.CharField(max_length=24)
    body = models.BinaryField()
    received_at = models.DateTimeField(db_default=Now())
    tries = models.PositiveSmallIntegerField(db_default=0)
    lease_until = models.DateTimeField(null=True)
    reason_code = models.CharField(max_length=48, blank=True, db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=models.Q(reason_code=""), name="deliveries_that_wait"),
        ]


class Delivery(models.Model):
    pk = models.CompositePrimaryKey("recorded_at", "id")
    id = models.UUIDField(db_default=UuidV7(), editable=False)
    recorded_at = models.DateTimeField(db_default=Now())
    platform = models.CharField(max_length=24)
    status = models.PositiveSmallIntegerField()
    updates = models.PositiveIntegerField(default=0)
    reason_code = models.CharField(max_length=48, blank=True)
