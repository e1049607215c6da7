"""X's payloads in our words. Pure; reads the tweet.* and the post.* names of API v2 (webhooks of v1.1: legacy.py)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.platforms.base import (
    Attachment,
    ChannelContext,
    IncomingAuthor,
    IncomingDeletion,
    IncomingNotice,
    IncomingPost,
    PlatformEvent,
    RawUpdate,
)
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.payload import id_at, list_at, mapping_at, number_at, text_at
from monitor.platforms.reading import Readers, read_update
from monitor.platforms.times import parse_time, snowflake_time
from monitor.platforms.x import legacy

# What X says where it knows no language, or means something that is none.
_NO_LANGUAGE = frozenset({"und", "qam", "qct", "qht", "qme", "qst", "zxx", "art"})
_OLD_LANGUAGES = {"in": "id", "iw": "he"}
_EVERYWHERE = frozenset({"XX", "XY"})
# Where everything quotes the channel's own posts, told or not.
_QUOTE_LISTS = frozenset({"post.quote.create", "quotes"})
_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def normalize(update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
    """Raises MalformedPayloadError."""
    return read_update(_READERS, update, context)


def _read_post(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    return _post_event(mapping_at(body, "post"), Includes.of(body), context, via=text_at(body, "via"))


def _read_post_v1(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    post, includes = legacy.post_to_v2(mapping_at(body, "post"))
    return _post_event(post, Includes.of({"includes": includes}), context, via="account_activity")


class Includes:
    """The objects that came beside a post, by id, whatever dialect and wrapping they came in."""

    def __init__(self, includes: Mapping[str, Any], errors: list[Mapping[str, Any]]) -> None:
        self.users = {id_at(user, "id"): user for user in _unwrapped(includes.get("users"))}
        self.posts = {
            id_at(post, "id"): post for name in ("tweets", "posts") for post in _unwrapped(includes.get(name))
        }
        self.media = {text_at(media, "media_key"): media for media in _unwrapped(includes.get("media"))}
        self.places = {id_at(place, "id"): place for place in _unwrapped(includes.get("places"))}
        self.missing = {_resource_id(error): _missing_reason(error) for error in errors}

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Includes":
        return cls(mapping_at(body, "includes"), list_at(body, "errors"))


def _unwrapped(value: object) -> list[Mapping[str, Any]]:
    """Lists, maps by id, and entries wrapped as {"data": {...}} (seen in post.delete and dm.received)."""
    entries: Sequence[Any] = list(value.values()) if isinstance(value, Mapping) else value or ()  # type: ignore[assignment]
    if not isinstance(entries, list | tuple):
        raise MalformedPayloadError("includes is not a list")
    objects = [entry for entry in entries if isinstance(entry, Mapping)]
    return [entry["data"] if isinstance(entry.get("data"), Mapping) else entry for entry in objects]


def _resource_id(error: Mapping[str, Any]) -> str:
    return id_at(error, "resource_id") or id_at(error, "value")


def _missing_reason(error: Mapping[str, Any]) -> str:
    kind = text_at(error, "type")
    return "protected" if kind.endswith("not-authorized-for-resource") else "deleted"


def _post_event(post: Mapping[str, Any], includes: Includes, context: ChannelContext, *, via: str) -> PlatformEvent:
    platform_id = id_at(post, "id")
    if not platform_id:
        raise MalformedPayloadError("a post without an id")
    references = _references(post)
    if "retweeted" in references:
        return IncomingNotice("repost_ignored", {"id": platform_id})
    history = _edit_history(post) or [platform_id]
    author = _author(id_at(post, "author_id"), includes)
    is_own = _is_us({"id": author.external_id, "username": author.handle}, context)
    mention = _mention(post, context)
    quotes_us = "quoted" in references and (via in _QUOTE_LISTS or _quotes_us(post, references, includes, context))
    if _is_withheld(post):
        is_users = text_at(mapping_at(post, "withheld"), "scope") == "user"
        return IncomingDeletion(
            "x", history[0], reason="withheld", takes_author=is_users, author_id=author.external_id if is_users else ""
        )
    created_at = parse_time(post.get("created_at")) or snowflake_time(platform_id)
    # An old version, asked for by its own id, knows of the later ones.
    version = history.index(platform_id) + 1 if platform_id in history else len(history)
    is_edited = version > 1
    return IncomingPost(
        platform="x",
        external_id=history[0],
        platform_id=platform_id,
        form=_form(references),
        text=_text(post),
        author=author,
        created_at=(snowflake_time(history[0]) or created_at) if is_edited else created_at,
        conversation_id=id_at(post, "conversation_id") or platform_id,
        in_reply_to=references.get("replied_to", ""),
        root_id=id_at(post, "conversation_id"),
        url=deep_link(platform_id, author.handle),
        language_hint=language_of(text_at(post, "lang")),
        is_own=is_own,
        mentions_us=bool(mention) and not is_own,
        quotes_us=quotes_us and not is_own,
        edited_at=created_at if is_edited else None,
        version=version,
        attachments=_attachments(post, includes),
        place=_place(post, includes),
        beside=_beside(references, includes, mention),
    )


def _is_withheld(post: Mapping[str, Any]) -> bool:
    """Everywhere: for copyright, or in "all countries" (XX, XY). In single countries it stays a post that can be seen
    and answered. https://docs.x.com/x-api/fundamentals/data-dictionary"""
    withheld = mapping_at(post, "withheld")
    countries = withheld.get("country_codes")
    return withheld.get("copyright") is True or (isinstance(countries, list) and is_everywhere(countries))


