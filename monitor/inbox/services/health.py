"""Looks at a channel's connection, stores what it finds, and tells people of what became worse or better."""

from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils import timezone

from monitor.alerts.conditions import alert_code
from monitor.alerts.models import AlertLevel
from monitor.alerts.services import close_alerts, raise_alert
from monitor.audit.services import record
from monitor.brands.budgets import READ_SHARE, next_utc_day
from monitor.brands.models import Channel, ChannelState, Spend, User
from monitor.brands.sealing import SealBrokenError
from monitor.brands.services import open_connector, set_channel_state
from monitor.brands.services.health import ConditionChange, as_condition, note_conditions
from monitor.logs import get_logger
from monitor.platforms.base import CONDITION_ASPECTS, Condition, Platform
from monitor.platforms.errors import PlatformError, RejectedError
from monitor.platforms.registry import get_platform, platform_codes

log = get_logger(__name__)

#: A subscription that brings nothing for this long, while reading finds posts, has failed. Meta ends one after an hour
#: of failures and wants it renewed by hand, so this must be told well before.
PUSH_FAILS_AFTER_SECONDS = 900
_PUSH_FAILS_POSTS = 2
_LEVELS = {"broken": AlertLevel.URGENT, "warning": AlertLevel.WARNING}
_TOKEN_ALERTS = {
    "token_expired": ("channel.auth_expired", "state"),
    "revoked": ("channel.authorization_revoked", "state"),
    "credentials_unreadable": ("channel.credentials_unreadable", "state"),
    "wrong_identity": ("channel.wrong_identity", "wrong_identity"),
    "version_changed": ("channel.version_changed", "version_changed"),
    "address_changed": ("channel.address_changed", "address_changed"),
}
# A dead login that works again needs nobody: what waits goes on by itself.
_HEALED_BY_A_LOOK = "auth_expired"

_UNPUSHED = """
    SELECT count(*), min(found.recorded_at)
    FROM inbox_post AS post
    CROSS JOIN LATERAL (
        SELECT recorded_at FROM inbox_sighting AS seen
        WHERE seen.post_id = post.id AND seen.channel_id = %(channel)s AND seen.how = 'poll' LIMIT 1) AS found
    WHERE post.brand_id = %(brand)s AND post.channel_id = %(channel)s AND post.arrival = 'live' AND NOT post.is_own
        AND post.created_at > now() - interval '6 hours' AND post.stored_at > %(since)s
        AND NOT EXISTS (
            SELECT FROM inbox_sighting AS pushed
            WHERE pushed.post_id = post.id AND pushed.channel_id = %(channel)s AND pushed.how = 'webhook')
"""
_LAST_PUSH = """
    SELECT max(sighting.recorded_at) FROM inbox_post AS post
    JOIN inbox_sighting AS sighting ON sighting.post_id = post.id
        AND sighting.channel_id = %(channel)s AND sighting.how = 'webhook'
    WHERE post.brand_id = %(brand)s AND post.created_at > now() - interval '7 days'
"""


def examine_channel(*, channel_id: int, platform: Platform | None = None) -> list[Condition]:
    """One look, within the channel's own budget. What the platform does not answer leaves everything as it was."""
    channel = Channel.objects.get(pk=channel_id)
    if platform is None and channel.platform not in platform_codes():
        return []
    chosen = platform or get_platform(channel.platform)
    try:
        connector = open_connector(channel, platform=chosen)
        found = list(connector.examine())
    except SealBrokenError:
        found = [Condition("token", "broken", "credentials_unreadable")]
    except PlatformError as error:
        log.info("examine_failed", extra={"channel": channel.pk, "error": type(error).__name__})
        return []
    found = _with_money(channel, _with_push(channel, found))
    tell(channel=channel, conditions=found)
    return found


def tell(*, channel: Channel, conditions: Iterable[Condition]) -> None:
    """Stores conditions and raises or closes the alerts that follow, in one transaction."""
    found = list(conditions)
    channel.refresh_from_db(fields=["state"])
    with transaction.atomic():
        for change in note_conditions(channel_id=channel.pk, conditions=found):
            _tell_of(channel, change)
        token = next((each for each in found if each.aspect == "token"), None)
        if token is not None:
            _follow_token(channel, token)


def _tell_of(channel: Channel, change: ConditionChange) -> None:
    found = change.after
    if found.state == "unknown":
        return
    code, key = _alert_of(found)
    if change.before is not None:
        close_alerts(brand_id=channel.brand_id, dedupe_key=f"channel:{channel.pk}:{_alert_of(change.before)[1]}")
    if is_worth_an_alert(channel, change):
        raise_alert(
            brand_id=channel.brand_id,
            code=code,
            level=_LEVELS[found.state],
            params={
                # A right that the platform does not name, say.
                **{name: value or "–" for name, value in found.params.items()},
                "channel": str(channel),
                "channel_id": str(channel.pk),
                "platform": channel.platform,
            },
            dedupe_key=f"channel:{channel.pk}:{key}",
        )


