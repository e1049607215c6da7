"""Writes to Bluesky: replies and likes as records under keys of our own making, messages, hiding, deletions; reading
back.

A record's key is made from the write's idempotency key, and it is only written where nothing stands under that key: the
same write twice is one record, and one look at the key tells whether it arrived.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor.platforms.base import ChannelContext, IncomingPost, RawUpdate, Receipt, SendRequest
from monitor.platforms.bluesky.client import BlueskyClient
from monitor.platforms.bluesky.normalize import author_of_uri, deep_link, message_update, normalize
from monitor.platforms.connecting import Write, repeatable
from monitor.platforms.errors import RejectedError, UnavailableError, UnconfirmedSendError
from monitor.platforms.payload import id_at, list_at, mapping_at, text_at
from monitor.text.length import grapheme_count

POST, LIKE = "app.bsky.feed.post", "app.bsky.feed.like"
THREADGATE = "app.bsky.feed.threadgate"
# Graphemes and bytes: app.bsky.feed.post and chat.bsky.convo.defs#messageInput.
#: Graphemes and bytes.
POST_ROOM, MESSAGE_ROOM = (300, 3_000), (1_000, 10_000)

# https://docs.bsky.app/docs/tutorials/thread-gates: replies that one threadgate can hide.
_MOST_HIDDEN = 300
_GATE_TRIES = 3
_READ_BACK_SLACK = timedelta(minutes=2)
_READ_BACK_SIZE = 50
_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
# Keys of posts are times in form (TID). Ours lie in these three years and say nothing of when it was written.
_FIRST_MICROSECOND = 1_672_531_200_000_000
_MICROSECONDS = 3 * 365 * 86_400 * 1_000_000

_HANDLE = re.compile(r"(?<![\w@/.])@((?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+[a-zA-Z][a-zA-Z0-9-]*[a-zA-Z0-9])")
_LINK = re.compile(r"https?://[^\s<>\"]+")
_TAG = re.compile(r"(?<![\w#&/])#(?=\w*[^\W\d_])(\w{1,64})")
_AFTER_A_LINK = ".,;:!?'\"»”’"


MENTION, LINK, TAG = (f"app.bsky.richtext.facet#{name}" for name in ("mention", "link", "tag"))


class Writer:
    """What one channel says and undoes."""

    def __init__(self, context: ChannelContext, client: BlueskyClient, now: Callable[[], datetime]) -> None:
        self._context = context
        self._client = client
        self._now = now

    def writers(self) -> Mapping[str, Write]:
        return {
            "reply": self._reply,
            "direct_message": self._direct_message,
            "private_reply": self._private_reply,
            "hide": self._hide,
            "unhide": self._hide,
            "like": self._like,
            "unlike": self._unlike,
            "delete": self._delete,
        }

    # -- Records ---------------------------------------------------------------------------------

    def _reply(self, request: SendRequest) -> Receipt:
        _require_room(request.text, POST_ROOM)
        parent = self._post_to_answer(request.target_id)
        record = {
            "$type": POST,
            "text": request.text,
            "createdAt": self._created_at(),
            "reply": {"root": _root_of(parent), "parent": _reference(parent)},
            **self._facets(request.text, mapping_at(parent, "author")),
        }
        uri = self._put(POST, record_key(request), record)
        return Receipt(uri, url=deep_link(uri), conversation_id=_root_of(parent)["uri"])

    def _post_to_answer(self, uri: str) -> Mapping[str, Any]:
        """The post as it stands now. Bluesky stores replies that nobody will see: what forbids them is asked first."""
        parent = self._view(uri)
        viewer, author = mapping_at(parent, "viewer"), mapping_at(mapping_at(parent, "author"), "viewer")
        if viewer.get("replyDisabled") is True:
            raise RejectedError("the author has limited who may reply", code="unreachable")
        if author.get("blockedBy") is True or author.get("blocking"):
            raise RejectedError("there is a block between us and the author", code="unreachable")
        return parent

    def _view(self, uri: str) -> Mapping[str, Any]:
        """Raises RejectedError where nothing is there."""
        page = self._client.query("app.bsky.feed.getPosts", {"uris": [uri]}, endpoint="lookup")
        views = list_at(page, "posts")
        if not views:
            raise RejectedError("the post is no longer there", code="gone")
        return views[0]

    def _like(self, request: SendRequest) -> Receipt:
        view = self._view(request.target_id)
        record = {"$type": LIKE, "subject": _reference(view), "createdAt": self._created_at()}
        # One like a post, whoever asks for it: the key comes from the post alone.
        return repeatable(lambda: self._put(LIKE, _key_of(f"like:{request.target_id}"), record))

    def _unlike(self, request: SendRequest) -> Receipt:
        """A like that somebody gave in the app stands under another key: that one is told by the post itself."""
        view = self._view(request.target_id)
        made = text_at(mapping_at(view, "viewer"), "like").rpartition("/")[2]
        body = {
            "repo": self._client.did(),
            "collection": LIKE,
            "rkey": made or _key_of(f"like:{request.target_id}"),
        }
        return repeatable(lambda: self._client.procedure("com.atproto.repo.deleteRecord", body, endpoint="write"))

    def _hide(self, request: SendRequest) -> Receipt:
        """The author of a thread names the replies that are not shown, in the record that guards the thread."""
        root = _root_of(self._view(request.target_id))["uri"]
        owner, _, key = root.removeprefix("at://").partition(f"/{POST}/")
        if owner != self._client.did() or root == request.target_id:
            raise RejectedError("only replies in threads that we began can be hidden", code="permission_missing")
        return repeatable(lambda: self._guard(root, key, request.target_id, is_hidden=request.kind == "hide"))

    def _guard(self, root: str, key: str, uri: str, *, is_hidden: bool) -> None:
        """Somebody may change the record between our look and our write: then we look again."""
        place = {"repo": self._client.did(), "collection": THREADGATE, "rkey": key}
        for _try in range(_GATE_TRIES):
            stands, gate = self._gate(place)
            hidden = [each for each in gate.get("hiddenReplies") or [] if each != uri]
            if (len(hidden) < len(gate.get("hiddenReplies") or [])) is is_hidden:
                return
            if is_hidden and len(hidden) >= _MOST_HIDDEN:
                raise RejectedError("this thread has as many hidden replies as Bluesky allows", code="too_long")
            blank = {"$type": THREADGATE, "post": root, "createdAt": self._created_at()}
            record = {**blank, **gate, "hiddenReplies": [*hidden, uri] if is_hidden else hidden}
            try:
                body = {**place, "record": record, "swapRecord": stands}
                self._client.procedure("com.atproto.repo.putRecord", body, endpoint="write")
            except RejectedError as refusal:
                if refusal.code != "duplicate":
                    raise
            else:
                return
        raise UnavailableError("the record that guards the thread kept changing")

    def _gate(self, place: Mapping[str, str]) -> tuple[str | None, Mapping[str, Any]]:
        """The record as it stands, with the hash that it goes by; (None, {}) where there is none."""
        try:
            answer = self._client.query("com.atproto.repo.getRecord", place, endpoint="lookup")
        except RejectedError as refusal:
            if refusal.code != "gone":
                raise
            return None, {}
        return text_at(answer, "cid") or None, mapping_at(answer, "value")

    def _put(self, collection: str, key: str, record: Mapping[str, Any]) -> str:
        """Writes a record where nothing stands; returns its address. What stands there already is this very write."""
        repository = self._client.did()
        body = {"repo": repository, "collection": collection, "rkey": key, "record": record, "swapRecord": None}
        try:
            answer = self._client.procedure("com.atproto.repo.putRecord", body, endpoint="write")
        except RejectedError as refusal:
            if refusal.code != "duplicate":
                raise
            return f"at://{repository}/{collection}/{key}"
        uri = text_at(answer, "uri")
        if not uri:
            raise UnconfirmedSendError("Bluesky accepted a write but did not say what it made")
        return uri

    def _delete(self, request: SendRequest) -> Receipt:
        owner, _, key = request.target_id.removeprefix("at://").partition(f"/{POST}/")
        if not key or owner != self._context.external_id:
            raise RejectedError("only our own public posts can be deleted", code="permission_missing")
        body = {"repo": owner, "collection": POST, "rkey": key}
        return repeatable(lambda: self._client.procedure("com.atproto.repo.deleteRecord", body, endpoint="write"))

    def _created_at(self) -> str:
        moment = self._now()
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"

    # -- Facets ----------------------------------------------------------------------------------

    def _facets(self, text: str, author: Mapping[str, Any]) -> dict[str, Any]:
        """Mentions, links and hashtags, which Bluesky does not find by itself. A handle that nobody has stays text."""
        found = []
        for start, end, feature in find_features(text):
            if feature["$type"] == MENTION:
                did = self._did_of(feature["handle"], author)
                if not did:
                    continue
                feature = {"$type": MENTION, "did": did}
            found.append({"index": byte_slice(text, start, end), "features": [feature]})
        return {"facets": found} if found else {}

    def _did_of(self, handle: str, author: Mapping[str, Any]) -> str:
        if handle.casefold() == text_at(author, "handle").casefold():
            return text_at(author, "did")
        try:
            answer = self._client.query("com.atproto.identity.resolveHandle", {"handle": handle}, endpoint="lookup")
        except RejectedError:
            return ""
        return text_at(answer, "did")

    # -- Messages --------------------------------------------------------------------------------

    def _direct_message(self, request: SendRequest) -> Receipt:
        _require_room(request.text, MESSAGE_ROOM)
        conversation = request.conversation_id or self._conversation_with(request.recipient_id)
        message = {"text": request.text, **self._facets(request.text, {})}
        answer = self._client.procedure(
            "chat.bsky.convo.sendMessage", {"convoId": conversation, "message": message}, endpoint="direct_message"
        )
        identifier = id_at(answer, "id")
        if not identifier:
            raise UnconfirmedSendError("Bluesky accepted a message but did not say which")
        return Receipt(identifier, conversation_id=conversation)

    def _private_reply(self, request: SendRequest) -> Receipt:
        """A message to the author of a post; Bluesky knows no tie between the two."""
        if not request.recipient_id:
            raise RejectedError("it is not known who wrote the post", code="unreachable")
        return self._direct_message(replace(request, conversation_id=""))

    def _conversation_with(self, did: str) -> str:
        """Bluesky makes one where there is none, or says that this person takes no messages from us."""
        answer = self._client.query(
            "chat.bsky.convo.getConvoForMembers", {"members": [did]}, endpoint="direct_messages"
        )
        identifier = id_at(mapping_at(answer, "convo"), "id")
        if not identifier:
            raise RejectedError("Bluesky told no conversation with this person", code="unreachable")
        return identifier

    # -- Reading back ----------------------------------------------------------------------------

    def read_back(self, request: SendRequest, *, since: datetime) -> Sequence[IncomingPost] | None:
        if request.kind == "reply":
            return self._own_record(request)
        if request.kind in ("direct_message", "private_reply"):
            # The conversation of a private reply is not that of the post.
            thread = request.conversation_id if request.kind == "direct_message" else ""
            return self._own_messages(replace(request, conversation_id=thread), since - _READ_BACK_SLACK)
        return None

    def _own_record(self, request: SendRequest) -> list[IncomingPost]:
        """Asked of our own repository, where a write is seen at once; lists of posts learn of it later."""
        repository, key = self._client.did(), record_key(request)
        wanted = {"repo": repository, "collection": POST, "rkey": key}
        try:
            answer = self._client.query("com.atproto.repo.getRecord", wanted, endpoint="read_back")
        except RejectedError as refusal:
            if refusal.code != "gone":
                raise
            return []
        author = {"did": repository, "handle": self._context.handle.removeprefix("@")}
        post = {"uri": f"at://{repository}/{POST}/{key}", "author": author, "record": mapping_at(answer, "value")}
        return self._posts_of("post", {"post": post, "via": "own"})

    def _own_messages(self, request: SendRequest, since: datetime) -> list[IncomingPost]:
        conversation = request.conversation_id or self._conversation_with(request.recipient_id)
        page = self._client.query(
            "chat.bsky.convo.getMessages",
            {"convoId": conversation, "limit": _READ_BACK_SIZE},
            endpoint="direct_messages",
        )
        people = [{"did": did} for did in (self._context.external_id, request.recipient_id) if did]
        convo = {"id": conversation, "members": people}
        posts = [
            post
            for message in list_at(page, "messages")
            for post in self._posts_of("message", message_update(message, convo).body)
        ]
        return [post for post in posts if post.is_own and (post.created_at is None or post.created_at >= since)]

    def _posts_of(self, kind: str, body: Mapping[str, Any]) -> list[IncomingPost]:
        events = normalize(RawUpdate(kind, "", body), self._context)
        return [event for event in events if isinstance(event, IncomingPost)]


def find_features(text: str) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Start, end (in letters) and feature of what a facet should mark, in their order. Pure."""
    links = [_trimmed_link(found) for found in _LINK.finditer(text)]
    found = [(start, end, {"$type": LINK, "uri": text[start:end]}) for start, end in links]
    for kind, name, pattern in ((MENTION, "handle", _HANDLE), (TAG, "tag", _TAG)):
        found += [
            (match.start(), match.end(), {"$type": kind, name: match[1]})
            for match in pattern.finditer(text)
            if not any(start <= match.start() < end for start, end in links)
        ]
    yield from sorted(found, key=lambda each: each[0])


