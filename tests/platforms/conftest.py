from collections.abc import Iterator

import pytest

from monitor.simulators.world import World
from tests.support.simulated import Simulated, Stage, open_stage


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    with open_stage() as opened:
        yield opened


@pytest.fixture
def simulated(stage: Stage) -> Simulated:
    return stage.show(World())
