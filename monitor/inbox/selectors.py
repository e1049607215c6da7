"""Reads of the inbox. Where a person looks, the person comes first: private messages need the right to answer."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from monitor.brands.models import Brand, ChannelStream
from monitor.brands.rights import Visitor, brands_of
from monitor.inbox.line import in_line
from monitor.inbox.models import ChannelGap, Post, Recheck, Stage
from monitor.platforms.registry import get_platform, platform_codes

_DUE = """
    SELECT stream.channel_id, stream.name
    FROM brands_channelstream AS stream JOIN brands_channel AS channel ON channel.id = stream.channel_id
    WHERE channel.state = 'healthy' AND stream.next_poll_at <= clock_timestamp() - make_interval(secs => %s)
        AND (stream.lease_until IS NULL OR stream.lease_until < clock_timestamp())
    ORDER BY stream.next_poll_at LIMIT %s
"""
_OLDEST_WAIT = """
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - stored_at)), 0)::float8 FROM (
        (SELECT stored_at FROM inbox_post WHERE stage = 'received'
            AND (lease_until IS NULL OR lease_until < clock_timestamp()) ORDER BY arrival DESC, id LIMIT 1)
        UNION ALL
        (SELECT stored_at FROM inbox_post WHERE stage = 'analyzed'
            AND (lease_until IS NULL OR lease_until < clock_timestamp()) ORDER BY arrival DESC, id LIMIT 1)
    ) AS waiting
"""


_IS_RATED: Final = Q(extra__has_any_keys=["stars", "recommends"])  # as the index of them says it
#: What a platform may have told of a post beyond its words, to find posts by.
TOLD: Final[Mapping[str, Q]] = {
    "on_ad": Q(extra__has_key="ad_id"),
    "low_rated": _IS_RATED & (Q(extra__stars__lte=2) | Q(extra__recommends=False)),
    "high_rated": _IS_RATED & (Q(extra__stars__gte=4) | Q(extra__recommends=True)),
}


def posts_of(user: Visitor, brand: Brand | None = None) -> QuerySet[Post]:
    """Posts that the user may see, newest first: public ones with the right to view, private ones with that to answer.

    With author, thread, channel and market at hand.
    """
    may_read_private = Q(is_public=True) | Q(brand__in=brands_of(user, "answer"))
    posts = Post.objects.filter(may_read_private, brand__in=brands_of(user))
    if brand is not None:
        posts = posts.filter(brand=brand)
    return posts.select_related("brand", "author", "conversation", "channel", "market").order_by("-id")


def posts_told(posts: QuerySet[Post], way: str) -> QuerySet[Post]:
    """Those of which it was told; all of them for what is none of TOLD."""
    return posts.filter(TOLD[way]) if way in TOLD else posts


def told_in(brand: Brand) -> frozenset[str]:
    """What there is to find at all: most brands have no ads and no reviews."""
    theirs = Post.objects.filter(brand=OuterRef("pk"))
    asked = Exists(theirs.filter(TOLD["on_ad"])), Exists(theirs.filter(_IS_RATED))
    has_ads, has_ratings = Brand.objects.filter(pk=brand.pk).values_list(*asked).get()
    met = {"on_ad": has_ads, "low_rated": has_ratings, "high_rated": has_ratings}
    return frozenset(way for way in TOLD if met[way])


def quarantined_posts(user: Visitor, brand: Brand) -> QuerySet[Post]:
    """Posts on which the pipeline gave up."""
    return posts_of(user, brand).filter(stage=Stage.QUARANTINED)


def gaps_of(user: Visitor, brand: Brand) -> QuerySet[ChannelGap]:
    """Stretches of time that a platform could no longer tell."""
    gaps = ChannelGap.objects.filter(stream__channel__brand=brand, stream__channel__brand__in=brands_of(user))
    return gaps.select_related("stream__channel").order_by("-id")


def streams_of(user: Visitor, brand: Brand) -> QuerySet[ChannelStream]:
    """The streams of a brand's channels with their health."""
    streams = ChannelStream.objects.filter(channel__brand=brand, channel__brand__in=brands_of(user))
    return streams.select_related("channel").order_by("channel_id", "name")