def _trimmed_link(found: re.Match[str]) -> tuple[int, int]:
    """Without the punctuation of the sentence, and without a bracket that was opened before the link."""
    link = found[0].rstrip(_AFTER_A_LINK)
    while link.endswith(")") and link.count("(") < link.count(")"):
        link = link[:-1].rstrip(_AFTER_A_LINK)
    return found.start(), found.start() + len(link)


def byte_slice(text: str, start: int, end: int) -> dict[str, int]:
    """Places in letters as places in the bytes of UTF-8, which is what facets count."""
    first = len(text[:start].encode())
    return {"byteStart": first, "byteEnd": first + len(text[start:end].encode())}


def record_key(request: SendRequest) -> str:
    """The key under which this very write stands, the same at every try."""
    return _key_of(request.idempotency_key or f"{request.kind}:{request.target_id}:{request.text}")


def _key_of(name: str) -> str:
    """A TID: 53 bits of microseconds and 10 of a clock's number, in base 32 (https://atproto.com/specs/tid)."""
    digest = int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:16], "big")
    number = (_FIRST_MICROSECOND + digest % _MICROSECONDS) << 10 | (digest >> 118)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))


def _reference(view: Mapping[str, Any]) -> dict[str, str]:
    return {"uri": text_at(view, "uri"), "cid": text_at(view, "cid")}


def _root_of(parent: Mapping[str, Any]) -> dict[str, str]:
    """The first post of the thread; the parent itself where it begins one."""
    root = mapping_at(mapping_at(mapping_at(parent, "record"), "reply"), "root")
    return _reference(root) if author_of_uri(text_at(root, "uri")) else _reference(parent)


def _require_room(text: str, room: tuple[int, int]) -> None:
    graphemes, most_bytes = room
    if grapheme_count(text) > graphemes or len(text.encode("utf-8", "replace")) > most_bytes:
        raise RejectedError(f"the text has more than {graphemes} graphemes or {most_bytes} bytes", code="too_long")
