"""What an account writes: replies, direct messages, likes, deletions of its own; and what became of a doubtful one."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor.platforms.base import ChannelContext, IncomingPost, RawUpdate, Receipt, SendRequest
from monitor.platforms.connecting import Write, repeatable
from monitor.platforms.errors import RejectedError, UnconfirmedSendError
from monitor.platforms.mastodon.client import MastodonClient
from monitor.platforms.mastodon.normalize import address_of, instance_of, normalize
from monitor.platforms.payload import id_at, list_at, mapping_at, text_at
from monitor.platforms.times import parse_time

_READ_BACK_SLACK = timedelta(minutes=2)
_READ_BACK_PAGES = 3


class Writer:
    """The writing half of a connector."""

    def __init__(self, context: ChannelContext, client: MastodonClient) -> None:
        self._context = context
        self._client = client

    def writers(self) -> Mapping[str, Write]:
        return {
            "reply": self._reply,
            "direct_message": self._direct_message,
            "private_reply": self._private_reply,
            "like": self._like,
            "unlike": self._unlike,
            "delete": self._delete,
        }

    def _reply(self, request: SendRequest) -> Receipt:
        """As open as what it answers, and never more open."""
        target = self._target_of(request)
        return self._post(request, target, text_at(target, "visibility") or "direct")

    def _direct_message(self, request: SendRequest) -> Receipt:
        return self._post(request, self._target_of(request), "direct")

    def _private_reply(self, request: SendRequest) -> Receipt:
        return self._post(request, self._target_of(request), "direct")

    def _target_of(self, request: SendRequest) -> Mapping[str, Any]:
        """The post as our instance knows it: one that a search found elsewhere is asked for by its address."""
        library, call, wanted = self._client.library, self._client.call, request.target_id
        if not wanted:
            raise RejectedError("on Mastodon every write needs the post that it is about", code="bad_request")
        if "://" not in wanted:
            return mapping_at({"status": call(library.status, wanted)}, "status")
        # With `exclude_unreviewed` the library would first ask for the instance's version.
        answer = call(library.search_v2, wanted, resolve=True, result_type="statuses", exclude_unreviewed=False)
        found = list_at(mapping_at({"found": answer}, "found"), "statuses")
        if not found:
            raise RejectedError("the instance cannot find this post", code="gone")
        return found[0]

    def _id_of(self, request: SendRequest) -> str:
        """Its id on our instance. What we sent is known by its address until it comes back to us."""
        is_address = "://" in request.target_id or not request.target_id
        return id_at(self._target_of(request), "id") if is_address else request.target_id

    def _post(self, request: SendRequest, target: Mapping[str, Any], visibility: str) -> Receipt:
        made = self._client.call(
            self._client.library.status_post,
            self._addressed(request.text, target),
            in_reply_to_id=id_at(target, "id"),
            visibility=visibility,
            # The instance answers the same key with the same post for an hour.
            idempotency_key=request.idempotency_key or None,
            is_write=True,
        )
        if not isinstance(made, Mapping) or not address_of(made):
            raise UnconfirmedSendError("Mastodon accepted a write but did not say what it made")
        address = address_of(made)
        opens_thread = request.kind == "private_reply"
        return Receipt(
            address,
            url=f"{instance_of(self._context)}/@{self._context.handle.removeprefix('@')}/{id_at(made, 'id')}",
            created_at=parse_time(made.get("created_at")),
            conversation_id=address if opens_thread else "",
            platform_id=id_at(made, "id"),
        )

    def _addressed(self, text: str, target: Mapping[str, Any]) -> str:
        """Nobody is told of a reply that does not mention them, and a direct post reaches only whom it mentions."""
        author = mapping_at(target, "account")
        people = [author] if id_at(author, "id") != self._context.external_id else list_at(target, "mentions")
        names = [text_at(each, "acct") for each in people if id_at(each, "id") != self._context.external_id]
        if not any(names):
            raise RejectedError("there is nobody whom this answer would reach", code="unreachable")
        missing = [f"@{name}" for name in names if name and not _mentions(text, name)]
        return " ".join([*missing, text])

    def _like(self, request: SendRequest) -> Receipt:
        return self._repeatable(self._client.library.status_favourite, self._id_of(request))

    def _unlike(self, request: SendRequest) -> Receipt:
        return self._repeatable(self._client.library.status_unfavourite, self._id_of(request))

    def _delete(self, request: SendRequest) -> Receipt:
        try:
            return self._repeatable(self._client.library.status_delete, self._id_of(request), endpoint="deletions")
        except RejectedError as refusal:
            if refusal.code != "gone":
                raise
        return Receipt("")

    def _repeatable(self, method: Callable[..., Any], target_id: str, *, endpoint: str = "calls") -> Receipt:
        return repeatable(lambda: self._client.call(method, target_id, endpoint=endpoint, is_write=True))

    def read_back(self, request: SendRequest, *, since: datetime) -> Sequence[IncomingPost] | None:
        if request.kind not in ("reply", "direct_message", "private_reply"):
            return None
        since -= _READ_BACK_SLACK
        # The thread is the target's: an answer to a message stays in it, a private answer to a post begins one.
        thread = {} if request.kind == "private_reply" else {"key": request.conversation_id}
        target_id, found = self._id_of(request), []
        for post in self._own_since(since):
            if id_at(post, "in_reply_to_id") != target_id:
                continue
            update = RawUpdate("status", id_at(post, "id"), {"status": post, "thread": thread})
            events = normalize(update, self._context)
            found += [event for event in events if isinstance(event, IncomingPost) and event.is_own]
        is_public = request.kind == "reply"
        return [replace(post, in_reply_to=request.target_id) for post in found if post.is_public is is_public]

    def _own_since(self, since: datetime) -> list[Mapping[str, Any]]:
        """Own posts, the newest first, over a bounded number of pages."""
        bounds: dict[str, str] = {}
        found: list[Mapping[str, Any]] = []
        for _page in range(_READ_BACK_PAGES):
            page = list_at({"page": self._client.posts_of(self._context.external_id, bounds)}, "page")
            young = [post for post in page if (parse_time(post.get("created_at")) or since) >= since]
            found += young
            older = self._client.links.older
            if len(young) < len(page) or not older:
                break
            bounds = {"max_id": older}
        return found


def _mentions(text: str, name: str) -> bool:
    """Whether the text already names them, with or without their instance."""
    local = re.escape(name.partition("@")[0])
    return re.search(rf"(?<![\w@])@(?:{re.escape(name)}|{local})(?![\w@])", text, re.IGNORECASE) is not None
