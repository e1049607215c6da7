"""Where the examples of a brand's topics come from: those that are words of a stored post go with the post."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from monitor.analysis.models import BrandTopic, ExampleSource
from monitor.brands.models import Brand
from monitor.inbox.copies import posts_copied_in


def find_sources(*, brand: Brand, texts: Sequence[str]) -> dict[str, list[int]]:
    """Example → the brand's stored posts of others with these words, or with a line of these."""
    return posts_copied_in(brand_id=brand.pk, texts=texts)


def store_sources(*, topic: BrandTopic, sources: dict[str, list[int]]) -> None:
    """In the transaction that keeps the topic. Posts that went meanwhile take their example along in the next sweep,
    which looks back days."""
    ExampleSource.objects.filter(topic=topic).delete()
    ExampleSource.objects.bulk_create(
        ExampleSource(topic=topic, post_id=pk, digest=_digest(text)) for text, posts in sources.items() for pk in posts
    )


def forget_examples(post_ids: "Sequence[int] | QuerySet[Any, Any]") -> int:
    """Examples that are words of these posts go, whoever else said the same; returns how many went.

    A topic with too few left rests until somebody adds some; stored posts are read again without them.
    """
    gone = ExampleSource.objects.filter(post_id__in=post_ids)
    topic_ids = sorted(set(gone.values_list("topic_id", flat=True)))
    count = 0
    for topic_id in topic_ids:
        with transaction.atomic():
            topic = BrandTopic.objects.select_for_update(no_key=True).filter(pk=topic_id).first()
            if topic is None:
                continue
            rows = ExampleSource.objects.filter(topic=topic, post_id__in=post_ids)
            digests = {bytes(digest) for digest in rows.values_list("digest", flat=True)}
            left = [text for text in topic.examples if _digest(text) not in digests]
            if len(left) < len(topic.examples):
                count += len(topic.examples) - len(left)
                topic.examples = left
                topic.save(update_fields=["examples", "changed_at"])
            rows.delete()
    return count


def _digest(text: str) -> bytes:
    return hashlib.sha256(f"example\0{settings.ERASURE_SALT}\0{text}".encode("utf-8", "surrogatepass")).digest()
