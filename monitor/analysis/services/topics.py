"""Topics that a brand adds by example posts. Every change is tried by the model before it is kept; a text can be tried
on topics that are not kept yet."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from monitor.analysis.models import BrandTopic
from monitor.analysis.services.examples import find_sources, store_sources
from monitor.analysis.services.inference import default_engine
from monitor.analysis.services.lenses import lens_of
from monitor.analysis.services.renewal import ask_renewal
from monitor.analysis.services.teaching import may_teach
from monitor.audit import services as audit
from monitor.brands.models import Brand, User
from monitor.brands.rights import can
from monitor.inbox.models import Post
from monitor.nlp.topic_examples import (
    FEWEST_EXAMPLES,
    LONGEST_EXAMPLE,
    MOST_TOPICS,
    CustomTopicsError,
    example_texts,
    topic_code,
)
from monitor.platforms.registry import platform_name
from monitor.text.clean import clean

if TYPE_CHECKING:
    from monitor.nlp.custom_topics import CustomTopics


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
    """Makes or replaces a topic, and has the brand's stored posts read again where it is another one than before.
    Raises BrandTopicError."""
    if not can(user, brand, "steer"):
        raise PermissionDenied("steer")
    with _in_readers_language():
        name, texts = topic_code(name), example_texts(examples)
    kept = BrandTopic.objects.filter(brand=brand, name=name).first()
    if kept is not None and not may_replace:
        raise BrandTopicError(_("“%(name)s” is a topic of this brand already: edit that one.") % {"name": name})
    if kept is not None and _words(kept.examples) == _words(texts):
        return kept
    others = BrandTopic.objects.filter(brand=brand).exclude(name=name)
    if others.count() >= MOST_TOPICS:
        said = _("A brand has at most %(most)d topics of its own: remove one first.")
        raise BrandTopicError(said % {"most": MOST_TOPICS})
    _made([*_usable(others).items(), (name, texts)], default_engine(engine))
    sources = find_sources(brand=brand, texts=texts)
    _refuse_forbidden(brand, sources)
    with transaction.atomic():
        topic, is_new = BrandTopic.objects.update_or_create(brand=brand, name=name, defaults={"examples": texts})
        store_sources(topic=topic, sources=sources)
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
    topics = _usable(BrandTopic.objects.filter(brand=brand))
    if name.strip() or any(example.strip() for example in examples):
        with _in_readers_language():
            topics[topic_code(name)] = example_texts(examples)
    chosen = default_engine(engine)
    (read,) = chosen.analyze([PostInput(words)], learned=lens_of(brand.pk, chosen).learned)
    if not topics:
        return TriedText(read.topic, [])
    read = _made([*topics.items()], chosen).refine(read)
    near = sorted(((own, read.topic_scores[own]) for own in topics), key=lambda pair: -pair[1])
    return TriedText(read.topic, near)


def _words(examples: Sequence[str]) -> list[list[str]]:
    """What the model reads of them. The form of a page shows each in one line, so that the blanks may differ."""
    return [text.split() for text in examples]


def _usable(topics: QuerySet[BrandTopic]) -> dict[str, Sequence[str]]:
    """Name → examples, without those that have lost too many with the posts that they came from."""
    pairs = topics.values_list("name", "examples")
    return {name: examples for name, examples in pairs if len(examples) >= FEWEST_EXAMPLES}


@contextmanager
def _in_readers_language() -> Iterator[None]:
    try:
        yield
    except CustomTopicsError as error:
        raise BrandTopicError(_(error.sentence) % error.params) from error


def _refuse_forbidden(brand: Brand, sources: dict[str, list[int]]) -> None:
    """An example that only posts say which may not teach."""
    ids = [pk for posts in sources.values() for pk in posts]
    allowed = set(Post.objects.filter(may_teach(brand), pk__in=ids).values_list("pk", flat=True))
    for text, posts in sources.items():
        if not allowed.isdisjoint(posts):
            continue
        platform = Post.objects.values_list("platform", flat=True).get(pk=posts[0])
        said = _(
            "“%(text)s” is a post from %(platform)s, and its terms do not allow a model to learn from it: say the same "
            "in words of your own."
        )
        raise BrandTopicError(said % {"text": text[:80], "platform": platform_name(platform)})


def _made(topics: Sequence[tuple[str, Sequence[str]]], engine: Any) -> "CustomTopics":
    from monitor.nlp.custom_topics import CustomTopics

    try:
        return CustomTopics([(name, text) for name, texts in topics for text in texts], engine)
    except CustomTopicsError as error:
        raise BrandTopicError(_("The model cannot use these examples: %(why)s") % {"why": error}) from error


def _record(user: User, brand: Brand, act: str, name: str, examples: int) -> None:
    audit.record(
        actor=user, act=act, brand_id=brand.pk, subject_kind="topic", subject_id=name, params={"examples": examples}
    )
