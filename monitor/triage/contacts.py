"""Which contacts in a post are the brand's own: they lead nobody to a swindler, and are nobody's personal details.

Its own are the handles of its channels and those that begin with its name, addresses at a domain of its name, what its
markets hand customers over to, and every number, address or messenger link that it told in public itself (kept as
hashes in `OwnContact`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

from monitor.analysis.selectors import Reading
from monitor.brands.models import Channel, Market
from monitor.inbox.models import Post
from monitor.text.contacts import NONE, NUMBER_LENGTH, OfferedContacts, find_told_contacts, is_of
from monitor.text.emails import find_emails
from monitor.text.phones import find_phones
from monitor.text.spelling import letters_of, plain_spelling
from monitor.triage.models import OwnContact

CONTACT: Final = "contact"
#: A shorter name begins many others.
LEAST_LETTERS: Final = 4
#: Entities that are somebody's contact; nobody owns the others with the brand.
CONTACT_KINDS: Final = frozenset({"email", "phone"})


def mark_of(kind: str, words: str) -> int:
    return int.from_bytes(blake2b(f"{kind} {words}".encode(), digest_size=8).digest(), signed=True)


def contacts_told(text: str) -> tuple[str, ...]:
    """By the brand itself: there a number is one to call, also without the code of its country, as if the name of a
    messenger stood before it."""
    plain = plain_spelling(text)
    for start, _end, _number in reversed(list(find_phones(plain, international=False))):
        plain = f"{plain[:start]} WhatsApp {plain[start:]}"
    return find_told_contacts(plain)


def contacts_written(post: Post, reading: Reading | None) -> dict[str, set[str]]:
    """Kind → the contacts that stand in the post, named as `text.contacts` names them: the same for every spelling."""
    found: dict[str, set[str]] = {}
    if reading is not None and reading.post_version == post.version:
        for kind, start, end in reading.entity_places:
            if kind in CONTACT_KINDS:
                found.setdefault(kind, set()).add(_name_of(kind, post.text[start:end]))
    return found


def _name_of(kind: str, written: str) -> str:
    plain = plain_spelling(written)
    if kind == "email":
        return next((address for _start, _end, address in find_emails(plain)), plain.lower())
    return "".join(filter(str.isdecimal, plain))[-NUMBER_LENGTH:]


class OwnContacts:
    """Of the brands of some posts, as far as the names that were found in those may be meant (by post id). A batch in
    which no post has any costs no query."""

    def __init__(self, posts: Sequence[Post], found: Mapping[int, Collection[str]]) -> None:
        posts = [post for post in posts if found.get(post.pk)]
        brands = {post.brand_id: post.brand for post in posts}
        self._names = {key: {brand.slug, brand.name} for key, brand in brands.items()}
        for brand_id, handle in Channel.objects.filter(brand__in=brands).values_list("brand_id", "handle"):
            # Of "lumora@social.example" people also write the first part alone.
            self._names[brand_id] |= {handle, handle.strip("@").partition("@")[0]}
        self._told: dict[int, set[str]] = {key: set() for key in brands}
        for brand_id, rows in Market.objects.filter(brand__in=brands).values_list("brand_id", "hand_offs"):
            self._told[brand_id].update(_contacts_in(rows))
        marks = {mark_of(CONTACT, name) for post in posts for name in found[post.pk]}
        self._marks = set(OwnContact.objects.filter(brand__in=brands, mark__in=marks).values_list("brand_id", "mark"))

    def without(self, brand_id: int, offered: OfferedContacts) -> OfferedContacts:
        """What a post of the brand offers, but for the brand's own."""
        names = tuple(name for name in offered.names if not self.has(brand_id, name, is_here=name in offered.here))
        return replace(offered, names=names) if names else NONE

    def has(self, brand_id: int, name: str, *, is_here: bool = False) -> bool:
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
