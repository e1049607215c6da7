"""What this room stores of people: vectors can be turned back into words, so they go with the text."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet

from monitor.analysis.models import Analysis, Embedding
from monitor.analysis.services.examples import forget_examples
from monitor.erasure import Person
from monitor.inbox.changes import posts_gone_since

LOOK_BACK: Final = timedelta(days=3)

COLUMNS: Final[dict[str, str]] = {
    "Analysis.model_version": "kept: name of a model",
    "Analysis.topic_set_version": "kept: name of a topic set",
    "Analysis.language": "kept: a label, counted in trends",
    "Analysis.intent": "kept: a label, counted in trends",
    "Analysis.sentiment": "kept: a label, counted in trends",
    "Analysis.sentiment_scores": "kept: numbers",
    "Analysis.topic": "kept: a label, counted in trends",
    "Analysis.topic_scores": "kept: numbers",
    "Analysis.audience": "kept: a label, counted in trends",
    "Analysis.entities": "erased",
    "Analysis.reasons": "erased",
    "Embedding.model_version": "kept: name of a model",
    "Embedding.vector": "erased",
    "Correction.field": "kept: name of a label",
    "Correction.was": "kept: a label",
    "Correction.value": "kept: a label",
    "LearnedHeads.base_version": "kept: name of a model",
    "LearnedHeads.weights": "kept: numbers",
    "LearnedHeads.report": "kept: numbers",
    "BrandTopic.name": "kept: a topic of the brand",
    "BrandTopic.examples": "kept: texts that the brand wrote to describe a topic; those that are words of a stored "
    "post go with the post, and its page warns of names",
    "ExampleSource.digest": "kept: salted hash of an example; the row goes with the post's words",
    "Renewal.model_version": "kept: name of a model",
    "Renewal.topic_set_version": "kept: name of a topic set",
    "Renewal.base_version": "kept: name of a model",
    "SampledPost.model_version": "kept: name of a model",
    "SampledPost.language": "kept: a label",
    "SampledPost.platform": "kept: code of a platform",
    "SampleStratum.model_version": "kept: name of a model",
    "SampleStratum.language": "kept: a label",
    "SampleStratum.platform": "kept: code of a platform",
    "Drift.measure": "kept: name of a measure",
    "Drift.parts": "kept: labels and numbers",
}


def erase_author(person: Person) -> dict[str, int]:
    """Idempotent: what is empty already is not counted again."""
    return _erase(person.post_ids)


def erase_posts(post_ids: Sequence[int]) -> int:
    """For posts that their platform deleted; returns the rows changed."""
    return sum(_erase(post_ids).values())


def _erase(post_ids: Sequence[int] | QuerySet[Any, Any]) -> dict[str, int]:
    vectors, _ = Embedding.objects.filter(post_id__in=post_ids).delete()
    analyses = Analysis.objects.filter(post_id__in=post_ids).exclude(entities=[], reasons=[])
    forgotten = forget_examples(post_ids)
    return {"embeddings": vectors, "analyses": analyses.update(entities=[], reasons=[]), "examples": forgotten}


def sweep_retention(now: datetime) -> dict[str, int]:
    """What lost its words below (deleted on its platform, too old, erased) loses them here in the same sweep; looks
    back days, in case the clock stood still."""
    return _erase(posts_gone_since(now - LOOK_BACK))
