"""Measures topics by example: how well ten posts find the others of their topic, and how long making the class takes.

The baseline is the nearest centroid of TF-IDF vectors, with the same ten posts, the same rule for where a topic begins,
in the same run. Topics that the encoder was trained on are easier for it than new ones: see docs/topics.md.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.custom_topics import CustomTopics, general_posts
from monitor.nlp.engine import Engine, PostInput, load_engine
from monitor.nlp.labelled import cut_cells
from monitor.text.search import search_tokens

EXAMPLES: Final = 10
FEWEST_JUDGED: Final = 10
DRAWS: Final = 3
_LOWER_END: Final = 40
_RESAMPLES: Final = 400
_SEED: Final = 7
_BATCH: Final = 128

Hits = NDArray[np.bool_]


class FewShotError(ValueError):
    """The files cannot be measured with; the message says why."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What ten examples of a topic found among the judged posts."""

    topic: str
    product: Hits
    baseline: Hits
    seconds: float


def bench_few_shot(examples: Path, judged: Path, label: str = "topic", engine: Engine | None = None) -> dict[str, Any]:
    """Draws ten examples a topic from one labelled TSV, three times, and judges them on the rows of another.

    Raises FewShotError.
    """
    chosen = engine or load_engine()
    pool, rows = _read(examples, label), _read(judged, label)
    topics = _topics(pool, rows)
    texts, truth = [text for text, _ in rows], np.array([topic for _, topic in rows])
    embeddings = np.vstack([_embed(texts[at : at + _BATCH], chosen) for at in range(0, len(texts), _BATCH)])
    # The sample of general posts is embedded once in a process, whatever the number of topics.
    started = time.perf_counter()
    CustomTopics([("first", text) for text in texts[:EXAMPLES]], chosen)
    first = time.perf_counter() - started
    draws = list(_draws(topics, pool, texts, embeddings, chosen))
    return {
        "bench": "few-shot",
        "model": chosen.version,
        "examples": EXAMPLES,
        "draws": DRAWS,
        "judged": len(rows),
        "topics": {topic: _told(topic, draws, truth) for topic in topics},
        "mean_f1": _with_interval([(draw.topic, draw.product) for draw in draws], truth),
        "baseline": "nearest centroid of TF-IDF vectors",
        "baseline_mean_f1": _with_interval([(draw.topic, draw.baseline) for draw in draws], truth),
        "seconds_to_make_a_class": {
            "first_in_a_process": round(first, 3),
            "median": round(float(np.median([draw.seconds for draw in draws])), 3),
            "slowest": round(max(draw.seconds for draw in draws), 3),
        },
    }


