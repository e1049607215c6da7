"""The list of platforms. A platform's code is imported when it is first asked for."""

from functools import cache
from importlib import import_module

from monitor.platforms.base import Platform

# code -> "module:name of the Platform object"
_PLATFORMS = {
    "x": "monitor.platforms.x:PLATFORM",
    "facebook": "monitor.platforms.meta.facebook:PLATFORM",
    "instagram": "monitor.platforms.meta.instagram:PLATFORM",
    "mastodon": "monitor.platforms.mastodon:PLATFORM",
    "bluesky": "monitor.platforms.bluesky:PLATFORM",
    "feed": "monitor.platforms.feed:PLATFORM",
}


class UnknownPlatformError(LookupError):
    """No platform has this code."""


def platform_codes() -> tuple[str, ...]:
    return tuple(_PLATFORMS)


@cache
def get_platform(code: str) -> Platform:
    """Raises UnknownPlatformError, naming the codes that exist."""
    if code not in _PLATFORMS:
        raise UnknownPlatformError(f"there is no platform {code!r}; known are {', '.join(_PLATFORMS)}")
    module_name, _, attribute = _PLATFORMS[code].partition(":")
    platform: Platform = getattr(import_module(module_name), attribute)
    return platform


@cache
def forbids_learning() -> frozenset[str]:
    """Codes of the platforms whose terms forbid that a model learns from their posts."""
    return frozenset(code for code in _PLATFORMS if not get_platform(code).declaration.learning_allowed)
