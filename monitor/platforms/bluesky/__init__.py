"""Bluesky, over its HTTP API. `PLATFORM` is the face; connector.py reads, writing.py writes, normalize.py parses."""

from collections.abc import Sequence

from monitor.platforms.base import ChannelContext, Declaration, PlatformEvent, RawUpdate
from monitor.platforms.bluesky.connector import BlueskyConnector
from monitor.platforms.bluesky.normalize import deep_link, normalize
from monitor.platforms.bluesky.writing import MESSAGE_ROOM, POST_ROOM
from monitor.platforms.budget import Budget

_LOGIN = ("identifier", "app_password")


class BlueskyPlatform:
    declaration = Declaration(
        code="bluesky",
        name="Bluesky",
        credential_names=("identifier", "app_password", "server"),
        channel_kinds=("account", "search"),
        abilities=frozenset(
            {
                *("reply", "direct_message", "private_reply", "hide", "unhide", "like", "unlike", "delete"),
                *("read_back", "backfill", "recheck", "recheck_any", "identify"),
            }
        ),
        # Graphemes and bytes (app.bsky.feed.post, chat.bsky.convo.defs#messageInput).
        reply_limit=POST_ROOM[0],
        direct_message_limit=MESSAGE_ROOM[0],
        counts_graphemes=True,
        byte_limits={"reply": POST_ROOM[1], **dict.fromkeys(("direct_message", "private_reply"), MESSAGE_ROOM[1])},
        recheck_batch=100,
        forms=("post", "reply", "quote", "direct_message"),
        mark="Bs",
        answer_form="reply",
        credential_sets=dict.fromkeys(("account", "search"), (_LOGIN, (*_LOGIN, "server"))),
        asked={"search": ("query",)},
        own_threads="at://{id}/",
        backfill_days={"mentions": 365, "own_posts": 365, "direct_messages": 365, "search": 365},
    )
    signing = None

    def normalize(self, update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
        return normalize(update, context)

    def connect(self, context: ChannelContext, budget: Budget) -> BlueskyConnector:
        return BlueskyConnector(context, budget)

    def deep_link(self, external_id: str, author_handle: str) -> str:
        return deep_link(external_id)


PLATFORM = BlueskyPlatform()
