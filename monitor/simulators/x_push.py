"""What the fake X pushes, a body an event: Activity API in the world's dialect, Account Activity in v1.1 shapes, and
the compliance events that X owes who stores posts, where somebody hands them on."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.simulators.pushing import Hook
from monitor.simulators.world import X_USER_ID, Entry, Message, Person, World
from monitor.simulators.x_shapes import SHORT_TEXT, in_dialect, names_in, render_post, render_user, shown_text

_POST_FIELDS = (
    "author_id", "conversation_id", "created_at", "display_text_range", "edit_controls", "entities",
    "in_reply_to_user_id", "lang", "note_tweet", "public_metrics", "possibly_sensitive", "referenced_tweets",
    "reply_settings",
)  # fmt: skip
_USER_FIELDS = ("created_at", "protected", "public_metrics", "verified")
_TAG = "mentiondesk"


def bodies(world: World, hook: Hook, kind: str, about: Entry | Message | Person) -> Iterator[Mapping[str, Any]]:
    """`kind`: published, edited, deleted (an Entry), said (a Message), standing (a Person)."""
    for name, body in _made(world, hook, kind, about):
        if hook.wants(name):
            yield body


def _made(
    world: World, hook: Hook, kind: str, about: Entry | Message | Person
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if hook.dialect == "compliance":
        yield from _compliance_bodies(world, kind, about)
    elif isinstance(about, Person):
        return  # of other people's profiles only compliance events tell
    elif hook.dialect == "account_activity":
        yield from _account_bodies(world, kind, about)
    else:
        yield from _activity_bodies(world, kind, about)


def _compliance_bodies(
    world: World, kind: str, about: Entry | Message | Person
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """https://docs.x.com/x-api/compliance/streams: whoever wrote it, and whatever app is told."""
    moment = world.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(about, Person):
        name = {"protected": "user_protect", "suspended": "user_suspend", "": "user_unprotect"}[about.standing]
        yield name, {"data": {name: {"user": {"id": about.external_id}, "event_at": moment}}}
    elif isinstance(about, Entry) and kind == "deleted":
        post = {"id": about.identifier, "author_id": about.author.external_id}
        yield "delete", {"data": {"delete": {"tweet": post, "event_at": moment}}}


def revoked(hook: Hook, world: World) -> Iterator[Mapping[str, Any]]:
    """Somebody took the app's rights away."""
    moment = world.now()
    if hook.dialect == "account_activity":
        revoke = {"date_time": moment.isoformat(), "target": {"app_id": "1"}, "source": {"user_id": X_USER_ID}}
        yield {"user_event": {"revoke": revoke}}
    elif hook.wants("oauth.revoke"):
        payload = {"date_time": moment.isoformat(timespec="seconds"), "user_id": X_USER_ID, "app_id": "1"}
        yield {
            "data": {
                "event_uuid": _uuid("revoke", str(moment)),
                "filter": {},
                "event_type": "oauth.revoke",
                "payload": payload,
            }
        }


def events_of(world: World, kind: str, about: Entry | Message) -> list[str]:
    """The Activity API's names for it; a post that mentions and quotes us is told twice."""
    us = world.brands["x"]
    if isinstance(about, Message):
        return ["dm.sent" if about.sender is us else "dm.received"]
    if about.author is us:
        return ["post.delete" if kind == "deleted" else "post.create"]
    # What others delete is not pushed: they are found by looking up.
    if kind == "deleted":
        return []
    parent, quoted = world.entries.get(about.parent_id), world.entries.get(about.quoted_id)
    named = [f"@{us.handle}" in about.text.casefold()]
    return [
        name
        for name, applies in (
            ("post.mention.create", any(named)),
            ("post.reply.create", parent is not None and parent.author is us),
            ("post.quote.create", quoted is not None and quoted.author is us),
        )
        if applies
    ]


def _activity_bodies(world: World, kind: str, about: Entry | Message) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name in events_of(world, kind, about):
        payload, includes = _activity_payload(world, name, about)
        event = {
            "event_uuid": _uuid(name, about.identifier),
            "filter": {"user_id": X_USER_ID},
            "event_type": name,
            "tag": _TAG,
            "payload": in_dialect(world, payload),
        }
        yield name, {"data": {**event, "includes": in_dialect(world, includes)} if includes else event}


