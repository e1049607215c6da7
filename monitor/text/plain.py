"""The plain form of a text, in which numbers and addresses are looked for: one sign for what looks alike.

Digits of every script, spaces, dashes, ends of lines and fullwidth signs become their ASCII form, code point for code
point; what nobody sees (NUL, marks of direction, zero-width signs) is left out, and every place leads back to the given
text. Which scripts have no spaces, and what an address and a handle look like in any text, stands here for all rooms.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

#: Scripts whose words stand without spaces between them, so that no edge of a letter shows where a word ends.
RUN_ON = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3100-\u312f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003134f"
)
#: The same and Hangul, whose words have spaces but touch names and addresses: what follows an address may touch it.
UNSPACED = f"{RUN_ON}\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"
#: One letter of a word that has edges: also vowel signs, points and joiners, which are no letters to Python.
LETTER = (
    f"(?:(?![{RUN_ON}])[\\w\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u0900-\u0963\u0966-\u0dff'’]|[\u200c\u200d](?=\\w))"
)
#: A web address as posts hold it: it ends where a script without spaces, or its punctuation, goes on behind it. Only
#: the first name of its host may be in such a script ("https://例え.jp/"). It begins with one set of letters and not
#: with a choice: so `re` passes over all other letters at once, which makes it three times as fast.
ADDRESS = (
    rf"[hHwW](?:(?<=[hH])[tT][tT][pP][sS]?://|(?<=[wW])[wW][wW]\.(?<![^\W{UNSPACED}][wW]{{3}}\.))"
    rf"(?:(?:[wW]{{3}}\.)?[{UNSPACED}\w-]{{1,63}}\.(?=[A-Za-z0-9]))?[^\s\u3000-\u3020\uff00-\uffef{UNSPACED}]+"
)
#: The handle of a profile. One of ASCII letters ends where a script without spaces begins; of others nobody can tell
#: where they end, but sixteen letters are more than a name. Between Hangul @ stands for a letter ("개시@발").
HANDLE = (
    rf"@(?:(?<![\w@]@)|(?<=[{RUN_ON}]@)|(?<=[{UNSPACED}]@)(?=[A-Za-z0-9_]))"
    rf"(?:[A-Za-z0-9_]{{1,30}}(?![^\W{UNSPACED}])|(?![{UNSPACED}]{{16}})\w{{1,30}})"
)
# What no category tells: dots in the middle of the line, the minus sign, marks inside of Arabic numbers, and the
# Japanese long vowel, which stands where a dash was meant.
_ALIKE = {letter: "." for letter in "\u00b7\u2022\u2027\u2219\u30fb\uff65\u066b"} | {
    "\u2212": "-", "\u2043": "-", "\u30fc": "-", "\u2044": "/", "\u2215": "/", "\u066c": ",", "\u060c": ",", "\t": " ",
    "\r": " ", "\v": "\n", "\f": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n", "\uffe0": "¢", "\uffe1": "£",
    "\uffe5": "¥", "\uffe6": "₩",
}  # fmt: skip
_TO_FOLD = re.compile("[\x00\t\v\f\r]")
_IS_LETTER = re.compile(LETTER)


@dataclass(frozen=True, slots=True)
class Plain:
    """The plain text; `places` says where each of its code points stood (None: where it stands)."""

    text: str
    places: Sequence[int] | None = None

    def given(self, start: int, end: int) -> tuple[int, int]:
        """The same span in the given text; it holds at least one code point."""
        return (start, end) if self.places is None else (self.places[start], self.places[end - 1] + 1)

    def place(self, given: int) -> int:
        """Where the code point of the given text, or the first that is kept after it, stands here."""
        return given if self.places is None else bisect_left(self.places, given)


def to_plain(text: str) -> Plain:
    if text.isascii() and not _TO_FOLD.search(text):
        return Plain(text)
    folded = {letter: _fold(letter) for letter in set(text)}
    places = [at for at, letter in enumerate(text) if folded[letter]] if "" in folded.values() else None
    return Plain("".join(map(folded.__getitem__, text)), places)


def occurrences(text: str, word: str) -> Iterator[tuple[int, int]]:
    """Where a word stands in a text and is no part of a longer one; in scripts that run on, wherever its letters do."""
    for found in re.finditer(re.escape(word), text):
        start, end = found.span()
        inside = start and _IS_LETTER.match(text, start) and _IS_LETTER.match(text, start - 1)
        if not inside and not (_IS_LETTER.match(text, end - 1) and _IS_LETTER.match(text, end)):
            yield start, end


def ascii_digits(text: str) -> str:
    """The same text, code point for code point, with every decimal digit in its ASCII form."""
    if text.isascii():
        return text
    strange = {letter for letter in set(text) if letter.isdecimal() and not letter.isascii()}
    return text.translate({ord(letter): str(unicodedata.decimal(letter)) for letter in strange})


@lru_cache(maxsize=4096)
def _fold(letter: str) -> str:
    if letter in _ALIKE:
        return _ALIKE[letter]
    if letter.isascii():
        return "" if letter == "\x00" else letter
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    if "\uff01" <= letter <= "\uff5e":
        return chr(ord(letter) - 0xFEE0)
    # Variation selectors and the keycap make a digit a picture of itself.
    if (category := unicodedata.category(letter)) == "Cf" or "\ufe00" <= letter <= "\ufe0f" or letter == "\u20e3":
        return ""
    return {"Zs": " ", "Pd": "-"}.get(category, letter)
