"""One X channel: reads its lists page by page, writes replies and direct messages, reads back what is in doubt."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from monitor.platforms.base import (
    Batch,
    Condition,
    Identity,
    IncomingNotice,
    IncomingPost,
    RawUpdate,
    Receipt,
    SendRequest,
)
from monitor.platforms.budget import Budget
from monitor.platforms.connecting import BaseConnector, Write, repeatable
from monitor.platforms.errors import RejectedError, UnconfirmedSendError
from monitor.platforms.examining import Examination, quota_of
from monitor.platforms.payload import id_at, list_at, mapping_at, text_at
from monitor.platforms.times import snowflake_at
from monitor.platforms.transport import rate_in_headers
from monitor.platforms.x import prices
from monitor.platforms.x.client import XClient
from monitor.platforms.x.normalize import deep_link, normalize
from monitor.platforms.x.prices import PricedRead
from monitor.platforms.x.push import XPush, access_of
from monitor.platforms.x.streams import RULES, StreamCursor
from monitor.platforms.x.updates import gone_update, latest_id, message_update, post_update, resource_of
from monitor.text.links import has_link

# The tweet.* dialect: what tweepy 4.17 and its parameter lists know. Answers are read in both dialects.
TWEET_FIELDS = [
    "attachments", "author_id", "conversation_id", "created_at", "display_text_range", "edit_controls",
    "edit_history_tweet_ids", "entities", "geo", "in_reply_to_user_id", "lang", "note_tweet", "public_metrics",
    "referenced_tweets", "reply_settings", "text", "withheld",
]  # fmt: skip
USER_FIELDS = ["affiliation", "created_at", "name", "protected", "public_metrics", "username", "verified"]
MEDIA_FIELDS = ["alt_text", "media_key", "preview_image_url", "type", "url"]
PLACE_FIELDS = ["country_code", "full_name", "id"]
DM_FIELDS = [
    "attachments", "created_at", "dm_conversation_id", "event_type", "id", "participant_ids", "sender_id", "text",
]  # fmt: skip
# Each expanded user and post costs a read of its own, so authors of parents are not asked for.
EXPANSIONS = ["author_id", "referenced_tweets.id", "attachments.media_keys", "geo.place_id"]
POST_OPTIONS: Mapping[str, Any] = {
    "tweet_fields": TWEET_FIELDS,
    "user_fields": USER_FIELDS,
    "media_fields": MEDIA_FIELDS,
    "place_fields": PLACE_FIELDS,
    "expansions": EXPANSIONS,
}
MESSAGE_OPTIONS: Mapping[str, Any] = {
    "dm_event_fields": DM_FIELDS,
    "user_fields": USER_FIELDS,
    "media_fields": MEDIA_FIELDS,
    "expansions": ["sender_id", "attachments.media_keys"],
    "event_types": "MessageCreate",
}
PAGE_SIZE = 100
_SMALLEST_SEARCH = 10
_READ_BACK_MESSAGES, _READ_BACK_PAGES = 20, 5
RECHECK_BATCH = 100
# As many ids as fit into a query of 512 characters.
WATCHED_POSTS = 11
_QUOTES_POLL_SECONDS = 300.0
_READ_BACK_SLACK = timedelta(minutes=2)
# Polls spread what the window allows; without headers direct messages start at X's own pace (15 in 15 minutes).
_DEFAULT_POLL_SECONDS = {"direct_messages": 90.0}
_POLL_LIMITS = (3.0, 900.0)


class XConnector(BaseConnector):
    name = "X"

    def _open(self, budget: Budget, read_seconds: float) -> None:
        self._client = XClient(self._context, budget, now=self._now, read_seconds=read_seconds)

    def streams(self) -> Sequence[str]:
        if self._context.kind == "search":
            return ("search",)
        return ("direct_messages", "mentions", "quotes", "own_posts")

    def _collect(self, stream: str, cursor: Mapping[str, Any]) -> Batch:
        state = StreamCursor(RULES[stream], cursor, self._now())
        beside: dict[str, Any] = {}
        if stream == "quotes":
            watched = cursor.get("watched") if "pass" in cursor else self._newest_own_posts()
            if not watched:
                return Batch((), cursor, next_poll_seconds=_QUOTES_POLL_SECONDS)
            beside["watched"] = watched
        page = self._read_page(stream, state, beside.get("watched", ()))
        updates = self._updates(stream, page)
        token = text_at(mapping_at(page, "meta"), "next_token")
        fresh = set(state.accept([update.external_id for update in updates], token))
        stored, has_more = state.finish()
        return Batch(
            updates=tuple(update for update in updates if update.external_id in fresh),
            # What a page token belongs to must not change before the list is read.
            cursor=stored | beside if has_more else stored,
            has_more=has_more,
            gaps=tuple(state.gaps),
            next_poll_seconds=self._next_poll_seconds(stream),
        )

    def _read_page(self, stream: str, state: StreamCursor, watched: Sequence[str]) -> Mapping[str, Any]:
        try:
            return self._fetch(stream, state.request_bounds(), watched)
        except RejectedError as refusal:
            # A page token of an interrupted pass may have died. Ids do not: go on from the oldest id read.
            if refusal.code != "bad_request" or not state.forget_token():
                raise
        return self._fetch(stream, state.request_bounds(), watched)

    def _fetch(self, stream: str, bounds: Mapping[str, Any], watched: Sequence[str]) -> Mapping[str, Any]:
        library, own_id = self._client.tweepy, self._context.external_id
        own = {"tweet_fields": TWEET_FIELDS, "exclude": ["retweets"]}
        method, arguments, options = {
            "mentions": (library.get_users_mentions, (own_id,), POST_OPTIONS),
            "own_posts": (library.get_users_tweets, (own_id,), own),
            "search": (library.search_recent_tweets, (self._context.query,), POST_OPTIONS),
            "quotes": (library.search_recent_tweets, (quotes_query(watched, self._context.handle),), POST_OPTIONS),
            "direct_messages": (library.get_direct_message_events, (), MESSAGE_OPTIONS),
        }[stream]
        priced = PricedRead(stream, PAGE_SIZE, may_shrink=True)
        return self._client.call(stream, method, *arguments, priced=priced, **options, **bounds)

    def _newest_own_posts(self) -> list[str]:
        """Ids of the brand's newest posts that are no answers: those that people quote."""
        page = self._client.call(
            "own_posts",
            self._client.tweepy.get_users_tweets,
            self._context.external_id,
            priced=PricedRead("own_posts", WATCHED_POSTS),
            max_results=WATCHED_POSTS,
            exclude=["retweets", "replies"],
            start_time=self._now() - RULES["quotes"].horizon,
        )
        return [id_at(post, "id") for post in list_at(page, "data")]

    def _updates(self, stream: str, page: Mapping[str, Any]) -> list[RawUpdate]:
        includes, errors = mapping_at(page, "includes"), list_at(page, "errors")
        if stream == "direct_messages":
            return [message_update(event, includes) for event in list_at(page, "data")]
        return [post_update(post, includes, errors, stream) for post in list_at(page, "data")]

    def _next_poll_seconds(self, stream: str) -> float | None:
        remaining, _limit, resets_at = rate_in_headers(self._client.headers, "x-rate-limit")
        if stream == "quotes":
            return _QUOTES_POLL_SECONDS
        if remaining is None or resets_at is None:
            return _DEFAULT_POLL_SECONDS.get(stream)
        # A fifth in reserve: other workers and read-backs draw on the same window.
        seconds = (resets_at - self._now()).total_seconds() / max(remaining, 1) * 1.2
        return min(max(seconds, _POLL_LIMITS[0]), _POLL_LIMITS[1])

    def recheck(self, platform_ids: Sequence[str]) -> Sequence[RawUpdate]:
        """Looks up to 100 posts again: the ones that are gone or private come back as deletions, edits as posts."""
        found, errors = self._look_up(platform_ids[:RECHECK_BATCH])
        # The id of an edited post shows the words of before, with the ids of what came after.
        newest = {latest for post in found if (latest := latest_id(post)) != id_at(post, "id")}
        edits, _errors = self._look_up(sorted(newest))
        updates = [post_update(post, {}, [], "lookup") for post in [*found, *edits]]
        asked = set(platform_ids)
        return updates + [gone_update(error) for error in errors if resource_of(error) in asked]

    def _look_up(self, platform_ids: Sequence[str]) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        if not platform_ids:
            return [], []
        page = self._client.call(
            "lookup",
            self._client.tweepy.get_tweets,
            list(platform_ids),
            priced=PricedRead("lookup", len(platform_ids)),
            tweet_fields=TWEET_FIELDS,
        )
        return list_at(page, "data"), list_at(page, "errors")

    def _writers(self) -> Mapping[str, Write]:
        return {
            "reply": self._reply,
            "direct_message": self._direct_message,
            "hide": self._hide,
            "unhide": self._hide,
            "delete": self._delete,
        }

    def _reply(self, request: SendRequest) -> Receipt:
        cost = prices.POST_WITH_LINK if has_link(request.text) else prices.SUMMONED_REPLY
        answer = self._client.call(
            "reply",
            self._client.tweepy.create_tweet,
            cost_micros=cost,
            is_write=True,
            text=request.text,
            in_reply_to_tweet_id=request.target_id,
        )
        identifier = _made_id(answer, "id")
        return Receipt(identifier, url=deep_link(identifier, self._context.handle.removeprefix("@")))

    def _direct_message(self, request: SendRequest) -> Receipt:
        if request.recipient_id:
            whom: Mapping[str, Any] = {"participant_id": request.recipient_id}
        else:
            whom = {"dm_conversation_id": request.conversation_id}
        answer = self._client.call(
            "direct_message",
            self._client.tweepy.create_direct_message,
            cost_micros=prices.DIRECT_MESSAGE,
            is_write=True,
            text=request.text,
            **whom,
        )
        conversation = id_at(mapping_at(answer, "data"), "dm_conversation_id")
        return Receipt(_made_id(answer, "dm_event_id"), conversation_id=conversation)

    def _hide(self, request: SendRequest) -> Receipt:
        library = self._client.tweepy
        method = library.hide_reply if request.kind == "hide" else library.unhide_reply
        # One address at X, so one limit for both.
        return self._repeatable(request, method, endpoint="hide")

    def _delete(self, request: SendRequest) -> Receipt:
        return self._repeatable(request, self._client.tweepy.delete_tweet, endpoint="delete")

    def _repeatable(self, request: SendRequest, method: Callable[..., Any], *, endpoint: str) -> Receipt:
        return repeatable(lambda: self._client.call(endpoint, method, request.target_id, is_write=True))

    def read_back(self, request: SendRequest, *, since: datetime) -> Sequence[IncomingPost] | None:
        if request.kind == "reply":
            return self._own_replies(request, since - _READ_BACK_SLACK)
        if request.kind == "direct_message":
            return self._own_messages(request, since - _READ_BACK_SLACK)
        return None

    def _own_replies(self, request: SendRequest, since: datetime) -> list[IncomingPost]:
        options = {"tweet_fields": TWEET_FIELDS, "max_results": PAGE_SIZE, "start_time": since}
        _page, posts = self._read_posts("own_posts", "get_users_tweets", self._context.external_id, **options)
        return [
            post for post in posts if post.is_own and _is_since(post, since) and post.in_reply_to == request.target_id
        ]

    def _own_messages(self, request: SendRequest, since: datetime) -> list[IncomingPost]:
        if request.recipient_id:
            whom = {"participant_id": request.recipient_id}
        else:
            whom = {"dm_conversation_id": request.conversation_id}
        found: list[IncomingPost] = []
        bounds: dict[str, str] = {}
        for _page in range(_READ_BACK_PAGES):
            # Small pages: mostly the message in question is among the newest, and each one read is paid for.
            options = {**MESSAGE_OPTIONS, **whom, **bounds, "max_results": _READ_BACK_MESSAGES}
            page, posts = self._read_posts("direct_messages", "get_direct_message_events", **options)
            found += [post for post in posts if post.is_own and _is_since(post, since)]
            token = text_at(mapping_at(page, "meta"), "next_token")
            if not token or not all(_is_since(post, since) for post in posts):
                break
            bounds = {"pagination_token": token}
        return found

    def _read_posts(
        self, stream: str, method: str, *arguments: str, **options: Any
    ) -> tuple[Mapping[str, Any], list[IncomingPost]]:
        """A page that is not a poll's: all of it, or nothing where there is not the money."""
        call = getattr(self._client.tweepy, method)
        priced = PricedRead(stream, options["max_results"])
        page = self._client.call(stream, call, *arguments, priced=priced, **options)
        events = [event for update in self._updates(stream, page) for event in normalize(update, self._context)]
        return page, [event for event in events if isinstance(event, IncomingPost)]

    def identify(self) -> Identity:
        me = mapping_at(self._client.call("me", self._client.tweepy.get_me), "data")
        return Identity(id_at(me, "id"), text_at(me, "username"), text_at(me, "name"))

    def check(self) -> Sequence[IncomingNotice]:
        library = self._client.tweepy
        if self._context.kind == "search":
            self._search()
            return []
        me = mapping_at(self._client.call("me", library.get_me), "data")
        return self._identity_notices(id_at(me, "id"))

    def examine(self) -> Sequence[Condition]:
        if self._context.kind == "search":
            examination = Examination("token", "quota")
            is_answered = examination.look(self._search_a_minute)
        else:
            examination = Examination("token", "scopes", "webhook", "quota")
            is_answered = examination.look(self.check)
        if is_answered:
            rate = rate_in_headers(self._client.headers, "x-rate-limit")
            if self._context.kind != "search":
                examination.add(access_of(self._client.headers), self._push().look())
            examination.add(quota_of(rate), *filter(None, [self._push().usage()]))
        return examination.conditions()

    def subscribe(self, callback_url: str) -> None:
        self._push().subscribe(callback_url, self._now())

    def unsubscribe(self) -> None:
        self._push().unsubscribe()

    def _push(self) -> XPush:
        return XPush(self._client, self._context)

    def _search_a_minute(self) -> Mapping[str, Any]:
        """Posts cost money, and these few are read by the search anyway: X does not bill them twice on one day."""
        since = snowflake_at(self._now() - timedelta(minutes=1))
        return self._search(since_id=str(since))

    def _search(self, **options: Any) -> Mapping[str, Any]:
        """The smallest page that X gives."""
        search, query = self._client.tweepy.search_recent_tweets, self._context.query
        priced = PricedRead("search", _SMALLEST_SEARCH)
        return self._client.call("search", search, query, priced=priced, max_results=_SMALLEST_SEARCH, **options)


def _is_since(post: IncomingPost, since: datetime) -> bool:
    return post.created_at is None or post.created_at >= since


def _made_id(answer: Mapping[str, Any], name: str) -> str:
    """The id of what was made. X accepted the write; without an id nobody can tell which post it was."""
    made = answer.get("data")
    identifier = made.get(name) if isinstance(made, Mapping) else None
    if not identifier or not isinstance(identifier, str | int):
        raise UnconfirmedSendError("X accepted a write but did not say what it made")
    return str(identifier)


def quotes_query(post_ids: Sequence[str], handle: str) -> str:
    """Quotes of these posts by others (https://docs.x.com/x-api/posts/search/integrate/operators)."""
    own = handle.removeprefix("@")
    any_of = " OR ".join(f"quotes_of_tweet_id:{post_id}" for post_id in post_ids)
    return f"({any_of})" + (f" -from:{own}" if own else "")
