"""Counts the n-grams of the language identifier.

Naive Bayes: real and composed posts of each language, and its frequent words, each word weighed by its frequency.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.language import LATIN, SIZES, LanguageModel, strip_noise
from monitor.nlp.ngrams import count_ngrams
from monitor.nlp.train.corpora import OTHER_CORPORA, TASK_CORPORA, read_rows

BITS = 16
WORD_LISTS = {
    "de": "de",
    "es": "es",
    "fr": "fr",
    "id": "id",
    "it": "it",
    "nl": "nl",
    "pl": "pl",
    "pt": "pt",
    "tr": "tr",
    "vi": "vi",
}
WORDS = 20000
LIST_SHARE = 0.35  # of a language's mass that comes from its word list
SMOOTHING = 0.3
SPREAD = 0.12  # log-probabilities are damped: n-grams of one word are not independent


def texts_by_language(folder: Path) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = defaultdict(list)
    for corpus in TASK_CORPORA + OTHER_CORPORA:
        if corpus.language or not (folder / corpus.path).exists():
            continue
        for row in read_rows(folder / corpus.path):
            language = "hi-Latn" if corpus.name == "umsab" and row["lang"] == "hi" else row["lang"]
            if language in LATIN:
                texts[language].append(strip_noise(row["text"]))
    return texts


def word_list(folder: Path, language: str) -> tuple[list[str], NDArray[np.float64]]:
    lines = (
        (folder / "lexicon" / "frequency" / f"{WORD_LISTS[language]}.txt")
        .read_text(encoding="utf-8")
        .splitlines()[:WORDS]
    )
    pairs = [line.rsplit(" ", 1) for line in lines]
    return [strip_noise(word) for word, _ in pairs], np.array([float(count) ** 0.6 for _, count in pairs])


def mass(texts: list[str], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros(1 << BITS)
    for start in range(0, len(texts), 500):
        part = count_ngrams(texts[start : start + 500], bits=BITS, sizes=SIZES, has_words=True)
        owners = np.repeat(weights[start : start + 500], np.diff(part.starts))
        total += np.bincount(part.buckets, np.minimum(part.counts, 3) * owners, minlength=1 << BITS)
    return total


def fit(folder: Path) -> dict[str, NDArray]:
    """Fits twice: many posts of the romanised Hindi set are plain English, and are left out the second time."""
    texts = texts_by_language(folder)
    first = fit_texts(folder, texts)
    scores = LanguageModel(first["weights"], float(first["scale"])).score(texts["hi-Latn"])
    is_english = scores[:, LATIN.index("en")] > scores[:, LATIN.index("hi-Latn")]
    texts["hi-Latn"] = [text for text, english in zip(texts["hi-Latn"], is_english, strict=True) if not english]
    return fit_texts(folder, texts)


def fit_texts(folder: Path, texts: dict[str, list[str]]) -> dict[str, NDArray]:
    columns = []
    for language in LATIN:
        own = list(dict.fromkeys(texts[language]))[:8000]
        total = mass(own, np.ones(len(own)))
        total = total / total.sum()
        if language in WORD_LISTS:
            listed = mass(*word_list(folder, language))
            share = LIST_SHARE if len(own) > 1000 else 0.7
            total = (1 - share) * total + share * listed / listed.sum()
        columns.append(np.log(total * 1e6 + SMOOTHING))
        print(f"{language}: {len(own)} posts", flush=True)
    weights = np.stack(columns, axis=1)
    weights -= np.array([column.mean() for column in weights])[:, None]  # only differences between languages count
    scale = np.abs(weights).max() / 127
    return {"weights": np.round(weights / scale).astype(np.int8), "scale": np.float32(scale * SPREAD)}


def train_languages(data: Path, out: Path) -> None:
    """Writes the weights file `out`."""
    with out.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **fit(data))
