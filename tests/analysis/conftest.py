"""What tests of this room share."""

import pytest


@pytest.fixture
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learning believes a hundred posts already; how many it wants in earnest, tests/nlp/test_learning.py tells."""
    monkeypatch.setattr("monitor.nlp.learning.FEWEST_HELD_OUT", 8)
    monkeypatch.setattr("monitor.nlp.learning.FEWEST_CHECKED", 15)
    monkeypatch.setattr("monitor.nlp.learning.FEWEST_ON_PLATFORM", 8)