def due_streams(*, limit: int, overdue_seconds: float = 0) -> list[tuple[int, str]]:
    """(channel id, stream) of what should be read now and nobody is reading, the longest overdue first."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [overdue_seconds, limit])
        return cursor.fetchall()


_MISSING_RECHECKS = """
    INSERT INTO inbox_recheck (channel_id, scope, after_id, looked_up, found_gone, found_edited, counting, last_error,
        spent_micros)
    SELECT channel.id, wanted.scope, 0, 0, 0, 0, '{}', '', 0
    FROM brands_channel AS channel CROSS JOIN (VALUES ('cases'), ('recent')) AS wanted (scope)
    WHERE channel.platform = ANY(%s) AND channel.kind <> 'import'
        AND NOT EXISTS (SELECT 1 FROM inbox_recheck AS known
                        WHERE known.channel_id = channel.id AND known.scope = wanted.scope)
    ON CONFLICT DO NOTHING
"""
# A disconnected channel's posts stay. Where ids mean the same to every channel of a platform (ability `recheck_any`)
# another one of the brand, on the same server, looks them up: `channel.id` → its id.
STAND_IN: Final = """
    SELECT other.id FROM brands_channel AS other
    WHERE channel.state = 'disconnected' AND channel.platform = ANY(%s) AND other.brand_id = channel.brand_id
        AND other.platform = channel.platform AND other.api_url = channel.api_url AND other.kind <> 'import'
        AND other.state = 'healthy'
    ORDER BY other.kind <> channel.kind, other.id LIMIT 1
"""
_DUE_RECHECKS = f"""
    SELECT recheck.channel_id, recheck.scope
    FROM inbox_recheck AS recheck JOIN brands_channel AS channel ON channel.id = recheck.channel_id
    JOIN brands_brand AS brand ON brand.id = channel.brand_id
    WHERE NOT brand.is_demo AND (channel.state = 'healthy' OR EXISTS ({STAND_IN}))
        AND recheck.due_at <= clock_timestamp() - make_interval(secs => %s)
        AND (recheck.lease_until IS NULL OR recheck.lease_until < clock_timestamp())
    ORDER BY recheck.scope, recheck.due_at LIMIT %s
"""  # noqa: S608 - pieces of this module only


def due_rechecks(*, limit: int, overdue_seconds: float = 0) -> list[tuple[int, str]]:
    """(channel id, scope) of what should be looked up again now, posts of open cases first.

    Not of the demo: its simulated platforms forget everything at a restart, and its cases would go with that.
    """
    able = platforms_able_to("recheck")
    with connection.cursor() as cursor:
        cursor.execute(_MISSING_RECHECKS, [able])
        cursor.execute(_DUE_RECHECKS, [platforms_able_to("recheck_any"), overdue_seconds, limit])
        return cursor.fetchall()


def platforms_able_to(ability: str) -> list[str]:
    return [code for code in platform_codes() if ability in get_platform(code).declaration.abilities]


def rechecks_of(user: Visitor, brand: Brand) -> QuerySet[Recheck]:
    """How far the brand's stored posts have been looked up again, channel by channel."""
    rechecks = Recheck.objects.filter(channel__brand=brand, channel__brand__in=brands_of(user))
    return rechecks.select_related("channel").order_by("channel_id", "scope")


def oldest_wait_seconds() -> float:
    """How long the next post in line has waited to be analysed or triaged; 0 where none waits."""
    with transaction.atomic(), connection.cursor() as cursor, in_line(cursor):
        cursor.execute(_OLDEST_WAIT)
        seconds: float = cursor.fetchone()[0]
    return seconds


def own_among(post_ids: Sequence[int]) -> list[int]:
    """Which of these posts the brand wrote itself."""
    return list(Post.objects.filter(pk__in=post_ids, is_own=True).order_by("pk").values_list("pk", flat=True))
