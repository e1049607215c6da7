"""What the fake Graph pushes: changes of a page's feed, comments under a profile's media, messages and echoes."""

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.simulators.graph_facts import SUBSCRIBABLE
from monitor.simulators.pushing import Hook
from monitor.simulators.world import PAGE_ID, PROFILE_ID, Entry, Message, World

OWNERS = {"facebook": ("page", PAGE_ID), "instagram": ("instagram", PROFILE_ID)}
_VERBS = {"published": "add", "edited": "edited", "deleted": "remove", "hidden": "hide", "shown": "unhide"}


def bodies(world: World, hook: Hook, kind: str, about: Entry | Message) -> Iterator[Mapping[str, Any]]:
    """`kind`: published, edited, deleted (an Entry), said (a Message)."""
    if isinstance(about, Message):
        name = "message_echoes" if about.sender is world.brands[about.platform] else "messages"
        if _is_wanted(world, hook, name):
            yield _body(about.platform, int(world.now().timestamp() * 1000), messaging=[_message(world, about)])
        return
    change = _page_change(world, kind, about) if about.platform == "facebook" else _profile_change(world, kind, about)
    if change is not None and _is_wanted(world, hook, change["field"]):
        yield _body(about.platform, int(world.now().timestamp()), changes=[change])


def _is_wanted(world: World, hook: Hook, name: str) -> bool:
    """By the address, and by what the page has agreed to (`subscribed_apps`)."""
    is_of_page = name in SUBSCRIBABLE
    return hook.wants(name) and (not is_of_page or name in world.graph.subscribed_fields)


def _body(platform: str, at: int, **updates: list[Any]) -> dict[str, Any]:
    kind, owner = OWNERS[platform]
    return {"object": kind, "entry": [{"id": owner, "time": at, **updates}]}


def _page_change(world: World, kind: str, entry: Entry) -> dict[str, Any] | None:
    """The feed's posts and comments, and reviews. One that is removed tells its ids only."""
    if entry.kind == "review" and not entry.parent_id:
        return _review_change(kind, entry)
    value: dict[str, Any] = {
        "from": {"id": entry.author.external_id, "name": entry.author.name},
        "item": "comment" if entry.parent_id else "post" if entry.author is not world.brands["facebook"] else "status",
        "post_id": entry.root_id,
        "verb": _VERBS[kind],
        "created_time": int(entry.created_at.timestamp()),
    }
    if entry.parent_id:
        value |= {"comment_id": entry.identifier, "parent_id": entry.parent_id}
        root = world.entries.get(entry.root_id)
        # What only an ad shows was never published on the page.
        is_published = root is None or root.kind != "ad"
        value["post"] = {"id": entry.root_id, "status_type": "mobile_status_update", "is_published": is_published}
    if kind in ("published", "edited"):
        value["message"] = entry.text
    return {"field": "feed", "value": value}


def _review_change(kind: str, entry: Entry) -> dict[str, Any]:
    value: dict[str, Any] = {
        "item": "rating",
        "verb": _VERBS[kind],
        "open_graph_story_id": entry.identifier,
        "reviewer_id": entry.author.external_id,
        "reviewer_name": entry.author.name,
        "created_time": int(entry.created_at.timestamp()),
    }
    if kind in ("published", "edited"):
        verdict = "POSITIVE" if entry.rating >= 4 else "NEGATIVE"
        value |= {"rating": entry.rating or None, "recommendation_type": verdict, "review_text": entry.text}
    return {"field": "ratings", "value": value}


def _profile_change(world: World, kind: str, entry: Entry) -> dict[str, Any] | None:
    """Instagram tells new comments under own media, and where the profile is named elsewhere; no edit, no deletion."""
    root = world.entries.get(entry.root_id, entry)
    if kind != "published" or not entry.parent_id:
        return None
    if root.author is not world.brands["instagram"]:
        named = f"@{world.brands['instagram'].handle}" in entry.text.casefold()
        mention = {"media_id": root.identifier, "comment_id": entry.identifier}
        return {"field": "mentions", "value": mention} if named else None
    value: dict[str, Any] = {
        "from": {"id": entry.author.external_id, "username": entry.author.handle},
        "media": {"id": root.identifier, "media_product_type": "FEED"},
        "id": entry.identifier,
        "text": entry.text,
    }
    parent = world.entries.get(entry.parent_id)
    if parent is not None and parent.parent_id:
        value["parent_id"] = parent.identifier
    return {"field": "comments", "value": value}


def _message(world: World, message: Message) -> dict[str, Any]:
    told: dict[str, Any] = {"mid": message.identifier, "text": message.text}
    if message.sender is world.brands[message.platform]:
        told |= {"is_echo": True, "app_id": 301_200_000_000_001}
    return {
        "sender": {"id": message.sender.external_id},
        "recipient": {"id": message.recipient.external_id},
        "timestamp": int(message.created_at.timestamp() * 1000),
        "message": told,
    }
