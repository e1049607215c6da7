"""Articles, suggestions, replies and the outbox of Effects. Transitions are in `replies.states`."""

from django.db import models

from monitor.brands.models import Brand, Channel, Market, User
from monitor.cases.models import Case
from monitor.inbox.models import Conversation, Post
from monitor.schema import UuidV7


class Article(models.Model):
    """What answers may state as true, in one language; `owner` vouches for it and reads it again on `review_on`."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="articles")
    code = models.SlugField(max_length=60)
    language = models.CharField(max_length=16)
    topics = models.JSONField(default=list)
    situations = models.JSONField(default=list)  # see replies/articles/: "refund_late", "coupon" …
    audience = models.CharField(max_length=16, default="buyer")
    market = models.ForeignKey(Market, models.SET_NULL, null=True)
    title = models.CharField(max_length=200)
    body = models.TextField()
    short = models.CharField(max_length=300, blank=True)  # the same fact in one sentence, for public replies
    owner = models.ForeignKey(User, models.SET_NULL, null=True)
    review_on = models.DateField(null=True)
    version = models.PositiveIntegerField(default=1)  # 1: as it was loaded; people who edit raise it
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "code", "language", "market"], nulls_distinct=False, name="one_article_per_language"
            )
        ]


class SuggestedReply(models.Model):
    """What we would say. Immutable; never sent by itself."""

    brand = models.ForeignKey(Brand, models.CASCADE)
    case = models.ForeignKey(Case, models.CASCADE, related_name="suggestions")
    post = models.ForeignKey(Post, models.CASCADE, related_name="suggestions")
    post_version = models.PositiveIntegerField(default=1)
    language = models.CharField(max_length=16)
    text = models.TextField()
    sources = models.JSONField(default=list)  # article codes, languages, versions
    hand_off = models.CharField(max_length=32, blank=True)
    guard = models.JSONField(default=list)  # coded findings
    engine = models.CharField(max_length=48)
    suggested_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "post", "post_version", "engine"], name="one_suggestion_per_post")
        ]


class ReplyState(models.TextChoices):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    DECLINED = "declined"
    NATIVE_TASK = "native_task"
    DELETED = "deleted"


class Reply(models.Model):
    """What is going to be said, or was: exactly these bytes. Only an acknowledgement may be automatic."""

    public_id = models.UUIDField(db_default=UuidV7(), unique=True, editable=False)
    brand = models.ForeignKey(Brand, models.CASCADE)
    case = models.ForeignKey(Case, models.CASCADE, related_name="replies")
    conversation = models.ForeignKey(Conversation, models.PROTECT)
    target = models.ForeignKey(Post, models.PROTECT, related_name="replies")
    channel = models.ForeignKey(Channel, models.SET_NULL, null=True)
    kind = models.CharField(max_length=24)  # reply, direct_message, private_reply
    state = models.CharField(max_length=16, choices=ReplyState, default=ReplyState.DRAFT)
    text = models.TextField()
    language = models.CharField(max_length=16, blank=True)
    suggestion = models.ForeignKey(SuggestedReply, models.SET_NULL, null=True)
    is_acknowledgement = models.BooleanField(default=False)
    is_additional = models.BooleanField(default=False)  # somebody meant to answer the same post once more
    sent_by = models.CharField(max_length=16, default="person")  # person, automation
    written_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    approved_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    not_before = models.DateTimeField(null=True)
    guard = models.JSONField(default=list)
    override_reason = models.CharField(max_length=200, blank=True)
    error_code = models.CharField(max_length=48, blank=True)
    own_post = models.OneToOneField(Post, models.SET_NULL, null=True, related_name="reply_made")
    created_at = models.DateTimeField(auto_now_add=True)
    approved_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=models.Q(is_acknowledgement=True), name="one_acknowledgement_per_case"
            ),
            models.UniqueConstraint(
                fields=["target", "kind"],
                condition=models.Q(
                    state__in=["approved", "sending", "unconfirmed", "sent"],
                    is_acknowledgement=False,
                    is_additional=False,
                ),
                name="one_answer_per_post",
            ),
        ]
        indexes = [models.Index(fields=["case", "created_at"]), models.Index(fields=["conversation", "state"])]


class EffectState(models.TextChoices):
    PENDING = "pending"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"


class Effect(models.Model):
    """One write to a platform: one claim, one idempotency key. The outbox.

    An answer goes out at most once; what changes nothing when it is done twice (`post`) is done until that is known.
    """

    brand = models.ForeignKey(Brand, models.CASCADE)
    channel = models.ForeignKey(Channel, models.PROTECT)
    reply = models.OneToOneField(Reply, models.CASCADE, null=True, related_name="effect")
    post = models.ForeignKey(Post, models.PROTECT, null=True)  # for hide, unhide, like, unlike, delete
    kind = models.CharField(max_length=24)
    state = models.CharField(max_length=16, choices=EffectState, default=EffectState.PENDING)
    idempotency_key = models.CharField(max_length=64, unique=True)
    requested_by = models.ForeignKey(User, models.SET_NULL, null=True)
    not_before = models.DateTimeField(db_default=models.functions.Now())
    tries = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)  # set in the instant before the platform is called
    lease_until = models.DateTimeField(null=True)
    checks = models.PositiveSmallIntegerField(default=0)
    external_id = models.CharField(max_length=160, blank=True)
    error_code = models.CharField(max_length=48, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["post", "kind"],
                condition=models.Q(state__in=["pending", "sending", "unconfirmed"]),
                name="one_effect_under_way",
            )
        ]
        indexes = [
            models.Index(
                fields=["state", "not_before"],
                condition=models.Q(state__in=["pending", "sending", "unconfirmed"]),
                name="effects_that_wait",
            )
        ]