def is_everywhere(countries: object) -> bool:
    """Whether a list of countries means all of them; also where there is no list: then it is of no country."""
    return not isinstance(countries, list) or not _EVERYWHERE.isdisjoint(map(str, countries))


def deep_link(post_id: str, handle: str) -> str:
    return f"https://x.com/{handle or 'i'}/status/{post_id}" if post_id else ""


def language_of(code: str) -> str:
    return "" if code in _NO_LANGUAGE else _OLD_LANGUAGES.get(code, code)


def _references(post: Mapping[str, Any]) -> dict[str, str]:
    """Relation -> id. The post.* dialect says reposted where tweet.* says retweeted."""
    listed = list_at(post, "referenced_tweets") or list_at(post, "referenced_posts")
    references = {text_at(each, "type").replace("reposted", "retweeted"): id_at(each, "id") for each in listed}
    parent = id_at(post, "in_reply_to_tweet_id") or id_at(post, "in_reply_to_post_id")
    if parent:
        references.setdefault("replied_to", parent)
    return references


def _edit_history(post: Mapping[str, Any]) -> list[str]:
    history = post.get("edit_history_tweet_ids") or post.get("edit_history_post_ids") or []
    if not isinstance(history, list):
        raise MalformedPayloadError("the edit history is not a list")
    # Oldest first; the published mocks repeat ids.
    return list(dict.fromkeys(str(each) for each in history if isinstance(each, str | int)))


def _form(references: Mapping[str, str]) -> str:
    if "replied_to" in references:
        return "reply"
    return "quote" if "quoted" in references else "post"


