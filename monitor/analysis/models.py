"""Stored analyses and which of them counts now, the corrections of reviewers, embeddings; and what is a brand's own:
heads that learned from its corrections, topics by example, its sample for measured recall."""

from django.db import models
from django.db.models.functions import Now
from pgvector.django import HalfVectorField

from monitor.brands.models import Brand, User
from monitor.inbox.models import Post


class Analysis(models.Model):
    """What one model version said of one version of a post's text. A row never changes but for `is_current`; a post
    keeps its present one, and at most the one before it (see `services.storing`)."""

    # Indexes that a constraint below gives already, or that nobody asks for, would only slow the pipeline down.
    brand = models.ForeignKey(Brand, models.CASCADE, db_index=False)
    post = models.ForeignKey(Post, models.CASCADE, related_name="analyses", db_index=False)
    post_version = models.PositiveIntegerField(default=1)
    model_version = models.CharField(max_length=64)
    topic_set_version = models.CharField(max_length=32)
    is_current = models.BooleanField(default=True)
    language = models.CharField(max_length=16)
    intent = models.CharField(max_length=16)
    needs_reply = models.BooleanField()
    needs_reply_score = models.FloatField()
    sentiment = models.CharField(max_length=16)
    sentiment_scores = models.JSONField()
    complaint = models.BooleanField()
    complaint_score = models.FloatField()
    severity = models.PositiveSmallIntegerField()
    escalate = models.BooleanField()
    escalate_score = models.FloatField()
    topic = models.CharField(max_length=48)
    topic_scores = models.JSONField()
    audience = models.CharField(max_length=16)
    entities = models.JSONField(default=list)  # kinds and offsets only, never the value
    reasons = models.JSONField(default=list)
    analyzed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["post", "post_version", "model_version", "topic_set_version"], name="one_analysis_per_model"
            ),
            models.UniqueConstraint(
                fields=["post"], condition=models.Q(is_current=True), name="one_current_analysis_per_post"
            ),
        ]


class Embedding(models.Model):
    """384 numbers of one post for one model version; kept for complaints only, as long as the reading is."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="embeddings", db_index=False)
    model_version = models.CharField(max_length=64)
    vector = HalfVectorField(dimensions=384)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "model_version"], name="one_embedding_per_model")]


class Correction(models.Model):
    """A reviewer's verdict on one field of an analysis. The latest one counts in every number from then on."""

    brand = models.ForeignKey(Brand, models.CASCADE)
    post = models.ForeignKey(Post, models.CASCADE, related_name="corrections")
    post_version = models.PositiveIntegerField()  # the words that it is about
    field = models.CharField(max_length=24)  # complaint, topic, severity, sentiment, intent, needs_reply, language
    was = models.CharField(max_length=48)
    value = models.CharField(max_length=48)
    is_current = models.BooleanField(default=True)
    # Nobody said this: it follows from what somebody said of another field, and goes when that is taken back.
    is_implied = models.BooleanField(default=False)
    corrected_by = models.ForeignKey(User, models.SET_NULL, null=True)
    corrected_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["post", "field"], condition=models.Q(is_current=True), name="one_current_correction_per_field"
            )
        ]


class LearnedHeads(models.Model):
    """What the corrections of a brand have taught: added to the shipped heads. The active version reads its posts."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="learned_heads", db_index=False)
    number = models.PositiveIntegerField()
    base_version = models.CharField(max_length=48)  # the weights that they were learned on; no others take them
    weights = models.BinaryField()
    report = models.JSONField(default=dict)  # what was right before and after on held-out posts; numbers only
    is_active = models.BooleanField(default=False)
    learned_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "number"], name="one_number_of_heads_per_brand"),
            models.UniqueConstraint(
                fields=["brand"], condition=models.Q(is_active=True), name="one_active_heads_per_brand"
            ),
        ]


class BrandTopic(models.Model):
    """A topic that a brand added by example posts."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="topics", db_index=False)
    name = models.CharField(max_length=48)
    examples = models.JSONField(default=list)  # texts
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "name"], name="one_brand_topic_per_name")]


