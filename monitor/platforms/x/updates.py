"""Cuts a page of X's answers into updates that can each be read again alone. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monitor.platforms.base import RawUpdate
from monitor.platforms.payload import id_at, list_at, mapping_at, text_at

_REFERENCES = ("referenced_tweets", "referenced_posts")
_HISTORIES = ("edit_history_tweet_ids", "edit_history_post_ids")


def post_update(
    post: Mapping[str, Any], includes: Mapping[str, Any], errors: Sequence[Mapping[str, Any]], via: str
) -> RawUpdate:
    """The post with its own slice of what came beside the page."""
    identifiers = {id_at(each, "id") for name in _REFERENCES for each in list_at(post, name)}
    parents = [
        each for name in ("tweets", "posts") for each in list_at(includes, name) if each.get("id") in identifiers
    ]
    people = {id_at(each, "author_id") for each in (post, *parents)}
    keys = mapping_at(post, "attachments").get("media_keys") or []
    place = id_at(mapping_at(post, "geo"), "place_id")
    slices = {
        "users": [each for each in list_at(includes, "users") if each.get("id") in people],
        "tweets": parents,
        "media": [each for each in list_at(includes, "media") if each.get("media_key") in keys],
        "places": [each for each in list_at(includes, "places") if place and each.get("id") == place],
    }
    body: dict[str, Any] = {"post": post, "via": via, "includes": {name: kept for name, kept in slices.items() if kept}}
    own_errors = [each for each in errors if id_at(each, "resource_id") in identifiers]
    if own_errors:
        body["errors"] = own_errors
    return RawUpdate("post", id_at(post, "id"), body, *people_and_posts(post, parents))


def people_and_posts(
    post: Mapping[str, Any], beside: Iterable[Mapping[str, Any]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who wrote what is in an update, and the other ids of posts in it: earlier ones of this post, and those beside."""
    shown = [post, *beside]
    authors = dict.fromkeys(id_at(each, "author_id") for each in shown)
    posts = dict.fromkeys(each for one in shown for each in (*_history(one), id_at(one, "id")))
    own_id = id_at(post, "id")
    return tuple(each for each in authors if each), tuple(each for each in posts if each and each != own_id)


def _history(post: Mapping[str, Any]) -> list[str]:
    listed: list[Any] = next((post[name] for name in _HISTORIES if isinstance(post.get(name), list)), [])
    return [str(each) for each in listed if isinstance(each, str | int)]


def latest_id(post: Mapping[str, Any]) -> str:
    return (_history(post) or [id_at(post, "id")])[-1]


def message_update(event: Mapping[str, Any], includes: Mapping[str, Any]) -> RawUpdate:
    sender = id_at(event, "sender_id")
    keys = mapping_at(event, "attachments").get("media_keys") or []
    slices = {
        "users": [each for each in list_at(includes, "users") if each.get("id") == sender],
        "media": [each for each in list_at(includes, "media") if each.get("media_key") in keys],
    }
    body = {"event": event, "includes": {name: kept for name, kept in slices.items() if kept}}
    people = dict.fromkeys([sender, *id_at(event, "dm_conversation_id").split("-")])
    return RawUpdate("direct_message", id_at(event, "id"), body, tuple(each for each in people if each))


def gone_update(error: Mapping[str, Any]) -> RawUpdate:
    """A partial error of a look-up: the post is deleted, or X shows us nothing of its author any more.

    X says "not authorized" of a post whose author is private, suspended or has blocked us, and does not tell which.
    """
    identifier = resource_of(error)
    is_authors = text_at(error, "type").endswith("not-authorized-for-resource")
    told: dict[str, Any] = {"id": identifier, "reason": "protected" if is_authors else "deleted"}
    return RawUpdate("deletion", identifier, {**told, "takes_author": True} if is_authors else told)


def resource_of(error: Mapping[str, Any]) -> str:
    """X names the resource in one of two places."""
    return id_at(error, "resource_id") or id_at(error, "value")