def _note(post: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping_at(post, "note_tweet") or mapping_at(post, "note_post")


def _text(post: Mapping[str, Any]) -> str:
    """The whole text: `text` is cut where a note exists. X escapes three characters."""
    text = text_at(_note(post), "text") or text_at(post, "text")
    for escaped, plain in _ESCAPES:
        text = text.replace(escaped, plain)
    return text


def _author(author_id: str, includes: Includes) -> IncomingAuthor:
    return author_from_user(includes.users.get(author_id, {}), author_id)


def author_from_user(user: Mapping[str, Any], author_id: str) -> IncomingAuthor:
    affiliation = user.get("affiliation")
    label = affiliation.get("description") if isinstance(affiliation, Mapping) else ""
    return IncomingAuthor(
        external_id=author_id,
        handle=text_at(user, "username"),
        name=text_at(user, "name"),
        followers=number_at(mapping_at(user, "public_metrics"), "followers_count"),
        is_verified=user.get("verified") is True,
        is_automated=label == "Automated",
        joined_at=_joined_at(user),
    )


def _joined_at(user: Mapping[str, Any]) -> datetime | None:
    try:
        return parse_time(user.get("created_at"))
    except MalformedPayloadError:
        return None  # no reason to lose the post


def _mention(post: Mapping[str, Any], context: ChannelContext) -> str:
    """ "explicit" in the body, "leading" where only the names that X puts before a reply hold ours, else ""."""
    mentions = [
        *list_at(mapping_at(post, "entities"), "mentions"),
        *list_at(mapping_at(_note(post), "entities"), "mentions"),
    ]
    ours = [each for each in mentions if _is_us(each, context)]
    if not ours:
        return "explicit" if not mentions and _names_us(_text(post), context.handle) else ""
    visible_from = _visible_from(post)
    return "explicit" if any((number_at(each, "end") or 1_000_000) > visible_from for each in ours) else "leading"


def _is_us(mention: Mapping[str, Any], context: ChannelContext) -> bool:
    """By id, or by handle: a saved search's own id is no user's id."""
    if context.external_id and id_at(mention, "id") == context.external_id:
        return True
    handle = context.handle.removeprefix("@").casefold()
    return bool(handle) and text_at(mention, "username").casefold() == handle


def _names_us(text: str, handle: str) -> bool:
    handle = handle.removeprefix("@")
    return bool(handle) and re.search(rf"(?<![\w@])@{re.escape(handle)}(?!\w)", text, re.IGNORECASE) is not None


def _visible_from(post: Mapping[str, Any]) -> int:
    shown = post.get("display_text_range")
    return shown[0] if isinstance(shown, list) and shown and isinstance(shown[0], int) else 0


def _quotes_us(
    post: Mapping[str, Any], references: Mapping[str, str], includes: Includes, context: ChannelContext
) -> bool:
    quoted = includes.posts.get(references["quoted"], {})
    if context.external_id and id_at(quoted, "author_id") == context.external_id:
        return True
    handle = context.handle.removeprefix("@").casefold()
    urls = list_at(mapping_at(post, "entities"), "urls")
    pattern = re.compile(rf"^https?://(?:\w+\.)?(?:x|twitter)\.com/{re.escape(handle)}/status/", re.IGNORECASE)
    return bool(handle) and any(pattern.match(text_at(url, "expanded_url")) for url in urls)


def _attachments(post: Mapping[str, Any], includes: Includes) -> tuple[Attachment, ...]:
    keys = mapping_at(post, "attachments").get("media_keys") or ()
    media = [includes.media[key] for key in keys if isinstance(key, str) and key in includes.media]
    return tuple(attachment_of(each) for each in media)


def attachment_of(media: Mapping[str, Any]) -> Attachment:
    url = text_at(media, "url") or text_at(media, "preview_image_url")
    return Attachment(kind=text_at(media, "type") or "media", url=url, alt_text=text_at(media, "alt_text"))


def _place(post: Mapping[str, Any], includes: Includes) -> str:
    place = includes.places.get(id_at(mapping_at(post, "geo"), "place_id"), {})
    return text_at(place, "full_name")


def _beside(references: Mapping[str, str], includes: Includes, mention: str) -> dict[str, Any]:
    """Context of a reply or quote. A parent that is gone or private keeps a placeholder that says why."""
    related = [_context_post(kind, identifier, includes) for kind, identifier in references.items()]
    beside: dict[str, Any] = {"context": related} if related else {}
    if mention:
        beside["mention"] = mention
    return beside


def _context_post(relation: str, identifier: str, includes: Includes) -> dict[str, str]:
    post = includes.posts.get(identifier)
    if post is None:
        return {"relation": relation, "id": identifier, "missing": includes.missing.get(identifier, "not_told")}
    author = _author(id_at(post, "author_id"), includes)
    return {
        "relation": relation,
        "id": identifier,
        "text": _text(post),
        "author_id": author.external_id,
        "author_handle": author.handle,
    }


def _read_direct_message(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    return _direct_message_event(mapping_at(body, "event"), Includes.of(body), context)


def _read_direct_message_v1(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    event, includes = legacy.direct_message_to_v2(mapping_at(body, "event"), mapping_at(body, "users"))
    return _direct_message_event(event, Includes.of({"includes": includes}), context)


def _direct_message_event(event: Mapping[str, Any], includes: Includes, context: ChannelContext) -> PlatformEvent:
    identifier = id_at(event, "id")
    if not identifier:
        raise MalformedPayloadError("a direct message without an id")
    if text_at(event, "event_type") not in ("", "MessageCreate"):
        return IncomingNotice("conversation_event_ignored", {"id": identifier, "kind": text_at(event, "event_type")})
    sender_id = id_at(event, "sender_id")
    is_own = sender_id == context.external_id and bool(sender_id)
    conversation_id = id_at(event, "dm_conversation_id")
    others = [each for each in conversation_id.split("-") if each and each != context.external_id]
    return IncomingPost(
        platform="x",
        external_id=identifier,
        platform_id=identifier,
        form="direct_message",
        text=_text(event),
        author=_author(sender_id, includes),
        created_at=parse_time(event.get("created_at")) or snowflake_time(identifier),
        conversation_id=conversation_id,
        root_id=conversation_id,
        is_public=False,
        is_own=is_own,
        attachments=_attachments(event, includes),
        beside={"recipient_id": others[0]} if is_own and len(others) == 1 else {},
    )


def _read_deletion(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    identifier, takes_author = id_at(body, "id"), body.get("takes_author") is True
    author_id = id_at(body, "author_id") if takes_author else ""
    if not identifier and not author_id:
        raise MalformedPayloadError("a deletion without an id")
    return IncomingDeletion(
        "x",
        identifier,
        reason=text_at(body, "reason") or "deleted",
        deleted_at=parse_time(body.get("deleted_at")),
        takes_author=takes_author,
        author_id=author_id,
    )


def _read_notice(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    return IncomingNotice(text_at(body, "code") or "unknown_event", dict(mapping_at(body, "params")))


_READERS: Readers = {
    "post": _read_post,
    "post_v1": _read_post_v1,
    "direct_message": _read_direct_message,
    "direct_message_v1": _read_direct_message_v1,
    "deletion": _read_deletion,
    "notice": _read_notice,
}
