"""The linear side model: hashed n-grams times weights, one column a label of every head.

It stands beside the encoder (strong outside English, blind to order), and explains: a word's weight is its reason.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.ngrams import Counts, count_ngrams

SIZES = range(1, 6)


class LinearModel:
    """Weights by bucket and column, stored as int8 with a scale a column."""

    def __init__(
        self,
        weights: NDArray[np.int8],
        scales: NDArray[np.float32],
        bias: NDArray[np.float32],
        rarity: NDArray[np.float16],
    ) -> None:
        self.bits = int(len(weights)).bit_length() - 1
        self._weights = weights
        self._scales = scales
        self._bias = bias
        self._rarity = rarity

    @classmethod
    def load(cls, path: Path) -> "LinearModel":
        with np.load(path, allow_pickle=False) as stored:
            return cls(stored["weights"], stored["scales"], stored["bias"], stored["rarity"])

    def score(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of raw scores (log-odds before calibration) a normalised text."""
        counts = count_ngrams(texts, bits=self.bits, sizes=SIZES, has_words=True)
        values = weigh(counts, self._rarity)
        rows = np.zeros((len(texts), self._weights.shape[1]), dtype=np.float32)
        for row, (start, stop) in enumerate(zip(counts.starts[:-1], counts.starts[1:], strict=True)):
            rows[row] = values[start:stop] @ self._weights[counts.buckets[start:stop]].astype(np.float32)
        return rows * self._scales + self._bias

    def word_weights(self, words: Sequence[str]) -> NDArray[np.float32]:
        """What each word alone adds to the columns, before the text's length is divided out; no bias."""
        counts = count_ngrams(words, bits=self.bits, sizes=SIZES, has_words=True)
        values = self._rarity[counts.buckets].astype(np.float32)
        rows = np.zeros((len(words), self._weights.shape[1]), dtype=np.float32)
        for row, (start, stop) in enumerate(zip(counts.starts[:-1], counts.starts[1:], strict=True)):
            rows[row] = values[start:stop] @ self._weights[counts.buckets[start:stop]].astype(np.float32)
        return rows * self._scales


def weigh(counts: Counts, rarity: NDArray[np.float16]) -> NDArray[np.float32]:
    """Sublinear count times rarity, each text scaled to length 1."""
    values = (1 + np.log(counts.counts)) * rarity[counts.buckets].astype(np.float32)
    squares = np.concatenate([[0.0], np.cumsum(values.astype(np.float64) ** 2)])
    lengths = np.sqrt(np.maximum(squares[counts.starts[1:]] - squares[counts.starts[:-1]], 1e-12))
    return (values / np.repeat(lengths, np.diff(counts.starts))).astype(np.float32)
