"""X, through tweepy. `PLATFORM` is the face; connector.py calls, normalize.py reads, webhooks.py splits deliveries."""

from collections.abc import Sequence

from monitor.platforms.base import ChannelContext, Declaration, PlatformEvent, RawUpdate
from monitor.platforms.budget import Budget
from monitor.platforms.x.connector import RECHECK_BATCH, XConnector
from monitor.platforms.x.normalize import deep_link, normalize
from monitor.platforms.x.prices import POST_READ
from monitor.platforms.x.sign_in import SIGN_IN, XSigning

_SETS = (("consumer_key", "consumer_secret", "access_token", "access_token_secret"), ("bearer_token",))


class XPlatform:
    declaration = Declaration(
        code="x",
        name="X",
        credential_names=("consumer_key", "consumer_secret", "access_token", "access_token_secret", "bearer_token"),
        channel_kinds=("account", "search"),
        abilities=frozenset(
            {"reply", "direct_message", "hide", "unhide", "delete", "webhooks", "subscribe"}
            | {"read_back", "recheck", "backfill", "identify"}
        ),
        reply_limit=280,
        direct_message_limit=10_000,
        counts_weighted=True,
        recheck_batch=RECHECK_BATCH,
        recheck_micros=POST_READ,
        forms=("post", "reply", "quote", "direct_message"),
        needs_summon=True,
        mark="X",
        answer_form="reply",
        # https://docs.x.com/x-api/getting-started/pricing (2026-08)
        prices={"reply": 10_000, "direct_message": 15_000},
        prices_with_link={"reply": 200_000},
        # A post, its author and now and then the post that it answers; our own posts come without.
        read_prices={
            "mentions": 12_000,
            "search": 16_000,
            "quotes": 16_000,
            "direct_messages": 20_000,
            "own_posts": 1_000,
        },  # fmt: skip
        backfill_posts={"mentions": 800, "own_posts": 3_200},
        backfill_days={"mentions": 365, "own_posts": 365, "direct_messages": 30, "search": 7, "quotes": 7},
        # https://docs.x.com/developer-terms/policy (redistribution)
        hands_texts_on=False,
        sign_in=SIGN_IN,
        credential_sets={"account": _SETS[:1], "search": _SETS},
    )
    signing = XSigning()

    def normalize(self, update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
        return normalize(update, context)

    def connect(self, context: ChannelContext, budget: Budget) -> XConnector:
        return XConnector(context, budget)

    def deep_link(self, external_id: str, author_handle: str) -> str:
        return deep_link(external_id, author_handle.removeprefix("@"))


PLATFORM = XPlatform()
