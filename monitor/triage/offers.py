"""What public posts give away, and to whom they send others: read from their words before the transaction that decides.

Reading takes up to a millisecond a post; nobody who wants the same rows shall wait for that.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.inbox.models import Post
from monitor.text.contacts import OfferedContacts, find_offered_contacts
from monitor.text.referral import Referrals, find_referrals


@dataclass(frozen=True, slots=True)
class Offer:
    """Of the words of one version of a post. Among the contacts are those of the brand itself, until
    `triage.contacts` takes them out."""

    post_version: int
    referrals: Referrals
    contacts: OfferedContacts


def read_offers(post_ids: Sequence[int]) -> dict[int, Offer]:
    """Post id → what it offers, of public posts by others. One query, no lock."""
    return offers_of(Post.objects.filter(pk__in=post_ids).select_related("brand", "channel"))


def offers_of(posts: Iterable[Post], known: Mapping[int, Offer] | None = None) -> dict[int, Offer]:
    """The same of loaded posts (with brand and channel), with what is `known` of their present words already."""
    known = known or {}
    return {
        post.pk: found if (found := known.get(post.pk)) and found.post_version == post.version else _read(post)
        for post in posts
        if post.is_public and not post.is_own and post.deleted_at is None
    }


def _read(post: Post) -> Offer:
    # What the brand's own domains are likely called.
    own_names = {post.brand.slug, post.brand.name, post.channel.handle if post.channel else ""}
    return Offer(post.version, find_referrals(post.text, own_names), find_offered_contacts(post.text))
