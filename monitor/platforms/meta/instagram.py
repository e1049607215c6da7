"""Instagram professional profiles: comments on own media, media that tags us, mentions, and messages.

`PLATFORM` is the face.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
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
from monitor.platforms.errors import RejectedError
from monitor.platforms.meta.connector import MetaConnector, Reader, after_args, made_id, update_of
from monitor.platforms.meta.graph import after_of
from monitor.platforms.meta.health import Wanted
from monitor.platforms.meta.instagram_reader import normalize
from monitor.platforms.meta.sign_in import PROFILE_FIELD, SIGN_IN, MetaSigning
from monitor.platforms.meta.walk import Step, Walk
from monitor.platforms.payload import id_at, list_at, mapping_at, number_at, text_at
from monitor.platforms.times import parse_time

COMMENT_FIELDS = "id,text,username,from,timestamp,parent_id,hidden"
MEDIA_FIELDS = "id,caption,username,media_type,permalink,timestamp,comments_count"
_COMMENTS = f"comments.limit(50){{{COMMENT_FIELDS},replies.limit(50){{{COMMENT_FIELDS}}}}}"
MENTIONED_FIELDS = "id,text,username,timestamp,media{id,permalink}"


class InstagramConnector(MetaConnector):
    name = "Instagram"
    messaging_platform = "instagram"
    message_fields = "id,message,from,to,created_time,attachments,story"
    hiding_field = "hide"
    normalize = staticmethod(normalize)
    roots = {"direct_messages": Step("conversations"), "comments": Step("media"), "tagged": Step("tags")}
    main_streams = frozenset({"direct_messages", "comments"})
    recheck_fields = "id"
    tagged_edge = "tags"
    wanted = Wanted(
        needed_scopes=("instagram_basic", "instagram_manage_comments", "instagram_manage_messages"),
        useful_scopes=("pages_manage_metadata",),
        # Instagram's own fields are chosen once for the app, at Meta. What else it takes is that the page agrees.
        subscribed_fields=("feed", "messages", "message_echoes", "messaging_postbacks", "messaging_handovers"),
    )

    def identify(self) -> Identity:
        """A token belongs to a Page; the profile is the one that is linked to it."""
        page = self._graph.get_object("me", fields=f"id,{PROFILE_FIELD}")
        profile = mapping_at(page, "instagram_business_account")
        if not id_at(profile, "id"):
            raise RejectedError("no professional profile is linked to the Page of this token", code="no_profile")
        extra = {"page_id": id_at(page, "id")}
        return Identity(id_at(profile, "id"), text_at(profile, "username"), text_at(profile, "name"), extra)

    def _readers(self) -> Mapping[str, Reader]:
        return {
            **super()._readers(),
            "media": self._read_media,
            "tags": self._read_tags,
            "comments": self._read_comments,
            "replies": self._read_replies,
        }

    def _read_media(self, walk: Walk) -> tuple[list[RawUpdate], str, list[Step]]:
        page = self._graph.get_connections(
            self._context.external_id, "media", fields=f"{MEDIA_FIELDS},{_COMMENTS}", limit=25, **after_args(walk.step)
        )
        updates: list[RawUpdate] = []
        follow_ups: list[Step] = []
        all_media = list_at(page, "data")
        for media in all_media:
            bare = {name: value for name, value in media.items() if name != "comments"}
            if walk.admit(id_at(media, "id"), parse_time(media.get("timestamp"))):
                updates.append(update_of("media", bare, {}, []))
            found, further = self._comments_of(walk, mapping_at(media, "comments"), media)
            updates += found
            follow_ups += further if self._has_changed(walk, media) else []
        goes_on = not all_media or (
            walk.is_deep and any(walk.is_watched(parse_time(media.get("timestamp"))) for media in all_media)
        )
        return updates, after_of(page) if goes_on else "", follow_ups

    def _read_tags(self, walk: Walk) -> tuple[list[RawUpdate], str, list[Step]]:
        """Media of others that tags us. What is said under it is talk with its author."""
        page = self._graph.get_connections(
            self._context.external_id, "tags", fields=MEDIA_FIELDS, limit=25, **after_args(walk.step)
        )
        tagged = list_at(page, "data")
        updates = [
            update_of("media", media, {"is_mention": True}, [])
            for media in tagged
            if walk.admit(id_at(media, "id"), parse_time(media.get("timestamp")))
        ]
        is_wanted = walk.is_watched if walk.is_deep else walk.is_fresh
        goes_on = not tagged or any(is_wanted(parse_time(media.get("timestamp"))) for media in tagged)
        return updates, after_of(page) if goes_on else "", []

    def _has_changed(self, walk: Walk, media: Mapping[str, Any]) -> bool:
        """Comments come in no order: only their number tells whether further pages are worth a call."""
        identifier, count = id_at(media, "id"), number_at(media, "comments_count")
        is_same = count is not None and walk.counts.get(identifier) == count
        if count is not None:
            walk.counts[identifier] = count
        return not is_same or walk.is_deep

    def _read_comments(self, walk: Walk) -> tuple[list[RawUpdate], str, list[Step]]:
        step = walk.step
        fields = _COMMENTS[_COMMENTS.index("{") + 1 : -1]
        page = self._graph.get_connections(step.node, "comments", fields=fields, limit=50, **after_args(step))
        updates, follow_ups = self._comments_of(walk, page, {"id": step.node, "permalink": step.parent})
        # The next page of this edge is the step itself, not something that hangs on it.
        hanging = [each for each in follow_ups if each.kind != "comments"]
        return updates, after_of(page), hanging

    def _read_replies(self, walk: Walk) -> tuple[list[RawUpdate], str, list[Step]]:
        step = walk.step
        page = self._graph.get_connections(step.node, "replies", fields=COMMENT_FIELDS, limit=50, **after_args(step))
        media_id, _, permalink = step.parent.partition(" ")
        updates = self._fresh(walk, list_at(page, "data"), {"id": media_id, "permalink": permalink}, step.node)
        return updates, after_of(page), []

    def _comments_of(
        self, walk: Walk, page: Mapping[str, Any], media: Mapping[str, Any]
    ) -> tuple[list[RawUpdate], list[Step]]:
        """Fresh comments and replies of a page, and the steps for what it did not hold."""
        comments = list_at(page, "data")
        updates = self._fresh(walk, comments, media, "")
        further = []
        media_id, permalink = id_at(media, "id"), text_at(media, "permalink")
        for comment in comments:
            replies = mapping_at(comment, "replies")
            updates += self._fresh(walk, list_at(replies, "data"), media, id_at(comment, "id"))
            if after := after_of(replies):
                further.append(Step("replies", id_at(comment, "id"), after, f"{media_id} {permalink}"))
        if after := after_of(page):
            further.append(Step("comments", media_id, after, permalink))
        return updates, further

    def _fresh(
        self, walk: Walk, comments: Sequence[Mapping[str, Any]], media: Mapping[str, Any], parent_id: str
    ) -> list[RawUpdate]:
        about = {"media": {name: media[name] for name in ("id", "permalink") if media.get(name)}}
        updates = []
        for comment in comments:
            identifier, is_hidden = id_at(comment, "id"), comment.get("hidden") is True
            change = walk.change_of(identifier, text_at(comment, "text"), is_hidden=is_hidden)
            if not walk.admit(identifier, parse_time(comment.get("timestamp"))) and not change:
                continue
            bare = {name: value for name, value in comment.items() if name != "replies"}
            if parent_id:
                bare.setdefault("parent_id", parent_id)
            more = {"change": change} if change else {}
            updates.append(update_of("comment", bare, {**about, **more}, [comment.get("from")]))
        return updates

    def _reply(self, request: SendRequest) -> Receipt:
        """Under a comment; where the target is a media of ours, at its top level."""
        edge = "comments" if request.target_id == request.conversation_id else "replies"
        try:
            answer = self._graph.put_object(request.target_id, edge, message=request.text)
        except RejectedError as refusal:
            if refusal.code not in ("gone", "permission_missing", "bad_request") or not request.conversation_id:
                raise
            answer = self._answer_mention(request, refusal)
        return Receipt(made_id(answer))

    def _answer_mention(self, request: SendRequest, refusal: RejectedError) -> Any:
        """Under media of others we may answer where we were mentioned, through our own profile."""
        args = {"media_id": request.conversation_id, "message": request.text}
        if request.target_id != request.conversation_id:
            args["comment_id"] = request.target_id
        try:
            return self._graph.put_object(self._context.external_id, "mentions", **args)
        except RejectedError:
            # The first refusal says what is wrong with our own media, which is the usual case.
            problem = refusal
        raise problem

    def _own_replies(self, request: SendRequest, since: datetime) -> list[IncomingPost]:
        edge = "comments" if request.target_id == request.conversation_id else "replies"
        return self._own_on_edge("comment", request.target_id, edge, since, fields=COMMENT_FIELDS)

    def fetch_mention(self, media_id: str = "", comment_id: str = "") -> RawUpdate:
        """The comment or media that a `mention_to_fetch` notice named; both are read through our own profile."""
        if comment_id:
            comment = self._mentioned("mentioned_comment", f"comment_id({comment_id})", MENTIONED_FIELDS)
            return update_of("comment", comment, {"media": mapping_at(comment, "media"), "is_mention": True}, [])
        media = self._mentioned("mentioned_media", f"media_id({media_id})", MEDIA_FIELDS)
        return update_of("media", media, {"is_mention": True}, [])

    def _mentioned(self, field: str, which: str, fields: str) -> Mapping[str, Any]:
        answer = self._graph.get_object(self._context.external_id, fields=f"{field}.{which}{{{fields}}}")
        found = mapping_at(answer, field)
        if not id_at(found, "id"):
            raise RejectedError("Meta does not show us this mention", code="gone")
        return found

    def _shown_elsewhere(self, platform_ids: Sequence[str]) -> set[str]:
        """Comments that mention us on media of others are read through our own profile only, one by one."""
        shown = super()._shown_elsewhere(platform_ids)
        for identifier in platform_ids:
            for kind in ("comment_id", "media_id"):
                if identifier not in shown and self._is_mention(kind, identifier):
                    shown.add(identifier)
        return shown

    def _is_mention(self, kind: str, identifier: str) -> bool:
        try:
            self.fetch_mention(**{kind: identifier})
        except RejectedError:
            return False
        return True


class InstagramPlatform:
    declaration = Declaration(
        code="instagram",
        name="Instagram",
        credential_names=("access_token", "app_secret", "page_id"),
        channel_kinds=("account",),
        abilities=frozenset(
            {"reply", "direct_message", "private_reply", "hide", "unhide", "delete"}
            | {"webhooks", "subscribe", "read_back", "backfill", "fetch", "recheck", "identify"}
        ),
        reply_limit=2_200,
        direct_message_limit=1_000,
        byte_limits={"direct_message": 1_000, "private_reply": 1_000},
        forms=("post", "comment", "reply", "direct_message", "story_mention"),
        direct_message_window_hours=24,
        human_window_hours=168,
        private_reply_window_hours=168,
        own_threads="*",
        learning_allowed=True,
        sign_in=SIGN_IN,
        recheck_batch=50,
        mark="IG",
        credential_sets={"account": (("access_token", "app_secret"),)},
        backfill_days={"direct_messages": 365, "comments": 30},
    )
    signing = MetaSigning()

    def normalize(self, update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
        return normalize(update, context)

    def connect(self, context: ChannelContext, budget: Budget) -> InstagramConnector:
        return InstagramConnector(context, budget)

    def deep_link(self, external_id: str, author_handle: str) -> str:
        """Only Instagram's own short codes make addresses, and they come with each post (`IncomingPost.url`)."""
        return ""


PLATFORM = InstagramPlatform()
