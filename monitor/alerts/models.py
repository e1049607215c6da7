"""Notices to people. Other ways than the console (e-mail, chat, webhook) deliver these same rows."""

from django.db import models

from monitor.brands.models import Brand, User


class AlertLevel(models.TextChoices):
    NOTE = "note"
    WARNING = "warning"
    URGENT = "urgent"


class Alert(models.Model):
    """One notice; raising it again while it is open only counts (`dedupe_key`)."""

    brand = models.ForeignKey(Brand, models.CASCADE, null=True, related_name="alerts")
    code = models.CharField(max_length=64)
    level = models.CharField(max_length=16, choices=AlertLevel)
    params = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=160)
    count = models.PositiveIntegerField(default=1)
    raised_at = models.DateTimeField(auto_now_add=True)
    last_raised_at = models.DateTimeField(auto_now=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.SET_NULL, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "dedupe_key"],
                condition=models.Q(closed_at__isnull=True),
                nulls_distinct=False,
                name="one_open_alert_per_key",
            )
        ]
        indexes = [models.Index(fields=["brand", "closed_at", "-last_raised_at"])]
