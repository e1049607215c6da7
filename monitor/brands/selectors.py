"""Reads of this room."""

import json
from collections.abc import Mapping
from functools import lru_cache

from django.conf import settings
from django.urls import reverse

from monitor.brands.models import Brand, Channel
from monitor.brands.sealing import Credentials, SealBrokenError, unseal
from monitor.logs import get_logger
from monitor.platforms.base import ChannelContext
from monitor.platforms.registry import get_platform, platform_codes
from monitor.text.patterns import usable_order_patterns

log = get_logger(__name__)

#: Addresses that platforms push to, by name.
CALLBACKS = {"x": "x_webhook", "facebook": "meta_webhook", "instagram": "meta_webhook"}


def channel_context(
    channel: Channel, *, with_credentials: bool = True, credentials: Mapping[str, str] | None = None
) -> ChannelContext:
    """What a connector needs to know, with the credentials in the clear. Raises SealBrokenError.

    A parser needs to know who we are only: without credentials it works while they are dead. `credentials` take the
    place of the stored ones.
    """
    if credentials is None:
        credentials = unseal(channel.credentials) if with_credentials else {}
    if credentials and not channel.api_url:  # to a server of somebody else the app's keys do not go
        credentials = Credentials({**settings.APP_CREDENTIALS.get(channel.platform, {}), **credentials})
    return ChannelContext(
        channel_id=channel.pk,
        kind=channel.kind,
        external_id=channel.external_id,
        handle=channel.handle,
        credentials=credentials,
        api_url=channel.api_url or settings.PLATFORM_API_URLS.get(channel.platform, ""),
        query=channel.query,
        app_ids=_app_ids(channel.platform),
        callback_url=callback_url(channel),
    )


def callback_url(channel: Channel, *, site: str = "") -> str:
    """Where its platform can push to; "" where the platform does not, or nobody has said what the outside world calls
    this installation. `site` stands in for that."""
    site = settings.PUBLIC_URL or site
    return site.rstrip("/") + reverse(CALLBACKS[channel.platform]) if site and channel.platform in CALLBACKS else ""


def _app_ids(platform: str) -> tuple[str, ...]:
    """What the platform calls our app, so that what we wrote through it is known as ours when it is told back."""
    sign_in = get_platform(platform).declaration.sign_in if platform in platform_codes() else None
    app_id = settings.SIGN_IN_APPS.get(sign_in.return_code, ("",))[0] if sign_in is not None else ""
    return (app_id,) if app_id else ()


def reading_context(channel: Channel) -> ChannelContext:
    """What a parser needs to know. Beside the login stand ids of ours (a profile's Page) that our own posts are known
    by; where the seal is broken it reads without them."""
    try:
        return channel_context(channel)
    except SealBrokenError:
        return channel_context(channel, with_credentials=False)


def has_login(channel: Channel) -> bool:
    """False for what is open to all, and is read without any credentials."""
    if channel.credentials or channel.platform not in platform_codes():
        return bool(channel.credentials)
    return get_platform(channel.platform).declaration.needs_credentials


def order_patterns(brand: Brand) -> tuple[str, ...]:
    """The brand's patterns for order numbers that may be used. One that is stored all the same and could stop every
    reading of the brand's posts is left out and logged; `mentiondesk doctor` tells of it."""
    return _usable_patterns(brand.pk, json.dumps(brand.order_patterns))


@lru_cache(maxsize=1024)
def _usable_patterns(brand_id: int, stored: str) -> tuple[str, ...]:
    """Asked for every post, answered (and logged) once for what is stored."""
    usable, bad = usable_order_patterns(json.loads(stored))
    if bad:
        log.warning("order_patterns_ignored", extra={"brand_id": brand_id, "patterns": bad})
    return usable
