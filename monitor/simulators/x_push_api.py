"""The fake X's webhooks and subscriptions under /x: the CRC before an address is kept, both APIs that push.

https://docs.x.com/x-api/webhooks · https://docs.x.com/x-api/activity
"""

import base64
import hmac
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.simulators.oauth import is_authorized
from monitor.simulators.pushing import AddressError, Hook
from monitor.simulators.world import DEMO_CHANNELS, X_USER_ID, World
from monitor.simulators.x_api import problem
from monitor.simulators.x_shapes import iso
from monitor.simulators.x_sign_in import token_of

_X = DEMO_CHANNELS[0]["credentials"]
APP_TOKEN = "simulated-app-token"  # noqa: S105 - worth nothing outside this program
MOST_WEBHOOKS = 5
MOST_SUBSCRIPTIONS = 1_500
EVENTS = frozenset({
    "post.create", "post.delete", "post.mention.create", "post.reply.create", "post.quote.create", "like.create",
    "dm.received", "dm.sent", "dm.read", "chat.received", "chat.sent", "follow.follow", "oauth.revoke",
})  # fmt: skip
Handler = Callable[[World, Request], Awaitable[Response]]


def _guarded(handler: Handler, scopes: frozenset[str] | None) -> Callable[[Request], Awaitable[Response]]:
    """What belongs to a user wants that user's token, with these `scopes` where it came by a sign-in; without `scopes`
    it belongs to the app, and wants its token."""

    async def respond(request: Request) -> Response:
        world: World = request.app.state.world
        world.note_call(request.method, request.url.path, request.query_params.items())
        token = token_of(world, request)
        if scopes is None:
            may = request.headers.get("authorization") == f"Bearer {APP_TOKEN}"
        else:
            may = is_authorized(request) or token is not None
        if world.is_revoked or not may:
            return problem(401, "Unauthorized", "Unauthorized")
        if scopes and token is not None and not scopes <= token.grant.scopes:
            return problem(403, "Forbidden", "The token has not all scopes that this endpoint asks for.")
        try:
            return await handler(world, request)
        except AddressError as error:
            return _bad(f"{error.code}: {error}")
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            return _bad(type(error).__name__)

    return respond


