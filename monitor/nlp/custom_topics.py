"""Topics that a brand adds by example posts, told from all else by the encoder's embedding.

A topic is a weighted ridge regression of its examples against the other topics' examples and a small sample of general
posts: convex, solved at once, and each example's score without itself comes from the same solution (leave-one-out).
A post takes the nearest topic if it scores as well as most of the topic's own examples do without themselves; else it
keeps its built-in topic. Names and files of examples are read in topic_examples.py.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.engine import Engine, PostAnalysis, PostInput
from monitor.nlp.topic_examples import FEWEST_EXAMPLES, CustomTopicsError, read_topics_file
from monitor.text.reason import Reason

#: Tuned with `bench few-shot`: stronger comes close to the mere centre of the examples, weaker follows their accidents.
_PENALTY: Final = 30.0
_LOWER_END: Final = 40  # percentile of the examples' own scores, each without itself, that a post must reach
_MOST_OTHERS: Final = 97  # percentile of everything else that it must reach as well
_STEEPNESS: Final = 4.0
_GENERAL_POSTS: Final = Path(__file__).parent / "bench_posts.txt"
_MOST_KEPT: Final = 8000  # embeddings of examples: 12 MB
_READ_AT_ONCE: Final = 256  # examples
_ROWS_AT_ONCE: Final = 1024  # of the scores without themselves
_TINY: Final = 1e-6

Vectors = NDArray[np.float32]
Exact = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Boundaries:
    """Where topics begin, a column a topic. A nearness of 0.5 is on the line."""

    weights: Vectors
    biases: Vectors
    lines: Vectors
    scales: Vectors

    def nearness(self, vectors: Vectors) -> Vectors:
        beyond = (vectors @ self.weights + self.biases - self.lines) * self.scales
        return 1 / (1 + np.exp(-np.clip(beyond, -30, 30)))


class CustomTopics:
    """Topics by name, each with its boundary."""

    def __init__(self, examples: Iterable[tuple[str, str]], engine: Engine) -> None:
        """`examples` are (topic, text) pairs, at least three a topic. Raises CustomTopicsError."""
        by_topic: dict[str, list[str]] = defaultdict(list)
        for topic, text in examples:
            by_topic[topic].append(text)
        thin = sorted(topic for topic, texts in by_topic.items() if len(texts) < FEWEST_EXAMPLES)
        if thin or not by_topic:
            raise CustomTopicsError(
                "Each topic needs at least %(least)d example posts; too few for: %(topics)s.",
                least=FEWEST_EXAMPLES,
                topics=", ".join(thin) or "all",
            )
        self.names = sorted(by_topic)
        texts = [text for name in self.names for text in by_topic[name]]
        general = _unit(_embed(general_posts(), engine))
        self._middle = general.mean(0)
        rows = np.vstack([self._placed(_embed(texts, engine)), self._placed(general)])
        self._boundaries = _separate(rows, [len(by_topic[name]) for name in self.names])

    def nearness(self, embeddings: Vectors) -> Vectors:
        """How near posts are to the topics, 0 to 1: a row a post, a column a name. From 0.5 on a topic may be taken."""
        return self._boundaries.nearness(self._placed(embeddings))

    def _placed(self, embeddings: Vectors) -> Vectors:
        """Directions as seen from the middle of general posts."""
        return _unit(_unit(embeddings) - self._middle)

    @classmethod
    def load(cls, path: str, engine: Engine) -> "CustomTopics":
        """The topics of a file, TSV or JSONL with `topic` and `text`. Raises CustomTopicsError."""
        return cls(read_topics_file(Path(path)), engine)

    def refine(self, analysis: PostAnalysis) -> PostAnalysis:
        """The same analysis, with the nearest custom topic where one is near enough. What says nothing is near none."""
        if analysis.embedding is None or any(reason.code == "text.empty" for reason in analysis.reasons):
            return analysis
        nearness = self.nearness(analysis.embedding[None])[0]
        best = int(nearness.argmax())
        scores = analysis.topic_scores | {
            name: round(float(near), 4) for name, near in zip(self.names, nearness, strict=True)
        }
        if nearness[best] < 0.5:
            return replace(analysis, topic_scores=scores)
        reasons = [reason for reason in analysis.reasons if not reason.code.startswith("topic.")]
        reasons.append(Reason("topic.custom", round(float(nearness[best]), 4), {"topic": self.names[best]}))
        return replace(analysis, topic=self.names[best], topic_scores=scores, reasons=reasons)


@lru_cache(maxsize=1)
def general_posts() -> list[str]:
    """Posts about anything in many languages: what a topic is told from."""
    return _GENERAL_POSTS.read_text(encoding="utf-8").splitlines()[::2]


#: Engine → text → embedding, the one used last at the end: saving or trying a topic embeds what is new and not the
#: examples of all the others.
_known: "WeakKeyDictionary[Any, OrderedDict[str, Vectors]]" = WeakKeyDictionary()
_looking: Final = Lock()


def _embed(texts: Sequence[str], engine: Engine) -> Vectors:
    with _looking:
        known = _known.setdefault(engine, OrderedDict())
        found = {text: known[text] for text in texts if text in known}
    missing = [text for text in dict.fromkeys(texts) if text not in found]
    for start in range(0, len(missing), _READ_AT_ONCE):
        batch = missing[start : start + _READ_AT_ONCE]
        for text, analysis in zip(batch, engine.analyze([PostInput(text) for text in batch]), strict=True):
            if analysis.embedding is None:
                raise CustomTopicsError("Topics by example need the encoder, which is not installed.")
            found[text] = analysis.embedding
    with _looking:
        for text, vector in found.items():
            known[text] = vector
            known.move_to_end(text)
        while len(known) > _MOST_KEPT:
            known.popitem(last=False)
    return np.stack([found[text] for text in texts])


def _unit(vectors: Vectors) -> Vectors:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _TINY)


def _separate(rows: Vectors, counts: Sequence[int]) -> _Boundaries:
    """For each topic a ridge regression of +1 (its own rows) and −1 (all others), both sides weighing the same.

    Rows come topic by topic, `counts` of each, and then the general posts. Topics differ only in which rows weigh
    more, so the matrix of all rows is taken apart once, and each topic changes that solution by its own rows.
    """
    wide = np.hstack([rows, np.ones((len(rows), 1))]).astype(np.float64)  # the last column is for the bias
    values, axes = np.linalg.eigh(wide.T @ wide)
    turned = wide @ axes
    ends = np.cumsum(counts)
    solved = [_solve(turned, values, slice(end - count, end)) for end, count in zip(ends, counts, strict=True)]
    solutions, lines, scales = (np.array(part) for part in zip(*solved, strict=True))
    weights = (solutions @ axes.T).astype(np.float32)
    return _Boundaries(weights[:, :-1].T, weights[:, -1], lines.astype(np.float32), scales.astype(np.float32))


def _solve(turned: Exact, values: Exact, own: slice) -> tuple[Exact, float, float]:
    """Weights, line and scale of the topic whose rows are `own`; all along the axes on which the rows are uncorrelated.

    Its own rows weigh more than in the common matrix: Woodbury's identity, with as many unknowns as it has rows.
    A row's score without itself is target − residual ÷ (1 − leverage) (Allen, Technometrics 1974), so leaving each
    one out costs no other solution.
    """
    is_own = np.zeros(len(turned), dtype=bool)
    is_own[own] = True
    inside = turned[own]
    mine, theirs = (0.5 * len(turned) / count for count in (len(inside), len(turned) - len(inside)))
    targets, weights, more = np.where(is_own, 1.0, -1.0), np.where(is_own, mine, theirs), mine - theirs
    damping = 1 / (theirs * values + _PENALTY)
    inner: Exact = np.asarray(
        more * np.linalg.inv(np.eye(len(inside)) + more * (inside * damping) @ inside.T), np.float64
    )
    common = damping * ((weights * targets) @ turned)
    solution = common - damping * (inner @ (inside @ common) @ inside)
    leverage = weights * _spread(turned, damping, inside, inner)
    alone = targets - (targets - turned @ solution) / (1 - leverage)
    line = max(np.percentile(alone[is_own], _LOWER_END), np.percentile(alone[~is_own], _MOST_OTHERS))
    span = np.median(alone[is_own]) - alone[~is_own].mean()
    return solution, float(line), float(_STEEPNESS / max(span, _TINY))


def _spread(turned: Exact, damping: Exact, inside: Exact, inner: Exact) -> Exact:
    """Of each row x: x · inverse of the topic's matrix · x. In blocks, which keeps the memory small."""
    spread = np.empty(len(turned))
    for start in range(0, len(turned), _ROWS_AT_ONCE):
        block = turned[start : start + _ROWS_AT_ONCE]
        damped = block * damping
        across = damped @ inside.T
        part = np.einsum("ij,ij->i", damped, block) - np.einsum("ij,ij->i", across @ inner, across)
        spread[start : start + _ROWS_AT_ONCE] = part
    return spread
