"""Append-only acts of people and automation toward cases, settings and platforms.

Plain values, no foreign keys: the log outlives what it speaks of. `AuditText` holds what may have to be erased.
"""

from django.db import models
from django.db.models.functions import Now

from monitor.schema import UuidV7


class AuditEvent(models.Model):
    """One act. `digest` chains the events; the sealer fills it in batches (`sequence` is the place in the chain)."""

    pk = models.CompositePrimaryKey("recorded_at", "id")
    id = models.UUIDField(db_default=UuidV7(), editable=False)
    recorded_at = models.DateTimeField(db_default=Now())
    brand_id = models.BigIntegerField(null=True)
    actor_kind = models.CharField(max_length=16)  # person, automation, system
    actor_id = models.BigIntegerField(null=True)
    act = models.CharField(max_length=64)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=64)
    params = models.JSONField(default=dict)
    text_hash = models.CharField(max_length=64, blank=True)
    sequence = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["brand_id", "subject_kind", "subject_id"]),
            models.Index(fields=["sequence"]),
        ]


class AuditText(models.Model):
    """Text before and after an act, erasable on its own; the event keeps only its salted hash."""

    event_id = models.UUIDField(primary_key=True)
    brand_id = models.BigIntegerField(null=True)
    author_key = models.CharField(max_length=160, blank=True)  # platform:external id of whom the text speaks
    salt = models.CharField(max_length=32)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)


class AuditSeal(models.Model):
    """Both ends of the hash chain; one row. The anchor is the last event that retention has removed."""

    id = models.SmallIntegerField(primary_key=True)
    anchor_sequence = models.BigIntegerField(default=0)
    anchor_digest = models.CharField(max_length=64, blank=True)
    sequence = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    sealed_at = models.DateTimeField(null=True)
