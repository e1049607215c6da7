from typing import Any

import pytest

from monitor.simulators.world import APP_SECRET, X_CONSUMER_SECRET
from tests.platforms.contract.scene import Scene
from tests.support.simulated import Simulated


@pytest.fixture
def scene(code: str, simulated: Simulated) -> Scene:
    """The platform that the rule is asked of."""
    return Scene(simulated, code)


@pytest.fixture
def small_pages(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.ways.small_pages(monkeypatch)


@pytest.fixture(autouse=True)
def webhook_secrets(settings: Any) -> None:
    settings.X_CONSUMER_SECRETS = [X_CONSUMER_SECRET]
    settings.META_APP_SECRETS = [APP_SECRET]
    settings.META_VERIFY_TOKEN = "verify-me"
