"""Says which language a short, noisy post is in: the script first, then letter n-grams where a script is shared.

Answers are BCP 47 tags ("pt", "zh-Hant", "hi-Latn" for romanised Hindi) or UNKNOWN ("und") where nothing is written
(emoji, links, numbers, a single ambiguous word) or where no language that we know is: gibberish, Swedish. There the
platform's hint answers, if it names a language (language_hints.py).
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.function_words import all_function_words
from monitor.nlp.han import name_han
from monitor.nlp.language_hints import HINTED_BY_SCRIPT, read_hint, romanised
from monitor.nlp.ngrams import character_hashes
from monitor.nlp.scripts import LATIN_SCRIPT, SCRIPTS, Letters, read_scripts
from monitor.nlp.shared_scripts import SHARED, languages_of, tell_apart

UNKNOWN: Final = "und"
SIZES: Final = range(1, 6)
_MODEL: Final = Path(__file__).parent / "model" / "languages.npz"

#: Scripts of one language in our reach answer by themselves.
_ONE_LANGUAGE: Final = {
    "Greek": "el", "Armenian": "hy", "Hebrew": "he", "Bengali": "bn", "Gurmukhi": "pa", "Gujarati": "gu", "Odia": "or",
    "Tamil": "ta", "Telugu": "te", "Kannada": "kn", "Malayalam": "ml", "Sinhala": "si", "Thai": "th", "Lao": "lo",
    "Tibetan": "bo", "Myanmar": "my", "Georgian": "ka", "Hangul": "ko", "Ethiopic": "am", "Khmer": "km", "Kana": "ja",
}  # fmt: skip
#: The languages that are written in Latin letters and told apart by n-grams; the order of the model's columns.
LATIN: Final = ("en", "de", "es", "fr", "id", "it", "ms", "nl", "pl", "pt", "tl", "tr", "vi", "hi-Latn")
#: Letters beyond a–z that posts in these languages have, loanwords and names with them; of Vietnamese without the block
#: that it fills alone. Any other letter speaks against the language.
_ALPHABETS: Final = {
    "en": "éèêëñçáíóïöü", "de": "äöüßé", "es": "áéíóúüñ", "fr": "àâæçéèêëîïôœùûüÿ", "id": "é", "it": "àèéìíòóùúáî",
    "ms": "é", "nl": "éèëïóöüáàêçä", "pl": "ąćęłńóśźżé", "pt": "áâãàçéêíóôõúüñ", "tl": "ñéáíó", "tr": "çğıöşüâîû",
    "vi": "àáâãèéêìíòóôõùúýăđĩũơư", "hi-Latn": "āīūé",
}  # fmt: skip
_VIETNAMESE_BLOCK: Final = range(0x1EA0, 0x1EFA)
_HINT_BONUS: Final = 3.0  # nats: what a platform's own hint of one of LATIN is worth
_SURE: Final = 0.3  # probability below which a very short text is unknown …
_SURE_AGAINST_HINT: Final = 0.85  # … and where the hint names a language beyond LATIN
# How far the best language stands out from the middle one, in nats a letter. Where nothing is known of a language its
# n-grams cancel out: most posts in languages beyond LATIN stay below .2, of those in LATIN one in a hundred does.
_FLOOR: Final = 0.2
_FLOOR_WITH_HINT: Final = 0.1  # the hint says the same
_FLOOR_AGAINST_HINT: Final = 0.3  # the hint names a language beyond LATIN
_FEW_LETTERS: Final = 5  # added to the letters: few stand out by chance
_FOREIGN: Final = 2.0  # nats that a letter takes which the language does not have
#: English: names of brands and products stand out less, and most of them are in English posts. Tagalog mixes with it.
_MIXED_BONUS: Final = {"en": 0.07, "tl": 0.07}
_SHORT: Final = 9  # letters
_FEW_WORDS: Final = 15  # letters; names, jokes and single words look like any language
_ENGLISH_BONUS: Final = 3.0  # nats for so few letters if all words are among the commonest English ones
#: The languages that English is mixed with → what the fit gives them in advance, in nats (train/languages.py).
_MIXING: Final = {LATIN.index("hi-Latn"): 2.0, LATIN.index("tl"): 1.0}
_WORD_BONUS: Final = 1.5  # nats for each word that only these have, …
_MOST_WORDS: Final = 4  # … up to four, …
_NEAR: Final = 6.0  # nats; … if they are so near to the likeliest language
_GREETINGS_TOO: Final = frozenset({"hai"})  # a word of Hindi, but first in a post a greeting of others
_SHORTEST: Final = 3  # letters
_LATIN_WORD: Final = re.compile("[a-z\u00df-\u024f\u1e00-\u1eff]+")
#: Languages that the model has no column for, with words of their own; what else they would be taken for is uncertain.
_BY_WORDS: Final = ("bn-Latn", "sw")
_UNCERTAIN: Final = 0.4  # nats a letter by which the best language stands out
_FEWEST_WORDS: Final = 2
_SHARE: Final = 0.4  # of a text's words


def identify_languages(texts: Sequence[str], hints: Sequence[str] = ()) -> list[str]:
    """One tag a text. `hints` are what the platform says ("" for nothing), used as a prior, never believed blindly."""
    if not texts:
        return []
    reading = read_scripts(texts)
    cleaned = [read_hint(hint) for hint in hints] or [""] * len(texts)
    scripts = reading.main_scripts()
    answers = [UNKNOWN] * len(texts)
    for row in np.flatnonzero((scripts != 0) & (scripts != LATIN_SCRIPT)).tolist():
        answers[row] = _by_script(reading, row, int(scripts[row]), cleaned[row])
    latin = np.flatnonzero(scripts == LATIN_SCRIPT)
    if len(latin):
        found = _by_ngrams(reading, latin, [cleaned[row] for row in latin])
        beside = reading.scripts_beside(latin, LATIN_SCRIPT)
        for row, language, script in zip(latin.tolist(), found, beside.tolist(), strict=True):
            answers[row] = (script and _beside_names(reading, row, script, cleaned[row])) or language
    return answers


def identify_language(text: str, hint: str = "") -> str:
    return identify_languages([text], [hint])[0]


def _by_script(reading: Letters, row: int, number: int, hint: str) -> str:
    """The language of a text by its letters that are not Latin, those of the script of this number."""
    script, text = SCRIPTS[number], reading.texts[row]
    if script == "Han":
        return name_han(text, hint, may_be_japanese=reading.may_be_japanese(row))
    hint = hint if hint in HINTED_BY_SCRIPT.get(script, ()) else ""
    if script in SHARED:
        return tell_apart(script, text, hint) or UNKNOWN
    return hint or _ONE_LANGUAGE.get(script, UNKNOWN)


def _beside_names(reading: Letters, row: int, script: int, hint: str) -> str:
    """The language of the few words in another script where the many Latin letters are names of products and hashtags:
    no word among them holds a sentence together, or the platform says the same. Else ""."""
    language = _by_script(reading, row, script, hint)
    if language == UNKNOWN:
        return ""
    is_told = language == hint or all_function_words().isdisjoint(_LATIN_WORD.findall(reading.texts[row]))
    return language if is_told else ""


def _by_ngrams(reading: Letters, rows: NDArray[np.int64], hints: Sequence[str]) -> list[str]:
    """The likeliest Latin-script language; where it does not stand out, the hint, else unknown."""
    points, owners = reading.words_of(rows, LATIN_SCRIPT)
    values = _model().score(points, owners, len(rows))
    hints = ["hi-Latn" if hint == "hi" else hint for hint in hints]
    hinted = np.array([LATIN.index(hint) if hint in LATIN else -1 for hint in hints])
    letters = np.bincount(owners[points != ord(" ")], minlength=len(rows))
    is_bare = _weigh_words(values, points, owners, letters)
    with_hint = np.flatnonzero(hinted >= 0)
    is_bare[with_hint, hinted[with_hint]] = False
    values[with_hint, hinted[with_hint]] += _HINT_BONUS
    best = np.argmax(values, axis=1)
    is_against = np.array([bool(hint) for hint in hints]) & (hinted < 0)
    floor = np.where(is_against, _FLOOR_AGAINST_HINT, np.where(hinted == best, _FLOOR_WITH_HINT, _FLOOR))
    probability = 1 / np.exp(values - values.max(axis=1, keepdims=True)).sum(axis=1)
    is_likely = probability >= np.where(is_against, _SURE_AGAINST_HINT, _SURE)
    is_told = (letters >= _SHORT) | ((letters >= _SHORTEST) & is_likely)
    is_told &= ~is_bare[np.arange(len(rows)), best]
    middle = np.median(values, axis=1)
    above = _stand_out(values, middle, best, letters, _count_foreign(points, owners, best))
    is_told &= above >= floor
    # Gibberish is not in the language of the hint either: that one should at least be likelier than most.
    is_credible = (letters < _SHORT) | is_against | (values[np.arange(len(rows)), hinted] - _HINT_BONUS > middle)
    found = [
        LATIN[language] if told else _tag_of_hint(hint, count) if credible else UNKNOWN
        for language, told, hint, count, credible in zip(
            best.tolist(), is_told.tolist(), hints, letters.tolist(), is_credible.tolist(), strict=True
        )
    ]
    uncertain = np.flatnonzero((letters >= _SHORT) & (~is_told | (above < _UNCERTAIN)))
    for row, words in _words_of(points, owners, uncertain):
        found[row] = _by_words(words) or found[row]
    return found


def _by_words(words: Sequence[str]) -> str:
    """The language beyond LATIN most of whose words these are, more than of any that has words here; else ""."""
    known = languages_of("Latin")
    if all(known[tag].words.isdisjoint(words) for tag in _BY_WORDS):
        return ""
    counts = {tag: sum(map(language.has, words)) for tag, language in known.items()}
    best = max(counts, key=counts.__getitem__)
    is_alone = list(counts.values()).count(counts[best]) == 1
    is_enough = counts[best] >= max(_FEWEST_WORDS, _SHARE * len(words))
    return best if best in _BY_WORDS and is_alone and is_enough else ""


def _words_of(
    points: NDArray[np.uint32], owners: NDArray[np.int64], rows: NDArray[np.int64]
) -> Iterator[tuple[int, list[str]]]:
    starts, ends = np.searchsorted(owners, rows).tolist(), np.searchsorted(owners, rows + 1).tolist()
    for row, start, end in zip(rows.tolist(), starts, ends, strict=True):
        yield row, points[start:end].tobytes().decode("utf-32-le").split()


def _weigh_words(
    values: NDArray[np.float32], points: NDArray[np.uint32], owners: NDArray[np.int64], letters: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Adds to the scores what the words say, where letters are few or a language that mixes with English is near.

    Returns by text and language which may not be said: what mixes with English needs a word of its own in few letters.
    """
    is_bare = np.zeros(values.shape, dtype=bool)
    own = languages_of("Latin")
    near = values[:, list(_MIXING)].max(axis=1) > values.max(axis=1) - _NEAR
    rows = np.flatnonzero((letters >= _SHORTEST) & (near | (letters < _FEW_WORDS)))
    for row, words in _words_of(points, owners, rows):
        is_short = letters[row] < _FEW_WORDS
        if is_short and own["en"].words.issuperset(words):
            values[row, LATIN.index("en")] += _ENGLISH_BONUS
        for column, given in _MIXING.items():
            found = sum(map(own[LATIN[column]].has, words[words[0] in _GREETINGS_TOO :]))
            values[row, column] += _WORD_BONUS * min(found, _MOST_WORDS) if found else -given * is_short
            is_bare[row, column] = is_short and not found
    return is_bare


