"""Refits heads from reviewers' verdicts: a small linear layer on the embedding, added to what the shipped heads say.

Convex and in numpy: seconds for thousands of posts. Head by head, what is in use (shipped or learned) is replaced only
by what beats it on verdicts that neither was fitted on.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.calibration import softmax
from monitor.nlp.labels import HEADS

#: Heads that corrections may teach; language is told by other means.
TAUGHT_HEADS: Final = tuple(HEADS)
FEWEST_VERDICTS: Final = 20  # corrections of a head, below which nothing is tried
HELD_OUT_OF_TEN: Final = 3
#: How strongly new weights are held at zero, chosen on a part of the posts to fit.
PENALTIES: Final = (1.0, 4.0, 16.0)
SURE: Final = 0.95  # share of resamplings in which the new heads must be better
_RESAMPLES: Final = 400
_STEPS: Final = 150
_SEED: Final = 7
_TINY: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Lesson:
    """A post: its embedding, what the shipped heads say (head → probabilities), and the truth as far as known.

    `labels` maps heads to label numbers: a verdict of a person. A head that is not in it is presumed to be right as it
    is read today: such posts stand for all that nobody corrected, and keep the new weights from forgetting them.
    """

    key: int  # decides the side: a post is held out always or never, so no version was ever fitted on what judges it
    embedding: NDArray[np.float32]
    scores: Mapping[str, NDArray[np.float32]]
    labels: Mapping[str, int]

    @property
    def is_held_out(self) -> bool:
        return self.key * 2654435761 % 2**32 % 10 < HELD_OUT_OF_TEN


@dataclass(frozen=True, slots=True)
class HeadLesson:
    """How one head did on held-out posts before (as it is in use) and after: verdicts it agrees with, uncorrected
    readings it changes."""

    verdicts: int
    held_out_verdicts: int
    right_before: int
    right_after: int
    changed: int  # held-out posts without a verdict that now read differently
    gain: float  # log-loss, nats a post, before minus after
    surely_better: float  # share of resamplings in which the gain is above 0
    is_promoted: bool
    is_dropped: bool = False  # learned once, and now worse than the shipped head: `right_after` is the shipped one's


@dataclass(frozen=True, slots=True)
class LearnedWeights:
    """Head → weights (385 × labels; the last row is the bias). Heads without an entry stay as shipped."""

    heads: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def apply(
        self, scores: Mapping[str, NDArray[np.float32]], embeddings: NDArray[np.float32]
    ) -> dict[str, NDArray[np.float32]]:
        """Probabilities by head, a row a post, with what was learned added."""
        rows = with_bias(embeddings)
        changed = {head: _shifted(scores[head], rows, weights) for head, weights in self.heads.items()}
        return {**scores, **changed}

    def to_bytes(self) -> bytes:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **{h: w.astype(np.float16) for h, w in self.heads.items()})
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "LearnedWeights":
        with np.load(io.BytesIO(stored), allow_pickle=False) as file:
            return cls({head: file[head].astype(np.float32) for head in file.files})


def learn(
    lessons: Sequence[Lesson], thresholds: Mapping[str, float], active: LearnedWeights | None = None
) -> tuple[LearnedWeights, dict[str, HeadLesson]]:
    """Fits every head that has verdicts enough, always from the shipped one, and holds it against what is in use.

    Returns the weights to use from now on, and the report of all heads that were tried. `active` is what was learned
    before: a head of it stays until something beats it, a new one or else the shipped one.
    """
    heads, report = dict(active.heads) if active else {}, {}
    for head in TAUGHT_HEADS:
        if sum(head in lesson.labels for lesson in lessons) < FEWEST_VERDICTS:
            continue
        weights, told = _learn_head(head, lessons, thresholds.get(head), heads.get(head))
        report[head] = told
        if told.is_promoted:
            heads[head] = weights
        elif told.is_dropped:
            del heads[head]
    return LearnedWeights(heads), report


@dataclass(frozen=True, slots=True)
class _Table:
    """One head of many lessons as arrays."""

    rows: NDArray[np.float32]  # unit embeddings and a 1
    shipped: NDArray[np.float32]  # probabilities of the shipped head
    today: NDArray[np.float32]  # those of the head in use
    truth: NDArray[np.float32]  # one-hot for a verdict, else what is said today
    has_verdict: NDArray[np.bool_]

    def part(self, chosen: NDArray[np.bool_]) -> "_Table":
        return _Table(
            self.rows[chosen], self.shipped[chosen], self.today[chosen], self.truth[chosen], self.has_verdict[chosen]
        )


def _learn_head(
    head: str, lessons: Sequence[Lesson], threshold: float | None, active: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32], HeadLesson]:
    table = _table(head, lessons, active)
    held_out = np.array([lesson.is_held_out for lesson in lessons])
    to_fit, to_judge = table.part(~held_out), table.part(held_out)
    weights = _fit(to_fit, _best_penalty(to_fit))
    verdicts = int(table.has_verdict.sum())
    told = _judge(to_judge, _shifted(to_judge.shipped, to_judge.rows, weights), threshold, verdicts)
    if told.is_promoted or active is None:
        return weights, told
    back = _judge(to_judge, to_judge.shipped, threshold, verdicts)
    return weights, replace(back, is_promoted=False, is_dropped=True) if back.is_promoted else told


def _judge(table: _Table, after: NDArray[np.float32], threshold: float | None, verdicts: int) -> HeadLesson:
    """What is in use against what could take its place, on posts that neither was fitted on."""
    gains = _log_loss(table.today, table.truth) - _log_loss(after, table.truth)
    surely = _share_above_zero(gains)
    said_before, said_after = _answers(table.today, threshold), _answers(after, threshold)
    truth, judged = table.truth.argmax(1), table.has_verdict
    right_before = int((said_before == truth)[judged].sum())
    right_after = int((said_after == truth)[judged].sum())
    changed = int((said_after != said_before)[~judged].sum())
    return HeadLesson(
        verdicts=verdicts,
        held_out_verdicts=int(judged.sum()),
        right_before=right_before,
        right_after=right_after,
        changed=changed,
        gain=round(float(gains.mean()) if len(gains) else 0.0, 4),
        surely_better=round(surely, 3),
        # What nobody corrected counts as right: a head that mends little and changes much has not learned.
        is_promoted=surely >= SURE and right_after - right_before > changed,
    )


def _table(head: str, lessons: Sequence[Lesson], active: NDArray[np.float32] | None) -> _Table:
    rows = with_bias(np.stack([lesson.embedding for lesson in lessons]))
    shipped = np.stack([lesson.scores[head] for lesson in lessons]).astype(np.float32)
    today = shipped if active is None else _shifted(shipped, rows, active)
    verdicts = np.array([lesson.labels.get(head, -1) for lesson in lessons])
    told = np.eye(shipped.shape[1], dtype=np.float32)[verdicts]
    has_verdict = verdicts >= 0
    truth = np.where(has_verdict[:, None], told, today)
    return _Table(rows, shipped, today, truth, has_verdict)


def with_bias(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1, and a column of ones."""
    length = np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-9)
    return np.hstack([embeddings / length, np.ones((len(embeddings), 1))]).astype(np.float32)


