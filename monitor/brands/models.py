"""Who works here and what is watched: people, brands, markets, channels, budgets, switches."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Now

from monitor.schema import UuidV7


class Role(models.TextChoices):
    VIEWER = "viewer"
    ANALYST = "analyst"
    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """Somebody who logs in. `is_operator` runs the installation and sees every brand."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    language = models.CharField(max_length=16, default="en")
    is_active = models.BooleanField(default=True)
    is_operator = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email


class Brand(models.Model):
    """What is watched. Everything that differs between brands is data of this row and of those that point to it."""

    public_id = models.UUIDField(db_default=UuidV7(), unique=True, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    is_demo = models.BooleanField(default=False)
    time_zone = models.CharField(max_length=64, default="UTC")
    default_language = models.CharField(max_length=16, default="en")
    flag_threshold = models.PositiveSmallIntegerField(default=50)
    acknowledgement_cooldown_hours = models.PositiveSmallIntegerField(default=24)
    order_patterns = models.JSONField(default=list, blank=True)
    language_markets = models.JSONField(default=dict, blank=True)  # language → market code
    tone = models.JSONField(default=dict, blank=True)  # signature, greeting style, forbidden words
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    brand = models.ForeignKey(Brand, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "brand"], name="one_role_per_user_and_brand")]


class Market(models.Model):
    """A country or region of a brand. `hand_offs` holds the rows of its hand-off matrix (see docs/brands.md)."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="markets")
    code = models.CharField(max_length=16)
    name = models.CharField(max_length=80)
    time_zone = models.CharField(max_length=64, default="UTC")
    languages = models.JSONField(default=list)
    hours = models.JSONField(default=dict)  # weekday number → [["09:00", "12:00"], …] in the market's zone
    holidays = models.JSONField(default=list)  # ISO dates
    hand_offs = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "code"], name="one_market_per_code")]


class ChannelState(models.TextChoices):
    HEALTHY = "healthy"
    NEEDS_REAUTH = "needs_reauth"
    BLOCKED = "blocked"  # permission missing, policy block
    PAUSED = "paused"  # by a person
    DISCONNECTED = "disconnected"  # by a person: its credentials are deleted


class Channel(models.Model):
    """One connected account, page, saved search, feed or import. `credentials` are sealed (see `brands.sealing`)."""

    public_id = models.UUIDField(db_default=UuidV7(), unique=True, editable=False)
    brand = models.ForeignKey(Brand, models.CASCADE, related_name="channels")
    platform = models.CharField(max_length=24)
    kind = models.CharField(max_length=24)  # account, page, search, import, feed, forum, reviews
    external_id = models.CharField(max_length=128)
    handle = models.CharField(max_length=128, blank=True)
    name = models.CharField(max_length=160, blank=True)
    query = models.CharField(max_length=1024, blank=True)
    credentials = models.BinaryField(null=True, editable=False)
    api_url = models.CharField(max_length=200, blank=True)  # "" means the platform's own address from the settings
    market = models.ForeignKey(Market, models.SET_NULL, null=True, blank=True)
    state = models.CharField(max_length=16, choices=ChannelState, default=ChannelState.HEALTHY)
    state_code = models.CharField(max_length=48, blank=True)
    state_params = models.JSONField(default=dict, blank=True)
    state_at = models.DateTimeField(null=True)
    poll_seconds = models.PositiveIntegerField(default=60)
    daily_cap_micros = models.BigIntegerField(null=True, blank=True)  # of a UTC day's spend; null: no cap
    can_reply = models.BooleanField(default=True)
    # Of an import or a feed: somebody says that the terms of its source allow a model to learn from its posts.
    may_teach = models.BooleanField(default=False)
    # Renewals of the sign-in that were begun and of which no answer is known (see `brands.services.renewing`).
    open_renewals = models.PositiveSmallIntegerField(default=0)
    examine_at = models.DateTimeField(db_default=Now())  # when its conditions are looked at again
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "platform", "kind", "external_id"], name="one_row_per_channel")
        ]

    def __str__(self) -> str:
        words = f"“{self.query}”" if self.kind == "search" and self.query else ""
        return self.name or words or self.handle or self.external_id


class SignInUnderWay(models.Model):
    """Somebody is at a platform to sign in, or chooses among what was found there: good once, for minutes, and only in
    the browser session and the brand that it began in. `sealed` holds what is needed at the return."""

    key_hash = models.CharField(max_length=64, unique=True)
    session_hash = models.CharField(max_length=64)
    user = models.ForeignKey(User, models.CASCADE)
    brand = models.ForeignKey(Brand, models.CASCADE)
    platform = models.CharField(max_length=24)
    stage = models.CharField(max_length=8)  # asked, found
    sealed = models.BinaryField(editable=False)
    expires_at = models.DateTimeField()


class ChannelCondition(models.Model):
    """What one aspect of a channel's connection was found to be (`platforms.base.Condition`), and since when."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="conditions")
    aspect = models.CharField(max_length=16)
    state = models.CharField(max_length=16)
    code = models.CharField(max_length=48, blank=True)
    params = models.JSONField(default=dict)
    since = models.DateTimeField()
    looked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "aspect"], name="one_condition_per_aspect")]


