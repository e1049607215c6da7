"""The fake X's webhooks and subscriptions under /x: the CRC before an address is kept, both APIs that push.

https://docs.x.com/x-api/webhooks · https://docs.x.com/x-api/activity
"""

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
from monitor.simulators.world import X_USER_ID, World
from monitor.simulators.x_api import problem
from monitor.simulators.x_shapes import iso

MOST_WEBHOOKS = 5
MOST_SUBSCRIPTIONS = 1_500
EVENTS = frozenset({
    "post.create", "post.delete", "post.mention.create", "post.reply.create", "post.quote.create", "like.create",
    "dm.received", "dm.sent", "dm.read", "chat.received", "chat.sent", "follow.follow", "oauth.revoke",
})  # fmt: skip
Handler = Callable[[World, Request], Awaitable[Response]]


def _guarded(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        world: World = request.app.state.world
        world.note_call(request.method, request.url.path, request.query_params.items())
        if world.is_revoked or not is_authorized(request):
            return problem(401, "Unauthorized", "Unauthorized")
        try:
            return await handler(world, request)
        except AddressError as error:
            return problem(400, error.code, str(error), "invalid-request")
        except (ValueError, TypeError, AttributeError):
            return problem(
                400, "Invalid Request", "One or more parameters to your request was invalid.", "invalid-request"
            )

    return respond


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
    if request.method == "GET":
        return JSONResponse({"data": listed, "meta": {"result_count": len(listed)}})
    wanted = await request.json()
    name, user_id = wanted["event_type"], wanted["filter"].get("user_id", "")
    if name not in EVENTS or user_id != X_USER_ID:
        raise AddressError("InvalidRequest", "This event cannot be subscribed to for this user.")
    if len(listed) >= MOST_SUBSCRIPTIONS:
        return problem(403, "Forbidden", "The limit of subscriptions is reached.")
    if any((each["event_type"], each["filter"]) == (name, wanted["filter"]) for each in listed):
        return problem(
            400, "Invalid Request", "DuplicateSubscriptionFailed: this subscription exists.", "invalid-request"
        )
    moment = iso(world.now())
    made = {"subscription_id": str(1_976_000_000_000_000_000 + secrets.randbelow(10**12)), "event_type": name}
    made |= {"filter": wanted["filter"], "created_at": moment, "updated_at": moment}
    made |= {each: wanted[each] for each in ("tag", "webhook_id") if wanted.get(each)}
    if wanted.get("webhook_id"):
        hook = _hook(world, str(wanted["webhook_id"]))
        hook.wanted = {*(hook.wanted or ()), name}
    listed.append(made)
    return JSONResponse({"data": {"subscription": made}, "meta": {"total_subscriptions": len(listed)}})


async def _subscription(world: World, request: Request) -> Response:
    identifier = request.path_params["subscription_id"]
    found = next((each for each in world.pushes.subscriptions if each["subscription_id"] == identifier), None)
    if found is None:
        return problem(404, "Not Found Error", "There is no such subscription.", "resource-not-found")
    world.pushes.subscriptions.remove(found)
    hook = world.pushes.hooks.get(str(found.get("webhook_id", "")))
    if hook is not None and hook.wanted:
        hook.wanted.discard(str(found["event_type"]))
    return JSONResponse({"data": {"deleted": True}, "meta": {"total_subscriptions": len(world.pushes.subscriptions)}})


async def _account_activity(world: World, request: Request) -> Response:
    hook = _hook(world, request.path_params["webhook_id"])
    if request.method == "POST":
        hook.dialect, hook.wanted = "account_activity", None
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
    usage = {"cap_reset_day": 1, "project_id": "1", "project_cap": "3000000", "project_usage": str(len(world.calls))}
    return JSONResponse({"data": usage})


def routes() -> list[Route]:
    table: list[tuple[list[str], str, Handler]] = [
        (["GET", "POST"], "/2/webhooks", _webhooks),
        (["POST"], "/2/webhooks/replay", _replay),
        (["PUT", "DELETE"], "/2/webhooks/{webhook_id}", _webhook),
        (["GET", "POST"], "/2/activity/subscriptions", _subscriptions),
        (["DELETE"], "/2/activity/subscriptions/{subscription_id}", _subscription),
        (["GET", "POST"], "/2/account_activity/webhooks/{webhook_id}/subscriptions/all", _account_activity),
        (["GET"], "/2/usage/tweets", _usage),
    ]
    return [Route(path, _guarded(handler), methods=methods) for methods, path, handler in table]
