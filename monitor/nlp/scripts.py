"""Tells scripts apart: which letters a batch of posts is written with, by table for the whole batch at once.

language.py decides from this which language a post is in.
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.ngrams import code_points

READ: Final = 600  # characters; the language of a post shows early
_SEARCHED: Final = 8000  # characters of a longer post, among which those are looked for that say something
# Handles and addresses: many people answered, or one link with all its parameters, would fill what is read.
_ADDRESSES: Final = re.compile(r"(?<!\S)[(.:\"'\[]?(?:@|https?://|www\.)\S+", re.IGNORECASE)
_SPACE: Final = 32

# Letters that are eyes, mouths and hands of faces where they stand alone: ¯\_(ツ)_/¯ ಠ_ಠ.
_FACES: Final = re.compile(r"(?<![^\W_])[ツシノづっಠ益ლω](?![^\W_])")
# Letters that stand for plain ones: mathematical alphabets (spam likes them) and full-width letters.
_FANCY: Final = re.compile("[\U0001d400-\U0001d7ff\uff21-\uff5a]+")
_LOOSE_MARKS: Final = re.compile("[\u0300-\u036f]+")  # what composing leaves: the dot of "İ" in lower case, decoration

#: Script → its blocks, as first and last code points.
_BLOCKS: Final = {
    "Latin": ((0x41, 0x5A), (0x61, 0x7A), (0xAA, 0x24F), (0x1E00, 0x1EFF)),
    "Greek": ((0x370, 0x3FF), (0x1F00, 0x1FFF)),
    "Cyrillic": ((0x400, 0x52F),),
    "Armenian": ((0x530, 0x58F),),
    "Hebrew": ((0x590, 0x5FF),),
    "Arabic": ((0x600, 0x6FF), (0x750, 0x77F), (0xFB50, 0xFDFF), (0xFE70, 0xFEFE)),
    "Devanagari": ((0x900, 0x97F),),
    "Bengali": ((0x980, 0x9FF),),
    "Gurmukhi": ((0xA00, 0xA7F),),
    "Gujarati": ((0xA80, 0xAFF),),
    "Odia": ((0xB00, 0xB7F),),
    "Tamil": ((0xB80, 0xBFF),),
    "Telugu": ((0xC00, 0xC7F),),
    "Kannada": ((0xC80, 0xCFF),),
    "Malayalam": ((0xD00, 0xD7F),),
    "Sinhala": ((0xD80, 0xDFF),),
    "Thai": ((0xE00, 0xE7F),),
    "Lao": ((0xE80, 0xEFF),),
    "Tibetan": ((0xF00, 0xFFF),),
    "Myanmar": ((0x1000, 0x109F),),
    "Georgian": ((0x10A0, 0x10FF), (0x1C90, 0x1CBF)),
    "Hangul": ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7AF)),
    "Ethiopic": ((0x1200, 0x137F),),
    "Khmer": ((0x1780, 0x17FF),),
    "Kana": ((0x3041, 0x3096), (0x30A1, 0x30FA), (0xFF66, 0xFF9D)),
    "Han": ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF)),
}
SCRIPTS: Final = ("", *_BLOCKS)
LATIN_SCRIPT: Final = SCRIPTS.index("Latin")
_HAN: Final = SCRIPTS.index("Han")
_KANA: Final = SCRIPTS.index("Kana")
#: One letter of these scripts says about as much as two or three of an alphabet.
_WEIGHTS: Final = np.array([{"Han": 3, "Kana": 3, "Hangul": 2}.get(name, 1) for name in SCRIPTS])
_WORD: Final = 4  # what the letters of a word weigh at least
_SHORT_HAN: Final = 9  # letters; so few Han letters may well be Japanese


def _is_letter(point: int) -> bool:
    letter = chr(point)
    return letter.isalpha() or unicodedata.category(letter).startswith("M")


def _make_table() -> NDArray[np.uint8]:
    """Code point of the basic plane → number of its script in SCRIPTS; 0 for what is no letter."""
    table = np.zeros(0x10000, dtype=np.uint8)
    for number, name in enumerate(SCRIPTS[1:], 1):
        for first, last in _BLOCKS[name]:
            is_plain = last - first > 1000  # whole blocks of letters
            table[first : last + 1] = [number * (is_plain or _is_letter(point)) for point in range(first, last + 1)]
    return table


_TABLE: Final = _make_table()
# What a word may hold besides letters, as bits by ASCII character.
_ADDRESS, _DIGIT, _INNER_DOT, _SLASH, _EYES = (np.uint8(1 << bit) for bit in range(5))
_SIGNS: Final = np.zeros(0x80, dtype=np.uint8)
_SIGNS[[ord(sign) for sign in "@"]] = _ADDRESS
_SIGNS[[ord(sign) for sign in "0123456789"]] = _DIGIT
_SIGNS[ord("/")] = _SLASH
_SIGNS[[ord(sign) for sign in ":;="]] = _EYES


@dataclass(frozen=True, slots=True)
class Letters:
    """A batch as it is read and its letters: code points, scripts, the text each is of; counts by text and script."""

    texts: list[str]
    points: NDArray[np.uint32]
    kinds: NDArray[np.uint8]
    owners: NDArray[np.int64]
    counts: NDArray[np.int64]

    def main_scripts(self) -> NDArray[np.int64]:
        """The script that carries most of each text, 0 for none; Japanese counts as kana."""
        letters = self.counts * _WEIGHTS
        letters[:, 0] = 0
        main = np.argmax(letters, axis=1)
        main[(main == _HAN) & (self.counts[:, _KANA] >= 2)] = _KANA
        return main

    def scripts_beside(self, rows: NDArray[np.int64], script: int) -> NDArray[np.int64]:
        """Of these texts the script that carries most beside `script`, 0 where it is hardly a word."""
        letters = self.counts[rows] * _WEIGHTS
        letters[:, [0, script]] = 0
        beside = np.argmax(letters, axis=1)
        beside[letters.max(axis=1) < _WORD] = 0
        beside[(beside == _HAN) & (self.counts[rows, _KANA] >= 2)] = _KANA
        return beside

    def may_be_japanese(self, row: int) -> bool:
        """Whether a text of Han letters is short enough, or has kana enough, to believe a hint of Japanese."""
        return bool(self.counts[row, _KANA] or self.counts[row, _HAN] <= _SHORT_HAN)

    def words_of(self, rows: NDArray[np.int64], script: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Code points of the words of these texts in this script, a space around each; texts numbered as in `rows`."""
        number = np.full(len(self.counts), -1)
        number[rows] = np.arange(len(rows))
        is_asked = number[self.owners] >= 0
        owners = number[self.owners[is_asked]]
        is_letter = self.kinds[is_asked] == script
        points = np.where(is_letter, self.points[is_asked], np.uint32(_SPACE))
        follows = np.ones(len(points), dtype=bool)  # a space is kept after a letter and at the start of a text
        follows[1:] = is_letter[:-1] | (owners[1:] != owners[:-1])
        keep = is_letter | follows
        return _shorten_repeats(points[keep], owners[keep])


