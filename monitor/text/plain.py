"""The plain form of a text, in which numbers and addresses are looked for: one sign for what looks alike.

Digits of every script, spaces, dashes, ends of lines and fullwidth signs become their ASCII form, code point for code
point; what nobody sees (NUL, marks of direction, zero-width signs) is left out, and every place leads back to the given
text.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

#: Scripts whose words stand without spaces between them, so that what follows an address may touch it.
UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3100-\u318f"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003134f"
)
# What no category tells: dots in the middle of the line, the minus sign, marks inside of Arabic numbers, and the
# Japanese long vowel, which stands where a dash was meant.
_ALIKE = {letter: "." for letter in "\u00b7\u2022\u2027\u2219\u30fb\uff65\u066b"} | {
    "\u2212": "-", "\u2043": "-", "\u30fc": "-", "\u2044": "/", "\u2215": "/", "\u066c": ",", "\u060c": ",", "\t": " ",
    "\r": " ", "\v": "\n", "\f": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n", "\uffe0": "¢", "\uffe1": "£",
    "\uffe5": "¥", "\uffe6": "₩",
}  # fmt: skip
_TO_FOLD = re.compile("[\x00\t\v\f\r]")


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
