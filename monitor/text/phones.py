"""Phone numbers. Those with a country code are judged by `phonenumbers`; national ones need a usual shape, or a word
about phones before them. The end of a line may break them.
"""

import re
from collections.abc import Iterator

import phonenumbers

from monitor.text.words import ORDER, OTHER, PARCEL, PHONE, any_of

_PHONE = re.compile(r"(?<![0-9A-Za-z+])\+?[(]?[0-9](?:[ ().\-/]{0,3}(?:\n {0,3})?[0-9]){6,14}(?![0-9])")
_WORD, _OTHER = any_of(PHONE), any_of(ORDER, OTHER, PARCEL)
_NATIONAL = re.compile(r"0[1-9][0-9]{7,10}|1[3-9][0-9]{9}|[2-9][0-9]{2}[2-9][0-9]{6}")
_NOT_A_DIGIT = re.compile(r"[^0-9]+")
_GROUP_END = re.compile(r"(?<=[0-9])(?=[^0-9]|$)")
_GLUED = re.compile(r"[A-Za-z][0-9]{1,4}[ ().\-/]{1,3}$")
_LINE_END = re.compile(r"\n")
_DECIMAL = re.compile(r"[0-9]+\.[0-9]+")
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[-./ ][01]?[0-9][-./ ][0-3]?[0-9](?![0-9])"
    r"|[0-3]?[0-9][-./][01]?[0-9][-./](?:19|20)[0-9]{2}(?![0-9])"
)
# "0171 2345678 3 times": what stands apart behind a number that is whole is counted, not dialled.
_COUNTED = re.compile(r"(?<=[0-9]{6})[ \n]{1,3}[0-9]{1,2}$|(?<=[0-9]{3})[ \n]{1,3}[0-9]$")
_SHORTEST, _MOST_ENDS, _WINDOW = 7, 6, 24
# Nine digits that a line ends behind are whole. Without a word before it only a number with its 0 goes on, twice at most.
_WHOLE_IN_LINE, _MOST_LINES = 9, 3


def find_phones(text: str, *, international: bool) -> Iterator[tuple[int, int, str]]:
    """(start, end, value): with a country code as E.164, national ones as their digits."""
    at = 0
    while match := _PHONE.search(text, at):
        start, written = match.start(), match.group()
        is_international = written[0] == "+" or _bare(written).startswith("00")
        if is_international == international and (found := _found(written, text, start)):
            at = start + found[0]
            yield start, at, found[1]
        else:
            # What stands in the next line may be a number without this one.
            line = written.find("\n")
            at = start + line if line > 0 else match.end()


def is_national(digits: str) -> bool:
    """A usual shape of a number as it is dialled within a country."""
    return _NATIONAL.fullmatch(digits) is not None


def _found(written: str, text: str, start: int) -> tuple[int, str] | None:
    """How much of it is a number, and which: within its first line, or with those that follow."""
    is_international = written[0] == "+" or _bare(written).startswith("00")
    # In "tel415 555 2671" no number begins in the middle; masking hides it whole.
    if not is_international and _GLUED.search(text[max(0, start - 8) : start]):
        return None
    for end in [*(match.start() for match in _LINE_END.finditer(written)), len(written)]:
        piece, is_last = written[:end], end == len(written)
        if is_international:
            found = _international(piece, may_be_unused=is_last)
        elif is_last or len(_bare(piece)) >= _WHOLE_IN_LINE:
            found = _national(piece, text, start)
        else:
            found = None
        if found:
            return found
    return None


def _international(written: str, *, may_be_unused: bool) -> tuple[int, str] | None:
    """The longest number of some country that is in use, or could be."""
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
    return possible if may_be_unused else None


def _national(written: str, text: str, start: int) -> tuple[int, str] | None:
    if is_date(written) or _DECIMAL.fullmatch(written):
        return None
    if (counted := _COUNTED.search(written)) and len(_bare(written[: counted.start()])) >= _SHORTEST:
        written = written[: counted.start()]
    is_called_so = _is_called_phone(text, start)
    lines = written.count("\n") + 1
    if not is_called_so and lines > 1 and (written[0] != "0" or lines > _MOST_LINES):
        return None
    for end in _ends(written):
        if is_national(bare := _bare(written[:end])):
            return end, bare
    return (len(written), _bare(written)) if is_called_so else None


def is_date(written: str) -> bool:
    """Begins with one."""
    return _DATE.match(written) is not None


def _is_called_phone(text: str, start: int) -> bool:
    """The last word about numbers before it is one about phones."""
    ends = [word.end() for word in _WORD.finditer(text, max(0, start - _WINDOW), start)]
    return bool(ends) and not _OTHER.search(text, ends[-1], start)


def _ends(written: str) -> list[int]:
    """Where the number may end, the longest first: behind each of its groups."""
    ends = [match.start() for match in _GROUP_END.finditer(written)]
    return [end for end in reversed(ends) if len(_bare(written[:end])) >= _SHORTEST][:_MOST_ENDS]


def _bare(written: str) -> str:
    return _NOT_A_DIGIT.sub("", written)
