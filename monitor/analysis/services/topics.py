"""Topics that a brand adds by example posts. Every change is tried by the model before it is kept; a text can be tried
on topics that are not kept yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from monitor.analysis.models import BrandTopic
from monitor.analysis.services.inference import default_engine
from monitor.analysis.services.lenses import lens_of
from monitor.analysis.services.renewal import ask_renewal
from monitor.audit import services as audit
from monitor.brands.models import Brand, User
from monitor.brands.rights import can
from monitor.nlp.labels import TOPICS
from monitor.text.clean import clean

if TYPE_CHECKING:
    from monitor.nlp.custom_topics import CustomTopics

FEWEST_EXAMPLES: Final = 3
MOST_TOPICS: Final = 30
MOST_EXAMPLES: Final = 200
LONGEST_EXAMPLE: Final = 2000  # characters


class BrandTopicError(ValueError):
    """The topic cannot be kept; the message says why, in the reader's language."""


@dataclass(frozen=True, slots=True)
class TriedText:
    """The topic that a text would get, and how near it is to each of the brand's own, the nearest first.

    From a nearness of 0.5 on (0 to 1) the nearest topic is taken.
    """

    topic: str
    nearness: list[tuple[str, float]]


def save_topic(
    *, user: User, brand: Brand, name: str, examples: Sequence[str], may_replace: bool = True, engine: Any = None
) -> BrandTopic:
    """Makes or replaces a topic, and has the brand's stored posts read again. Raises BrandTopicError."""
    if not can(user, brand, "steer"):
        raise PermissionDenied("steer")
    name, texts = _valid_name(name), _valid_examples(examples)
    if not may_replace and BrandTopic.objects.filter(brand=brand, name=name).exists():
        raise BrandTopicError(_("“%(name)s” is a topic of this brand already: edit that one.") % {"name": name})
    others = BrandTopic.objects.filter(brand=brand).exclude(name=name)
    if others.count() >= MOST_TOPICS:
        said = _("A brand has at most %(most)d topics of its own: remove one first.")
        raise BrandTopicError(said % {"most": MOST_TOPICS})
    _made([*others.values_list("name", "examples"), (name, texts)], default_engine(engine))
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


def try_topic(
    *, user: User, brand: Brand, name: str, examples: Sequence[str], text: str, engine: Any = None
) -> TriedText:
    """Which topic the text would get with this topic beside the brand's others; nothing is kept.

    Without a name and examples: with the topics of today. Raises BrandTopicError.
    """
    from monitor.nlp.engine import PostInput

    if not can(user, brand, "steer"):
        raise PermissionDenied("steer")
    words = clean(text).strip()[:LONGEST_EXAMPLE]
    if not words:
        raise BrandTopicError(_("Paste a text to try."))
    topics = dict(BrandTopic.objects.filter(brand=brand).values_list("name", "examples"))
    if name.strip() or any(example.strip() for example in examples):
        topics[_valid_name(name)] = _valid_examples(examples)
    chosen = default_engine(engine)
    (read,) = chosen.analyze([PostInput(words)], learned=lens_of(brand.pk, chosen).learned)
    if not topics:
        return TriedText(read.topic, [])
    read = _made([*topics.items()], chosen).refine(read)
    near = sorted(((own, read.topic_scores[own]) for own in topics), key=lambda pair: -pair[1])
    return TriedText(read.topic, near)


def _valid_name(name: str) -> str:
    words = "_".join(clean(name).lower().split())
    if not words or len(words) > 48 or not words.replace("_", "").isalnum():
        raise BrandTopicError(_("A topic's name has 1 to 48 letters, digits and spaces."))
    if words in TOPICS:
        raise BrandTopicError(_("“%(name)s” is a topic that every brand has already.") % {"name": words})
    return words


def _valid_examples(examples: Sequence[str]) -> list[str]:
    texts = list(dict.fromkeys(clean(text).strip()[:LONGEST_EXAMPLE] for text in examples if text.strip()))
    if len(texts) < FEWEST_EXAMPLES:
        said = _("%(count)d examples are too few: it takes %(least)d different ones, and ten make a good topic.")
        raise BrandTopicError(said % {"count": len(texts), "least": FEWEST_EXAMPLES})
    if len(texts) > MOST_EXAMPLES:
        said = _("%(count)d examples are too many: %(most)d are read at most.")
        raise BrandTopicError(said % {"count": len(texts), "most": MOST_EXAMPLES})
    return texts


def _made(topics: Sequence[tuple[str, Sequence[str]]], engine: Any) -> "CustomTopics":
    from monitor.nlp.custom_topics import CustomTopics, CustomTopicsError

    try:
        return CustomTopics([(name, text) for name, texts in topics for text in texts], engine)
    except CustomTopicsError as error:
        raise BrandTopicError(_("The model cannot use these examples: %(why)s") % {"why": error}) from error


def _record(user: User, brand: Brand, act: str, name: str, examples: int) -> None:
    audit.record(
        actor=user, act=act, brand_id=brand.pk, subject_kind="topic", subject_id=name, params={"examples": examples}
    )
