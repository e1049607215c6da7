"""Facebook's posts, comments and reviews in our words: polled nodes, and webhook changes. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from monitor.platforms.extra import NOTHING_TOLD, Extra, recommendation_in, stars_in
from monitor.platforms.meta.looks import edited_at_of, flag_of, hiding_notice, read_lookup, read_notice
from monitor.platforms.meta.messages import author_of, is_us, read_message, read_messaging
from monitor.platforms.payload import EMPTY, id_at, list_at, mapping_at, text_at
from monitor.platforms.reading import Readers, read_update
from monitor.platforms.times import parse_time

_POST_ITEMS = frozenset({"post", "status", "photo", "video", "share", "album", "note", "link"})
_WRITTEN = frozenset({"add", "edit", "edited", "update"})


def normalize(update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
    """Raises MalformedPayloadError."""
    return read_update(_READERS, update, context)


def _read_feed_post(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    post = mapping_at(body, "post")
    identifier = id_at(post, "id")
    if not identifier:
        raise MalformedPayloadError("a post without an id")
    person = mapping_at(post, "from")
    return _public_post(
        context,
        identifier=identifier,
        form="post",
        text=text_at(post, "message"),
        person=person,
        created_at=parse_time(post.get("created_time")),
        conversation=identifier,
        url=text_at(post, "permalink_url"),
        attachments=_node_attachments(mapping_at(post, "attachments")),
        tags=list_at(post, "message_tags"),
        edited_at=edited_at_of(body),
        is_hidden=flag_of(post, "is_hidden"),
        extra=_told_of(body),
        addressed_by=_addressed_by(body),
    )


def _read_comment(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    comment = mapping_at(body, "comment")
    identifier = id_at(comment, "id")
    if not identifier:
        raise MalformedPayloadError("a comment without an id")
    root = id_at(mapping_at(body, "post"), "id")
    parent = id_at(mapping_at(comment, "parent"), "id")
    attachment = mapping_at(comment, "attachment")
    may_write = comment.get("can_reply_privately") is True
    return _public_post(
        context,
        identifier=identifier,
        form="reply" if parent else "comment",
        text=text_at(comment, "message"),
        person=mapping_at(comment, "from"),
        created_at=parse_time(comment.get("created_time")),
        conversation=root or identifier,
        in_reply_to=parent or root,
        url=text_at(comment, "permalink_url"),
        attachments=_node_attachments({"data": [attachment]}) if attachment else (),
        tags=list_at(comment, "message_tags"),
        edited_at=edited_at_of(body),
        is_hidden=flag_of(comment, "is_hidden"),
        extra=_told_of(body),
        addressed_by=_addressed_by(body),
        beside={"can_reply_privately": True} if may_write else {},
    )


def _read_lookup(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    """A post or comment as it reads now; of its place a look-up tells nothing. No words at all may be no right to them,
    and are no edit."""
    node = mapping_at(body, "lookup")
    if body.get("is_gone") is True or not text_at(node, "message"):
        return read_lookup("facebook", body)
    return replace(
        _public_post(
            context,
            identifier=id_at(node, "id"),
            form="comment",
            text=text_at(node, "message"),
            person=mapping_at(node, "from"),
            created_at=parse_time(node.get("created_time")),
            conversation="",
            is_hidden=flag_of(node, "is_hidden"),
        ),
        # What is there now is later than whatever was pushed.
        version=2,
    )


def _told_of(body: Mapping[str, Any]) -> Extra:
    """The ad under which it was read."""
    return Extra(ad_id=id_at(body, "ad_id")) if body.get("ad_id") else NOTHING_TOLD


def _addressed_by(body: Mapping[str, Any]) -> str:
    return "tag" if body.get("is_tagged") is True else ""


def _read_rating(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    """A review or recommendation; it is known by the story that it made, as in webhooks."""
    rating = mapping_at(body, "rating")
    identifier = id_at(rating, "id")
    if not identifier:
        raise MalformedPayloadError("a review without an id")
    return _review(
        identifier,
        text=text_at(rating, "review_text"),
        author=author_of(mapping_at(rating, "reviewer")),
        created_at=parse_time(rating.get("created_time")),
        edited_at=edited_at_of(body),
        rating=text_at(rating, "rating"),
        recommends=text_at(rating, "recommendation_type"),
    )


def _review(
    identifier: str,
    *,
    text: str,
    author: IncomingAuthor,
    created_at: datetime | None,
    edited_at: datetime | None,
    rating: str,
    recommends: str,
) -> IncomingPost:
    return IncomingPost(
        platform="facebook",
        external_id=identifier,
        platform_id=identifier,
        form="review",
        text=text,
        author=author,
        created_at=created_at,
        conversation_id=identifier,
        root_id=identifier,
        url=deep_link(identifier),
        mentions_us=True,
        edited_at=edited_at,
        version=2 if edited_at else 1,
        extra=Extra(stars=stars_in(rating), recommends=recommendation_in(recommends)),
    )


def _public_post(
    context: ChannelContext,
    *,
    identifier: str,
    form: str,
    text: str,
    person: Mapping[str, Any],
    created_at: datetime | None,
    conversation: str,
    in_reply_to: str = "",
    url: str = "",
    attachments: tuple[Attachment, ...] = (),
    tags: Sequence[Mapping[str, Any]] = (),
    extra: Extra = NOTHING_TOLD,
    addressed_by: str = "",
    beside: Mapping[str, Any] = EMPTY,
    edited_at: datetime | None = None,
    is_hidden: bool | None = None,
) -> IncomingPost:
    """What people say on the brand's own page is addressed to the brand, whether they tag it or not."""
    is_own = is_us(person, context)
    is_tagged = any(id_at(tag, "id") == context.external_id for tag in tags)
    return IncomingPost(
        platform="facebook",
        external_id=identifier,
        platform_id=identifier,
        form=form,
        text=text,
        author=author_of(person),
        created_at=created_at,
        conversation_id=conversation,
        root_id=conversation,
        in_reply_to=in_reply_to,
        url=url or deep_link(identifier),
        is_own=is_own,
        mentions_us=not is_own,
        edited_at=edited_at,
        version=2 if edited_at else 1,
        attachments=attachments,
        is_hidden=is_hidden,
        extra=extra,
        beside=dict(beside)
        if is_own
        else {"addressed_by": addressed_by or ("tag" if is_tagged else "own_page"), **beside},
    )


