"""Stored analyses (append-only), the corrections of reviewers, embeddings and which analysis counts now."""

from django.db import models
from django.db.models.functions import Now
from pgvector.django import HalfVectorField

from monitor.brands.models import Brand, User
from monitor.inbox.models import Post


class Analysis(models.Model):
    """What one model version said of one version of a post's text."""

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
    """384 numbers of one post for one model version; kept for complaints only."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="embeddings", db_index=False)
    model_version = models.CharField(max_length=64)
    vector = HalfVectorField(dimensions=384)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "model_version"], name="one_embedding_per_model")]


class Correction(models.Model):
    """A reviewer's verdict on one field of an analysis. The latest one counts in every number from then on."""

    brand = models.ForeignKey(Brand, models.CASCADE)
    post = models.ForeignKey(Post, models.CASCADE, related_name="corrections")
    analysis = models.ForeignKey(Analysis, models.SET_NULL, null=True)
    field = models.CharField(max_length=24)  # complaint, topic, severity, sentiment, intent, needs_reply, language
    was = models.CharField(max_length=48)
    value = models.CharField(max_length=48)
    is_current = models.BooleanField(default=True)
    corrected_by = models.ForeignKey(User, models.SET_NULL, null=True)
    corrected_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["post", "field"], condition=models.Q(is_current=True), name="one_current_correction_per_field"
            )
        ]