def _stand_out(
    values: NDArray[np.float32],
    middle: NDArray[np.float32],
    best: NDArray[np.int64],
    letters: NDArray[np.int64],
    foreign: NDArray[np.int64],
) -> NDArray[np.float64]:
    """How far the best language stands out from the middle one, in nats a letter."""
    above = values.max(axis=1) - middle - _FOREIGN * foreign
    return above / (letters + _FEW_LETTERS) + np.array([_MIXED_BONUS.get(language, 0) for language in LATIN])[best]


def _count_foreign(
    points: NDArray[np.uint32], owners: NDArray[np.int64], languages: NDArray[np.int64]
) -> NDArray[np.int64]:
    """By text, the letters that its language (a column) does not have."""
    places = np.flatnonzero(points > 0x7F)
    own = owners[places]
    return np.bincount(own[~_letters_by_language()[languages[own], points[places]]], minlength=len(languages))


@lru_cache(maxsize=1)
def _letters_by_language() -> NDArray[np.bool_]:
    """Column and code point → whether the language has this letter; up to the end of Latin's blocks."""
    table = np.zeros((len(LATIN), 0x1F00), dtype=bool)
    for column, language in enumerate(LATIN):
        table[column, [ord(letter) for letter in _ALPHABETS[language]]] = True
    table[LATIN.index("vi"), _VIETNAMESE_BLOCK] = True
    return table


