"""How the posts of each brand are read: what its corrections have taught, and the topics that it added by example."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from monitor.analysis.models import BrandTopic, LearnedHeads
from monitor.logs import get_logger
from monitor.nlp.labels import TOPIC_SET_VERSION

if TYPE_CHECKING:
    from monitor.analysis.services.inference import Engine
    from monitor.nlp.custom_topics import CustomTopics
    from monitor.nlp.learning import LearnedWeights

log = get_logger(__name__)


class EngineFailedError(Exception):
    """The engine cannot even read the probe, or a brand's own examples: nothing is wrong with the posts."""


@dataclass(frozen=True, slots=True)
class Lens:
    """What is laid over the shipped model, and the names under which its answers are stored."""

    model_version: str
    topic_set_version: str = TOPIC_SET_VERSION
    learned: "LearnedWeights | None" = None
    topics: "CustomTopics | None" = None


def lenses_of(brand_ids: Iterable[int], engine: "Engine") -> dict[int, Lens]:
    """Brand → its lens, in two queries; weights and examples are read only when they have changed.

    Raises EngineFailedError.
    """
    ids = set(brand_ids)
    heads = dict(
        LearnedHeads.objects.filter(brand_id__in=ids, is_active=True, base_version=engine.version).values_list(
            "brand_id", "number"
        )
    )
    stamps: dict[int, list[str]] = {}
    for brand_id, name, changed_at in BrandTopic.objects.filter(brand_id__in=ids).values_list(
        "brand_id", "name", "changed_at"
    ):
        stamps.setdefault(brand_id, []).append(f"{name} {changed_at.isoformat()}")
    return {
        brand_id: _lens(engine, brand_id, heads.get(brand_id, 0), _topic_set(stamps.get(brand_id, [])))
        for brand_id in ids
    }


def lens_of(brand_id: int, engine: "Engine") -> Lens:
    return lenses_of([brand_id], engine)[brand_id]


def _topic_set(stamps: list[str]) -> str:
    if not stamps:
        return TOPIC_SET_VERSION
    return f"{TOPIC_SET_VERSION}+{hashlib.sha256(chr(10).join(sorted(stamps)).encode()).hexdigest()[:8]}"


def _lens(engine: "Engine", brand_id: int, number: int, topic_set: str) -> Lens:
    return Lens(
        model_version=f"{engine.version}+{number}" if number else engine.version,
        topic_set_version=topic_set,
        learned=_learned(brand_id, number, engine.version) if number else None,
        topics=_topics(engine, brand_id, topic_set) if topic_set != TOPIC_SET_VERSION else None,
    )


@lru_cache(maxsize=64)
def _learned(brand_id: int, number: int, base_version: str) -> "LearnedWeights":
    from monitor.nlp.learning import LearnedWeights

    row = LearnedHeads.objects.get(brand_id=brand_id, number=number, base_version=base_version)
    return LearnedWeights.from_bytes(bytes(row.weights))


@lru_cache(maxsize=64)
def _topics(engine: Any, brand_id: int, _topic_set: str) -> "CustomTopics | None":
    from monitor.nlp.custom_topics import CustomTopics, CustomTopicsError

    rows = BrandTopic.objects.filter(brand_id=brand_id).values_list("name", "examples")
    pairs = [(name, text) for name, examples in rows for text in examples]
    try:
        return CustomTopics(pairs, engine)
    except CustomTopicsError:
        # Saved ones have been tried; where a model cannot use them, posts keep their built-in topics.
        log.warning("topics_not_usable", extra={"brand_id": brand_id})
        return None
    except Exception as error:
        raise EngineFailedError(type(error).__name__) from error