def read_scripts(texts: Sequence[str]) -> Letters:
    simple = [_simplify(text) for text in texts]
    points, owners = code_points(simple)
    kinds = _TABLE[np.minimum(points, 0xFFFF)]
    kinds[_find_noise(points, kinds)] = 0
    counts = np.bincount(owners * len(SCRIPTS) + kinds, minlength=len(texts) * len(SCRIPTS))
    return Letters(simple, points, kinds, owners, counts.reshape(len(texts), len(SCRIPTS)))


def _simplify(text: str) -> str:
    """Lower case, entities resolved, accents composed, letters that only look special made plain."""
    if len(text) > READ:
        text = _ADDRESSES.sub(" ", text[:_SEARCHED])[:READ]
    if "&" in text:
        text = html.unescape(text)
    text = text.lower()
    if text.isascii():
        return text
    text = _FACES.sub(" ", text)
    text = _FANCY.sub(lambda run: unicodedata.normalize("NFKC", run.group()).lower(), text)
    return _LOOSE_MARKS.sub("", unicodedata.normalize("NFC", text))


def _find_noise(points: NDArray[np.uint32], kinds: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Where the words are that say nothing of a language: addresses, handles, placeholders, emoticons, with digits.

    A word here is a run of Latin letters and ASCII marks; other scripts end it, for they stand beside it unspaced.
    """
    places = np.flatnonzero((kinds == LATIN_SCRIPT) | ((points > _SPACE) & (points < 0x7F)))
    if not len(places):
        return places
    is_first = np.ones(len(places), dtype=bool)
    is_first[1:] = places[1:] != places[:-1] + 1
    first = np.flatnonzero(is_first)
    lengths = np.diff(first, append=len(places))
    # Five spaces behind the text, so that looking ahead needs no care at its end.
    word = np.concatenate([points[places], np.full(5, _SPACE, dtype=np.uint32)])
    is_letter = np.concatenate([kinds[places] == LATIN_SCRIPT, np.zeros(5, dtype=bool)])
    signs = _SIGNS[np.minimum(word[:-5], 0x7F)]
    signs[_spells(word, "//") | _spells(word, "__") | _spells(word, ".com")] |= _ADDRESS
    signs[1:][(word[1:-5] == ord(".")) & is_letter[:-6] & is_letter[2:-4]] |= _INNER_DOT
    seen = np.bitwise_or.reduceat(signs, first)
    letters = np.add.reduceat(is_letter[:-5], first, dtype=np.int64)
    grins = np.add.reduceat(word[:-5] == ord("d"), first, dtype=np.int64)
    is_noise = (seen & (_ADDRESS | _DIGIT)) != 0
    is_noise |= (seen & (_INNER_DOT | _SLASH)) == (_INNER_DOT | _SLASH)
    is_noise |= ((seen & _EYES) != 0) & (letters == 1)
    is_noise |= (word[first] == ord("x")) & (grins > 0) & (grins == lengths - 1)
    for opening in ("http", "www."):
        is_noise |= _spells(word, opening)[first]
    is_noise |= _spells(word, "rt")[first] & (letters == 2) & (lengths <= 3)
    return places[np.repeat(is_noise, lengths)]


def _spells(word: NDArray[np.uint32], letters: str) -> NDArray[np.bool_]:
    """Where `letters` (five at most) begin; as long as `word` without the spaces behind it."""
    found = np.ones(len(word) - 5, dtype=bool)
    for place, letter in enumerate(letters):
        found &= word[place : len(word) - 5 + place] == ord(letter)
    return found


def _shorten_repeats(
    points: NDArray[np.uint32], owners: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """At most two of the same letter ("soooo" → "soo"), five letters of a repeated pair ("hahahaha" → "hahah")."""
    if len(points) < 6:
        return points, owners
    is_letter = points != _SPACE
    same = np.zeros(len(points), dtype=bool)
    same[2:] = (points[2:] == points[1:-1]) & (points[2:] == points[:-2]) & is_letter[2:]
    paired = np.zeros(len(points), dtype=bool)
    paired[2:] = (points[2:] == points[:-2]) & is_letter[2:] & is_letter[1:-1]
    run = paired.copy()
    for back in (1, 2, 3):
        run[back:] &= paired[:-back]
        run[:back] = False
    keep = ~(same | run)
    return points[keep], owners[keep]