def _bad(detail: str) -> JSONResponse:
    """As X words it: the name of the reason in `errors[].message`."""
    body = {
        "errors": [{"parameters": {}, "message": detail}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": "https://api.twitter.com/2/problems/invalid-request",
    }
    return JSONResponse(body, 400, media_type="application/problem+json")


async def _token(request: Request) -> Response:
    """The app's bearer token, for its key and secret."""
    pair = f"{_X['consumer_key']}:{_X['consumer_secret']}".encode()
    given = request.headers.get("authorization", "").removeprefix("Basic ")
    if not hmac.compare_digest(given.encode(), base64.b64encode(pair)):
        return JSONResponse({"errors": [{"code": 99, "message": "Unable to verify your credentials"}]}, 403)
    return JSONResponse({"token_type": "bearer", "access_token": APP_TOKEN})


def _ours(world: World) -> list[Hook]:
    return [each for each in world.pushes.hooks.values() if each.platform == "x"]


def _hook(world: World, identifier: str) -> Hook:
    found = world.pushes.hooks.get(identifier)
    if found is None or found.platform != "x":
        raise AddressError("InvalidRequest", "There is no such webhook.")
    return found


def _described(hook: Hook) -> dict[str, Any]:
    return {"id": hook.identifier, "url": hook.url, "valid": hook.is_valid, "created_at": iso(hook.created_at)}


async def _webhooks(world: World, request: Request) -> Response:
    if request.method == "GET":
        found = [_described(each) for each in _ours(world)]
        meta = {"meta": {"result_count": len(found)}}
        # The specification wants one at least, or nothing.
        return JSONResponse({"data": found, **meta} if found else meta)
    url = str((await request.json())["url"])
    if any(each.url == url for each in _ours(world)):
        raise AddressError("DuplicateUrlFailed", "This address is registered.")
    if len(_ours(world)) >= MOST_WEBHOOKS:
        raise AddressError("WebhookLimitExceeded", "You have reached the limit of webhooks.")
    # Until something is subscribed nothing is pushed.
    hook = await run_in_threadpool(world.pushes.subscribe, "x", url, wanted=set())
    return JSONResponse(_described(hook))


async def _webhook(world: World, request: Request) -> Response:
    hook = _hook(world, request.path_params["webhook_id"])
    if request.method == "DELETE":
        del world.pushes.hooks[hook.identifier]
        world.pushes.subscriptions = [
            each for each in world.pushes.subscriptions if each.get("webhook_id") != hook.identifier
        ]
        return JSONResponse({"data": {"deleted": True}})
    await run_in_threadpool(world.pushes.check, hook)
    return JSONResponse({"data": {"attempted": True}})


async def _subscriptions(world: World, request: Request) -> Response:
    listed = world.pushes.subscriptions
    if not world.pushes.has_activity_api:
        return problem(403, "Client Forbidden", "This app has no access to the Activity API.", "client-forbidden")
    if request.method == "GET":
        return JSONResponse({"data": listed, "meta": {"result_count": len(listed)}})
    wanted = await request.json()
    name, user_id = str(wanted["event_type"]), str(wanted["filter"].get("user_id", ""))
    if name not in EVENTS:
        raise AddressError("InvalidRequest", "event_type is not one of those that there are")
    if user_id != X_USER_ID:
        return problem(403, "Forbidden", "You may not see this user's events.", "client-forbidden")
    if any((each["event_type"], each["filter"]) == (name, wanted["filter"]) for each in listed):
        return problem(409, "Conflict", "There is such a subscription.", "conflict")
    if len(listed) >= MOST_SUBSCRIPTIONS:
        return problem(403, "Forbidden", "The subscription limit of this app is reached.", "client-forbidden")
    made = _add(world, name, wanted)
    return JSONResponse({"data": {"subscription": made}, "meta": {"total_subscriptions": len(listed)}})


def _add(world: World, name: str, wanted: dict[str, Any]) -> dict[str, Any]:
    moment = iso(world.now())
    made = {"subscription_id": str(1_976_000_000_000_000_000 + secrets.randbelow(10**12)), "event_type": name}
    made |= {"filter": wanted["filter"], "created_at": moment, "updated_at": moment}
    world.pushes.subscriptions.append(made)
    _point(world, made, wanted)
    return made


def subscribe_to_all(world: World, hook: Hook) -> None:
    """Everything of the brand's user goes to this address, and X says so to whoever asks what is subscribed to."""
    wanted = {"filter": {"user_id": X_USER_ID}, "webhook_id": hook.identifier}
    for name in sorted(EVENTS):
        _add(world, name, wanted)


def _point(world: World, subscription: dict[str, Any], wanted: dict[str, Any]) -> None:
    """To whom the event is sent from now on."""
    if wanted.get("webhook_id"):
        hook = _hook(world, str(wanted["webhook_id"]))
        _unpoint(world, subscription)
        hook.wanted = {*(hook.wanted or ()), str(subscription["event_type"])}
    subscription |= {each: wanted[each] for each in ("tag", "webhook_id") if wanted.get(each)}
    subscription["updated_at"] = iso(world.now())


def _unpoint(world: World, subscription: dict[str, Any]) -> None:
    hook = world.pushes.hooks.get(str(subscription.get("webhook_id", "")))
    if hook is not None and hook.wanted:
        hook.wanted.discard(str(subscription["event_type"]))


async def _subscription(world: World, request: Request) -> Response:
    identifier = request.path_params["subscription_id"]
    found = next((each for each in world.pushes.subscriptions if each["subscription_id"] == identifier), None)
    if found is None:
        return problem(404, "Not Found Error", "There is no such subscription.", "resource-not-found")
    if request.method == "PUT":
        _point(world, found, await request.json())
        return JSONResponse({"data": {"subscription": found}})
    world.pushes.subscriptions.remove(found)
    _unpoint(world, found)
    return JSONResponse({"data": {"deleted": True}, "meta": {"total_subscriptions": len(world.pushes.subscriptions)}})


async def _account_activity(world: World, request: Request) -> Response:
    hook = _hook(world, request.path_params["webhook_id"])
    if request.method == "POST":
        hook.dialect, hook.wanted = "account_activity", None
    if request.method == "DELETE":
        if request.path_params["user_id"] != X_USER_ID or hook.dialect != "account_activity":
            return problem(404, "Not Found Error", "There is no such subscription.", "resource-not-found")
        hook.dialect, hook.wanted = "activity", set()
    return JSONResponse({"data": {"subscribed": hook.dialect == "account_activity"}})


async def _replay(world: World, request: Request) -> Response:
    """Queues again what happened between two minutes, in UTC."""
    wanted = await request.json()
    hook = _hook(world, str(wanted["webhook_id"]))
    world.pushes.replay(hook, _minute(wanted["from_date"]), _minute(wanted["to_date"]))
    return JSONResponse({"job_id": str(secrets.randbelow(10**18)), "created_at": iso(world.now())})


def _minute(written: str) -> datetime:
    return datetime.strptime(written, "%Y%m%d%H%M").replace(tzinfo=UTC)


async def _usage(world: World, _request: Request) -> Response:
    # Numbers in version 2.166 of the published specification, text in 2.167: our reader takes both.
    usage: dict[str, Any] = {"cap_reset_day": 1, "project_id": "1", "project_cap": 3_000_000}
    usage["project_usage"] = world.pushes.project_usage + len(world.calls)
    return JSONResponse({"data": usage})


def routes() -> list[Route]:
    """As the specification has it: webhooks, use, and changes of subscriptions belong to the app; what subscriptions
    there are to somebody's private events, and new ones, to the user."""
    of_app: list[tuple[list[str], str, Handler]] = [
        (["GET", "POST"], "/2/webhooks", _webhooks),
        (["POST"], "/2/webhooks/replay", _replay),
        (["PUT", "DELETE"], "/2/webhooks/{webhook_id}", _webhook),
        (["PUT", "DELETE"], "/2/activity/subscriptions/{subscription_id}", _subscription),
        (["GET"], "/2/usage/tweets", _usage),
        (["DELETE"], "/2/account_activity/webhooks/{webhook_id}/subscriptions/{user_id}/all", _account_activity),
    ]
    read, all_of_it = (
        frozenset({"like.read", "tweet.read"}),
        frozenset({"dm.read", "dm.write", "tweet.read", "users.read"}),
    )
    of_all = "/2/account_activity/webhooks/{webhook_id}/subscriptions/all"
    of_user: list[tuple[str, str, Handler, frozenset[str]]] = [
        ("GET", "/2/activity/subscriptions", _subscriptions, read),
        ("POST", "/2/activity/subscriptions", _subscriptions, read | {"dm.read"}),
        ("GET", of_all, _account_activity, all_of_it),
        ("POST", of_all, _account_activity, all_of_it),
    ]
    return [
        Route("/oauth2/token", _token, methods=["POST"]),
        *(Route(path, _guarded(each, None), methods=methods) for methods, path, each in of_app),
        *(Route(path, _guarded(each, scopes), methods=[method]) for method, path, each, scopes in of_user),
    ]
