"""A fake Graph API under /graph: field expressions, paging, comments, messages with their windows, errors.

Starlette app; the world is in `app.state.world`.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.simulators.graph_fields import Field, FieldSyntaxError, parse_fields
from monitor.simulators.graph_nodes import (
    Node,
    UnknownFieldError,
    conversations,
    describe,
    edge_rows,
    edges_of,
    identifier_of,
)
from monitor.simulators.graph_sign_in import page_called
from monitor.simulators.oauth import page_of_token
from monitor.simulators.world import PAGE_ID, PROFILE_ID, Entry, Person, World

_OLDEST_VERSION = 21
_WINDOW, _HUMAN_WINDOW = timedelta(hours=24), timedelta(days=7)


class GraphError(Exception):
    def __init__(self, message: str, code: int, subcode: int | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Asimulated"}
        if subcode is not None:
            self.body["error_subcode"] = subcode


async def respond(request: Request) -> Response:
    """Every call: the version, the token, the node, the edge; usage headers on every answer."""
    world: World = request.app.state.world
    query = dict(request.query_params)
    form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    world.note_call(request.method, request.url.path, query)
    version = request.path_params["version"]
    try:
        response = JSONResponse(_answer(world, request, {**query, **form}))
    except GraphError as error:
        response = JSONResponse({"error": error.body}, error.status)
    except (FieldSyntaxError, UnknownFieldError, json.JSONDecodeError) as error:
        body = {"message": str(error), "type": "OAuthException", "code": 100, "fbtrace_id": "Asimulated"}
        response = JSONResponse({"error": body}, 400)
    usage = [{"type": "pages", "call_count": min(99, len(world.calls) // 100), "total_cputime": 1, "total_time": 1}]
    response.headers["x-business-use-case-usage"] = json.dumps({PAGE_ID: usage})
    response.headers["facebook-api-version"] = version
    return response


def _answer(world: World, request: Request, args: dict[str, str]) -> Any:
    found = re.fullmatch(r"v(\d+)\.0", request.path_params["version"])
    if not found or int(found[1]) < _OLDEST_VERSION:
        raise GraphError("(#2635) You are calling a deprecated version", 2635)
    page_id = page_of_token(request, args)
    if world.is_revoked or not page_id:
        raise GraphError("Error validating access token: the session has expired", 190, 463, 401)
    node_id, _, edge = request.path_params["path"].strip("/").partition("/")
    node = _find(world, page_id if node_id == "me" else node_id)
    if request.method == "GET":
        return _read_edge(world, request, node, edge, args) if edge else _read_node(world, request, node, args)
    if request.method == "DELETE":
        assert isinstance(node, Entry)
        world.delete(node.identifier)
        return {"success": True}
    return _write(world, node, edge, args)


def _find(world: World, node_id: str) -> Node:
    profiles = {PAGE_ID: "facebook", PROFILE_ID: "instagram"}
    if node_id in profiles:
        return world.brands[profiles[node_id]]
    if other := page_called(node_id):
        return other
    if node_id.startswith("t_"):
        threads = [*conversations(world, "facebook"), *conversations(world, "instagram")]
        for thread in threads:
            if thread.identifier == node_id:
                return thread
    entry = world.find_or_adopt("facebook" if "_" in node_id else "instagram", node_id)
    if entry is None or entry.platform == "x":
        raise GraphError(f"Unsupported request. Object with ID '{node_id}' does not exist", 100, 33)
    return entry


def _paginator(request: Request, world: World) -> Any:
    version = request.path_params["version"]
    base = f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"

    def paginate(node_id: str, edge: str, rows: Sequence[Any], field: Field, after: str = "") -> dict[str, Any]:
        limit = min(100, int(field.argument("limit", "25")))
        names = [identifier_of(row) for row in rows]
        last = _decode(after)
        start = names.index(last) + 1 if last in names else 0
        page = rows[start : start + limit]
        body: dict[str, Any] = {"data": [describe(world, row, field.fields, paginate) for row in page]}
        if page:
            cursor = _encode(identifier_of(page[-1]))
            body["paging"] = {"cursors": {"before": _encode(identifier_of(page[0])), "after": cursor}}
            if start + limit < len(rows):
                query = urlencode({**dict(field.arguments), "fields": _spell(field.fields), "after": cursor})
                body["paging"]["next"] = f"{base}/{version}/{node_id}/{edge}?{query}"
        return body

    return paginate


def _spell(fields: Sequence[Field]) -> str:
    def one(field: Field) -> str:
        arguments = "".join(f".{name}({value})" for name, value in field.arguments)
        return field.name + arguments + (f"{{{_spell(field.fields)}}}" if field.fields else "")

    return ",".join(one(field) for field in fields)


def _encode(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _decode(cursor: str) -> str:
    return base64.urlsafe_b64decode(cursor).decode() if cursor else ""


def _read_node(world: World, request: Request, node: Node, args: Mapping[str, str]) -> Any:
    return describe(world, node, parse_fields(args.get("fields", "id")), _paginator(request, world))


def _read_edge(world: World, request: Request, node: Node, edge: str, args: Mapping[str, str]) -> Any:
    if edge not in edges_of(node):
        raise GraphError(f"(#100) Tried accessing nonexisting field ({edge})", 100)
    arguments = tuple((name, args[name]) for name in _EDGE_ARGUMENTS if name in args)
    field = Field(edge, arguments, parse_fields(args.get("fields", "id")))
    rows = edge_rows(world, node, edge, args)
    return _paginator(request, world)(identifier_of(node), edge, rows, field, after=args.get("after", ""))


_EDGE_ARGUMENTS = ("limit", "filter", "order", "platform", "user_id")


def _write(world: World, node: Node, edge: str, args: Mapping[str, str]) -> Any:
    if isinstance(node, Person) and edge == "messages":
        return _send_message(world, node, args)
    if isinstance(node, Entry) and edge in ("comments", "replies"):
        return _comment(world, node, args)
    if isinstance(node, Entry) and edge == "likes":
        node.likes = 1
        return {"success": True}
    if isinstance(node, Entry) and not edge:
        flag = args.get("is_hidden") if node.platform == "facebook" else args.get("hide")
        if flag is not None:
            node.is_hidden = flag == "true"
            return {"success": True}
    raise GraphError("(#100) Unsupported post request", 100)


def _comment(world: World, parent: Entry, args: Mapping[str, str]) -> dict[str, str]:
    text, brand = args.get("message", ""), world.brands[parent.platform]
    if not text:
        raise GraphError("(#100) Missing message", 100)
    siblings = [each for each in world.thread(parent.root_id) if each.author is brand and not each.is_deleted]
    if any(each.text == text and each.parent_id == parent.identifier for each in siblings):
        raise GraphError("Duplicate status message", 506)
    return {"id": world.publish(parent.platform, brand, text, parent_id=parent.identifier).identifier}


def _send_message(world: World, page: Person, args: Mapping[str, str]) -> dict[str, str]:
    recipient = _object(args, "recipient")
    text = str(_object(args, "message").get("text") or "")
    if not text:
        raise GraphError("(#100) The message must not be empty", 100)
    if "comment_id" in recipient:
        return _private_reply(world, str(recipient["comment_id"]), text)
    person_id = str(recipient.get("id", ""))
    person = world.person_by_id("instagram", person_id) or world.person_or_adopted("facebook", person_id)
    if person is None:
        raise GraphError("(#100) No matching user found", 100, 2018001)
    _check_window(world, person, args)
    message = world.say(person.platform, world.brands[person.platform], person, text, tag=args.get("tag", ""))
    return {"recipient_id": person.external_id, "message_id": message.identifier}


def _object(args: Mapping[str, str], name: str) -> dict[str, Any]:
    """Nested parameters travel as JSON; anything else is what a client sends that does not know it."""
    value = json.loads(args.get(name, "{}"))
    if not isinstance(value, dict):
        raise GraphError(f"(#100) param {name} must be an object", 100)
    return value


def _check_window(world: World, person: Person, args: Mapping[str, str]) -> None:
    last, tag = world.last_inbound_at(person.platform, person), args.get("tag", "")
    subcode = 2018278 if person.platform == "facebook" else 2534022
    if tag not in ("", "HUMAN_AGENT"):
        raise GraphError("(#100) This message tag is no longer supported", 100)
    allowed = _HUMAN_WINDOW if tag == "HUMAN_AGENT" else _WINDOW
    if last is None or world.now() - last >= allowed:
        raise GraphError("(#10) This message is sent outside of allowed window.", 10, subcode, 403)


def _private_reply(world: World, comment_id: str, text: str) -> dict[str, str]:
    """One per comment, within seven days; the answer window opens only when the person writes back."""
    comment = world.find(comment_id)
    if comment is None:
        raise GraphError("(#100) The comment does not exist", 100, 33)
    if any(message.comment_id == comment_id for message in world.messages):
        raise GraphError("(#10900) Activity already replied to", 10900)
    if world.now() - comment.created_at >= _HUMAN_WINDOW:
        raise GraphError("(#10) The comment is older than seven days", 10, 2018278, 403)
    brand = world.brands[comment.platform]
    message = world.say(comment.platform, brand, comment.author, text, comment_id=comment_id)
    return {"recipient_id": comment.author.external_id, "message_id": message.identifier}


def routes() -> list[Route]:
    return [Route("/{version}/{path:path}", respond, methods=["GET", "POST", "DELETE"])]
