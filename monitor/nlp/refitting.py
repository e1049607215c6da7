"""The arithmetic of learning: one head of many posts as arrays, and the weights that are fitted on them.

A lesson weighs as many posts as it stands for. Labels that the product would not say of a post, because another head
rules them out, have no part in it. `learning` decides what is tried and what is kept.
"""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.calibration import softmax

#: How strongly new weights are held at zero, chosen on a part of the posts to fit.
PENALTIES: Final = (1.0, 4.0, 16.0, 64.0)
_STEPS: Final = 80
_STILL: Final = 1e-4  # a step that moves no weight by more is the last one
_RESAMPLES: Final = 400
_SEED: Final = 7
_TINY: Final = 1e-6
_RULED_OUT: Final = -1e4  # as a logarithm: nothing is left of it


@dataclass(frozen=True, slots=True)
class Table:
    """One head of many lessons, a row a lesson."""

    rows: NDArray[np.float32]  # unit embeddings and a 1
    shipped: NDArray[np.float32]  # logarithms of what the shipped head says
    today: NDArray[np.float32]  # probabilities of the head in use
    truth: NDArray[np.float32]  # one-hot for a verdict, else what is said today
    has_verdict: NDArray[np.bool_]
    weights: NDArray[np.float32]  # of how many posts it speaks; a verdict of one
    drawn: NDArray[np.float32]  # verdicts on posts drawn by chance: of how many it speaks as one of them, else 0
    voices: NDArray[np.int64]  # lessons with the same number may be copies of each other

    def part(self, chosen: NDArray[np.bool_]) -> "Table":
        return Table(*(getattr(self, one.name)[chosen] for one in fields(self)))


def with_bias(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1, and a column of ones."""
    length = np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-9)
    return np.hstack([embeddings / length, np.ones((len(embeddings), 1))]).astype(np.float32)


def logarithms(scores: NDArray[np.float32], allowed: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """Of probabilities; `allowed` marks the labels that may be said."""
    logs = np.log(np.maximum(scores, _TINY))
    return (logs if allowed is None else np.where(allowed, logs, _RULED_OUT)).astype(np.float32)


def shifted(logs: NDArray[np.float32], rows: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities with what was learned added."""
    return softmax(logs + rows @ weights)


def fit(table: Table, penalty: float) -> NDArray[np.float32]:
    """Accelerated (Nesterov) steps down the penalised log-loss, started where the shipped head stands.

    Each is scaled by a bound of the curvature, half the weighted products of the rows (Böhning 1992): lessons that
    speak of a thousand posts and such that speak of one need the same few steps.
    """
    weights = np.zeros((table.rows.shape[1], table.shipped.shape[1]), dtype=np.float32)
    if not len(table.rows):
        return weights
    heavy = table.rows.astype(np.float64) * table.weights[:, None]
    scale = np.linalg.inv(0.5 * (heavy.T @ table.rows) + penalty * np.eye(table.rows.shape[1]))
    ahead, momentum = weights, 1.0
    for _ in range(_STEPS):
        slope = heavy.T @ (shifted(table.shipped, table.rows, ahead) - table.truth) + penalty * ahead
        following = (ahead - scale @ slope).astype(np.float32)
        next_momentum = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        step = following - weights
        ahead = (following + (momentum - 1) / next_momentum * step).astype(np.float32)
        weights, momentum = following, next_momentum
        if np.abs(step).max() < _STILL:
            break
    return weights


def best_penalty(table: Table) -> float:
    """The penalty with the least loss on a fourth of the posts, fitted on the others."""
    aside = np.arange(len(table.rows)) % 4 == 0
    fitted, judged = table.part(~aside), table.part(aside)
    losses = []
    for penalty in PENALTIES:
        after = shifted(judged.shipped, judged.rows, fit(fitted, penalty))
        losses.append((judged.weights * log_loss(after, judged.truth)).sum())
    return PENALTIES[int(np.argmin(losses))]


def log_loss(scores: NDArray[np.float32], truth: NDArray[np.float32]) -> NDArray[np.float64]:
    return -(truth * np.log(np.maximum(scores, _TINY))).sum(1).astype(np.float64)


def share_above_zero(gains: NDArray[np.float64], voices: NDArray[np.int64]) -> float:
    """Of resamplings, those in which the sum is above 0. All lessons of a voice are drawn together: copies of one post
    are one piece of evidence."""
    if not len(gains):
        return 0.0
    sums = by_voice(gains, voices)
    chance = np.random.default_rng(_SEED)
    totals = [sums[chance.integers(0, len(sums), len(sums))].sum() for _ in range(_RESAMPLES)]
    return float((np.array(totals) > 0).mean())


def by_voice(numbers: NDArray, voices: NDArray[np.int64]) -> NDArray[np.float64]:
    """The sum of each voice."""
    return np.bincount(np.unique(voices, return_inverse=True)[1], weights=numbers).astype(np.float64)
