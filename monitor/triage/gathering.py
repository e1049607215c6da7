"""Gathers the facts of a batch of posts from the rooms below, in a fixed number of queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from django.db import connection
from django.db.models import Q

from monitor.analysis.selectors import Reading, current_readings
from monitor.brands.models import Switch, SwitchName
from monitor.inbox.models import Post
from monitor.platforms.extra import NOTHING_TOLD, Extra
from monitor.triage.contacts import OwnContacts, contacts_written
from monitor.triage.facts import CaseFacts, Facts, is_addressed_to_us
from monitor.triage.marks import author_signs
from monitor.triage.offers import Offer, offers_of

#: Earlier posts of an author that count as "writes again". At most 50 are looked at: some authors never stop.
_RECENT: Final = """
    SELECT post.id, count(*) FILTER (
        WHERE earlier.wrote_at >= coalesce(post.created_at, post.stored_at) - interval '7 days'
    )
    FROM inbox_post post
    CROSS JOIN LATERAL (
        SELECT coalesce(one.created_at, one.stored_at) AS wrote_at FROM inbox_post one
        JOIN analysis_analysis reading ON reading.post_id = one.id AND reading.is_current AND reading.needs_reply
        WHERE one.author_id = post.author_id AND one.id < post.id AND NOT one.is_own AND one.deleted_at IS NULL
        ORDER BY one.id DESC LIMIT 50
    ) earlier
    WHERE post.id = ANY(%s) GROUP BY post.id
"""


def gather_facts(
    posts: Sequence[Post], case_facts: Mapping[int, CaseFacts], known_offers: Mapping[int, Offer]
) -> dict[int, Facts]:
    """Post id → facts. `posts` come with author, brand, channel and market; an offer that is not known is read here."""
    ids = [post.pk for post in posts]
    readings = current_readings(ids)
    answers_us = _answers_to_us(posts)
    recent = _recent_posts(ids)
    offers = offers_of(posts, known_offers)
    written = {post.pk: contacts_written(post, readings.get(post.pk)) for post in posts}
    own = OwnContacts(posts, {post.pk: _named(offers.get(post.pk), written[post.pk]) for post in posts})
    suspicions = author_signs(posts, _without_own(posts, offers, own))
    in_crisis = _brands_in_crisis({post.brand_id for post in posts})
    return {
        post.pk: _facts(
            post,
            readings.get(post.pk),
            case_facts.get(post.pk, CaseFacts()),
            replies_to_us=post.pk in answers_us,
            recent_posts=recent.get(post.pk, 0),
            is_crisis=post.brand_id in in_crisis,
            own_kinds={
                kind for kind, names in written[post.pk].items() if all(own.has(post.brand_id, name) for name in names)
            },
            suspicions=suspicions.get(post.pk, {}),
        )
        for post in posts
    }


def _facts(
    post: Post,
    reading: Reading | None,
    case: CaseFacts,
    *,
    replies_to_us: bool,
    recent_posts: int,
    is_crisis: bool,
    own_kinds: Collection[str],
    suspicions: Mapping[str, Any],
) -> Facts:
    author = post.author
    return Facts(
        platform=post.platform,
        form=post.form,
        arrival=post.arrival,
        is_public=post.is_public,
        is_own=post.is_own,
        mentions_us=post.mentions_us,
        quotes_us=post.quotes_us,
        is_addressed=is_addressed_to_us(
            form=post.form,
            is_public=post.is_public,
            mentions_us=post.mentions_us,
            quotes_us=post.quotes_us,
            replies_to_us=replies_to_us,
            arrival=post.arrival,
            channel_kind=post.channel.kind if post.channel else "",
        ),
        market=post.market.code if post.market else "unknown",
        **_told(post),
        author_followers=author.followers if author else None,
        author_is_verified=bool(author and author.is_verified),
        author_is_automated=bool(author and author.is_automated),
        author_is_opted_out=bool(author and author.is_opted_out),
        author_recent_posts=recent_posts,
        has_open_case=case.has_open_case,
        has_recent_case=case.has_recent_case,
        is_returning=case.is_returning,
        unanswered_posts=case.unanswered_posts,
        hours_waiting=case.hours_waiting,
        is_crisis=is_crisis,
        threshold=post.brand.flag_threshold,
        has_reading=reading is not None and post.deleted_at is None,
        **_words(reading, own_kinds),
        **suspicions,
    )


def _told(post: Post) -> dict[str, Any]:
    """What the platform says of the post beyond its words."""
    told = Extra.from_json(post.extra) if post.extra else NOTHING_TOLD
    return {
        "stars": told.stars,
        "recommends": told.recommends,
        "is_on_ad": bool(told.ad_id),
        "app_version": told.app_version,
    }


def _named(offer: Offer | None, written: Mapping[str, set[str]]) -> set[str]:
    """Every contact in a post of which it matters whose it is."""
    return {*(offer.contacts.names if offer else ()), *(name for names in written.values() for name in names)}


def _without_own(posts: Sequence[Post], offers: Mapping[int, Offer], own: OwnContacts) -> dict[int, Offer]:
    return {
        post.pk: replace(offer, contacts=own.without(post.brand_id, offer.contacts))
        for post in posts
        if (offer := offers.get(post.pk))
    }


def _words(reading: Reading | None, own_kinds: Collection[str]) -> dict[str, Any]:
    """What the post says, as the engine and its reviewers read it; `own_kinds` of what it holds are the brand's own."""
    if reading is None:
        return {}
    return {
        "language": reading.language,
        "intent": reading.intent,
        "needs_reply": reading.needs_reply,
        "needs_reply_score": reading.needs_reply_score,
        "sentiment": reading.sentiment,
        "complaint": reading.complaint,
        "complaint_score": reading.complaint_score,
        "is_judged_complaint": reading.complaint and _is_judged_complaint(reading),
        "is_judged_intent": "intent" in reading.corrected,
        "severity": reading.severity,
        "escalate": reading.escalate,
        "escalate_score": reading.escalate_score,
        "topic": reading.topic,
        "audience": reading.audience,
        "entity_kinds": tuple(kind for kind in reading.entity_kinds if kind not in own_kinds),
    }


def _is_judged_complaint(reading: Reading) -> bool:
    """A person said so, or said that a complaint is what the post is for."""
    return "complaint" in reading.corrected or ("intent" in reading.corrected and reading.intent == "complaint")


def _answers_to_us(posts: Sequence[Post]) -> set[int]:
    """Posts that answer one of our own posts in the same thread."""
    targets = {post.in_reply_to for post in posts if post.in_reply_to}
    if not targets:
        return set()
    ours = Post.objects.filter(
        Q(external_id__in=targets) | Q(platform_id__in=targets),
        conversation_id__in={post.conversation_id for post in posts if post.in_reply_to},
        is_own=True,
    ).values_list("conversation_id", "external_id", "platform_id")
    known = {(conversation, name) for conversation, *names in ours for name in names}
    return {post.pk for post in posts if (post.conversation_id, post.in_reply_to) in known}


def _recent_posts(post_ids: Sequence[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_RECENT, [list(post_ids)])
        return dict(cursor.fetchall())


def _brands_in_crisis(brand_ids: set[int]) -> set[int]:
    return set(
        Switch.objects.filter(brand_id__in=brand_ids, name=SwitchName.CRISIS, is_on=True).values_list(
            "brand_id", flat=True
        )
    )
