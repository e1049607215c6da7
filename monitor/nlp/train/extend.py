"""Extends the English vocabulary by pieces of other languages, with vectors from their English translations.

The idea is WECHSEL's (Minixhofer et al., NAACL 2022) reduced to its cheapest form: a word starts where its
dictionary translations are, so the layers above understand it before the first step of training.
"""

from collections import defaultdict
from pathlib import Path

import torch
from tokenizers import Tokenizer

from monitor.nlp.normalise import normalise
from monitor.nlp.train.lexicon import read_dictionaries
from monitor.nlp.vocabulary import CONTINUED, UNKNOWN, id_of

_SHORTEST_STEM = 4
_LONGEST_ENDING = 3


def _mean_vector(tokenizer: Tokenizer, text: str, vectors: torch.Tensor) -> torch.Tensor:
    ids = tokenizer.encode(text, add_special_tokens=False).ids or [id_of(tokenizer, UNKNOWN)]
    return vectors[ids].mean(0)


def _translations(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Language → foreign word → its English translations."""
    found: dict[str, dict[str, list[str]]] = {}
    for language, words in read_dictionaries(folder, normalise).items():
        reverse: dict[str, list[str]] = defaultdict(list)
        for english, foreign_words in words.items():
            for foreign in foreign_words:
                reverse[foreign].append(english)
        found[language] = dict(reverse)
    return found


def _english_of(word: str, words: dict[str, list[str]]) -> list[str]:
    """Translations of the word, or of the longest stem of it that the dictionary knows."""
    for ending in range(_LONGEST_ENDING + 1):
        stem = word[: len(word) - ending]
        if ending and len(stem) < _SHORTEST_STEM:
            break
        if stem in words:
            return words[stem][:5]
    return []


def new_rows(
    folder: Path, pieces: dict[str, str], tokenizer: Tokenizer, vectors: torch.Tensor
) -> tuple[torch.Tensor, int]:
    """One row a piece, and how many came from a dictionary (the others: the mean of their old pieces)."""
    translations = _translations(folder)
    rows, translated = [], 0
    for piece, language in pieces.items():
        english = _english_of(piece, translations.get(language, {}))
        if english:
            translated += 1
            rows.append(torch.stack([_mean_vector(tokenizer, word, vectors) for word in english]).mean(0))
        else:
            rows.append(_mean_vector(tokenizer, piece.removeprefix(CONTINUED), vectors))
    return torch.stack(rows), translated
