"""The fake X's push: webhooks of the app (their addresses are really asked for the proof), subscriptions, usage.

Tokens of the app are bearer tokens that `/oauth2/token` hands out for its key and secret.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.simulators.oauth import is_authorized
from monitor.simulators.world import DEMO_CHANNELS, X_CONSUMER_SECRET, X_USER_ID, World
from monitor.simulators.x_shapes import iso

_CREDENTIALS = DEMO_CHANNELS[0]["credentials"]
APP_TOKEN = "simulated-app-token"  # noqa: S105 - worth nothing outside this program
EVENTS = frozenset({
    "post.create", "post.delete", "post.mention.create", "post.reply.create", "post.quote.create", "dm.received",
    "dm.sent", "dm.read", "chat.received", "chat.sent", "oauth.revoke",
})  # fmt: skip
_PROBLEMS = "https://api.twitter.com/2/problems"
Handler = Callable[["FakeWorld", Request], Awaitable[Response]]


@dataclass
class XPushState:
    """`webhook_limit` and `subscription_limit` are those of self-serve plans."""

    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    replays: list[dict[str, str]] = field(default_factory=list)
    account_activity: set[str] = field(default_factory=set)
    webhook_limit: int = 1
    subscription_limit: int = 1_500
    has_activity_api: bool = True
    access_level: str = "read-write-directmessages"
    project_cap: int = 3_000_000
    project_usage: int = 0


class FakeWorld(World):
    def __init__(self) -> None:
        super().__init__()
        self.x_push = XPushState()


def _refuse(status: int, title: str, detail: str, kind: str) -> JSONResponse:
    body = {"title": title, "detail": detail, "type": f"{_PROBLEMS}/{kind}", "status": status}
    return JSONResponse(body, status, media_type="application/problem+json")


def _bad(detail: str) -> JSONResponse:
    """As X words it: the name of the reason in `errors[].message`."""
    body = {
        "errors": [{"parameters": {}, "message": detail}], "title": "Invalid Request",
        "type": f"{_PROBLEMS}/invalid-request",
        "detail": "One or more parameters to your request was invalid.",
    }  # fmt: skip
    return JSONResponse(body, 400, media_type="application/problem+json")


async def _token(request: Request) -> Response:
    header = request.headers.get("authorization", "").removeprefix("Basic ")
    pair = f"{_CREDENTIALS['consumer_key']}:{_CREDENTIALS['consumer_secret']}"
    if not hmac.compare_digest(header.encode(), base64.b64encode(pair.encode())):
        return JSONResponse({"errors": [{"code": 99, "message": "Unable to verify your credentials"}]}, 403)
    return JSONResponse({"token_type": "bearer", "access_token": APP_TOKEN})


def _of_app(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        world: FakeWorld = request.app.state.world
        world.note_call(request.method, request.url.path, request.query_params.items())
        if world.is_revoked or request.headers.get("authorization", "") != f"Bearer {APP_TOKEN}":
            return _refuse(403, "Forbidden", "Only the app itself may do this.", "unsupported-authentication")
        return await handler(world, request)

    return respond


def _of_user(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        world: FakeWorld = request.app.state.world
        world.note_call(request.method, request.url.path, request.query_params.items())
        if world.is_revoked or not is_authorized(request):
            return _refuse(401, "Unauthorized", "Unauthorized", "not-authorized")
        if "/activity/" in request.url.path and not world.x_push.has_activity_api:
            return _refuse(403, "Client Forbidden", "This app has no access to it.", "client-forbidden")
        return await handler(world, request)

    return respond


async def _list_webhooks(world: FakeWorld, _request: Request) -> Response:
    webhooks = list(world.x_push.webhooks.values())
    return JSONResponse({"data": webhooks, "meta": {}} if webhooks else {"meta": {"result_count": 0}})


async def _add_webhook(world: FakeWorld, request: Request) -> Response:
    url = str((await request.json()).get("url") or "")
    parts, state = urlsplit(url), world.x_push
    is_local = parts.hostname in ("127.0.0.1", "localhost")
    # X wants https without a port; addresses of this machine are let pass, or nothing could be tried.
    if not parts.hostname or not (is_local or (parts.scheme == "https" and parts.port is None)):
        return _bad("UrlValidationFailed: the callback url must be https, without a port.")
    if any(each["url"] == url for each in state.webhooks.values()):
        return _bad("DuplicateUrlFailed: a webhook is registered for this url.")
    if len(state.webhooks) >= state.webhook_limit:
        return _bad("WebhookLimitExceeded: too many webhooks.")
    if not await asyncio.to_thread(_proves_itself, url):
        return _bad("CrcValidationFailed: the url did not answer the check.")
    identifier = str(1_900_000_000_000_000_000 + len(state.webhooks) + 1)
    webhook = {"id": identifier, "url": url, "valid": True, "created_at": iso(world.now())}
    state.webhooks[identifier] = webhook
    return JSONResponse({"data": webhook})


def _proves_itself(url: str) -> bool:
    token = secrets.token_urlsafe(24)
    wanted = base64.b64encode(hmac.new(X_CONSUMER_SECRET.encode(), token.encode(), hashlib.sha256).digest()).decode()
    try:
        with urllib.request.urlopen(f"{url}?{urlencode({'crc_token': token})}", timeout=3) as answer:  # noqa: S310
            return bool(json.load(answer).get("response_token") == f"sha256={wanted}")
    except (urllib.error.URLError, ValueError, AttributeError, OSError):
        return False


async def _check_webhook(world: FakeWorld, request: Request) -> Response:
    webhook = world.x_push.webhooks.get(request.path_params["webhook_id"])
    if webhook is None:
        return _bad("WebhookIdInvalid: there is no such webhook.")
    webhook["valid"] = await asyncio.to_thread(_proves_itself, webhook["url"])
    return JSONResponse({"data": {"attempted": True}})


async def _remove_webhook(world: FakeWorld, request: Request) -> Response:
    gone = world.x_push.webhooks.pop(request.path_params["webhook_id"], None)
    return JSONResponse({"data": {"deleted": gone is not None}})


async def _replay(world: FakeWorld, request: Request) -> Response:
    wanted: Mapping[str, str] = await request.json()
    if wanted.get("webhook_id") not in world.x_push.webhooks:
        return _bad("WebhookIdInvalid: there is no such webhook.")
    if not all(len(wanted.get(name, "")) == 12 and wanted[name].isdigit() for name in ("from_date", "to_date")):
        return _bad("from_date and to_date are written yyyymmddhhmm.")
    world.x_push.replays.append(dict(wanted))
    return JSONResponse({"job_id": str(len(world.x_push.replays)), "created_at": iso(world.now())})


async def _list_subscriptions(world: FakeWorld, _request: Request) -> Response:
    rows = list(world.x_push.subscriptions.values())
    return JSONResponse({"data": rows, "meta": {"total_subscriptions": len(rows)}})


async def _subscribe(world: FakeWorld, request: Request) -> Response:
    wanted, state = await request.json(), world.x_push
    event, user_id = str(wanted.get("event_type")), str((wanted.get("filter") or {}).get("user_id") or "")
    if event not in EVENTS:
        return _bad(f"event_type: [{event[:40]}] is not one of those that there are")
    if user_id != X_USER_ID:
        return _refuse(403, "Forbidden", "You may not see this user's events.", "client-forbidden")
    if wanted.get("webhook_id") not in state.webhooks:
        return _bad("webhook_id: there is no such webhook")
    known = ((each["event_type"], each["filter"]["user_id"]) for each in state.subscriptions.values())
    if (event, user_id) in known:
        return _refuse(409, "Conflict", "There is such a subscription.", "conflict")
    if len(state.subscriptions) >= state.subscription_limit:
        return _refuse(403, "Forbidden", "The subscription limit of this app is reached.", "client-forbidden")
    identifier = str(1_976_000_000_000_000_000 + len(state.subscriptions) + 1)
    moment = iso(world.now())
    made = {
        "subscription_id": identifier, "event_type": event, "filter": {"user_id": user_id}, "created_at": moment,
        "updated_at": moment, "webhook_id": wanted["webhook_id"], "tag": str(wanted.get("tag", "")),
    }  # fmt: skip
    state.subscriptions[identifier] = made
    return JSONResponse({"data": {"subscription": made}})


async def _move_subscription(world: FakeWorld, request: Request) -> Response:
    found = world.x_push.subscriptions.get(request.path_params["subscription_id"])
    if found is None:
        return _refuse(404, "Not Found Error", "There is no such subscription.", "resource-not-found")
    found |= {name: value for name, value in (await request.json()).items() if name in ("webhook_id", "tag")}
    return JSONResponse({"data": {"subscription": found}})


async def _account_activity(world: FakeWorld, request: Request) -> Response:
    webhook_id = request.path_params["webhook_id"]
    if webhook_id not in world.x_push.webhooks:
        return _bad("WebhookIdInvalid: there is no such webhook.")
    if request.method == "POST":
        world.x_push.account_activity.add(webhook_id)
    return JSONResponse({"data": {"subscribed": webhook_id in world.x_push.account_activity}})


async def _usage(world: FakeWorld, _request: Request) -> Response:
    state = world.x_push
    return JSONResponse(
        {"data": {"project_cap": state.project_cap, "project_usage": state.project_usage, "cap_reset_day": 9}}
    )


def routes() -> list[Route]:
    account_activity = "/2/account_activity/webhooks/{webhook_id}/subscriptions/all"
    app: list[tuple[str, str, Handler]] = [
        ("GET", "/2/webhooks", _list_webhooks),
        ("POST", "/2/webhooks", _add_webhook),
        ("POST", "/2/webhooks/replay", _replay),
        ("PUT", "/2/webhooks/{webhook_id}", _check_webhook),
        ("DELETE", "/2/webhooks/{webhook_id}", _remove_webhook),
        ("GET", "/2/usage/tweets", _usage),
    ]
    user: list[tuple[str, str, Handler]] = [
        ("GET", "/2/activity/subscriptions", _list_subscriptions),
        ("POST", "/2/activity/subscriptions", _subscribe),
        ("PUT", "/2/activity/subscriptions/{subscription_id}", _move_subscription),
        ("GET", account_activity, _account_activity),
        ("POST", account_activity, _account_activity),
    ]
    return [
        Route("/oauth2/token", _token, methods=["POST"]),
        *(Route(path, _of_app(handler), methods=[method]) for method, path, handler in app),
        *(Route(path, _of_user(handler), methods=[method]) for method, path, handler in user),
    ]
