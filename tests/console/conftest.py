"""People at the console: a browser session for each, and a case to look at."""

from typing import Any

import pytest
from django.test import Client

from monitor.platforms.signing import SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET
from monitor.simulators.world import PATHS
from tests.support.desk import make_case
from tests.support.simulated import Simulated


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


@pytest.fixture
def admin(brand: Any) -> Any:
    """Looks after the brand's people, keys and channels."""
    from monitor.brands.models import Membership, User

    user = User.objects.create_user("ada@example.com", name="Ada")
    Membership.objects.create(user=user, brand=brand, role="admin")
    return user


@pytest.fixture
def as_admin(admin: Any) -> Client:
    return _signed_in(admin)


@pytest.fixture
def apps(simulated: Simulated, settings: Any) -> Simulated:
    """This installation is registered at the fake platforms, and every address leads to them."""
    settings.PLATFORM_API_URLS = {code: simulated.address + path for code, path in PATHS.items() if code != "mastodon"}
    settings.SIGN_IN_APPS = {
        "x": (SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET, simulated.address + "/x"),
        "facebook": (SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET, simulated.address + "/graph"),
    }
    return simulated
