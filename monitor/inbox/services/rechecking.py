"""Looks stored posts up again: most deletions and edits are announced by nobody.

Two rounds a channel (`Recheck`), of a disconnected one through another of its brand: the posts of open cases every few
hours, all recent ones once a day. Each claim does one batch, and a cursor over (created_at, id) remembers the last one,
so that no row has a due time of its own. Where look-ups cost money, a part of the day's money is set aside, and open
cases come first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q, Sum
from django.db.models.functions import Now
from django.utils import timezone

from monitor.brands.budgets import ChannelBudget, next_utc_day
from monitor.brands.models import Channel
from monitor.brands.sealing import SealBrokenError
from monitor.brands.selectors import channel_context
from monitor.brands.services import open_connector
from monitor.inbox.models import Arrival, Post, Recheck
from monitor.inbox.rows import bounded_id, exact
from monitor.inbox.selectors import STAND_IN, platforms_able_to
from monitor.inbox.services import hiding
from monitor.inbox.services.failures import LONGEST_BACKOFF_SECONDS, code_of
from monitor.inbox.services.quarantine import understand
from monitor.inbox.services.storing import ingest
from monitor.logs import get_logger
from monitor.platforms.base import (
    ChannelContext,
    Connector,
    IncomingAuthor,
    IncomingDeletion,
    IncomingNotice,
    IncomingPost,
    Platform,
    PlatformEvent,
    RawUpdate,
)
from monitor.platforms.errors import PlatformError, QuotaExceededError, RateLimitedError
from monitor.platforms.registry import get_platform

log = get_logger(__name__)

CASES, RECENT = "cases", "recent"
LEASE_SECONDS = 120
# With a round's own length every post is looked up within a day.
RECENT_EVERY = timedelta(hours=20)
# Of a channel's daily cap: look-ups stop long before reading does.
CAP_SHARE = 0.1
_USUAL_BATCH = 50
_SOON = timedelta(minutes=10)

#: (channel id, after this post, how many) → ids of posts of open cases and of those with an answer under way.
OfCases = Callable[[int, int, int], Sequence[int]]

_CLAIM = f"""
    UPDATE inbox_recheck AS recheck
    SET lease_until = clock_timestamp() + make_interval(secs => %s),
        began_at = coalesce(recheck.began_at, clock_timestamp())
    FROM brands_channel AS channel
    WHERE channel.id = recheck.channel_id AND (channel.state = 'healthy' OR EXISTS ({STAND_IN}))
        AND recheck.channel_id = %s AND recheck.scope = %s AND recheck.due_at <= clock_timestamp()
        AND (recheck.lease_until IS NULL OR recheck.lease_until < clock_timestamp())
    RETURNING recheck.id, recheck.lease_until,
        CASE WHEN channel.state = 'healthy' THEN channel.id ELSE ({STAND_IN}) END
"""  # noqa: S608 - pieces of our own only


@dataclass(frozen=True, slots=True)
class RecheckReport:
    """What one batch found. `error` is a code; `skipped`: nothing was due, or somebody else is at it."""

    looked_up: int = 0
    gone: int = 0
    edited: int = 0
    error: str = ""
    skipped: bool = False


@dataclass
class _Look:
    """One channel's way to look posts up."""

    channel: Channel
    platform: Platform
    context: ChannelContext
    connector: Any  # a Connector with the ability "recheck"


def recheck_channel(
    *, channel_id: int, scope: str, of_cases: OfCases, platform: Platform | None = None
) -> RecheckReport:
    """Looks one batch up and moves the round on. What goes wrong says when it is tried again; nothing is raised for
    what a platform answers."""
    with connection.cursor() as cursor:
        shared = platforms_able_to("recheck_any")
        cursor.execute(_CLAIM, [LEASE_SECONDS, shared, channel_id, scope, shared])
        claimed = cursor.fetchone()
    if claimed is None:
        return RecheckReport(skipped=True)
    round_ = Recheck.objects.select_related("channel").get(pk=claimed[0])
    chosen = platform or get_platform(round_.channel.platform)
    asker = round_.channel if claimed[2] == channel_id else Channel.objects.get(pk=claimed[2])
    limit, wait_until = _affordable(round_, chosen, asker)
    if not limit:
        _finish(round_, due_at=wait_until, last_error="recheck_budget" if wait_until > timezone.now() + _SOON else "")
        return RecheckReport(skipped=True)
    posts, place = _next_posts(round_, chosen, limit, of_cases)
    budget = ChannelBudget(asker.pk)
    try:
        report = _look_up_with(asker, chosen, budget, posts) if posts else RecheckReport()
    except (PlatformError, SealBrokenError) as error:
        code = code_of(error)
        log.warning("recheck_failed", extra={"channel": channel_id, "scope": scope, "code": code})
        _finish(round_, due_at=_when_again(error), last_error=code, **_spent(round_, budget))
        return RecheckReport(error=code)
    _move_on(round_, report, place, budget)
    return report


