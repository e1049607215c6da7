"""Hides what points to a person or a purchase, in every script, so that a text may be shown, logged or matched."""

import re
from collections.abc import Iterator, Sequence

from monitor.text.entities import Entity, find_plain_entities
from monitor.text.plain import to_plain

_KEPT = frozenset({"amount"})
_FEWEST_DIGITS = 6
_RUN = re.compile(r"[0-9]+(?:(?:[ \-_()]{1,3}|[./])[0-9]+)*")
_CLOSE_RUN = re.compile(r"[0-9]+(?:[ \-_()]{1,3}[0-9]+)*")
# Phones, cards and numbers of persons in three or more groups with dots or slashes; not versions, not decimals.
_DOTTED = re.compile(r"[0-9]{2,}(?:[./][0-9]{2,}){2,}")
_FEWEST_DOTTED_DIGITS = 8
_BROKEN = re.compile(r"(?<![0-9.,:/])[0-9]{3,}(?:(?:[ \-]{1,2}(?:\n {0,2})?|\n {0,2})[0-9]{2,})+(?![0-9])")
_FEWEST_BROKEN_DIGITS = 9
_YEAR = r"(?:19|20)[0-9]{2}"
_DAY, _MONTH = r"(?:0?[1-9]|[12][0-9]|3[01])", r"(?:0?[1-9]|1[0-2])"
_A_YEAR = re.compile(_YEAR)
# A date, alone between other signs: in the middle of a longer number its digits are no day.
_DATE = re.compile(
    rf"(?<![0-9])(?<![0-9][-./])(?:{_YEAR}([-./]){_MONTH}\1{_DAY}|{_DAY}([-./]){_MONTH}\2(?:{_YEAR}|[0-9]{{2}}))"
    r"(?![0-9])(?![-./][0-9])"
)
# Years and their ranges, a year beside a count, ranges of hundreds, millions in groups, round numbers.
_ORDINARY = re.compile(
    rf"{_YEAR}(?: ?[ \-] ?{_YEAR})+|{_YEAR}-[0-9]{{2}}|{_YEAR} [1-9][0-9]{{0,2}}|[1-9][0-9]{{0,2}} {_YEAR}"
    r"|[1-9] [0-9]{3} [0-9]{3}|[1-9][0-9]{0,2}(?: 000){1,3}|[1-9][0-9]?0{4,7}|[1-9][0-9]{0,2} ?- ?[1-9][0-9]{2}"
)


def mask(text: str, order_patterns: Sequence[str] = ()) -> str:
    """Each entity but amounts becomes its kind in brackets; a run of six or more other digits becomes [number], also
    where the end of a line breaks it.

    Dates, years, ranges of them and round numbers stay.
    """
    folded = to_plain(text)
    parts: list[str] = []
    at = 0
    for start, end, word in _hidden(folded.text, find_plain_entities(text, folded, order_patterns)):
        first, last = folded.given(start, end)
        parts += [text[at:first], word]
        at = last
    return "".join([*parts, text[at:]])


def _hidden(text: str, entities: Sequence[Entity]) -> Iterator[tuple[int, int, str]]:
    """(start, end, what stands there instead) in order; places in the plain text."""
    at = 0
    for entity in entities:
        yield from _hidden_numbers(text, at, entity.start)
        if entity.kind not in _KEPT:
            yield entity.start, entity.end, f"[{entity.kind}]"
        at = entity.end
    yield from _hidden_numbers(text, at, len(text))


def _hidden_numbers(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    at = start
    for broken in [*filter(_is_one_number, _BROKEN.finditer(text, start, end)), None]:
        yield from _hidden_in_lines(text, at, broken.start() if broken else end)
        if broken:
            yield broken.start(), broken.end(), "[number]"
            at = broken.end()


def _is_one_number(broken: re.Match[str]) -> bool:
    """Parted by the ends of lines, and no column of dates, years or round numbers."""
    groups = re.findall("[0-9]+", broken.group())
    is_column = _DATE.search(broken.group()) is not None or all(
        group.endswith("00") or _A_YEAR.fullmatch(group) for group in groups
    )
    return "\n" in broken.group() and _count(broken.group()) >= _FEWEST_BROKEN_DIGITS and not is_column


def _hidden_in_lines(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    at = start
    for date in [*_DATE.finditer(text, start, end), None]:
        for run in _RUN.finditer(text, at, date.start() if date else end):
            yield from _hidden_parts(text, run)
        at = date.end() if date else end


def _hidden_parts(text: str, run: re.Match[str]) -> Iterator[tuple[int, int, str]]:
    written = run.group()
    if _count(written) < _FEWEST_DIGITS:
        return
    if "." in written or "/" in written:
        parts = [
            part
            for part in _DOTTED.finditer(text, run.start(), run.end())
            if _count(part.group()) >= _FEWEST_DOTTED_DIGITS
        ]
    else:
        parts = []
    at = run.start()
    for dotted in [*parts, None]:
        for part in _CLOSE_RUN.finditer(text, at, dotted.start() if dotted else run.end()):
            if _count(part.group()) >= _FEWEST_DIGITS and not _ORDINARY.fullmatch(part.group()):
                yield part.start(), part.end(), "[number]"
        if dotted:
            yield dotted.start(), dotted.end(), "[number]"
            at = dotted.end()


def _count(written: str) -> int:
    return sum(letter.isdecimal() for letter in written)
