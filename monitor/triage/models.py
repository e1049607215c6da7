"""Rules of a brand and the decisions taken, with the facts they were taken on: each can be run again, bit for bit."""

from django.db import models
from django.db.models.functions import Now

from monitor.brands.models import Brand, User
from monitor.inbox.models import Author, Post


class Rule(models.Model):
    """A brand's own rule: when all `conditions` hold, `actions` apply. Plain data, read by `triage.rules`."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="rules")
    name = models.CharField(max_length=120)
    position = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    conditions = models.JSONField(default=list)
    actions = models.JSONField(default=list)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True)
    changed_at = models.DateTimeField(auto_now=True)


class Ruleset(models.Model):
    """Weights and rules exactly as they stood when decisions were taken with them; never changed, never removed."""

    brand = models.ForeignKey(Brand, models.CASCADE, db_index=False)
    version = models.CharField(max_length=64)
    content = models.JSONField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "version"], name="one_ruleset_per_version")]


class TriageDecision(models.Model):
    """One decision on one post; append-only, the newest is the current one."""

    brand = models.ForeignKey(Brand, models.CASCADE, db_index=False)
    post = models.ForeignKey(Post, models.CASCADE, related_name="decisions")
    post_version = models.PositiveIntegerField(default=1)  # the words that were decided on
    ruleset_version = models.CharField(max_length=64)
    facts = models.JSONField()
    opens_case = models.BooleanField()
    joins_case = models.BooleanField(default=False)
    is_flagged = models.BooleanField()
    priority = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    actions = models.JSONField(default=list)
    is_spam = models.BooleanField(default=False)  # put aside as `triage.spam` says
    is_advertising = models.BooleanField(default=False)  # put aside as a mere advertisement
    is_current = models.BooleanField(default=True)
    decided_at = models.DateTimeField(db_default=Now())

    @property
    def is_put_aside(self) -> bool:
        return self.is_spam or self.is_advertising

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["post"], condition=models.Q(is_current=True), name="one_current_decision_per_post"
            )
        ]
        indexes = [
            models.Index(fields=["brand", "-id"]),
            models.Index(
                fields=["brand", "decided_at"], condition=models.Q(is_spam=True, is_current=True), name="spam_by_time"
            ),
            models.Index(
                fields=["brand", "decided_at"],
                condition=models.Q(is_advertising=True, is_current=True),
                name="advertising_by_time",
            ),
        ]


class SpamMark(models.Model):
    """That an author wrote one text, gave one code away, or sent others to one contact, lately: for a week, to find
    what many post alike.

    A hash and no words. `post` is the latest that says so; when it goes, the mark goes.
    """

    brand = models.ForeignKey(Brand, models.CASCADE, db_index=False)
    author = models.ForeignKey(Author, models.CASCADE, related_name="+", db_index=False)
    post = models.ForeignKey(Post, models.CASCADE, related_name="+")
    mark = models.BigIntegerField()
    posts = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        # The mark leads: it tells apart more than brand and author do.
        constraints = [models.UniqueConstraint(fields=["mark", "brand", "author"], name="one_spam_mark_per_author")]


class OwnContact(models.Model):
    """That the brand itself tells a number, address or messenger link in public: it marks no customer who repeats it.

    A hash and no words. `post` is the latest that says so; when it goes, the mark goes.
    """

    brand = models.ForeignKey(Brand, models.CASCADE, db_index=False)
    post = models.ForeignKey(Post, models.CASCADE, related_name="+")
    mark = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mark", "brand"], name="one_own_contact_per_brand")]
