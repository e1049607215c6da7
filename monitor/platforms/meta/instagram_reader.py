"""Instagram's media, comments and mentions in our words: polled nodes, and webhook changes. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.platforms.base import (
    Attachment,
    ChannelContext,
    IncomingAuthor,
    IncomingNotice,
    IncomingPost,
    PlatformEvent,
    RawUpdate,
)
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.extra import NOTHING_TOLD, Extra
from monitor.platforms.meta.looks import flag_of, read_lookup, read_notice
from monitor.platforms.meta.messages import is_us, read_message, read_messaging
from monitor.platforms.payload import id_at, mapping_at, text_at
from monitor.platforms.reading import Readers, read_update
from monitor.platforms.times import parse_time


def normalize(update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
    """Raises MalformedPayloadError."""
    return read_update(_READERS, update, context)


def _read_media(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    """A picture or film of our own, or one of somebody else's that mentions us."""
    media = mapping_at(body, "media")
    identifier = id_at(media, "id")
    if not identifier:
        raise MalformedPayloadError("a media without an id")
    username = text_at(media, "username") or ("" if body.get("is_mention") else context.handle.removeprefix("@"))
    is_own = not body.get("is_mention") or is_us({"username": username}, context)
    author_id = context.external_id if is_own else ""
    kind = text_at(media, "media_type").lower() or "media"
    return IncomingPost(
        platform="instagram",
        external_id=identifier,
        platform_id=identifier,
        form="post",
        text=text_at(media, "caption"),
        author=IncomingAuthor(author_id, handle=username),
        created_at=parse_time(media.get("timestamp")),
        conversation_id=identifier,
        root_id=identifier,
        url=text_at(media, "permalink"),
        is_own=is_own,
        mentions_us=not is_own,
        # The addresses of media expire: the permalink shows them.
        attachments=(Attachment(kind, url=text_at(media, "permalink")),),
    )


def _read_comment(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    media = mapping_at(body, "media")
    return _comment(
        mapping_at(body, "comment"),
        context,
        media_id=id_at(media, "id"),
        url=text_at(media, "permalink"),
        at=None,
        addressed_by="tag" if body.get("is_mention") else "own_media",
    )


def _comment(
    comment: Mapping[str, Any],
    context: ChannelContext,
    *,
    media_id: str,
    url: str,
    at: datetime | None,
    addressed_by: str,
) -> IncomingPost:
    identifier = id_at(comment, "id")
    if not identifier:
        raise MalformedPayloadError("a comment without an id")
    person = _person_of(comment)
    is_own = is_us(person, context)
    parent, text = id_at(comment, "parent_id"), text_at(comment, "text")
    if _names_us(text, context.handle):
        addressed_by = "tag"
    return IncomingPost(
        platform="instagram",
        external_id=identifier,
        platform_id=identifier,
        form="reply" if parent else "comment",
        text=text,
        author=IncomingAuthor(id_at(person, "id"), handle=text_at(person, "username")),
        created_at=parse_time(comment.get("timestamp")) or at,
        conversation_id=media_id or parent or identifier,
        root_id=media_id,
        in_reply_to=parent or media_id,
        url=url,
        is_own=is_own,
        mentions_us=not is_own,
        is_hidden=flag_of(comment, "hidden"),
        extra=_told_of(comment),
        beside={} if is_own else {"addressed_by": addressed_by},
    )


def _told_of(comment: Mapping[str, Any]) -> Extra:
    """A webhook names the ad under which somebody commented."""
    ad_id = id_at(mapping_at(comment, "media"), "ad_id")
    return Extra(ad_id=ad_id) if ad_id else NOTHING_TOLD


def _person_of(comment: Mapping[str, Any]) -> Mapping[str, Any]:
    """`from` is only told of some people; `username` of more."""
    person = mapping_at(comment, "from")
    return person if text_at(person, "username") else {**person, "username": text_at(comment, "username")}


def _names_us(text: str, handle: str) -> bool:
    handle = handle.removeprefix("@")
    return bool(handle) and re.search(rf"(?<![\w@.])@{re.escape(handle)}(?![\w.]*\w)", text, re.IGNORECASE) is not None


def _read_change(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    """One entry of `changes[]`."""
    field, value = text_at(body, "field"), body.get("value")
    if field in ("comments", "live_comments") and isinstance(value, Mapping):
        media_id, at = id_at(mapping_at(value, "media"), "id"), parse_time(body.get("time"))
        return _comment(value, context, media_id=media_id, url="", at=at, addressed_by="own_media")
    if field == "mentions" and isinstance(value, Mapping):
        names = ("media_id", "comment_id")
        return IncomingNotice("mention_to_fetch", {name: id_at(value, name) for name in names if value.get(name)})
    return IncomingNotice("event_ignored", {"kind": field[:60] or "unknown"})


_READERS: Readers = {
    "media": _read_media,
    "comment": _read_comment,
    "lookup": lambda body, _context: read_lookup("instagram", body),
    "notice": read_notice,
    "change": _read_change,
    "message": lambda body, context: read_message("instagram", body, context),
    "messaging": lambda body, context: read_messaging("instagram", body, context),
}
