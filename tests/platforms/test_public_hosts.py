"""No address that a user types leads into this server's own network."""

import socket
import threading

import pytest
import requests

from monitor.platforms.public_hosts import NotPublicError, is_public
from monitor.platforms.transport import GuardedSession


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
        "192.0.2.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::7f00:1", "nonsense", "",
    ],
)  # fmt: skip
def test_what_is_not_the_internet_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.fixture
def session() -> GuardedSession:
    return GuardedSession(built_for="", base_url="", read_seconds=0.5, only_public=True)


@pytest.fixture
def listener():
    """A server of our own; it notes whether anybody came."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.3)
    yield server
    server.close()


def came(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_our_own_machine_is_not_called_however_it_is_written(session, listener, host, scheme) -> None:
    with pytest.raises(NotPublicError):
        session.get(f"{scheme}://{host}:{listener.getsockname()[1]}/")
    assert not came(listener)


def test_a_name_with_one_private_address_is_not_called(session, listener, monkeypatch) -> None:
    port = listener.getsockname()[1]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("8.8.8.8", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: found)
    with pytest.raises(NotPublicError):
        session.get(f"http://rebinding.example:{port}/")
    assert not came(listener)


def test_the_name_is_resolved_once_and_that_address_is_called(session, listener, monkeypatch) -> None:
    """A name that changes its mind after the check (DNS rebinding) gains nothing."""
    port, asked, called = listener.getsockname()[1], [], []

    def resolve(host, *_arguments, **_options):
        asked.append(host)
        address = "8.8.8.8" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address, **_options):
        called.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(requests.ConnectionError):
        session.get(f"http://rebinding.example:{port}/")
    assert (asked, called) == (["rebinding.example"], ["8.8.8.8"])


def test_a_proxy_of_the_environment_is_not_used(session, listener, monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
    with pytest.raises(NotPublicError):
        session.get("http://127.0.0.2/")
    assert not came(listener) and threading.active_count()
