"""A platform that exists in tests only: it answers what a test has put into it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.platforms.base import (
    Batch,
    ChannelContext,
    Declaration,
    IncomingDeletion,
    IncomingNotice,
    PlatformEvent,
    RawUpdate,
)
from monitor.platforms.budget import Budget
from monitor.platforms.errors import MalformedPayloadError
from tests.inbox.makers import incoming


def page(*numbers: int, at: int, has_more: bool = False, **more: Any) -> Batch:
    updates = tuple(RawUpdate("post", f"p{number}", {"number": number}, (f"a{number}",)) for number in numbers)
    return Batch(updates, {"at": at}, has_more, **more)


@dataclass
class FakePlatform:
    """`pages` are answers in turn: batches, or errors to raise. It notes the cursors that it was asked with."""

    pages: list[Batch | Exception] = field(default_factory=list)
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    contexts: list[ChannelContext] = field(default_factory=list)
    declaration = Declaration(
        code="x",
        name="Fake",
        credential_names=(),
        channel_kinds=("account",),
        abilities=frozenset(),
        reply_limit=280,
        direct_message_limit=1000,
    )

    def normalize(self, update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
        if update.kind == "deletion":
            return [IncomingDeletion("x", update.external_id)]
        if update.kind == "notice":
            return [IncomingNotice(update.body["code"])]
        if update.kind == "malformed":
            raise MalformedPayloadError("no text in it")
        if update.kind == "bug":
            return [update.body["missing"]]
        return [incoming(update.body["number"])]

    def connect(self, context: ChannelContext, budget: Budget) -> "FakePlatform":
        self.contexts.append(context)
        return self

    def streams(self) -> Sequence[str]:
        return ("mentions",)

    def collect(self, stream: str, cursor: Mapping[str, Any]) -> Batch:
        self.asked.append(cursor)
        answer = self.pages.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def deep_link(self, external_id: str, author_handle: str) -> str:
        return ""
