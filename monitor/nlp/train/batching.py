"""Posts as the network reads them, gathered into batches of like length."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from monitor.nlp.vocabulary import END, START, id_of, spell


@dataclass(slots=True)
class Prepared:
    """Token ids, labels (MASKED where unknown), and the rows of where the post belongs among embeddings, and of what a
    network said of it before (-1: nothing)."""

    ids: NDArray[np.int64]
    labels: Sequence[int] = ()
    target: int = -1
    taught: int = -1


def shorten(ids: list[int], longest: int) -> list[int]:
    """Head and tail of a text of more than `longest` tokens, two of which mark its start and end."""
    if len(ids) <= longest - 2:
        return ids
    half = (longest - 2) // 2
    return ids[:half] + ids[-half:]


def encode(tokenizer: Tokenizer, texts: Sequence[str], longest: int) -> list[NDArray[np.int64]]:
    start, end = id_of(tokenizer, START), id_of(tokenizer, END)
    encoded = tokenizer.encode_batch(list(spell(tokenizer, texts)), add_special_tokens=False)
    return [np.array([start, *shorten(one.ids, longest), end]) for one in encoded]


def batches(posts: Sequence[Prepared], chance: random.Random, most_tokens: int) -> list[list[Prepared]]:
    """Posts of like length together, so that little is padded; the order of batches is random."""
    ordered = sorted(posts, key=lambda post: (len(post.ids), chance.random()))
    groups: list[list[Prepared]] = [[]]
    for post in ordered:
        if groups[-1] and (len(groups[-1]) + 1) * len(post.ids) > most_tokens:
            groups.append([])
        groups[-1].append(post)
    chance.shuffle(groups)
    return groups


def pad(rows: Sequence[NDArray[np.int64]], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask, one row a post."""
    lengths = np.array([len(row) for row in rows])
    mask = np.arange(lengths.max()) < lengths[:, None]
    ids = np.zeros(mask.shape, dtype=np.int64)
    ids[mask] = np.concatenate(rows)
    return (
        torch.from_numpy(ids).to(device, non_blocking=True),
        torch.from_numpy(mask.astype(np.int64)).to(device, non_blocking=True),
    )
