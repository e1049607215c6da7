"""The fake Bluesky's JSON: records, post views, notifications, conversations and messages."""

import re
from collections.abc import Mapping
from typing import Any

from monitor.simulators.bluesky_facts import DID, LIKE, POST, cid_of, iso
from monitor.simulators.world import Entry, Message, Person, World

_WORD = re.compile(r"(?<![\w@/.])@([\w.-]*\w)|https?://\S+")


def shown_handle(person: Person) -> str:
    """Handles on Bluesky are names of hosts."""
    return person.handle if "." in person.handle else person.handle.replace("_", "-") + ".bsky.example"


def person_of_handle(world: World, handle: str) -> Person | None:
    people = [each for each in world.people.values() if each.platform == "bluesky"]
    return next((each for each in people if shown_handle(each).casefold() == handle.casefold()), None)


def record_of(world: World, entry: Entry) -> Mapping[str, Any]:
    """As its author wrote it; composed for people of a story."""
    written = world.bluesky.records.get(entry.identifier)
    if written is not None:
        return written
    record: dict[str, Any] = {"$type": POST, "text": entry.text, "createdAt": iso(entry.created_at)}
    facets = [each for each in (_facet(world, entry.text, found) for found in _WORD.finditer(entry.text)) if each]
    if facets:
        record["facets"] = facets
    if entry.language:
        record["langs"] = [entry.language]
    if entry.parent_id:
        record["reply"] = {"root": _reference(world, entry.root_id), "parent": _reference(world, entry.parent_id)}
    if entry.quoted_id:
        record["embed"] = {"$type": "app.bsky.embed.record", "record": _reference(world, entry.quoted_id)}
    return record


def _facet(world: World, text: str, found: re.Match[str]) -> dict[str, Any] | None:
    start = len(text[: found.start()].encode())
    index = {"byteStart": start, "byteEnd": start + len(found[0].encode())}
    if not found[1]:
        return {"index": index, "features": [{"$type": "app.bsky.richtext.facet#link", "uri": found[0]}]}
    person = person_of_handle(world, found[1])
    if person is None:
        return None
    feature = {"$type": "app.bsky.richtext.facet#mention", "did": person.external_id}
    return {"index": index, "features": [feature]}


def _reference(world: World, uri: str) -> dict[str, str]:
    known = world.entries.get(uri)
    return {"uri": uri, "cid": cid_of(record_of(world, known)) if known else cid_of(uri)}


def profile(person: Person) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "did": person.external_id,
        "handle": shown_handle(person),
        "displayName": person.name,
        "createdAt": "2025-05-01T08:00:00.000Z",
        "labels": [],
        "viewer": {"muted": False, "blockedBy": False},
    }
    if person.is_verified:
        shown["verification"] = {"verifications": [], "verifiedStatus": "valid", "trustedVerifierStatus": "none"}
    return shown


def post_view(world: World, entry: Entry) -> dict[str, Any]:
    record = record_of(world, entry)
    view: dict[str, Any] = {
        "uri": entry.identifier,
        "cid": cid_of(record),
        "author": profile(entry.author),
        "record": record,
        "indexedAt": iso(entry.created_at),
        "replyCount": sum(each.parent_id == entry.identifier for each in world.visible("bluesky")),
        "repostCount": 0,
        "likeCount": entry.likes,
        "quoteCount": 0,
        "labels": [],
        "viewer": {"threadMuted": False},
    }
    if (like := _like_of(world, entry)) is not None:
        view["viewer"]["like"] = like
    if {entry.identifier, entry.root_id} & world.bluesky.without_replies:
        view["viewer"]["replyDisabled"] = True
    if entry.identifier in world.bluesky.hidden:
        view["labels"] = [_label(entry.identifier, "!hide", iso(entry.created_at))]
    return view


def _like_of(world: World, entry: Entry) -> str | None:
    """The address of the brand's own like of a post."""
    likes = (uri for uri, record in world.bluesky.records.items() if record["$type"] == LIKE
             and record["subject"]["uri"] == entry.identifier)  # fmt: skip
    return next(likes, None)


def _label(uri: str, value: str, at: str) -> dict[str, str]:
    return {"src": "did:plc:moderationsimulated23456", "uri": uri, "val": value, "cts": at}


def reason_of(world: World, entry: Entry) -> str:
    """Why we are told of a post: once, for the first of these that holds; "" for what is not about us."""
    us = world.brands["bluesky"]
    if entry.author is us:
        return ""
    features = [each for facet in record_of(world, entry).get("facets", []) for each in facet["features"]]
    if any(each.get("did") == us.external_id for each in features):
        return "mention"
    quoted, parent = world.entries.get(entry.quoted_id), world.entries.get(entry.parent_id)
    if quoted is not None and quoted.author is us:
        return "quote"
    root = world.entries.get(entry.root_id)
    is_ours = any(each is not None and each.author is us for each in (parent, root))
    return "reply" if entry.parent_id and is_ours else ""


def notification(world: World, entry: Entry, reason: str) -> dict[str, Any]:
    record = record_of(world, entry)
    told = {
        "uri": entry.identifier,
        "cid": cid_of(record),
        "author": profile(entry.author),
        "reason": reason,
        "record": record,
        "isRead": False,
        "indexedAt": iso(entry.created_at),
        "labels": [],
    }
    subject = {"reply": entry.parent_id, "quote": entry.quoted_id}.get(reason)
    return {**told, "reasonSubject": subject} if subject else told


def feed_entry(world: World, entry: Entry) -> dict[str, Any]:
    shown: dict[str, Any] = {"post": post_view(world, entry)}
    if entry.parent_id:
        shown["reply"] = {
            "root": _view_or_gone(world, entry.root_id),
            "parent": _view_or_gone(world, entry.parent_id),
        }
    return shown


def _view_or_gone(world: World, uri: str) -> dict[str, Any]:
    found = world.find(uri)
    if found is None:
        return {"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri, "notFound": True}
    return {"$type": "app.bsky.feed.defs#postView", **post_view(world, found)}


def convo_id(person: Person) -> str:
    """The conversation between the brand and a person."""
    return person.external_id.removeprefix("did:plc:")


def convo_view(world: World, person: Person) -> dict[str, Any]:
    messages = world.messages_with("bluesky", person)
    view: dict[str, Any] = {
        "id": convo_id(person),
        "rev": messages[0].identifier if messages else "2222222222222",
        "members": [_member(world.brands["bluesky"]), _member(person)],
        "muted": False,
        "status": "accepted",
        "unreadCount": 0,
    }
    if messages:
        view["lastMessage"] = message_view(messages[0])
    return view


def _member(person: Person) -> dict[str, Any]:
    return {"did": person.external_id, "handle": shown_handle(person), "displayName": person.name, "labels": []}


def message_view(message: Message) -> dict[str, Any]:
    return {
        "$type": "chat.bsky.convo.defs#messageView",
        "id": message.identifier,
        "rev": message.identifier,
        "text": message.text,
        "sender": {"did": message.sender.external_id},
        "sentAt": iso(message.created_at),
    }


def is_ours(uri: str) -> bool:
    return uri.startswith(f"at://{DID}/")
