"""Says which language a short, noisy post is in: the script first, then letter n-grams where a script is shared.

Answers are BCP 47 tags ("pt", "zh-Hant", "hi-Latn" for romanised Hindi) or UNKNOWN ("und") where nothing is written:
emoji, links, numbers, a single ambiguous word.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.ngrams import count_ngrams

UNKNOWN: Final = "und"
SIZES: Final = range(1, 5)
_MODEL = Path(__file__).parent / "model" / "languages.npz"
_READ = 600  # characters; the language of a post shows early

_NOISE = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\w+|(?<!\w)@\w+|__\w+?__|&\w+;|\bRT\b|[\d_]+")
_REPEATED = re.compile(r"(\w)\1{2,}")
_LETTERS = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e31-\u0e4e])+")

#: Script → first and last code points. Scripts of one language in our reach answer by themselves.
_SCRIPTS: Final = (
    ("Latin", "A-Za-z\u00aa-\u024f\u1e00-\u1eff\uff21-\uff5a"),
    ("Greek", "\u0370-\u03ff"),
    ("Cyrillic", "\u0400-\u052f"),
    ("Armenian", "\u0530-\u058f"),
    ("Hebrew", "\u0590-\u05ff"),
    ("Arabic", "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff"),
    ("Devanagari", "\u0900-\u097f"),
    ("Bengali", "\u0980-\u09ff"),
    ("Gurmukhi", "\u0a00-\u0a7f"),
    ("Gujarati", "\u0a80-\u0aff"),
    ("Tamil", "\u0b80-\u0bff"),
    ("Telugu", "\u0c00-\u0c7f"),
    ("Kannada", "\u0c80-\u0cff"),
    ("Malayalam", "\u0d00-\u0d7f"),
    ("Sinhala", "\u0d80-\u0dff"),
    ("Thai", "\u0e00-\u0e7f"),
    ("Lao", "\u0e80-\u0eff"),
    ("Myanmar", "\u1000-\u109f"),
    ("Georgian", "\u10a0-\u10ff"),
    ("Hangul", "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"),
    ("Ethiopic", "\u1200-\u137f"),
    ("Khmer", "\u1780-\u17ff"),
    ("Kana", "\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d"),
    ("Han", "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"),
)
_SCRIPT_OF = re.compile("|".join(f"(?P<{name}>[{span}])" for name, span in _SCRIPTS))
_ONE_LANGUAGE: Final = {
    "Greek": "el", "Armenian": "hy", "Hebrew": "he", "Bengali": "bn", "Gurmukhi": "pa", "Gujarati": "gu", "Tamil": "ta",
    "Telugu": "te", "Kannada": "kn", "Malayalam": "ml", "Sinhala": "si", "Thai": "th", "Lao": "lo", "Myanmar": "my",
    "Georgian": "ka", "Hangul": "ko", "Ethiopic": "am", "Khmer": "km",
}  # fmt: skip
_SHARED: Final = {
    "Latin": ("en", "de", "es", "fr", "id", "it", "ms", "nl", "pl", "pt", "tl", "tr", "vi", "hi-Latn"),
    "Han": ("zh", "zh-Hant"),
}
LATIN: Final = _SHARED["Latin"]
MODELLED: Final = LATIN + _SHARED["Han"]
_BY_LETTER: Final = {
    "Cyrillic": ((re.compile("[іїєґ]", re.I), "uk"), (re.compile("[ѓќѕџљњћђј]", re.I), "sr"), (re.compile(""), "ru")),
    "Arabic": ((re.compile("[ٹڈڑےں]"), "ur"), (re.compile("[پچژگ]"), "fa"), (re.compile(""), "ar")),
    "Devanagari": ((re.compile("ळ|आहे|नाही"), "mr"), (re.compile(""), "hi")),
}
#: What platforms say → our tags; a hint that says nothing is left out.
_HINTS: Final = {
    "in": "id",
    "iw": "he",
    "fil": "tl",
    "zh-cn": "zh",
    "zh-hans": "zh",
    "zh-tw": "zh-Hant",
    "zh-hk": "zh-Hant",
    "ja-latn": "",
}
_HINT_BONUS: Final = 3.0  # nats: what a platform's own hint is worth
_MARGIN: Final = 1.2  # nats between the best and the second, below which a very short text is unknown
_SHORT: Final = 9  # letters


def strip_noise(text: str) -> str:
    """The words of a post alone, in lower case: without addresses, handles, numbers and symbols."""
    return " ".join(_LETTERS.findall(_REPEATED.sub(r"\1\1", _NOISE.sub(" ", text[:_READ]).lower())))


def identify_languages(texts: Sequence[str], hints: Sequence[str] = ()) -> list[str]:
    """One tag a text. `hints` are what the platform says ("" for nothing), used as a prior, never believed blindly."""
    answers: list[str] = []
    open_rows: list[tuple[int, str, tuple[str, ...], str]] = []
    for row, text in enumerate(texts):
        words = strip_noise(text)
        hint = _clean_hint(hints[row] if hints else "")
        answer, candidates = _by_script(words, hint)
        if candidates:
            open_rows.append((row, words, candidates, hint))
        answers.append(answer)
    if open_rows:
        scores = _model().score([words for _, words, _, _ in open_rows])
        for (row, words, candidates, hint), score in zip(open_rows, scores, strict=True):
            answers[row] = _choose(words, candidates, hint, score)
    return answers


def identify_language(text: str, hint: str = "") -> str:
    return identify_languages([text], [hint])[0]


def _clean_hint(hint: str) -> str:
    lowered = hint.strip().lower()
    return _HINTS.get(lowered, lowered.split("-")[0] if lowered != "hi-latn" else "hi-Latn")


def _by_script(words: str, hint: str) -> tuple[str, tuple[str, ...]]:
    """The answer, or the languages that share the script and must be told apart."""
    counts = Counter(match.lastgroup or "" for match in _SCRIPT_OF.finditer(words))
    # One letter of these scripts says about as much as three of an alphabet.
    weights = {"Han": 3, "Kana": 3, "Hangul": 2}
    if not counts:
        return UNKNOWN, ()
    script = max(counts, key=lambda name: counts[name] * weights.get(name, 1))
    if script == "Han" and (counts["Kana"] >= 2 or (counts["Kana"] and hint == "ja")):
        script = "Kana"
    if script == "Kana" or (script == "Han" and hint == "ja" and counts["Han"] <= 8):
        return "ja", ()
    if script in _ONE_LANGUAGE:
        return _ONE_LANGUAGE[script], ()
    for pattern, language in _BY_LETTER.get(script, ()):
        if pattern.search(words):
            return language, ()
    return UNKNOWN, _SHARED[script]


def _choose(words: str, candidates: tuple[str, ...], hint: str, scores: NDArray[np.float32]) -> str:
    if hint == "hi" and "hi-Latn" in candidates:
        hint = "hi-Latn"
    columns = [MODELLED.index(language) for language in candidates]
    values = scores[columns] + np.array([_HINT_BONUS * (language == hint) for language in candidates], dtype=np.float32)
    first, second = np.argsort(-values)[:2]
    letters = len(words.replace(" ", ""))
    if candidates is LATIN and letters < _SHORT and (letters < 2 or values[first] - values[second] < _MARGIN):
        return hint if hint in candidates else UNKNOWN
    return candidates[first]


class LanguageModel:
    """Naive Bayes over hashed letter n-grams: log-probability by bucket and language, int8 with one scale."""

    def __init__(self, weights: NDArray[np.int8], scale: float) -> None:
        self._weights = weights
        self._scale = scale
        self._bits = int(len(weights)).bit_length() - 1

    def score(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts = count_ngrams(texts, bits=self._bits, sizes=SIZES, has_words=True)
        rows = np.zeros((len(texts), self._weights.shape[1]), dtype=np.float32)
        for row, (start, stop) in enumerate(zip(counts.starts[:-1], counts.starts[1:], strict=True)):
            seen = self._weights[counts.buckets[start:stop]].astype(np.float32)
            rows[row] = np.minimum(counts.counts[start:stop], 3) @ seen
        return rows * self._scale


@lru_cache(maxsize=1)
def _model() -> LanguageModel:
    with np.load(_MODEL, allow_pickle=False) as stored:
        return LanguageModel(stored["weights"], float(stored["scale"]))
