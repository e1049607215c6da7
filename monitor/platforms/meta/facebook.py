"""Facebook Pages: posts of and on the page, of ads and about it, their comments, reviews, and Messenger.

`PLATFORM` is the face.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from monitor.platforms.base import (
    ChannelContext,
    Declaration,
    Identity,
    IncomingPost,
    PlatformEvent,
    RawUpdate,
    Receipt,
    SendRequest,
)
from monitor.platforms.budget import Budget
from monitor.platforms.connecting import Write, repeatable
from monitor.platforms.meta.connector import MetaConnector, Reader, after_args, made_id, update_of
from monitor.platforms.meta.facebook_reader import deep_link, normalize
from monitor.platforms.meta.graph import after_of
from monitor.platforms.meta.health import Wanted
from monitor.platforms.meta.sign_in import SIGN_IN, MetaSigning
from monitor.platforms.meta.walk import Step, Walk
from monitor.platforms.payload import id_at, list_at, mapping_at, text_at
from monitor.platforms.times import parse_time

COMMENT_FIELDS = (
    "id,message,from,created_time,parent{id},attachment,message_tags,permalink_url,is_hidden,can_comment,"
    "can_reply_privately"
)
POST_FIELDS = "id,message,from,created_time,updated_time,permalink_url,message_tags,attachments,is_hidden"
AD_FIELDS = f"{POST_FIELDS},promotable_id"
RATING_FIELDS = "created_time,open_graph_story{id},rating,recommendation_type,review_text,reviewer{id,name}"
RECHECK_FIELDS = "id,message,from,created_time,is_hidden"
# `stream` includes replies to comments; the default shows top-level comments only, in a ranked order.
_COMMENTS = f"comments.filter(stream).order(reverse_chronological).limit(50){{{COMMENT_FIELDS}}}"
# Edges of posts. Comments on posts elsewhere that tag the page are their authors' talk with others.
_POST_EDGES = {
    "feed": lambda: f"{POST_FIELDS},{_COMMENTS}",
    "visitor_posts": lambda: f"{POST_FIELDS},{_COMMENTS}",
    "ads_posts": lambda: f"{AD_FIELDS},{_COMMENTS}",
    "tagged": lambda: POST_FIELDS,
}


class FacebookConnector(MetaConnector):
    name = "Facebook"
    messaging_platform = "messenger"
    message_fields = "id,message,from,to,created_time,attachments,sticker"
    recheck_fields = RECHECK_FIELDS
    tagged_edge = "tagged"
    hiding_field = "is_hidden"
    normalize = staticmethod(normalize)
    wanted = Wanted(
        needed_scopes=("pages_read_engagement", "pages_read_user_content", "pages_messaging"),
        useful_scopes=("pages_manage_engagement", "pages_manage_metadata"),
        subscribed_fields=(
            "feed", "mention", "ratings", "messages", "message_echoes", "message_edits", "messaging_postbacks",
            "message_deliveries", "message_reads", "messaging_handovers", "standby",
        ),
    )  # fmt: skip
    roots = {
        "direct_messages": Step("conversations"),
        "feed": Step("feed"),
        "visitor_posts": Step("visitor_posts"),
        "ads": Step("ads_posts"),
        "tagged": Step("tagged"),
        "reviews": Step("ratings"),
    }
    main_streams = frozenset({"direct_messages", "feed"})

    def identify(self) -> Identity:
        page = self._graph.get_object("me", fields="id,name,username")
        return Identity(id_at(page, "id"), text_at(page, "username"), text_at(page, "name"))

    def _readers(self) -> Mapping[str, Reader]:
        return {
            **super()._readers(),
            **{edge: partial(self._read_posts, edge) for edge in _POST_EDGES},
            "comments": self._read_comments,
            "ratings": self._read_ratings,
        }

    def _read_posts(self, edge: str, walk: Walk) -> tuple[list[RawUpdate], str, list[Step]]:
        page = self._graph.get_connections(
            self._context.external_id, edge, fields=_POST_EDGES[edge](), limit=25, **after_args(walk.step)
        )
        updates: list[RawUpdate] = []
        follow_ups: list[Step] = []
        posts = list_at(page, "data")
        for post in posts:
            bare = {name: value for name, value in post.items() if name != "comments"}
            ad_id = _ad_id(edge, post)
            updates += self._noticed(walk, "feed_post", bare, _beside_post(edge, ad_id))
            comments = mapping_at(post, "comments")
            found, reaches_further = self._comments_of(walk, comments, post, ad_id)
            updates += found
            if reaches_further and (after := after_of(comments)):
                place = f"{text_at(post, 'permalink_url')} {ad_id}"
                follow_ups.append(Step("comments", id_at(post, "id"), after, place))
        return updates, after_of(page) if self._goes_on(walk, edge, posts) else "", follow_ups

    def _goes_on(self, walk: Walk, edge: str, posts: Sequence[Mapping[str, Any]]) -> bool:
        """Shallow passes end at the first page where nothing changed; deep ones look at every watched post.

        An ad runs for months: it is watched as long as people comment on it.
        """
        name = "created_time" if walk.is_deep and edge != "ads_posts" else "updated_time"
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
        permalink, _, ad_id = walk.step.parent.partition(" ")
        post = {"id": walk.step.node, "permalink_url": permalink}
        updates, reaches_further = self._comments_of(walk, page, post, ad_id)
        return updates, after_of(page) if reaches_further else "", []

    def _comments_of(
        self, walk: Walk, page: Mapping[str, Any], post: Mapping[str, Any], ad_id: str
    ) -> tuple[list[RawUpdate], bool]:
        """Fresh and changed comments of a page (newest first), and whether even its oldest is fresh."""
        about: dict[str, Any] = {"post": {name: post[name] for name in ("id", "permalink_url") if post.get(name)}}
        if ad_id:
            about["ad_id"] = ad_id
        comments = list_at(page, "data")
        updates = [update for comment in comments for update in self._noticed(walk, "comment", comment, about)]
        return updates, all(walk.is_fresh(parse_time(comment.get("created_time"))) for comment in comments)

    def _noticed(
        self, walk: Walk, kind: str, node: Mapping[str, Any], about: Mapping[str, Any]
    ) -> tuple[RawUpdate, ...]:
        """The node where it is new, or reads otherwise than at the last look: Meta dates no edit of a comment, and
        `updated_time` of a post moves with every comment on it."""
        identifier = id_at(node, "id")
        change = walk.change_of(identifier, text_at(node, "message"), is_hidden=node.get("is_hidden") is True)
        is_new = walk.admit(identifier, parse_time(node.get("created_time")))
        if not is_new and not change:
            return ()
        more = {"change": change, "noticed_at": self._now().isoformat()} if change else {}
        return (update_of(kind, node, {**about, **more}, [node.get("from")]),)

    def _read_ratings(self, walk: Walk) -> tuple[list[RawUpdate], str, list[Step]]:
        page = self._graph.get_connections(
            self._context.external_id, "ratings", fields=RATING_FIELDS, limit=50, **after_args(walk.step)
        )
        updates = []
        ratings = list_at(page, "data")
        for rating in ratings:
            identifier, at = id_at(mapping_at(rating, "open_graph_story"), "id"), parse_time(rating.get("created_time"))
            said = [text_at(rating, name) for name in ("review_text", "recommendation_type", "rating")]
            change = walk.change_of(identifier, "\n".join(said))
            if walk.admit(identifier, at) or change:
                more = {"change": change, "noticed_at": self._now().isoformat()} if change else {}
                node = {**rating, "id": identifier}
                updates.append(update_of("rating", node, more, [rating.get("reviewer")]))
        is_wanted = walk.is_watched if walk.is_deep else walk.is_fresh
        goes_on = not ratings or any(is_wanted(parse_time(rating.get("created_time"))) for rating in ratings)
        return updates, after_of(page) if goes_on else "", []

    def _writers(self) -> Mapping[str, Write]:
        return {**super()._writers(), "like": self._like, "unlike": self._unlike}

    def _reply(self, request: SendRequest) -> Receipt:
        answer = self._graph.put_object(request.target_id, "comments", message=request.text)
        identifier = made_id(answer)
        return Receipt(identifier, url=deep_link(identifier))

    def _like(self, request: SendRequest) -> Receipt:
        return repeatable(lambda: self._graph.put_object(request.target_id, "likes"))

    def _unlike(self, request: SendRequest) -> Receipt:
        return repeatable(lambda: self._graph.delete_object(f"{request.target_id}/likes"))

    def _own_replies(self, request: SendRequest, since: datetime) -> list[IncomingPost]:
        args = {"fields": COMMENT_FIELDS, "filter": "stream", "order": "reverse_chronological"}
        return self._own_on_edge("comment", request.target_id, "comments", since, **args)

    def aliases(self, user_id: str) -> Sequence[str]:
        """Whoever signs in to an app has an id there; as a visitor of a page the same person has another one."""
        graph = self._health().app_graph()
        if graph is None:
            return []
        page = graph.get_connections(user_id, "ids_for_pages", fields="id,page", page=self._context.external_id)
        return [identifier for each in list_at(page, "data") if (identifier := id_at(each, "id"))]

    def fetch_mention(self, post_id: str = "", comment_id: str = "") -> RawUpdate:
        """The post or comment that a `mention_to_fetch` notice named."""
        if comment_id:
            comment = self._graph.get_object(comment_id, fields=COMMENT_FIELDS)
            return update_of("comment", comment, {"post": {"id": post_id}, "is_tagged": True}, [comment.get("from")])
        post = self._graph.get_object(post_id, fields=POST_FIELDS)
        return update_of("feed_post", post, {"is_tagged": True}, [post.get("from")])


def _ad_id(edge: str, post: Mapping[str, Any]) -> str:
    """Which post an ad shows; the ad's own number is told by the Marketing API only."""
    return (id_at(post, "promotable_id") or id_at(post, "id")) if edge == "ads_posts" else ""


