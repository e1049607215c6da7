"""What the connectors of Facebook and Instagram share: the walk over edges, conversations, messages out, the check."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from monitor.platforms.base import (
    Batch,
    ChannelContext,
    Condition,
    IncomingNotice,
    IncomingPost,
    PlatformEvent,
    RawUpdate,
    Receipt,
    SendRequest,
)
from monitor.platforms.budget import Budget
from monitor.platforms.connecting import BaseConnector, Write, repeatable
from monitor.platforms.errors import RejectedError, UnavailableError, UnconfirmedSendError
from monitor.platforms.examining import Examination
from monitor.platforms.meta.graph import SLOW_DOWN_PERCENT, Graph, after_of
from monitor.platforms.meta.health import MetaHealth, Wanted
from monitor.platforms.meta.rechecking import recheck
from monitor.platforms.meta.stories import without_story_media
from monitor.platforms.meta.walk import Step, Walk
from monitor.platforms.payload import id_at, list_at, mapping_at, text_at
from monitor.platforms.times import parse_time

RESPONSE_WINDOW = timedelta(hours=24)
HUMAN_WINDOW = timedelta(days=7)
PRIVATE_REPLY_WINDOW = timedelta(days=7)
_SLOW_SECONDS = 300.0
# What else there is beside comments on own posts and messages is looked at this often.
_SIDE_STREAM_SECONDS = 300.0
_CLOSED_STREAM_SECONDS = 21_600.0
_READ_BACK_SLACK = timedelta(minutes=2)
_READ_BACK_PAGES = 3

# Refusals that mean "not with these rights": an edge that an app has not been granted looks missing to it.
_CLOSING_CODES = frozenset({"permission_missing", "bad_request", "gone"})

Reader = Callable[[Walk], tuple[list[RawUpdate], str, list[Step]]]


class MetaConnector(BaseConnector):
    messaging_platform: str
    #: Fields of a message that this platform tells, and the one that hides a comment.
    message_fields: str
    hiding_field: str
    roots: Mapping[str, Step]
    #: Streams that the channel cannot do without; the others may be refused without stopping it.
    main_streams: frozenset[str]
    #: Fields of what is looked up again; the edge that lists posts elsewhere which tag us.
    recheck_fields: str
    tagged_edge: str
    #: Rights and webhook fields.
    wanted: Wanted
    #: The post or comment that names us, by its ids. Raises RejectedError(gone) where it is not shown to us.
    fetch_mention: Callable[..., RawUpdate]
    #: The platform's own pure reader.
    normalize: Callable[[RawUpdate, ChannelContext], Sequence[PlatformEvent]]

    def _open(self, budget: Budget, read_seconds: float) -> None:
        self._budget = budget
        self._graph = Graph(self._context, budget, now=self._now, read_seconds=read_seconds)

    @property
    def _messaging_node(self) -> str:
        """Messages of a profile go through the page that it is linked to."""
        return self._context.credentials.get("page_id") or self._context.external_id

    def _readers(self) -> Mapping[str, Reader]:
        """Reader of each kind of step: (updates, cursor of the next page, steps that hang on this page)."""
        return {"conversations": self._read_conversations, "messages": self._read_messages}

    def streams(self) -> Sequence[str]:
        return tuple(self.roots)

    def _collect(self, stream: str, cursor: Mapping[str, Any]) -> Batch:
        walk = Walk(cursor, self.roots[stream], self._now())
        updates: list[RawUpdate] = []
        try:
            updates, after, follow_ups = self._readers()[walk.step.kind](walk)
        except RejectedError as refusal:
            if walk.step == self.roots[stream] and refusal.code in _CLOSING_CODES and stream not in self.main_streams:
                return _closed(stream, cursor)
            if walk.step == self.roots[stream] or refusal.code not in ("gone", "bad_request"):
                raise
            # Deleted while the walk was under way, or older than the platform shows.
            walk.skip("node_unreadable")
        else:
            walk.advance(after, follow_ups)
        stored, has_more = walk.to_cursor()
        return Batch(tuple(updates), stored, has_more, tuple(walk.gaps), self._next_poll_seconds(stream))

    def _next_poll_seconds(self, stream: str) -> float | None:
        if self._graph.regain_minutes:
            return self._graph.regain_minutes * 60.0
        usual = None if stream in self.main_streams else _SIDE_STREAM_SECONDS
        return _SLOW_SECONDS if self._graph.usage_percent >= SLOW_DOWN_PERCENT else usual

    # -- Conversations ---------------------------------------------------------------------------

    def _read_conversations(self, walk: Walk) -> tuple[list[RawUpdate], str, list[Step]]:
        page = self._graph.get_connections(
            self._messaging_node,
            "conversations",
            platform=self.messaging_platform,
            fields=f"id,updated_time,participants,messages.limit(20){{{self.message_fields}}}",
            limit=25,
            **after_args(walk.step),
        )
        updates: list[RawUpdate] = []
        follow_ups: list[Step] = []
        threads = list_at(page, "data")
        for thread in threads:
            messages = mapping_at(thread, "messages")
            found, reaches_further = self._messages_of(walk, messages, thread)
            updates += found
            if reaches_further and (after := after_of(messages)):
                follow_ups.append(Step("messages", id_at(thread, "id"), after))
        # Threads come with the latest change first: a page without a fresh one is the last that matters.
        goes_on = any(walk.is_fresh(parse_time(thread.get("updated_time"))) for thread in threads) or not threads
        return updates, after_of(page) if goes_on else "", follow_ups

    def _read_messages(self, walk: Walk) -> tuple[list[RawUpdate], str, list[Step]]:
        """Older messages of one thread. Beyond the newest 20 Meta may refuse: the walk then notes a gap."""
        page = self._graph.get_connections(
            walk.step.node, "messages", fields=self.message_fields, limit=20, **after_args(walk.step)
        )
        updates, reaches_further = self._messages_of(walk, page, {"id": walk.step.node})
        return updates, after_of(page) if reaches_further else "", []

    def _messages_of(
        self, walk: Walk, page: Mapping[str, Any], thread: Mapping[str, Any]
    ) -> tuple[list[RawUpdate], bool]:
        """Fresh messages of a page, and whether even its oldest is fresh."""
        about = {name: thread[name] for name in ("id", "participants") if name in thread}
        messages = list_at(page, "data")
        updates = []
        for message in messages:
            if walk.admit(id_at(message, "id"), parse_time(message.get("created_time"))):
                people = [message.get("from"), *list_at(mapping_at(message, "to"), "data")]
                updates.append(update_of("message", without_story_media(message), {"thread": about}, people))
        return updates, all(walk.is_fresh(parse_time(message.get("created_time"))) for message in messages)

    # -- Writes ----------------------------------------------------------------------------------

    def _writers(self) -> Mapping[str, Write]:
        return {
            "reply": self._reply,
            "direct_message": self._direct_message,
            "private_reply": self._private_reply,
            "hide": lambda request: self._hide(request, is_hidden=True),
            "unhide": lambda request: self._hide(request, is_hidden=False),
            "delete": self._delete,
        }

    @abstractmethod
    def _reply(self, request: SendRequest) -> Receipt:
        """Answers in public, under what the request aims at."""

    def _hide(self, request: SendRequest, *, is_hidden: bool) -> Receipt:
        path = f"{self._graph.version}/{request.target_id}"
        return repeatable(lambda: self._graph.request(path, post_args={self.hiding_field: is_hidden}))

    def _delete(self, request: SendRequest) -> Receipt:
        return repeatable(lambda: self._graph.delete_object(request.target_id))

    def _direct_message(self, request: SendRequest) -> Receipt:
        answer = self._graph.put_object(
            self._messaging_node,
            "messages",
            recipient={"id": request.recipient_id},
            message={"text": request.text},
            **self._messaging_type(request),
        )
        return Receipt(
            made_id(answer, "message_id"), conversation_id=f"{self._context.external_id}-{request.recipient_id}"
        )

    def _messaging_type(self, request: SendRequest) -> dict[str, str]:
        """Decided by the time since the person last wrote. The human tag is never worn by automation."""
        if request.last_inbound_at is None:
            return {"messaging_type": "RESPONSE"}
        waited = self._now() - request.last_inbound_at
        if waited < RESPONSE_WINDOW:
            return {"messaging_type": "RESPONSE"}
        if request.sent_by == "person" and waited < HUMAN_WINDOW:
            return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
        raise RejectedError("the time in which this person may be written to is over", code="window_closed")

    def _private_reply(self, request: SendRequest) -> Receipt:
        """One message to the author of a comment: once, and within seven days of the comment (`last_inbound_at`)."""
        commented_at = request.last_inbound_at
        if commented_at is not None and self._now() - commented_at >= PRIVATE_REPLY_WINDOW:
            raise RejectedError("the comment is too old for a private reply", code="window_closed")
        answer = self._graph.put_object(
            self._messaging_node,
            "messages",
            recipient={"comment_id": request.target_id},
            message={"text": request.text},
            messaging_type="RESPONSE",
        )
        identifier = made_id(answer, "message_id")
        recipient = text_at(answer, "recipient_id")
        conversation = f"{self._context.external_id}-{recipient}" if recipient else ""
        return Receipt(identifier, conversation_id=conversation)

    # -- Reading back ----------------------------------------------------------------------------

    def read_back(self, request: SendRequest, *, since: datetime) -> Sequence[IncomingPost] | None:
        since -= _READ_BACK_SLACK
        if request.kind == "reply":
            return self._own_replies(request, since)
        if request.kind in ("direct_message", "private_reply"):
            return self._own_messages(request, since) if request.recipient_id else None
        return None

    @abstractmethod
    def _own_replies(self, request: SendRequest, since: datetime) -> list[IncomingPost]:
        """Our answers under a comment since then, newest first."""

    def _own_messages(self, request: SendRequest, since: datetime) -> list[IncomingPost]:
        page = self._graph.get_connections(
            self._messaging_node,
            "conversations",
            platform=self.messaging_platform,
            user_id=request.recipient_id,
            fields=f"id,participants,messages.limit(20){{{self.message_fields}}}",
        )
        updates = [
            update_of("message", message, {"thread": {name: thread.get(name) for name in ("id", "participants")}}, [])
            for thread in list_at(page, "data")
            for message in list_at(mapping_at(thread, "messages"), "data")
        ]
        return self._own_of(updates, since)

    def _own_of(self, updates: Iterable[RawUpdate], since: datetime) -> list[IncomingPost]:
        posts = [
            event
            for update in updates
            for event in self.normalize(update, self._context)
            if isinstance(event, IncomingPost)
        ]
        own = [post for post in posts if post.is_own and (post.created_at is None or post.created_at >= since)]
        return sorted(own, key=lambda post: post.created_at or since, reverse=True)

    def _own_on_edge(self, kind: str, node: str, edge: str, since: datetime, **args: Any) -> list[IncomingPost]:
        """Own entries of an edge, over a bounded number of pages."""
        updates: list[RawUpdate] = []
        for at, page in enumerate(self._graph.pages(node, edge, limit=50, **args), start=1):
            updates += [update_of(kind, each, {}, []) for each in list_at(page, "data")]
            if at == _READ_BACK_PAGES:
                break
        return self._own_of(updates, since)

    # -- Looking up ------------------------------------------------------------------------------

    def fetch(self, notice: IncomingNotice) -> Sequence[RawUpdate]:
        if notice.code != "mention_to_fetch":
            raise RejectedError("Meta is asked for mentions only", code="bad_request")
        return [self.fetch_mention(**{str(name): str(value) for name, value in notice.params.items()})]

    def recheck(self, platform_ids: Sequence[str]) -> Sequence[RawUpdate]:
        """Looks up to 50 posts and comments again: what is gone comes back as a deletion, hiding as it is now."""
        return recheck(self._graph, platform_ids, fields=self.recheck_fields, look_elsewhere=self._shown_elsewhere)

    def _shown_elsewhere(self, platform_ids: Sequence[str]) -> set[str]:
        """Which of these a list still shows, though they cannot be read by their ids: posts of others that tag us."""
        node = self._graph.get_object(self._context.external_id, fields="id")
        if not id_at(node, "id"):
            raise UnavailableError("Meta does not show us our own page; nothing is told about posts")
        try:
            page = self._graph.get_connections(self._context.external_id, self.tagged_edge, fields="id", limit=100)
        except RejectedError:
            # Without the right to this list nothing of it has ever come here.
            return set()
        return {id_at(each, "id") for each in list_at(page, "data")} & set(platform_ids)

    # -- Health ----------------------------------------------------------------------------------

    def check(self) -> Sequence[IncomingNotice]:
        """The token must still act for this channel, and the version asked for must be the one that answers."""
        node = self._graph.get_object(self._context.external_id, fields="id")
        notices = self._identity_notices(id_at(node, "id"))
        served = self._graph.served_version()
        if served and served != self._graph.version:
            notices.append(IncomingNotice("version_changed", {"asked": self._graph.version, "served": served}))
        return notices

    def examine(self) -> Sequence[Condition]:
        examination = Examination("token", "scopes", "webhook", "quota")
        if examination.look(self.check):
            self._health().look(examination, self._now())
        return examination.conditions()

    def subscribe(self, callback_url: str) -> None:
        """The address is set for the whole app, in Meta's own pages: here a page only agrees to push to it."""
        self._health().subscribe()

    def unsubscribe(self) -> None:
        self._health().unsubscribe()

    def _health(self) -> MetaHealth:
        return MetaHealth(self._graph, self._context, self._budget, self.wanted, self._messaging_node)


