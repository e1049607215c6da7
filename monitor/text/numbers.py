"""Runs of digits in a plain text: groups that belong together, and the cards, parcels and accounts among them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.text.checksums import DIGIT_CARRIERS, LETTER_CARRIERS, iban_length, is_card, passes_iban
from monitor.text.words import PARCEL, any_of

Span = tuple[int, int]
Found = tuple[int, int, str]

_RUN = re.compile(r"(?<![0-9A-Za-z])[0-9]+(?:[ .,\-/_]{1,3}[0-9]+)*(?![0-9A-Za-z])")
_GROUP = re.compile(r"[0-9]+")
_NOT_A_DIGIT = re.compile(r"[^0-9]+")
_CARD_GROUPS = {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3)}
_OWN_PREFIX = re.compile(r"(?:420|9[1-6]|9[0-9]|0[03]|14|23|7[0-9]|81|100)")
_LONGEST_PARCEL, _SHORTEST_PARCEL = 38, 20
_PARCEL_WORD = any_of(PARCEL)
_IBAN = re.compile(r"(?<![0-9A-Za-z])(?P<country>[A-Za-z]{2})[ -]?[0-9]{2}(?=[ -]{0,2}[0-9A-Za-z])")
_IBAN_PART = re.compile(r"[ -]{0,2}([0-9A-Za-z])")
# Written apart, two words beside a number look like S10: then only capitals count, and a letter that means a service.
_LETTERED = re.compile(
    r"(?<![0-9A-Za-z])(?:1[Zz](?:[ -]?[0-9A-Za-z]){16}|[A-Za-z]{2}[0-9]{9}[A-Za-z]{2}"
    r"|[ACELQRUVZ][A-Z](?:[ -]?[0-9]){9}[ -]?[A-Z]{2}|(?:JJD|JVGL|TBA|[A-Z]{2})(?:[ -]?[0-9]){10,22})(?![0-9A-Za-z])"
)


@dataclass(frozen=True, slots=True)
class Run:
    """Groups of digits with no more than three signs between them."""

    start: int
    end: int
    groups: tuple[Span, ...]
    digits: str


def find_runs(text: str) -> list[Run]:
    runs = []
    for match in _RUN.finditer(text):
        groups = tuple(group.span() for group in _GROUP.finditer(text, *match.span()))
        runs.append(Run(match.start(), match.end(), groups, _NOT_A_DIGIT.sub("", match.group())))
    return runs


def find_cards(runs: Sequence[Run]) -> Iterator[Found]:
    """A whole run, a single group, or groups as they are printed on cards."""
    for run in runs:
        if len(run.digits) < 13:
            continue
        if len(run.digits) <= 19 and is_card(run.digits):
            yield run.start, run.end, run.digits
            continue
        for first, last, digits in _windows(run, shortest=13, longest=19):
            lengths = tuple(end - start for start, end in run.groups[first : last + 1])
            if (len(lengths) == 1 or lengths in _CARD_GROUPS) and is_card(digits):
                yield run.groups[first][0], run.groups[last][1], digits


def find_digit_parcels(text: str, runs: Sequence[Run]) -> Iterator[Found]:
    """Those with a carrier's own beginning first; then, where the text speaks of parcels, what no card is."""
    for run in runs:
        if len(run.digits) < _SHORTEST_PARCEL:
            continue
        for first, last, digits in _windows(run, shortest=_SHORTEST_PARCEL, longest=_LONGEST_PARCEL, prefix=_OWN_PREFIX):
            if _is_parcel(digits, needs_word=False):
                yield run.groups[first][0], run.groups[last][1], digits
    if not any(len(run.digits) >= 10 for run in runs) or not _PARCEL_WORD.search(text):
        return
    for run in runs:
        if len(run.digits) >= 10:
            wholes = [(run.start, run.end), *run.groups]
            for start, end in wholes:
                digits = _NOT_A_DIGIT.sub("", text[start:end]) if end - start <= 3 * _LONGEST_PARCEL else ""
                if 10 <= len(digits) <= _LONGEST_PARCEL and _is_parcel(digits, needs_word=True) and not is_card(digits):
                    yield start, end, digits


def find_lettered_parcels(text: str) -> Iterator[Found]:
    for match in _LETTERED.finditer(text):
        bare = re.sub("[ -]", "", match.group()).upper()
        for carrier in LETTER_CARRIERS:
            if not carrier.shape.fullmatch(bare) or not carrier.passes(bare):
                continue
            if not carrier.needs_word or _PARCEL_WORD.search(text):
                yield match.start(), match.end(), bare
                break


def find_ibans(text: str) -> Iterator[Found]:
    """The country says how many letters belong to the account: a word after it is none of it."""
    for match in _IBAN.finditer(text):
        bare, at = re.sub("[ -]", "", match.group()), match.end()
        while len(bare) < iban_length(match["country"].upper()) and (part := _IBAN_PART.match(text, at)):
            bare, at = bare + part[1], part.end()
        goes_on = text[at : at + 1].isascii() and text[at : at + 1].isalnum()
        if not goes_on and passes_iban(bare.upper()):
            yield match.start(), at, bare.upper()


def _is_parcel(digits: str, *, needs_word: bool) -> bool:
    return any(
        carrier.needs_word == needs_word and carrier.shape.fullmatch(digits) and carrier.passes(digits)
        for carrier in DIGIT_CARRIERS
    )


def _windows(
    run: Run, *, shortest: int, longest: int, prefix: re.Pattern[str] | None = None
) -> Iterator[tuple[int, int, str]]:
    """(first group, last group, digits) of neighbours that hold so many digits, the longest first."""
    begins, at = [0], 0
    for start, end in run.groups:
        at += end - start
        begins.append(at)
    for first in range(len(run.groups)):
        if prefix and not prefix.match(run.digits, begins[first]):
            continue
        last = first
        while last + 1 < len(run.groups) and begins[last + 2] - begins[first] <= longest:
            last += 1
        for end in range(last, first - 1, -1):
            if shortest <= begins[end + 1] - begins[first] <= longest:
                yield first, end, run.digits[begins[first] : begins[end + 1]]
