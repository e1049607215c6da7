"""Small makers of events, so that a test says only what it is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.inbox.services import IngestReport, ingest
from monitor.platforms.base import IncomingAuthor, IncomingPost, PlatformEvent, RawUpdate

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def incoming(number: int | str = 1, text: str = "Where is my parcel?", **changes: Any) -> IncomingPost:
    position = number if isinstance(number, int) else 0
    post = IncomingPost(
        platform="x",
        external_id=f"p{number}",
        form="post",
        text=text,
        author=IncomingAuthor(f"a{number}", handle=f"person{number}", name=f"Person {number}", followers=10),
        created_at=NOON + timedelta(seconds=position),
        conversation_id=f"c{number}",
        language_hint="en",
    )
    return replace(post, **changes)


def raw_of(post: IncomingPost) -> RawUpdate:
    return RawUpdate("post", post.external_id, {"id": post.external_id, "text": post.text}, (post.author.external_id,))


def store(channel: Any, *events: PlatformEvent, how: str = "poll", **more: Any) -> IngestReport:
    more.setdefault("raw", [raw_of(event) for event in events if isinstance(event, IncomingPost)])
    return ingest(
        brand_id=channel.brand_id, channel_id=channel.pk, stream="mentions", how=how, events=list(events), **more
    )