def recheck_post(*, post: Post, channel: Channel, connector: Connector) -> bool:
    """Looks one post up, where its platform tells for nothing; False where it is gone, and it has gone here as well.

    A platform that does not answer, or a channel that cannot ask, tells nothing: then it counts as there.
    """
    chosen = get_platform(channel.platform)
    declared = chosen.declaration
    is_asked = "recheck" in declared.abilities and not declared.recheck_micros and not channel.brand.is_demo
    if not is_asked or not post.platform_id or not post.is_public:
        return True
    look = _Look(channel, chosen, channel_context(channel, with_credentials=False), connector)
    try:
        return not _look_up(look, [post]).gone
    except PlatformError as error:
        log.info("recheck_failed", extra={"channel": channel.pk, "post": post.pk, "code": code_of(error)})
        return True


def look_again_soon(*, channel_id: int) -> None:
    """A refusal has shown that something is gone: the posts of open cases are looked up now."""
    Recheck.objects.filter(channel_id=channel_id, scope=CASES).update(due_at=Now())


def look_up_everything() -> None:
    """A restored backup does not know what went while it was away: every round begins anew, now."""
    Recheck.objects.update(
        due_at=Now(), lease_until=None, began_at=None, after_at=None, after_id=0, counting={}, last_error=""
    )


# -- What to look up -------------------------------------------------------------------------------


