"""People at the console: a browser session for each, and a case to look at."""

from typing import Any

import pytest
from django.test import Client

from tests.support.desk import make_case


def _signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_alice(alice: Any) -> Client:
    """The lead."""
    return _signed_in(alice)


@pytest.fixture
def as_bob(bob: Any) -> Client:
    """An agent."""
    return _signed_in(bob)


@pytest.fixture
def as_charlie(charlie: Any) -> Client:
    """Somebody of another brand."""
    return _signed_in(charlie)


@pytest.fixture
def case(brand: Any) -> Any:
    return make_case(brand)
