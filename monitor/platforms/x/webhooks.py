"""X's webhooks: the CRC answer, the signature, and the split of a body into updates per channel. Pure.

Three senders: the Activity API ({"data": {"event_type", "filter", "payload", "includes"}}) and Account Activity
({"for_user_id", "tweet_create_events", ...}, shapes of v1.1); and whoever hands X's compliance events on
({"data": {"user_protect": {...}}}), which concern everybody who stores posts.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from monitor.platforms.base import RawUpdate
from monitor.platforms.payload import id_at, list_at, mapping_at, text_at
from monitor.platforms.signatures import digest, is_signed_base64
from monitor.platforms.x import legacy
from monitor.platforms.x.normalize import is_everywhere
from monitor.platforms.x.updates import people_and_posts

SIGNATURE_HEADER = "x-twitter-webhooks-signature"
_POST_EVENTS = frozenset(
    {"post.create", "post.mention.create", "post.reply.create", "post.quote.create", "post.repost.create"}
)
# Ciphertext that only the app of the people in it can read. What we sent ourselves needs no answer.
_ENCRYPTED_EVENTS = frozenset({"chat.received", "chat.conversation_join"})

#: In the place of a user's id: for every channel that may have stored something.
EVERYBODY = "*"
# Compliance events of a person, and what they make of all that the person has shown. What opens a profile again
# brings nothing back. https://docs.x.com/x-api/compliance/streams
_DEPARTURES = {
    "user_protect": "protected",
    "user_suspend": "suspended",
    "user_delete": "deleted",
    "user_withheld": "withheld",
}
# And of a post.
_DELETIONS = {"delete": "deleted", "drop": "withheld", "withheld": "withheld"}

Split = list[tuple[str, RawUpdate]]


def crc_response(secret: str, token: str) -> dict[str, str]:
    """The JSON that X expects for `crc_token`; `secret` is the app's consumer secret."""
    return {"response_token": "sha256=" + base64.b64encode(digest(secret, token.encode())).decode()}


def verify_signature(secrets: str | Iterable[str], raw_body: bytes, header: str | None) -> bool:
    return is_signed_base64(secrets, raw_body, header)


def split(body: Mapping[str, Any]) -> Split:
    """(id of the channel's user, update) for everything in one delivery; events nobody needs become notices."""
    if isinstance(body.get("data"), Mapping):
        if compliance := _compliance_update(mapping_at(body, "data")):
            return [(EVERYBODY, compliance)]
        return _split_activity(mapping_at(body, "data"))
    return _split_account_activity(body)


def _split_activity(event: Mapping[str, Any]) -> Split:
    kind = text_at(event, "event_type")
    payload, includes = mapping_at(event, "payload"), mapping_at(event, "includes")
    user_id = id_at(mapping_at(event, "filter"), "user_id") or id_at(payload, "user_id")
    if kind in _POST_EVENTS and payload:
        return [(user_id, _post_update("post", payload, includes, kind))]
    if kind in ("dm.received", "dm.sent"):
        users = _by_id(payload.get("users") or includes.get("users"))
        return [(user_id, _message_update(each, users)) for each in list_at(payload, "direct_message_events")]
    if kind == "post.delete" and payload:
        author = id_at(payload, "author_id")
        return [(user_id, _deletion_update(id_at(payload, "id"), author, None))]
    identifier = id_at(event, "event_uuid")
    if kind in _ENCRYPTED_EVENTS:
        return [(user_id, _notice("encrypted_chat", identifier, {"kind": kind}))]
    if kind == "oauth.revoke":
        return [(user_id, _notice("authorization_revoked", identifier, {"app_id": id_at(payload, "app_id")}))]
    # Compliance events have no type of their own: they are called by their only key.
    called = kind or ",".join(sorted(str(name) for name in event))
    return [(user_id, _notice("event_ignored", identifier, {"kind": called[:80]}))]


