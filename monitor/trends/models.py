"""Counted posts: what each post contributes, folded into quarter-hour buckets."""

from django.db import models

from monitor.brands.models import Brand


class Contribution(models.Model):
    """What one post adds to the buckets now: subtract the old, add the new. Keyed by post, no foreign key: it outlives."""

    post_id = models.BigIntegerField(primary_key=True)
    brand = models.ForeignKey(Brand, models.CASCADE)
    bucket_at = models.DateTimeField(null=True)  # quarter-hour in UTC; null: undated
    platform = models.CharField(max_length=24)
    market = models.CharField(max_length=16, default="unknown")
    language = models.CharField(max_length=16)
    topic = models.CharField(max_length=48)
    intent = models.CharField(max_length=16)
    audience = models.CharField(max_length=16)
    complaint = models.BooleanField(default=False)
    negative = models.BooleanField(default=False)
    positive = models.BooleanField(default=False)
    severe = models.BooleanField(default=False)  # severity 3
    flagged = models.BooleanField(default=False)
    cased = models.BooleanField(default=False)


class TrendBucket(models.Model):
    """Counts of one quarter-hour for one combination of the dimensions."""

    brand = models.ForeignKey(Brand, models.CASCADE)
    bucket_at = models.DateTimeField(null=True)
    platform = models.CharField(max_length=24)
    market = models.CharField(max_length=16)
    language = models.CharField(max_length=16)
    topic = models.CharField(max_length=48)
    intent = models.CharField(max_length=16)
    audience = models.CharField(max_length=16)
    posts = models.IntegerField(default=0)
    complaints = models.IntegerField(default=0)
    negatives = models.IntegerField(default=0)
    positives = models.IntegerField(default=0)
    severes = models.IntegerField(default=0)
    flagged = models.IntegerField(default=0)
    cased = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "bucket_at", "platform", "market", "language", "topic", "intent", "audience"],
                nulls_distinct=False,
                name="one_row_per_bucket",
            )
        ]


class FoldPoint(models.Model):
    """How far the change log is folded: every change of a transaction below `xid` is in the buckets. One row."""

    id = models.SmallIntegerField(primary_key=True)
    xid = models.BigIntegerField(default=0)
    folded_at = models.DateTimeField(null=True)


class Spike(models.Model):
    """A series that left its baseline."""

    brand = models.ForeignKey(Brand, models.CASCADE)
    dimension = models.CharField(max_length=24)
    value = models.CharField(max_length=48)
    started_at = models.DateTimeField()
    expected = models.FloatField()
    counted = models.FloatField()
    score = models.FloatField()
    ended_at = models.DateTimeField(null=True)
