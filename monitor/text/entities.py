"""Finds what a case needs and what a public reply must not hold: order and tracking numbers, amounts, e-mail, phone,
cards, bank accounts. Offsets are code points of the given text; digits of every script count as digits.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

from monitor.text.amounts import find_amounts
from monitor.text.checksums import CARRIERS, passes_iban, passes_luhn
from monitor.text.words import NUMBER, ORDER, PARCEL, PHONE, any_of

KINDS = ("email", "iban", "tracking_number", "card", "order_number", "phone", "amount")
_LONGEST_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Entity:
    """`value` is the bare form: a number without spaces, an amount as `EUR 12.50`, a phone as E.164 where known."""

    kind: str
    start: int
    end: int
    value: str


_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}(?![\w-])")
_URL = re.compile(r"(?:https?://|www\.)\S+")
_IBAN = re.compile(
    r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?(?![0-9A-Za-z])", re.ASCII
)
_CARD = re.compile(r"(?<![0-9])(?<![0-9][-])[3-6][0-9]{3}(?:[ -]?[0-9]{2,6}){2,4}(?![0-9])")
_PARCEL = any_of(PARCEL)
_ORDER = re.compile(
    rf"(?:{'|'.join(ORDER)})[^\S\n]?(?:{'|'.join(NUMBER)})?[.:#\s：＃-]{{0,4}}"
    r"(?P<value>[A-Z]{0,4}-?[0-9][0-9A-Z-]{4,29})(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_DIGITS = r"\+?[(]?[0-9](?:[ ().\-/]{0,2}[0-9]){6,14}(?![0-9])"
_PHONE = re.compile(rf"(?<![0-9A-Za-z+]){_DIGITS}")
_PHONE_WORD = any_of(PHONE)
_NATIONAL = re.compile(r"0[1-9]\d{7,10}|1[3-9]\d{9}|[2-9]\d{2}[2-9]\d{6}")
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[-./ ][01]?[0-9][-./ ][0-3]?[0-9](?![0-9])"
    r"|[0-3]?[0-9][-./][01]?[0-9][-./](?:19|20)[0-9]{2}(?![0-9])"
)
_CARRIER_SHAPES = {
    name: re.compile(rf"(?<![0-9A-Za-z])(?:{_spaced})(?![0-9A-Za-z])", re.IGNORECASE if name == "ups" else 0)
    for name, (_spaced, _, _) in CARRIERS.items()
}
_USPS_SPACED = re.compile(r"(?<![0-9])9[0-9]{3}(?: [0-9]{4}){4}(?: [0-9]{2})?(?![0-9])")


def ascii_digits(text: str) -> str:
    """The same text, code point for code point, with every decimal digit in its ASCII form."""
    if text.isascii():
        return text
    strange = {letter for letter in set(text) if letter.isdecimal() and not letter.isascii()}
    return text.translate({ord(letter): str(unicodedata.decimal(letter)) for letter in strange})


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a usable order number pattern: {pattern!r} ({error})") from error


def find_entities(text: str, order_patterns: Sequence[str] = ()) -> list[Entity]:
    """Entities in order of place, none overlapping; the first 20,000 characters are read.

    `order_patterns` are the brand's regular expressions for its order numbers. Raises ValueError for a bad pattern.
    """
    plain = ascii_digits(text[:_LONGEST_TEXT])
    if not order_patterns and not any(letter.isdigit() or letter == "@" for letter in plain):
        return []
    taken = bytearray(len(plain))
    for address in _URL.finditer(plain):
        taken[address.start() : address.end()] = b"\x01" * len(address.group())
    found: list[Entity] = []
    for entity in _candidates(plain, order_patterns):
        if entity.end > entity.start and not any(taken[entity.start : entity.end]):
            taken[entity.start : entity.end] = b"\x01" * (entity.end - entity.start)
            found.append(entity)
    return sorted(found, key=lambda entity: entity.start)


def _candidates(plain: str, order_patterns: Sequence[str]) -> Iterator[Entity]:
    """In order of trust: what comes first takes its place in the text."""
    for match in _EMAIL.finditer(plain):
        yield Entity("email", match.start(), match.end(), match.group().lower())
    yield from _orders_by_pattern(plain, order_patterns)
    yield from _bank_accounts(plain)
    yield from _parcels(plain)
    for match in _ORDER.finditer(plain):
        if sum(letter.isdigit() for letter in match["value"]) >= 5:
            yield Entity("order_number", match.start("value"), match.end("value"), match["value"].upper())
    yield from _cards(plain)
    for start, end, value in find_amounts(plain):
        yield Entity("amount", start, end, value)
    yield from _phones(plain)


def _orders_by_pattern(plain: str, order_patterns: Iterable[str]) -> Iterator[Entity]:
    for pattern in order_patterns:
        for match in _compiled(pattern).finditer(plain):
            yield Entity("order_number", match.start(), match.end(), match.group())


def _bank_accounts(plain: str) -> Iterator[Entity]:
    for match in _IBAN.finditer(plain):
        # The shape is greedy: a word in capitals after the account is given back, group by group.
        written = match.group()
        while len(written.replace(" ", "")) >= 15:
            if passes_iban(written.replace(" ", "")):
                yield Entity("iban", match.start(), match.start() + len(written), written.replace(" ", ""))
                break
            written = written.rpartition(" ")[0]


def _parcels(plain: str) -> Iterator[Entity]:
    speaks_of_parcels: bool | None = None
    for name, (_, passes, needs_word) in CARRIERS.items():
        shapes = [_CARRIER_SHAPES[name]] + ([_USPS_SPACED] if name == "usps" else [])
        for match in (match for shape in shapes for match in shape.finditer(plain)):
            if needs_word and speaks_of_parcels is None:
                speaks_of_parcels = bool(_PARCEL.search(plain))
            bare = match.group().replace(" ", "").upper()
            if (speaks_of_parcels or not needs_word) and passes(bare):
                yield Entity("tracking_number", match.start(), match.end(), bare)


def _cards(plain: str) -> Iterator[Entity]:
    for match in _CARD.finditer(plain):
        bare = re.sub(r"[ -]", "", match.group())
        if 13 <= len(bare) <= 19 and passes_luhn(bare):
            yield Entity("card", match.start(), match.end(), bare)


def _phones(plain: str) -> Iterator[Entity]:
    """Numbers with a country code are checked by `phonenumbers`; national ones need a usual shape or a word nearby."""
    for match in _PHONE.finditer(plain):
        written = match.group().rstrip("(")
        bare = re.sub(r"[^0-9]", "", written)
        before = plain[max(0, match.start() - 24) : match.start()]
        if written.startswith("+") or bare.startswith("00"):
            if number := _international(bare.removeprefix("00")):
                yield Entity("phone", match.start(), match.start() + len(written), number)
        elif _DATE.match(written):
            continue
        elif _NATIONAL.fullmatch(bare) or (len(bare) >= 7 and _PHONE_WORD.search(before)):
            yield Entity("phone", match.start(), match.start() + len(written), bare)


def _international(digits: str) -> str:
    try:
        number = phonenumbers.parse("+" + digits, None)
    except phonenumbers.NumberParseException:
        return ""
    return (
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if phonenumbers.is_possible_number(number)
        else ""
    )