def _activity_payload(world: World, name: str, about: Entry | Message) -> tuple[dict[str, Any], dict[str, Any]]:
    if isinstance(about, Message):
        both = (about.sender, about.recipient)
        users = {each.external_id: {"data": render_user(each, _USER_FIELDS)} for each in both}
        return {"direct_message_events": [_message_v1(about)], "users": users}, {}
    if name == "post.delete":
        payload = {"id": about.identifier, "author_id": about.author.external_id}
        # Only here every user is wrapped.
        return payload, {"users": [{"data": render_user(about.author, _USER_FIELDS)}]}
    payload = render_post(world, about, _POST_FIELDS)
    if about.parent_id:
        payload["in_reply_to_tweet_id"] = about.parent_id
    people = tuple({each.external_id: each for each in (about.author, *names_in(world, about))}.values())
    includes: dict[str, Any] = {"users": [render_user(each, _USER_FIELDS) for each in people]}
    beside = [each for identifier in (about.parent_id, about.quoted_id) if (each := world.find(identifier)) is not None]
    if beside:
        includes["tweets"] = [render_post(world, each, _POST_FIELDS) for each in beside]
    return payload, includes


def _message_v1(message: Message) -> dict[str, Any]:
    return {
        "type": "message_create",
        "id": message.identifier,
        "created_timestamp": str(int(message.created_at.timestamp() * 1000)),
        "message_create": {
            "target": {"recipient_id": message.recipient.external_id},
            "sender_id": message.sender.external_id,
            "message_data": {
                "text": message.text,
                "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": []},
            },
        },
    }


def _account_bodies(world: World, kind: str, about: Entry | Message) -> Iterator[tuple[str, Mapping[str, Any]]]:
    ours = {"for_user_id": X_USER_ID}
    if isinstance(about, Message):
        users = {each.external_id: _user_v1(each) for each in (about.sender, about.recipient)}
        yield "direct_message_events", {**ours, "direct_message_events": [_message_v1(about)], "users": users}
    elif kind == "deleted":
        if about.author is world.brands["x"]:
            status = {"id": about.identifier, "user_id": about.author.external_id}
            deletion = {"status": status, "timestamp_ms": str(int(world.now().timestamp() * 1000))}
            yield "tweet_delete_events", {**ours, "tweet_delete_events": [deletion]}
    elif events_of(world, kind, about):
        yield "tweet_create_events", {**ours, "tweet_create_events": [_post_v1(world, about)]}


def _post_v1(world: World, entry: Entry) -> dict[str, Any]:
    text, start = shown_text(world, entry)
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    is_long = len(text) > SHORT_TEXT
    parent, quoted = world.entries.get(entry.parent_id), world.entries.get(entry.quoted_id)
    status: dict[str, Any] = {
        "created_at": _classic(entry.created_at),
        "id": int(entry.identifier),
        "id_str": entry.identifier,
        "text": escaped[: SHORT_TEXT - 1] + "…" if is_long else escaped,
        "display_text_range": [start, len(text)],
        "truncated": is_long,
        "user": _user_v1(entry.author),
        "lang": entry.language or "und",
        "timestamp_ms": str(int(entry.created_at.timestamp() * 1000)),
        "entities": _entities_v1(world, entry, text),
        "in_reply_to_status_id": int(parent.identifier) if parent else None,
        "in_reply_to_status_id_str": parent.identifier if parent else None,
        "in_reply_to_user_id_str": parent.author.external_id if parent else None,
        "is_quote_status": quoted is not None,
    }
    if is_long:
        status["extended_tweet"] = {
            "full_text": escaped,
            "display_text_range": [start, len(text)],
            "entities": status["entities"],
        }
    if len(entry.history) > 1:
        status["edit_history"] = {"initial_tweet_id": entry.first_id, "edit_tweet_ids": list(entry.history)}
    if quoted is not None:
        status |= {"quoted_status_id": int(quoted.identifier), "quoted_status_id_str": quoted.identifier}
        status["quoted_status"] = _post_v1(world, quoted)
    return status


def _entities_v1(world: World, entry: Entry, text: str) -> dict[str, Any]:
    mentions = []
    for person in names_in(world, entry):
        at = text.casefold().find(f"@{person.handle.casefold()}")
        named = {"id": int(person.external_id), "id_str": person.external_id, "name": person.name}
        mentions.append({**named, "screen_name": person.handle, "indices": [at, at + len(person.handle) + 1]})
    return {"hashtags": [], "symbols": [], "urls": [], "user_mentions": mentions}


def _user_v1(person: Person) -> dict[str, Any]:
    return {
        "id": int(person.external_id),
        "id_str": person.external_id,
        "name": person.name,
        "screen_name": person.handle,
        "created_at": _classic(person.joined_at),
        "protected": person.standing == "protected",
        "verified": person.is_verified,
        "followers_count": person.followers,
    }


def _classic(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%a %b %d %H:%M:%S +0000 %Y")


def _uuid(name: str, identifier: str) -> str:
    """The same event has the same name, however often it is delivered; negative ones exist."""
    number = int.from_bytes(hashlib.sha256(f"{name}/{identifier}".encode()).digest()[:8], "big", signed=True)
    return str(number)
