"""Finds what a case needs and what a public reply must not hold: order and tracking numbers, amounts, e-mail, phone,
cards, bank accounts. Offsets are code points of the given text; digits of every script count as digits.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from monitor.text.amounts import find_amounts
from monitor.text.clean import clean
from monitor.text.emails import SIGN, find_emails
from monitor.text.numbers import (
    Found,
    find_cards,
    find_ibans,
    find_lettered_parcels,
    find_own_parcels,
    find_parcels_by_word,
    find_runs,
)
from monitor.text.phones import find_phones
from monitor.text.plain import UNSPACED, Plain, ascii_digits, to_plain
from monitor.text.words import NUMBER, ORDER, either

KINDS = ("email", "iban", "tracking_number", "card", "order_number", "phone", "amount")


@dataclass(frozen=True, slots=True)
class Entity:
    """`value` is the bare form: a number without spaces, an amount as `EUR 12.50`, a phone as E.164 where known."""

    kind: str
    start: int
    end: int
    value: str


# A link ends where a script without spaces, or its punctuation, goes on behind it.
_URL = re.compile(rf"(?:https?://|www\.)[^\s<>\"\u3000-\u3020\uff00-\uffef{UNSPACED}]+", re.IGNORECASE)
_ORDER = re.compile(
    rf"(?:{either(ORDER)})(?:[.:#]?[^\S\n]?(?:{either(NUMBER)})){{0,3}}[.:#№\s-]{{0,4}}"
    r"(?P<value>[A-Z]{0,4}-?[0-9][0-9A-Z-]{4,29})(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_DIGIT, _TAKEN = re.compile("[0-9]"), re.compile(b"\x01+")
_FIVE_DIGITS = re.compile(r"[0-9](?:[A-Za-z-]{0,25}[0-9]){4}")
# "order 2023-11-25 was late", "order 100000 VND worth": how far around a number money is looked for.
_DATE = re.compile(r"(?:19|20)[0-9]{2}-(?:0?[1-9]|1[0-2])-[0-3]?[0-9]|[0-3]?[0-9]-[01]?[0-9]-(?:19|20)[0-9]{2}")
_BEFORE_MONEY, _AFTER_MONEY = 6, 12


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a usable order number pattern: {pattern!r} ({error})") from error


def find_entities(text: str, order_patterns: Sequence[str] = ()) -> list[Entity]:
    """Entities in order of place, none overlapping.

    `order_patterns` are the brand's regular expressions for its order numbers. Raises ValueError for a bad pattern.
    """
    folded = to_plain(text)
    found = find_plain_entities(text, folded, order_patterns)
    if folded.places is None:
        return found
    spans = (folded.given(entity.start, entity.end) for entity in found)
    return [replace(entity, start=start, end=end) for entity, (start, end) in zip(found, spans, strict=True)]


def find_plain_entities(text: str, folded: Plain, order_patterns: Sequence[str] = ()) -> list[Entity]:
    """The same with the places of the plain form, which masking goes on with."""
    if not order_patterns and not _DIGIT.search(folded.text) and not SIGN.search(folded.text):
        return []
    taken = bytearray(len(folded.text))
    found: list[Entity] = []

    def take(kind: str, spans: Iterable[Found]) -> None:
        for start, end, value in spans:
            if end > start and not any(taken[start:end]):
                taken[start:end] = b"\x01" * (end - start)
                found.append(Entity(kind, start, end, value))

    take("email", find_emails(folded.text))
    for address in _URL.finditer(text):
        start, end = folded.place(address.start()), folded.place(address.end())
        taken[start:end] = b"\x01" * (end - start)

    def left() -> str:
        parts: list[str] = []
        at = 0
        for piece in _TAKEN.finditer(taken):
            parts += [folded.text[at : piece.start()], "\0" * (piece.end() - piece.start())]
            at = piece.end()
        return "".join([*parts, folded.text[at:]])

    for kind, spans in _in_order_of_trust(text, folded, order_patterns, left):
        take(kind, spans)
    return sorted(found, key=lambda entity: entity.start)


def _in_order_of_trust(
    text: str, folded: Plain, order_patterns: Sequence[str], left: Callable[[], str]
) -> Iterator[tuple[str, Iterable[Found]]]:
    """What comes first takes its place in the text; `left` is the plain text without what is taken."""
    runs = find_runs(folded.text)
    yield "order_number", _orders_by_pattern(text, folded, order_patterns)
    yield "iban", find_ibans(folded.text)
    yield "tracking_number", find_lettered_parcels(folded.text)
    yield "tracking_number", find_own_parcels(folded.text, runs)
    yield "order_number", _orders_by_word(folded.text)
    yield "tracking_number", find_parcels_by_word(folded.text, runs)
    yield "card", find_cards(folded.text, runs)
    yield "phone", find_phones(folded.text, international=True)
    yield "amount", find_amounts(left())
    # "$50 415 555 2671": a phone does not begin with the amount before it.
    yield "phone", find_phones(left(), international=False)


def _orders_by_pattern(text: str, folded: Plain, order_patterns: Sequence[str]) -> Iterator[Found]:
    """A brand's pattern is written for the text as it stands; where signs look alike, their plain form counts too."""
    if not order_patterns:
        return
    digits = ascii_digits(text)
    for pattern in order_patterns:
        for match in _compiled(pattern).finditer(digits):
            yield folded.place(match.start()), folded.place(match.end()), clean(match.group())
        if digits != folded.text:
            for match in _compiled(pattern).finditer(folded.text):
                yield match.start(), match.end(), clean(match.group())


def _orders_by_word(text: str) -> Iterator[Found]:
    if not _FIVE_DIGITS.search(text):
        return
    for match in _ORDER.finditer(text):
        start, end = match.span("value")
        has_digits = sum(letter.isdigit() for letter in match["value"]) >= 5
        if has_digits and not _DATE.fullmatch(match["value"]) and not _is_money(text, start, end):
            yield start, end, match["value"].upper()


def _is_money(text: str, start: int, end: int) -> bool:
    first = max(0, start - _BEFORE_MONEY)
    around = find_amounts(text[first : end + _AFTER_MONEY])
    return any(first + amount_start < end and start < first + amount_end for amount_start, amount_end, _ in around)