def _tag_of_hint(hint: str, letters: int) -> str:
    """What a hint says of a text in Latin letters; of few letters nobody can say that they are romanised."""
    if hint in LATIN:
        return hint
    tag = romanised(hint)
    return tag if tag and (tag == hint or letters >= _SHORT) else UNKNOWN


class LanguageModel:
    """A linear classifier over hashed letter n-grams: weights by bucket and language, int8 with one scale."""

    def __init__(self, weights: NDArray[np.int8], scale: float, bias: NDArray[np.float32]) -> None:
        # Sixteen columns, so that numpy fetches a row as one complex number: several times faster than as a row.
        padded = np.zeros((len(weights), 16), dtype=np.int8)
        padded[:, : weights.shape[1]] = weights
        self._rows = padded.view(np.complex128).ravel()
        self._columns = weights.shape[1]
        self._scale = np.float32(scale)
        self._bias = bias
        self._last_bucket = np.uint32(len(weights) - 1)

    def score(self, points: NDArray[np.uint32], owners: NDArray[np.int64], count: int) -> NDArray[np.float32]:
        """Log-odds of each language for `count` texts, given as `Letters.words_of` gives them."""
        total = np.zeros((count, 16), dtype=np.int32)
        lengths = np.bincount(owners, minlength=count)
        for size, (hashes, _) in zip(SIZES, character_hashes(points, owners, SIZES), strict=False):
            grams = np.maximum(lengths - size + 1, 0)
            has_grams = grams > 0
            if has_grams.any():
                seen = self._rows.take(hashes & self._last_bucket).view(np.int8).reshape(-1, 16)
                starts = (np.cumsum(grams) - grams)[has_grams]
                total[has_grams] += np.add.reduceat(seen, starts, axis=0, dtype=np.int32)
        return total[:, : self._columns].astype(np.float32) * self._scale + self._bias


@lru_cache(maxsize=1)
def _model() -> LanguageModel:
    with np.load(_MODEL, allow_pickle=False) as stored:
        return LanguageModel(stored["weights"], float(stored["scale"]), stored["bias"])
