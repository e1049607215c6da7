"""Meta's webhooks: the handshake, the signature, and the split of a body into updates per channel. Pure."""

import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from monitor.platforms.base import RawUpdate
from monitor.platforms.meta.stories import without_story_media
from monitor.platforms.payload import id_at, list_at, text_at
from monitor.platforms.signatures import is_signed_hex
from monitor.text.clean import clean

SIGNATURE_HEADER = "x-hub-signature-256"
# `object` of a body -> platform code. Others (permissions, user) concern no channel's posts.
PLATFORM_OF_OBJECT = {"page": "facebook", "instagram": "instagram"}

Split = list[tuple[str, RawUpdate]]


def answer_handshake(verify_tokens: str | Iterable[str], query: Mapping[str, str]) -> str | None:
    """The challenge to echo as plain text, or None (answer 403)."""
    candidates = [verify_tokens] if isinstance(verify_tokens, str) else list(verify_tokens)
    given = query.get("hub.verify_token", "").encode()
    is_known = any([bool(each) and hmac.compare_digest(each.encode(), given) for each in candidates])
    return query.get("hub.challenge", "") if query.get("hub.mode") == "subscribe" and is_known else None


def verify_signature(secrets: str | Iterable[str], raw_body: bytes, header: str | None) -> bool:
    """Over the raw bytes: Meta escapes what is not ASCII, and a body written again has another digest."""
    return is_signed_hex(secrets, raw_body, header)


def platform_of(body: Mapping[str, Any]) -> str:
    """ "facebook", "instagram", or "" for bodies that concern no channel."""
    return PLATFORM_OF_OBJECT.get(text_at(body, "object"), "")


def split(body: Mapping[str, Any]) -> Split:
    """(id of the page or profile, update) for everything in one delivery (up to 1,000 updates)."""
    found: Split = []
    for entry in list_at(body, "entry"):
        owner = id_at(entry, "id")
        for change in list_at(entry, "changes"):
            found.append((owner, _change_update(change, entry)))
        for name in ("messaging", "standby"):
            for event in list_at(entry, name):
                found.append((owner, _messaging_update(event, is_standby=name == "standby")))
    return found


def revoked_users(body: Mapping[str, Any]) -> list[str]:
    """Ids, within the app, of people who have taken its access away: bodies of the object `permissions`."""
    if text_at(body, "object") != "permissions":
        return []
    return [
        user_id
        for entry in list_at(body, "entry")
        for change in list_at(entry, "changes")
        if change.get("field") == "connected" and change.get("verb") == "revoked" and (user_id := _id(entry.get("uid")))
    ]


def _change_update(change: Mapping[str, Any], entry: Mapping[str, Any]) -> RawUpdate:
    value = _object(change, "value")
    names = ("comment_id", "post_id", "open_graph_story_id", "id", "media_id")
    identifier = next((_id(value.get(name)) for name in names if value.get(name)), "")
    people = (_object(value, "from").get("id"), value.get("sender_id"), value.get("reviewer_id"))
    body = {**change, "time": entry.get("time")}
    return RawUpdate("change", identifier, body, tuple(_id(each) for each in people if each)[:1])


def _messaging_update(event: Mapping[str, Any], *, is_standby: bool) -> RawUpdate:
    parts = [_object(event, name) for name in ("message", "message_edit", "postback", "reaction", "read")]
    identifier = next((_id(part["mid"]) for part in parts if part.get("mid")), "")
    people = [_id(_object(event, name).get("id")) for name in ("sender", "recipient")]
    message = event.get("message")
    if isinstance(message, Mapping):
        event = {**event, "message": without_story_media(message)}
    body: dict[str, Any] = {"event": event}
    if is_standby:
        body["is_standby"] = True
    return RawUpdate("messaging", identifier, body, tuple(each for each in people if each))


def _object(source: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Splitting never fails on one odd entry: it would lose the others. `normalize` tells what is wrong with it."""
    value = source.get(name)
    return value if isinstance(value, Mapping) else {}


def _id(value: object) -> str:
    return clean(str(value)) if isinstance(value, str | int) else ""
