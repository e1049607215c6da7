"""The fake X's JSON: posts, users, messages and what is expanded beside them, cut down to the fields asked for."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from monitor.simulators.world import Entry, Message, Person, World

_HANDLE = re.compile(r"(?<![\w@])@(\w{1,15})")
_LINK = re.compile(r"https?://\S+")
SHORT_TEXT = 280
_ALWAYS = frozenset({"id", "text", "edit_history_tweet_ids"})
_POST_NAMES = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "note_tweet": "note_post",
    "tweets": "posts",
}


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def shown_text(world: World, entry: Entry) -> tuple[str, int]:
    """A reply begins with the handle it answers, whether its author typed it or X put it there."""
    parent = world.entries.get(entry.parent_id)
    prefix = f"@{parent.author.handle} " if parent and parent.author is not entry.author else ""
    if not prefix or entry.text.casefold().startswith(prefix.casefold().strip()):
        return entry.text, 0
    return prefix + entry.text, len(prefix)


def names_in(world: World, entry: Entry) -> list[Person]:
    text, _start = shown_text(world, entry)
    return [world.people["x", found] for found in _handles(text) if ("x", found) in world.people]


def _handles(text: str) -> list[str]:
    return [found.casefold() for found in _HANDLE.findall(text)]


def render_post(world: World, entry: Entry, fields: Iterable[str]) -> dict[str, Any]:
    text, start = shown_text(world, entry)
    is_long = len(text) > SHORT_TEXT
    entities = _entities(world, entry, text)
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    full: dict[str, Any] = {
        "id": entry.identifier,
        "text": escaped[: SHORT_TEXT - 1] + "…" if is_long else escaped,
        "edit_history_tweet_ids": entry.history,
        "author_id": entry.author.external_id,
        "conversation_id": entry.root_id,
        "created_at": iso(entry.created_at),
        "display_text_range": [start, min(len(text), SHORT_TEXT)],
        "edit_controls": {
            "edits_remaining": 6 - len(entry.history),
            "is_edit_eligible": not entry.parent_id,
            "editable_until": iso(entry.created_at),
        },
        "lang": entry.language or "und",
        "public_metrics": _metrics(entry),
        "reply_settings": "everyone",
        "possibly_sensitive": False,
    }
    if entities:
        full["entities"] = entities
    if is_long:
        full["note_tweet"] = {"text": escaped, "entities": entities}
    references = _references(entry)
    if references:
        full["referenced_tweets"] = references
    parent = world.entries.get(entry.parent_id)
    if parent:
        full["in_reply_to_user_id"] = parent.author.external_id
    wanted = _ALWAYS | set(fields)
    return {name: value for name, value in full.items() if name in wanted}


def _metrics(entry: Entry) -> dict[str, int]:
    names = ("retweet_count", "reply_count", "quote_count", "bookmark_count", "impression_count")
    return {**dict.fromkeys(names, 0), "like_count": entry.likes}


def _references(entry: Entry) -> list[dict[str, str]]:
    references = []
    if entry.parent_id:
        references.append({"type": "replied_to", "id": entry.parent_id})
    if entry.quoted_id:
        references.append({"type": "quoted", "id": entry.quoted_id})
    return references


def _entities(world: World, entry: Entry, text: str) -> dict[str, Any]:
    mentions = [
        {"start": found.start(), "end": found.end(), "username": person.handle, "id": person.external_id}
        for found in _HANDLE.finditer(text)
        if (person := world.people.get(("x", found[1].casefold())))
    ]
    urls = [
        {"start": found.start(), "end": found.end(), "url": found[0], "expanded_url": found[0], "display_url": found[0]}
        for found in _LINK.finditer(text)
    ]
    return {name: value for name, value in (("mentions", mentions), ("urls", urls)) if value}


def render_user(person: Person, fields: Iterable[str]) -> dict[str, Any]:
    full: dict[str, Any] = {
        "id": person.external_id,
        "name": person.name,
        "username": person.handle,
        "created_at": iso(person.joined_at),
        "verified": person.is_verified,
        "protected": person.standing == "protected",
        "public_metrics": {
            "followers_count": person.followers,
            "following_count": 12,
            "tweet_count": 34,
            "listed_count": 0,
        },
    }
    wanted = {"id", "name", "username"} | set(fields)
    return {name: value for name, value in full.items() if name in wanted}


def render_page(world: World, entries: Sequence[Entry], query: Mapping[str, str]) -> dict[str, Any]:
    """`data`, `includes` and partial `errors` of a list of posts."""
    fields, expansions = listed(query, "tweet.fields"), set(listed(query, "expansions"))
    page: dict[str, Any] = {}
    if entries:
        page["data"] = [render_post(world, entry, fields) for entry in entries]
    includes, errors = _expanded(world, entries, expansions, fields, listed(query, "user.fields"))
    if includes:
        page["includes"] = includes
    if errors:
        page["errors"] = errors
    return page


def _expanded(
    world: World, entries: Sequence[Entry], expansions: set[str], fields: list[str], user_fields: list[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    includes: dict[str, Any] = {}
    errors = []
    if "referenced_tweets.id" in expansions:
        wanted = dict.fromkeys(each["id"] for entry in entries for each in _references(entry))
        found = {identifier: world.find(identifier) for identifier in wanted}
        parents = [each for each in found.values() if each is not None]
        if parents:
            includes["tweets"] = [render_post(world, each, fields) for each in parents]
        errors = [missing(world, identifier) for identifier, each in found.items() if each is None]
    if "author_id" in expansions and entries:
        authors = {entry.author.external_id: entry.author for entry in entries}
        includes["users"] = [render_user(each, user_fields) for each in authors.values()]
    return includes, errors


def missing(world: World, identifier: str) -> dict[str, Any]:
    """Why a post is not shown. Of private and of suspended authors X says the same, and not which."""
    entry = world.entries.get(identifier)
    if entry is None or entry.is_deleted:
        return not_found(identifier)
    return {
        "value": identifier,
        "detail": f"Sorry, you are not authorized to see the Tweet with ids: [{identifier}].",
        "title": "Authorization Error",
        "resource_type": "tweet",
        "parameter": "ids",
        "resource_id": identifier,
        "section": "data",
        "type": "https://api.twitter.com/2/problems/not-authorized-for-resource",
    }


def suspended(person: Person) -> dict[str, Any]:
    """What a look-up of a user says."""
    return {
        "value": person.external_id,
        "detail": f"User has been suspended: [{person.external_id}].",
        "title": "Forbidden",
        "resource_type": "user",
        "parameter": "ids",
        "resource_id": person.external_id,
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }


def not_found(identifier: str) -> dict[str, Any]:
    return {
        "value": identifier,
        "detail": f"Could not find tweet with id: [{identifier}].",
        "title": "Not Found Error",
        "resource_type": "tweet",
        "parameter": "ids",
        "resource_id": identifier,
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }


def render_message(message: Message, fields: Iterable[str]) -> dict[str, Any]:
    full = {
        "id": message.identifier,
        "event_type": "MessageCreate",
        "text": message.text,
        "sender_id": message.sender.external_id,
        "dm_conversation_id": conversation_of(message.sender, message.recipient),
        "created_at": iso(message.created_at),
    }
    wanted = {"id", "event_type", "text"} | set(fields)
    return {name: value for name, value in full.items() if name in wanted}


def conversation_of(first: Person, second: Person) -> str:
    return "-".join(sorted((first.external_id, second.external_id), key=int))


def listed(query: Mapping[str, str], name: str) -> list[str]:
    return [each for each in query.get(name, "").split(",") if each]


def in_dialect(world: World, body: Any) -> Any:
    """The same body with the post.* names of specification 2.167, where the world speaks that dialect."""
    if world.x_dialect == "tweet":
        return body
    if isinstance(body, dict):
        return {_POST_NAMES.get(name, name): in_dialect(world, value) for name, value in body.items()}
    return [in_dialect(world, each) for each in body] if isinstance(body, list) else body
