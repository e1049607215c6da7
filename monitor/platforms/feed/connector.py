"""One feed: read as a whole when it has changed, handed on where it is new; nothing can be written to it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.platforms.base import Batch, Condition, IncomingNotice, IncomingPost, RawUpdate, SendRequest
from monitor.platforms.budget import Budget
from monitor.platforms.connecting import BaseConnector
from monitor.platforms.errors import RejectedError
from monitor.platforms.examining import Examination
from monitor.platforms.feed.address import check_address, is_same_site, without_query
from monitor.platforms.feed.client import Answer, FeedClient
from monitor.platforms.feed.cursor import FeedCursor
from monitor.platforms.feed.document import Document, read_document
from monitor.platforms.feed.normalize import author_id, words_of

STREAM = "entries"


class FeedConnector(BaseConnector):
    """A page is one document; most feeds have one."""

    name = "A feed"

    def _open(self, budget: Budget, read_seconds: float) -> None:
        self._client = FeedClient(self._context, budget, now=self._now, read_seconds=read_seconds)
        self._wanted = words_wanted(self._context.query)

    def streams(self) -> Sequence[str]:
        return (STREAM,)

    def _collect(self, stream: str, cursor: Mapping[str, Any]) -> Batch:
        address = check_address(self._context.external_id)
        state = FeedCursor(cursor, address, self._now())
        answer = self._fetch(state)
        if answer is None:
            state.give_up_pages()
            return self._batch(state, [])
        updates = self._notices(state, answer)
        if answer.body is None:
            return Batch(tuple(updates), state.unchanged())
        document = read_document(answer.body, answer.content_type, answer.address)
        return self._batch(state, updates + self._read(state, document, answer))

    def _fetch(self, state: FeedCursor) -> Answer | None:
        """None where an older page is gone: pages are the publisher's favour, and no reason to stop reading."""
        if not state.is_going_on:
            return self._client.fetch(state.page, etag=state.etag, modified=state.modified)
        try:
            return self._client.fetch(state.page)
        except RejectedError:
            return None

    def _read(self, state: FeedCursor, document: Document, answer: Answer) -> list[RawUpdate]:
        next_page = document.next_page if is_same_site(state.page, document.next_page) else ""
        found = state.accept(document.entries, next_page)
        state.note_version(answer.etag, answer.modified)
        updates = [self._update(identifier, entry) for identifier, entry in found if self._is_wanted(entry)]
        for identifier, when in state.accept_deletions(document.deleted):
            body = {"external_id": identifier, "when": when.isoformat() if when else ""}
            updates.append(RawUpdate("deletion", identifier, body))
        return updates

    def _is_wanted(self, entry: Mapping[str, Any]) -> bool:
        if not (entry.get("title") or entry.get("body") or entry.get("media")):
            return False
        return self._wanted is None or self._wanted.search(words_of(entry).casefold()) is not None

    def _update(self, identifier: str, entry: Mapping[str, Any]) -> RawUpdate:
        body = {**entry, "external_id": identifier}
        if not (entry.get("id") or entry.get("link")):
            body["is_id_made"] = True
        author = author_id(entry, self._context)
        return RawUpdate("entry", identifier, body, (author,) if author else ())

    def _notices(self, state: FeedCursor, answer: Answer) -> list[RawUpdate]:
        """A new address is told once, not at each reading."""
        if not answer.moved_to or answer.moved_to == state.moved_to or state.is_going_on:
            return []
        state.moved_to = answer.moved_to
        body = {"code": "address_changed", "to": without_query(answer.moved_to)}
        return [RawUpdate("notice", "address_changed", body)]

    def _batch(self, state: FeedCursor, updates: Sequence[RawUpdate]) -> Batch:
        cursor, has_more, gaps = state.finish()
        return Batch(tuple(updates), cursor, has_more=has_more, gaps=gaps)

    def read_back(self, request: SendRequest, *, since: datetime) -> Sequence[IncomingPost] | None:
        return None

    def check(self) -> Sequence[IncomingNotice]:
        answer = self._client.fetch(self._context.external_id)
        if answer.body is not None:
            read_document(answer.body, answer.content_type, answer.address)
        if answer.moved_to:
            return [IncomingNotice("address_changed", {"to": without_query(answer.moved_to)})]
        return []

    def examine(self) -> Sequence[Condition]:
        """A page knows neither rights nor allowances: it lets us in or not."""
        examination = Examination("token")
        examination.look(self.check)
        return examination.conditions()


def words_wanted(query: str) -> re.Pattern[str] | None:
    """Finds any of the words or phrases that commas part; None where all is wanted. In scripts without blanks a word
    may stand anywhere."""
    phrases = [" ".join(part.strip().strip("\"“”'").split()).casefold() for part in query.split(",")]
    kept = [re.escape(phrase).replace(r"\ ", r"\s+") for phrase in phrases if phrase]
    if not kept:
        return None
    return re.compile("|".join(rf"(?<![a-z0-9_]){phrase}(?![a-z0-9_])" for phrase in kept))