class ChannelStream(models.Model):
    """What is polled of a channel, with its durable cursor: it moves only with what it passed."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="streams")
    name = models.CharField(max_length=32)
    cursor = models.JSONField(default=dict)
    next_poll_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    last_post_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=64, blank=True)
    posts_found = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "name"], name="one_row_per_stream")]


class Allowance(models.Model):
    """The shared budget of an endpoint of a channel: one UPDATE a call takes from it."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="allowances")
    endpoint = models.CharField(max_length=64)
    window_seconds = models.PositiveIntegerField(default=900)
    window_limit = models.PositiveIntegerField()
    used = models.PositiveIntegerField(default=0)
    resets_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "endpoint"], name="one_allowance_per_endpoint")]


class Spend(models.Model):
    """What a channel has cost on a UTC day, in millionths of a dollar (see `brands.budgets`). `asides`: the most that
    each read under way may cost, and until when at the latest."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="spends")
    day = models.DateField()
    reads_micros = models.BigIntegerField(default=0)
    writes_micros = models.BigIntegerField(default=0)
    asides = models.JSONField(default=dict)  # token → [micros, seconds since 1970]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "day"], name="one_spend_per_day")]


class PaidRead(models.Model):
    """What a channel has paid to read on a UTC day, as hashes: the same thing is not charged twice (see `budgets`)."""

    pk = models.CompositePrimaryKey("channel_id", "day", "key_hash")
    channel = models.ForeignKey(Channel, models.CASCADE, db_index=False)
    day = models.DateField()
    key_hash = models.BinaryField(max_length=16)


class SwitchName(models.TextChoices):
    AUTOMATION = "automation"
    ACKNOWLEDGEMENT = "acknowledgement"
    CRISIS = "crisis"
    KILL = "kill"  # nothing is sent at all


class Switch(models.Model):
    """Rows that every room reads in its claim transaction. A missing row is off."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="switches")
    name = models.CharField(max_length=24, choices=SwitchName)
    is_on = models.BooleanField(default=False)
    changed_by = models.ForeignKey(User, models.SET_NULL, null=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "name"], name="one_switch_per_name")]


class ApiToken(models.Model):
    """A key to the REST API for one brand with one role; only its hash is kept."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    token_hash = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=16, choices=Role)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class LoginLink(models.Model):
    """A link that logs its user in once, within minutes; only its hash is kept."""

    user = models.ForeignKey(User, models.CASCADE)
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class LoginThrottle(models.Model):
    """Failed logins of one e-mail address from one network address: guessing slows down for the guesser only."""

    key_hash = models.CharField(max_length=64, unique=True)
    failures = models.PositiveIntegerField(default=0)
    blocked_until = models.DateTimeField(null=True)
    last_failure_at = models.DateTimeField(auto_now=True)
