"""Runs of digits in a plain text: groups that belong together, and the cards, parcels and accounts among them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from monitor.text.checksums import DIGIT_CARRIERS, LETTER_CARRIERS, iban_length, is_card, passes_iban
from monitor.text.words import PARCEL, any_of

Span = tuple[int, int]
Found = tuple[int, int, str]

_RUN = re.compile(r"[0-9]+(?:[ .,\-/_]{1,3}[0-9]+)*")
# A number that the end of a line breaks, also more than once.
_BROKEN_RUN = re.compile(r"[0-9]+(?:(?:[ .,\-/_]{1,3}(?:\n {0,3})?|\n {0,3})[0-9]+)*")
_GROUP = re.compile(r"[0-9]+")
_CARD_GROUPS = ((4, 4, 4, 4, 3), (4, 4, 4, 4), (4, 6, 5), (4, 6, 4))
_OWN_PREFIX = re.compile(r"420|9|0[03]|14|23|7|81|100")
_OWN_LENGTHS = frozenset({20, 22, 26, 30, 34, 38})
_MOST_GROUPS = 12
_PARCEL_WORD = any_of(PARCEL)
_IBAN = re.compile(r"(?<![0-9A-Za-z])(?P<country>[A-Za-z]{2})(?:[ -]|\n ?)?[0-9]{2}(?=[ -]{0,2}(?:\n ?)?[0-9A-Za-z])")
_FEWEST_IBAN_DIGITS = 10
_IBAN_PART = re.compile(r"[ -]{0,2}(?:\n {0,2})?([0-9A-Za-z])")
# Written apart, two words beside a number look like S10: then only capitals count, and a letter that means a service.
_LETTERED = re.compile(
    r"(?<![0-9A-Za-z])(?:1[Zz](?:[ \n-]?[0-9A-Za-z]){16}|[A-Za-z]{2}[0-9]{9}[A-Za-z]{2}"
    r"|[ACELQRUVZ][A-Z](?:[ \n-]?[0-9]){9}[ \n-]?[A-Z]{2}|(?:JJD|JVGL|TBA|[A-Z]{2}) ?[0-9]{10,22}"
    r"|[A-Za-z]{2}[0-9]{10,22}|JD[A-Z]{1,3}[0-9]{10,15}|SPX[A-Z]{0,2}[0-9]{9,16}|TH[0-9]{9,13}[A-Z]|3S[A-Z]{2,6}[0-9]{6,12}|[5-9][A-Z][0-9]{11}"
    r")(?![0-9A-Za-z])"
)


@dataclass(frozen=True, slots=True)
class Run:
    """Groups of digits with no more than three signs between them, or the end of a line."""

    start: int
    end: int
    groups: tuple[Span, ...]
    digits: str
    is_broken: bool = False


def find_runs(text: str) -> list[Run]:
    """Those within a line first: a number that is whole there needs no other line."""
    runs = _runs(text, _RUN.finditer(text), is_broken=False)
    if len(runs) < 2 or "\n" not in text:
        return runs
    broken = (match for match in _BROKEN_RUN.finditer(text) if "\n" in match.group())
    return runs + _runs(text, broken, is_broken=True)


def _runs(text: str, matches: Iterable[re.Match[str]], *, is_broken: bool) -> list[Run]:
    runs = []
    for match in matches:
        groups = [group.span() for group in _GROUP.finditer(text, *match.span())]
        # Within a run only its first and its last group may touch a letter.
        if _is_letter(text[max(0, match.start() - 1) : match.start()]):
            del groups[:1]
        if _is_letter(text[match.end() : match.end() + 1]):
            del groups[-1:]
        if groups:
            runs.append(Run(groups[0][0], groups[-1][1], tuple(groups), _digits(text, groups), is_broken))
    return runs


def _is_letter(sign: str) -> bool:
    return sign.isascii() and sign.isalpha()


def find_cards(text: str, runs: Sequence[Run]) -> Iterator[Found]:
    """A whole run, a single group, or groups as they are printed on cards."""
    for run in runs:
        if len(run.digits) < 13:
            continue
        if len(run.digits) <= 19 and is_card(run.digits):
            yield run.start, run.end, run.digits
            continue
        lengths = tuple(end - start for start, end in run.groups)
        for first, length in enumerate(lengths):
            shapes = _CARD_GROUPS if length == 4 else ((length,),) if 13 <= length <= 19 else ()
            for shape in shapes:
                groups = run.groups[first : first + len(shape)]
                if lengths[first : first + len(shape)] == shape and is_card(digits := _digits(text, groups)):
                    yield groups[0][0], groups[-1][1], digits


def find_own_parcels(text: str, runs: Sequence[Run]) -> Iterator[Found]:
    """Numbers of digits that begin in a carrier's own way, also with other numbers behind them."""
    for run in runs:
        if len(run.digits) < min(_OWN_LENGTHS):
            continue
        for first, (start, end) in enumerate(run.groups):
            # Digits one by one are no way in which such numbers are written.
            if end - start < 2 or not _OWN_PREFIX.match(text, start):
                continue
            if longest := _longest_own(text, run.groups[first : first + _MOST_GROUPS]):
                yield start, *longest


