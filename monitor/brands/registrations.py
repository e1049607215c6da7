"""The apps that this installation is registered as at the platforms: from the settings; a demo's are simulated."""

from collections.abc import Mapping
from typing import Final

from django.conf import settings

from monitor.brands.models import Brand, Channel
from monitor.platforms.base import SignIn
from monitor.platforms.registry import get_platform
from monitor.platforms.signing import SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET, App

#: What has to be set before anybody can sign in at a platform, by `SignIn.return_code`.
NEEDED_SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "x": ("MENTIONDESK_X_CLIENT_ID",),
    "facebook": ("MENTIONDESK_META_APP_ID", "MENTIONDESK_META_APP_SECRET"),
}

#: What apps of some kinds have beside.
OPTIONAL_SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {"x": ("MENTIONDESK_X_CLIENT_SECRET",)}


def return_path(sign_in: SignIn) -> str:
    """One fixed address, so that it can be registered at the platform."""
    return f"/connect/{sign_in.return_code}/return/"


def app_of(brand: Brand, platform: str, *, redirect_url: str = "", api_url: str = "", server: str = "") -> App | None:
    """The app to sign in with; None where its keys are not set, or there is no such way.

    `api_url` is a channel's own address, `server` what a person typed (Mastodon's instance, not registered yet).
    """
    sign_in = get_platform(platform).declaration.sign_in
    if sign_in is None:
        return None
    if address := simulated_address(brand, platform):
        keys = ("", "") if sign_in.asks_server else (SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET)
        return App(keys[0], redirect_url, address, address, keys[1])
    if sign_in.asks_server:
        return App("", redirect_url, server, server, is_typed=True) if server else None
    client_id, client_secret, web_url = settings.SIGN_IN_APPS[sign_in.return_code]
    # X knows apps without a secret (public clients); Meta does not.
    needs_secret = len(NEEDED_SETTINGS[sign_in.return_code]) > 1
    if not client_id or (needs_secret and not client_secret):
        return None
    return App(client_id, redirect_url, api_url or settings.PLATFORM_API_URLS[platform], web_url, client_secret)


def simulated_address(brand: Brand, platform: str) -> str:
    """Where the demo's platform is simulated; "" for a brand that is no demo."""
    if not brand.is_demo:
        return ""
    known = Channel.objects.filter(brand=brand, platform=platform).exclude(api_url="").order_by("pk").first()
    return known.api_url if known is not None else ""
