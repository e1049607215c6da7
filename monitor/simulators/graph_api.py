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

from monitor.simulators import graph_app
from monitor.simulators.graph_errors import GraphError
from monitor.simulators.graph_fields import Field, FieldSyntaxError, parse_fields
from monitor.simulators.graph_nodes import (
    Conversation,
    Node,
    UnknownFieldError,
    conversations,
    describe,
    edge_rows,
    edges_of,
    identifier_of,
    is_withheld,
)
from monitor.simulators.graph_sign_in import page_called
from monitor.simulators.oauth import PAGE_TOKEN, is_app_token, page_of_token
from monitor.simulators.world import PAGE_ID, PROFILE_ID, Entry, Person, World

_OLDEST_VERSION = 21
_WINDOW, _HUMAN_WINDOW = timedelta(hours=24), timedelta(days=7)


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
    usage = world.graph.usage(world.now())
    response.headers["x-business-use-case-usage"] = json.dumps({PAGE_ID: [usage]})
    response.headers["facebook-api-version"] = world.graph.served_version or version
    return response


def _answer(world: World, request: Request, args: dict[str, str]) -> Any:
    found = re.fullmatch(r"v(\d+)\.0", request.path_params["version"])
    if not found or int(found[1]) < _OLDEST_VERSION:
        raise GraphError("(#2635) You are calling a deprecated version", 2635)
    if not world.graph.count_call(world.now()):
        raise GraphError("(#80001) There have been too many calls to this Page account.", 80001)
    path, method = request.path_params["path"].strip("/"), args.get("method", request.method).upper()
    if is_app_token(request, args):
        return _answer_app(world, path, args)
    page_id = page_of_token(request, args)
    if world.is_revoked or not page_id:
        raise GraphError("Error validating access token: the session has expired", 190, 463, 401)
    if path == "app":
        return graph_app.describe_app()
    if not path or path == "debug_token":
        return _answer_about_many(world, request, path, args)
    node_id, _, edge = path.partition("/")
    node = _find(world, page_id if node_id == "me" else node_id, is_read=method == "GET")
    if edge in world.graph.closed_edges:
        raise GraphError(f"(#10) This endpoint ({edge}) requires a permission that the app was not granted", 10)
    if method == "GET":
        return _read_edge(world, request, node, edge, args) if edge else _read_node(world, request, node, args)
    if method == "DELETE" and isinstance(node, Person) and edge == "subscribed_apps":
        return graph_app.unsubscribe(world)
    if method == "DELETE":
        assert isinstance(node, Entry)
        return _delete(world, node, edge)
    return _write(world, node, edge, args)


def _answer_app(world: World, path: str, args: dict[str, str]) -> Any:
    """What an app may ask in its own name."""
    if path == "debug_token":
        return graph_app.debug_token(world, args, known_token=PAGE_TOKEN, is_app=True)
    if path.endswith("/ids_for_pages"):
        return graph_app.ids_for_pages(world, path.partition("/")[0])
    raise GraphError("(#190) This method must be called with a Page Access Token", 190)


def _answer_about_many(world: World, request: Request, path: str, args: dict[str, str]) -> Any:
    def read(node_id: str, wanted: Mapping[str, str]) -> Any:
        return _read_node(world, request, _find(world, node_id, is_read=True), wanted)

    if path == "debug_token":
        return graph_app.debug_token(world, args, known_token=PAGE_TOKEN, is_app=False)
    if "batch" in args:
        return graph_app.run_batch(read, args)
    if "ids" in args:
        return graph_app.read_many(read, args)
    raise GraphError("Unsupported request", 100)


def _find(world: World, node_id: str, *, is_read: bool) -> Node:
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
    if node_id.startswith("m_"):
        for message in world.messages:
            if message.identifier == node_id:
                return message
    entry = world.find_or_adopt("facebook" if "_" in node_id else "instagram", node_id)
    if entry is None or entry.platform not in ("facebook", "instagram") or (is_read and _is_elsewhere(world, entry)):
        raise GraphError(f"Unsupported request. Object with ID '{node_id}' does not exist", 100, 33)
    return entry


def _is_elsewhere(world: World, entry: Entry) -> bool:
    """Instagram shows other people's media, and what is said there, only through our own profile (`mentioned_…`);
    Facebook lists posts that tag a page, and does not show them by their ids."""
    root = world.entries.get(entry.root_id, entry)
    if entry.platform == "instagram":
        return root.author is not world.brands["instagram"] and root.kind != "adopted"
    return entry.kind == "tagged"


