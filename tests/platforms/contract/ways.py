"""How each platform is spoken to in its simulator: what makes a post reach us, where it is read, what is pushed.

A platform without an entry is taken at its simplest: its first public stream shows whatever people say.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from monitor.platforms.bluesky import connector as bluesky
from monitor.platforms.mastodon import client as mastodon
from monitor.platforms.meta import facebook, instagram
from monitor.platforms.meta.graph import Graph
from monitor.platforms.x import connector as x
from monitor.simulators import feed_api
from monitor.simulators.bluesky_facts import HANDLE
from monitor.simulators.world import PAGE_ID, PROFILE_ID, X_USER_ID, Entry, Message
from monitor.simulators.x_shapes import iso


@dataclass(frozen=True)
class Ways:
    """`prefix` addresses the brand; with `under_ours` people speak below a post of the brand; with `replies_fall`
    what answers a post is deleted with it. `throttled` is the answer to one call too many, `refusals` others by our
    code for them."""

    public_stream: str = ""
    prefix: str = ""
    under_ours: bool = False
    replies_fall: bool = False
    small_pages: Callable[[pytest.MonkeyPatch], None] = lambda monkeypatch: None
    throttled: Callable[[int], tuple[int, Any, dict[str, str]]] | None = None
    refusals: Mapping[str, tuple[int, Any]] = field(default_factory=dict)


def _small(module: Any, name: str = "PAGE_SIZE", value: int = 5) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda monkeypatch: monkeypatch.setattr(module, name, value)


def _small_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (facebook, instagram):
        monkeypatch.setattr(module, "_COMMENTS", module._COMMENTS.replace("limit(50)", "limit(2)"))
    read = Graph.get_connections

    def read_few(graph: Graph, *place: str, **args: Any) -> Any:
        return read(graph, *place, **({**args, "limit": 2} if "limit" in args else args))

    monkeypatch.setattr(Graph, "get_connections", read_few)


def _graph_error(code: int, subcode: int = 0, status: int = 400) -> tuple[int, Any]:
    error = {"message": f"(#{code}) no", "type": "OAuthException", "code": code}
    return status, {"error": {**error, "error_subcode": subcode} if subcode else error}


def _x_problem(status: int, kind: str, detail: str) -> tuple[int, Any]:
    return status, {"title": "no", "type": f"https://api.twitter.com/2/problems/{kind}", "detail": detail}


_GRAPH_REFUSALS = {
    "auth_expired": _graph_error(190, 463, 401),
    "permission_missing": _graph_error(10, status=403),
    "window_closed": _graph_error(10, 2018278, 403),
    "unreachable": _graph_error(551),
    "gone": _graph_error(100, 33),
    "policy_block": _graph_error(368),
}
_GRAPH = Ways(under_ours=True, small_pages=_small_graph, refusals=_GRAPH_REFUSALS)

WAYS = {
    "x": Ways(
        "mentions",
        "@lumora ",
        small_pages=_small(x),
        throttled=lambda at: (429, {"errors": [{"code": 88}]}, {"x-rate-limit-reset": str(at)}),
        refusals={
            "auth_expired": _x_problem(401, "unauthorized", "Unauthorized"),
            "permission_missing": _x_problem(403, "client-forbidden", "Client Forbidden"),
            "gone": _x_problem(404, "resource-not-found", "Could not find that"),
        },
    ),
    "facebook": Ways(**{**vars(_GRAPH), "public_stream": "feed"}),
    "instagram": Ways(**{**vars(_GRAPH), "public_stream": "comments", "replies_fall": True}),
    "mastodon": Ways(
        "mentions",
        "@lumora ",
        small_pages=_small(mastodon),
        throttled=lambda at: (429, {"error": "Too many requests"}, {"x-ratelimit-reset": _iso_second(at)}),
        refusals={
            "auth_expired": (401, {"error": "The access token is invalid"}),
            "permission_missing": (403, {"error": "This action is outside the authorized scopes"}),
            "unreachable": (403, {"error": "This action is not allowed"}),
            "gone": (404, {"error": "Record not found"}),
            "policy_block": (403, {"error": "Your login is currently disabled"}),
        },
    ),
    "bluesky": Ways(
        "mentions",
        f"@{HANDLE} ",
        small_pages=_small(bluesky),
        throttled=lambda at: (429, {"error": "RateLimitExceeded"}, {"ratelimit-reset": str(at)}),
        refusals={
            "auth_expired": (401, {"error": "AuthenticationRequired", "message": "Invalid identifier or password"}),
            "permission_missing": (403, {"error": "Forbidden", "message": ""}),
            "unreachable": (400, {"error": "BlockedByActor", "message": ""}),
            "gone": (400, {"error": "RecordNotFound", "message": "Could not locate record"}),
            "policy_block": (400, {"error": "InvalidRequest", "message": "Account is disabled"}),
        },
    ),
    "feed": Ways(
        "entries",
        small_pages=_small(feed_api, "FORUM_PAGE"),
        throttled=lambda _at: (429, "slow down", {"retry-after": "120"}),
        refusals={
            "auth_expired": (401, "login"),
            "permission_missing": (403, "no"),
            "retired": (410, "gone"),
            "policy_block": (451, "no"),
        },
    ),
}


def _iso_second(at: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def throttled_graph(minutes: int) -> tuple[int, Any, dict[str, str]]:
    """Meta's throttle: no 429, and minutes in a header."""
    usage = {
        PAGE_ID: [
            {"type": "pages", "call_count": 100, "total_cputime": 9, "total_time": 9,
             "estimated_time_to_regain_access": minutes}
        ]
    }  # fmt: skip
    status, body = _graph_error(80001)
    return status, body, {"x-business-use-case-usage": json.dumps(usage)}


