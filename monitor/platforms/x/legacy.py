"""The v1.1 shapes that Account Activity webhooks still deliver, turned into the v2 shapes that normalize.py reads."""

from collections.abc import Mapping
from typing import Any

from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.payload import id_at, list_at, mapping_at, number_at, text_at


def post_to_v2(status: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the post and its includes. Long posts of v1.1 keep their text in `extended_tweet.full_text`."""
    extended = mapping_at(status, "extended_tweet")
    user = mapping_at(status, "user")
    post: dict[str, Any] = {
        "id": _identifier(status, "id"),
        "text": text_at(extended, "full_text") or text_at(status, "full_text") or text_at(status, "text"),
        "author_id": _identifier(user, "id"),
        "created_at": text_at(status, "created_at") or _epoch(status, "timestamp_ms"),
        "lang": text_at(status, "lang"),
        "entities": _entities(mapping_at(extended, "entities") or mapping_at(status, "entities")),
        "display_text_range": extended.get("display_text_range") or status.get("display_text_range"),
        "referenced_tweets": _references(status),
    }
    if history := edit_history(status):
        post["edit_history_tweet_ids"] = history
    includes = {"users": [user_to_v2(user)] if user else [], "tweets": _quoted(status)}
    _attach_media(post, includes, status, extended)
    return post, includes


def direct_message_to_v2(event: Mapping[str, Any], users: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the event and its includes. One-to-one conversation ids are the two user ids, the lower one first."""
    if text_at(event, "type") not in ("", "message_create"):
        return {"id": id_at(event, "id"), "event_type": text_at(event, "type")}, {}
    created = mapping_at(event, "message_create")
    message = mapping_at(created, "message_data")
    sender, recipient = id_at(created, "sender_id"), id_at(mapping_at(created, "target"), "recipient_id")
    if not sender:
        raise MalformedPayloadError("a direct message without a sender")
    converted: dict[str, Any] = {
        "id": id_at(event, "id"),
        "event_type": "MessageCreate",
        "text": text_at(message, "text"),
        "sender_id": sender,
        "created_at": _epoch(event, "created_timestamp"),
        "dm_conversation_id": conversation_id(sender, recipient),
    }
    includes: dict[str, Any] = {"users": [_any_user(user) for user in users.values() if isinstance(user, Mapping)]}
    media = mapping_at(mapping_at(message, "attachment"), "media")
    if media:
        converted["attachments"] = {"media_keys": ["attached"]}
        # Addresses of media in direct messages need the user's token: they are no use to anybody else.
        includes["media"] = [{"media_key": "attached", "type": text_at(media, "type") or "photo"}]
    return converted, includes


def conversation_id(first: str, second: str) -> str:
    both = [first, second]
    if all(each.isascii() and each.isdigit() for each in both):
        both.sort(key=int)
    return "-".join(both)


def user_to_v2(user: Mapping[str, Any]) -> dict[str, Any]:
    followers = number_at(user, "followers_count")
    return {
        "id": _identifier(user, "id"),
        "created_at": text_at(user, "created_at"),
        "username": text_at(user, "screen_name"),
        "name": text_at(user, "name"),
        "verified": user.get("verified") is True,
        "public_metrics": {"followers_count": followers} if followers is not None else {},
    }


def edit_history(status: Mapping[str, Any]) -> list[str]:
    """Every id that the post has had, the oldest first; empty where it was never edited, or X does not tell."""
    history = status.get("edit_history")
    told = history if isinstance(history, Mapping) else {}
    listed = told.get("edit_tweet_ids")
    ids = [told.get("initial_tweet_id"), *(listed if isinstance(listed, list) else [])]
    return list(dict.fromkeys(str(each) for each in ids if isinstance(each, str | int) and each))


def _any_user(user: Mapping[str, Any]) -> Mapping[str, Any]:
    """Account Activity has v1.1 users; the Activity API wraps v2 users into {"data": {...}}."""
    inner = user.get("data") if isinstance(user.get("data"), Mapping) else user
    assert isinstance(inner, Mapping)
    return user_to_v2(inner) if "screen_name" in inner else inner


def _identifier(source: Mapping[str, Any], name: str) -> str:
    """`id_str` first: `id` loses digits in whatever reads JSON numbers as floats."""
    return text_at(source, f"{name}_str") or id_at(source, name)


def _epoch(source: Mapping[str, Any], name: str) -> int | None:
    return number_at(source, name)


def _references(status: Mapping[str, Any]) -> list[dict[str, str]]:
    references = []
    parent = _identifier(status, "in_reply_to_status_id")
    quoted = _identifier(status, "quoted_status_id")
    reposted = _identifier(mapping_at(status, "retweeted_status"), "id")
    for kind, identifier in (("replied_to", parent), ("quoted", quoted), ("retweeted", reposted)):
        if identifier:
            references.append({"type": kind, "id": identifier})
    return references


def _quoted(status: Mapping[str, Any]) -> list[dict[str, Any]]:
    quoted = mapping_at(status, "quoted_status")
    return [post_to_v2(quoted)[0]] if quoted and not quoted.get("quoted_status") else []


def _entities(entities: Mapping[str, Any]) -> dict[str, Any]:
    mentions = [
        {"id": _identifier(each, "id"), "username": text_at(each, "screen_name"), "end": _end(each)}
        for each in list_at(entities, "user_mentions")
    ]
    return {"mentions": mentions, "urls": list_at(entities, "urls")}


def _end(entity: Mapping[str, Any]) -> int | None:
    indices = entity.get("indices")
    return indices[1] if isinstance(indices, list) and len(indices) == 2 and isinstance(indices[1], int) else None


def _attach_media(
    post: dict[str, Any], includes: dict[str, Any], status: Mapping[str, Any], extended: Mapping[str, Any]
) -> None:
    entities = mapping_at(extended, "extended_entities") or mapping_at(status, "extended_entities")
    media = [
        {
            "media_key": id_at(each, "id_str") or str(at),
            "type": text_at(each, "type"),
            "url": text_at(each, "media_url_https"),
            "alt_text": text_at(each, "ext_alt_text"),
        }
        for at, each in enumerate(list_at(entities, "media"))
    ]
    if media:
        post["attachments"] = {"media_keys": [each["media_key"] for each in media]}
        includes["media"] = media
