"""Hashed n-gram features of normalised text, counted for a whole batch at once with numpy.

Used by the linear side model (linear.py) and by the language identifier (language.py). The hash is fixed: weights
are stored by bucket, so a change here needs new weights.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+|[^\w\s]")
_MULTIPLIER: Final = np.uint32(0x9E3779B1)
_LONGEST_TEXT: Final = 4000


@dataclass(frozen=True, slots=True)
class Counts:
    """Features of a batch in compressed rows: `buckets[starts[i]:starts[i + 1]]` belong to text i, with counts."""

    buckets: NDArray[np.int64]
    counts: NDArray[np.float32]
    starts: NDArray[np.int64]


def _mix(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    hashes = (hashes ^ (hashes >> np.uint32(15))) * np.uint32(0x85EBCA6B)
    hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return hashes ^ (hashes >> np.uint32(16))


def code_points(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Code points of ` text ` for all texts in a row, and the number of the text each belongs to."""
    padded = [f" {text[:_LONGEST_TEXT]} " for text in texts]
    points = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in padded])
    return points, owners


def character_hashes(
    points: NDArray[np.uint32], owners: NDArray[np.int64], sizes: range
) -> list[tuple[NDArray[np.uint32], NDArray[np.int64]]]:
    """By size, the hash of every n-gram that lies within one text, and the text it belongs to, in order."""
    found = []
    rolling = np.zeros(len(points), dtype=np.uint32)
    for size in range(1, sizes.stop):
        if len(points) < size:
            break
        rolling = rolling[: len(points) - size + 1] * _MULTIPLIER + points[size - 1 :] + np.uint32(size)
        if size in sizes:
            whole = owners[: len(rolling)] == owners[size - 1 :]
            found.append((_mix(rolling[whole] + np.uint32(size * 0x01000193)), owners[: len(rolling)][whole]))
    return found


def _word_hashes(texts: Sequence[str]) -> list[tuple[NDArray[np.uint32], NDArray[np.int64]]]:
    """Words, and pairs of neighbouring words."""
    words = [
        [zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in _WORD.findall(text[:_LONGEST_TEXT])]
        for text in texts
    ]
    hashes = np.array([value for group in words for value in group], dtype=np.uint32)
    owners = np.repeat(np.arange(len(texts)), [len(group) for group in words])
    same = owners[:-1] == owners[1:]
    pairs = (hashes[:-1] * _MULTIPLIER + hashes[1:])[same]
    return [(_mix(hashes), owners), (_mix(pairs + np.uint32(77)), owners[:-1][same])]


def count_ngrams(texts: Sequence[str], *, bits: int, sizes: range, has_words: bool) -> Counts:
    """Counts of character n-grams (and words and word pairs) in 2**bits buckets."""
    parts = character_hashes(*code_points(texts), sizes) + (_word_hashes(texts) if has_words else [])
    buckets = np.concatenate([hashes for hashes, _ in parts] or [np.zeros(0, np.uint32)]).astype(np.int64) & (
        (1 << bits) - 1
    )
    owners = np.concatenate([owner for _, owner in parts] or [np.zeros(0, np.int64)])
    keys, counts = np.unique((owners << bits) | buckets, return_counts=True)
    starts = np.searchsorted(keys >> bits, np.arange(len(texts) + 1))
    return Counts(keys & ((1 << bits) - 1), counts.astype(np.float32), starts)