def _alert_of(found: Condition) -> tuple[str, str]:
    """(code, key): the same alert that reading would raise for it, so that people are told once."""
    if found.aspect == "token" and found.code in _TOKEN_ALERTS:
        return _TOKEN_ALERTS[found.code]
    return alert_code(found.aspect, found.code), found.aspect


def is_worth_an_alert(channel: Channel, change: ConditionChange) -> bool:
    """Not each shadow: calls that run low mend themselves, reading is complete where nobody has asked for push, and of
    a channel that has stopped people know already."""
    found, before = change.after, change.before
    if found.state == "ok":
        return False
    if found.aspect == "quota":
        return found.state == "broken"
    if found.aspect == "webhook" and found.code == "not_subscribed":
        return before is not None and before.state in ("ok", "warning")
    return not (found.aspect == "token" and channel.state in (ChannelState.NEEDS_REAUTH, ChannelState.BLOCKED))


def _follow_token(channel: Channel, token: Condition) -> None:
    """Polling stops with a dead login, and goes on by itself when the same login works again."""
    if token.code in ("token_expired", "revoked", "credentials_unreadable") and token.state == "broken":
        code = {"token_expired": "auth_expired", "revoked": "authorization_revoked"}.get(token.code, token.code)
        set_channel_state(channel_id=channel.pk, state=ChannelState.NEEDS_REAUTH, code=code)
    elif token.state == "ok":
        healed = Channel.objects.filter(
            pk=channel.pk, state=ChannelState.NEEDS_REAUTH, state_code=_HEALED_BY_A_LOOK
        ).update(state=ChannelState.HEALTHY, state_code="", state_params={}, state_at=timezone.now())
        if healed:
            channel.streams.update(failures=0, last_error="", next_poll_at=timezone.now())
            close_alerts(brand_id=channel.brand_id, dedupe_key=f"channel:{channel.pk}:state")


def _with_money(channel: Channel, found: list[Condition]) -> list[Condition]:
    """Our own daily cap counts like the platform's plan."""
    if channel.daily_cap_micros is None:
        return found
    today = Spend.objects.filter(channel=channel, day=timezone.now().date())
    spent = today.aggregate(sum=Sum(F("reads_micros") + F("writes_micros")))["sum"] or 0
    if spent < channel.daily_cap_micros * READ_SHARE:
        return found
    capped = Condition("quota", "broken", "spent", {"resets_at": next_utc_day().isoformat()})
    kept = [each for each in found if each.aspect != "quota"] + [capped]
    return sorted(kept, key=lambda each: CONDITION_ASPECTS.index(each.aspect))


def _with_push(channel: Channel, found: list[Condition]) -> list[Condition]:
    """A subscription that exists and brings nothing is none."""
    since = push_fails_since(channel)
    if since is None:
        return found
    failing = Condition("webhook", "broken", "failing", {"since": since})
    return [failing if each.aspect == "webhook" and each.state in ("ok", "unknown") else each for each in found]


def push_fails_since(channel: Channel) -> str | None:
    """Since when push brings nothing of what reading finds (ISO 8601); None where it works, or has never worked."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST_PUSH, {"channel": channel.pk, "brand": channel.brand_id})
        last = cursor.fetchone()[0]
        if last is None:
            return None
        cursor.execute(_UNPUSHED, {"channel": channel.pk, "brand": channel.brand_id, "since": last})
        count, first = cursor.fetchone()
    if count < _PUSH_FAILS_POSTS or (timezone.now() - first).total_seconds() < PUSH_FAILS_AFTER_SECONDS:
        return None
    return str(first.isoformat())


def watch_push(*, limit: int = 500) -> int:
    """Asks for a look at each channel whose push brings nothing any more; returns how many. Needs no call."""
    pushing = Channel.objects.filter(
        conditions__aspect="webhook", conditions__state__in=("ok", "unknown"), state=ChannelState.HEALTHY
    )
    failing = 0
    for channel in pushing[:limit]:
        known = [as_condition(each) for each in channel.conditions.filter(aspect="webhook")]
        if (now_found := _with_push(channel, known)) != known:
            tell(channel=channel, conditions=now_found)
            failing += 1
    return failing


def subscribe_channel(*, channel: Channel, callback_url: str, user: User | None) -> None:
    """Asks the platform to push to us (again), and looks at what came of it. Raises PlatformError, SealBrokenError, and
    RejectedError(bad_request) where the platform has no such ability."""
    chosen = get_platform(channel.platform)
    connector = open_connector(channel, platform=chosen)
    subscribe = getattr(connector, "subscribe", None)
    if "subscribe" not in chosen.declaration.abilities or subscribe is None:
        raise RejectedError("this platform cannot be asked to push", code="bad_request")
    subscribe(callback_url)
    record(act="channel.subscribed", brand_id=channel.brand_id, actor=user, subject=channel)
    examine_channel(channel_id=channel.pk)
