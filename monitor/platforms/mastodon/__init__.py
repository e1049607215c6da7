"""Mastodon and what speaks its API, through Mastodon.py. `PLATFORM` is the face; connector.py reads,
writing.py answers, normalize.py turns their words into ours. https://docs.joinmastodon.org/api/
"""

from collections.abc import Sequence

from monitor.platforms.base import ChannelContext, Declaration, PlatformEvent, RawUpdate
from monitor.platforms.budget import Budget
from monitor.platforms.mastodon.connector import MastodonConnector
from monitor.platforms.mastodon.normalize import normalize
from monitor.platforms.mastodon.sign_in import SIGN_IN, MastodonSigning


class MastodonPlatform:
    declaration = Declaration(
        code="mastodon",
        name="Mastodon",
        credential_names=("instance", "access_token"),
        channel_kinds=("account", "search"),
        abilities=frozenset(
            {
                *("reply", "direct_message", "private_reply", "like", "unlike", "delete"),
                *("read_back", "backfill", "recheck", "recheck_any", "identify"),
            }
        ),
        # 500, less the mention without which nobody would be told of the answer (a name has 30 letters at most).
        reply_limit=468,
        direct_message_limit=468,
        recheck_batch=40,
        forms=("post", "reply", "quote", "direct_message"),
        mark="M",
        answer_form="reply",
        sign_in=SIGN_IN,
        credential_sets={"search": (("instance",), ("instance", "access_token"))},
        backfill_days={"mentions": 365, "own_posts": 365, "direct_messages": 365, "search": 365},
    )
    signing = MastodonSigning()

    def normalize(self, update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
        return normalize(update, context)

    def connect(self, context: ChannelContext, budget: Budget) -> MastodonConnector:
        return MastodonConnector(context, budget)

    def deep_link(self, external_id: str, author_handle: str) -> str:
        """Ids do not tell their instance: each post's own `url` leads to it on the brand's."""
        return ""


PLATFORM = MastodonPlatform()
