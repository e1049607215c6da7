"""Facebook Pages: posts of and on the page, their comments, and Messenger. `PLATFORM` is the face."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.platforms.base import (
    Budget,
    ChannelContext,
    Declaration,
    Identity,
    IncomingPost,
    PlatformEvent,
    RawUpdate,
    Receipt,
    SendRequest,
)
from monitor.platforms.connecting import Write, repeatable
from monitor.platforms.meta.connector import MetaConnector, Reader, after_args, made_id, update_of
from monitor.platforms.meta.facebook_reader import deep_link, normalize
from monitor.platforms.meta.graph import after_of
from monitor.platforms.meta.sign_in import SIGN_IN, MetaSigning
from monitor.platforms.meta.walk import Step, Walk
from monitor.platforms.payload import id_at, list_at, mapping_at, text_at
from monitor.platforms.times import parse_time

COMMENT_FIELDS = (
    "id,message,from,created_time,parent{id},attachment,message_tags,permalink_url,is_hidden,can_comment,"
    "can_reply_privately"
)
POST_FIELDS = "id,message,from,created_time,updated_time,permalink_url,message_tags,attachments"
# `stream` includes replies to comments; the default shows top-level comments only, in a ranked order.
_COMMENTS = f"comments.filter(stream).order(reverse_chronological).limit(50){{{COMMENT_FIELDS}}}"


class FacebookConnector(MetaConnector):
    name = "Facebook"
    messaging_platform = "messenger"
    message_fields = "id,message,from,to,created_time,attachments,sticker"
    hiding_field = "is_hidden"
    normalize = staticmethod(normalize)
    roots = {"direct_messages": Step("conversations"), "feed": Step("feed")}

    def identify(self) -> Identity:
        page = self._graph.get_object("me", fields="id,name,username")
        return Identity(id_at(page, "id"), text_at(page, "username"), text_at(page, "name"))

    def _readers(self) -> Mapping[str, Reader]:
        return {
            **super()._readers(),
            "feed": self._read_feed,
            "comments": self._read_comments,
        }

    def _read_feed(self, walk: Walk) -> tuple[list[RawUpdate], str, list[Step]]:
        page = self._graph.get_connections(
            self._context.external_id, "feed", fields=f"{POST_FIELDS},{_COMMENTS}", limit=25, **after_args(walk.step)
        )
        updates: list[RawUpdate] = []
        follow_ups: list[Step] = []
        posts = list_at(page, "data")
        for post in posts:
            comments = mapping_at(post, "comments")
            bare = {name: value for name, value in post.items() if name != "comments"}
            if walk.admit(id_at(post, "id"), parse_time(post.get("created_time"))):
                updates.append(update_of("feed_post", bare, {}, [post.get("from")]))
            found, reaches_further = self._comments_of(walk, comments, post)
            updates += found
            if reaches_further and (after := after_of(comments)):
                follow_ups.append(Step("comments", id_at(post, "id"), after, text_at(post, "permalink_url")))
        return updates, after_of(page) if self._goes_on(walk, posts) else "", follow_ups

    def _goes_on(self, walk: Walk, posts: Sequence[Mapping[str, Any]]) -> bool:
        """Shallow passes end at the first page where nothing changed; deep ones look at every watched post."""
        name = "created_time" if walk.is_deep else "updated_time"
        is_wanted = walk.is_watched if walk.is_deep else walk.is_fresh
        return not posts or any(is_wanted(parse_time(post.get(name))) for post in posts)

    def _read_comments(self, walk: Walk) -> tuple[list[RawUpdate], str, list[Step]]:
        page = self._graph.get_connections(
            walk.step.node,
            "comments",
            filter="stream",
            order="reverse_chronological",
            fields=COMMENT_FIELDS,
            limit=50,
            **after_args(walk.step),
        )
        post = {"id": walk.step.node, "permalink_url": walk.step.parent}
        updates, reaches_further = self._comments_of(walk, page, post)
        return updates, after_of(page) if reaches_further else "", []

    def _comments_of(
        self, walk: Walk, page: Mapping[str, Any], post: Mapping[str, Any]
    ) -> tuple[list[RawUpdate], bool]:
        """Fresh comments of a page (newest first), and whether even its oldest is fresh."""
        about = {"post": {name: post[name] for name in ("id", "permalink_url") if post.get(name)}}
        comments = list_at(page, "data")
        updates = [
            update_of("comment", comment, about, [comment.get("from")])
            for comment in comments
            if walk.admit(id_at(comment, "id"), parse_time(comment.get("created_time")))
        ]
        return updates, all(walk.is_fresh(parse_time(comment.get("created_time"))) for comment in comments)

    def _writers(self) -> Mapping[str, Write]:
        return {**super()._writers(), "like": self._like}

    def _reply(self, request: SendRequest) -> Receipt:
        answer = self._graph.put_object(request.target_id, "comments", message=request.text)
        identifier = made_id(answer)
        return Receipt(identifier, url=deep_link(identifier))

    def _like(self, request: SendRequest) -> Receipt:
        return repeatable(lambda: self._graph.put_object(request.target_id, "likes"))

    def _own_replies(self, request: SendRequest, since: datetime) -> list[IncomingPost]:
        args = {"fields": COMMENT_FIELDS, "filter": "stream", "order": "reverse_chronological"}
        return self._own_on_edge("comment", request.target_id, "comments", since, **args)

    def fetch_mention(self, post_id: str = "", comment_id: str = "") -> RawUpdate:
        """The post or comment that a `mention_to_fetch` notice named."""
        if comment_id:
            comment = self._graph.get_object(comment_id, fields=COMMENT_FIELDS)
            return update_of("comment", comment, {"post": {"id": post_id}}, [comment.get("from")])
        post = self._graph.get_object(post_id, fields=POST_FIELDS)
        return update_of("feed_post", post, {}, [post.get("from")])


class FacebookPlatform:
    declaration = Declaration(
        code="facebook",
        name="Facebook",
        credential_names=("access_token", "app_secret"),
        channel_kinds=("page",),
        abilities=frozenset(
            {
                "reply",
                "direct_message",
                "private_reply",
                "hide",
                "unhide",
                "like",
                "delete",
                "webhooks",
                "read_back",
                "identify",
            }
        ),
        reply_limit=8_000,
        direct_message_limit=2_000,
        forms=("post", "comment", "reply", "review", "direct_message", "story_mention"),
        direct_message_window_hours=24,
        human_window_hours=168,
        learning_allowed=True,
        sign_in=SIGN_IN,
        mark="FB",
    )
    signing = MetaSigning()

    def normalize(self, update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
        return normalize(update, context)

    def connect(self, context: ChannelContext, budget: Budget) -> FacebookConnector:
        return FacebookConnector(context, budget)

    def deep_link(self, external_id: str, author_handle: str) -> str:
        return deep_link(external_id)


PLATFORM = FacebookPlatform()
