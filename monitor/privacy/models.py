"""Erasures asked for and the proof that they were done, without keeping who it was."""

from django.db import models

from monitor.brands.models import Brand, User
from monitor.schema import UuidV7


class Erasure(models.Model):
    """One person erased everywhere. `key_hash` is the salted hash of platform and author id."""

    public_id = models.UUIDField(db_default=UuidV7(), unique=True, editable=False)
    brand = models.ForeignKey(Brand, models.CASCADE, null=True)
    key_hash = models.BinaryField(max_length=32)
    source = models.CharField(max_length=24)  # command, console, platform
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)
    proof = models.JSONField(default=dict)  # room → rows changed
