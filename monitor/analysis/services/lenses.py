"""How the posts of each brand are read: what its corrections have taught, and the topics that it added by example."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import connection

from monitor.analysis.models import BrandTopic, LearnedHeads
from monitor.logs import get_logger
from monitor.nlp.labels import TOPIC_SET_VERSION
from monitor.nlp.topic_examples import FEWEST_EXAMPLES, CustomTopicsError

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


@dataclass(frozen=True, slots=True)
class LensName:
    """What tells one lens from another, found without loading any model. `number` is of the learned heads in use."""

    model_version: str
    topic_set_version: str
    number: int = 0


def lens_names(brand_ids: Iterable[int], engine: "Engine") -> dict[int, LensName]:
    """Brand → the name of its lens, in two queries."""
    ids = set(brand_ids)
    active = LearnedHeads.objects.filter(brand_id__in=ids, is_active=True, base_version=engine.version)
    numbers = dict(active.values_list("brand_id", "number"))
    stamps: dict[int, list[str]] = {}
    topics = BrandTopic.objects.filter(brand_id__in=ids).values_list("brand_id", "name", "changed_at")
    for brand_id, name, changed_at in topics:
        stamps.setdefault(brand_id, []).append(f"{name} {changed_at.isoformat()}")
    return {brand_id: _name(engine, numbers.get(brand_id, 0), stamps.get(brand_id, [])) for brand_id in ids}


def _name(engine: "Engine", number: int, stamps: list[str]) -> LensName:
    return LensName(f"{engine.version}+{number}" if number else engine.version, _topic_set(stamps), number)


def lenses_of(brand_ids: Iterable[int], engine: "Engine") -> dict[int, Lens]:
    """Brand → its lens, in two queries; weights and examples are read only when they have changed.

    Raises EngineFailedError.
    """
    return {brand_id: _lens(engine, brand_id, name) for brand_id, name in lens_names(brand_ids, engine).items()}


def lens_of(brand_id: int, engine: "Engine") -> Lens:
    return lenses_of([brand_id], engine)[brand_id]


def learned_in_use(brand_id: int, engine: "Engine") -> "tuple[int, LearnedWeights | None]":
    """The version that reads the brand's posts, and its weights; (0, None) where the shipped heads do."""
    number = lens_names([brand_id], engine)[brand_id].number
    return number, _learned(brand_id, number, engine.version) if number else None


def hold_lenses(lenses: Mapping[int, Lens], engine: "Engine") -> frozenset[int]:
    """The brands whose lens is still the one given; none of these changes before the caller's transaction ends.

    Whoever changes what a brand has learned or its topics waits for us in `ask_renewal`, and we for them.
    """
    with connection.cursor() as cursor:
        for brand_id in sorted(lenses):
            cursor.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [lock_key(brand_id)])
    names = lens_names(lenses, engine)
    return frozenset(
        brand_id
        for brand_id, lens in lenses.items()
        if (lens.model_version, lens.topic_set_version)
        == (names[brand_id].model_version, names[brand_id].topic_set_version)
    )


def lock_key(brand_id: int) -> str:
    return f"renewal:{brand_id}"


def _topic_set(stamps: list[str]) -> str:
    if not stamps:
        return TOPIC_SET_VERSION
    return f"{TOPIC_SET_VERSION}+{hashlib.sha256(chr(10).join(sorted(stamps)).encode()).hexdigest()[:8]}"


def _lens(engine: "Engine", brand_id: int, name: LensName) -> Lens:
    topic_set = name.topic_set_version
    return Lens(
        model_version=name.model_version,
        topic_set_version=topic_set,
        learned=_learned(brand_id, name.number, engine.version) if name.number else None,
        topics=_topics(engine, brand_id, topic_set) if topic_set != TOPIC_SET_VERSION else None,
    )


@lru_cache(maxsize=64)
def _learned(brand_id: int, number: int, base_version: str) -> "LearnedWeights":
    from monitor.nlp.learning import LearnedWeights

    row = LearnedHeads.objects.get(brand_id=brand_id, number=number, base_version=base_version)
    return LearnedWeights.from_bytes(bytes(row.weights))


@lru_cache(maxsize=64)
def _topics(engine: Any, brand_id: int, _topic_set: str) -> "CustomTopics | None":
    from monitor.nlp.custom_topics import CustomTopics

    rows = BrandTopic.objects.filter(brand_id=brand_id).values_list("name", "examples")
    # A topic that has lost examples with their posts, and has too few left, finds nothing; the others go on.
    pairs = [(name, text) for name, examples in rows if len(examples) >= FEWEST_EXAMPLES for text in examples]
    if not pairs:
        return None
    try:
        return CustomTopics(pairs, engine)
    except CustomTopicsError:
        # Saved ones have been tried; where a model cannot use them, posts keep their built-in topics.
        log.warning("topics_not_usable", extra={"brand_id": brand_id})
        return None
    except Exception as error:
        raise EngineFailedError(type(error).__name__) from error
