"""Figures of the webhooks: signed deliveries to the real server, beside an empty page behind a login in the same run.

Rounds of both take turns, so that whatever else the machine does meets both alike. What is behind the answer (reading
what was held) is measured by itself.
"""

import hashlib
import hmac
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from threading import Barrier, Thread
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from monitor.api.models import HeldDelivery
from monitor.api.services import take_deliveries
from monitor.brands.models import Brand, Channel, User
from monitor.inbox.models import Post

SECRET = "bench"  # noqa: S105
PAGE = "9001"
START_SECONDS = 120.0


@dataclass
class _Target:
    """One address and all answers' times, in seconds."""

    requests: list[bytes]
    rates: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        ordered = sorted(self.times)
        return {
            "per_second": round(statistics.median(self.rates)),
            "ms_median": round(ordered[len(ordered) // 2] * 1000, 2),
            "ms_p99": round(ordered[int(0.99 * (len(ordered) - 1))] * 1000, 2),
        }


def bench_webhooks(*, rounds: int = 9, each: int = 400, clients: int = 4, updates: int = 1) -> dict[str, Any]:
    """Deliveries of `updates` messages against the empty page: rates (median of rounds), times, and their ratios."""
    brand = Brand.objects.create(slug=f"bench-{os.getpid()}", name="Bench")
    Channel.objects.create(brand=brand, platform="facebook", kind="page", external_id=PAGE)
    cookie = _sign_in()
    with _server() as port:
        pages = _Target([_page("/bench/empty/", cookie)] * each)
        bare = _Target([_page("/bench/bare/", "")] * each)
        pushed = _Target([])
        for number in range(rounds + 1):
            pushed.requests = [_delivery(f"r{number}n{one}", updates) for one in range(each)]
            for target in (pages, pushed, bare):
                _run(port, target, clients)
                if number == 0:
                    # The first round warms threads and connections up.
                    target.rates.clear()
                    target.times.clear()
    held = HeldDelivery.objects.count()
    seconds = _read_all()
    empty, webhook = pages.figures(), pushed.figures()
    return {
        "subject": "webhooks",
        "requests": rounds * each,
        "clients": clients,
        "updates_each": updates,
        "empty_page_behind_a_login": empty,
        "webhook": webhook,
        "bare_view": bare.figures(),
        "share_of_empty_page": round(webhook["per_second"] / empty["per_second"], 2),
        "p99_of_empty_page": round(webhook["ms_p99"] / empty["ms_p99"], 2),
        "held": held,
        "read_afterwards_per_second": round(held / seconds),
        "posts": Post.objects.filter(brand=brand).count(),
    }


def _read_all() -> float:
    started = time.perf_counter()
    while take_deliveries():
        pass
    return time.perf_counter() - started


def _sign_in() -> str:
    user = User.objects.create_user(f"bench-{os.getpid()}@example.com", name="Bench")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"mentiondesk_session={session.session_key}"


@contextmanager
def _server() -> Iterator[int]:
    """The real server program on a free port, with the bench's database and a secret of its own."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    port: int = listener.getsockname()[1]
    command = [sys.executable, "-m", "monitor.embedded.web", "monitor.api.bench_site:application"]
    settings = {
        "MENTIONDESK_META_APP_SECRET": SECRET,
        "MENTIONDESK_ALLOWED_HOSTS": "127.0.0.1",
        "MENTIONDESK_PUBLIC_URL": "",
        "DJANGO_SETTINGS_MODULE": "monitor.settings",
    }
    program = subprocess.Popen(
        [*command, str(listener.fileno())], pass_fds=[listener.fileno()], env={**os.environ, **settings}
    )
    try:
        with closing(_Connection(port, START_SECONDS)) as connection:
            connection.ask(_page("/healthz", ""))
        yield port
    finally:
        program.terminate()
        program.wait(timeout=30)
        listener.close()


def _run(port: int, target: _Target, clients: int) -> None:
    """`clients` connections at once, each with its share of the requests, one after the other."""
    start = Barrier(clients + 1)
    times: list[list[float]] = [[] for _ in range(clients)]
    shares = [target.requests[number::clients] for number in range(clients)]
    errors: list[BaseException] = []

    def work(number: int) -> None:
        with closing(_Connection(port, 60)) as connection:
            start.wait()
            try:
                times[number] = [connection.ask(each) for each in shares[number]]
            except (OSError, RuntimeError) as error:
                errors.append(error)

    threads = [Thread(target=work, args=[number]) for number in range(clients)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    target.rates.append(len(target.requests) / (time.perf_counter() - began))
    target.times += [each for found in times for each in found]


class _Connection:
    """HTTP/1.1 as thin as it can be, so that the client's own work does not hide the server's."""

    def __init__(self, port: int, seconds: float) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def ask(self, request: bytes) -> float:
        """Seconds until the whole answer was there. Raises RuntimeError for any status but 200."""
        began = time.perf_counter()
        self._socket.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        head, _, body = answer.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        while len(body) < length:
            body += self._more()
        taken = time.perf_counter() - began
        if b" 200 " not in head[:16]:
            raise RuntimeError(f"answered with {head[:40]!r}")
        return taken

    def _more(self) -> bytes:
        part = self._socket.recv(65536)
        if not part:
            raise RuntimeError("the server closed the connection")
        return part


def _page(path: str, cookie: str) -> bytes:
    cookies = f"Cookie: {cookie}\r\n" if cookie else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookies}\r\n".encode()


def _delivery(name: str, updates: int) -> bytes:
    raw = json.dumps(_body(name, updates)).encode()
    signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    head = (
        "POST /webhooks/meta/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    return head.encode() + raw


def _body(name: str, updates: int) -> dict[str, Any]:
    messages = [
        {
            "sender": {"id": f"{name}{number}"},
            "recipient": {"id": PAGE},
            "timestamp": 1_773_144_000_000 + number,
            "message": {"mid": f"m_{name}_{number}", "text": f"My parcel {name}-{number} is late. Where is it?"},
        }
        for number in range(updates)
    ]
    return {"object": "page", "entry": [{"id": PAGE, "time": 1_773_144_000, "messaging": messages}]}
