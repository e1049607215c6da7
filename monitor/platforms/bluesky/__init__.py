"""Bluesky, over its HTTP API. `PLATFORM` is the face; connector.py reads, writing.py writes, normalize.py parses."""

from collections.abc import Sequence

from monitor.platforms.base import ChannelContext, Declaration, PlatformEvent, RawUpdate
from monitor.platforms.bluesky.connector import BlueskyConnector
from monitor.platforms.bluesky.normalize import deep_link, normalize
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
        # Graphemes (app.bsky.feed.post, chat.bsky.convo.defs#messageInput); their bytes are counted before sending.
        reply_limit=300,
        direct_message_limit=1_000,
        counts_graphemes=True,
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