def _read(path: Path, label: str) -> list[tuple[str, str]]:
    try:
        lines = [line.rstrip("\r") for line in path.read_text(encoding="utf-8-sig").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise FewShotError(f"{path} cannot be read: {error}") from error
    header = lines[0].split("\t") if lines else []
    if len(lines) < 2 or not {"text", label} <= set(header):
        raise FewShotError(f"{path} needs a header and the columns text and {label}, parted by tabs.")
    text, name = header.index("text"), header.index(label)
    rows = [cells for line in lines[1:] if len(cells := cut_cells(line, len(header))) == len(header)]
    return [(cells[text], cells[name]) for cells in rows if cells[text] and cells[name]]


def _topics(pool: Sequence[tuple[str, str]], rows: Sequence[tuple[str, str]]) -> list[str]:
    """Those with examples and judged rows enough; "other" is no topic but the rest."""
    there = Counter(topic for _, topic in dict(pool).items())
    judged = Counter(topic for _, topic in rows)
    enough = [name for name, count in judged.items() if count >= FEWEST_JUDGED and there[name] >= EXAMPLES]
    if not (topics := sorted(set(enough) - {"other"})):
        raise FewShotError(f"No label has {EXAMPLES} examples and {FEWEST_JUDGED} judged rows.")
    return topics


def _draws(
    topics: Sequence[str], pool: Sequence[tuple[str, str]], texts: Sequence[str], embeddings: NDArray, engine: Engine
) -> Iterator[Draw]:
    chance = np.random.default_rng(_SEED)
    for topic in topics:
        own = [text for text, name in dict(pool).items() if name == topic]
        for _ in range(DRAWS):
            ten = [own[place] for place in chance.choice(len(own), EXAMPLES, replace=False)]
            started = time.perf_counter()
            made = CustomTopics([("it", text) for text in ten], engine)
            seconds = time.perf_counter() - started
            yield Draw(topic, made.nearness(embeddings)[:, 0] >= 0.5, near_by_words(ten, texts), seconds)


def near_by_words(examples: Sequence[str], texts: Sequence[str]) -> Hits:
    """The baseline: which texts are as near to the centroid of the examples as most of these are to each other's."""
    tokens, general = [search_tokens(text) for text in examples], [search_tokens(text) for text in general_posts()]
    documents = Counter(word for words in [*tokens, *general] for word in set(words))
    places = {word: place for place, word in enumerate(documents)}
    total = len(tokens) + len(general)
    rarity = np.log((1 + total) / (1 + np.array([*documents.values()]))) + 1

    def vectors(parts: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        table = np.zeros((len(parts), len(places)))
        for row, words in enumerate(parts):
            for word in words:
                if word in places:
                    table[row, places[word]] += 1
        return _unit(table * rarity)

    own = vectors(tokens)
    alone = (own * _unit(own.sum(0) - own)).sum(1)
    near = vectors([search_tokens(text) for text in texts]) @ _unit(own.mean(0, keepdims=True))[0]
    return near >= np.percentile(alone, _LOWER_END)


def _told(topic: str, draws: Sequence[Draw], truth: NDArray) -> dict[str, Any]:
    mine = [draw for draw in draws if draw.topic == topic]
    is_it = truth == topic
    means = np.mean([_rates(draw.product, is_it) for draw in mine], axis=0)
    baseline = np.mean([_rates(draw.baseline, is_it) for draw in mine], axis=0)
    names = ("precision", "recall", "f1")
    return {
        "rows": int(is_it.sum()),
        **{name: round(float(value), 3) for name, value in zip(names, means, strict=True)},
        "baseline_f1": round(float(baseline[2]), 3),
    }


def _with_interval(found: Sequence[tuple[str, Hits]], truth: NDArray) -> dict[str, float]:
    """Mean F1 over topics and draws, and its 95 % bootstrap interval over the judged rows."""
    chance = np.random.default_rng(_SEED)
    hits, is_it = np.stack([row for _, row in found]), np.stack([truth == topic for topic, _ in found])
    means = []
    for _ in range(_RESAMPLES):
        rows = chance.integers(0, len(truth), len(truth))
        means.append(_f1(hits[:, rows], is_it[:, rows]).mean())
    low, high = np.percentile(means, (2.5, 97.5))
    return {"value": round(float(_f1(hits, is_it).mean()), 3), "low": round(low, 3), "high": round(high, 3)}


def _f1(hits: Hits, is_it: Hits) -> NDArray[np.float64]:
    return 2 * (hits & is_it).sum(1) / np.maximum(hits.sum(1) + is_it.sum(1), 1)


def _rates(hits: Hits, is_it: Hits) -> tuple[float, float, float]:
    right = int((hits & is_it).sum())
    return right / max(1, int(hits.sum())), right / int(is_it.sum()), float(_f1(hits[None], is_it[None])[0])


def _embed(texts: Sequence[str], engine: Engine) -> NDArray[np.float32]:
    vectors = [one.embedding for one in engine.analyze([PostInput(text) for text in texts])]
    return np.stack([vector for vector in vectors if vector is not None])


def _unit(vectors: NDArray) -> NDArray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