def _closed(stream: str, cursor: Mapping[str, Any]) -> Batch:
    """A right is missing that only this list needs: said, and tried again some hours later."""
    body = {"code": "stream_closed", "stream": stream}
    return Batch(
        (RawUpdate("notice", f"stream_closed:{stream}", body),), cursor, next_poll_seconds=_CLOSED_STREAM_SECONDS
    )


def after_args(step: Step) -> dict[str, str]:
    return {"after": step.after} if step.after else {}


def update_of(kind: str, node: Mapping[str, Any], beside: Mapping[str, Any], people: Iterable[Any]) -> RawUpdate:
    """A node with what is needed to read it alone, and the ids of the people in it."""
    identifiers = [id_at(person, "id") for person in people if isinstance(person, Mapping)]
    known = tuple(dict.fromkeys(each for each in identifiers if each))
    name = {"feed_post": "post"}.get(kind, kind)
    return RawUpdate(kind, id_at(node, "id"), {name: node, **beside}, known)


def made_id(answer: Any, name: str = "id") -> str:
    """The id of what was made. Meta accepted the write; without an id nobody can tell what it made."""
    identifier = text_at(answer, name) if isinstance(answer, Mapping) else ""
    if not identifier:
        raise UnconfirmedSendError("Meta accepted a write but did not say what it made")
    return identifier