def deep_link(identifier: str) -> str:
    return f"https://www.facebook.com/{identifier}" if identifier else ""


def _node_attachments(attachments: Mapping[str, Any]) -> tuple[Attachment, ...]:
    found = []
    for each in list_at(attachments, "data"):
        image = mapping_at(mapping_at(each, "media"), "image")
        kind = text_at(each, "media_type") or text_at(each, "type") or "media"
        alt_text = text_at(each, "title") or text_at(each, "description")
        found.append(Attachment(kind, url=text_at(image, "src") or text_at(each, "url"), alt_text=alt_text))
    return tuple(found)


def _read_change(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    """One entry of `changes[]`. Fields and verbs that nobody documents yet are counted, not guessed at."""
    field, value = text_at(body, "field"), body.get("value")
    reader = {"feed": _feed_change, "mention": _mention_change, "ratings": _rating_change}.get(field)
    if reader is None or not isinstance(value, Mapping):
        return IncomingNotice("event_ignored", {"kind": field[:60] or "unknown"})
    return reader(value, parse_time(body.get("time")), context)


def _feed_change(value: Mapping[str, Any], at: datetime | None, context: ChannelContext) -> PlatformEvent:
    thing, verb = text_at(value, "item"), text_at(value, "verb")
    identifier = id_at(value, "comment_id") if thing == "comment" else id_at(value, "post_id")
    if (thing != "comment" and thing not in _POST_ITEMS) or not identifier:
        return _ignored("feed", thing, verb)
    if verb in ("remove", "delete"):
        return IncomingDeletion("facebook", identifier, deleted_at=at)
    if verb in ("hide", "unhide"):
        return hiding_notice(identifier, is_hidden=verb == "hide", at=at)
    if verb not in _WRITTEN:
        return _ignored("feed", thing, verb)
    created_at = parse_time(value.get("created_time")) or (at if verb == "add" else None)
    return _changed_post(
        value, context, identifier=identifier, created_at=created_at, edited_at=None if verb == "add" else at
    )


def _changed_post(
    value: Mapping[str, Any],
    context: ChannelContext,
    *,
    identifier: str,
    created_at: datetime | None,
    edited_at: datetime | None,
    is_tagged: bool = False,
) -> IncomingPost:
    is_comment = text_at(value, "item") == "comment" or bool(value.get("comment_id"))
    root, parent = id_at(value, "post_id") or identifier, id_at(value, "parent_id")
    form = "post" if not is_comment else "comment" if parent in ("", root) else "reply"
    return _public_post(
        context,
        identifier=identifier,
        form=form,
        text=text_at(value, "message"),
        person=_person_of(value),
        created_at=created_at,
        edited_at=edited_at,
        conversation=root,
        in_reply_to=(parent or root) if is_comment else "",
        url=text_at(mapping_at(value, "post"), "permalink_url"),
        attachments=_change_attachments(value),
        extra=_ad_of_change(value),
        addressed_by="tag" if is_tagged else "",
    )


def _ad_of_change(value: Mapping[str, Any]) -> Extra:
    """A comment can stand under an unpublished post only where an ad shows that; reading names it by the same id."""
    post = value.get("post")
    is_ad = isinstance(post, Mapping) and post.get("is_published") is False and bool(value.get("comment_id"))
    return Extra(ad_id=id_at(value, "post_id")) if is_ad else NOTHING_TOLD


def _person_of(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """`from` since v2.11, before that `sender_id` and `sender_name`."""
    person = mapping_at(value, "from")
    return person or {"id": id_at(value, "sender_id"), "name": text_at(value, "sender_name")}


def _change_attachments(value: Mapping[str, Any]) -> tuple[Attachment, ...]:
    photos = value.get("photos")
    urls = [each for each in photos if isinstance(each, str)] if isinstance(photos, list) else []
    found = [Attachment("photo", url=url) for url in urls]
    for name in ("photo", "video", "link"):
        if isinstance(value.get(name), str):
            found.append(Attachment(name, url=text_at(value, name)))
    return tuple(found)


def _mention_change(value: Mapping[str, Any], at: datetime | None, context: ChannelContext) -> PlatformEvent:
    """Somebody named the page elsewhere. The text may be missing: the connector then fetches it by id."""
    identifier = id_at(value, "comment_id") or id_at(value, "post_id")
    if not identifier or text_at(value, "verb") not in _WRITTEN:
        return _ignored("mention", text_at(value, "item"), text_at(value, "verb"))
    if not text_at(value, "message"):
        names = ("post_id", "comment_id")
        return IncomingNotice("mention_to_fetch", {name: id_at(value, name) for name in names if value.get(name)})
    created_at = parse_time(value.get("created_time")) or at
    return _changed_post(value, context, identifier=identifier, created_at=created_at, edited_at=None, is_tagged=True)


def _rating_change(value: Mapping[str, Any], at: datetime | None, context: ChannelContext) -> PlatformEvent:
    thing, verb = text_at(value, "item"), text_at(value, "verb")
    if thing == "comment":
        return _feed_change(value, at, context)
    identifier = id_at(value, "open_graph_story_id")
    if thing != "rating" or not identifier:
        return _ignored("ratings", thing, verb)
    if verb == "remove":
        return IncomingDeletion("facebook", identifier, deleted_at=at)
    if verb not in _WRITTEN:
        return _ignored("ratings", thing, verb)
    return _review(
        identifier,
        text=text_at(value, "review_text"),
        author=IncomingAuthor(id_at(value, "reviewer_id"), name=text_at(value, "reviewer_name")),
        created_at=parse_time(value.get("created_time")) or (at if verb == "add" else None),
        edited_at=None if verb == "add" else at,
        rating=text_at(value, "rating"),
        recommends=text_at(value, "recommendation_type"),
    )


def _ignored(field: str, thing: str, verb: str) -> IncomingNotice:
    return IncomingNotice("event_ignored", {"kind": ".".join(part for part in (field, thing, verb) if part)[:60]})


_READERS: Readers = {
    "feed_post": _read_feed_post,
    "comment": _read_comment,
    "rating": _read_rating,
    "lookup": _read_lookup,
    "notice": read_notice,
    "change": _read_change,
    "message": lambda body, context: read_message("facebook", body, context),
    "messaging": lambda body, context: read_messaging("facebook", body, context),
}
