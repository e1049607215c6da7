"""What the platforms told us: journal, authors, conversations, posts, sightings and the change log.

Brand and channel are locked once a batch when posts are stored (`services.storing`), not once a row by a constraint.
Unique keys lead with the platform's id: a search by it is quick whatever the planner believes of a brand it has no
statistics of yet.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from monitor.brands.models import Brand, Channel, ChannelStream, Market, User
from monitor.schema import UuidV7


class NextLogId(models.Func):
    """Numbers for the lines of the logs. Random ids would cost more than the lines (a system call each)."""

    template = "nextval('inbox_log_id'::regclass)"
    output_field = models.BigIntegerField()


class LineKeys(models.Func):
    """Numbers for the lines of a text and for the whole of it (the function is made in the first migration)."""

    function = "inbox_line_keys"
    output_field = ArrayField(models.BigIntegerField())


class Arrival(models.TextChoices):
    LIVE = "live"
    BACKFILL = "backfill"
    IMPORT = "import"


class Stage(models.TextChoices):
    """How far the pipeline has come with a post."""

    RECEIVED = "received"
    ANALYZED = "analyzed"
    TRIAGED = "triaged"
    QUARANTINED = "quarantined"


class RawEvent(models.Model):
    """The journal: one update verbatim, before anything interprets it. Partitioned by month, referenced by nothing.

    `body` is bytes because PostgreSQL refuses NUL and lone surrogates in text, and because it is kept as it came.
    """

    pk = models.CompositePrimaryKey("recorded_at", "id")
    id = models.BigIntegerField(db_default=NextLogId(), editable=False)
    recorded_at = models.DateTimeField(db_default=Now())
    brand_id = models.BigIntegerField()
    channel_id = models.BigIntegerField()
    platform = models.CharField(max_length=24)
    kind = models.CharField(max_length=48)
    external_id = models.CharField(max_length=160, blank=True)
    author_ids = models.JSONField(default=list)  # for erasure by author
    post_ids = models.JSONField(default=list, db_default=[])  # of other posts whose words are in it: for their deletion
    body_hash = models.BinaryField(max_length=32)
    body = models.BinaryField()

    class Meta:
        indexes = [
            models.Index(fields=["channel_id", "external_id"]),
            # Few lines hold words of other posts.
            GinIndex(fields=["post_ids"], condition=~models.Q(post_ids=[]), name="journal_of_several_posts"),
        ]


class QuarantinedEvent(models.Model):
    """An update or an imported row that could not be understood: put aside, counted, shown, and replayed on demand."""

    brand = models.ForeignKey(Brand, models.CASCADE)
    channel = models.ForeignKey(Channel, models.SET_NULL, null=True)
    source = models.CharField(max_length=200)  # stream, webhook, or file name and line
    reason_code = models.CharField(max_length=64)
    params = models.JSONField(default=dict)
    body = models.BinaryField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    replayed_at = models.DateTimeField(null=True)


class PendingFetch(models.Model):
    """Something that a platform named without telling it (a mention elsewhere), and that we have yet to ask for."""

    brand = models.ForeignKey(Brand, models.CASCADE)
    channel = models.ForeignKey(Channel, models.CASCADE)
    code = models.CharField(max_length=48)  # of the notice: one of platforms.base.FETCHED_NOTICES
    external_id = models.CharField(max_length=160)
    params = models.JSONField(default=dict)  # of the notice: ids
    tries = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=64, blank=True)
    next_try_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True)
    noted_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "code", "external_id"], name="one_fetch_per_thing_named")
        ]
        indexes = [models.Index(fields=["next_try_at"])]


class Customer(models.Model):
    """A person behind authors; linked by people only."""

    public_id = models.UUIDField(db_default=UuidV7(), unique=True, editable=False)
    brand = models.ForeignKey(Brand, models.CASCADE)
    name = models.CharField(max_length=160, blank=True)
    market = models.ForeignKey(Market, models.SET_NULL, null=True)
    created_at = models.DateTimeField(auto_now_add=True)


class Author(models.Model):
    """A profile on a platform as one brand sees it. An erased author keeps its row without any name or id."""

    brand = models.ForeignKey(Brand, models.CASCADE, db_index=False, db_constraint=False)
    platform = models.CharField(max_length=24)
    external_id = models.CharField(max_length=128)
    handle = models.CharField(max_length=128, blank=True)
    name = models.CharField(max_length=200, blank=True)
    followers = models.BigIntegerField(null=True)
    is_verified = models.BooleanField(default=False)
    is_automated = models.BooleanField(default=False)
    is_opted_out = models.BooleanField(default=False)
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, related_name="authors")
    joined_at = models.DateTimeField(null=True)  # the platform's, where it tells
    first_seen_at = models.DateTimeField(db_default=Now())
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["external_id", "platform", "brand"], name="one_author_per_platform_id")
        ]


class Conversation(models.Model):
    """A thread: a public post with its comments, or the private messages between two parties."""

    brand = models.ForeignKey(Brand, models.CASCADE, db_index=False, db_constraint=False)
    platform = models.CharField(max_length=24)
    external_id = models.CharField(max_length=160)
    channel = models.ForeignKey(Channel, models.SET_NULL, null=True, db_index=False, db_constraint=False)
    is_public = models.BooleanField(default=True)
    first_post_at = models.DateTimeField(null=True)
    last_post_at = models.DateTimeField(null=True)
    last_inbound_at = models.DateTimeField(null=True)
    last_own_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["external_id", "platform", "brand"], name="one_conversation_per_thread")
        ]


class Post(models.Model):
    """What somebody wrote. Text is exact; a deleted or erased post stays as a skeleton that keeps counting."""

    public_id = models.UUIDField(db_default=UuidV7(), unique=True, editable=False)
    # The composite indexes below begin with brand, thread and author: indexes of their own would only cost.
    brand = models.ForeignKey(Brand, models.CASCADE, related_name="posts", db_index=False, db_constraint=False)
    platform = models.CharField(max_length=24)
    external_id = models.CharField(max_length=160)
    platform_id = models.CharField(max_length=160, blank=True)
    channel = models.ForeignKey(Channel, models.SET_NULL, null=True, db_index=False, db_constraint=False)
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="posts", db_index=False)
    author = models.ForeignKey(Author, models.PROTECT, null=True, related_name="posts", db_index=False)
    form = models.CharField(max_length=24)
    text = models.TextField(blank=True)
    language_hint = models.CharField(max_length=16, blank=True)
    url = models.CharField(max_length=500, blank=True)
    in_reply_to = models.CharField(max_length=160, blank=True)
    attachments = models.JSONField(default=list)
    extra = models.JSONField(default=dict, db_default={})  # what platforms.extra.Extra tells, and nothing else
    place = models.CharField(max_length=120, blank=True)
    market = models.ForeignKey(Market, models.SET_NULL, null=True, db_index=False)
    market_source = models.CharField(max_length=24, default="unknown")
    is_public = models.BooleanField(default=True)
    is_own = models.BooleanField(default=False)
    own_by = models.CharField(max_length=24, blank=True)  # us, native_app, other_tool
    mentions_us = models.BooleanField(default=False)
    quotes_us = models.BooleanField(default=False)
    arrival = models.CharField(max_length=16, choices=Arrival, default=Arrival.LIVE)
    version = models.PositiveIntegerField(default=1)  # ours: one more for each edit that was taken in
    platform_version = models.PositiveIntegerField(default=1)  # the platform's own counter, where it has one
    created_at = models.DateTimeField(null=True)  # by the platform's clock; null: undated import
    stored_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    deletion_reason = models.CharField(max_length=24, blank=True)
    is_hidden = models.BooleanField(null=True)  # by us or in the platform's own app; null: nobody has told
    hidden_changed_at = models.DateTimeField(null=True)
    stage = models.CharField(max_length=16, choices=Stage, default=Stage.RECEIVED)
    stage_tries = models.PositiveSmallIntegerField(default=0)
    stage_error = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["external_id", "platform", "brand"], name="one_post_per_platform_id")
        ]
        indexes = [
            models.Index(
                # Live posts go before those of an import, however many it brought.
                fields=["stage", "-arrival", "id"],
                condition=models.Q(stage__in=["received", "analyzed"]),
                name="posts_that_wait",
            ),
            models.Index(fields=["brand", "-id"], condition=models.Q(stage="quarantined"), name="posts_put_aside"),
            models.Index(fields=["conversation", "created_at"]),
            models.Index(fields=["author", "-id"]),
            models.Index(fields=["brand", "created_at"]),
            # X: an edit has a new id, and a deletion may name that one.
            models.Index(
                fields=["platform_id", "platform", "brand"],
                condition=~models.Q(platform_id=models.F("external_id")) & ~models.Q(platform_id=""),
                name="posts_by_other_id",
            ),
            # Who copied what (`inbox.copies`). Posts on their way change several times, and would pay for it each time.
            GinIndex(LineKeys("text"), condition=models.Q(stage="triaged", is_own=False), name="posts_by_line"),
            # Few posts say anything beyond their words: what people look for among them is found at once.
            models.Index(fields=["brand", "-id"], condition=models.Q(extra__has_key="ad_id"), name="posts_on_ads"),
            models.Index(
                fields=["brand", "-id"],
                condition=models.Q(extra__has_any_keys=["stars", "recommends"]),
                name="posts_with_ratings",
            ),
        ]


class Sighting(models.Model):
    """Which channel saw a post, how and when. Partitioned by month, referenced by nothing."""

    pk = models.CompositePrimaryKey("recorded_at", "id")
    id = models.BigIntegerField(db_default=NextLogId(), editable=False)
    recorded_at = models.DateTimeField(db_default=Now())
    brand_id = models.BigIntegerField()
    post_id = models.BigIntegerField()
    channel_id = models.BigIntegerField()
    stream = models.CharField(max_length=32)
    how = models.CharField(max_length=16)  # poll, webhook, import, send

    class Meta:
        indexes = [models.Index(fields=["post_id"])]


class PostChange(models.Model):
    """The change log that trends folds: which post changed and why. `xid` orders it safely (see `trends.services`)."""

    pk = models.CompositePrimaryKey("recorded_at", "id")
    id = models.BigIntegerField(db_default=NextLogId(), editable=False)
    recorded_at = models.DateTimeField(db_default=Now())
    xid = models.BigIntegerField(
        db_default=models.Func(template="((pg_current_xact_id()::text)::bigint)", output_field=models.BigIntegerField())
    )
    brand_id = models.BigIntegerField()
    post_id = models.BigIntegerField()
    kind = models.CharField(max_length=24)  # stored, edited, deleted, analyzed, triaged, corrected, cased, erased

    class Meta:
        indexes = [
            models.Index(fields=["xid"]),
            # For `changes.posts_gone_since`, which every room's sweep asks: few rows among very many.
            models.Index(
                fields=["recorded_at"], condition=models.Q(kind__in=["deleted", "erased"]), name="posts_that_went"
            ),
        ]


class Tombstone(models.Model):
    """A salted hash of what was deleted or erased, so that no re-read, replay or restored backup brings it back."""

    key_hash = models.BinaryField(max_length=32, primary_key=True)
    brand = models.ForeignKey(Brand, models.CASCADE)
    kind = models.CharField(max_length=16)  # post, author, departure
    recorded_at = models.DateTimeField(auto_now_add=True)


class ChannelGap(models.Model):
    """A stretch of time that a platform could no longer tell us about: shown, never hidden."""

    stream = models.ForeignKey(ChannelStream, models.CASCADE, related_name="gaps")
    code = models.CharField(max_length=48)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(auto_now_add=True)


class Recheck(models.Model):
    """How far the looking-up of a channel's stored posts has come: one row for those of open `cases`, one for `recent`
    ones. A round goes through them once, oldest first; `after_at` and `after_id` are the last one that was looked up.
    """

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="rechecks")
    scope = models.CharField(max_length=16)
    due_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True)
    after_at = models.DateTimeField(null=True)
    after_id = models.BigIntegerField(default=0)
    began_at = models.DateTimeField(null=True)  # of the round under way
    ended_at = models.DateTimeField(null=True)  # of the last whole round
    looked_up = models.PositiveIntegerField(default=0)  # in the last whole round, as the two below
    found_gone = models.PositiveIntegerField(default=0)
    found_edited = models.PositiveIntegerField(default=0)
    counting = models.JSONField(default=dict)  # the same three of the round under way
    last_error = models.CharField(max_length=64, blank=True)
    spent_on = models.DateField(null=True)
    spent_micros = models.BigIntegerField(default=0)  # on that UTC day, at list price

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "scope"], name="one_recheck_per_scope")]
        indexes = [models.Index(fields=["due_at"])]


class ChannelHour(models.Model):
    """The ledger of completeness: what a stream of a channel brought in an hour (of our clock, in UTC).

    Each post counts once in `pushed` or `found`: the way in which the channel saw it first. `overtaken` were pushed
    after reading had found them, `confirmed` read after they had been pushed: what reading found and push never
    brought is `found - overtaken`. `slow` came long after they were written; `live` are new, theirs, and no history.
    `slot` spreads the counters, so that deliveries for one channel do not wait for each other.
    """

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="hours", db_index=False, db_constraint=False)
    stream = models.CharField(max_length=32)
    hour = models.DateTimeField()
    slot = models.PositiveSmallIntegerField(default=0)
    pushed = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    overtaken = models.PositiveIntegerField(default=0)
    confirmed = models.PositiveIntegerField(default=0)
    slow = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    live = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "hour", "stream", "slot"], name="one_count_per_hour_and_slot")
        ]


class RereadingState(models.TextChoices):
    WAITING = "waiting"
    DONE = "done"
    STOPPED = "stopped"  # by a person
    FAILED = "failed"


class Rereading(models.Model):
    """A stretch of a stream that is read again on somebody's request: from the platform, or from our own journal.

    It has a cursor of its own, which moves with what it passed; what it brings is history.
    """

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="rereadings")
    source = models.CharField(max_length=16)  # platform, journal
    stream = models.CharField(max_length=32, blank=True)  # of the platform's; "" for the journal
    since = models.DateTimeField()
    requested_at = models.DateTimeField(db_default=Now())
    requested_by = models.ForeignKey(User, models.SET_NULL, null=True)
    live_since = models.DateTimeField()  # what is older counts as history
    state = models.CharField(max_length=16, choices=RereadingState, default=RereadingState.WAITING)
    error = models.CharField(max_length=64, blank=True)
    cursor = models.JSONField(default=dict)
    pages = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    stored = models.PositiveIntegerField(default=0)
    reached_at = models.DateTimeField(null=True)  # how far it has come, by the posts' own times
    failures = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "source", "stream"],
                condition=models.Q(state="waiting"),
                name="one_rereading_at_a_time",
            )
        ]
