"""X's own rules (twitter-text), loaded at first use: their tables cost a third of a second."""

import sys
from functools import cache
from pathlib import Path
from types import ModuleType


@cache
def x_rules() -> ModuleType:
    """twitter-text-parser 3.0 reads its list of emoji through `pkg_resources`, which setuptools 82 no longer has and
    which no environment need have at all; a stand-in for that one call takes its place while the module loads.
    """
    missing = ModuleType("pkg_resources")
    before = sys.modules.get(missing.__name__, missing)
    sys.modules[missing.__name__] = missing
    missing.resource_string = _read_beside  # type: ignore[attr-defined]
    try:
        import twitter_text
    finally:
        sys.modules[missing.__name__] = before
        if before is missing:
            del sys.modules[missing.__name__]
    return twitter_text


def _read_beside(module: str, name: str) -> bytes:
    return Path(str(sys.modules[module].__file__)).with_name(name).read_bytes()
