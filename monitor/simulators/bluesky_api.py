"""A fake Bluesky under /bluesky: sessions, notifications, search, feeds, records and chats over XRPC, as documented.

Starlette app; the world is in `app.state.world`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.times import parse_time
from monitor.simulators import bluesky_shapes as shapes
from monitor.simulators.bluesky_facts import CHANNELS, DID, HANDLE, LIKE, POST, THREADGATE, cid_of, iso, tid
from monitor.simulators.world import Entry, Person, World
from monitor.text.length import grapheme_count

_CHAT_SERVICE = "did:web:api.bsky.chat#bsky_chat"
_PASSWORD = CHANNELS[0]["credentials"]["app_password"]
_POST_URI = re.compile(r"at://did:[a-z]+:[A-Za-z0-9._:%-]+/app\.bsky\.feed\.post/[A-Za-z0-9._:~-]{1,512}")
_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]+")
Row = TypeVar("Row")
Query = Mapping[str, Any]
Reader = Callable[[World, Query], Mapping[str, Any]]
#: What a write costs of the points of an hour.
_POINTS = {"com.atproto.repo.putRecord": 2, "com.atproto.repo.deleteRecord": 1}


class XrpcError(Exception):
    def __init__(self, name: str, message: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": name, "message": message or name}


def _invalid(message: str) -> XrpcError:
    return XrpcError("InvalidRequest", message)


async def respond(request: Request) -> Response:
    """Every call: the limit, the token, the service, the method; rate headers on every answer."""
    world: World = request.app.state.world
    method = request.path_params["method"]
    world.note_call(request.method, request.url.path, request.query_params.multi_items())
    is_allowed, headers = world.limits.take_bluesky(_limit_of(method), world.now(), _POINTS.get(method, 1))
    try:
        if not is_allowed:
            raise XrpcError("RateLimitExceeded", "Rate Limit Exceeded", 429)
        raw = await request.body()
        with world.lock:
            body = _answer(world, request, method, raw)
    except XrpcError as error:
        return JSONResponse(error.body, error.status, headers)
    return JSONResponse(body, 200, headers)


def _limit_of(method: str) -> str:
    if method == "com.atproto.server.createSession":
        return "session"
    return "write" if method in _POINTS else "calls"


def _answer(world: World, request: Request, method: str, raw: bytes) -> Mapping[str, Any]:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if method == "com.atproto.server.createSession":
        return _create_session(world, _json_of(raw))
    if method == "com.atproto.server.refreshSession":
        return _refresh_session(world, token)
    _require_access(world, token)
    if method.startswith("chat.bsky."):
        _require_chat(world, request)
    if method not in (_READERS if request.method == "GET" else _WRITERS):
        raise XrpcError("MethodNotImplemented", "Method Not Implemented", 501)
    if request.method == "GET":
        return _READERS[method](world, _query_of(request))
    return _WRITERS[method](world, _json_of(raw))


def _json_of(raw: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(raw)
    except ValueError:
        raise _invalid("A request body is expected but none was provided") from None
    if not isinstance(told, dict):
        raise _invalid("Input must be an object")
    return told


def _query_of(request: Request) -> Query:
    """Parameters that may come several times as lists."""
    several = ("uris", "reasons", "members")
    query: dict[str, Any] = dict(request.query_params)
    return query | {name: request.query_params.getlist(name) for name in several if name in query}


# -- Sessions ------------------------------------------------------------------------------------


def _create_session(world: World, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    if wanted.get("identifier") not in (HANDLE, DID) or wanted.get("password") != _PASSWORD or world.is_revoked:
        raise XrpcError("AuthenticationRequired", "Invalid identifier or password", 401)
    return world.bluesky.new_session(world.now())


def _refresh_session(world: World, token: str) -> Mapping[str, Any]:
    """A refresh token works once."""
    if world.is_revoked or token not in world.bluesky.refresh:
        raise XrpcError("ExpiredToken", "Token has been revoked")
    world.bluesky.refresh.remove(token)
    return world.bluesky.new_session(world.now())


def _require_access(world: World, token: str) -> None:
    if not token:
        raise XrpcError("AuthMissing", "Authentication Required", 401)
    ends_at = world.bluesky.access.get(token)
    if ends_at is None or ends_at <= world.now() or world.is_revoked:
        raise XrpcError("ExpiredToken", "Token has expired")


def _require_chat(world: World, request: Request) -> None:
    if request.headers.get("atproto-proxy") != _CHAT_SERVICE:
        raise XrpcError("XRPCNotSupported", "XRPCNotSupported", 404)
    if not world.bluesky.may_chat:
        raise XrpcError("InvalidToken", "Bad token scope")


# -- Pages ---------------------------------------------------------------------------------------


def _page(rows: Sequence[Row], query: Query, place_of: Callable[[Row], str]) -> tuple[list[Row], dict[str, str]]:
    """The rows of this page, and the cursor of the next one: the place of the last row."""
    size, cursor = _limit(query), query.get("cursor", "")
    start = 0
    if cursor:
        places = [place_of(row) for row in rows]
        if "__" not in cursor:
            raise _invalid("Malformed cursor")
        # Places fall: what lies below a row that is gone meanwhile is still found.
        start = next((at for at, place in enumerate(places) if place < cursor), len(places))
    page = list(rows[start : start + size])
    return page, {"cursor": place_of(page[-1])} if len(rows) > start + size else {}


def _limit(query: Query) -> int:
    text = str(query.get("limit", "50"))
    if not text.isdigit() or not 1 <= int(text) <= 100:
        raise _invalid("Error: limit must be an integer between 1 and 100")
    return int(text)


def _entry_place(entry: Entry) -> str:
    return f"{iso(entry.created_at)}__{entry.identifier}"


def _by_place(rows: Sequence[Entry]) -> list[Entry]:
    return sorted(rows, key=_entry_place, reverse=True)


# -- Reads ---------------------------------------------------------------------------------------


def _list_notifications(world: World, query: Query) -> Mapping[str, Any]:
    reasons = {entry.identifier: shapes.reason_of(world, entry) for entry in world.visible("bluesky")}
    wanted = query.get("reasons") or ("mention", "quote", "reply")
    told = _by_place([each for each in world.visible("bluesky") if reasons[each.identifier] in wanted])
    page, cursor = _page(told, query, _entry_place)
    listed = [shapes.notification(world, entry, reasons[entry.identifier]) for entry in world.shown(page)]
    return {"notifications": listed, "priority": False, **cursor}


def _search_posts(world: World, query: Query) -> Mapping[str, Any]:
    """Words that all have to be there. The cursor counts hits from the top, as the real one does."""
    words = str(query.get("q", "")).casefold().split()
    if not words:
        raise _invalid('Error: Params must have the property "q"')
    since, until = _moment(query, "since"), _moment(query, "until")
    hits = [
        entry
        for entry in _by_place(world.visible("bluesky"))
        if all(word.strip('"') in entry.text.casefold() for word in words)
        and (since is None or entry.created_at >= since)
        and (until is None or entry.created_at < until)
    ]
    cursor, size = str(query.get("cursor", "0")), _limit(query)
    if not cursor.isdigit():
        raise _invalid("Malformed cursor")
    page = hits[int(cursor) : int(cursor) + size]
    following = int(cursor) + size
    more = {"cursor": str(following)} if len(hits) > following else {}
    return {"posts": [shapes.post_view(world, entry) for entry in world.shown(page)], "hitsTotal": len(hits), **more}


def _moment(query: Query, name: str) -> datetime | None:
    try:
        return parse_time(query.get(name))
    except MalformedPayloadError:
        raise _invalid(f"Error: {name} must be a datetime") from None


def _get_author_feed(world: World, query: Query) -> Mapping[str, Any]:
    if query.get("actor") not in (DID, HANDLE):
        raise _invalid("Profile not found")
    own = _by_place([each for each in world.visible("bluesky") if each.author is world.brands["bluesky"]])
    page, cursor = _page(own, query, _entry_place)
    return {"feed": [shapes.feed_entry(world, entry) for entry in world.shown(page)], **cursor}


def _get_posts(world: World, query: Query) -> Mapping[str, Any]:
    """What is gone is left out without a word."""
    uris = query.get("uris") or []
    if not 1 <= len(uris) <= 25 or not all(_POST_URI.fullmatch(uri) for uri in uris):
        raise _invalid("Error: uris must be 1 to 25 valid at-uris")
    found = [world.find_or_adopt("bluesky", uri) for uri in uris]
    return {"posts": [shapes.post_view(world, entry) for entry in found if entry is not None]}


def _get_record(world: World, query: Query) -> Mapping[str, Any]:
    uri = f"at://{query.get('repo')}/{query.get('collection')}/{query.get('rkey')}"
    kept = world.bluesky.records.get(uri)
    if kept is not None and query.get("collection") != POST:
        return {"uri": uri, "cid": cid_of(kept), "value": kept}
    entry = world.find(uri)
    if entry is None:
        raise XrpcError("RecordNotFound", f"Could not locate record: {uri}")
    record = shapes.record_of(world, entry)
    return {"uri": uri, "cid": cid_of(record), "value": record}


def _get_session(world: World, query: Query) -> Mapping[str, Any]:
    return {"did": DID, "handle": HANDLE, "active": True}


def _resolve_handle(world: World, query: Query) -> Mapping[str, Any]:
    person = shapes.person_of_handle(world, str(query.get("handle", "")))
    if person is None:
        raise _invalid("Unable to resolve handle")
    return {"did": person.external_id}


# -- Writes --------------------------------------------------------------------------------------


def _put_record(world: World, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    collection, key, record = wanted.get("collection"), wanted.get("rkey"), wanted.get("record")
    if wanted.get("repo") != DID:
        raise XrpcError("AuthenticationRequired", "Authentication Required", 401)
    if not isinstance(record, dict) or record.get("$type") != collection or collection not in (POST, LIKE, THREADGATE):
        raise _invalid(f"Invalid $type: expected {collection}")
    if not re.fullmatch(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}", str(key)):
        raise _invalid("Invalid record key. Expected a tid.")
    uri = f"at://{DID}/{collection}/{key}"
    stands = cid_of(world.bluesky.records[uri]) if uri in world.bluesky.records else None
    if "swapRecord" in wanted and wanted["swapRecord"] != stands:
        raise XrpcError("InvalidSwap", f"Record was at {stands}")
    _moment(record, "createdAt")
    if collection == POST:
        _publish(world, uri, record)
    elif collection == LIKE:
        _like(world, record)
    else:
        _guard(world, uri, record)
    world.bluesky.records[uri] = record
    cid = cid_of(record)
    return {"uri": uri, "cid": cid, "commit": {"cid": cid, "rev": tid(world.now(), 0)}, "validationStatus": "valid"}


def _publish(world: World, uri: str, record: Mapping[str, Any]) -> None:
    text = str(record.get("text", ""))
    if grapheme_count(text) > 300 or len(text.encode()) > 3_000:
        raise _invalid(f"Invalid {POST} record: Record/text must not be longer than 300 graphemes")
    for facet in record.get("facets", []):
        index = facet["index"]
        if not 0 <= index["byteStart"] < index["byteEnd"] <= len(text.encode()):
            raise _invalid(f"Invalid {POST} record: a facet points beside the text")
    reply = record.get("reply") or {}
    for name in reply:
        known = world.entries.get(reply[name]["uri"])
        if known is not None and reply[name]["cid"] != cid_of(shapes.record_of(world, known)):
            raise _invalid(f"Invalid {POST} record: the {name} was not that one")
    parent_id = reply.get("parent", {}).get("uri", "")
    world.publish("bluesky", world.brands["bluesky"], text, parent_id=parent_id, identifier=uri)


def _like(world: World, record: Mapping[str, Any]) -> None:
    entry = world.find(record["subject"]["uri"])
    if entry is not None:
        entry.likes += 1


def _guard(world: World, uri: str, record: Mapping[str, Any]) -> None:
    """A threadgate stands under the key of the post that it guards, which is its owner's; it names hidden replies."""
    hidden = record.get("hiddenReplies", [])
    if record.get("post") != uri.replace(THREADGATE, POST) or len(hidden) > 300:
        raise _invalid(f"Invalid {THREADGATE} record")
    for entry in world.thread(record["post"]):
        entry.is_hidden = entry.identifier in hidden


