"""Words of scripts without spaces: the tokeniser's pieces put together until none is a fragment of a word.

It cuts rare words to single letters and vowel signs. What is put together is read by people, as a reason (reasons.py).
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from monitor.nlp.function_words import function_words

# Thai and Lao vowels that belong to the letter before or behind, though Unicode calls them letters.
_BELONGS_BEFORE: Final = frozenset("ะาำๅๆະາຳໆ")
_LEADS: Final = frozenset("เแโใไເແໂໃໄ")
#: Myanmar and Khmer letters behind these stand below the one before.
_STACKS: Final = frozenset("\u1039\u17d2")
#: A letter with one of these has no vowel of its own (Thai, Lao, Myanmar, Khmer): it ends the syllable before.
_ENDS_SYLLABLE: Final = frozenset("\u0e4c\u0ecc\u103a\u17cb\u17cd")
#: Scripts in which a letter alone is no word.
_SYLLABLES: Final = re.compile("[\u0e00-\u109f\u1780-\u17ff]")
_KATAKANA: Final = re.compile("[\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
_HIRAGANA: Final = re.compile("[\u3041-\u309f]+")
_HAN: Final = re.compile("[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LONGEST_ENDING: Final = 2  # letters of hiragana that say nothing alone, but for these
_NEGATIONS: Final = frozenset({"ない", "だめ"})


def join_pieces(pieces: Sequence[str]) -> list[str]:
    """The words of a run of such letters, given the pieces it was cut into; fragments that stay alone are left out."""
    there = [piece for piece in pieces if piece]
    words: list[str] = []
    for piece, behind in zip_longest(there, there[1:], fillvalue=""):
        if words and (_goes_on(words[-1][-1], piece, behind) or _is_ending(words[-1], piece)):
            words[-1] += piece
        else:
            words.append(piece)
    return [word for word in words if _is_word(word)]


def _goes_on(before: str, piece: str, behind: str) -> bool:
    """Whether a piece belongs to the syllable that ends in the letter `before`, or to the word in katakana; `behind` is
    the piece after it."""
    if not (before.isalnum() or _is_mark(before)):
        return False
    first, rest = piece[0], piece[1:] + behind
    if _is_mark(first) or before in _LEADS or before in _STACKS or rest[:1] in _ENDS_SYLLABLE:
        return True
    if len(piece) == 1 and first.isalpha() and first not in _LEADS and _SYLLABLES.match(first):
        return not (rest and _is_mark(rest[0]))  # without a vowel it ends the syllable
    return bool(_KATAKANA.match(first) and _KATAKANA.match(before))


def _is_mark(letter: str) -> bool:
    return letter in _BELONGS_BEFORE or unicodedata.category(letter) in ("Mn", "Mc")


def _is_ending(word: str, piece: str) -> bool:
    """Whether hiragana behind Chinese characters is the ending of their word and not a word of grammar."""
    return bool(_HIRAGANA.fullmatch(piece) and _HAN.match(word) and piece not in function_words("ja"))


def _is_word(word: str) -> bool:
    if not any(map(str.isalnum, word.strip("ー"))) or (len(word) == 1 and _SYLLABLES.match(word)):
        return False
    return len(word) > _LONGEST_ENDING or not _HIRAGANA.fullmatch(word) or word in _NEGATIONS
