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
# "06 12 34 56 78 06 87 65 43 21": the next number begins with its own 0.
_NEXT = re.compile(r"(?<=[0-9])[ ().\-/]{1,3}(?=0[1-9](?:[ ().\-/]{0,3}[0-9]){5})")
_LINE_END = re.compile(r"\n")
_DECIMAL = re.compile(r"[0-9]+\.[0-9]+")
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[-./ ][01]?[0-9][-./ ][0-3]?[0-9](?![0-9])"
    r"|[0-3]?[0-9][-./][01]?[0-9][-./](?:19|20)[0-9]{2}(?![0-9])"
)
# "0171 2345678 3 times": what stands apart behind a number that is whole is counted, not dialled.
_COUNTED = re.compile(r"(?<=[0-9]{6})[ \n]{1,3}[0-9]{1,2}$|(?<=[0-9]{3})[ \n]{1,3}[0-9]$")
_SHORTEST, _MOST_ENDS, _WINDOW = 7, 6, 24
# Nine digits before the end of a line, or before another number, are whole. Over the end of a line goes on, without a
# word, only a number with its 0, twice at most.
_WHOLE_IN_LINE, _MOST_BREAKS = 9, 2


def find_phones(text: str, *, international: bool) -> Iterator[tuple[int, int, str]]:
    """(start, end, value): with a country code as E.164, national ones as their digits."""
    speaks_of_phones: bool | None = None
    at = 0
    while match := _PHONE.search(text, at):
        start, written, found = match.start(), match.group(), None
        at = match.end()
        if (written[0] == "+" or _bare(written).startswith("00")) != international:
            at = _next_line(match)
        elif international:
            found = _international_in_lines(written)
        else:
            if speaks_of_phones is None:
                speaks_of_phones = _WORD.search(text) is not None
            found = _national_in_lines(written, text, start, speaks_of_phones=speaks_of_phones)
            at = _next_line(match)
        if found:
            at = start + found[0]
            yield start, at, found[1]


def _next_line(match: re.Match[str]) -> int:
    """What stands there may be a number without what stands before."""
    line = match.group().find("\n")
    return match.end() if line < 0 else match.start() + line


def is_national(digits: str) -> bool:
    """A usual shape of a number as it is dialled within a country; "5555555555" is laughter in Thai."""
    return _NATIONAL.fullmatch(digits) is not None and len(set(digits)) > 1


def _line_ends(written: str) -> list[int]:
    return [match.start() for match in _LINE_END.finditer(written)]


def _international_in_lines(written: str) -> tuple[int, str] | None:
    """How much of it is a number, and which: within its first line, or with those that follow."""
    for end in _line_ends(written)[:_MOST_BREAKS]:
        if found := _international(written[:end], may_be_unused=False):
            return found
    return _international(written, may_be_unused=True)


def _national_in_lines(written: str, text: str, start: int, *, speaks_of_phones: bool) -> tuple[int, str] | None:
    # In "tel415 555 2671" no number begins in the middle; masking hides it whole.
    if _GLUED.search(text[max(0, start - 8) : start]):
        return None
    is_called_so = speaks_of_phones and _is_called_phone(text, start)
    written = _without_next(written, text, start)
    ends = _line_ends(written)
    if not is_called_so and ends and (written[0] != "0" or len(ends) > _MOST_BREAKS):
        written, ends = written[: ends[0]], []
    for end in ends[:_MOST_BREAKS]:
        is_whole = len(_bare(written[:end])) >= _WHOLE_IN_LINE
        if is_whole and (found := _national(written[:end], is_called_so=is_called_so)):
            return found
    return _national(written, is_called_so=is_called_so)


def _without_next(written: str, text: str, start: int) -> str:
    """Without another number that stands behind it in the same line."""
    for gap in _NEXT.finditer(text, start, start + len(written) + _WINDOW):
        end = gap.start() - start
        if end < len(written) and len(_bare(written[:end])) >= _WHOLE_IN_LINE:
            return written[:end]
    return written


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


def _national(written: str, *, is_called_so: bool) -> tuple[int, str] | None:
    if len(_bare(written)) < _SHORTEST or is_date(written) or _DECIMAL.fullmatch(written):
        return None
    if (counted := _COUNTED.search(written)) and len(_bare(written[: counted.start()])) >= _SHORTEST:
        written = written[: counted.start()]
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
