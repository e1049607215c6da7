"""Tells languages that share a script apart by the letters they have and by their small words, in doubt by how their
words are spelt; of those in Latin letters, which language.py tells by n-grams, it only knows the words that such few
letters need.

shared_scripts.txt holds them, a line a language: script, "+" where a text without any of its words may still be in it
(the likeliest first), tag, letters, words that neighbours do not have in this form; "-ть" is an ending, "ال-" a
beginning.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
_WORDLESS: Final = {"Cyrillic": 2, "Arabic": 1000, "Devanagari": 2}
_LONGEST_AFFIX: Final = 5
#: Where hundreds of words are known of each language, which pairs and triples of letters they are made of says whose
#: unknown words may be.
_SPELT: Final = frozenset({"Cyrillic"})
_CLEAR: Final = 2.0  # a lead by words from which spelling is not asked
_SPELLING: Final = 0.1  # what a nat of spelling is worth, beside a whole word
_COMMON: Final = 0.5  # what the commonest language of the script has in advance there
_LEAD: Final = 0.3  # below which neither is said
_UNSEEN: Final = 0.5  # of a word's letters, how often those count that no word has
_SPELLINGS: Final = 8000  # pairs and triples that a language may have


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
    if script in _SPELT and hint in ("", *languages):
        return _tell_spelt(script, words, scores)
    best = max(scores.values())
    likeliest = [tag for tag, score in scores.items() if score == best]
    if best < 0 or len(likeliest) == 1:
        return likeliest[0] if best >= 0 else ""
    if not best and len(words) > _WORDLESS[script]:
        return ""
    return next((tag for tag in likeliest if languages[tag].is_common), "")


def _tell_spelt(script: str, words: Sequence[str], scores: dict[str, float]) -> str:
    """The language by the words' `scores`; where these leave a doubt, by the spelling of all words, too."""
    second, best = sorted(scores.values())[-2:]
    if best < 0:
        return ""
    if best - second >= _CLEAR:
        return max(scores, key=scores.__getitem__)
    places, table = _spelling(script)
    spelt = table[[places.get(gram, 0) for gram in _grams(words)]].sum(axis=0)
    total = np.array(list(scores.values())) + _SPELLING * spelt
    total[0] += _COMMON
    second, best = np.sort(total)[-2:].tolist()
    likeliest = list(scores)[int(total.argmax())]
    is_assumed = len(words) <= _WORDLESS[script] and languages_of(script)[likeliest].is_common
    return likeliest if is_assumed or best - second >= _LEAD else ""


def _grams(words: Sequence[str]) -> list[str]:
    """Pairs and triples of letters, a space around each word."""
    spaced = [f" {word} " for word in words]
    return [word[at : at + size] for word in spaced for size in (2, 3) for at in range(len(word) - size + 1)]


@lru_cache(maxsize=1)
def _spelling(script: str) -> tuple[dict[str, int], NDArray[np.float64]]:
    """The pairs and triples that the listed words of a script are made of, and how likely (logarithms) each is in each
    language; place 0 stands for all others."""
    counts = []
    for language in languages_of(script).values():
        ends = [end for ending in language.endings for end in {f"{ending} "[-2:], f"{ending} "[-3:]}]
        counts.append(Counter(_grams(sorted(language.words)) + ends))
    places = {gram: place for place, gram in enumerate(sorted(set().union(*counts)), 1)}
    table = np.full((len(places) + 1, len(counts)), _UNSEEN)
    for column, count in enumerate(counts):
        table[[places[gram] for gram in count], column] += list(count.values())
        table[:, column] /= count.total() + _UNSEEN * _SPELLINGS
    return places, np.log(table)


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
