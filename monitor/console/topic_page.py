"""What the page of topics shows: the brand's own topics with what they find, and what its model has learned."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from monitor.analysis.models import BrandTopic, LearnedHeads
from monitor.analysis.services import versions_of
from monitor.brands.models import Brand
from monitor.platforms.registry import platform_name
from monitor.trends.selectors import series

DAYS: Final = 30
MOST_VERSIONS: Final = 12


@dataclass(frozen=True, slots=True)
class TopicForm:
    """What was typed: kept as it is until it can be saved. `topic` is the one that is edited."""

    topic: BrandTopic | None = None
    name: str = ""
    examples: str = ""
    text: str = ""  # to try

    @classmethod
    def read(cls, typed: Mapping[str, str], topic: BrandTopic | None = None) -> "TopicForm":
        name = topic.name if topic is not None else typed.get("name", "")
        return cls(topic, name, typed.get("examples", ""), typed.get("text", ""))

    @classmethod
    def of(cls, topic: BrandTopic) -> "TopicForm":
        return cls(topic, topic.name, "\n".join(" ".join(text.split()) for text in topic.examples))

    @property
    def lines(self) -> list[str]:
        """Parted where a file is, too: not at signs such as U+2028, which a pasted post may hold."""
        return [line for line in re.split("\r\n|\r|\n", self.examples) if line.strip()]


@dataclass(frozen=True, slots=True)
class OwnTopic:
    pk: int
    name: str
    examples: int
    posts: int  # read so in the last days, corrections counted


@dataclass(frozen=True, slots=True)
class Taught:
    """One head of a version: verdicts kept aside that it agrees with, before and after, and whose posts it reads."""

    head: str
    aside: int
    before: int
    after: int
    platforms: str


@dataclass(frozen=True, slots=True)
class Version:
    number: int
    learned_at: datetime
    taught: list[Taught]
    is_active: bool
    is_resting: bool  # chosen, and learned on other weights than those installed
    can_be_used: bool  # it was learned on the weights that are installed


def own_topics_of(brand: Brand) -> list[OwnTopic]:
    """Counted from the buckets of the trends, so it costs the same however many posts there are."""
    topics = list(BrandTopic.objects.filter(brand=brand).order_by("name"))
    if not topics:
        return []
    until = timezone.now()
    found = series(brand=brand, measure="posts", by="topic", since=until - timedelta(days=DAYS), until=until)
    posts = {line.value: line.total for line in found.lines}
    return [OwnTopic(one.pk, one.name, len(one.examples), posts.get(one.name, 0)) for one in topics]


def versions_shown(brand: Brand, installed: str) -> list[Version]:
    """The newest first, and the one in use however old it is. `installed` names the weights of today."""
    versions = [_version(one, installed) for one in versions_of(brand=brand)]
    return [one for place, one in enumerate(versions) if place < MOST_VERSIONS or one.is_active or one.is_resting]


def _version(heads: LearnedHeads, installed: str) -> Version:
    told: Mapping[str, Mapping[str, Any]] = heads.report
    taught = [
        Taught(
            head,
            one["held_out_verdicts"],
            one["right_before"],
            one["right_after"],
            ", ".join(map(platform_name, one.get("platforms", []))),
        )
        for head, one in told.items()
        if one["is_promoted"]
    ]
    can_be_used = heads.base_version == installed
    is_active, is_resting = heads.is_active and can_be_used, heads.is_active and not can_be_used
    return Version(heads.number, heads.learned_at, taught, is_active, is_resting, can_be_used)
