"""A small server that stands for a desk: shakes hands by the book and notes what is pushed to it, over HTTP."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from monitor.platforms.meta import webhooks as meta
from monitor.platforms.x import webhooks as x
from monitor.simulators.world import APP_SECRET, X_CONSUMER_SECRET

VERIFY = "verify-me"


class Desk:
    """Answers handshakes by the book, and deliveries with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.knows_secret = True
        self.asked = 0
        self.bodies: list[bytes] = []
        self.refused: list[bytes] = []
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                desk.asked += 1
                if "crc_token" in query:
                    secret = X_CONSUMER_SECRET if desk.knows_secret else "another"
                    return self._answer(200, json.dumps(x.crc_response(secret, query["crc_token"])).encode())
                challenge = meta.answer_handshake(VERIFY, query)
                return self._answer(200 if challenge else 403, (challenge or "").encode())

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                is_x = self.path.endswith("/x/")
                verify = x.verify_signature if is_x else meta.verify_signature
                name = x.SIGNATURE_HEADER if is_x else meta.SIGNATURE_HEADER
                if not verify(X_CONSUMER_SECRET if is_x else APP_SECRET, raw, self.headers.get(name)):
                    desk.refused.append(raw)
                    return self._answer(403, b"")
                if desk.status == 200:
                    desk.bodies.append(raw)
                return self._answer(desk.status, b"")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return None

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def told(self) -> list[Any]:
        return [json.loads(raw) for raw in self.bodies]


@contextmanager
def listening_desk() -> Iterator[Desk]:
    made = Desk()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join(timeout=5)
