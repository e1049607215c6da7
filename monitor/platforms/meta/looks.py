"""What a look at posts that are known finds: edits, hiding, and what is gone. Pure; Facebook and Instagram alike."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.platforms.base import ChannelContext, IncomingDeletion, IncomingNotice, PlatformEvent
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.payload import id_at, mapping_at, text_at
from monitor.platforms.times import parse_time


def edited_at_of(body: Mapping[str, Any]) -> datetime | None:
    """When we noticed that the words had changed; None where they had not."""
    return parse_time(body.get("noticed_at")) if body.get("change") == "text" else None


def hiding_notice(identifier: str, *, is_hidden: bool, at: datetime | None) -> IncomingNotice:
    """`at` is empty for what is so now."""
    code = "post_hidden" if is_hidden else "post_unhidden"
    return IncomingNotice(code, {"id": identifier, "at": at.isoformat() if at else ""})


def flag_of(node: Mapping[str, Any], name: str) -> bool | None:
    """None where Meta does not say."""
    value = node.get(name)
    return value if isinstance(value, bool) else None


def read_lookup(platform: str, body: Mapping[str, Any]) -> PlatformEvent:
    """One post that was looked up by its id: gone, or there and hidden or not."""
    identifier = id_at(body, "id")
    if not identifier:
        raise MalformedPayloadError("a look-up without an id")
    if body.get("is_gone") is True:
        return IncomingDeletion(platform, identifier)
    is_hidden = flag_of(mapping_at(body, "lookup"), "is_hidden")
    if is_hidden is None:
        return IncomingNotice("still_there", {"id": identifier})
    return hiding_notice(identifier, is_hidden=is_hidden, at=None)


def read_notice(body: Mapping[str, Any], context: ChannelContext) -> PlatformEvent:
    """What the connector itself has to say."""
    params = {name: value for name, value in body.items() if name != "code"}
    return IncomingNotice(text_at(body, "code") or "unknown", params)