def _longest_own(text: str, groups: Sequence[Span]) -> tuple[int, str] | None:
    """Where the longest number ends that begins with these groups, and its digits."""
    count, longest = 0, None
    for last, (start, end) in enumerate(groups):
        count += end - start
        if count > max(_OWN_LENGTHS):
            break
        if count in _OWN_LENGTHS and _is_parcel(digits := _digits(text, groups[: last + 1]), needs_word=False):
            longest = end, digits
    return longest


def find_parcels_by_word(text: str, runs: Sequence[Run]) -> Iterator[Found]:
    """Where the text speaks of parcels: whole runs and single groups that a carrier's check fits, but no cards.

    These checks are weak: what the end of a line parts is not put together for them.
    """
    runs = [run for run in runs if len(run.digits) >= 10 and not run.is_broken]
    if not runs or not _PARCEL_WORD.search(text):
        return
    for run in runs:
        for groups in (run.groups, *((group,) for group in run.groups)):
            count = sum(end - start for start, end in groups)
            if not 10 <= count <= 20:
                continue
            digits = _digits(text, groups)
            if _is_parcel(digits, needs_word=True) and not is_card(digits):
                yield groups[0][0], groups[-1][1], digits


def find_lettered_parcels(text: str) -> Iterator[Found]:
    speaks_of_parcels: bool | None = None
    for match in _LETTERED.finditer(text):
        bare = re.sub("[ \n-]", "", match.group()).upper()
        for carrier in LETTER_CARRIERS:
            if not carrier.shape.fullmatch(bare) or not carrier.passes(bare):
                continue
            if carrier.needs_word and speaks_of_parcels is None:
                speaks_of_parcels = _PARCEL_WORD.search(text) is not None
            if not carrier.needs_word or speaks_of_parcels:
                yield match.start(), match.end(), bare
                break


def find_ibans(text: str) -> Iterator[Found]:
    """The country says how many letters belong to the account: a word after it is none of it."""
    for match in _IBAN.finditer(text):
        bare, at = re.sub("[ \n-]", "", match.group()), match.end()
        while len(bare) < iban_length(match["country"].upper()) and (part := _IBAN_PART.match(text, at)):
            bare, at = bare + part[1], part.end()
        goes_on = text[at : at + 1].isascii() and text[at : at + 1].isalnum()
        # One of 97 sentences passes the check: an account is mostly digits.
        is_number = sum(map(str.isdigit, bare)) >= _FEWEST_IBAN_DIGITS
        if not goes_on and is_number and passes_iban(bare.upper()):
            yield match.start(), at, bare.upper()


def _is_parcel(digits: str, *, needs_word: bool) -> bool:
    return any(
        carrier.needs_word == needs_word and carrier.shape.fullmatch(digits) and carrier.passes(digits)
        for carrier in DIGIT_CARRIERS
    )


def _digits(text: str, groups: Sequence[Span]) -> str:
    return "".join(text[start:end] for start, end in groups)
