"""The world's pushing from outside, under /_world: addresses, mishaps, and what became of the deliveries.

Stands for what people click in a platform's own pages (Meta's app dashboard), and for tests.
"""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.simulators import x_push
from monitor.simulators.pushing import AddressError, Hook, Mishap
from monitor.simulators.world import World
from monitor.simulators.x_shapes import iso


def describe_hook(hook: Hook) -> dict[str, Any]:
    return {
        "id": hook.identifier,
        "platform": hook.platform,
        "url": hook.url,
        "dialect": hook.dialect,
        "wanted": sorted(hook.wanted) if hook.wanted is not None else None,
        "is_valid": hook.is_valid,
        "delivered": hook.delivered,
        "refused": hook.refused,
        "created_at": iso(hook.created_at),
    }


def subscribe(world: World, wanted: dict[str, Any]) -> Hook:
    """Blocks: it calls the address. Raises AddressError."""
    fields = wanted.get("wanted")
    return world.pushes.subscribe(
        str(wanted.get("platform", "")),
        str(wanted.get("url", "")),
        secret=str(wanted.get("secret", "")),
        verify_token=str(wanted.get("verify_token", "")),
        dialect=str(wanted.get("dialect", "activity")),
        wanted=set(fields) if fields is not None else None,
    )


async def _subscriptions(request: Request) -> Response:
    world: World = request.app.state.world
    if request.method == "DELETE":
        world.pushes.hooks.clear()
    if request.method != "POST":
        found = [describe_hook(hook) for hook in world.pushes.hooks.values()]
        return JSONResponse({"subscriptions": found, "waiting": world.pushes.waiting()})
    try:
        hook = await run_in_threadpool(subscribe, world, await request.json())
    except AddressError as error:
        return JSONResponse({"error": error.code, "says": str(error)}, 400)
    return JSONResponse(describe_hook(hook), 201)


async def _mishaps(request: Request) -> Response:
    world: World = request.app.state.world
    if request.method == "DELETE":
        world.pushes.clear_mishaps()
        return JSONResponse({})
    try:
        world.pushes.add_mishap(Mishap(**await request.json()))
    except (TypeError, ValueError) as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse({}, 201)


async def _deliver(request: Request) -> Response:
    """Makes the calls that are due, for who has no program that does so."""
    world: World = request.app.state.world
    return JSONResponse({"calls": await run_in_threadpool(world.pushes.deliver_due)})


async def _revoke(request: Request) -> Response:
    """The brand takes the app's rights away: the token is dead, and X says so."""
    world: World = request.app.state.world
    revoke(world)
    return JSONResponse({})


def revoke(world: World) -> None:
    world.is_revoked = True
    for hook in [each for each in world.pushes.hooks.values() if each.platform == "x"]:
        for body in x_push.revoked(hook, world):
            world.pushes.put(hook, body)


def routes() -> list[Route]:
    return [
        Route("/subscriptions", _subscriptions, methods=["GET", "POST", "DELETE"]),
        Route("/mishaps", _mishaps, methods=["POST", "DELETE"]),
        Route("/pushes", _deliver, methods=["POST"]),
        Route("/revocations", _revoke, methods=["POST"]),
    ]
