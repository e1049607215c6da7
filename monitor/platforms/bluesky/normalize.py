"""Bluesky's records and views in our words. Pure.

A post is known by its AT-URI, a person by their DID; handles change hands. Bluesky's own app edits nothing, so a post
has one version.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
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
from monitor.platforms.payload import id_at, list_at, mapping_at, text_at
from monitor.platforms.reading import Readers, read_update
from monitor.platforms.times import parse_time

_POST_URI = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/app\.bsky\.feed\.post/([A-Za-z0-9._:~-]+)")
_MENTION = "app.bsky.richtext.facet#mention"
#: What moderation services put on posts that must not be shown at all.
_HIDING_LABELS = frozenset({"!hide", "!takedown"})


def normalize(update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
    """Raises MalformedPayloadError."""
    return read_update(_READERS, update, context)


def deep_link(uri: str) -> str:
    """By DID, which outlives every change of the handle."""
    found = _POST_URI.fullmatch(uri)
    return f"https://bsky.app/profile/{found[1]}/post/{found[2]}" if found else ""


def author_of_uri(uri: str) -> str:
    """The DID whose repository holds the post; "" for what is no post's address."""
    found = _POST_URI.fullmatch(uri)
    return found[1] if found else ""


def sort_time(post: Mapping[str, Any]) -> datetime | None:
    """By what Bluesky sorts: the earlier of the time that the app claims and the time of first sight."""
    seen_at = parse_time(post.get("indexedAt"))
    claimed = _claimed_time(mapping_at(post, "record"))
    return min(claimed, seen_at) if claimed and seen_at else claimed or seen_at


def _claimed_time(record: Mapping[str, Any]) -> datetime | None:
    """Any program writes it as it likes; nonsense is no reason to lose the post."""
    try:
        return parse_time(record.get("createdAt"))
    except MalformedPayloadError:
        return None


