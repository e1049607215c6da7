"""Counted posts: what each post contributes, folded into quarter-hour buckets. `trends.services` keeps them true."""

from django.db import models

from monitor.brands.models import Brand


class Contribution(models.Model):
    """What one post adds to the buckets now: subtract the old, add the new. No foreign key to the post: it outlives."""

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


class Counts(models.Model):
    """The measures. Sums of contributions; never negative once a fold has ended."""

    posts = models.IntegerField(default=0)
    complaints = models.IntegerField(default=0)
    negatives = models.IntegerField(default=0)
    positives = models.IntegerField(default=0)
    severes = models.IntegerField(default=0)
    flagged = models.IntegerField(default=0)
    cased = models.IntegerField(default=0)

    class Meta:
        abstract = True


class TrendBucket(Counts):
    """Counts of one quarter-hour for one combination of all dimensions: answers any question."""

    brand = models.ForeignKey(Brand, models.CASCADE)
    bucket_at = models.DateTimeField(null=True)
    platform = models.CharField(max_length=24)
    market = models.CharField(max_length=16)
    language = models.CharField(max_length=16)
    topic = models.CharField(max_length=48)
    intent = models.CharField(max_length=16)
    audience = models.CharField(max_length=16)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "bucket_at", "platform", "market", "language", "topic", "intent", "audience"],
                nulls_distinct=False,
                name="one_row_per_bucket",
            )
        ]
        # A bucket that counts nothing any more is removed at the end of the fold that emptied it.
        indexes = [models.Index(fields=["id"], condition=models.Q(posts=0), name="empty_buckets")]


class TrendLine(Counts):
    """Counts of one hour for one value of one dimension ("" and "" for all posts): answers most charts, and fast.

    Where a zone's days do not begin on a whole hour of UTC, the quarter-hours answer.
    """

    brand = models.ForeignKey(Brand, models.CASCADE)
    dimension = models.CharField(max_length=16, blank=True)
    hour_at = models.DateTimeField(null=True)
    value = models.CharField(max_length=48, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "dimension", "hour_at", "value"], nulls_distinct=False, name="one_row_per_line"
            )
        ]
        indexes = [models.Index(fields=["id"], condition=models.Q(posts=0), name="empty_lines")]


class FoldPoint(models.Model):
    """How far the change log is folded: every change of a transaction below `xid` is in the buckets. One row.

    `cluster` is PostgreSQL's own identifier: transaction numbers mean nothing after a restore into another server.
    """

    id = models.SmallIntegerField(primary_key=True)
    xid = models.BigIntegerField(default=0)
    cluster = models.BigIntegerField(default=0)
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
