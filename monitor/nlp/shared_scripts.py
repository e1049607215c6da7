"""Tells languages that share a script apart by the letters they have and by their small words; of those in Latin
letters, which language.py tells by n-grams, it only knows the words that such few letters need.

shared_scripts.txt holds them, a line a language: script, "+" where a text without any of its words may still be in it
(the likeliest first), tag, letters, words that neighbours do not have in this form; "-ть" is an ending, "ال-" a
beginning.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).with_suffix(".txt")
_WORDS: Final = {
    "Cyrillic": re.compile("[\u0400-\u052f]+"),
    "Arabic": re.compile("[\u0620-\u065f\u0670-\u06d3\u06d5-\u06ef\u06fa-\u06ff\u0750-\u077f]+"),
    "Devanagari": re.compile("[\u0900-\u0963\u0971-\u097f]+"),
}
SHARED: Final = frozenset(_WORDS)
#: Arabic vowel signs and the stroke that only makes a word longer.
_DECORATION: Final = re.compile("[\u064b-\u065f\u0670\u0640]+")
#: A hard sign that parts nothing is a vowel: Bulgarian has it (and Tajik, Uzbek), Russian has not. Written "Ъ" here.
_VOWEL_SIGN: Final = re.compile("ъ(?![еёюяи])")
_FOREIGN: Final = 1.5  # what a letter costs that the language does not have
_AFFIX: Final = 0.5  # what an ending or a beginning of a word is worth, beside a whole word
_HINTED: Final = 3.0  # what a platform's hint is worth
#: Of so few words none need be among those of the language to assume a common one. Persian and Urdu are told by
#: their letters, so that Arabic may be assumed of any text.
_WORDLESS: Final = {"Cyrillic": 1, "Arabic": 1000, "Devanagari": 2}
_LONGEST_AFFIX: Final = 5


@dataclass(frozen=True, slots=True)
class Language:
    """What is known of a language beside the others of its script."""

    tag: str
    letters: frozenset[str]
    words: frozenset[str]
    endings: frozenset[str]
    beginnings: frozenset[str]
    is_common: bool

    def has(self, word: str) -> bool:
        return word in self.words or self._has_affix(word)

    def _has_affix(self, word: str) -> bool:
        sizes = range(2, min(len(word), _LONGEST_AFFIX + 1))
        return any(word[-size:] in self.endings for size in sizes) or any(
            word[:size] in self.beginnings for size in sizes
        )


def tell_apart(script: str, text: str, hint: str = "") -> str:
    """The language of a text (lower case) in one of the scripts here, with the hint of one; "" where nothing tells."""
    words = read_words(script, text)
    letters = frozenset("".join(words))
    languages = _by_script()[script]
    scores = {tag: -_FOREIGN * len(letters - language.letters) for tag, language in languages.items()}
    for word in words:
        for tag, worth in _worth_of(script, word).items():
            scores[tag] += worth
    if hint:
        scores[hint] = scores.get(hint, 0) + _HINTED
    best = max(scores.values())
    likeliest = [tag for tag, score in scores.items() if score == best]
    if best < 0 or len(likeliest) == 1:
        return likeliest[0] if best >= 0 else ""
    if not best and len(words) > _WORDLESS[script]:
        return ""
    return next((tag for tag in likeliest if languages[tag].is_common), "")


def _worth_of(script: str, word: str) -> dict[str, float]:
    """By language that the word speaks for, how much."""
    known, endings, beginnings = _indexes(script)
    sizes = range(2, min(len(word), _LONGEST_AFFIX + 1))
    found: dict[str, float] = {}
    for size in sizes:
        for tag in endings.get(word[-size:], ()):
            found[tag] = _AFFIX
        for tag in beginnings.get(word[:size], ()):
            found[tag] = _AFFIX
    for tag in known.get(word, ()):
        found[tag] = 1
    return found


@lru_cache(maxsize=8)
def _indexes(script: str) -> tuple[dict[str, list[str]], ...]:
    """Words, endings and beginnings, each with the languages that have it."""
    indexes: tuple[dict[str, list[str]], ...] = ({}, {}, {})
    for tag, language in languages_of(script).items():
        for index, pieces in zip(indexes, (language.words, language.endings, language.beginnings), strict=True):
            for piece in pieces:
                index.setdefault(piece, []).append(tag)
    return indexes


def read_words(script: str, text: str) -> list[str]:
    if script == "Arabic":
        text = _DECORATION.sub("", text)
    elif "ъ" in text:
        text = _VOWEL_SIGN.sub("Ъ", text)
    return _WORDS[script].findall(text)


def languages_of(script: str) -> dict[str, Language]:
    """By tag, the likeliest first."""
    return _by_script()[script]


@lru_cache(maxsize=1)
def _by_script() -> dict[str, dict[str, Language]]:
    found: dict[str, dict[str, Language]] = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        head, words = line.split(": ", 1)
        language = _read_language(head.split(), words.split())
        found.setdefault(head.split()[0], {})[language.tag] = language
    return found


def _read_language(head: list[str], words: list[str]) -> Language:
    letters = re.compile(head[-1])
    return Language(
        tag=head[-2],
        letters=frozenset(filter(letters.fullmatch, map(chr, range(0x400, 0x980)))),
        words=frozenset(word for word in words if "-" not in word),
        endings=frozenset(word[1:] for word in words if word.startswith("-")),
        beginnings=frozenset(word[:-1] for word in words if word.endswith("-")),
        is_common="+" in head,
    )
