"""Which topics can be chosen on a page: those that every brand has, and those that the brand added by example."""

from monitor.analysis.selectors import Reading, own_topics
from monitor.brands.models import Brand
from monitor.console.labels import CORRECTIONS, TOPICS
from monitor.trends.contribution import UNKNOWN
from monitor.trends.selectors import values_of


def topics_of(brand: Brand) -> list[str]:
    return [*TOPICS, *own_topics(brand.pk)]


def topics_met(brand: Brand) -> list[str]:
    """For a filter: also the topics that posts still have although the brand removed them."""
    today = topics_of(brand)
    earlier = {*values_of("topic", brand=brand)} - {*today, UNKNOWN, ""}
    return [*today, *sorted(earlier)]


def corrections_of(brand: Brand, reading: Reading | None = None) -> dict[str, list[str]]:
    """Field of a reading → what a person may say instead. A topic that is gone stays where the reading has it."""
    topics = topics_of(brand)
    if reading is not None and reading.topic not in topics:
        topics.append(reading.topic)
    return {"topic": topics, **CORRECTIONS}
