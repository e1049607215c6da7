"""Length of a post by X's own weighting (an emoji or a Han letter counts two, an address 23)."""

import re
import sys
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from monitor.text.clean import clean

# The letters that count one in X's configuration v3; every other one counts two.
_LIGHT = re.compile("[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
# Whatever may be an address, an emoji or a sequence: only the parser knows what it counts.
_NEEDS_PARSER = re.compile(
    r"\w\.\w|://|[\u00a9\u00ae\u200d\u203c\u2049\u20e3\u2100-\u214f\u2190-\u2bff\u3030\u303d\u3297\u3299"
    r"\ufe00-\ufe0f\ufeff\ufffe\uffff\U0001f000-\U000fffff]"
)


def weighted_length(text: str) -> int:
    """Weighted length as X counts it; the limit of an ordinary post is 280."""
    plain = unicodedata.normalize("NFC", clean(text))
    if not _NEEDS_PARSER.search(plain):
        # Plain words, some hundred times faster: a batch of suggestions measures each text several times.
        return 2 * len(plain) - len(_LIGHT.findall(plain))
    return int(_parser()(plain).weightedLength)


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
