"""Topics that a brand adds by example posts: a file of examples, told from all else by the encoder's embedding.

A topic is a weighted ridge regression of its examples against the other topics' examples and a small sample of general
posts: convex, solved at once, and each example's score without itself comes from the same solution (leave-one-out).
A post takes the nearest topic if it scores as well as most of the topic's own examples do without themselves; else it
keeps its built-in topic.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.engine import Engine, PostAnalysis, PostInput
from monitor.text.reason import Reason

_FEWEST: Final = 3
#: Tuned with `bench few-shot`: stronger comes close to the mere centre of the examples, weaker follows their accidents.
_PENALTY: Final = 30.0
_LOWER_END: Final = 40  # percentile of the examples' own scores, each without itself, that a post must reach
_MOST_OTHERS: Final = 97  # percentile of everything else that it must reach as well
_STEEPNESS: Final = 4.0
_GENERAL_POSTS: Final = Path(__file__).parent / "bench_posts.txt"
_MOST_KEPT: Final = 8000  # embeddings of examples: 12 MB
_TINY: Final = 1e-6

Vectors = NDArray[np.float32]


class CustomTopicsError(ValueError):
    """The examples cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class _Boundary:
    """Where one topic begins. A nearness of 0.5 is on the line."""

    weights: Vectors
    bias: float
    line: float
    scale: float

    def nearness(self, vectors: Vectors) -> Vectors:
        beyond = (vectors @ self.weights + self.bias - self.line) * self.scale
        return (1 / (1 + np.exp(-np.clip(beyond, -30, 30)))).astype(np.float32)


class CustomTopics:
    """Topics by name, each with its boundary."""

    def __init__(self, examples: Iterable[tuple[str, str]], engine: Engine) -> None:
        """`examples` are (topic, text) pairs, at least three a topic. Raises CustomTopicsError."""
        by_topic: dict[str, list[str]] = defaultdict(list)
        for topic, text in examples:
            by_topic[topic].append(text)
        thin = sorted(topic for topic, texts in by_topic.items() if len(texts) < _FEWEST)
        if thin or not by_topic:
            raise CustomTopicsError(
                f"Each topic needs at least {_FEWEST} example posts; too few for: {', '.join(thin) or 'all'}."
            )
        self.names = sorted(by_topic)
        texts = [text for name in self.names for text in by_topic[name]]
        general = _unit(_embed(general_posts(), engine))
        self._middle = general.mean(0)
        own = self._placed(_embed(texts, engine))
        owners = np.repeat(np.arange(len(self.names)), [len(by_topic[name]) for name in self.names])
        others = self._placed(general)
        self._boundaries = [
            _separate(own[owners == place], np.vstack([own[owners != place], others]))
            for place in range(len(self.names))
        ]

    def nearness(self, embeddings: Vectors) -> Vectors:
        """How near posts are to the topics, 0 to 1: a row a post, a column a name. From 0.5 on a topic may be taken."""
        placed = self._placed(embeddings)
        return np.stack([boundary.nearness(placed) for boundary in self._boundaries], axis=1)

    def _placed(self, embeddings: Vectors) -> Vectors:
        """Directions as seen from the middle of general posts."""
        return _unit(_unit(embeddings) - self._middle)

    @classmethod
    def load(cls, path: str, engine: Engine) -> "CustomTopics":
        """Reads TSV (`topic`, `text`) or JSONL with these two keys."""
        pairs: list[tuple[str, str]] = []
        try:
            lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CustomTopicsError(f"The topics file cannot be read: {error}") from error
        for number, line in enumerate(lines, start=1):
            if line.strip() and not (number == 1 and line.lower().split("\t")[:2] == ["topic", "text"]):
                pairs.append(_read_example(line, number))
        return cls(pairs, engine)

    def refine(self, analysis: PostAnalysis) -> PostAnalysis:
        """The same analysis, with the nearest custom topic where one is near enough."""
        if analysis.embedding is None:
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


def _read_example(line: str, number: int) -> tuple[str, str]:
    if line.lstrip().startswith("{"):
        try:
            stored = json.loads(line)
            return str(stored["topic"]), str(stored["text"])
        except (ValueError, KeyError) as error:
            raise CustomTopicsError(f"Line {number} of the topics file has no `topic` and `text`.") from error
    topic, tab, text = line.partition("\t")
    if not tab:
        raise CustomTopicsError(f"Line {number} of the topics file has no tab between topic and text.")
    return topic.strip(), text


@lru_cache(maxsize=1)
def general_posts() -> list[str]:
    """Posts about anything in many languages: what a topic is told from."""
    return _GENERAL_POSTS.read_text(encoding="utf-8").splitlines()[::2]


#: Engine → text → embedding: saving or trying a topic embeds what is new and not the examples of all the others.
_known: "WeakKeyDictionary[Any, dict[str, Vectors]]" = WeakKeyDictionary()


def _embed(texts: Sequence[str], engine: Engine) -> Vectors:
    known = _known.setdefault(engine, {})
    if len(known) > _MOST_KEPT:
        known.clear()
    found = {text: vector for text in texts if (vector := known.get(text)) is not None}
    missing = [text for text in dict.fromkeys(texts) if text not in found]
    read = engine.analyze([PostInput(text) for text in missing]) if missing else []
    for text, analysis in zip(missing, read, strict=True):
        if analysis.embedding is None:
            raise CustomTopicsError("Topics by example need the encoder, which is not installed.")
        known[text] = found[text] = analysis.embedding
    return np.stack([found[text] for text in texts])


def _unit(vectors: Vectors) -> Vectors:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _TINY)


def _separate(own: Vectors, others: Vectors) -> _Boundary:
    """Ridge regression of +1 (own) and −1 (others), both sides weighing the same, solved in its dual form.

    A row's score without itself is target − dual ÷ its diagonal of the inverse (Cawley and Talbot, Neural Networks
    2004, eq. 11), so leaving each one out costs nothing.
    """
    rows = np.vstack([own, others]).astype(np.float64)
    count = len(own)
    targets = np.r_[np.ones(count), -np.ones(len(others))]
    weights = np.r_[np.full(count, 0.5 / count), np.full(len(others), 0.5 / len(others))] * len(rows)
    inverse = np.linalg.inv(rows @ rows.T + 1 + np.diag(_PENALTY / weights))
    dual = inverse @ targets
    alone = targets - dual / inverse.diagonal()
    line = max(float(np.percentile(alone[:count], _LOWER_END)), float(np.percentile(alone[count:], _MOST_OTHERS)))
    span = float(np.median(alone[:count]) - alone[count:].mean())
    return _Boundary((rows.T @ dual).astype(np.float32), float(dual.sum()), line, _STEEPNESS / max(span, _TINY))
