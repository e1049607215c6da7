"""The session against servers that misbehave on the wire."""

import gzip
import socket
import threading
import time

import pytest
import requests

from monitor.platforms import transport
from monitor.platforms.errors import UnavailableError, UnconfirmedSendError
from monitor.platforms.transport import GuardedSession, translate_failure, was_never_sent

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture
def wire():
    """A server that gives each caller what `answers` holds: bytes to send, numbers to sleep."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    answers, seen, stop = [], [], threading.Event()

    def serve():
        while not stop.is_set():
            try:
                caller, _address = listener.accept()
            except TimeoutError:
                continue
            caller.settimeout(10)
            with caller:
                seen.append(caller.recv(65536))
                for part in answers:
                    try:
                        stop.wait(part) if isinstance(part, float) else caller.sendall(part)
                    except OSError:
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    session = GuardedSession(
        built_for="https://api.example",
        base_url=f"http://127.0.0.1:{listener.getsockname()[1]}/base/",
        read_seconds=0.5,
    )
    session.trust_env = False
    yield session, answers, seen
    stop.set()
    thread.join(timeout=5)
    listener.close()
    session.close()


def fails(session, monkeypatch, limit=1.5):
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.2)
    started = time.monotonic()
    with pytest.raises(requests.RequestException) as caught:
        session.get("https://api.example/thing")
    assert time.monotonic() - started < limit
    return caught.value


def test_the_channel_s_address_takes_the_place_of_the_built_in_one(wire):
    session, answers, seen = wire
    answers += [OK + b"X-Rate: 5\r\nContent-Length: 2\r\n\r\n{}"]
    assert session.get("https://api.example/2/me").json() == {}
    assert seen[0].startswith(b"GET /base/2/me HTTP/1.1")
    assert session.last_headers["x-rate"] == "5"


def test_a_server_that_drips_is_given_up_in_time(wire, monkeypatch):
    session, answers, _seen = wire
    answers += [OK + b"Content-Length: 100\r\n\r\n", *[b"x", 0.1] * 60]
    fails(session, monkeypatch)


def test_a_server_that_stalls_after_its_headers_is_given_up_in_time(wire, monkeypatch):
    session, answers, _seen = wire
    answers += [OK + b"Content-Length: 100\r\n\r\n{", 8.0]
    fails(session, monkeypatch)


def test_a_server_that_never_answers_is_given_up_in_time(wire, monkeypatch):
    session, answers, _seen = wire
    answers += [8.0]
    fails(session, monkeypatch)


def test_an_answer_that_breaks_off_is_a_failure(wire, monkeypatch):
    session, answers, _seen = wire
    answers += [OK + b"Content-Length: 100\r\n\r\n{"]
    fails(session, monkeypatch)


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_without_end_is_cut(wire, monkeypatch, packed):
    session, answers, _seen = wire
    monkeypatch.setattr(transport, "MAX_BODY_BYTES", 100_000)
    body = b"x" * 3_000_000
    extra = b"Content-Encoding: gzip\r\n" if packed else b""
    answers += [OK + extra + b"\r\n", gzip.compress(body) if packed else body]
    assert isinstance(fails(session, monkeypatch, limit=5), transport.BodyTooLargeError)


def test_a_packed_answer_is_read(wire):
    session, answers, _seen = wire
    body = gzip.compress(b'{"a": "' + b"b" * 200_000 + b'"}')
    answers += [OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body), body[:500], 0.05, body[500:]]
    assert len(session.get("https://api.example/x").json()["a"]) == 200_000


def test_a_redirect_is_not_followed(wire):
    session, answers, seen = wire
    answers += [b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/steal\r\nContent-Length: 0\r\n\r\n"]
    assert session.get("https://api.example/x").status_code == 302
    assert len(seen) == 1


def test_only_what_certainly_was_not_sent_may_be_sent_again(wire, monkeypatch):
    session, answers, _seen = wire
    answers += [b""]
    broken = fails(session, monkeypatch)
    assert not was_never_sent(broken)
    assert isinstance(translate_failure(broken, platform="X", is_write=True), UnconfirmedSendError)
    assert isinstance(translate_failure(broken, platform="X", is_write=False), UnavailableError)
    session.base_url = "http://127.0.0.1:9"
    refused = fails(session, monkeypatch)
    assert was_never_sent(refused)
    assert isinstance(translate_failure(refused, platform="X", is_write=True), UnavailableError)


def test_a_time_out_of_the_answer_leaves_a_write_in_doubt(wire, monkeypatch):
    session, answers, _seen = wire
    answers += [8.0]
    late = fails(session, monkeypatch)
    assert isinstance(translate_failure(late, platform="X", is_write=True), UnconfirmedSendError)
