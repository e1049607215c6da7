"""Scripted faults: what the next calls of a path get instead of, or on the way to, an answer."""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

KINDS = (
    "status", "drop", "drop_after_commit", "cut", "slow", "late", "malformed", "wrong_type", "wrong_shape", "empty",
    "redirect", "rate_limit", "usage_cap", "unauthorized", "revoked", "forbidden", "server_error",
)  # fmt: skip


@dataclass
class Fault:
    """`path` is searched for in the path. `kind` says what happens:

    status: `status`, `body` and `headers` as they are · drop: the line is dead at once · drop_after_commit: after the
    deed, before its answer · cut: in the middle of the answer · slow: `seconds` late · malformed: half a JSON ·
    wrong_type: a page in HTML with status 200 · wrong_shape: JSON whose parts are of other types · empty: 200 only ·
    redirect: to another address · rate_limit, usage_cap, unauthorized (expired), revoked, forbidden, server_error: as
    the platform of the path says it.
    """

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
        elif fault.kind == "cut":
            await self._app(scope, receive, _Cutting(send))
            await _cut(send)
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


class _Cutting:
    """Lets the headers and half of the body pass."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await self._send(message)


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
    if fault.kind in _BODIES:
        kind, raw = _BODIES[fault.kind]
        return 200, raw, headers | {"content-type": kind}
    if fault.kind == "redirect":
        return 302, b"", headers | {"location": "http://127.0.0.1:9/elsewhere"}
    if fault.kind == "status":
        body = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
        return fault.status, body.encode(), headers
    room = path.split("/")[1]
    status, content = _STANDARD[room].get(fault.kind) or _STANDARD[room][_LIKE[fault.kind]]
    more = _limit_headers(room, fault) if fault.kind == "rate_limit" else {}
    return status, json.dumps(content).encode(), {**headers, **more, **fault.headers}


_BODIES: Mapping[str, tuple[str, bytes]] = {
    "malformed": ("application/json", b'{"data": [{"id": "1'),
    "wrong_type": ("text/html; charset=utf-8", b"<!doctype html><title>Down for maintenance</title><p>Back soon.</p>"),
    "wrong_shape": (
        "application/json",
        b'{"data": {"id": [1]}, "includes": 5, "errors": "none", "meta": [], "paging": 7}',
    ),
    "empty": ("application/json", b""),
}
# What a platform says that has no words of its own for it.
_LIKE = {"usage_cap": "rate_limit", "revoked": "unauthorized", "forbidden": "unauthorized"}


def _limit_headers(room: str, fault: Fault) -> dict[str, str]:
    """When the window ends, in the platform's own way: `seconds` from now."""
    until = int(time.time() + fault.seconds)
    if room == "x":
        return {"x-rate-limit-limit": "15", "x-rate-limit-remaining": "0", "x-rate-limit-reset": str(until)}
    if room == "graph":
        minutes = max(1, round(fault.seconds / 60))
        use = {"type": "pages", "call_count": 100, "total_cputime": 20, "total_time": 20}
        use["estimated_time_to_regain_access"] = minutes
        return {"x-business-use-case-usage": json.dumps({"104217600000001": [use]})}
    if room == "mastodon":
        ends = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {"x-ratelimit-limit": "300", "x-ratelimit-remaining": "0", "x-ratelimit-reset": ends}
    if room == "bluesky":
        return {"ratelimit-limit": "3000", "ratelimit-remaining": "0", "ratelimit-reset": str(until)}
    return {"retry-after": str(max(1, round(fault.seconds)))}


_STANDARD: Mapping[str, Mapping[str, tuple[int, Any]]] = {
    "x": {
        "rate_limit": (429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}),
        "unauthorized": (
            401,
            {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"},
        ),
        "server_error": (503, {"title": "Service Unavailable", "type": "about:blank", "status": 503}),
        "usage_cap": (
            429,
            {
                "title": "UsageCapExceeded",
                "detail": "Usage cap exceeded: Monthly product cap",
                "period": "Monthly",
                "scope": "Product",
                "type": "https://api.twitter.com/2/problems/usage-capped",
                "status": 429,
            },
        ),
        "forbidden": (
            403,
            {
                "title": "Forbidden",
                "detail": "Your client app is not configured with the appropriate permissions for this endpoint.",
                "type": "https://api.twitter.com/2/problems/oauth1-permissions",
                "status": 403,
            },
        ),
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
        "revoked": (
            400,
            {
                "error": {
                    "message": "The user has not authorized application",
                    "type": "OAuthException",
                    "code": 190,
                    "error_subcode": 458,
                }
            },
        ),
        "forbidden": (
            403,
            {
                "error": {
                    "message": "(#200) Requires pages_read_engagement permission",
                    "type": "OAuthException",
                    "code": 200,
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