def _shifted(
    scores: NDArray[np.float32], rows: NDArray[np.float32], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    return softmax(np.log(np.maximum(scores, _TINY)) + rows @ weights)


def _fit(table: _Table, penalty: float) -> NDArray[np.float32]:
    """Nesterov's accelerated gradient on the penalised log-loss, started where the shipped head stands."""
    weights = np.zeros((table.rows.shape[1], table.shipped.shape[1]), dtype=np.float32)
    if not len(table.rows):
        return weights
    # The largest curvature of the log-loss is at most half the largest eigenvalue of the rows' products.
    steepest = 0.5 * float(np.linalg.eigvalsh(table.rows.T @ table.rows)[-1]) + penalty
    ahead, momentum = weights, 1.0
    for _ in range(_STEPS):
        slope = table.rows.T @ (_shifted(table.shipped, table.rows, ahead) - table.truth) + penalty * ahead
        following = ahead - slope / steepest
        next_momentum = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = following + (momentum - 1) / next_momentum * (following - weights)
        weights, momentum = following, next_momentum
    return weights


def _best_penalty(table: _Table) -> float:
    """The penalty with the least loss on a fourth of the posts, fitted on the others."""
    aside = np.arange(len(table.rows)) % 4 == 0
    fitted, judged = table.part(~aside), table.part(aside)
    losses = [
        _log_loss(_shifted(judged.shipped, judged.rows, _fit(fitted, penalty)), judged.truth).sum()
        for penalty in PENALTIES
    ]
    return PENALTIES[int(np.argmin(losses))]


def _log_loss(scores: NDArray[np.float32], truth: NDArray[np.float32]) -> NDArray[np.float64]:
    return -(truth * np.log(np.maximum(scores, _TINY))).sum(1).astype(np.float64)


def _share_above_zero(gains: NDArray[np.float64]) -> float:
    if not len(gains):
        return 0.0
    chance = np.random.default_rng(_SEED)
    means = [gains[chance.integers(0, len(gains), len(gains))].mean() for _ in range(_RESAMPLES)]
    return float((np.array(means) > 0).mean())


def _answers(scores: NDArray[np.float32], threshold: float | None) -> NDArray[np.int64]:
    if threshold is None:
        return scores.argmax(1)
    return (scores[:, 1] >= threshold).astype(np.int64)
