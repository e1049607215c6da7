"""RSS and Atom feeds, through feedparser: reviews, forums, news. `PLATFORM` is the face; everything is only read.

client.py fetches, washing.py and document.py read, cursor.py remembers, normalize.py says it in our words.
"""

from collections.abc import Sequence

from monitor.platforms.base import ChannelContext, Declaration, PlatformEvent, RawUpdate
from monitor.platforms.budget import Budget
from monitor.platforms.feed.connector import FeedConnector
from monitor.platforms.feed.normalize import normalize


class FeedPlatform:
    declaration = Declaration(
        code="feed",
        name="RSS and Atom",
        credential_names=("username", "password"),
        channel_kinds=("feed", "forum", "reviews"),
        abilities=frozenset(),
        # What a person writes into somebody else's page is not cut by us.
        reply_limit=10_000,
        direct_message_limit=10_000,
        forms=("post", "comment", "review"),
        learning_asked=True,
        mark="RSS",
        needs_credentials=False,
        poll_seconds=300,
        asked=dict.fromkeys(("feed", "forum", "reviews"), ("external_id", "query?", "handle?")),
    )
    signing = None

    def normalize(self, update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
        return normalize(update, context)

    def connect(self, context: ChannelContext, budget: Budget) -> FeedConnector:
        return FeedConnector(context, budget)

    def deep_link(self, external_id: str, author_handle: str) -> str:
        """An entry's own link is its address (`IncomingPost.url`); it cannot be made of the id."""
        return ""


PLATFORM = FeedPlatform()
