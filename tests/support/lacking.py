"""What a test needs and a machine may lack."""

import os
from typing import NoReturn

import pytest


def skip_for_lack_of(what: str) -> NoReturn:
    """Skips with a reason that `make conformance` prints. In CI nothing may be lacking: there it fails."""
    if os.environ.get("CI", "").casefold() in ("1", "true"):
        pytest.fail(f"{what} In CI this is no reason to leave a test out.", pytrace=False)
    pytest.skip(what)