# -- Pushes --------------------------------------------------------------------------------------


def pushed(thing: Entry | Message) -> tuple[str, dict[str, Any]]:
    """The address and body with which the platform would push this."""
    if thing.platform == "x":
        return "/webhooks/x/", _x_activity(thing)
    owner = PAGE_ID if thing.platform == "facebook" else PROFILE_ID
    kind = "page" if thing.platform == "facebook" else "instagram"
    entry: dict[str, Any] = {"id": owner, "time": int(thing.created_at.timestamp())}
    if isinstance(thing, Message):
        entry["messaging"] = [
            {
                "sender": {"id": thing.sender.external_id},
                "recipient": {"id": owner},
                "timestamp": int(thing.created_at.timestamp() * 1000),
                "message": {"mid": thing.identifier, "text": thing.text},
            }
        ]
    else:
        entry["changes"] = [_change_of(thing)]
    return "/webhooks/meta/", {"object": kind, "entry": [entry]}


def _change_of(entry: Entry) -> dict[str, Any]:
    parent = {"parent_id": entry.parent_id} if entry.parent_id else {}
    if entry.platform == "instagram":
        author = {"id": entry.author.external_id, "username": entry.author.handle}
        value = {"id": entry.identifier, "text": entry.text, "from": author, "media": {"id": entry.root_id}}
        return {"field": "comments", "value": {**value, **(parent if entry.parent_id != entry.root_id else {})}}
    value = {
        "item": "comment",
        "verb": "add",
        "comment_id": entry.identifier,
        "post_id": entry.root_id,
        "from": {"id": entry.author.external_id, "name": entry.author.name},
        "message": entry.text,
        "created_time": int(entry.created_at.timestamp()),
    }
    return {"field": "feed", "value": {**value, **parent}}


def _x_activity(thing: Entry | Message) -> dict[str, Any]:
    people = [{"id": X_USER_ID, "username": "lumora", "name": "Lumora"}]
    author = thing.sender if isinstance(thing, Message) else thing.author
    people.append({"id": author.external_id, "username": author.handle, "name": author.name})
    if isinstance(thing, Message):
        message = {
            "id": thing.identifier,
            "type": "message_create",
            "created_timestamp": str(int(thing.created_at.timestamp() * 1000)),
            "message_create": {
                "sender_id": author.external_id,
                "target": {"recipient_id": thing.recipient.external_id},
                "message_data": {"text": thing.text, "entities": {}},
            },
        }
        payload: dict[str, Any] = {
            "direct_message_events": [message],
            "users": {author.external_id: {"id": author.external_id, "screen_name": author.handle}},
        }
        kind = "dm.received"
    else:
        start = thing.text.casefold().find("@lumora")
        payload = {
            "id": thing.identifier,
            "text": thing.text,
            "author_id": author.external_id,
            "created_at": iso(thing.created_at),
            "conversation_id": thing.root_id,
            "edit_history_tweet_ids": thing.history,
            "entities": {
                "mentions": [{"start": start, "end": start + 7, "username": "lumora", "id": X_USER_ID}]
                if start >= 0
                else []
            },
        }
        kind = "post.mention.create"
    return {
        "data": {
            "event_uuid": f"e{thing.identifier}",
            "event_type": kind,
            "filter": {"user_id": X_USER_ID},
            "payload": payload,
            "includes": {"users": people},
        }
    }


__all__ = ["WAYS", "Ways", "pushed", "throttled_graph"]
