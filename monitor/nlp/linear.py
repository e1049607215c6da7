"""The linear side model: hashed n-grams times weights, one column a label of every head.

It stands beside the encoder (strong outside English, blind to order), and explains: a word's weight is its reason.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.labels import head_slices
from monitor.nlp.ngrams import Counts, count_ngrams
from monitor.nlp.windows import cut_windows, take_worst_parts

SIZES: Final = range(2, 6)
WIDE: Final = head_slices()["sentiment"]
_LONG: Final = 700  # characters; longer texts are read part by part as well
_WINDOW: Final = 450
_OVERLAP: Final = 60
_VERY_LONG: Final = 1400  # characters; as with the encoder, much longer texts are read in finer parts
_FINE_WINDOW: Final = 250


class LinearModel:
    """Weights by bucket and column, stored as int8 with a scale a column.

    Sentiment has a table of its own with more buckets: it learns from ten times as many posts, whose n-grams would
    push each other aside. The other heads read the same buckets folded together.
    """

    def __init__(
        self,
        weights: NDArray[np.int8],
        wide: NDArray[np.int8],
        scales: NDArray[np.float32],
        bias: NDArray[np.float32],
        rarity: NDArray[np.float16],
    ) -> None:
        self.bits = int(len(wide)).bit_length() - 1
        self._folded = len(weights) - 1
        self._weights = weights
        self._wide = wide
        self._scales = scales
        self._bias = bias
        self._rarity = rarity

    @classmethod
    def load(cls, path: Path) -> "LinearModel":
        with np.load(path, allow_pickle=False) as stored:
            return cls(*(stored[name] for name in ("weights", "wide", "scales", "bias", "rarity")))

    def score(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of raw scores (log-odds before calibration) a normalised text; long ones also part by part."""
        rows = self._score_whole(texts)
        parts: list[str] = []
        owners: list[int] = []
        for row, text in enumerate(texts):
            if len(text) > _LONG:
                windows = cut_characters(text)
                parts += windows
                owners += [row] * len(windows)
        if parts:
            take_worst_parts(rows, self._score_whole(parts), owners)
        return rows

    def _score_whole(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts = count_ngrams(texts, bits=self.bits, sizes=SIZES, has_words=True)
        return self._sum(counts, weigh(counts, self._rarity)) + self._bias

    def word_weights(self, words: Sequence[str]) -> NDArray[np.float32]:
        """What each word alone adds to the columns, before the text's length is divided out; no bias."""
        counts = count_ngrams(words, bits=self.bits, sizes=SIZES, has_words=True)
        return self._sum(counts, self._rarity[counts.buckets].astype(np.float32))

    def _sum(self, counts: Counts, values: NDArray[np.float32]) -> NDArray[np.float32]:
        rows = np.zeros((len(counts.starts) - 1, self._weights.shape[1]), dtype=np.float32)
        for row, (start, stop) in enumerate(pairwise(counts.starts)):
            buckets, own = counts.buckets[start:stop], values[start:stop]
            rows[row] = own @ self._weights[buckets & self._folded].astype(np.float32)
            rows[row, WIDE] = own @ self._wide[buckets].astype(np.float32)
        return rows * self._scales


def cut_characters(text: str) -> list[str]:
    """The parts in which a long text is read besides the whole."""
    return cut_windows(text, _FINE_WINDOW if len(text) > _VERY_LONG else _WINDOW, _OVERLAP)


def weigh(counts: Counts, rarity: NDArray[np.float16]) -> NDArray[np.float32]:
    """Sublinear count times rarity, each text scaled to length 1."""
    values = (1 + np.log(counts.counts)) * rarity[counts.buckets].astype(np.float32)
    squares = np.concatenate([[0.0], np.cumsum(values.astype(np.float64) ** 2)])
    lengths = np.sqrt(np.maximum(squares[counts.starts[1:]] - squares[counts.starts[:-1]], 1e-12))
    return (values / np.repeat(lengths, np.diff(counts.starts))).astype(np.float32)
