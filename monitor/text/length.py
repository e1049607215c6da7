"""Length of a post by X's own weighting (an emoji or a Han letter counts two, an address 23)."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from monitor.text.clean import clean


def weighted_length(text: str) -> int:
    """Weighted length as X counts it; the limit of an ordinary post is 280."""
    return int(_parser()(clean(text)).weightedLength)


@cache
def _parser() -> Callable[[str], Any]:
    """X's rules, loaded at first use: their tables cost a third of a second.

    twitter-text-parser 3.0 reads its list of emoji through `pkg_resources`, which setuptools 82 no longer has and
    which no environment need have at all; a stand-in for that one call takes its place while the module loads.
    """
    missing = ModuleType("pkg_resources")
    before = sys.modules.get(missing.__name__, missing)
    sys.modules[missing.__name__] = missing
    missing.resource_string = _read_beside  # type: ignore[attr-defined]
    try:
        from twitter_text import parse_tweet
    finally:
        sys.modules[missing.__name__] = before
        if before is missing:
            del sys.modules[missing.__name__]
    return parse_tweet


def _read_beside(module: str, name: str) -> bytes:
    return Path(str(sys.modules[module].__file__)).with_name(name).read_bytes()
