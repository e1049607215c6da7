"""The address of the pages."""

import socket

import pytest

from monitor.embedded.errors import EmbeddedError
from monitor.embedded.listener import address_of, allowed_hosts, chosen_port, open_listener
from monitor.env import SettingError


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedError, match=rf"Port {port} of 127\.0\.0\.1 is in use: .*MENTIONDESK_PORT"):
            open_listener("127.0.0.1", port)


def test_without_a_wish_the_next_free_port_is_taken() -> None:
    with open_listener("127.0.0.1", None) as first, open_listener("127.0.0.1", None) as second:
        assert 8000 <= first.getsockname()[1] < second.getsockname()[1]


def test_a_host_that_is_not_ours_is_one_sentence() -> None:
    with pytest.raises(EmbeddedError, match="cannot be used|no address of this machine"):
        open_listener("203.0.113.7", 8000)


@pytest.mark.parametrize("wrong", ["eighty", "-1", "70000"])
def test_a_port_that_is_none_is_one_sentence(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("MENTIONDESK_PORT", wrong)
    with pytest.raises(SettingError, match="MENTIONDESK_PORT"):
        chosen_port()


def test_a_public_address_is_shown_as_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTIONDESK_PUBLIC_URL", "https://desk.example.com/")
    assert address_of("0.0.0.0", 8000) == "https://desk.example.com"


def test_an_open_host_is_shown_as_something_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MENTIONDESK_PUBLIC_URL", raising=False)
    assert address_of("0.0.0.0", 8000) == "http://127.0.0.1:8000"
    assert address_of("::1", 8001) == "http://[::1]:8001"


def test_allowed_hosts_follow_an_open_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MENTIONDESK_ALLOWED_HOSTS", raising=False)
    assert allowed_hosts("127.0.0.1") == "127.0.0.1,[::1],localhost"
    assert socket.gethostname() in allowed_hosts("0.0.0.0").split(",")
    monkeypatch.setenv("MENTIONDESK_ALLOWED_HOSTS", "desk.example.com")
    assert allowed_hosts("0.0.0.0") == "desk.example.com"
