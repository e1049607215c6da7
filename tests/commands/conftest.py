"""Commands inside the test's own database, and the simulated platforms that they talk to."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from monitor.__main__ import main
from monitor.platforms.registry import platform_codes
from monitor.simulators.world import World
from tests.support.simulated import Simulated, Stage

Command = Callable[..., int]


@pytest.fixture
def simulated(stage: Stage, settings: Any) -> Simulated:
    """The platforms' addresses in the settings lead to it."""
    found = stage.show(World())
    settings.PLATFORM_API_URLS = {platform: found.context(platform).api_url for platform in platform_codes()}
    return found


@pytest.fixture
def command(db: None, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs one command line; the servers are those of the test."""
    monkeypatch.setattr("monitor.commands.desk.desk", lambda **_options: nullcontext())
    monkeypatch.setattr("signal.signal", lambda *_: None)
    return lambda *words: main([str(word) for word in words])
