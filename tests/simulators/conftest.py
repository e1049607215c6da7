from collections.abc import Iterator

import pytest

from tests.support.simulated import Simulated, simulated_platforms


@pytest.fixture
def simulated() -> Iterator[Simulated]:
    with simulated_platforms() as running:
        yield running
