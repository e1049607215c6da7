"""Cases: what somebody at the brand takes on for a customer, and who works on it until nothing is left to do."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Now

from monitor.brands.models import Brand, Market, User
from monitor.inbox.models import Author, Conversation, Customer, Post
from monitor.schema import UuidV7


class CaseState(models.TextChoices):
    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"  # for the customer
    RESOLVED = "resolved"
    CLOSED = "closed"


class Incident(models.Model):
    """One cause behind many cases."""

    public_id = models.UUIDField(db_default=UuidV7(), unique=True, editable=False)
    brand = models.ForeignKey(Brand, models.CASCADE)
    title = models.CharField(max_length=200)
    topic = models.CharField(max_length=48, blank=True)
    opened_by = models.ForeignKey(User, models.SET_NULL, null=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)


class Case(models.Model):
    """Transitions are in `cases.states`. Analysis fields are those of the post that decided."""

    public_id = models.UUIDField(db_default=UuidV7(), unique=True, editable=False)
    brand = models.ForeignKey(Brand, models.CASCADE, related_name="cases", db_index=False)
    reference = models.CharField(max_length=8, unique=True)
    state = models.CharField(max_length=16, choices=CaseState, default=CaseState.NEW)
    author = models.ForeignKey(Author, models.PROTECT, null=True, related_name="cases")
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True)
    market = models.ForeignKey(Market, models.SET_NULL, null=True, db_index=False)
    deciding_post = models.ForeignKey(Post, models.PROTECT, related_name="+")
    platform = models.CharField(max_length=24)
    is_public = models.BooleanField(default=True)
    priority = models.PositiveSmallIntegerField(default=0)
    is_flagged = models.BooleanField(default=False)
    reasons = models.JSONField(default=list)
    intent = models.CharField(max_length=16)
    topic = models.CharField(max_length=48)
    severity = models.PositiveSmallIntegerField(default=0)
    sentiment = models.CharField(max_length=16)
    language = models.CharField(max_length=16)
    audience = models.CharField(max_length=16)
    arrival = models.CharField(max_length=16)
    assignee = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    claimed_until = models.DateTimeField(null=True)
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, related_name="cases")
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True)
    post_count = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField(db_default=Now())
    first_post_at = models.DateTimeField(null=True)
    last_inbound_at = models.DateTimeField(null=True)
    waiting_since = models.DateTimeField(null=True)  # since when the customer waits for us
    first_reply_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=32, blank=True)
    snoozed_until = models.DateTimeField(null=True)
    tags = models.JSONField(default=list, blank=True)
    # The order of the queue as one number, so that a page of it is one row comparison on one index.
    queue_rank = models.GeneratedField(
        expression=models.Case(models.When(is_flagged=True, then=models.Value(100)), default=models.Value(1000))
        - models.F("priority"),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    # Whose suggestion the newest question has: a phrasebook's version. "": it waits for one.
    suggested_by = models.CharField(max_length=48, blank=True)
    version = models.PositiveIntegerField(default=1)  # for "somebody else changed this case"
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["brand", "queue_rank", "last_inbound_at", "id"],
                condition=models.Q(state__in=["new", "open"]),
                name="queue",
            ),
            models.Index(
                fields=["brand", "queue_rank", "last_inbound_at", "id"],
                condition=models.Q(state="waiting"),
                name="waiting_for_customers",
            ),
            models.Index(
                fields=["snoozed_until"], condition=models.Q(snoozed_until__isnull=False), name="snoozed_cases"
            ),
            models.Index(fields=["resolved_at"], condition=models.Q(state="resolved"), name="resolved_cases"),
            models.Index(
                fields=["suggested_by", "-changed_at"],
                condition=models.Q(state__in=["new", "open"]),
                name="cases_by_suggestion",
            ),
            models.Index(fields=["brand", "-changed_at", "-id"]),
        ]


class CaseConversation(models.Model):
    """Links a case to a conversation. Merge, undo and split only move links; one link per conversation is open."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="links")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="links")
    # In public threads many people speak: a link belongs to the author whose case it is. Null: the whole thread.
    author = models.ForeignKey(Author, models.PROTECT, null=True)
    is_open = models.BooleanField(default=True)
    linked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "author"],
                condition=models.Q(is_open=True),
                nulls_distinct=False,
                name="one_open_link_per_conversation",
            )
        ]


class CasePost(models.Model):
    """The posts of a case that asked for something, each with the priority it brought; one row a post, ever."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="case_posts")
    post = models.OneToOneField(Post, models.CASCADE, related_name="case_post")
    priority = models.PositiveSmallIntegerField(default=0)
    joined_at = models.DateTimeField(db_default=Now())
    words = SearchVectorField(null=True)  # see `cases.search`

    class Meta:
        indexes = [GinIndex(fields=["words"], name="words_of_cases")]


class CaseMerge(models.Model):
    """Which links and posts a merge or split moved, so that it can be undone exactly."""

    source = models.ForeignKey(Case, models.CASCADE, related_name="merges_out")
    target = models.ForeignKey(Case, models.CASCADE, related_name="merges_in")
    link_ids = models.JSONField(default=list)
    case_post_ids = models.JSONField(default=list)
    source_state = models.CharField(max_length=16, choices=CaseState)
    merged_by = models.ForeignKey(User, models.SET_NULL, null=True)
    merged_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)


class Note(models.Model):
    """An internal note; never leaves the desk."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="notes")
    author = models.ForeignKey(User, models.SET_NULL, null=True)
    text = models.TextField()
    written_at = models.DateTimeField(auto_now_add=True)


class Escalation(models.Model):
    """The event that raises a case, by rule or by a person."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="escalations")
    reasons = models.JSONField(default=list)
    raised_by = models.ForeignKey(User, models.SET_NULL, null=True)
    raised_at = models.DateTimeField(auto_now_add=True)


class HandOff(models.Model):
    """A tracked step: the customer was led to another support channel, and whether that was done."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="hand_offs")
    to = models.CharField(max_length=32)  # app_support, chatbot, email, hotline, seller_desk
    offered_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)
