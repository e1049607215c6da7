"""Scripted faults: what the next calls of a path get instead of, or on the way to, an answer."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

KINDS = (
    "status",
    "drop",
    "drop_after_commit",
    "slow",
    "late",
    "malformed",
    "rate_limit",
    "unauthorized",
    "server_error",
)


@dataclass
class Fault:
    """`path` is searched for in the path. `kind` status sends `status`, `body` and `headers` as they are."""

    kind: str
    path: str = ""
    method: str = ""
    times: int = 1
    status: int = 500
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"there is no fault {self.kind!r}; known are {', '.join(KINDS)}")
        re.compile(self.path)


class FaultBook:
    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The first fault that fits; it is used up after `times` calls."""
        for fault in self._faults:
            if re.search(fault.path, path) and fault.method in ("", method):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None


class FaultMiddleware:
    """Outermost: it can cut the connection, which no handler can."""

    def __init__(self, app: ASGIApp, book: FaultBook) -> None:
        self._app = app
        self._book = book

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_platform = scope["type"] == "http" and not scope["path"].startswith("/_world")
        fault = self._book.take(scope["method"], scope["path"]) if is_platform else None
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, send)
        elif fault.kind == "late":
            answer: list[Message] = []
            await self._app(scope, receive, _keep_in(answer))
            await asyncio.sleep(fault.seconds)
            for message in answer:
                await send(message)
        elif fault.kind == "drop_after_commit":
            await self._app(scope, receive, _swallow)
            await _cut(send)
        elif fault.kind == "drop":
            await _cut(send)
        else:
            await _answer(send, *_scripted(fault, scope["path"]))


def _keep_in(answer: list[Message]) -> Send:
    """Carried out at once, answered later."""

    async def keep(message: Message) -> None:
        answer.append(message)

    return keep


async def _swallow(message: Message) -> None:
    """The answer that nobody will get."""


async def _cut(send: Send) -> None:
    """Closes the socket without a word, as a dying gateway does. uvicorn's `send` is bound to the connection."""
    connection = getattr(send, "__self__", None)
    if connection is not None:
        connection.transport.abort()
        # Let the loop notice, so that uvicorn does not report an application that did not answer.
        await asyncio.sleep(0.02)


async def _answer(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _scripted(fault: Fault, path: str) -> tuple[int, bytes, dict[str, str]]:
    headers = {"content-type": "application/json", **fault.headers}
    if fault.kind == "malformed":
        return 200, b'{"data": [{"id": "1', headers
    if fault.kind == "status":
        body = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
        return fault.status, body.encode(), headers
    status, content = _STANDARD[path.split("/")[1]][fault.kind]
    return status, json.dumps(content).encode(), headers


_STANDARD: Mapping[str, Mapping[str, tuple[int, Any]]] = {
    "x": {
        "rate_limit": (429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}),
        "unauthorized": (
            401,
            {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"},
        ),
        "server_error": (503, {"title": "Service Unavailable", "type": "about:blank", "status": 503}),
    },
    "graph": {
        "rate_limit": (400, {"error": {"message": "(#80001) Too many calls", "type": "OAuthException", "code": 80001}}),
        "unauthorized": (
            401,
            {
                "error": {
                    "message": "The session has expired",
                    "type": "OAuthException",
                    "code": 190,
                    "error_subcode": 463,
                }
            },
        ),
        "server_error": (
            500,
            {
                "error": {
                    "message": "Service temporarily unavailable",
                    "type": "OAuthException",
                    "code": 2,
                    "is_transient": True,
                }
            },
        ),
    },
    "mastodon": {
        "rate_limit": (429, {"error": "Too many requests"}),
        "unauthorized": (401, {"error": "The access token is invalid"}),
        "server_error": (503, {"error": "There was a temporary problem serving your request, please try again"}),
    },
    "bluesky": {
        "rate_limit": (429, {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}),
        "unauthorized": (401, {"error": "AuthenticationRequired", "message": "Invalid identifier or password"}),
        "server_error": (502, {"error": "UpstreamFailure", "message": "Upstream Failure"}),
    },
    "feed": {"rate_limit": (429, "slow down"), "unauthorized": (401, "login"), "server_error": (503, "later")},
}
