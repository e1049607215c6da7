"""Gathers from the tables what the pure rules of this room want to know: eligibility, guard, suggestion."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import F, Q

from monitor.brands.models import Brand, Channel, Market, SwitchName
from monitor.brands.selectors import order_patterns
from monitor.brands.switches import is_on
from monitor.inbox.models import Arrival, Post
from monitor.platforms.base import Declaration
from monitor.platforms.registry import UnknownPlatformError, get_platform
from monitor.replies import eligibility, guard
from monitor.replies.hand_offs import MarketFacts
from monitor.replies.models import Article, Reply, ReplyState
from monitor.replies.phrasebook import Fact
from monitor.replies.suggest import PostFacts, Tone

#: Kinds of channel that only listen.
LISTENING_KINDS = ("search", "import")
#: States in which a reply has been said, or may have been.
SAID = (ReplyState.APPROVED, ReplyState.SENDING, ReplyState.UNCONFIRMED, ReplyState.SENT)

# For posts of platforms that only come from files.
NO_PLATFORM = Declaration(
    code="",
    name="",
    credential_names=(),
    channel_kinds=(),
    abilities=frozenset({"reply", "direct_message"}),
    reply_limit=10_000,
    direct_message_limit=10_000,
)


def database_now() -> datetime:
    """The database's clock: leases and windows must not depend on which machine asks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def declaration_of(platform: str) -> Declaration:
    try:
        return get_platform(platform).declaration
    except UnknownPlatformError:
        return NO_PLATFORM


def writing_channel(post: Post) -> Channel | None:
    """The connected account that answers: the one that received the post, else the brand's first on the platform."""
    own = Channel.objects.filter(platform=post.platform, brand_id=post.brand_id).exclude(kind__in=LISTENING_KINDS)
    return choose_channel(post, list(own.order_by("-can_reply", "pk")))


def choose_channel(post: Post, channels: Sequence[Channel]) -> Channel | None:
    """The same among the brand's channels that do not only listen, the one that may write first."""
    own = [channel for channel in channels if channel.platform == post.platform]
    seen_by = (post.channel_id, post.conversation.channel_id)
    return next((channel for channel in own if channel.pk in seen_by), own[0] if own else None)


def eligibility_facts(
    post: Post, channel: Channel | None, switches: Mapping[str, bool], *, reply_id: int | None = None
) -> eligibility.Facts:
    """`switches` as `switches_of` tells them, in the caller's transaction; `reply_id`: the reply that asks."""
    # The platform may know of one that we do not: said in its own app.
    said = Q(state__in=SAID) | Q(error_code="already_replied")
    private = Reply.objects.filter(said, target=post, kind="private_reply").exclude(pk=reply_id or 0)
    author = post.author
    return eligibility.Facts(
        form=post.form,
        is_public=post.is_public,
        mentions_us=post.mentions_us,
        quotes_us=post.quotes_us,
        has_platform_id=bool(target_id(post)),
        is_import=post.arrival == Arrival.IMPORT,
        is_deleted=post.deleted_at is not None,
        is_own=post.is_own,
        created_at=post.created_at,
        last_inbound_at=None if post.is_public else post.conversation.last_inbound_at or post.created_at,
        author_opted_out=author is not None and author.is_opted_out,
        author_automated=author is not None and author.is_automated,
        author_reachable=author is not None and bool(author.external_id),
        channel_state=channel.state if channel is not None else eligibility.HEALTHY,
        channel_may_write=channel is None or channel.can_reply,
        has_channel=channel is not None,
        private_reply_used=post.is_public and private.exists(),
        is_killed=switches.get(SwitchName.KILL, False),
        is_crisis=switches.get(SwitchName.CRISIS, False),
        automation_on=switches.get(SwitchName.ACKNOWLEDGEMENT, False),
    )