def _compliance_update(told: Mapping[str, Any]) -> RawUpdate | None:
    """None where it is none, or withheld in single countries only: there it can still be seen and answered."""
    for name, reason in (*_DEPARTURES.items(), *_DELETIONS.items()):
        event = told.get(name)
        if not isinstance(event, Mapping) or not is_everywhere(event.get("withheld_in_countries")):
            continue
        takes_author = name in _DEPARTURES
        post, user = _object(event, "tweet") or _object(event, "post"), _object(event, "user")
        identifier, author = id_at(post, "id"), id_at(post, "author_id") or id_at(user, "id")
        told_at = {"deleted_at": event.get("event_at"), "reason": reason}
        body = {"author_id": author, "takes_author": True} if takes_author else {"id": identifier}
        return RawUpdate("deletion", "" if takes_author else identifier, {**body, **told_at}, _known(author))
    return None


def _split_account_activity(body: Mapping[str, Any]) -> Split:
    user_id = id_at(body, "for_user_id")
    found: Split = []
    for status in list_at(body, "tweet_create_events"):
        found.append((user_id, _post_update("post_v1", status, {}, "account_activity")))
    for event in list_at(body, "direct_message_events"):
        found.append((user_id, _message_update(event, mapping_at(body, "users"))))
    for deletion in list_at(body, "tweet_delete_events"):
        status = mapping_at(deletion, "status")
        identifier = text_at(status, "id_str") or id_at(status, "id")
        found.append((user_id, _deletion_update(identifier, id_at(status, "user_id"), deletion.get("timestamp_ms"))))
    revoke = mapping_at(mapping_at(body, "user_event"), "revoke")
    if revoke:
        revoker = id_at(mapping_at(revoke, "source"), "user_id")
        found.append((revoker, _notice("authorization_revoked", revoker, {})))
    return found or [(user_id, _notice("event_ignored", "", {"kind": _names_of(body)}))]


def _names_of(body: Mapping[str, Any]) -> str:
    return ",".join(sorted(str(name) for name in body if str(name).endswith(("_events", "_event"))))[:80]


def _post_update(kind: str, post: Mapping[str, Any], includes: Mapping[str, Any], via: str) -> RawUpdate:
    identifier = text_at(post, "id_str") or id_at(post, "id")
    body: dict[str, Any] = {"post": post, "via": via}
    if includes:
        body["includes"] = includes
    return RawUpdate(kind, identifier, body, *_people_and_posts(kind, post, includes))


def _people_and_posts(
    kind: str, post: Mapping[str, Any], includes: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if kind == "post":
        beside = [each for name in ("tweets", "posts") for each in _entries(includes, name)]
        return people_and_posts(post, beside)
    shown = [post, *(_object(post, name) for name in ("quoted_status", "retweeted_status"))]
    identifiers = [text_at(each, "id_str") or id_at(each, "id") for each in shown]
    named = dict.fromkeys([*identifiers[1:], *legacy.edit_history(post)])
    return _known(*(id_at(_object(each, "user"), "id") for each in shown)), _known(
        *(each for each in named if each != identifiers[0])
    )


def _entries(includes: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Splitting never fails on one odd entry: it would lose the others. `normalize` tells what is wrong with it."""
    listed = includes.get(name)
    entries = listed.values() if isinstance(listed, Mapping) else listed if isinstance(listed, list) else []
    objects = [each for each in entries if isinstance(each, Mapping)]
    return [each["data"] if isinstance(each.get("data"), Mapping) else each for each in objects]


def _object(source: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = source.get(name)
    return value if isinstance(value, Mapping) else {}


def _by_id(users: object) -> Mapping[str, Any]:
    """Users come as a map by id in `payload` and as a list in `includes`."""
    if isinstance(users, Mapping):
        return users
    listed = users if isinstance(users, list) else []
    return {str(at): user for at, user in enumerate(listed) if isinstance(user, Mapping)}


def _message_update(event: Mapping[str, Any], users: Mapping[str, Any]) -> RawUpdate:
    created = mapping_at(event, "message_create")
    people = (id_at(created, "sender_id"), id_at(mapping_at(created, "target"), "recipient_id"))
    return RawUpdate("direct_message_v1", id_at(event, "id"), {"event": event, "users": users}, _known(*people))


def _deletion_update(identifier: str, author: str, deleted_at: object) -> RawUpdate:
    return RawUpdate("deletion", identifier, {"id": identifier, "deleted_at": deleted_at}, _known(author))


def _notice(code: str, identifier: str, params: Mapping[str, Any]) -> RawUpdate:
    return RawUpdate("notice", identifier, {"code": code, "params": params})


def _known(*identifiers: str) -> tuple[str, ...]:
    return tuple(each for each in identifiers if each)
