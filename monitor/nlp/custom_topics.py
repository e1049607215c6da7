"""Topics that a brand adds by example posts: a file of examples, compared by the encoder's embedding.

A post takes a custom topic when it is nearer to its examples than the topic's own examples are, at the lower end,
to each other; else it keeps its built-in topic.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.engine import Engine, PostAnalysis, PostInput
from monitor.text.reason import Reason

_FEWEST = 3
_LOWER_END = 25  # percentile of the examples' own nearness that a post must reach
_FLOOR = 0.45


class CustomTopicsError(ValueError):
    """The examples cannot be used; the message says why."""


class CustomTopics:
    """Topics by name with the centre of their examples."""

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
        vectors = [_embed(by_topic[name], engine) for name in self.names]
        self._centres = np.stack([_unit(part.mean(0, keepdims=True))[0] for part in vectors])
        self._least = np.array([_own_nearness(part) for part in vectors])

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
        nearness = self._centres @ _unit(analysis.embedding[None])[0]
        best = int((nearness - self._least).argmax())
        scores = analysis.topic_scores | {
            name: round(float(near), 4) for name, near in zip(self.names, nearness, strict=True)
        }
        if nearness[best] < self._least[best]:
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


def _embed(texts: list[str], engine: Engine) -> NDArray[np.float32]:
    vectors = [analysis.embedding for analysis in engine.analyze([PostInput(text) for text in texts])]
    if any(vector is None for vector in vectors):
        raise CustomTopicsError("Topics by example need the encoder, which is not installed.")
    return _unit(np.stack([vector for vector in vectors if vector is not None]))


def _unit(vectors: NDArray) -> NDArray[np.float32]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _own_nearness(vectors: NDArray) -> float:
    """How near an example is to the centre of the others, at the lower end."""
    total = vectors.sum(0)
    others = _unit(total[None] - vectors)
    return max(_FLOOR, float(np.percentile((vectors * others).sum(1), _LOWER_END)))
