"""Phone numbers. Those with a country code are judged by `phonenumbers`; national ones need a usual shape, or a word
about phones before them.
"""

import re
from collections.abc import Iterator

import phonenumbers

from monitor.text.words import PHONE, any_of

_PHONE = re.compile(r"(?<![0-9A-Za-z+])\+?[(]?[0-9](?:[ ().\-/]{0,3}[0-9]){6,14}(?![0-9])")
_WORD = any_of(PHONE)
_NATIONAL = re.compile(r"0[1-9][0-9]{7,10}|1[3-9][0-9]{9}|[2-9][0-9]{2}[2-9][0-9]{6}")
_NOT_A_DIGIT = re.compile(r"[^0-9]+")
_GROUP_END = re.compile(r"(?<=[0-9])(?=[^0-9]|$)")
_DECIMAL = re.compile(r"[0-9]+\.[0-9]+")
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[-./ ][01]?[0-9][-./ ][0-3]?[0-9](?![0-9])"
    r"|[0-3]?[0-9][-./][01]?[0-9][-./](?:19|20)[0-9]{2}(?![0-9])"
)
# "0171 2345678 3 times": what stands apart behind a number that is whole is counted, not dialled.
_COUNTED = re.compile(r"(?<=[0-9]{6}) {1,3}[0-9]{1,2}$|(?<=[0-9]{3}) {1,3}[0-9]$")
_SHORTEST, _MOST_ENDS = 7, 6


def find_phones(text: str, *, international: bool) -> Iterator[tuple[int, int, str]]:
    """(start, end, value): with a country code as E.164, national ones as their digits."""
    at = 0
    while match := _PHONE.search(text, at):
        at, written = match.end(), match.group()
        is_international = written[0] == "+" or _bare(written).startswith("00")
        if is_international != international:
            continue
        found = _international(written) if international else _national(written, text, match.start())
        if found:
            at = match.start() + found[0]
            yield match.start(), at, found[1]


def _international(written: str) -> tuple[int, str] | None:
    """How much of it is a number of some country, and which: the longest that is in use, or could be."""
    possible = None
    for end in _ends(written):
        try:
            number = phonenumbers.parse("+" + _bare(written[:end]).removeprefix("00"), None)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            found = end, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            if phonenumbers.is_valid_number(number):
                return found
            possible = possible or found
    return possible


def _national(written: str, text: str, start: int) -> tuple[int, str] | None:
    if _DATE.match(written) or _DECIMAL.fullmatch(written):
        return None
    if (counted := _COUNTED.search(written)) and len(_bare(written[: counted.start()])) >= _SHORTEST:
        written = written[: counted.start()]
    for end in _ends(written):
        if _NATIONAL.fullmatch(bare := _bare(written[:end])):
            return end, bare
    return (len(written), _bare(written)) if _WORD.search(text, max(0, start - 24), start) else None


def _ends(written: str) -> list[int]:
    """Where the number may end, the longest first: behind each of its groups."""
    ends = [match.start() for match in _GROUP_END.finditer(written)]
    return [end for end in reversed(ends) if len(_bare(written[:end])) >= _SHORTEST][:_MOST_ENDS]


def _bare(written: str) -> str:
    return _NOT_A_DIGIT.sub("", written)
