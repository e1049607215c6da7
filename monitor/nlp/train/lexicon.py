"""Word lists of the data folder: dictionaries from English, and which new pieces the vocabulary gets.

Frequencies are FrequencyWords (CC BY-SA 4.0); dictionaries come from Wiktionary through WECHSEL (CC BY-SA).
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from monitor.nlp.normalise import normalise, simplify
from monitor.nlp.vocabulary import CONTINUED, build_tokenizer

#: Language → (dictionary file, frequency file or "", new pieces it may claim).
LANGUAGES: dict[str, tuple[str, str, int]] = {
    "ar": ("arabic", "ar", 1500),
    "de": ("german", "de", 1150),
    "es": ("spanish", "es", 1150),
    "fr": ("french", "fr", 1150),
    "hi": ("hindi", "hi", 500),
    "hi-Latn": ("", "", 1000),
    "id": ("indonesian", "id", 1000),
    "it": ("italian", "it", 1150),
    "ja": ("japanese", "ja", 1600),
    "ko": ("korean", "ko", 1500),
    "nl": ("dutch", "nl", 600),
    "pl": ("polish", "pl", 850),
    "pt": ("portuguese", "pt", 1150),
    "th": ("thai", "th", 1100),
    "tl": ("", "", 300),
    "tr": ("turkish", "tr", 850),
    "vi": ("vietnamese", "vi", 700),
    "zh": ("chinese", "zh_cn", 3000),
}
# Letters, with the vowel signs of Indic scripts and Thai that Python does not count as letters.
_WORD = re.compile("(?:[^\\W\\d_]|[\u0900-\u0dff\u0e31-\u0e4e])+")
_UNSPACED_RUN = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u4e00-\u9fff]+")
_SYMBOL = re.compile("[\u203c-\u2bff\U0001f000-\U0001faff]")
_LONGEST_RUN_PIECE = 4
_LEAST_USES = 3
TAIL_QUOTAS = {
    "ko": 450,
    "ar": 250,
    "tr": 90,
    "id": 100,
    "de": 90,
    "pl": 90,
    "es": 60,
    "pt": 60,
    "it": 60,
    "fr": 60,
    "nl": 40,
}


def read_dictionaries(folder: Path, form: Callable[[str], str] = simplify) -> dict[str, dict[str, list[str]]]:
    """Language → English word → words of that language, all in a form of normalise.py; single words only in English."""
    dictionaries: dict[str, dict[str, list[str]]] = {}
    for language, (name, _, _) in LANGUAGES.items():
        path = folder / "lexicon" / "dictionaries" / f"{name}.txt"
        if not name or not path.exists():
            continue
        words: dict[str, list[str]] = defaultdict(list)
        for line in path.read_text(encoding="utf-8").splitlines():
            english, _, foreign = line.partition("\t")
            if english and foreign:
                words[form(english)].append(form(foreign))
        dictionaries[language] = dict(words)
    return dictionaries


def read_frequencies(
    folder: Path, language: str, form: Callable[[str], str] = simplify, limit: int = 20000
) -> list[str]:
    path = folder / "lexicon" / "frequency" / f"{LANGUAGES[language][1]}.txt"
    if not LANGUAGES[language][1] or not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()[:limit]
    return [form(line.rpartition(" ")[0]) for line in lines]


def count_words(texts: Iterable[str], known_runs: set[str]) -> Counter[str]:
    """Words of spaced scripts; for unspaced runs single characters and the known words inside them."""
    counts: Counter[str] = Counter()
    for text in texts:
        for word in _WORD.findall(text):
            if not _UNSPACED_RUN.fullmatch(word):
                counts[word] += 1
        for run in _UNSPACED_RUN.findall(text):
            counts.update(run)
            for size in range(2, _LONGEST_RUN_PIECE + 1):
                grams = (run[at : at + size] for at in range(len(run) - size + 1))
                counts.update(gram for gram in grams if gram in known_runs)
    return counts


def choose_pieces(folder: Path, texts: dict[str, list[str]], base: list[str]) -> dict[str, str]:
    """New piece → language, most useful first per language: corpus words by count, then the frequency list."""
    chosen: dict[str, str] = {}
    taken = set(base)
    dictionaries = read_dictionaries(folder, normalise)
    for language, (_, _, quota) in LANGUAGES.items():
        frequent = read_frequencies(folder, language, normalise)
        known_runs = {word for words in dictionaries.get(language, {}).values() for word in words} | set(frequent)
        counts = count_words(texts.get(language, []), known_runs)
        scores: dict[str, float] = {word: count for word, count in counts.items() if count >= 3}
        for rank, word in enumerate(frequent):
            if word and _WORD.fullmatch(word):
                scores[word] = scores.get(word, 0) + 2000 / (rank + 100)
        ranked = sorted(scores, key=lambda word: (-scores[word] * (1 + 0.2 * min(len(word), 8)), word))
        fresh = [
            word for word in ranked if word not in taken and (len(word) > 1 or ord(word) > 0x2E7F or ord(word) > 0xDFF)
        ]
        for word in fresh[:quota]:
            chosen[word] = language
            taken.add(word)
    for letter in rare_letters(texts, taken):
        chosen[letter] = "symbol"
        taken.add(letter)
    for symbol, count in Counter(s for group in texts.values() for t in group for s in _SYMBOL.findall(t)).most_common(
        250
    ):
        if count >= 3 and symbol not in taken:
            chosen[symbol] = "symbol"
            taken.add(symbol)
    for tail in common_tails(texts, [*base, *chosen]):
        chosen.setdefault(tail, "symbol")
    return chosen


def common_tails(texts: dict[str, list[str]], pieces: list[str]) -> list[str]:
    """What the tokeniser leaves of frequent words after the longest known start, as inner pieces (suffixes)."""
    tokenizer = build_tokenizer(pieces)
    tails: list[str] = []
    for language, quota in TAIL_QUOTAS.items():
        words = Counter(word for text in texts.get(language, []) for word in _WORD.findall(text))
        counts: Counter[str] = Counter()
        for word, count in words.items():
            parts = tokenizer.encode(word, add_special_tokens=False).tokens
            if len(parts) > 2:
                counts["".join(part.removeprefix(CONTINUED) for part in parts[1:])] += count
        tails += [CONTINUED + tail for tail, _ in counts.most_common(quota)]
    return list(dict.fromkeys(tails))


def rare_letters(texts: dict[str, list[str]], taken: set[str]) -> list[str]:
    """Letters and signs beyond Latin that the vocabulary cannot spell yet, alone and inside a word."""
    counts = Counter(
        letter for group in texts.values() for text in group for letter in sorted(set(text)) if ord(letter) > 0x36F
    )
    forms: list[str] = []
    for letter, count in counts.most_common():
        if count >= 4 and not _SYMBOL.match(letter):
            wanted = (letter,) if _UNSPACED_RUN.match(letter) else (letter, CONTINUED + letter)
            forms += [form for form in wanted if form not in taken]
    return forms


def drop_unused(base: list[str], chosen: Iterable[str], texts: Iterable[str]) -> list[str]:
    """The pieces of the base that the texts make use of: what the others leave is room for more languages."""
    pieces = [*base, *chosen]
    counts: Counter[int] = Counter()
    for encoded in build_tokenizer(pieces).encode_batch(list(texts), add_special_tokens=False):
        counts.update(encoded.ids)
    return [
        piece for row, piece in enumerate(base)
        if counts[row] >= _LEAST_USES or len(piece.removeprefix(CONTINUED)) == 1 or piece.startswith(("[", "<"))
    ]  # fmt: skip


def gloss(text: str, dictionary: dict[str, list[str]], share: float, chance: random.Random) -> str:
    """Replaces a share of the English words by words of another language: the label travels with them."""

    def swap(match: re.Match[str]) -> str:
        foreign = dictionary.get(match.group())
        return chance.choice(foreign) if foreign and chance.random() < share else match.group()

    return _WORD.sub(swap, text)
