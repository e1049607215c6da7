"""What every test may use: a real PostgreSQL, a brand with its people, and no network beyond this machine."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from time import sleep
from typing import Any

import pytest

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
LONGEST_TEST_OF_MONEY = 15  # seconds


@pytest.fixture(autouse=True)
def no_network_beyond_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def connect_to_loopback_only(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in LOOPBACK:
            raise AssertionError(f"a test tried to reach {address[0]}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_to_loopback_only)


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Hashing that is slow on purpose would be most of the suite's time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def ledgers_of_their_own(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What tests delete is not remembered in anybody's home."""
    settings.LEDGER_FOLDER = tmp_path_factory.getbasetemp() / "ledgers"


@pytest.fixture
def within_one_day() -> None:
    """Money is counted by UTC days: a test of it that would begin just before midnight begins after it."""
    now = datetime.now(UTC)
    left = (datetime.combine(now.date() + timedelta(days=1), time(), UTC) - now).total_seconds()
    if left < LONGEST_TEST_OF_MONEY:
        sleep(left + 0.2)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A connection that a thread or a program of a test has not quite closed must not keep the database from being
    dropped: at the end it is ended."""
    yield
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session")
def stage() -> Iterator[Any]:
    """The fake platforms on a loopback port."""
    from tests.support.simulated import open_stage

    with open_stage() as opened:
        yield opened


@pytest.fixture
def simulated(stage: Any) -> Any:
    """A world of its own on the stage."""
    from monitor.simulators.world import World

    return stage.show(World())


@pytest.fixture
def brand(db: None) -> Any:
    from monitor.brands.models import Brand

    return Brand.objects.create(slug="lumora", name="Lumora")


@pytest.fixture
def other_brand(db: None) -> Any:
    from monitor.brands.models import Brand

    return Brand.objects.create(slug="nordhaus", name="Nordhaus")


def _person(brand: Any, name: str, role: str) -> Any:
    from monitor.brands.models import Membership, User

    user = User.objects.create_user(f"{name}@example.com", "a long password", name=name.title())
    Membership.objects.create(user=user, brand=brand, role=role)
    return user


@pytest.fixture
def alice(brand: Any) -> Any:
    """Leads the team of the brand."""
    return _person(brand, "alice", "lead")


@pytest.fixture
def bob(brand: Any) -> Any:
    """Works for the brand as an agent."""
    return _person(brand, "bob", "agent")


@pytest.fixture
def charlie(other_brand: Any) -> Any:
    """Works for another brand and must not see this one."""
    return _person(other_brand, "charlie", "admin")


@pytest.fixture
def channel(brand: Any) -> Iterator[Any]:
    from monitor.brands.models import Channel

    yield Channel.objects.create(brand=brand, platform="x", kind="account", external_id="100", handle="lumora")
