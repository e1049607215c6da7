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

# What files call a platform -> its code: the same posts under another word would get around its terms.
_ALIASES = {"twitter": "x", "twitter-com": "x", "x-com": "x"}


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


def code_of(word: str) -> str:
    """The platform's code, where the word is another name of a platform that we know; else the word itself."""
    return _ALIASES.get(word, word)


@cache
def allows_learning() -> frozenset[str]:
    """Codes of the platforms whose terms allow that a brand's model learns from verdicts on their posts. All others,
    and every word that is no platform of ours, teach nothing."""
    return frozenset(code for code in _PLATFORMS if get_platform(code).declaration.learning_allowed)


@cache
def asks_about_learning() -> frozenset[str]:
    """Codes of the platforms whose posts come from anywhere: of each channel somebody says whether they may teach."""
    return frozenset(code for code in _PLATFORMS if get_platform(code).declaration.learning_asked)


def may_be_allowed(word: str) -> bool:
    """Whether a person may say of posts filed under this word that their terms allow it: not where we know better."""
    return code_of(word) not in _PLATFORMS


def platform_name(code: str) -> str:
    """As people call it; the word itself where it is no platform of ours."""
    return get_platform(code).declaration.name if code in _PLATFORMS else code
