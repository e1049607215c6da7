"""One Bluesky channel: reads its lists page by page and looks posts up again. Writes are in writing.py."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from monitor.platforms.base import Batch, Condition, Identity, IncomingNotice, IncomingPost, RawUpdate, SendRequest
from monitor.platforms.bluesky.client import BlueskyClient
from monitor.platforms.bluesky.normalize import author_of_uri, message_update, post_update, quoted_uri, sort_time
from monitor.platforms.bluesky.walk import Step, Walk, is_sorted
from monitor.platforms.bluesky.writing import Writer
from monitor.platforms.budget import Budget
from monitor.platforms.connecting import BaseConnector, Write
from monitor.platforms.errors import RejectedError
from monitor.platforms.examining import Examination, quota_of
from monitor.platforms.payload import id_at, list_at, mapping_at, needed_list, text_at
from monitor.platforms.times import parse_time
from monitor.platforms.transport import rate_in_headers

PAGE_SIZE = 50
#: Most addresses that one look-up takes.
LOOK_UP_SIZE = 25
BACKFILL = {"search": timedelta(days=1), "own_posts": timedelta(days=1)}
_BACKFILL = timedelta(days=7)
_REASONS = ("mention", "reply", "quote")
# Calls are many (3,000 in five minutes for an address): polls slow down only where they run out.
_SCARCE = 100
_CLOSED_SECONDS = 900.0
_MILLISECOND = timedelta(milliseconds=1)

Page = tuple[list[RawUpdate], Step | None, list[Step]]


class BlueskyConnector(BaseConnector):
    name = "Bluesky"

    def _open(self, budget: Budget, read_seconds: float) -> None:
        self._client = BlueskyClient(self._context, budget, now=self._now, read_seconds=read_seconds)
        self._writer = Writer(self._context, self._client, self._now)

    def streams(self) -> Sequence[str]:
        if self._context.kind == "search":
            return ("search",)
        return ("direct_messages", "mentions", "own_posts")

    def _collect(self, stream: str, cursor: Mapping[str, Any]) -> Batch:
        walk = Walk(cursor, Step(stream), self._now(), BACKFILL.get(stream, _BACKFILL))
        try:
            updates, following, follow_ups = self._readers()[walk.step.kind](walk)
        except RejectedError as refusal:
            if stream == "direct_messages" and refusal.code == "permission_missing":
                return self._closed(cursor)
            if not self._gets_over(walk, refusal):
                raise
            updates = []
        else:
            walk.advance(following, follow_ups)
        stored, has_more = walk.to_cursor()
        return Batch(tuple(updates), stored, has_more, tuple(walk.gaps), self._next_poll_seconds())

    def _gets_over(self, walk: Walk, refusal: RejectedError) -> bool:
        """Whether the walk can go on: without a conversation that is gone, or from the top where a place has died."""
        if walk.step.node and refusal.code in ("gone", "bad_request", "unreachable"):
            walk.skip("node_unreadable")
            return True
        return refusal.code == "bad_request" and walk.restart()

    def _closed(self, cursor: Mapping[str, Any]) -> Batch:
        """The app password may not read messages: everything else goes on, and people are told."""
        notice = RawUpdate("notice", "direct_messages_closed", {"code": "direct_messages_closed"})
        return Batch((notice,), cursor, next_poll_seconds=_CLOSED_SECONDS)

    def _readers(self) -> Mapping[str, Callable[[Walk], Page]]:
        """Reader of each kind of step: (updates, the step of the next page, steps that hang on this page)."""
        return {
            "mentions": self._read_mentions,
            "own_posts": self._read_own_posts,
            "search": self._read_search,
            "direct_messages": self._read_conversations,
            "messages": self._read_messages,
        }

    # -- Public posts ----------------------------------------------------------------------------

    def _read_mentions(self, walk: Walk) -> Page:
        page = self._client.query(
            "app.bsky.notification.listNotifications",
            {"limit": PAGE_SIZE, "reasons": _REASONS, **_after(walk.step)},
            endpoint="mentions",
        )
        listed = needed_list(page, "notifications")
        # Servers that do not know `reasons` yet tell likes and follows too.
        wanted = [each for each in listed if text_at(each, "reason") in _REASONS]
        fresh = [each for each in wanted if walk.admit(text_at(each, "uri"), parse_time(each.get("indexedAt")))]
        views = self._views_of(fresh)
        updates = [
            post_update({**each, **views.get(text_at(each, "uri"), {})}, text_at(each, "reason"), views.values())
            for each in fresh
        ]
        last = parse_time(listed[-1].get("indexedAt")) if listed else None
        return updates, _next_page(walk, page, last), []

    def _read_own_posts(self, walk: Walk) -> Page:
        page = self._client.query(
            "app.bsky.feed.getAuthorFeed",
            {
                "actor": self._context.external_id,
                "limit": PAGE_SIZE,
                "filter": "posts_with_replies",
                **_after(walk.step),
            },
            endpoint="own_posts",
        )
        entries = needed_list(page, "feed")
        own = [each for each in entries if not each.get("reason")]
        posts = [mapping_at(each, "post") for each in own]
        beside = [mapping_at(mapping_at(each, "reply"), "parent") for each in own]
        updates = [post_update(post, "own", beside) for post in posts if self._is_fresh(walk, post)]
        return updates, _next_page(walk, page, sort_time(posts[-1]) if posts else None), []

    def _read_search(self, walk: Walk) -> Page:
        page = self._client.query(
            "app.bsky.feed.searchPosts",
            {
                "q": self._context.query,
                "sort": "latest",
                "since": _iso(walk.floor),
                "limit": PAGE_SIZE,
                **_after(walk.step),
            },
            endpoint="search",
        )
        posts = needed_list(page, "posts")
        fresh = [post for post in posts if self._is_fresh(walk, post)]
        views = self._views_of(fresh, with_themselves=False)
        updates = [post_update(post, "search", views.values()) for post in fresh]
        return updates, _next_search_page(walk, page, posts), []

    def _is_fresh(self, walk: Walk, post: Mapping[str, Any]) -> bool:
        return walk.admit(text_at(post, "uri"), sort_time(post))

    def _views_of(
        self, posts: Sequence[Mapping[str, Any]], *, with_themselves: bool = True
    ) -> Mapping[str, Mapping[str, Any]]:
        """Views of posts (their media have addresses) and of what they answer and quote. What is gone is missing."""
        wanted: dict[str, None] = {}
        for post in posts:
            record = mapping_at(post, "record")
            parent = text_at(mapping_at(mapping_at(record, "reply"), "parent"), "uri")
            related = [text_at(post, "uri") if with_themselves else "", parent, quoted_uri(record)]
            wanted |= dict.fromkeys(uri for uri in related if author_of_uri(uri))
        return {text_at(view, "uri"): view for view in self._look_up(list(wanted))}

    def _look_up(self, uris: Sequence[str]) -> Iterable[Mapping[str, Any]]:
        for start in range(0, len(uris), LOOK_UP_SIZE):
            some = list(uris[start : start + LOOK_UP_SIZE])
            yield from list_at(self._client.query("app.bsky.feed.getPosts", {"uris": some}, endpoint="lookup"), "posts")

    def recheck(self, platform_ids: Sequence[str]) -> Sequence[RawUpdate]:
        """Looks up to 100 posts again: the ones that are gone come back as deletions."""
        uris = [uri for uri in dict.fromkeys(platform_ids[:100]) if author_of_uri(uri)]
        found = {text_at(view, "uri"): view for view in self._look_up(uris)}
        return [
            post_update(found[uri], "lookup", ()) if uri in found else RawUpdate("deletion", uri, {"id": uri})
            for uri in uris
        ]

    # -- Direct messages -------------------------------------------------------------------------

    def _read_conversations(self, walk: Walk) -> Page:
        """Conversations, the latest activity first; those with something new are read one by one."""
        page = self._client.query(
            "chat.bsky.convo.listConvos", {"limit": PAGE_SIZE, **_after(walk.step)}, endpoint="direct_messages"
        )
        convos = needed_list(page, "convos")
        follow_ups = [
            Step("messages", id_at(convo, "id"), people=tuple(_people(convo)))
            for convo in convos
            if _is_between_two(convo) and _has_news(walk, convo)
        ]
        told = [at for convo in convos if (at := parse_time(mapping_at(convo, "lastMessage").get("sentAt")))]
        goes_on = not told or any(walk.is_fresh(at) for at in told)
        return [], _same_list(walk.step, page) if goes_on else None, follow_ups

    def _read_messages(self, walk: Walk) -> Page:
        step = walk.step
        page = self._client.query(
            "chat.bsky.convo.getMessages",
            {"convoId": step.node, "limit": PAGE_SIZE, **_after(step)},
            endpoint="direct_messages",
        )
        messages = needed_list(page, "messages")
        convo = {"id": step.node, "members": list(step.people)}
        updates = [
            message_update(message, convo)
            for message in messages
            if walk.admit(id_at(message, "id"), parse_time(message.get("sentAt")))
        ]
        last = parse_time(messages[-1].get("sentAt")) if messages else None
        # What lies below a message of an earlier pass was read in that pass: nothing is sent in the past.
        is_joined = bool(messages) and id_at(messages[-1], "id") in walk.recent
        return updates, None if is_joined else _next_page(walk, page, last), []

    # -- Writes, reading back, health ------------------------------------------------------------

    def _writers(self) -> Mapping[str, Write]:
        return self._writer.writers()

    def read_back(self, request: SendRequest, *, since: datetime) -> Sequence[IncomingPost] | None:
        return self._writer.read_back(request, since=since)

    def identify(self) -> Identity:
        told = self._client.query("com.atproto.server.getSession", {}, endpoint="me")
        return Identity(text_at(told, "did"), text_at(told, "handle"))

    def check(self) -> Sequence[IncomingNotice]:
        if self._context.kind == "search":
            self._client.query("app.bsky.feed.searchPosts", {"q": self._context.query, "limit": 1}, endpoint="search")
            return []
        told = self._client.query("com.atproto.server.getSession", {}, endpoint="me")
        if notices := self._identity_notices(text_at(told, "did")):
            return notices
        try:
            self._client.query("chat.bsky.convo.listConvos", {"limit": 1}, endpoint="direct_messages")
        except RejectedError as refusal:
            if refusal.code != "permission_missing":
                raise
            return [IncomingNotice("direct_messages_closed")]
        return []

    def examine(self) -> Sequence[Condition]:
        """An app password may do everything but read messages, which `check` tries."""
        aspects = ("token", "quota") if self._context.kind == "search" else ("token", "scopes", "quota")
        examination = Examination(*aspects)
        if examination.look(self.check, proves=("token", "scopes")):
            examination.add(quota_of(rate_in_headers(self._client.headers)))
        return examination.conditions()

    def _next_poll_seconds(self) -> float | None:
        """None: as often as the channel wants. Where few calls are left, they are spread over the window."""
        remaining, _limit, resets_at = rate_in_headers(self._client.headers)
        if remaining is None or resets_at is None or remaining >= _SCARCE:
            return None
        return min(max((resets_at - self._now()).total_seconds() / max(remaining, 1) * 4, 3.0), 900.0)


def _after(step: Step) -> dict[str, str]:
    place = {"cursor": step.after, "until": step.until}
    return {name: value for name, value in place.items() if value}


def _same_list(step: Step, page: Mapping[str, Any]) -> Step | None:
    """The next page of the same list. A place that does not move is the end."""
    after = text_at(page, "cursor")
    return Step(step.kind, step.node, after, step.until, step.people) if after and after != step.after else None


def _next_page(walk: Walk, page: Mapping[str, Any], last: datetime | None) -> Step | None:
    """None where the page goes below the floor. An empty page may be followed by a full one."""
    return _same_list(walk.step, page) if walk.is_fresh(last) else None


def _next_search_page(walk: Walk, page: Mapping[str, Any], posts: Sequence[Mapping[str, Any]]) -> Step | None:
    """Bluesky counts hits from the top, which shifts as posts come and go: times are asked for wherever they tell."""
    moments = [at for post in posts if (at := sort_time(post)) is not None]
    following = _next_page(walk, page, moments[-1] if moments else None)
    if following is None or len(moments) < len(posts) or not moments or not is_sorted(moments):
        return following
    # One more than the last time, for others of that very moment.
    until = _iso(moments[-1] + _MILLISECOND)
    return following if until == walk.step.until else Step("search", until=until)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _people(convo: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """What is needed of the members, small enough for a cursor."""
    names = ("did", "handle", "displayName", "verification", "labels")
    return ({name: person[name] for name in names if name in person} for person in list_at(convo, "members"))


def _is_between_two(convo: Mapping[str, Any]) -> bool:
    """Groups are not questions to the brand."""
    return text_at(convo, "kind") in ("", "direct") and len(list_at(convo, "members")) <= 2


def _has_news(walk: Walk, convo: Mapping[str, Any]) -> bool:
    last = mapping_at(convo, "lastMessage")
    return bool(last) and walk.is_fresh(parse_time(last.get("sentAt"))) and not walk.is_known(id_at(last, "id"))
