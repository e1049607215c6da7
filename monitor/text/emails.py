"""E-mail addresses, also where no space parts them from the words around, with spaces about the sign, inside of links,
and in every script; and the addresses to which people in India pay. A full name on the Fediverse is none.
"""

import re
from collections.abc import Iterator

from monitor.text.plain import UNSPACED

SIGN = re.compile(r"@|%40| ?[(\[](?:at|AT)[)\]] ?")
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
# "jo @ example.com": one spelling all through, so that "at @ home.Then" is none.
_APART = re.compile(
    r" {1,2}(?:[a-z0-9][a-z0-9-]{0,62}\.){1,4}[a-z]{2,12}(?![A-Za-z0-9@-])(?!\.[A-Za-z0-9])"
    r"| {1,2}(?:[A-Z0-9][A-Z0-9-]{0,62}\.){1,4}[A-Z]{2,12}(?![A-Za-z0-9@-])(?!\.[A-Za-z0-9])"
)
_NO_NAMES = (
    "a also am and are at be bought buy for from get got here in is it live me now of on online only or order "
    "ordered out sale shop shopping store that them there they this us was we you"
)
_PROVIDERS = (
    "gmail|googlemail|hotmail|outlook|yahoo|ymail|icloud|aol|protonmail|gmx|yandex|rambler|qq|163|126|foxmail|naver|hanmail"
    "|rediffmail|fastmail|tutanota"
)
_AT_PROVIDER = re.compile(
    rf"(?:{_PROVIDERS})\.|(?:web\.de|mail\.ru|mail\.com|live\.com|me\.com|free\.fr)$", re.IGNORECASE
)
# What has no ending: banks that hold India's payment ids (NPCI), and providers whose ".com" was left out.
_NO_ENDING = re.compile(
    rf"(?:ok(?:axis|hdfc(?:bank)?|icici|sbi)|pt(?:axis|hdfc|sbi|yes)|wa(?:axis|hdfcbank|icici|sbi)|ybl|ibl|axl|apl|yapl|rapl"
    r"|upi|paytm|fbl|kotak|sbi|icici|hdfcbank|axisbank|axisb|barodampay|cnrb|pnb|idfcbank|rbl|yesbank|indus|federal|freecharge"
    rf"|ikwik|airtel|jupiteraxis|postbank|naviaxis|superyes|tapicici|timecosmos|{_PROVIDERS})(?![A-Za-z0-9_-])(?!\.[A-Za-z0-9])",
    re.IGNORECASE,
)
_FEDIVERSE_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")


def find_emails(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, address in small letters and without spaces); `%40` and `(at)` are the sign, too."""
    lowest = 0
    for sign in SIGN.finditer(text):
        if sign.start() <= lowest:
            continue
        if (apart := _APART.match(text, sign.end())) and sign.group() == "@":
            stop, end = _before_spaces(text, sign.start()), apart.end()
        else:
            stop, end = sign.start(), _domain_end(text, sign.end())
        start = _local_start(text, stop, lowest) if end and stop > lowest else stop
        if start == stop:
            continue
        name, domain = text[start:stop], text[sign.end() : end].lstrip()
        is_word = apart and (name.lower() in _NO_NAMES.split() or not name.isascii())
        if not is_word and not _is_fediverse(text, start, end, name, domain):
            yield start, end, f"{name}@{domain}".lower()
            lowest = end


def _before_spaces(text: str, end: int) -> int:
    return end - (2 if text[end - 2 : end] == "  " else text[end - 1 : end] == " ")


def _is_fediverse(text: str, start: int, end: int, name: str, domain: str) -> bool:
    """`@jo@mastodon.example`: a person's public name, unless the domain is one for mail."""
    before = text[max(0, start - 2) : start]
    return (
        before[-1:] == "@"
        and not (before[:-1] in {*_LOCAL, "@"} or before[:-1].isalnum())
        and text[end : end + 1] != "@"
        and _FEDIVERSE_NAME.fullmatch(name) is not None
        and not _AT_PROVIDER.match(domain)
    )


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
    other = _ANY_DOMAIN.match(text, start) or known or _NO_ENDING.match(text, start)
    return other.end() if other else 0
