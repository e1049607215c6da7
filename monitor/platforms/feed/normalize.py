"""From an entry of a feed to a post in our words. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
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
from monitor.platforms.extra import Extra, stars_in
from monitor.platforms.feed.address import host_of, scoped_id, web_address
from monitor.platforms.html_text import text_of, tidy
from monitor.platforms.payload import text_at
from monitor.platforms.reading import Readers, read_update
from monitor.platforms.times import parse_time

PLATFORM_CODE = "feed"
# Who writes here speaks to the brand, not only of it.
ADDRESSED_KINDS = ("forum", "reviews")
_MEDIA_KINDS = ("image", "audio", "video", "file")


def normalize(update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
    """Raises MalformedPayloadError."""
    return read_update(_READERS, update, context)


def words_of(entry: Mapping[str, Any]) -> str:
    """What a reader sees: the title and the text, the title only where the text does not begin with it."""
    title, body = _words(entry, "title"), _words(entry, "body")
    stem = title.removesuffix("…").removesuffix("...").rstrip()
    if not title or (body and " ".join(body.split()).startswith(" ".join(stem.split()))):
        return body
    return f"{title}\n\n{body}" if body else title


def author_id(entry: Mapping[str, Any], context: ChannelContext) -> str:
    """The address of the author's page; where none is told the name, at this site. "" where nobody is named."""
    url, name = text_at(entry, "author_url"), " ".join(text_at(entry, "author").split())
    return url or (f"{host_of(context.external_id)}/{name.casefold()}" if name else "")


def _words(entry: Mapping[str, Any], name: str) -> str:
    text = text_at(entry, name)
    return tidy(text) if text_at(entry, f"{name}_kind") in ("", "text/plain") else text_of(text)


def _read_entry(body: Mapping[str, Any], context: ChannelContext) -> IncomingPost:
    external_id = text_at(body, "external_id")
    text, attachments = words_of(body), _attachments(body)
    if not external_id or not (text or attachments):
        raise MalformedPayloadError("an entry without id or words")
    author = IncomingAuthor(external_id=author_id(body, context), name=" ".join(text_at(body, "author").split()))
    parent = text_at(body, "in_reply_to")
    parent_id = scoped_id(parent, context.external_id) if parent else ""
    is_own = bool(context.handle) and author.name.casefold() == context.handle.removeprefix("@").casefold()
    created_at, edited_at = _times(body)
    told = Extra(stars=stars_in(text_at(body, "rating")), app_version=text_at(body, "app_version"))
    return IncomingPost(
        platform=PLATFORM_CODE,
        external_id=external_id,
        form=_form(context, told, parent_id),
        text=text,
        author=author,
        created_at=created_at,
        conversation_id=parent_id or external_id,
        in_reply_to=parent_id,
        root_id=parent_id or external_id,
        platform_id=external_id,
        is_id_made=body.get("is_id_made") is True,
        url=web_address(text_at(body, "link")),
        language_hint=text_at(body, "language"),
        is_own=is_own,
        own_by="native_app" if is_own else "",
        mentions_us=context.kind in ADDRESSED_KINDS and not is_own,
        edited_at=edited_at,
        attachments=attachments,
        extra=told,
    )


def _form(context: ChannelContext, told: Extra, parent_id: str) -> str:
    if context.kind == "reviews" or told.stars is not None:
        return "review"
    return "comment" if parent_id else "post"


def _times(body: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """When it was written and when it was changed. Most entries tell the same moment twice: that is no edit."""
    published, updated = parse_time(body.get("published")), parse_time(body.get("updated"))
    noticed = parse_time(body.get("changed_at"))
    created_at = published or updated
    if noticed is not None or created_at is None or updated is None:
        return created_at, noticed
    return created_at, updated if updated > created_at + timedelta(seconds=1) else None


def _attachments(body: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """Kinds only: addresses of sounds, films and pictures are not kept."""
    kinds = body.get("media")
    listed = kinds if isinstance(kinds, list) else []
    return tuple(Attachment(kind) for kind in listed if isinstance(kind, str) and kind in _MEDIA_KINDS)


def _read_deletion(body: Mapping[str, Any], _context: ChannelContext) -> IncomingDeletion:
    external_id = text_at(body, "external_id")
    if not external_id:
        raise MalformedPayloadError("a deletion of nothing")
    return IncomingDeletion(PLATFORM_CODE, external_id, deleted_at=parse_time(body.get("when")))


def _read_notice(body: Mapping[str, Any], _context: ChannelContext) -> IncomingNotice:
    return IncomingNotice(text_at(body, "code") or "unknown", {"to": text_at(body, "to")})


_READERS: Readers = {"entry": _read_entry, "deletion": _read_deletion, "notice": _read_notice}
