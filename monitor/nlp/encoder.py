"""The shipped encoder under onnxruntime: long texts in windows, batches of like length within a token budget.

Work a post is capped: of a very long text the beginning, the end and evenly spread windows between are read.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.labels import HEADS, head_slices
from monitor.nlp.vocabulary import END, START, build_tokenizer, id_of, read_pieces

if TYPE_CHECKING:
    import onnxruntime

WINDOW: Final = 110  # tokens of text a window
OVERLAP: Final = 14
MOST_WINDOWS: Final = 12
TOKENS_A_BATCH: Final = 640
_LONGEST_TEXT: Final = 24_000  # characters that are tokenised at all: head and tail of longer texts
#: Heads where the worst part of a long post decides; for the others the parts are averaged by length.
_WORST_PART_HEADS: Final = ("complaint", "escalate", "needs_reply", "severity")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the encoder says of each text: head columns (raw) and mean-pooled embeddings."""

    columns: NDArray[np.float32]
    embeddings: NDArray[np.float32]


class Encoder:
    """Loads the weights on construction; `threads` is how many cores one batch may use."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._tokenizer = build_tokenizer(read_pieces(folder / "vocabulary.txt"))
        self._start = id_of(self._tokenizer, START)
        self._end = id_of(self._tokenizer, END)
        self._session = _open_session(folder / "encoder.onnx", threads)

    def read(self, texts: Sequence[str]) -> Reading:
        """Reads normalised texts; rows come back in the order given."""
        windows, owners = self._windows(texts)
        columns, embeddings = self._run(windows)
        lengths = np.array([len(window) - 2 for window in windows], dtype=np.float32)
        return _join(columns, embeddings, lengths, np.array(owners), len(texts))

    def pieces(self, text: str) -> list[str]:
        """The text cut at the tokeniser's pieces (used where a script has no spaces)."""
        return [text[start:end] for start, end in self._tokenizer.encode(text, add_special_tokens=False).offsets]

    def _windows(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        windows: list[list[int]] = []
        owners: list[int] = []
        shortened = [_shorten(text) for text in texts]
        for row, encoded in enumerate(self._tokenizer.encode_batch_fast(shortened, add_special_tokens=False)):
            for window in cut_windows(encoded.ids):
                windows.append([self._start, *window, self._end])
                owners.append(row)
        return windows, owners

    def _run(self, windows: list[list[int]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        columns: list[NDArray[np.float32]] = []
        embeddings: list[NDArray[np.float32]] = []
        order: list[int] = []
        for rows in plan_batches([len(window) for window in windows]):
            length = max(len(windows[row]) for row in rows)
            ids = np.zeros((len(rows), length), dtype=np.int64)
            mask = np.zeros((len(rows), length), dtype=np.int64)
            for place, row in enumerate(rows):
                ids[place, : len(windows[row])] = windows[row]
                mask[place, : len(windows[row])] = 1
            out = self._session.run(["columns", "embedding"], {"input_ids": ids, "attention_mask": mask})
            columns.append(out[0])
            embeddings.append(out[1])
            order += rows
        back = np.argsort(order)
        return np.concatenate(columns)[back], np.concatenate(embeddings)[back]


def _open_session(path: Path, threads: int) -> "onnxruntime.InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads would take the core from the web server and the other workers between two batches.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def default_threads() -> int:
    """MENTIONDESK_INFERENCE_THREADS (1 where processes fill the cores), else all cores up to four."""
    stated = os.environ.get("MENTIONDESK_INFERENCE_THREADS", "")
    return int(stated) if stated.isdigit() and int(stated) > 0 else min(4, os.cpu_count() or 1)


def _shorten(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    half = _LONGEST_TEXT // 2
    return f"{text[:half]} {text[-half:]}"


def cut_windows(ids: Sequence[int]) -> list[Sequence[int]]:
    """Overlapping windows over the ids; of more than MOST_WINDOWS the first, the last and evenly spread others."""
    if len(ids) <= WINDOW:
        return [ids]
    starts = list(range(0, len(ids) - OVERLAP, WINDOW - OVERLAP))
    if len(starts) > MOST_WINDOWS:
        starts = [starts[round(at)] for at in np.linspace(0, len(starts) - 1, MOST_WINDOWS)]
    return [ids[min(start, len(ids) - WINDOW) :][:WINDOW] for start in starts]


def plan_batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Row numbers by batch: like lengths together, at most TOKENS_A_BATCH padded tokens (one row may exceed it)."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > TOKENS_A_BATCH:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _join(columns: NDArray, embeddings: NDArray, lengths: NDArray, owners: NDArray, count: int) -> Reading:
    if len(owners) == count:
        return Reading(columns, embeddings)
    weights = (lengths + 1)[:, None]
    totals = np.zeros((count, 1), dtype=np.float32)
    np.add.at(totals, owners, weights)
    joined = np.zeros((count, columns.shape[1]), dtype=np.float32)
    np.add.at(joined, owners, columns * weights)
    vectors = np.zeros((count, embeddings.shape[1]), dtype=np.float32)
    np.add.at(vectors, owners, embeddings * weights)
    joined, vectors = joined / totals, vectors / totals
    for row in np.flatnonzero(np.bincount(owners, minlength=count) > 1):
        _take_worst_part(joined, columns[owners == row], int(row))
    return Reading(joined, vectors)


def _take_worst_part(joined: NDArray, parts: NDArray, row: int) -> None:
    """A complaint in one window is a complaint of the whole post, however long the praise around it."""
    for head in _WORST_PART_HEADS:
        own = parts[:, head_slices()[head]]
        gravity = own[:, 1:].max(1) - own[:, 0] if len(HEADS[head]) > 2 else own[:, 1] - own[:, 0]
        joined[row, head_slices()[head]] = own[gravity.argmax()]
