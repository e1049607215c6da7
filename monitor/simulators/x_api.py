"""A fake X API v2 under /x: lists, look-ups, replies, messages, hiding; tokens, limits and refusals as published.

Starlette app; the world is in `app.state.world`.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.simulators import x_lists as lists
from monitor.simulators.oauth import is_authorized
from monitor.simulators.world import X_USER_ID, Entry, Person, World
from monitor.simulators.x_shapes import (
    conversation_of,
    in_dialect,
    listed,
    missing,
    names_in,
    render_message,
    render_page,
    render_post,
    render_user,
    suspended,
)
from monitor.simulators.x_sign_in import SCOPE_OF, token_of
from monitor.text.length import weighted_length

_PROBLEMS = "https://api.twitter.com/2/problems"
_PROBLEM_TYPE = "application/problem+json"
_DUPLICATE_SPAN = timedelta(hours=24)
#: Weighted letters of a post without a subscription, letters of a message.
LONGEST_POST, LONGEST_MESSAGE = 280, 10_000
Handler = Callable[[World, Request], Awaitable[Response]]


def problem(status: int, title: str, detail: str, kind: str = "") -> JSONResponse:
    """RFC 7807, as X writes it."""
    kind = f"{_PROBLEMS}/{kind}" if kind else "about:blank"
    body = {"title": title, "detail": detail, "type": kind, "status": status}
    return JSONResponse(body, status, media_type=_PROBLEM_TYPE)


def refused(detail: str) -> JSONResponse:
    return problem(403, "Forbidden", detail)


def _guarded(endpoint: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Token, limit and parameter errors around a handler."""

    async def respond(request: Request) -> Response:
        world: World = request.app.state.world
        world.note_call(request.method, request.url.path, request.query_params.items())
        granted = token_of(world, request)
        if world.is_revoked or not (granted or is_authorized(request)):
            return problem(401, "Unauthorized", "Unauthorized")
        if granted and SCOPE_OF.get(endpoint, "users.read") not in granted.grant.scopes:
            return refused("Forbidden")
        is_allowed, headers = world.limits.take("user", endpoint, world.now())
        if not is_allowed:
            return JSONResponse({"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, 429, headers)
        try:
            response = await handler(world, request)
        except (lists.InvalidRequestError, json.JSONDecodeError) as error:
            body: dict[str, Any] = {
                "errors": [{"parameters": {}, "message": str(error)}],
                "title": "Invalid Request",
                "detail": "One or more parameters to your request was invalid.",
                "type": f"{_PROBLEMS}/invalid-request",
            }
            response = JSONResponse(body, 400, media_type=_PROBLEM_TYPE)
        response.headers.update(headers)
        return response

    return respond


def _json(world: World, body: Mapping[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse(in_dialect(world, body), status)


def _name(entry: Entry) -> str:
    return entry.identifier


def _list(world: World, request: Request, rows: list[Entry], *, smallest: int, horizon: timedelta | None) -> Response:
    query = dict(request.query_params)
    rows = lists.bounded(world, rows, query, horizon=horizon)
    page, token = lists.page_of(rows, query, smallest=smallest, name_of=_name)
    page = world.shown(page)
    meta: dict[str, Any] = {"result_count": len(page)}
    if page:
        meta |= {"newest_id": page[0].identifier, "oldest_id": page[-1].identifier}
    if token:
        meta["next_token"] = token
    return _json(world, {**render_page(world, page, query), "meta": meta})


async def _mentions(world: World, request: Request) -> Response:
    rows = lists.mentions(world, request.path_params["user_id"])
    return _list(world, request, rows, smallest=5, horizon=None)


async def _own_posts(world: World, request: Request) -> Response:
    rows = lists.written_by(world, request.path_params["user_id"])
    if "replies" in listed(request.query_params, "exclude"):
        rows = [row for row in rows if not row.parent_id]
    return _list(world, request, rows, smallest=5, horizon=None)


async def _search(world: World, request: Request) -> Response:
    query = request.query_params.get("query", "")
    if not query or len(query) > 512:
        raise lists.InvalidRequestError("The 'query' parameter is required and has 512 characters at most.")
    return _list(world, request, lists.search(world, query), smallest=10, horizon=lists.SEARCH_DAYS)


async def _lookup(world: World, request: Request) -> Response:
    identifiers = listed(request.query_params, "ids")
    if not 1 <= len(identifiers) <= 100:
        raise lists.InvalidRequestError("The `ids` query parameter holds 1 to 100 ids")
    found = {identifier: world.find(identifier) for identifier in identifiers}
    page = render_page(world, [each for each in found.values() if each is not None], request.query_params)
    errors = [missing(world, identifier) for identifier, each in found.items() if each is None]
    if errors:
        page["errors"] = [*page.get("errors", []), *errors]
    return _json(world, page)


async def _me(world: World, request: Request) -> Response:
    granted = token_of(world, request)
    me = world.person_by_id("x", granted.grant.user_id) if granted else None
    return _json(world, {"data": render_user(me or world.brands["x"], listed(request.query_params, "user.fields"))})


async def _users(world: World, request: Request) -> Response:
    found = [world.person_by_id("x", identifier) for identifier in listed(request.query_params, "ids")]
    fields = listed(request.query_params, "user.fields")
    people = [person for person in found if person]
    body: dict[str, Any] = {
        "data": [render_user(person, fields) for person in people if person.standing != "suspended"]
    }
    if errors := [suspended(person) for person in people if person.standing == "suspended"]:
        body["errors"] = errors
    return _json(world, {name: value for name, value in body.items() if value})


async def _direct_messages(world: World, request: Request) -> Response:
    """All of the user's conversations, or one, newest first, of the last 30 days."""
    since = world.now() - timedelta(days=30)
    rows = [message for message in world.messages_with("x") if message.created_at >= since]
    person_id, conversation = request.path_params.get("person_id"), request.path_params.get("conversation_id")
    if person_id:
        rows = [row for row in rows if person_id in (row.sender.external_id, row.recipient.external_id)]
    if conversation:
        rows = [row for row in rows if conversation_of(row.sender, row.recipient) == conversation]
    query = dict(request.query_params)
    page, token = lists.page_of(rows, query, smallest=1, name_of=lambda row: row.identifier)
    page = world.shown(page)
    body: dict[str, Any] = {"meta": {"result_count": len(page)}}
    if page:
        body["data"] = [render_message(row, listed(query, "dm_event.fields")) for row in page]
    if page and "sender_id" in listed(query, "expansions"):
        senders = {row.sender.external_id: row.sender for row in page}
        body["includes"] = {"users": [render_user(each, listed(query, "user.fields")) for each in senders.values()]}
    if token:
        body["meta"]["next_token"] = token
    return _json(world, body)


async def _create(world: World, request: Request) -> Response:
    wanted = await request.json()
    text, us = str(wanted.get("text") or ""), world.brands["x"]
    if not text:
        raise lists.InvalidRequestError("Text must not be empty.")
    if weighted_length(text) > LONGEST_POST:
        return refused("Your Tweet text is too long.")
    parent_id = str((wanted.get("reply") or {}).get("in_reply_to_tweet_id") or "")
    parent = world.find_or_adopt("x", parent_id) if parent_id else None
    if parent_id and parent is None:
        return refused("You attempted to reply to a Tweet that is deleted or not visible to you.")
    if parent and world.must_be_summoned and not _is_summoned(world, parent, us):
        return refused(
            "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by "
            "the author of the post you are replying to."
        )
    if _is_duplicate(world, us, text):
        return refused("You are not allowed to create a Tweet with duplicate content.")
    entry = world.publish("x", us, text, parent_id=parent_id)
    return _json(world, {"data": render_post(world, entry, ())}, 201)


def _is_summoned(world: World, parent: Entry, us: Person) -> bool:
    """The author mentioned us in that post, quoted one of ours, or the post is our own."""
    quoted = world.entries.get(parent.quoted_id)
    return parent.author is us or us in names_in(world, parent) or (quoted is not None and quoted.author is us)


def _is_duplicate(world: World, us: Person, text: str) -> bool:
    since = world.now() - _DUPLICATE_SPAN
    written = (each for each in world.visible("x") if each.author is us and each.created_at >= since)
    return any(each.text == text for each in written)


async def _send_message(world: World, request: Request) -> Response:
    """Only to people who wrote first."""
    wanted = await request.json()
    text, us = str(wanted.get("text") or ""), world.brands["x"]
    if not text:
        raise lists.InvalidRequestError("Text or an attachment is required.")
    if len(text) > LONGEST_MESSAGE:
        return refused("The text of your direct message is too long.")
    conversation = request.path_params.get("conversation_id", "")
    others = [each for each in conversation.split("-") if each != us.external_id]
    person = world.person_or_adopted("x", request.path_params.get("person_id") or (others[0] if others else ""))
    if person is None:
        return problem(404, "Not Found Error", "Could not find that user.", "resource-not-found")
    if world.last_inbound_at("x", person) is None:
        return refused("You cannot send messages to this user.")
    message = world.say("x", us, person, text)
    made = {"dm_conversation_id": conversation_of(us, person), "dm_event_id": message.identifier}
    return _json(world, {"data": made}, 201)


async def _hide(world: World, request: Request) -> Response:
    entry = world.find(request.path_params["post_id"])
    if entry is None:
        return problem(404, "Not Found Error", "Could not find that post.", "resource-not-found")
    root = world.entries.get(entry.root_id)
    if not entry.parent_id or root is None or root.author is not world.brands["x"]:
        return refused("You can only hide replies in conversations that you began.")
    entry.is_hidden = bool((await request.json()).get("hidden"))
    return _json(world, {"data": {"hidden": entry.is_hidden}})


async def _delete(world: World, request: Request) -> Response:
    entry = world.find(request.path_params["post_id"])
    if entry is not None and entry.author.external_id != X_USER_ID:
        return refused("You are not permitted to delete this post.")
    if entry is not None:
        world.delete(entry.identifier)
    return _json(world, {"data": {"deleted": entry is not None}})


def routes() -> list[Route]:
    table: list[tuple[str, str, str, Handler]] = [
        ("GET", "/2/users/me", "me", _me),
        ("GET", "/2/users", "users", _users),
        ("GET", "/2/users/{user_id}/mentions", "mentions", _mentions),
        ("GET", "/2/users/{user_id}/tweets", "own_posts", _own_posts),
        ("GET", "/2/tweets/search/recent", "search", _search),
        ("GET", "/2/tweets", "lookup", _lookup),
        ("GET", "/2/dm_events", "direct_messages", _direct_messages),
        ("GET", "/2/dm_conversations/with/{person_id}/dm_events", "direct_messages", _direct_messages),
        ("GET", "/2/dm_conversations/{conversation_id}/dm_events", "direct_messages", _direct_messages),
        ("POST", "/2/tweets", "create", _create),
        ("POST", "/2/dm_conversations/with/{person_id}/messages", "send_message", _send_message),
        ("POST", "/2/dm_conversations/{conversation_id}/messages", "send_message", _send_message),
        ("PUT", "/2/tweets/{post_id}/hidden", "hidden", _hide),
        ("DELETE", "/2/tweets/{post_id}", "delete", _delete),
    ]
    return [Route(path, _guarded(name, handler), methods=[method]) for method, path, name, handler in table]
