"""Contacts that a post sends others to with a promise: who wins accounts and refunds back, and who poses as support.

A handle, number, address or messenger link counts where three things meet: others are told to write there, it is said
to have helped or promises to, and nothing speaks against it. A warning, a quoted message, a victim's story, a call to
complain somewhere and what a customer asks of the brand itself are none. In doubt it is no offer: a customer who is
silenced weighs more than a swindler who is read. Pure, and linear. The words of each language are in `contact_words`.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from monitor.text import contact_words as words
from monitor.text.emails import find_emails
from monitor.text.phones import find_phones
from monitor.text.spelling import blank, ignoring_case, is_host_of, letters_of, lowered, plain_spelling

MOST_CONTACTS: Final = 8
#: Nobody hides an offer behind ten pages.
MOST_LETTERS: Final = 20_000
#: The end of a number is the same with the code of its country and without.
NUMBER_LENGTH: Final = 8
#: Stands for a contact while its sentence is looked at: the dots of "t.me/mia" end none.
_PLACE: Final = "\ue000"

_LINK: Final = re.compile(
    r"(?<![\w@.-])(?:https?://)?(?:www\.|m\.)?(?:(?P<messenger>t\.me|telegram\.(?:me|dog)|wa\.(?:me|link)|(?:api|chat)\.whatsapp"
    r"\.com|m\.me|ig\.me/m|line\.me|lin\.ee|signal\.me|zalo\.me|vk\.me|discord\.gg|snapchat\.com/add)"
    r"|(?:instagram|facebook|fb|twitter|x|tiktok|threads)\.(?:com|net))/(?P<path>[^\s<>\"']{2,160})",
    re.I,
)
# A profile; what has a path behind its name is a post or picture that somebody shows.
_PROFILE: Final = re.compile(r"@?[\w.]{3,40}/?(?:[?#]|$)")
_NUMBER_IN_LINK: Final = re.compile(r"(?:phone=|\A)\+?(\d{7,15})(?!\d)")
_HANDLE: Final = re.compile(r"(?<![A-Za-z0-9_@./])@([A-Za-z0-9_][A-Za-z0-9_.]{2,39}|\w{2,30})")
# "on Telegram: refund_king": told from a word by a digit or a line.
_NAMED: Final = re.compile(
    rf"(?:{words.MESSENGERS})\W{{0,3}}(?:id|user(?:name)?|handle|page|name|number|no|号|號|账号)?\W{{0,3}}"
    r"(?<![A-Za-z0-9_])(?P<name>(?=[A-Za-z]{0,31}[0-9_.]\w)[A-Za-z][A-Za-z0-9_.]{3,31})",
    re.I,
)
_ADDRESSEES: Final = re.compile(r"(?:\s*@[\w.@-]{1,60})+")

_MESSENGER: Final = ignoring_case(words.MESSENGERS)
_INVITES: Final = ignoring_case(words.INVITES)
_TO_MYSELF: Final = ignoring_case(words.TO_MYSELF)
_FOR_YOU: Final = ignoring_case(words.FOR_YOU)
_TESTIMONY: Final = ignoring_case(words.TESTIMONY)
_PROMISE: Final = ignoring_case(words.PROMISE)
_MILD_PROMISE: Final = ignoring_case(words.MILD_PROMISE)
_NEGATES: Final = ignoring_case(words.NEGATES)
_WARNS: Final = ignoring_case(words.WARNS)
_REPORTS: Final = ignoring_case(words.REPORTS)
_SWINDLE: Final = ignoring_case(words.SWINDLE)
_AGAINST: Final = ignoring_case(words.AGAINST)
_LOSS: Final = ignoring_case(words.LOSS)
_CONDITION: Final = ignoring_case(words.CONDITION)
_SENTENCE_END: Final = re.compile(r"[.!?。！？؟।\n]+")
_PHRASE_END: Final = ignoring_case(rf"[.!?。！？؟।\n,;，、،；—–]+|{words.BUT}")
_QUOTED: Final = re.compile(r"\"[^\"]{1,400}\"|[“„][^”“]{1,400}[”“]|«[^»]{1,400}»|「[^」]{1,400}」|『[^』]{1,400}』")


@dataclass(frozen=True, slots=True)
class OfferedContacts:
    """`names` are the same for every spelling and platform: the letters of a handle, the last digits of a number, an
    address in small letters. `is_clear`: it is told what was won back there, or promised what only
    swindlers promise; else it is no more than a private way to "help". `here`: those that are handles of the platform
    itself, not of a messenger."""

    names: tuple[str, ...] = ()
    is_clear: bool = False
    here: frozenset[str] = frozenset()


NONE: Final = OfferedContacts()


@dataclass(frozen=True, slots=True)
class _Contact:
    start: int
    end: int
    name: str
    is_handle: bool = False  # of the platform itself, where everybody reads


def find_offered_contacts(text: str) -> OfferedContacts:
    """Also those of the brand itself, which only its rooms know (see `is_of`)."""
    plain = _plain(text)
    small = lowered(plain)
    if not _INVITES.search(small) and not _TO_MYSELF.search(small):
        return NONE
    found = _contacts(plain)[:MOST_CONTACTS]
    masked = blank(small, [(one.start, one.end) for one in found], _PLACE)
    if not found or _WARNS.search(masked):
        return NONE
    return _judged(masked, found)


def find_told_contacts(text: str) -> tuple[str, ...]:
    """Numbers, addresses and messenger links that the brand itself tells, unless it warns of them. Of names that begin
    with @ nobody knows whether they are spoken of or spoken to."""
    plain = _plain(text)
    found = [one for one in _contacts(plain) if not one.is_handle][:MOST_CONTACTS]
    masked = blank(lowered(plain), [(one.start, one.end) for one in found], _PLACE)
    if not found or _SWINDLE.search(masked):
        return ()
    told = [
        one.name for one, place in zip(found, _places(masked), strict=True) if not _is_spoken_against(masked, place)
    ]
    return tuple(dict.fromkeys(told))


def is_of(name: str, own_names: Collection[str]) -> bool:
    """Whether a found contact is the handle of somebody who is called so, or an address at a domain that is."""
    own = {letters_of(one) for one in own_names} - {""}
    if "@" not in name:
        return name in own
    return is_host_of(name.rpartition("@")[2], own)


def _plain(text: str) -> str:
    return plain_spelling(text[:MOST_LETTERS]).replace(_PLACE, " ")


def _judged(masked: str, contacts: list[_Contact]) -> OfferedContacts:
    has_won = _has_won(masked)
    is_promised = bool(_PROMISE.search(masked))
    if not (has_won or is_promised or _MILD_PROMISE.search(masked)):
        return NONE
    if not has_won and _REPORTS.search(masked):
        return NONE
    quoted = [span.span() for span in _QUOTED.finditer(masked)]
    names: list[str] = []
    here: set[str] = set()
    for place, contact in zip(_places(masked), contacts, strict=True):
        if any(start < place < end for start, end in quoted) or not _is_invited(masked, place):
            continue
        is_here = contact.is_handle and not _MESSENGER.search(_near(masked, place))
        if has_won or is_promised or not is_here:
            names.append(contact.name)
            here.update([contact.name] if is_here else [])
    return OfferedContacts(tuple(dict.fromkeys(names)), has_won or is_promised, frozenset(here))


def _has_won(masked: str) -> bool:
    """Somebody tells that it was won back, in a phrase that denies nothing."""
    ends = [0, *(end.end() for end in _PHRASE_END.finditer(masked)), len(masked)]
    phrases = (masked[start:end] for start, end in zip(ends, ends[1:], strict=False))
    return any(_TESTIMONY.search(phrase) and not _NEGATES.search(phrase) for phrase in phrases)


def _is_invited(masked: str, place: int) -> bool:
    """Others are told to write, beside the contact, and neither its phrase nor what follows speaks against it."""
    near = _near(masked, place)
    if not _INVITES.search(near) and not (_TO_MYSELF.search(near) and _FOR_YOU.search(masked)):
        return False
    return not _is_spoken_against(masked, place) and not _LOSS.search(_CONDITION.sub(" ", masked[place : place + 200]))


def _is_spoken_against(masked: str, place: int) -> bool:
    """In its own phrase."""
    before, after = masked[max(0, place - 200) : place], masked[place : place + 200]
    phrase = _PHRASE_END.split(before)[-1] + _PHRASE_END.split(after, maxsplit=1)[0]
    return bool(_AGAINST.search(_CONDITION.sub(" ", phrase)))


def _near(masked: str, place: int) -> str:
    """The sentence around it, with the one before and the one after."""
    before, after = masked[max(0, place - 200) : place], masked[place : place + 200]
    return ". ".join([*_SENTENCE_END.split(before)[-2:]]) + ". ".join(_SENTENCE_END.split(after)[:2])


def _places(masked: str) -> Iterator[int]:
    return (place.start() for place in re.finditer(_PLACE, masked))


def _contacts(plain: str) -> list[_Contact]:
    """In the order of the text, none inside of another. Whom a reply begins with is spoken to."""
    taken = [_Contact(0, match.end(), "") for match in [_ADDRESSEES.match(plain)] if match]
    spoken_to = taken[:]
    for kind in (_linked, _mailed, _phoned, _named, _handles):
        for one in islice(kind(plain), 4 * MOST_CONTACTS):
            if one.name and not any(one.start < other.end and other.start < one.end for other in taken):
                taken.append(one)
    found = [one for one in taken if one not in spoken_to]
    if not found and spoken_to:
        found = list(islice(_handles(plain), MOST_CONTACTS))
    return sorted(found, key=lambda one: one.start)


def _linked(plain: str) -> Iterator[_Contact]:
    for link in _LINK.finditer(plain):
        path = link["path"].rstrip(".,:;!?)]}'\"")
        number = _NUMBER_IN_LINK.search(path)
        if number:
            yield _Contact(*link.span(), _number(number[1]))
        elif link["messenger"] or _PROFILE.match(path):
            name = re.split(r"[?#]", path)[0].rstrip("/").rsplit("/", 1)[-1]
            yield _Contact(*link.span(), letters_of(name))


def _mailed(plain: str) -> Iterator[_Contact]:
    for start, end, address in find_emails(plain):
        yield _Contact(start, end, address)


def _phoned(plain: str) -> Iterator[_Contact]:
    """Without the code of a country it may be anything, an order too: it counts behind the name of a messenger."""
    for start, end, number in find_phones(plain, international=True):
        yield _Contact(start, end, _number(number))
    small = lowered(plain)
    for start, end, number in find_phones(plain, international=False):
        if _MESSENGER.search(small, max(0, start - 30), start):
            yield _Contact(start, end, _number(number))


def _named(plain: str) -> Iterator[_Contact]:
    for match in _NAMED.finditer(plain):
        yield _Contact(*match.span("name"), letters_of(match["name"]))


def _handles(plain: str) -> Iterator[_Contact]:
    for match in _HANDLE.finditer(plain):
        yield _Contact(*match.span(), letters_of(match[1]), is_handle=True)


def _number(digits: str) -> str:
    return digits[-NUMBER_LENGTH:]
