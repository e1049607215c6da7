"""Which contacts a post sends others to that are not the brand's own, and how the brand's own ones are known.

Its own are the handles of its channels and those that begin with its name, addresses at a domain of its name, what its
markets hand customers over to, and every number, address or messenger link that it told in public itself (kept as
hashes in `OwnContact`).
"""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

from monitor.brands.models import Channel, Market
from monitor.inbox.models import Post
from monitor.text.contacts import NONE, OfferedContacts, find_offered_contacts, find_told_contacts, is_of
from monitor.text.spelling import letters_of
from monitor.triage.models import OwnContact

CONTACT: Final = "contact"
#: A shorter name begins many others.
LEAST_LETTERS: Final = 4


def mark_of(kind: str, words: str) -> int:
    return int.from_bytes(blake2b(f"{kind} {words}".encode(), digest_size=8).digest(), signed=True)


def contacts_offered(posts: Sequence[Post]) -> dict[int, OfferedContacts]:
    """Post id → what it offers. A batch in which no post offers any costs no query."""
    found = {post.pk: find_offered_contacts(post.text) for post in posts}
    hits = [post for post in posts if found[post.pk].names]
    if hits:
        known = _OwnContacts(hits, found)
        for post in hits:
            offered = found[post.pk]
            names = tuple(
                name for name in offered.names if not known.has(post.brand_id, name, is_here=name in offered.here)
            )
            found[post.pk] = replace(offered, names=names) if names else NONE
    return found


class _OwnContacts:
    """Of the brands of some posts, as far as their contacts may be meant."""

    def __init__(self, posts: Sequence[Post], found: dict[int, OfferedContacts]) -> None:
        brands = {post.brand_id: post.brand for post in posts}
        self._names = {key: {brand.slug, brand.name} for key, brand in brands.items()}
        for brand_id, handle in Channel.objects.filter(brand__in=brands).values_list("brand_id", "handle"):
            # Of "lumora@social.example" people also write the first part alone.
            self._names[brand_id] |= {handle, handle.strip("@").partition("@")[0]}
        self._told: dict[int, set[str]] = {key: set() for key in brands}
        for brand_id, rows in Market.objects.filter(brand__in=brands).values_list("brand_id", "hand_offs"):
            self._told[brand_id].update(_contacts_in(rows))
        marks = {mark_of(CONTACT, name) for post in posts for name in found[post.pk].names}
        self._marks = set(OwnContact.objects.filter(brand__in=brands, mark__in=marks).values_list("brand_id", "mark"))

    def has(self, brand_id: int, name: str, *, is_here: bool) -> bool:
        """A handle of the platform itself (`is_here`) that begins with the brand's name is taken for the brand's, of a
        channel that is not connected; in a messenger that is how swindlers dress."""
        own = self._names[brand_id]
        return (
            is_of(name, own)
            or (is_here and name.startswith(tuple(word for word in map(letters_of, own) if len(word) >= LEAST_LETTERS)))
            or name in self._told[brand_id]
            or (brand_id, mark_of(CONTACT, name)) in self._marks
        )


def _contacts_in(rows: Any) -> set[str]:
    """The words of a market's hand-off matrix are read as the brand's own posts are."""
    words = [str(value) for row in rows if isinstance(row, dict) for value in row.values() if isinstance(value, str)]
    # A number there is one to call, whatever it looks like.
    return {name for word in words for name in find_told_contacts(f"WhatsApp {word}")}