def _affordable(round_: Recheck, platform: Platform, asker: Channel) -> tuple[int, datetime]:
    """How many posts may be looked up now, and when to come back if that is none. The money is that of who asks."""
    declared = platform.declaration
    batch = declared.recheck_batch or _USUAL_BATCH
    if not declared.recheck_micros:
        return batch, timezone.now()
    both = Recheck.objects.filter(channel_id=round_.channel_id)
    if round_.scope == RECENT and both.filter(scope=CASES, due_at__lte=timezone.now()).exists():
        return 0, timezone.now() + _SOON
    allowed = settings.RECHECK_CENTS * 10_000
    if asker.daily_cap_micros is not None:
        allowed = min(allowed, int(asker.daily_cap_micros * CAP_SHARE))
    spent = both.filter(spent_on=_today()).aggregate(total=Sum("spent_micros"))["total"] or 0
    return max(0, min(batch, (allowed - spent) // declared.recheck_micros)), next_utc_day()


def _next_posts(
    round_: Recheck, platform: Platform, limit: int, of_cases: OfCases
) -> tuple[list[Post], dict[str, Any] | None]:
    """The posts after the last one, and the place after them; None where the round ends with them."""
    living = Post.objects.filter(brand_id=round_.channel.brand_id, deleted_at=None, is_public=True)
    living = living.exclude(platform_id="").select_related("author", "conversation")
    if round_.scope == CASES:
        ids = list(of_cases(round_.channel_id, round_.after_id, limit))
        posts = list(living.filter(pk__in=ids))
        return posts, {"after_id": max(ids)} if len(ids) == limit else None
    begin = max(filter(None, [round_.after_at, timezone.now() - timedelta(days=settings.RECHECK_DAYS)]))
    later = Q(created_at__gt=begin) | Q(created_at=begin, pk__gt=round_.after_id)
    rows = living.filter(later, channel_id=round_.channel_id, created_at__gte=begin).exclude(arrival=Arrival.IMPORT)
    if platform.declaration.recheck_micros:
        rows = rows.filter(is_own=False)
    posts = list(rows.order_by("created_at", "pk")[:limit])
    whole = len(posts) == limit
    return posts, {"after_at": posts[-1].created_at, "after_id": posts[-1].pk} if whole else None


# -- Looking ---------------------------------------------------------------------------------------


def _look_up_with(channel: Channel, platform: Platform, budget: ChannelBudget, posts: Sequence[Post]) -> RecheckReport:
    context = channel_context(channel)
    connector: Any = open_connector(channel, budget=budget, platform=platform)
    return _look_up(_Look(channel, platform, context, connector), posts)


def _look_up(look: _Look, posts: Sequence[Post]) -> RecheckReport:
    """Only what has changed is stored: a post that is as it was costs the database nothing."""
    asked = {post.platform_id: post for post in posts} | {post.external_id: post for post in posts}
    read_at = timezone.now()
    updates: Sequence[RawUpdate] = look.connector.recheck([post.platform_id for post in posts])
    news: list[PlatformEvent] = []
    raw: list[RawUpdate] = []
    for update in updates:
        events, _odd = understand(look.platform, look.context, [update], source="recheck")
        changed = [event for event in (_news(each, update, asked) for each in events) if event is not None]
        news += changed
        raw += [update] if any(isinstance(event, IncomingPost) for event in changed) else []
    gone = 0
    if news:
        stored = ingest(
            brand_id=look.channel.brand_id,
            channel_id=look.channel.pk,
            stream="recheck",
            how="recheck",
            events=news,
            raw=raw,
            read_at=read_at,
        )
        # With an author goes all that they had shown; what somebody else has just deleted is gone as well.
        gone = max(stored.deleted, sum(isinstance(event, IncomingDeletion) for event in news))
    return RecheckReport(len(posts), gone, sum(isinstance(event, IncomingPost) for event in news))


def _news(event: PlatformEvent, update: RawUpdate, asked: dict[str, Post]) -> PlatformEvent | None:
    """The event in the words of the post that was asked for; None where nothing has changed."""
    if isinstance(event, IncomingDeletion):
        post = asked.get(bounded_id(event.external_id)) or asked.get(bounded_id(update.external_id))
        return replace(event, external_id=post.external_id) if post is not None else None
    if isinstance(event, IncomingNotice):
        return event if _is_hidden_otherwise(event, asked) else None
    post = asked.get(bounded_id(event.external_id))
    if post is None or not _is_changed(event, post):
        return None
    # A look-up tells less than the list that the post came in: what is known of its place and author stays.
    return replace(
        event,
        author=_known_author(post, event.author),
        conversation_id=post.conversation.external_id,
        in_reply_to=post.in_reply_to,
        is_own=post.is_own,
        own_by=post.own_by,
    )


def _is_hidden_otherwise(notice: IncomingNotice, asked: dict[str, Post]) -> bool:
    """Whether it tells that a post was hidden, or shown again, in the platform's own app."""
    post = asked.get(bounded_id(str(notice.params.get("id", ""))))
    return notice.code in hiding.NOTICES and post is not None and bool(post.is_hidden) != hiding.NOTICES[notice.code]


def _is_changed(event: IncomingPost, post: Post) -> bool:
    """Not every look-up tells times of edits, or whether a post is hidden."""
    return (
        exact(event.text) != post.text
        or event.edited_at not in (None, post.edited_at)
        or event.is_hidden not in (None, bool(post.is_hidden))
    )


def _known_author(post: Post, told: IncomingAuthor) -> IncomingAuthor:
    if post.author is None:
        return IncomingAuthor("")
    return replace(
        told,
        external_id=post.author.external_id,
        is_verified=post.author.is_verified,
        is_automated=post.author.is_automated,
    )


# -- How far it has come ---------------------------------------------------------------------------


def _move_on(round_: Recheck, report: RecheckReport, place: dict[str, Any] | None, budget: ChannelBudget) -> None:
    found = (("looked_up", report.looked_up), ("found_gone", report.gone), ("found_edited", report.edited))
    counting = {name: round_.counting.get(name, 0) + more for name, more in found}
    if place is not None:
        _finish(
            round_, due_at=timezone.now(), last_error="", counting=counting, **place, **_spent(round_, budget)
        )  # fmt: skip
        return
    every = timedelta(hours=settings.RECHECK_CASE_HOURS) if round_.scope == CASES else RECENT_EVERY
    began_at = round_.began_at or timezone.now()
    _finish(
        round_,
        due_at=max(began_at + every, timezone.now() + _SOON),
        last_error="",
        began_at=None,
        ended_at=timezone.now(),
        after_at=None,
        after_id=0,
        counting={},
        **counting,
        **_spent(round_, budget),
    )


def _finish(round_: Recheck, **fields: Any) -> None:
    """Whoever has taken the round over meanwhile goes on from where it was: looking twice harms nothing."""
    held = Recheck.objects.filter(pk=round_.pk, lease_until=round_.lease_until)
    held.update(lease_until=None, **fields)


def _spent(round_: Recheck, budget: ChannelBudget) -> dict[str, Any]:
    before = round_.spent_micros if round_.spent_on == _today() else 0
    return {"spent_on": _today(), "spent_micros": before + budget.billed_micros}


def _today() -> Any:
    return datetime.now(UTC).date()


def _when_again(error: PlatformError | SealBrokenError) -> datetime:
    soon = timezone.now() + timedelta(seconds=LONGEST_BACKOFF_SECONDS)
    if isinstance(error, RateLimitedError) and error.retry_at is not None:
        return max(error.retry_at, timezone.now() + timedelta(minutes=1))
    if isinstance(error, QuotaExceededError) and error.resets_at is not None:
        return error.resets_at
    return soon
