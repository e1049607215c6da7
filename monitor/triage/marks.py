"""What many authors post alike, and how busy an author is: marks of a batch are stored, then counted in one query.

What a post offers is read by `triage.offers`; `triage.contacts` has taken out what is the brand's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

from monitor.inbox.models import Post
from monitor.triage.contacts import CONTACT, mark_of
from monitor.triage.offers import Offer

#: Looked at of one author and of one mark: some never stop. More would decide nothing else.
MOST_POSTS: Final = 50
MOST_AUTHORS: Final = 200
#: A share of fewer posts than this says nothing.
LEAST_POSTS: Final = 5
#: What a mark is of.
TEXT, CODE = "text", "code"

# In the order of the unique key: two batches that meet do not wait for each other in a circle.
_REMEMBER: Final = """
    INSERT INTO triage_spammark AS old (brand_id, author_id, mark, post_id, posts, first_at, last_at)
    SELECT brand, author, mark, max(post), count(*), min(wrote_at), max(wrote_at)
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[])
        AS seen (brand, author, mark, post, wrote_at)
    GROUP BY mark, brand, author ORDER BY mark, brand, author
    ON CONFLICT (mark, brand_id, author_id) DO UPDATE SET
        post_id = EXCLUDED.post_id,
        posts = EXCLUDED.posts
            + CASE WHEN EXCLUDED.first_at <= old.last_at + interval '7 days' THEN old.posts ELSE 0 END,
        first_at = least(old.first_at, EXCLUDED.first_at),
        last_at = greatest(old.last_at, EXCLUDED.last_at)
    WHERE EXCLUDED.post_id > old.post_id
"""
# A post without a time of its own counts for no hour. The link of a picture is no link that somebody set.
_COUNT: Final = """
    SELECT post.id, author.joined_at, coalesce(alike.texts, 0), coalesce(alike.codes, 0),
        coalesce(alike.contacts, 0), coalesce(alike.repeats, 0), latest.in_hour, latest.with_link, latest.total
    FROM inbox_post post
    JOIN inbox_author author ON author.id = post.author_id
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE one.created_at > post.created_at - interval '1 hour'
                                AND one.created_at <= post.created_at) AS in_hour,
            count(*) FILTER (WHERE one.text ~* 'https?://|www[.]') AS with_link, count(*) AS total
        FROM (
            SELECT created_at, CASE WHEN attachments = '[]' THEN text ELSE '' END AS text FROM inbox_post
            WHERE author_id = post.author_id AND id <= post.id AND is_public AND NOT is_own AND deleted_at IS NULL
            ORDER BY id DESC LIMIT %(most_posts)s
        ) one
    ) latest
    LEFT JOIN LATERAL (
        SELECT max(others.count) FILTER (WHERE mine.kind = 'text') AS texts,
            max(others.count) FILTER (WHERE mine.kind = 'code') AS codes,
            max(others.count) FILTER (WHERE mine.kind = 'contact') AS contacts,
            max(others.repeats) FILTER (WHERE mine.kind = 'code') AS repeats
        FROM unnest(%(posts)s::bigint[], %(marks)s::bigint[], %(kinds)s::text[]) AS mine (post_id, mark, kind)
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE few.author_id <> post.author_id) AS count,
                max(few.posts) FILTER (WHERE few.author_id = post.author_id) AS repeats
            FROM (
                SELECT author_id, posts, first_at, last_at FROM triage_spammark
                WHERE mark = mine.mark AND brand_id = post.brand_id LIMIT %(most_authors)s
            ) few
            WHERE few.last_at >= least(post.created_at, post.stored_at) - interval '7 days'
                AND few.first_at <= least(post.created_at, post.stored_at) + interval '7 days'
        ) others
        WHERE mine.post_id = post.id
    ) alike ON true
    WHERE post.id = ANY(%(ids)s)
"""


def author_signs(posts: Sequence[Post], offers: Mapping[int, Offer]) -> dict[int, dict[str, Any]]:
    """Post id → the facts that `triage.spam` weighs, of the posts that `offers` has. One statement stores, one counts.

    What two workers decide at the same moment they do not see of each other; the next post of the wave finds both.
    """
    public = [post for post in posts if post.pk in offers]
    marks = [
        (post, mark_of(kind, words), kind)
        for post in public
        if post.author_id is not None
        for kind, words in _marked(offers[post.pk])
    ]
    signs: dict[int, dict[str, Any]] = {
        post_id: {
            "offers": len(offer.referrals.codes),
            "has_offer_words": offer.referrals.is_worded,
            "contacts": len(offer.contacts.names),
            "has_clear_promise": offer.contacts.is_clear,
        }
        for post_id, offer in offers.items()
    }
    with connection.cursor() as cursor:
        cursor.execute(_REMEMBER, _columns([(p.brand_id, p.author_id, m, p.pk, _wrote_at(p)) for p, m, _ in marks], 5))
        ids, values, kinds = _columns([(post.pk, mark, kind) for post, mark, kind in marks], 3)
        asked = {"ids": list(signs), "posts": ids, "marks": values, "kinds": kinds}
        cursor.execute(_COUNT, asked | {"most_posts": MOST_POSTS, "most_authors": MOST_AUTHORS})
        rows = cursor.fetchall()
    wrote = {post.pk: post.created_at for post in public}
    for post_id, joined_at, texts, codes, of_contact, repeats, in_hour, with_link, total in rows:
        signs[post_id] |= {
            "same_text_authors": texts,
            "same_code_authors": codes,
            "same_contact_authors": of_contact,
            "code_repeats": repeats,
            "author_posts_in_hour": in_hour,
            "author_link_share": round(with_link / total, 2) if total >= LEAST_POSTS else None,
            "author_days_old": _days(joined_at, wrote[post_id]),
        }
    return signs


def _marked(offer: Offer) -> Iterator[tuple[str, str]]:
    if offer.referrals.template:
        yield TEXT, offer.referrals.template
    yield from ((CODE, code) for code in offer.referrals.codes)
    yield from ((CONTACT, name) for name in offer.contacts.names)


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _wrote_at(post: Post) -> datetime:
    """Nobody wrote after we had it: a mark from a clock that goes ahead would be kept until that day has come."""
    return min(post.created_at or post.stored_at, post.stored_at)


def _days(joined_at: datetime | None, wrote_at: datetime | None) -> int | None:
    if joined_at is None or wrote_at is None or wrote_at < joined_at:
        return None
    return (wrote_at - joined_at).days
