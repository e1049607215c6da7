"""The shipped encoder under onnxruntime: long texts in windows, batches of like length within a token budget."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.vocabulary import END, START, id_of, open_tokenizer, spell
from monitor.nlp.windows import MOST_WINDOWS, cut_windows, join_means, take_worst_parts

if TYPE_CHECKING:
    import onnxruntime

WINDOW: Final = 110  # tokens of text a window
OVERLAP: Final = 14
#: Texts of more tokens are read in finer windows: a sentence of twenty words drowns in a window full of praise.
LONG: Final = 150
FINE_WINDOW: Final = 64
FINE_OVERLAP: Final = 16
TOKENS_A_BATCH: Final = 640
_LONGEST_TEXT: Final = 24_000  # characters that are tokenised at all: of longer texts, evenly spread pieces


@dataclass(frozen=True, slots=True)
class Reading:
    """What the encoder says of each text: head columns (raw) and mean-pooled embeddings."""

    columns: NDArray[np.float32]
    embeddings: NDArray[np.float32]


class Encoder:
    """Loads the weights on construction; `threads` is how many batches are read at once, each on a core of its own.

    That is a fifth faster than several threads on one batch (`threads_a_batch`), which wait for each other at every
    operation.
    """

    def __init__(self, folder: Path, threads: int, weights: Path | None = None, threads_a_batch: int = 1) -> None:
        self._threads = threads
        self._tokenizer = open_tokenizer(folder)
        self._start = id_of(self._tokenizer, START)
        self._end = id_of(self._tokenizer, END)
        self._session = open_session(weights or folder / "encoder.onnx", threads_a_batch)

    def read(self, texts: Sequence[str]) -> Reading:
        """Reads simplified texts (see normalise.py); rows come back in the order given."""
        windows, owners = self._windows(texts)
        return _join(*self._run(windows), [len(window) for window in windows], owners, len(texts))

    def read_as_given(self, texts: Sequence[str]) -> Reading:
        """All texts in one batch, in their order, padded to the longest: what `read` is measured against."""
        windows, owners = self._windows(texts)
        return _join(*self._run(windows, one_batch=True), [len(window) for window in windows], owners, len(texts))

    def pieces(self, text: str) -> list[str]:
        """The text cut at the tokeniser's pieces (used where a script has no spaces)."""
        # Where pieces begin, not where they end: the mark of a word's start lies over the letter behind it, and letters
        # that the tokeniser composes have one place for two.
        starts = {start for start, _ in self._tokenizer.encode(text, add_special_tokens=False).offsets}
        return [text[start:end] for start, end in pairwise([*sorted(starts | {0}), len(text)])]

    def _windows(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        windows: list[list[int]] = []
        owners: list[int] = []
        shortened = [shorten(text) for text in spell(self._tokenizer, texts)]
        for row, encoded in enumerate(self._tokenizer.encode_batch_fast(shortened, add_special_tokens=False)):
            for window in cut_tokens(encoded.ids):
                windows.append([self._start, *window, self._end])
                owners.append(row)
        return windows, owners

    def _run(
        self, windows: list[list[int]], one_batch: bool = False
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        plan = [list(range(len(windows)))] if one_batch else plan_batches([len(window) for window in windows])
        batches = [[windows[row] for row in rows] for rows in plan]
        if self._threads > 1 and len(batches) > 1:
            with ThreadPoolExecutor(self._threads) as cores:
                read = list(cores.map(self._run_batch, batches))
        else:
            read = [self._run_batch(batch) for batch in batches]
        back = np.argsort([row for rows in plan for row in rows])
        columns, embeddings = zip(*read, strict=True)
        return np.concatenate(columns)[back], np.concatenate(embeddings)[back]

    def _run_batch(self, windows: list[list[int]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        length = max(map(len, windows))
        ids = np.zeros((len(windows), length), dtype=np.int64)
        mask = np.zeros((len(windows), length), dtype=np.int64)
        for place, window in enumerate(windows):
            ids[place, : len(window)] = window
            mask[place, : len(window)] = 1
        columns, embeddings = self._session.run(["columns", "embedding"], {"input_ids": ids, "attention_mask": mask})
        return columns, embeddings


def open_session(path: Path, threads: int) -> "onnxruntime.InferenceSession":
    """A session on the processor that gets on with what else is at work there."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads would take the core from the web server and the other workers between two batches.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False  # it would keep the memory of the largest batch
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def default_threads() -> int:
    """MENTIONDESK_INFERENCE_THREADS (1 where processes fill the cores), else all cores up to four.

    Raises ValueError when it is not a number above 0. Read here because this floor knows no settings.
    """
    stated = os.environ.get("MENTIONDESK_INFERENCE_THREADS", "")
    if not stated:
        return min(4, os.cpu_count() or 1)
    if not stated.isdigit() or int(stated) == 0:
        raise ValueError(f"MENTIONDESK_INFERENCE_THREADS is {stated!r}; it must be a whole number above 0.")
    return int(stated)


def cut_tokens(ids: list[int]) -> list[list[int]]:
    """The windows in which a text of these tokens is read."""
    return cut_windows(ids, FINE_WINDOW, FINE_OVERLAP) if len(ids) > LONG else cut_windows(ids, WINDOW, OVERLAP)


def shorten(text: str) -> str:
    """What is tokenised of a text: all, or the beginning, the end and pieces evenly spread between."""
    if len(text) <= _LONGEST_TEXT:
        return text
    return " ".join(cut_windows(text, _LONGEST_TEXT // MOST_WINDOWS, 0))


def plan_batches(lengths: Sequence[int]) -> list[list[int]]:
    """Row numbers by batch: like lengths together, at most TOKENS_A_BATCH padded tokens (one row may exceed it)."""
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not batches or (len(batches[-1]) + 1) * lengths[row] > TOKENS_A_BATCH:
            batches.append([])
        batches[-1].append(row)
    return batches


def _join(columns: NDArray, embeddings: NDArray, lengths: list[int], owners: list[int], count: int) -> Reading:
    if len(owners) == count:
        return Reading(columns, embeddings)
    joined = join_means(columns, lengths, owners, count)
    take_worst_parts(joined, columns, owners)
    return Reading(joined, join_means(embeddings, lengths, owners, count))
