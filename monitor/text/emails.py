"""E-mail addresses, also where no space parts them from the words around, inside of links, and in every script."""

import re
from collections.abc import Iterator

from monitor.text.plain import UNSPACED

_SIGN = re.compile("@|%40")
_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-'")
# A name of letters that stand without spaces is told from the sentence before it by its length alone.
_LONGEST_LOCAL, _LONGEST_UNSPACED = 254, 24
_UNSPACED = re.compile(f"[{UNSPACED}]")
_MARKS = "\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff"
_ASCII_DOMAIN = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){0,7}?(?:\.(?:xn--[A-Za-z0-9-]{2,59}|[A-Za-z]{2,63}))"
    r"(?![A-Za-z0-9-])(?!\.[A-Za-z0-9])"
)
_ANY_DOMAIN = re.compile(
    rf"[^\W_][\w{_MARKS}-]{{0,62}}(?:\.[\w{_MARKS}-]{{1,63}}){{0,7}}\.[^\W\d_][\w{_MARKS}-]{{1,62}}"
)
_GOES_ON = re.compile(rf"\.?(?![{UNSPACED}])[^\W_]")


def find_emails(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, address in small letters); `%40` is the sign as links write it."""
    lowest = 0
    for sign in _SIGN.finditer(text):
        if sign.start() <= lowest:
            continue
        start, end = _local_start(text, sign.start(), lowest), _domain_end(text, sign.end())
        if start < sign.start() and end:
            yield start, end, f"{text[start : sign.start()]}@{text[sign.end() : end]}".lower()
            lowest = end


def _local_start(text: str, end: int, lowest: int) -> int:
    at, lowest = end, max(lowest, end - _LONGEST_LOCAL)
    is_latin = text[end - 1].isascii()
    while at > lowest and (text[at - 1] in _LOCAL or _is_part(text[at - 1], is_latin=is_latin)):
        at -= 1
    if at == end:
        at = _unspaced_start(text, end, max(lowest, end - _LONGEST_UNSPACED))
    while at < end and text[at] in ".-'%":
        at += 1
    return at


def _is_part(letter: str, *, is_latin: bool) -> bool:
    """Beside ASCII: a name in Latin letters does not go on in another script, one in Cyrillic may."""
    if letter.isascii() or (is_latin and letter > "\u1eff") or (is_latin and "\u024f" < letter < "\u1e00"):
        return False
    return letter.isalnum() and not _UNSPACED.match(letter)


def _unspaced_start(text: str, end: int, lowest: int) -> int:
    at = end
    while at > lowest and text[at - 1].isalnum():
        at -= 1
    return end if at and text[at - 1].isalnum() else at


def _domain_end(text: str, start: int) -> int:
    """Where the domain ends, 0 where there is none. After an ASCII domain, words without spaces are words."""
    if (known := _ASCII_DOMAIN.match(text, start)) and not _GOES_ON.match(text, known.end()):
        return known.end()
    other = _ANY_DOMAIN.match(text, start)
    return other.end() if other else known.end() if known else 0