class ExampleSource(models.Model):
    """The stored post whose words an example of a topic is: when the post goes, the example goes."""

    topic = models.ForeignKey(BrandTopic, models.CASCADE, related_name="sources")
    post = models.ForeignKey(Post, models.CASCADE, related_name="+")
    digest = models.BinaryField()  # salted hash of the example, to find it in the list


class Renewal(models.Model):
    """Stored posts of a brand are read again, the newest first, behind everything else. The newest row of a brand also
    says how its stored posts were read last."""

    brand = models.ForeignKey(Brand, models.CASCADE, db_index=False)
    # How they are to be read: the names in Analysis, and the weights that the asking worker had.
    model_version = models.CharField(max_length=64)
    topic_set_version = models.CharField(max_length=32)
    base_version = models.CharField(max_length=64)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    before_post = models.BigIntegerField(null=True)  # posts from this id on are done
    passes = models.PositiveSmallIntegerField(default=0)  # ways from the newest post to the oldest that have ended
    asked_at = models.DateTimeField(db_default=Now())
    looked_at = models.DateTimeField(db_default=Now())  # when it was last made sure that no post is left
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand"], condition=models.Q(finished_at=None), name="one_open_renewal_per_brand"
            )
        ]


class SampledPost(models.Model):
    """A post drawn by chance for review, so that what the model misses is measured and not guessed."""

    brand = models.ForeignKey(Brand, models.CASCADE, db_index=False)
    post = models.ForeignKey(Post, models.CASCADE, related_name="+")
    drawn_on = models.DateField()  # the UTC day whose posts were drawn
    # As read when it was drawn, and as triage decided by itself; a sample of each kind is drawn.
    said_complaint = models.BooleanField()
    put_aside = models.BooleanField(default=False)  # as spam or advertising
    post_version = models.PositiveIntegerField(default=1)  # the words that were read
    model_version = models.CharField(max_length=64)
    language = models.CharField(max_length=16)
    platform = models.CharField(max_length=24)
    is_complaint = models.BooleanField(null=True)  # the verdict; null: not judged yet
    judged_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    judged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "post"], name="one_sample_per_post")]
        indexes = [models.Index(fields=["brand", "drawn_on"], name="samples_by_day")]


class SampleStratum(models.Model):
    """How many posts of a day there were of one language, platform, model and reading: what its drawn posts stand for.
    A stratum of which none was drawn counts too. The rows of a day say that its sample was drawn."""

    brand = models.ForeignKey(Brand, models.CASCADE, db_index=False)
    drawn_on = models.DateField()
    said_complaint = models.BooleanField()
    put_aside = models.BooleanField(default=False)
    model_version = models.CharField(max_length=64)
    language = models.CharField(max_length=16)
    platform = models.CharField(max_length=24)
    population = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "drawn_on", "said_complaint", "put_aside", "model_version", "language", "platform"],
                name="one_stratum_per_day",
            )
        ]


class Drift(models.Model):
    """How far the posts of a week have moved from those of the four before, once a day for each measure; and how far
    measured recall and precision of two weeks have fallen below those of the four before."""

    brand = models.ForeignKey(Brand, models.CASCADE, db_index=False)
    day = models.DateField()  # the last whole UTC day of the week
    measure = models.CharField(max_length=24)  # see `drift.MEASURES` and `falls.MEASURES`
    # Population stability index, or the distance between the former lower and the present upper bound; null: too few
    # posts or verdicts to say.
    index = models.FloatField(null=True)
    parts = models.JSONField(default=list)  # [part, posts before, posts now], or [bound, share before, share now]
    before_count = models.PositiveIntegerField()  # posts, or verdicts
    now_count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "measure", "day"], name="one_drift_per_day")]
