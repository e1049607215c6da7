"""Mastodon's statuses in our words. Pure.

A post is known by its ActivityPub address (`uri`): every instance that shows it agrees on that, while `id` is the
instance's own. https://docs.joinmastodon.org/entities/Status/
"""

import html
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

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
from monitor.platforms.times import parse_time

_PUBLIC = frozenset({"public", "unlisted"})
# https://docs.joinmastodon.org/spec/activitypub/#sanitization
_PARAGRAPHS = frozenset({"p", "blockquote", "pre", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"})
_LEFT_OUT = frozenset({"script", "style"})
_VOID = frozenset({"br", "img", "hr", "wbr", "input"})
# What writing.py puts before our answers: the answer itself comes after it.
_LEADING_NAMES = re.compile(r"^(?:@\w+(?:@[\w.-]*\w)?\s+)+")
_TAG = re.compile(r"""<(?P<end>/?)(?P<name>[a-zA-Z][\w-]*)(?P<rest>(?:[^<>"']|"[^"]*"|'[^']*')*)>""")
_SPACES = re.compile(r"[ \t\r\f\v\n]+")


def normalize(update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
    """Raises MalformedPayloadError."""
    return read_update(_READERS, update, context)


def instance_of(context: ChannelContext) -> str:
    """The address that all calls go to: the channel's own, or the one that was given with its credentials."""
    if context.api_url:
        return context.api_url.rstrip("/")
    given = context.credentials.get("instance", "").strip().rstrip("/")
    return given if not given or "://" in given else f"https://{given}"


def address_of(status: Mapping[str, Any]) -> str:
    """What all instances call this post."""
    return text_at(status, "uri") or text_at(status, "url") or id_at(status, "id")


def is_public(status: Mapping[str, Any]) -> bool:
    """Followers-only posts are no more for everybody's eyes than direct ones."""
    return text_at(status, "visibility") in _PUBLIC


def is_us(profile: Mapping[str, Any], context: ChannelContext) -> bool:
    """By id on our own instance, or by handle: a saved search may ask another instance, which has other ids."""
    if context.kind != "search" and context.external_id and id_at(profile, "id") == context.external_id:
        return True
    handle = context.handle.removeprefix("@").casefold()
    named = text_at(profile, "acct").casefold()
    if "@" in handle and "@" not in named:
        named = f"{named}@{_host_of(profile)}"
    return bool(handle) and named == handle


def _host_of(profile: Mapping[str, Any]) -> str:
    try:
        return urlsplit(text_at(profile, "uri") or text_at(profile, "url")).hostname or ""
    except ValueError:
        return ""


def _read_status(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    status, thread = mapping_at(body, "status"), mapping_at(body, "thread")
    platform_id = id_at(status, "id")
    if not platform_id:
        raise MalformedPayloadError("a status without an id")
    if mapping_at(status, "reblog"):
        return IncomingNotice("repost_ignored", {"id": platform_id})
    profile, is_open = mapping_at(status, "account"), is_public(status)
    is_own = is_us(profile, context)
    parent_id = id_at(status, "in_reply_to_id")
    edited_at = parse_time(status.get("edited_at"))
    key = text_at(thread, "key") or address_of(status)
    return IncomingPost(
        platform="mastodon",
        external_id=address_of(status),
        # Ids of the instance that a search asks mean nothing to the account that answers.
        platform_id=address_of(status) if context.kind == "search" else platform_id,
        form=_form(status, parent_id) if is_open else "direct_message",
        text=_LEADING_NAMES.sub("", text_of(status)) if is_own and parent_id else text_of(status),
        author=_author(profile, context, is_own=is_own),
        created_at=parse_time(status.get("created_at")),
        conversation_id=key,
        in_reply_to=_parent_of(parent_id, thread, context),
        root_id=key,
        url=_page_of(status, context),
        language_hint=text_at(status, "language").partition("-")[0],
        is_public=is_open,
        is_own=is_own,
        mentions_us=not is_own and any(is_us(each, context) for each in list_at(status, "mentions")),
        quotes_us=not is_own and is_us(mapping_at(quoted_of(status), "account"), context),
        edited_at=edited_at,
        version=2 if edited_at else 1,
        attachments=tuple(_attachment(each) for each in list_at(status, "media_attachments")),
        beside=_beside(status, thread, is_own=is_own),
    )


def _parent_of(parent_id: str, thread: Mapping[str, Any], context: ChannelContext) -> str:
    parent = mapping_at(thread, "parent")
    return address_of(parent) if parent else parent_id if context.kind != "search" else ""


def _form(status: Mapping[str, Any], parent_id: str) -> str:
    if parent_id:
        return "reply"
    return "quote" if mapping_at(status, "quote") else "post"


def text_of(status: Mapping[str, Any]) -> str:
    """The words, after the warning that stands before them where there is one, and a poll's choices."""
    warning = text_at(status, "spoiler_text").strip()
    choices = [text_at(each, "title").strip() for each in list_at(mapping_at(status, "poll"), "options")]
    parts = [warning, plain_text(text_at(status, "content")), "\n".join(f"- {each}" for each in choices if each)]
    return "\n\n".join(part for part in parts if part)


def plain_text(content: str) -> str:
    """Paragraphs become empty lines, `<br>` a new line, list entries a dash; links show their whole address.

    Instances cut addresses for the eye with hidden parts, which are read here. The line that stands in for a quote on
    instances that know no quotes (`quote-inline`) is left out.
    """
    reader, end = _Reader(), 0
    for tag in _TAG.finditer(content):
        reader.add(html.unescape(content[end : tag.start()]))
        reader.turn(tag["name"].lower(), tag["rest"], is_end=bool(tag["end"]))
        end = tag.end()
    reader.add(html.unescape(content[end:]))
    lines = (line.strip(" ") for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self._hidden: list[str] = []
        self._preformatted = 0

    def turn(self, tag: str, rest: str, *, is_end: bool) -> None:
        if self._hidden:
            self._turn_hidden(tag, is_end=is_end)
        elif tag in _PARAGRAPHS:
            self.parts.append("\n\n")
            self._preformatted = max(0, self._preformatted + (tag == "pre") * (-1 if is_end else 1))
        if self._hidden or is_end:
            return
        if tag in _LEFT_OUT or "quote-inline" in rest:
            self._hidden.append(tag)
        elif tag in ("br", "li"):
            self.parts.append("\n" if tag == "br" else "\n- ")

    def _turn_hidden(self, tag: str, *, is_end: bool) -> None:
        if not is_end and tag not in _VOID:
            self._hidden.append(tag)
        elif is_end and tag in self._hidden:
            while self._hidden.pop() != tag:
                pass

    def add(self, text: str) -> None:
        if text and not self._hidden:
            self.parts.append(text if self._preformatted else _SPACES.sub(" ", text))


def _author(profile: Mapping[str, Any], context: ChannelContext, *, is_own: bool) -> IncomingAuthor:
    """People are known by address, as posts are. We are known by the channel's id, as what we send is."""
    address = text_at(profile, "uri") or text_at(profile, "url") or id_at(profile, "id")
    fields = list_at(profile, "fields")
    return IncomingAuthor(
        external_id=context.external_id if is_own and context.kind != "search" else address,
        handle=text_at(profile, "acct"),
        name=text_at(profile, "display_name") or text_at(profile, "username"),
        followers=number_at(profile, "followers_count"),
        is_verified=any(each.get("verified_at") for each in fields),
        is_automated=profile.get("bot") is True,
        joined_at=_joined_at(profile),
    )


def _joined_at(profile: Mapping[str, Any]) -> datetime | None:
    """Of people of the same instance only: for others it may be the day on which the instance first heard of them."""
    if "@" in text_at(profile, "acct"):
        return None
    try:
        return parse_time(profile.get("created_at"))
    except MalformedPayloadError:
        return None  # no reason to lose the post


def _page_of(status: Mapping[str, Any], context: ChannelContext) -> str:
    """Where a person can answer: the post as our own instance shows it. A saved search is nobody's instance."""
    instance, acct = instance_of(context), text_at(mapping_at(status, "account"), "acct")
    if context.kind != "search" and instance and acct:
        return f"{instance}/@{acct}/{id_at(status, 'id')}"
    return text_at(status, "url") or address_of(status)


def quoted_of(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """The quoted post; empty where its author has not allowed it, or it is gone."""
    quote = mapping_at(status, "quote")
    # Relatives of Mastodon put the quoted post itself there.
    return mapping_at(quote, "quoted_status") or (quote if "account" in quote else {})


def _attachment(media: Mapping[str, Any]) -> Attachment:
    url = text_at(media, "url") or text_at(media, "remote_url")
    return Attachment(text_at(media, "type") or "media", url=url, alt_text=text_at(media, "description"))


def _beside(status: Mapping[str, Any], thread: Mapping[str, Any], *, is_own: bool) -> dict[str, Any]:
    related = []
    parent_id, quote = id_at(status, "in_reply_to_id"), mapping_at(status, "quote")
    if parent_id:
        related.append(_context_post("replied_to", parent_id, mapping_at(thread, "parent"), "not_told"))
    if quote:
        quoted = quoted_of(status)
        identifier = id_at(quoted, "id") or id_at(quote, "quoted_status_id")
        related.append(_context_post("quoted", identifier, quoted, text_at(quote, "state") or "not_told"))
    beside: dict[str, Any] = {"visibility": text_at(status, "visibility")}
    if related:
        beside["context"] = related
    if warning := text_at(status, "spoiler_text").strip():
        beside["content_warning"] = warning
    if status.get("sensitive") is True:
        beside["is_sensitive"] = True
    if is_own and not is_public(status) and (others := list_at(status, "mentions")):
        beside["recipient_id"] = id_at(others[0], "id")
    return beside


def _context_post(relation: str, identifier: str, status: Mapping[str, Any], missing: str) -> dict[str, str]:
    """What an answer or a quote refers to. One that is gone or closed keeps a placeholder that says why."""
    if not status:
        return {"relation": relation, "id": identifier, "missing": missing}
    profile = mapping_at(status, "account")
    return {
        "relation": relation,
        "id": identifier,
        "text": text_of(status),
        "author_id": text_at(profile, "uri") or text_at(profile, "url"),
        "author_handle": text_at(profile, "acct"),
    }


def _read_deletion(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    address = text_at(body, "uri")
    if not address:
        raise MalformedPayloadError("a deletion without an address")
    return IncomingDeletion("mastodon", address)


def _read_notification(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    """A notification whose post is gone, or of a kind that has none."""
    return IncomingNotice("notification_ignored", {"id": id_at(body, "id"), "kind": text_at(body, "type")})


def _read_notice(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    return IncomingNotice(text_at(body, "code") or "unknown_event", {"account": text_at(body, "account")})


_READERS: Readers = {
    "status": _read_status,
    "deletion": _read_deletion,
    "notification": _read_notification,
    "notice": _read_notice,
}