def _delete_record(world: World, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """Deleting what is not there is no failure."""
    if wanted.get("repo") != DID:
        raise XrpcError("AuthenticationRequired", "Authentication Required", 401)
    uri = f"at://{DID}/{wanted.get('collection')}/{wanted.get('rkey')}"
    record = world.bluesky.records.pop(uri, None)
    if record is not None and record.get("$type") == LIKE:
        liked = world.find(record["subject"]["uri"])
        if liked is not None:
            liked.likes -= 1
    if world.find(uri) is not None:
        world.delete(uri)
    return {"commit": {"cid": cid_of(uri), "rev": tid(world.now(), 0)}}


# -- Chats ---------------------------------------------------------------------------------------


def _list_convos(world: World, query: Query) -> Mapping[str, Any]:
    us = world.brands["bluesky"]
    latest: dict[str, str] = {}
    people: dict[str, Person] = {}
    for message in world.messages_with("bluesky"):
        person = message.recipient if message.sender is us else message.sender
        latest.setdefault(person.external_id, f"{iso(message.created_at)}__{message.identifier}")
        people[person.external_id] = person
    ordered = sorted(people.values(), key=lambda each: latest[each.external_id], reverse=True)
    page, cursor = _page(ordered, query, lambda each: latest[each.external_id])
    shown = [each for each in page if latest[each.external_id].partition("__")[2] not in world.withheld]
    return {"convos": [shapes.convo_view(world, person) for person in shown], **cursor}


def _get_messages(world: World, query: Query) -> Mapping[str, Any]:
    person = _person_of_convo(world, str(query.get("convoId", "")))
    messages = world.messages_with("bluesky", person)
    page, cursor = _page(messages, query, lambda each: f"{iso(each.created_at)}__{each.identifier}")
    return {"messages": [shapes.message_view(message) for message in world.shown(page)], **cursor}


def _get_convo_for_members(world: World, query: Query) -> Mapping[str, Any]:
    members = [each for each in query.get("members", []) if each != DID]
    if len(members) != 1 or not _DID.fullmatch(members[0]):
        raise _invalid("Error: members must be valid dids")
    person = world.person_or_adopted("bluesky", members[0])
    if person is None:
        raise _invalid("recipient does not exist")
    _require_open(world, person)
    return {"convo": shapes.convo_view(world, person)}


def _send_message(world: World, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    text = str((wanted.get("message") or {}).get("text", ""))
    if not text or grapheme_count(text) > 1_000 or len(text.encode()) > 10_000:
        raise _invalid("Input/message/text must not be longer than 1000 graphemes")
    person = _person_of_convo(world, str(wanted.get("convoId", "")))
    _require_open(world, person)
    return shapes.message_view(world.say("bluesky", world.brands["bluesky"], person, text))


def _require_open(world: World, person: Person) -> None:
    if person.external_id in world.bluesky.without_messages:
        raise _invalid("recipient has disabled incoming messages")


def _person_of_convo(world: World, identifier: str) -> Person:
    person = world.person_or_adopted("bluesky", f"did:plc:{identifier}") if identifier else None
    if person is None:
        raise _invalid("Convo not found")
    return person


_READERS: Mapping[str, Reader] = {
    "app.bsky.feed.getAuthorFeed": _get_author_feed,
    "app.bsky.feed.getPosts": _get_posts,
    "app.bsky.feed.searchPosts": _search_posts,
    "app.bsky.notification.listNotifications": _list_notifications,
    "chat.bsky.convo.getConvoForMembers": _get_convo_for_members,
    "chat.bsky.convo.getMessages": _get_messages,
    "chat.bsky.convo.listConvos": _list_convos,
    "com.atproto.identity.resolveHandle": _resolve_handle,
    "com.atproto.repo.getRecord": _get_record,
    "com.atproto.server.getSession": _get_session,
}
_WRITERS: Mapping[str, Reader] = {
    "chat.bsky.convo.sendMessage": _send_message,
    "com.atproto.repo.deleteRecord": _delete_record,
    "com.atproto.repo.putRecord": _put_record,
}


def routes() -> list[Route]:
    return [Route("/xrpc/{method}", respond, methods=["GET", "POST"])]