def _read_post(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    """`post`: a view, or a notification, which has the same names; `context`: views of what it answers and quotes."""
    post, via = mapping_at(body, "post"), text_at(body, "via")
    uri = text_at(post, "uri")
    if not author_of_uri(uri):
        raise MalformedPayloadError("a post without an address")
    if _labels(post) & _HIDING_LABELS:
        return IncomingDeletion("bluesky", uri, reason="withheld")
    record = mapping_at(post, "record")
    reply = mapping_at(record, "reply")
    parent, root = text_at(mapping_at(reply, "parent"), "uri"), text_at(mapping_at(reply, "root"), "uri")
    quoted = quoted_uri(record)
    author = _author(mapping_at(post, "author"), author_of_uri(uri))
    is_own = _is_us(author, context)
    return IncomingPost(
        platform="bluesky",
        external_id=uri,
        platform_id=uri,
        form="reply" if parent else "quote" if quoted else "post",
        text=text_at(record, "text"),
        author=author,
        created_at=sort_time(post),
        conversation_id=root or uri,
        in_reply_to=parent,
        root_id=root or uri,
        url=deep_link(uri),
        language_hint=_language(record),
        is_own=is_own,
        mentions_us=not is_own and (via == "mention" or _mentions(record, context)),
        quotes_us=not is_own and _quotes_us(quoted, via, context),
        attachments=_attachments(post, record),
        beside=_beside(body, parent, quoted, post),
    )


def quoted_uri(record: Mapping[str, Any]) -> str:
    """Address of the post that this one embeds, with or without media beside it; "" where there is none."""
    embed = mapping_at(record, "embed")
    quoted = mapping_at(embed, "record")
    uri = text_at(quoted, "uri") or text_at(mapping_at(quoted, "record"), "uri")
    return uri if author_of_uri(uri) else ""


def _author(profile: Mapping[str, Any], did: str) -> IncomingAuthor:
    verification = mapping_at(profile, "verification")
    handle = text_at(profile, "handle")
    return IncomingAuthor(
        external_id=did,
        # What Bluesky shows for handles that no longer lead to their owner.
        handle="" if handle == "handle.invalid" else handle,
        name=text_at(profile, "displayName"),
        is_verified=verification.get("verifiedStatus") == "valid",
        is_automated="bot" in _labels(profile),
    )


def _labels(labelled: Mapping[str, Any]) -> set[str]:
    """Labels in force; a later one with `neg` takes one back."""
    taken_back = {text_at(each, "val") for each in list_at(labelled, "labels") if each.get("neg") is True}
    return {text_at(each, "val") for each in list_at(labelled, "labels")} - taken_back


def _is_us(author: IncomingAuthor, context: ChannelContext) -> bool:
    """By DID, or by handle: a saved search's own id is nobody's DID."""
    if author.external_id == context.external_id:
        return True
    handle = context.handle.removeprefix("@").casefold()
    return bool(handle) and author.handle.casefold() == handle


def _mentions(record: Mapping[str, Any], context: ChannelContext) -> bool:
    """A mention is a DID in a facet. Where it has none (a search's channel knows only our handle), its words tell."""
    handle = "@" + context.handle.removeprefix("@").casefold()
    text = text_at(record, "text").encode()
    for facet in list_at(record, "facets"):
        if not any(text_at(each, "$type") == _MENTION for each in list_at(facet, "features")):
            continue
        if any(text_at(each, "did") == context.external_id for each in list_at(facet, "features")):
            return True
        if len(handle) > 1 and _slice(text, mapping_at(facet, "index")).casefold() == handle:
            return True
    return False


def _slice(text: bytes, index: Mapping[str, Any]) -> str:
    """Facets count bytes of UTF-8; a place inside a letter gives no match and no error."""
    start, end = index.get("byteStart"), index.get("byteEnd")
    if not isinstance(start, int) or not isinstance(end, int) or start < 0:
        return ""
    return text[start:end].decode("utf-8", "replace")


def _quotes_us(quoted: str, via: str, context: ChannelContext) -> bool:
    return bool(quoted) and (via == "quote" or author_of_uri(quoted) == context.external_id)


def _language(record: Mapping[str, Any]) -> str:
    languages = record.get("langs")
    first = languages[0] if isinstance(languages, list) and languages else ""
    return first[:16] if isinstance(first, str) and first != "und" else ""


def _attachments(post: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """Addresses stand in the view only; a bare record still tells kinds and alternative texts."""
    view = mapping_at(post, "embed") or mapping_at(record, "embed")
    media = mapping_at(view, "media") or view
    found = [Attachment("image", text_at(each, "fullsize"), text_at(each, "alt")) for each in list_at(media, "images")]
    kind = text_at(media, "$type")
    if kind.startswith("app.bsky.embed.video"):
        found.append(Attachment("video", text_at(media, "thumbnail"), text_at(media, "alt")))
    external = mapping_at(media, "external")
    if external:
        found.append(Attachment("link", text_at(external, "uri"), text_at(external, "title")))
    return tuple(found)


def _beside(body: Mapping[str, Any], parent: str, quoted: str, post: Mapping[str, Any]) -> dict[str, Any]:
    """Context of a reply or quote. A parent that is gone or blocked keeps a placeholder that says so."""
    views = {text_at(view, "uri"): view for view in list_at(body, "context")}
    relations = [("replied_to", parent), ("quoted", quoted)]
    related = [_context_post(relation, uri, views.get(uri)) for relation, uri in relations if uri]
    beside: dict[str, Any] = {"context": related} if related else {}
    labels = sorted(_labels(post))
    if labels:
        beside["labels"] = labels[:20]
    return beside


def _context_post(relation: str, uri: str, view: Mapping[str, Any] | None) -> dict[str, str]:
    if view is None:
        return {"relation": relation, "id": uri, "missing": "not_told"}
    if view.get("notFound") is True or view.get("blocked") is True:
        return {"relation": relation, "id": uri, "missing": "blocked" if view.get("blocked") else "deleted"}
    author = _author(mapping_at(view, "author"), author_of_uri(uri))
    told = {"text": text_at(mapping_at(view, "record"), "text"), "author_handle": author.handle}
    return {"relation": relation, "id": uri, "author_id": author.external_id, **told}


def _read_message(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    """`message`: a view; `convo`: id and members of its conversation."""
    message, convo = mapping_at(body, "message"), mapping_at(body, "convo")
    identifier, conversation = id_at(message, "id"), id_at(convo, "id")
    if not identifier or not conversation:
        raise MalformedPayloadError("a message without an id or a conversation")
    if text_at(message, "$type").endswith("#systemMessageView"):
        return IncomingNotice("conversation_event_ignored", {"id": identifier})
    if text_at(message, "$type").endswith("#deletedMessageView"):
        return IncomingDeletion("bluesky", identifier)
    sender = text_at(mapping_at(message, "sender"), "did")
    people = {text_at(person, "did"): person for person in list_at(convo, "members")}
    others = [did for did in people if did and did != context.external_id]
    is_own = bool(sender) and sender == context.external_id
    return IncomingPost(
        platform="bluesky",
        external_id=identifier,
        platform_id=identifier,
        form="direct_message",
        text=text_at(message, "text"),
        author=_author(people.get(sender, {}), sender),
        created_at=parse_time(message.get("sentAt")),
        conversation_id=conversation,
        root_id=conversation,
        is_public=False,
        is_own=is_own,
        attachments=_shared(message),
        beside={"recipient_id": others[0]} if is_own and len(others) == 1 else {},
    )


def _shared(message: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """A message can hold one public post: it may be all that the person sends."""
    uri = text_at(mapping_at(mapping_at(message, "embed"), "record"), "uri")
    return (Attachment("post", deep_link(uri)),) if uri else ()


def _read_deletion(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    identifier = id_at(body, "id")
    if not identifier:
        raise MalformedPayloadError("a deletion without an id")
    return IncomingDeletion("bluesky", identifier, reason=text_at(body, "reason") or "deleted")


def _read_notice(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    return IncomingNotice(text_at(body, "code") or "unknown_event", dict(mapping_at(body, "params")))


def post_update(post: Mapping[str, Any], via: str, views: Iterable[Mapping[str, Any]]) -> RawUpdate:
    """The post with the views of what it answers and quotes, so that it can be read again alone."""
    record = mapping_at(post, "record")
    related = {text_at(mapping_at(mapping_at(record, "reply"), "parent"), "uri"), quoted_uri(record)} - {""}
    body: dict[str, Any] = {"post": post, "via": via}
    kept = [view for view in views if text_at(view, "uri") in related]
    if kept:
        body["context"] = kept
    uri = text_at(post, "uri")
    # What is quoted is in the post's own view, too.
    people = dict.fromkeys(author_of_uri(each) for each in (uri, *sorted(related)))
    return RawUpdate("post", uri, body, tuple(each for each in people if each), tuple(sorted(related)))


def message_update(message: Mapping[str, Any], convo: Mapping[str, Any]) -> RawUpdate:
    people = [text_at(person, "did") for person in list_at(convo, "members")]
    body = {"message": message, "convo": convo}
    return RawUpdate("message", id_at(message, "id"), body, tuple(each for each in people if each))


_READERS: Readers = {
    "post": _read_post,
    "message": _read_message,
    "deletion": _read_deletion,
    "notice": _read_notice,
}
