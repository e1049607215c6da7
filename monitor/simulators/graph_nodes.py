"""The fake Graph's nodes and edges: what each field of a page, post, comment, conversation or message holds.

A node is whatever the world keeps; `describe` makes the JSON that a field expression asks for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from monitor.simulators.graph_errors import GraphError
from monitor.simulators.graph_fields import Field
from monitor.simulators.graph_sign_in import profile_of
from monitor.simulators.world import PAGE_ID, Entry, Message, Person, World


class UnknownFieldError(ValueError):
    """Graph would answer (#100) Tried accessing nonexisting field."""


@dataclass(frozen=True)
class Conversation:
    platform: str
    customer: Person
    messages: Sequence[Message]

    @property
    def identifier(self) -> str:
        return f"t_{self.customer.external_id}"


Node = Person | Entry | Message | Conversation
Paginate = Callable[[str, str, Sequence[Any], Field], dict[str, Any]]


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def describe(world: World, node: Node, fields: Sequence[Field], paginate: Paginate) -> dict[str, Any]:
    """Fields that are empty are left out, as Graph does; fields that do not exist are an error."""
    described: dict[str, Any] = {} if _kind(node) == "facebook_review" else {"id": identifier_of(node)}
    for field in fields:
        if field.name in edges_of(node):
            rows = edge_rows(world, node, field.name, dict(field.arguments))
            page = paginate(identifier_of(node), field.name, rows, field)
            if page["data"] or "next" in page.get("paging", {}):
                described[field.name] = page
            continue
        value = _field(world, node, field)
        if value not in (None, "", [], {}):
            described[field.name] = value
    return described


def identifier_of(node: Node) -> str:
    return node.external_id if isinstance(node, Person) else node.identifier


def is_withheld(world: World, node: Node) -> bool:
    """A conversation is with its latest message."""
    told = node.messages[0] if isinstance(node, Conversation) else node
    return not isinstance(told, Person) and told.identifier in world.withheld


def edges_of(node: Node) -> Mapping[str, str]:
    if isinstance(node, Person):
        return dict.fromkeys(
            ("feed", "conversations", "media", "visitor_posts", "ads_posts", "tagged", "ratings", "tags"), ""
        )
    if isinstance(node, Conversation):
        return {"messages": ""}
    if isinstance(node, Entry):
        return {"comments": ""} if node.platform == "facebook" else {"comments": "", "replies": ""}
    return {}


def edge_rows(world: World, node: Node, edge: str, query: Mapping[str, str]) -> list[Any]:
    if isinstance(node, Person):
        return _profile_rows(world, edge, query) if node in world.brands.values() else []
    if isinstance(node, Conversation):
        return list(node.messages)
    assert isinstance(node, Entry)
    return _comment_rows(world, node, query)


def _profile_rows(world: World, edge: str, query: Mapping[str, str]) -> list[Any]:
    if edge == "conversations":
        platform = "instagram" if query.get("platform") == "instagram" else "facebook"
        return conversations(world, platform, query.get("user_id", ""))
    platform = "instagram" if edge in ("media", "tags") else "facebook"
    brand = world.brands[platform]
    return [each for each in world.visible(platform) if not each.parent_id and _IS_ON[edge](each, brand)]


#: Which posts stand on which edge of a page or profile. One that is promoted stands on two.
_IS_ON: Mapping[str, Callable[[Entry, Person], bool]] = {
    "feed": lambda entry, _brand: entry.kind in ("", "promoted", "adopted"),
    "visitor_posts": lambda entry, brand: entry.kind == "" and entry.author is not brand,
    "ads_posts": lambda entry, _brand: entry.kind in ("ad", "promoted"),
    "tagged": lambda entry, _brand: entry.kind == "tagged",
    "ratings": lambda entry, _brand: entry.kind == "review",
    "media": lambda entry, brand: entry.author is brand,
    "tags": lambda entry, _brand: entry.kind == "tagged",
}


def conversations(world: World, platform: str, customer_id: str = "") -> list[Conversation]:
    """The one with the latest message first."""
    brand = world.brands[platform]
    found: dict[str, tuple[Person, list[Message]]] = {}
    for message in world.messages_with(platform):
        customer = message.recipient if message.sender is brand else message.sender
        if customer_id in ("", customer.external_id):
            found.setdefault(customer.external_id, (customer, []))[1].append(message)
    return [Conversation(platform, customer, messages) for customer, messages in found.values()]


def _comment_rows(world: World, node: Entry, query: Mapping[str, str]) -> list[Entry]:
    """`filter=stream` has replies too; the default has one level, in the order of time. Instagram has no filter."""
    thread = [each for each in world.thread(node.root_id) if not each.is_deleted and each is not node]
    if query.get("filter") == "stream":
        rows = [each for each in thread if each.parent_id and _is_under(world, each, node)]
    else:
        rows = [each for each in thread if each.parent_id == node.identifier]
    return rows[::-1] if query.get("order") == "reverse_chronological" else rows


def _is_under(world: World, entry: Entry, ancestor: Entry) -> bool:
    parent = world.entries.get(entry.parent_id)
    return parent is not None and (parent is ancestor or _is_under(world, parent, ancestor))


def _field(world: World, node: Node, field: Field) -> Any:
    if isinstance(node, Person) and field.name.startswith("mentioned_"):
        return _mentioned(world, field)
    table: Mapping[str, Callable[[World, Any], Any]] = _FIELDS[_kind(node)]
    if field.name not in table:
        raise UnknownFieldError(f"(#100) Tried accessing nonexisting field ({field.name})")
    return table[field.name](world, node)


def _kind(node: Node) -> str:
    if isinstance(node, Entry) and node.kind == "review" and not node.parent_id:
        return "facebook_review"
    if isinstance(node, Entry):
        return f"{node.platform}_{'comment' if node.parent_id else 'post'}"
    return type(node).__name__.casefold()


def _mentioned(world: World, field: Field) -> dict[str, Any]:
    entry = world.find(field.argument("comment_id") or field.argument("media_id"))
    if entry is None:
        raise GraphError("(#100) The media or comment does not exist or does not mention this account", 100, 33)
    wanted = tuple(each for each in field.fields if each.name != "media")
    described = describe(world, entry, wanted, lambda *_rest: {"data": []})
    root = world.entries[entry.root_id]
    if any(each.name == "media" for each in field.fields):
        described["media"] = {"id": root.identifier, "permalink": _permalink(world, root)}
    return described


def _person(person: Person) -> dict[str, str]:
    if person.platform == "instagram":
        return {"id": person.external_id, "username": person.handle}
    return {"id": person.external_id, "name": person.name}


def _permalink(_world: World, entry: Entry) -> str:
    if entry.platform == "instagram":
        return f"https://www.instagram.com/p/{int(entry.root_id):x}/"
    return f"https://www.facebook.com/{entry.identifier}"


def _can_reply_privately(world: World, entry: Entry) -> bool:
    is_used = any(message.comment_id == entry.identifier for message in world.messages)
    return entry.author.external_id != PAGE_ID and not is_used


def _parent_comment(world: World, entry: Entry) -> dict[str, str]:
    parent = world.entries.get(entry.parent_id)
    return {"id": parent.identifier} if parent is not None and parent.parent_id else {}


def _ig_parent(world: World, entry: Entry) -> str:
    return _parent_comment(world, entry).get("id", "")


_COMMON_POST: Mapping[str, Callable[[World, Entry], Any]] = {
    "id": lambda _world, entry: entry.identifier,
    "message": lambda _world, entry: entry.text,
    # Of who tags a page elsewhere Meta says nothing.
    "from": lambda _world, entry: {} if entry.kind == "tagged" else _person(entry.author),
    "created_time": lambda _world, entry: stamp(entry.created_at),
    "permalink_url": _permalink,
    "message_tags": lambda world, entry: _tags(world, entry),
    "is_hidden": lambda _world, entry: entry.is_hidden,
}


def _tags(world: World, entry: Entry) -> list[dict[str, Any]]:
    handle = f"@{world.brands[entry.platform].handle}"
    at = entry.text.casefold().find(handle)
    return [{"id": PAGE_ID, "name": "Lumora", "type": "page", "offset": at, "length": len(handle)}] if at >= 0 else []


_IG_COMMON: Mapping[str, Callable[[World, Entry], Any]] = {
    "id": lambda _world, entry: entry.identifier,
    "username": lambda _world, entry: entry.author.handle,
    "timestamp": lambda _world, entry: stamp(entry.created_at),
    "like_count": lambda _world, entry: entry.likes,
}

_FIELDS: Mapping[str, Mapping[str, Callable[[World, Any], Any]]] = {
    "person": {
        "id": lambda _world, person: person.external_id,
        "name": lambda _world, person: person.name,
        "username": lambda _world, person: person.handle,
        "instagram_business_account": lambda _world, person: profile_of(person.external_id),
    },
    "facebook_post": {
        **_COMMON_POST,
        "updated_time": lambda _world, entry: stamp(entry.updated_at),
        "attachments": lambda _world, _entry: {},
        "promotable_id": lambda _world, entry: entry.identifier,
    },
    "facebook_review": {
        "id": lambda _world, entry: entry.identifier,
        "created_time": lambda _world, entry: stamp(entry.created_at),
        "has_rating": lambda _world, entry: entry.rating > 0,
        "has_review": lambda _world, entry: bool(entry.text),
        "open_graph_story": lambda _world, entry: {"id": entry.identifier},
        "rating": lambda _world, entry: entry.rating or None,
        "recommendation_type": lambda _world, entry: "positive" if entry.rating >= 4 else "negative",
        "review_text": lambda _world, entry: entry.text,
        "reviewer": lambda _world, entry: _person(entry.author),
    },
    "facebook_comment": {
        **_COMMON_POST,
        "parent": _parent_comment,
        "attachment": lambda _world, _entry: {},
        "can_comment": lambda _world, _entry: True,
        "can_reply_privately": _can_reply_privately,
    },
    "instagram_post": {
        **_IG_COMMON,
        "caption": lambda _world, entry: entry.text,
        "media_type": lambda _world, _entry: "IMAGE",
        "permalink": _permalink,
        "comments_count": lambda world, entry: len([each for each in world.thread(entry.identifier) if each.parent_id]),
    },
    "instagram_comment": {
        **_IG_COMMON,
        "text": lambda _world, entry: entry.text,
        "from": lambda _world, entry: _person(entry.author),
        "hidden": lambda _world, entry: entry.is_hidden,
        "parent_id": _ig_parent,
    },
    "conversation": {
        "id": lambda _world, thread: thread.identifier,
        "updated_time": lambda _world, thread: stamp(thread.messages[0].created_at),
        "participants": lambda world, thread: {
            "data": [_person(thread.customer), _person(world.brands[thread.platform])]
        },
    },
    "message": {
        "id": lambda _world, message: message.identifier,
        "message": lambda _world, message: message.text,
        "from": lambda _world, message: _person(message.sender),
        "to": lambda _world, message: {"data": [_person(message.recipient)]},
        "created_time": lambda _world, message: stamp(message.created_at),
        "attachments": lambda _world, _message: {},
        "sticker": lambda _world, _message: "",
        "story": lambda _world, _message: {},
    },
}
