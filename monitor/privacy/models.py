"""Erasures asked for and the proof that they were done, without keeping who it was."""

from django.db import models
from django.db.models.functions import Now

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


class DeletionRequest(models.Model):
    """A platform asks, in the name of somebody who has signed in to our app there, that their data be deleted.

    `code` is what the person is given; `user_id` is emptied as soon as it is done. `proof` holds counts only.
    """

    code = models.CharField(max_length=32, unique=True)
    request_hash = models.BinaryField(max_length=32, unique=True)
    sender = models.CharField(max_length=24)
    user_id = models.CharField(max_length=64, blank=True)
    asked_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=64, blank=True)
    proof = models.JSONField(default=dict)  # posts, profiles, rows

    class Meta:
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(done_at=None), name="deletions_that_wait"),
        ]
