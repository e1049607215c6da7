"""The world from outside, under /_world: put posts in, read what was answered, script faults, move the clock.

Not part of any platform: for the demo, for training and for tests. JSON in, JSON out.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.simulators.faults import Fault
from monitor.simulators.world import Entry, Message, World
from monitor.simulators.x_shapes import iso


def describe_entry(world: World, entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.identifier,
        "first_id": entry.first_id,
        "platform": entry.platform,
        "author": entry.author.handle,
        "by_brand": entry.author is world.brands[entry.platform],
        "text": entry.text,
        "in_reply_to": entry.parent_id,
        "is_hidden": entry.is_hidden,
        "is_deleted": entry.is_deleted,
        "created_at": iso(entry.created_at),
    }


def describe_message(world: World, message: Message) -> dict[str, Any]:
    return {
        "id": message.identifier,
        "platform": message.platform,
        "author": message.sender.handle,
        "recipient": message.recipient.handle,
        "by_brand": message.sender is world.brands[message.platform],
        "text": message.text,
        "tag": message.tag,
        "created_at": iso(message.created_at),
    }


async def _threads(request: Request) -> Response:
    """Public threads, the newest first, each with all its posts."""
    world: World = request.app.state.world
    wanted = request.query_params.get("platform", "")
    platforms = [wanted] if wanted else list(world.brands)
    roots = {entry.root_id: entry for name in platforms for entry in world.visible(name) if name in world.brands}
    threads = [[describe_entry(world, entry) for entry in world.thread(root_id)] for root_id in roots]
    return JSONResponse({"threads": [{"id": thread[0]["id"], "posts": thread} for thread in threads]})


async def _thread(request: Request) -> Response:
    """The thread that a post is in."""
    world: World = request.app.state.world
    entry = world.entries.get(request.path_params["identifier"])
    if entry is None:
        return JSONResponse({"error": "there is no such post"}, 404)
    return JSONResponse(
        {"id": entry.root_id, "posts": [describe_entry(world, each) for each in world.thread(entry.root_id)]}
    )


async def _messages(request: Request) -> Response:
    world: World = request.app.state.world
    platforms = [request.query_params["platform"]] if "platform" in request.query_params else list(world.brands)
    found = [message for name in platforms for message in world.messages_with(name)]
    return JSONResponse({"messages": [describe_message(world, message) for message in found]})


async def _inject(request: Request) -> Response:
    world: World = request.app.state.world
    wanted = await request.json()
    if wanted.get("platform") not in world.brands or not wanted.get("text"):
        return JSONResponse({"error": "platform and text are needed"}, 400)
    made = inject(world, wanted)
    return JSONResponse({"id": made.identifier}, 201)


def inject(world: World, wanted: Mapping[str, Any]) -> Entry | Message:
    """Puts in a post or message as a story tells it; `seconds_ago` dates it back."""
    platform, author = wanted["platform"], wanted.get("author") or {}
    handle = str(author.get("handle") or "someone")
    person = world.person(platform, handle, str(author.get("name") or handle), int(author.get("followers") or 0))
    if wanted.get("by_brand"):
        person = world.brands[platform]
    ago = wanted.get("seconds_ago")
    at = world.now() - timedelta(seconds=float(ago)) if ago else None
    if wanted.get("form") == "direct_message":
        return world.say(platform, person, world.brands[platform], wanted["text"], at=at)
    return world.publish(
        platform,
        person,
        wanted["text"],
        parent_id=str(wanted.get("in_reply_to") or ""),
        quoted_id=str(wanted.get("quotes") or ""),
        language=str(wanted.get("language") or ""),
        visibility=str(wanted.get("visibility") or "public"),
        warning=str(wanted.get("content_warning") or ""),
        rating=int(wanted.get("rating") or 0),
        kind=str(wanted.get("kind") or ""),
        at=at,
    )


async def _edit(request: Request) -> Response:
    world: World = request.app.state.world
    wanted = await request.json()
    return JSONResponse({"id": world.edit(wanted["id"], wanted["text"]).identifier})


async def _delete(request: Request) -> Response:
    world: World = request.app.state.world
    world.delete((await request.json())["id"])
    return JSONResponse({})


async def _standing(request: Request) -> Response:
    """Closes, takes down or opens a person's profile; what they wrote is not shown to the brand meanwhile."""
    world: World = request.app.state.world
    wanted = await request.json()
    known = world.people.get((str(wanted.get("platform")), str(wanted.get("handle"))))
    if known is None:
        return JSONResponse({"error": "there is no such person"}, 404)
    try:
        world.set_standing(known, str(wanted.get("standing", "")))
    except ValueError as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse({"standing": known.standing})


async def _faults(request: Request) -> Response:
    world: World = request.app.state.world
    if request.method == "DELETE":
        world.faults.clear()
        return JSONResponse({})
    try:
        world.faults.add(Fault(**await request.json()))
    except (TypeError, ValueError) as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse({}, 201)


async def _clock(request: Request) -> Response:
    world: World = request.app.state.world
    world.shift_clock(float((await request.json())["seconds"]))
    return JSONResponse({"now": iso(world.now())})


async def _tokens(request: Request) -> Response:
    world: World = request.app.state.world
    world.is_revoked = bool((await request.json())["is_revoked"])
    return JSONResponse({})


async def _calls(request: Request) -> Response:
    world: World = request.app.state.world
    if request.method == "DELETE":
        world.calls.clear()
    return JSONResponse({"calls": world.calls})


def routes() -> list[Route]:
    return [
        Route("/threads", _threads, methods=["GET"]),
        Route("/threads/{identifier}", _thread, methods=["GET"]),
        Route("/messages", _messages, methods=["GET"]),
        Route("/posts", _inject, methods=["POST"]),
        Route("/edits", _edit, methods=["POST"]),
        Route("/deletions", _delete, methods=["POST"]),
        Route("/standings", _standing, methods=["POST"]),
        Route("/faults", _faults, methods=["POST", "DELETE"]),
        Route("/clock", _clock, methods=["POST"]),
        Route("/tokens", _tokens, methods=["POST"]),
        Route("/calls", _calls, methods=["GET", "DELETE"]),
    ]
