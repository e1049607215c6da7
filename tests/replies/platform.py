"""A platform in memory that a test can make lie, drop its answers or refuse: it counts what was really said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from monitor.brands.models import Channel
from monitor.platforms.base import (
    Batch,
    Condition,
    IncomingAuthor,
    IncomingNotice,
    IncomingPost,
    RawUpdate,
    Receipt,
    SendRequest,
)
from monitor.platforms.errors import PlatformError


@dataclass
class FakePlatform:
    """`errors`: raised by the next sends, in turn. `accepts_first`: the write happens before the error is raised."""

    errors: list[PlatformError | Exception] = field(default_factory=list)
    accepts_first: bool = False
    can_read_back: bool = True
    hides: bool = False
    requests: list[SendRequest] = field(default_factory=list)
    said: list[IncomingPost] = field(default_factory=list)
    read_backs: int = 0
    read_error: PlatformError | None = None
    clock: datetime | None = None
    gone: set[str] = field(default_factory=set)
    looked_up: list[str] = field(default_factory=list)

    def connect(self, channel: Channel) -> "FakePlatform":
        return self

    def streams(self) -> Sequence[str]:
        return ()

    def collect(self, stream: str, cursor: Mapping[str, Any]) -> Batch:
        return Batch((), {})

    def send(self, request: SendRequest) -> Receipt:
        self.requests.append(request)
        if self.errors:
            error = self.errors.pop(0)
            if self.accepts_first:
                self._say(request)
            raise error
        return Receipt(self._say(request).external_id, conversation_id=request.conversation_id)

    def recheck(self, platform_ids: Sequence[str]) -> Sequence[RawUpdate]:
        self.looked_up += platform_ids
        return [RawUpdate("deletion", each, {"id": each, "uri": each}) for each in platform_ids if each in self.gone]

    def _say(self, request: SendRequest) -> IncomingPost:
        post = IncomingPost(
            platform="x",
            external_id=f"said-{len(self.said) + 1}",
            form="reply" if request.kind == "reply" else "direct_message",
            # As X shows it: names of the thread in front, addresses shortened.
            text=f"@mia {request.text}" if request.kind == "reply" else request.text,
            author=IncomingAuthor("100", handle="lumora"),
            created_at=self.clock or timezone.now(),
            conversation_id=request.conversation_id,
            in_reply_to=request.target_id if request.kind == "reply" else "",
            is_public=request.kind == "reply",
            is_own=True,
        )
        self.said.append(post)
        return post

    def read_back(self, request: SendRequest, *, since: datetime) -> Sequence[IncomingPost] | None:
        self.read_backs += 1
        if self.read_error is not None:
            raise self.read_error
        if not self.can_read_back:
            return None
        return [] if self.hides else [post for post in reversed(self.said) if (post.created_at or since) >= since]

    def check(self) -> Sequence[IncomingNotice]:
        return ()

    def examine(self) -> Sequence[Condition]:
        return ()


def later(**how_long: float) -> datetime:
    return timezone.now() + timedelta(**how_long)
