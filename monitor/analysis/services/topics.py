"""Topics that a brand adds by example posts. Every change is tried by the model before it is kept."""

from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction

from monitor.analysis.models import BrandTopic
from monitor.analysis.services.inference import default_engine
from monitor.analysis.services.renewal import ask_renewal
from monitor.audit import services as audit
from monitor.brands.models import Brand, User
from monitor.brands.rights import can
from monitor.nlp.labels import TOPICS
from monitor.text.clean import clean

MOST_TOPICS: Final = 30
MOST_EXAMPLES: Final = 200
LONGEST_EXAMPLE: Final = 2000  # characters


class BrandTopicError(ValueError):
    """The topic cannot be kept; the message says why."""


def save_topic(*, user: User, brand: Brand, name: str, examples: Sequence[str], engine: Any = None) -> BrandTopic:
    """Makes or replaces a topic, and has the brand's stored posts read again. Raises BrandTopicError."""
    if not can(user, brand, "steer"):
        raise PermissionDenied("steer")
    name, texts = _valid_name(name), _valid_examples(examples)
    others = BrandTopic.objects.filter(brand=brand).exclude(name=name)
    if others.count() >= MOST_TOPICS:
        raise BrandTopicError(f"A brand has at most {MOST_TOPICS} topics of its own: remove one first.")
    _try_out([*others.values_list("name", "examples"), (name, texts)], default_engine(engine))
    with transaction.atomic():
        topic, is_new = BrandTopic.objects.update_or_create(brand=brand, name=name, defaults={"examples": texts})
        _record(user, brand, "topic.added" if is_new else "topic.changed", name, len(texts))
        ask_renewal(brand_id=brand.pk, engine=engine)
    return topic


def remove_topic(*, user: User, brand: Brand, name: str, engine: Any = None) -> None:
    """Its posts are read again without it. A topic that is not there is no error."""
    if not can(user, brand, "steer"):
        raise PermissionDenied("steer")
    with transaction.atomic():
        gone, _ = BrandTopic.objects.filter(brand=brand, name=name).delete()
        if gone:
            _record(user, brand, "topic.removed", name, 0)
            ask_renewal(brand_id=brand.pk, engine=engine)


def _valid_name(name: str) -> str:
    words = "_".join(clean(name).lower().split())
    if not words or len(words) > 48 or not words.replace("_", "").isalnum():
        raise BrandTopicError("A topic's name has 1 to 48 letters, digits and spaces.")
    if words in TOPICS:
        raise BrandTopicError(f"{words} is a topic that every brand has already.")
    return words


def _valid_examples(examples: Sequence[str]) -> list[str]:
    texts = list(dict.fromkeys(clean(text).strip()[:LONGEST_EXAMPLE] for text in examples if text.strip()))
    if len(texts) > MOST_EXAMPLES:
        raise BrandTopicError(f"{len(texts)} examples are too many: {MOST_EXAMPLES} are read at most.")
    return texts


def _try_out(topics: Sequence[tuple[str, Sequence[str]]], engine: Any) -> None:
    from monitor.nlp.custom_topics import CustomTopics, CustomTopicsError

    try:
        CustomTopics([(name, text) for name, texts in topics for text in texts], engine)
    except CustomTopicsError as error:
        raise BrandTopicError(str(error)) from error


def _record(user: User, brand: Brand, act: str, name: str, examples: int) -> None:
    audit.record(
        actor=user, act=act, brand_id=brand.pk, subject_kind="topic", subject_id=name, params={"examples": examples}
    )