def switches_of(brand_id: int) -> dict[str, bool]:
    """The three that decide over sending."""
    return {name: is_on(brand_id, name) for name in (SwitchName.KILL, SwitchName.CRISIS, SwitchName.ACKNOWLEDGEMENT)}


def target_id(post: Post) -> str:
    """The platform's id to act on; "" for rows of files without one: the id they go by is only a hash of ours."""
    return post.platform_id


def limit_of(declaration: Declaration, kind: str) -> tuple[int, bool]:
    """How many characters, and whether X's weights count them."""
    if kind == "reply":
        return declaration.reply_limit, declaration.counts_weighted
    return declaration.direct_message_limit, False


def link_costs_more(declaration: Declaration, kind: str) -> bool:
    return declaration.price_of(kind, has_link=True) > declaration.price_of(kind, has_link=False)


def own_handles(brand_id: int, platform: str) -> tuple[str, ...]:
    handles = Channel.objects.filter(brand_id=brand_id, platform=platform).exclude(handle="")
    return tuple(handles.order_by("pk").values_list("handle", flat=True).distinct())


def guard_facts(post: Post, *, kind: str, language: str, found_language: str = "") -> guard.Facts:
    """The words of the brand and of the person whom the text answers."""
    brand, author = post.brand, post.author
    declaration = declaration_of(post.platform)
    limit, weighted = limit_of(declaration, kind)
    tone = tone_of(brand)
    return guard.Facts(
        is_public=kind == "reply",
        link_costs_more=link_costs_more(declaration, kind),
        limit=limit,
        counts_weighted=weighted,
        counts_graphemes=declaration.counts_graphemes,
        byte_limit=declaration.byte_limits.get(kind, 0),
        language=language,
        found_language=found_language,
        post_text=post.text,
        author_name=author.name if author is not None else "",
        author_handle=author.handle if author is not None else "",
        own_handles=own_handles(post.brand_id, post.platform),
        order_patterns=order_patterns(brand),
        forbidden_words=tone.forbidden_words,
    )


def tone_of(brand: Brand) -> Tone:
    tone = brand.tone or {}
    return Tone(
        default_language=brand.default_language,
        signature=str(tone.get("signature", "")),
        forbidden_words=tuple(str(word) for word in tone.get("forbidden_words", ())),
    )


def post_facts(post: Post, handles: Sequence[str]) -> PostFacts:
    declaration = declaration_of(post.platform)
    kind = "reply" if post.is_public else "direct_message"
    limit, weighted = limit_of(declaration, kind)
    author = post.author
    return PostFacts(
        text=post.text,
        key=str(post.public_id),
        is_public=post.is_public,
        link_costs_more=link_costs_more(declaration, kind),
        limit=limit,
        counts_weighted=weighted,
        counts_graphemes=declaration.counts_graphemes,
        byte_limit=declaration.byte_limits.get(kind, 0),
        author_name=author.name if author is not None else "",
        author_handle=author.handle if author is not None else "",
        own_handles=tuple(handles),
        order_patterns=order_patterns(post.brand),
    )


def market_facts(market: Market | None) -> MarketFacts | None:
    if market is None:
        return None
    return MarketFacts(
        market.code, market.time_zone, market.hours, tuple(market.holidays), tuple(market.hand_offs)
    )  # fmt: skip


def brand_articles(brand_id: int, market_id: int | None = None) -> list[Fact]:
    """The brand's facts that hold in a market: its own first, then those for everybody."""
    everywhere = Q(market=None)
    here = everywhere | Q(market_id=market_id) if market_id is not None else everywhere
    rows = Article.objects.filter(here, brand_id=brand_id, is_active=True).order_by(
        F("market").asc(nulls_last=True), "code", "language"
    )
    return [
        Fact(
            row.code,
            row.language,
            tuple(row.topics),
            tuple(row.situations),
            row.title,
            row.body,
            row.short,
            row.audience,
            row.version,
        )
        for row in rows
    ]
