"""Long posts are read in overlapping parts and joined again: a complaint in any part is a complaint of the post.

Up to some 4,000 tokens nothing is left out. Beyond, work is capped: the first, the last and evenly spread parts between
are read.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.labels import HEADS, head_slices

MOST_WINDOWS: Final = 84  # of the fine ones, 4,000 tokens or 16,000 characters
#: Heads where the worst part of a long post decides; for the others the parts are averaged by length.
WORST_PART_HEADS: Final = ("complaint", "escalate", "needs_reply", "severity")

Text = TypeVar("Text", str, list[int])


def cut_windows(whole: Text, size: int, overlap: int) -> list[Text]:
    """Overlapping windows over a text or its token ids, at most MOST_WINDOWS."""
    if len(whole) <= size:
        return [whole]
    starts = list(range(0, len(whole) - overlap, size - overlap))
    if len(starts) > MOST_WINDOWS:
        starts = [starts[round(at)] for at in np.linspace(0, len(starts) - 1, MOST_WINDOWS)]
    return [whole[min(start, len(whole) - size) :][:size] for start in starts]


def join_means(values: NDArray, lengths: Sequence[int], owners: Sequence[int], count: int) -> NDArray[np.float32]:
    """The mean of each owner's parts, weighed by their length."""
    weights = np.asarray(lengths, dtype=np.float32)[:, None] + 1
    totals = np.zeros((count, 1), dtype=np.float32)
    joined = np.zeros((count, values.shape[1]), dtype=np.float32)
    np.add.at(totals, owners, weights)
    np.add.at(joined, owners, values * weights)
    return joined / totals


def take_worst_parts(joined: NDArray, parts: NDArray, owners: Sequence[int]) -> None:
    """In the risk heads, puts the gravest part of each post with several parts in place of the joined columns."""
    owner_of = np.asarray(owners)
    for row in np.flatnonzero(np.bincount(owner_of, minlength=len(joined)) > 1):
        own = parts[owner_of == row]
        for head in WORST_PART_HEADS:
            columns = own[:, head_slices()[head]]
            # Binary heads: yes against no. Severity: the likeliest level above none, against none.
            gravity = columns[:, 1 : len(HEADS[head])].max(1) - columns[:, 0]
            joined[row, head_slices()[head]] = columns[gravity.argmax()]
