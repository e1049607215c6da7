"""Channels: connected with sealed credentials, stopped and started, and told what streams to poll."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from monitor.audit.services import record
from monitor.brands.models import Brand, Channel, ChannelState, ChannelStream, Market, User
from monitor.brands.sealing import rotate, seal, unseal
from monitor.brands.selectors import channel_context
from monitor.brands.services.teaching import say_may_teach
from monitor.platforms.budget import NullBudget
from monitor.platforms.registry import get_platform, platform_codes

#: No platform's answer changes these.
STOPPED_BY_PEOPLE = (ChannelState.PAUSED, ChannelState.DISCONNECTED)


@transaction.atomic
def connect_channel(
    *,
    brand: Brand,
    platform: str,
    kind: str,
    external_id: str,
    credentials: Mapping[str, str] | None = None,
    handle: str = "",
    name: str = "",
    query: str = "",
    api_url: str = "",
    market: Market | None = None,
    poll_seconds: int = 60,
    daily_cap_micros: int | None = None,
    first_days: float | None = None,
    may_teach: bool | None = None,
    user: User | None = None,
) -> Channel:
    """Connects a channel, or connects it again with new credentials: its cursors stay and it is healthy from now on.

    A platform that we cannot poll (an import, say) gets a channel without streams. `first_days` is how much history
    the first reading of each stream brings; left to the platform's habit where it is not said. `may_teach`: see
    `say_may_teach`, which it may raise of; None leaves it as it was.
    """
    fields: dict[str, Any] = {
        "handle": handle,
        "name": name,
        "query": query,
        "api_url": api_url,
        "market": market,
        "poll_seconds": poll_seconds,
        "daily_cap_micros": daily_cap_micros,
        "credentials": seal(credentials) if credentials else None,
        "state": ChannelState.HEALTHY,
        "state_code": "",
        "state_params": {},
        "state_at": Now(),
        "open_renewals": 0,
        "examine_at": Now(),
    }
    channel, is_new = Channel.objects.update_or_create(
        brand=brand, platform=platform, kind=kind, external_id=external_id, defaults=fields
    )
    ensure_streams(channel=channel)
    channel.streams.update(failures=0, last_error="", next_poll_at=Now(), lease_until=None)
    if first_days is not None:
        channel.streams.filter(cursor={}).update(cursor={"backfill_seconds": first_days * 86_400})
    record(
        act="channel.connected" if is_new else "channel.reconnected",
        brand_id=brand.pk,
        actor=user,
        subject=channel,
        params={"platform": platform, "kind": kind},
    )
    if may_teach is not None:
        say_may_teach(channel=channel, may_teach=may_teach, user=user)
    channel.refresh_from_db()
    return channel


@transaction.atomic
def connect_import(*, brand: Brand, platform: str, name: str, user: User | None) -> Channel:
    """A source of files only: nothing is read from it and nothing sent. Raises ValueError for an unusable code."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,23}", platform):
        raise ValueError(f"{platform!r} cannot be a platform's code")
    channel, is_new = Channel.objects.get_or_create(
        brand=brand,
        platform=platform,
        kind="import",
        external_id="files",
        defaults={"name": name or "Imported files", "can_reply": False},
    )
    if name and channel.name != name:
        Channel.objects.filter(pk=channel.pk).update(name=name)
        channel.name = name
    if is_new:
        params = {"platform": platform, "kind": "import"}
        record(act="channel.connected", brand_id=brand.pk, actor=user, subject=channel, params=params)
    return channel


def ensure_streams(*, channel: Channel) -> list[str]:
    """Makes the rows of what the platform lets us poll of this channel; returns the streams' names.

    Imports and platforms that we do not know have none.
    """
    if channel.platform not in platform_codes():
        return []
    connector = get_platform(channel.platform).connect(channel_context(channel), NullBudget())
    names = list(connector.streams())
    ChannelStream.objects.bulk_create(
        [ChannelStream(channel=channel, name=name) for name in names], ignore_conflicts=True
    )
    return names


def set_channel_state(*, channel_id: int, state: str, code: str = "", params: Mapping[str, Any] | None = None) -> bool:
    """Notes how a channel is; True when that is news. What a person has paused or disconnected stays so."""
    return bool(
        Channel.objects.filter(pk=channel_id)
        .exclude(state__in=STOPPED_BY_PEOPLE)
        .exclude(state=ChannelState(state), state_code=code)
        .update(state=ChannelState(state), state_code=code, state_params=dict(params or {}), state_at=Now())
    )


@transaction.atomic
def pause_channel(*, channel: Channel, user: User | None) -> None:
    """Nothing is collected or sent through it until it is resumed; what waits is kept."""
    Channel.objects.filter(pk=channel.pk).update(state=ChannelState.PAUSED, state_code="", state_at=Now())
    record(act="channel.paused", brand_id=channel.brand_id, actor=user, subject=channel)


@transaction.atomic
def resume_channel(*, channel: Channel, user: User | None) -> None:
    """Tries it again at once, whatever stopped it. Raises ValueError for one whose credentials are gone."""
    if channel.state == ChannelState.DISCONNECTED:
        raise ValueError("a disconnected channel is connected again, not resumed")
    Channel.objects.filter(pk=channel.pk).update(
        state=ChannelState.HEALTHY, state_code="", state_params={}, state_at=Now(), examine_at=Now()
    )
    channel.streams.update(failures=0, last_error="", next_poll_at=Now())
    record(act="channel.resumed", brand_id=channel.brand_id, actor=user, subject=channel)


@transaction.atomic
def disconnect_channel(*, channel: Channel, user: User | None) -> None:
    """Lets it go: its credentials are deleted, and nothing is read, taken in or sent through it. Its posts stay, and
    connecting it again goes on where it stopped. (`inbox.services.disconnect` sees to what follows.)"""
    Channel.objects.filter(pk=channel.pk).update(
        state=ChannelState.DISCONNECTED, state_code="", state_params={}, state_at=Now(), credentials=None
    )
    channel.conditions.all().delete()
    record(act="channel.disconnected", brand_id=channel.brand_id, actor=user, subject=channel)
    channel.refresh_from_db()


@transaction.atomic
def forget_credentials(*, channel: Channel, names: Collection[str]) -> None:
    """Deletes some of a channel's credentials: whoever gave them has taken them back."""
    locked = Channel.objects.select_for_update().get(pk=channel.pk)
    kept = {name: secret for name, secret in unseal(locked.credentials).items() if name not in names}
    Channel.objects.filter(pk=channel.pk).update(credentials=seal(kept) if kept else None)
    record(act="channel.credentials_deleted", brand_id=channel.brand_id, actor_kind="system", subject=channel)


@transaction.atomic
def rotate_credentials() -> int:
    """Seals all credentials with the newest key; returns how many. After it older keys can be taken off the list."""
    changed = 0
    for channel in Channel.objects.select_for_update().exclude(credentials=None):
        if channel.credentials is not None:
            Channel.objects.filter(pk=channel.pk).update(credentials=rotate(channel.credentials))
            changed += 1
    record(act="credentials.rotated", brand_id=None, actor_kind="system", params={"channels": changed})
    return changed
