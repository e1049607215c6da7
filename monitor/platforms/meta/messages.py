"""Messenger and Instagram messages in our words: polled ones, and webhook events. Pure.

A webhook does not name the thread, a poll does; both know the customer's scoped id. A conversation is therefore
called "<our id>-<customer's id>" and the thread's id is told in `beside`.
"""

from collections.abc import Mapping
from typing import Any

from monitor.platforms.base import (
    Attachment,
    ChannelContext,
    IncomingAuthor,
    IncomingDeletion,
    IncomingNotice,
    IncomingPost,
    PlatformEvent,
)
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.extra import NOTHING_TOLD, Extra
from monitor.platforms.meta.stories import NEVER_STORED
from monitor.platforms.payload import id_at, list_at, mapping_at, number_at, text_at
from monitor.platforms.times import parse_time

_IGNORED_EVENTS = (
    "reaction", "read", "delivery", "optin", "referral", "account_linking", "pass_thread_control",
    "take_thread_control", "request_thread_control", "policy-enforcement", "payment", "checkout_update",
    "app_roles", "game_play", "response_feedback",
)  # fmt: skip


def read_message(platform: str, body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    """A polled message: `message` as Graph gave it, `thread` the id and participants of its conversation."""
    message, thread = mapping_at(body, "message"), mapping_at(body, "thread")
    identifier = id_at(message, "id")
    if not identifier:
        raise MalformedPayloadError("a message without an id")
    sender = mapping_at(message, "from")
    is_own = is_us(sender, context)
    customer = _customer_of(message, thread, context)
    attachments = _polled_attachments(message)
    return IncomingPost(
        platform=platform,
        external_id=identifier,
        platform_id=identifier,
        form=_form(attachments),
        text=text_at(message, "message"),
        author=author_of(sender),
        created_at=parse_time(message.get("created_time")),
        conversation_id=conversation_id(context, customer),
        root_id=conversation_id(context, customer),
        is_public=False,
        is_own=is_own,
        attachments=attachments,
        beside=_without_blanks({"thread_id": id_at(thread, "id"), "recipient_id": customer if is_own else ""}),
    )


def author_of(person: Mapping[str, Any]) -> IncomingAuthor:
    """`from` is null for people whom Meta does not tell us about: their id stays empty."""
    return IncomingAuthor(
        external_id=id_at(person, "id"), handle=text_at(person, "username"), name=text_at(person, "name")
    )


def is_us(person: Mapping[str, Any], context: ChannelContext) -> bool:
    ours = {context.external_id, context.credentials.get("page_id", "")} - {""}
    if id_at(person, "id") in ours:
        return True
    handle = context.handle.removeprefix("@").casefold()
    return bool(handle) and text_at(person, "username").casefold() == handle


def conversation_id(context: ChannelContext, customer: str) -> str:
    return f"{context.external_id}-{customer}" if customer else ""


def _customer_of(message: Mapping[str, Any], thread: Mapping[str, Any], context: ChannelContext) -> str:
    people = [mapping_at(message, "from")]
    people += list_at(mapping_at(message, "to"), "data")
    people += list_at(mapping_at(thread, "participants"), "data")
    others = [id_at(person, "id") for person in people if person and not is_us(person, context)]
    return next((each for each in others if each), "")


def _polled_attachments(message: Mapping[str, Any]) -> tuple[Attachment, ...]:
    story = mapping_at(message, "story")
    found = [Attachment("story_mention")] if story.get("mention") else []
    if story.get("reply_to"):
        found.append(Attachment("story_reply"))
    for each in list_at(mapping_at(message, "attachments"), "data"):
        image = mapping_at(each, "image_data") or mapping_at(each, "video_data")
        url = text_at(each, "file_url") or text_at(image, "url")
        found.append(Attachment(text_at(each, "mime_type") or "media", url=url, alt_text=text_at(each, "name")))
    if message.get("sticker"):
        found.append(Attachment("sticker"))
    return tuple(found)


def _form(attachments: tuple[Attachment, ...]) -> str:
    return "story_mention" if any(each.kind == "story_mention" for each in attachments) else "direct_message"


def read_messaging(platform: str, body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    """One entry of `messaging[]` or `standby[]` of a webhook."""
    event = mapping_at(body, "event")
    if event.get("message") is not None:
        return _message_event(platform, event, mapping_at(event, "message"), context)
    if event.get("message_edit") is not None:
        return _edit_event(platform, event, mapping_at(event, "message_edit"), context)
    if event.get("postback") is not None:
        return _postback_event(platform, event, mapping_at(event, "postback"), context)
    kind = next((name for name in _IGNORED_EVENTS if name in event), "unknown")
    return IncomingNotice("event_ignored", {"kind": f"messaging.{kind}"})


def _message_event(
    platform: str, event: Mapping[str, Any], message: Mapping[str, Any], context: ChannelContext
) -> PlatformEvent:
    identifier = id_at(message, "mid")
    if not identifier:
        raise MalformedPayloadError("a message without an id")
    if message.get("is_deleted") is True:
        return IncomingDeletion(platform, identifier, deleted_at=parse_time(event.get("timestamp")))
    attachments = _webhook_attachments(message)
    return _direct_message(
        platform,
        event,
        context,
        identifier=identifier,
        text=text_at(message, "text"),
        form=_form(attachments),
        attachments=attachments,
        is_echo=message.get("is_echo") is True,
        app_id=id_at(message, "app_id"),
        in_reply_to=id_at(mapping_at(message, "reply_to"), "mid"),
    )


def _edit_event(
    platform: str, event: Mapping[str, Any], edit: Mapping[str, Any], context: ChannelContext
) -> PlatformEvent:
    identifier = id_at(edit, "mid")
    if not identifier:
        raise MalformedPayloadError("an edit without an id")
    edited_at = parse_time(event.get("timestamp"))
    version = 1 + (number_at(edit, "num_edit") or 1)
    text = text_at(edit, "text")
    return _direct_message(
        platform, event, context, identifier=identifier, text=text, edited_at=edited_at, version=version
    )


def _postback_event(
    platform: str, event: Mapping[str, Any], postback: Mapping[str, Any], context: ChannelContext
) -> PlatformEvent:
    """A tapped button speaks for the person when it has words; without them there is nothing to answer."""
    identifier, title = id_at(postback, "mid"), text_at(postback, "title")
    if not identifier or not title:
        return IncomingNotice("event_ignored", {"kind": "messaging.postback"})
    return _direct_message(platform, event, context, identifier=identifier, text=title)


def _direct_message(
    platform: str,
    event: Mapping[str, Any],
    context: ChannelContext,
    *,
    identifier: str,
    text: str,
    form: str = "direct_message",
    attachments: tuple[Attachment, ...] = (),
    is_echo: bool = False,
    app_id: str = "",
    in_reply_to: str = "",
    edited_at: Any = None,
    version: int = 1,
) -> IncomingPost:
    sender, recipient = mapping_at(event, "sender"), mapping_at(event, "recipient")
    is_own = is_echo or is_us(sender, context)
    # Documented echoes name the page as sender; older samples name it as recipient.
    customer = id_at(recipient if is_us(sender, context) else sender, "id")
    conversation = conversation_id(context, customer)
    return IncomingPost(
        platform=platform,
        external_id=identifier,
        platform_id=identifier,
        form=form,
        text=text,
        author=IncomingAuthor(context.external_id) if is_own else author_of(sender),
        created_at=None if edited_at else parse_time(event.get("timestamp")),
        conversation_id=conversation,
        root_id=conversation,
        in_reply_to=in_reply_to,
        is_public=False,
        is_own=is_own,
        own_by=_own_by(app_id, context) if is_own else "",
        edited_at=edited_at,
        version=version,
        attachments=attachments,
        extra=_told_of(event),
        beside=_without_blanks({"recipient_id": customer if is_own else "", "app_id": app_id}),
    )


def _own_by(app_id: str, context: ChannelContext) -> str:
    if not app_id:
        return "native_app"
    return "us" if app_id in context.app_ids else "other_tool"


def _webhook_attachments(message: Mapping[str, Any]) -> tuple[Attachment, ...]:
    found = [Attachment("unsupported")] if message.get("is_unsupported") is True else []
    if mapping_at(message, "reply_to").get("story"):
        found.append(Attachment("story_reply"))
    for each in list_at(message, "attachments"):
        kind = text_at(each, "type") or "media"
        payload = each.get("payload")
        payload = payload if isinstance(payload, Mapping) else {}
        url = "" if kind in NEVER_STORED else text_at(payload, "url") or text_at(each, "url")
        found.append(Attachment(kind, url=url, alt_text=text_at(payload, "title") or text_at(each, "title")))
    return tuple(found)


def _told_of(event: Mapping[str, Any]) -> Extra:
    """The first message of somebody who came by an ad that opens a chat says by which. What else there is of a
    referral is no reason to put the message aside."""
    for source in (event.get("message"), event.get("postback"), event):
        referral = source.get("referral") if isinstance(source, Mapping) else None
        ad_id = referral.get("ad_id") if isinstance(referral, Mapping) else None
        if isinstance(ad_id, str | int) and ad_id and not isinstance(ad_id, bool):
            return Extra(ad_id=str(ad_id))
    return NOTHING_TOLD


def _without_blanks(beside: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in beside.items() if value}
