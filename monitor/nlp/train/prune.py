"""Cuts the vocabulary of a multilingual base down to what posts use: a quarter of a million pieces would not ship.

Kept are the letters of every script but the rare ones of Chinese and Korean, the likeliest pieces of scripts that our
texts lack, and the pieces that texts and word lists use most, each language by the root of its size.
Letters that the base has not (emoji newer than it, above all) get a piece, which starts where the words of its Unicode
name are.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Final

import torch
from tokenizers import Tokenizer

from monitor.nlp.normalise import simplify
from monitor.nlp.train.lexicon import LANGUAGES, read_frequencies
from monitor.nlp.vocabulary import UNKNOWN, id_of

MOST_PIECES: Final = 48_000  # with 384 numbers each they and six layers fill 29.5 MB
MOST_LETTERS: Final = 500  # that the base has not
_ROUNDS: Final = (60_000, MOST_PIECES)  # what goes falls apart into others: these are counted anew
_LIST_WEIGHT: Final = 0.1  # of a language's word list beside its texts
_SPECIAL: Final = 5  # at the start of the vocabulary
_LEAST_USES: Final = 3  # of a letter that the base has not
_START: Final = "▁"
#: Of Han and Hangul, which are many, those letters are kept that somebody used.
_MANY: Final = re.compile("[\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]")
#: Greek, Cyrillic, Armenian, Hebrew; the scripts of India; Georgian: pieces of them that no text of ours uses.
_OTHER_SCRIPTS: Final = re.compile(f"{_START}?[\u0370-\u05ff\u0900-\u0dff\u10a0-\u10ff]{{2,}}")
_OTHER_PIECES: Final = 1_200
_BYTE: Final = re.compile("<0x[0-9A-F]{2}>")


def read_word_lists(folder: Path) -> dict[str, list[str]]:
    return {language: words for language in LANGUAGES if (words := read_frequencies(folder, language))}


def prune(
    tokenizer: Tokenizer, vectors: torch.Tensor, texts: Mapping[str, Sequence[str]], lists: Mapping[str, Sequence[str]]
) -> tuple[Tokenizer, list[int], torch.Tensor]:
    """The smaller unigram tokeniser, the rows of the old table that it keeps, and those of its new letters."""
    smaller = _with_pieces(tokenizer, range(tokenizer.get_vocab_size()))
    kept = list(range(tokenizer.get_vocab_size()))
    for size in _ROUNDS:
        if smaller.get_vocab_size() > size:
            rows = _most_used(smaller, texts, lists, size)
            smaller, kept = _with_pieces(smaller, rows), [kept[row] for row in rows]
    letters = _missing_letters(tokenizer, texts.values())
    return _with_letters(smaller, letters), kept, _start_of(letters, tokenizer, vectors)


def _most_used(
    tokenizer: Tokenizer, texts: Mapping[str, Sequence[str]], lists: Mapping[str, Sequence[str]], size: int
) -> list[int]:
    """Row numbers in their old order."""
    scores: Counter[int] = Counter()
    for language in dict.fromkeys([*texts, *lists]):
        counts, listed = (_count(tokenizer, read.get(language, [])) for read in (texts, lists))
        weight = 1 / sqrt(max(1, counts.total()))
        scores.update({row: count * weight for row, count in counts.items()})
        scores.update({row: count * weight * _LIST_WEIGHT for row, count in listed.items()})
    parts = _parts_of(tokenizer)
    pieces = parts["model"]["vocab"]
    needed = {row for row, (piece, _) in enumerate(pieces) if _is_needed(piece, row in scores)}
    needed |= set(range(_SPECIAL)) | {added["id"] for added in parts["added_tokens"]}
    others = [(score, row) for row, (piece, score) in enumerate(pieces) if _is_of_another_script(piece)]
    needed |= {row for _, row in sorted(others, reverse=True)[: min(_OTHER_PIECES, size // 40)]}
    ranked = (row for row, _ in scores.most_common() if row not in needed)
    return sorted([*needed, *(row for row, _ in zip(ranked, range(max(0, size - len(needed))), strict=False))])


def _is_needed(piece: str, is_used: bool) -> bool:
    letter = piece.removeprefix(_START)
    if len(letter) > 1:
        return piece == "<mask>" or bool(_BYTE.fullmatch(piece))
    is_letter = letter != "" and unicodedata.category(letter)[0] in "LM" and simplify(letter) == letter
    return is_used or (is_letter and not _MANY.match(letter) and piece == letter)


def _is_of_another_script(piece: str) -> bool:
    word = piece.removeprefix(_START)
    return bool(_OTHER_SCRIPTS.fullmatch(piece)) and simplify(word) == word


def _count(tokenizer: Tokenizer, texts: Sequence[str]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for encoded in tokenizer.encode_batch(list(texts), add_special_tokens=False):
        counts.update(encoded.ids)
    return counts


def _parts_of(tokenizer: Tokenizer) -> dict:
    return json.loads(tokenizer.to_str())


def _with_pieces(tokenizer: Tokenizer, rows: Sequence[int]) -> Tokenizer:
    """With these rows alone, all of them among the pieces of the model, also those that were added to it."""
    parts = _parts_of(tokenizer)
    model, places = parts["model"], {old: new for new, old in enumerate(rows)}
    pieces, least = model["vocab"], min(score for _, score in model["vocab"])
    added = {token["id"]: [token["content"], least] for token in parts["added_tokens"]}
    model["vocab"] = [pieces[row] if row < len(pieces) else added[row] for row in rows]
    model["unk_id"] = places.get(model["unk_id"])
    parts["added_tokens"] = [token | {"id": places[token["id"]]} for token in parts["added_tokens"]]
    parts["post_processor"] = None  # its ids were the old ones, and starts and ends are set by hand
    return Tokenizer.from_str(json.dumps(parts))


def _missing_letters(tokenizer: Tokenizer, texts: Iterable[Sequence[str]]) -> list[str]:
    counts = Counter(letter for group in texts for text in group if not text.isascii() for letter in set(text))
    unknown = id_of(tokenizer, UNKNOWN)
    missing = [
        letter for letter, count in counts.most_common()
        if count >= _LEAST_USES and letter != "\ufffd"
        and unknown in tokenizer.encode(letter, add_special_tokens=False).ids
    ]  # fmt: skip
    return sorted(missing[:MOST_LETTERS])


def _with_letters(tokenizer: Tokenizer, letters: Sequence[str]) -> Tokenizer:
    parts = _parts_of(tokenizer)
    vocabulary = parts["model"]["vocab"]
    least = min(score for _, score in vocabulary)
    vocabulary += [[letter, least] for letter in letters]
    return Tokenizer.from_str(json.dumps(parts))


def _start_of(letters: Sequence[str], tokenizer: Tokenizer, vectors: torch.Tensor) -> torch.Tensor:
    names = [unicodedata.name(letter, "").lower() for letter in letters]
    ids = [tokenizer.encode(name, add_special_tokens=False).ids or [id_of(tokenizer, UNKNOWN)] for name in names]
    return torch.stack([vectors[own].mean(0) for own in ids]) if ids else vectors[:0]