def _paginator(request: Request, world: World) -> Any:
    version = request.path_params["version"]
    base = f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"

    def paginate(node_id: str, edge: str, rows: Sequence[Any], field: Field, after: str = "") -> dict[str, Any]:
        limit = min(100, int(field.argument("limit", "25")))
        names = [identifier_of(row) for row in rows]
        last = _decode(after)
        start = names.index(last) + 1 if last in names else 0
        page = rows[start : start + limit]
        shown = [row for row in page if not is_withheld(world, row)]
        body: dict[str, Any] = {"data": [describe(world, row, field.fields, paginate) for row in shown]}
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
    if edge == "subscribed_apps" and isinstance(node, Person):
        return graph_app.subscribed_apps(world)
    if edge not in edges_of(node):
        raise GraphError(f"(#100) Tried accessing nonexisting field ({edge})", 100)
    if isinstance(node, Conversation):
        _check_age(world, node, args.get("after", ""))
    arguments = tuple((name, args[name]) for name in _EDGE_ARGUMENTS if name in args)
    field = Field(edge, arguments, parse_fields(args.get("fields", "id")))
    rows = edge_rows(world, node, edge, args)
    return _paginator(request, world)(identifier_of(node), edge, rows, field, after=args.get("after", ""))


def _check_age(world: World, thread: Conversation, after: str) -> None:
    """Beyond its newest messages a conversation is closed, as if they had been deleted."""
    names = [message.identifier for message in thread.messages]
    start = names.index(_decode(after)) + 1 if after and _decode(after) in names else 0
    if world.graph.readable_messages and start >= world.graph.readable_messages:
        raise GraphError("(#100) This message has been deleted or is too old to be read", 100, 33)


_EDGE_ARGUMENTS = ("limit", "filter", "order", "platform", "user_id")


def _write(world: World, node: Node, edge: str, args: Mapping[str, str]) -> Any:
    if isinstance(node, Person) and edge == "messages":
        return _send_message(world, node, args)
    if isinstance(node, Person) and edge == "subscribed_apps":
        return graph_app.subscribe(world, args)
    if isinstance(node, Person) and edge == "mentions":
        return _answer_mention(world, args)
    if isinstance(node, Entry) and edge in ("comments", "replies"):
        if node.platform == "instagram" and _is_elsewhere(world, node):
            raise GraphError("Unsupported post request. The object does not exist or is not yours", 100, 33)
        return _comment(world, node, args)
    if isinstance(node, Entry) and edge == "likes":
        node.likes = 1
        return {"success": True}
    if isinstance(node, Entry) and not edge:
        flag = args.get("is_hidden") if node.platform == "facebook" else args.get("hide")
        if flag is not None:
            _check_hiding(world, node)
            node.is_hidden = flag == "true"
            return {"success": True}
    raise GraphError("(#100) Unsupported post request", 100)


def _delete(world: World, node: Entry, edge: str) -> dict[str, bool]:
    """Our like of it, or the thing itself, where it is ours."""
    if edge == "likes":
        node.likes = 0
        return {"success": True}
    if edge or node.author is not world.brands[node.platform]:
        raise GraphError("(#200) Permissions error", 200)
    world.delete(node.identifier)
    return {"success": True}


def _check_hiding(world: World, node: Entry) -> None:
    """Others' comments under what stands on our own page or profile."""
    brand, root = world.brands[node.platform], world.entries.get(node.root_id)
    is_ours = node.root_id.startswith(f"{PAGE_ID}_") if node.platform == "facebook" else root and root.author is brand
    if not node.parent_id or node.author is brand or not is_ours:
        raise GraphError("(#200) Permissions error: only comments on our own posts can be hidden", 200)


def _answer_mention(world: World, args: Mapping[str, str]) -> dict[str, str]:
    """Under other people's media Instagram takes answers to mentions only, through our own profile."""
    target = world.find(args.get("comment_id") or args.get("media_id", ""))
    if target is None or target.root_id != args.get("media_id") or not _is_elsewhere(world, target):
        raise GraphError("(#100) The media or comment does not mention this account", 100, 33)
    return _comment(world, target, args)


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
    _check_length(person, text)
    _check_window(world, person, args)
    message = world.say(person.platform, world.brands[person.platform], person, text, tag=args.get("tag", ""))
    return {"recipient_id": person.external_id, "message_id": message.identifier}


def _check_length(person: Person, text: str) -> None:
    """Messenger counts characters, Instagram bytes."""
    length, limit = (len(text.encode()), 1_000) if person.platform == "instagram" else (len(text), 2_000)
    if length > limit:
        raise GraphError(f"(#100) Length of param message[text] must be less than or equal to {limit}", 100)


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
    _check_length(comment.author, text)
    if any(message.comment_id == comment_id for message in world.messages):
        raise GraphError("(#10900) Activity already replied to", 10900, 2534025)
    if world.now() - comment.created_at >= _HUMAN_WINDOW:
        raise GraphError("(#10) The comment is older than seven days", 10, 2018278, 403)
    brand = world.brands[comment.platform]
    message = world.say(comment.platform, brand, comment.author, text, comment_id=comment_id)
    return {"recipient_id": comment.author.external_id, "message_id": message.identifier}


def routes() -> list[Route]:
    return [Route("/{version}/{path:path}", respond, methods=["GET", "POST", "DELETE"])]