def _beside_post(edge: str, ad_id: str) -> dict[str, Any]:
    if edge == "tagged":
        return {"is_tagged": True}
    return {"ad_id": ad_id} if ad_id else {}


class FacebookPlatform:
    declaration = Declaration(
        code="facebook",
        name="Facebook",
        credential_names=("access_token", "app_secret"),
        channel_kinds=("page",),
        abilities=frozenset(
            {
                *("reply", "direct_message", "private_reply", "hide", "unhide", "like", "unlike", "delete"),
                *("webhooks", "subscribe", "read_back", "backfill", "fetch", "recheck", "identify", "aliases"),
            }
        ),
        reply_limit=8_000,
        direct_message_limit=2_000,
        forms=("post", "comment", "reply", "review", "direct_message", "story_mention"),
        direct_message_window_hours=24,
        human_window_hours=168,
        private_reply_window_hours=168,
        # The page's id and that of the post: whoever wrote it, it stands on our page.
        own_threads="{id}_",
        learning_allowed=True,
        sign_in=SIGN_IN,
        recheck_batch=50,
        mark="FB",
        # Comments under older posts than that are seen by push only (walk.WATCHED).
        backfill_days={"direct_messages": 365, "feed": 30},
    )
    signing = MetaSigning()

    def normalize(self, update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
        return normalize(update, context)

    def connect(self, context: ChannelContext, budget: Budget) -> FacebookConnector:
        return FacebookConnector(context, budget)

    def deep_link(self, external_id: str, author_handle: str) -> str:
        return deep_link(external_id)


PLATFORM = FacebookPlatform()
