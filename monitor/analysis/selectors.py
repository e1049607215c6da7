"""What counts now: the current analysis of a post, overridden field by field by the corrections of reviewers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from monitor.analysis.models import Analysis, BrandTopic, Correction, Renewal
from monitor.text.reason import Reason

#: Fields that a reviewer may correct, each with how its stored word becomes a value.
CORRECTABLE: Final = ("complaint", "topic", "severity", "sentiment", "intent", "needs_reply", "escalate", "language")
YES, NO = "true", "false"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a post is read now. `corrected` names the fields that a person set or that follow from those, `correction_id`
    the latest verdict."""

    post_id: int
    post_version: int
    model_version: str
    topic_set_version: str
    language: str
    intent: str
    needs_reply: bool
    needs_reply_score: float
    sentiment: str
    complaint: bool
    complaint_score: float
    severity: int
    escalate: bool
    escalate_score: float
    topic: str
    audience: str
    entity_kinds: tuple[str, ...] = ()
    entity_places: tuple[tuple[str, int, int], ...] = ()  # kind, start and end in the words of `post_version`
    reasons: tuple[Reason, ...] = ()
    corrected: frozenset[str] = frozenset()
    correction_id: int = 0


def current_readings(post_ids: Sequence[int]) -> dict[int, Reading]:
    """Post id → its reading; a post that was never analysed is not in the answer. Two queries."""
    analyses = Analysis.objects.filter(post_id__in=post_ids, is_current=True).defer("sentiment_scores", "topic_scores")
    readings = {analysis.post_id: _reading(analysis) for analysis in analyses}
    for post_id, pk, field, value in Correction.objects.filter(post_id__in=readings, is_current=True).values_list(
        "post_id", "pk", "field", "value"
    ):
        reading = overridden(readings[post_id], field, value)
        readings[post_id] = replace(reading, correction_id=max(reading.correction_id, pk))
    return readings


def current_reading(post_id: int) -> Reading | None:
    return current_readings([post_id]).get(post_id)


def model_reading(post_id: int) -> Reading | None:
    """How the model alone reads the post now."""
    analysis = Analysis.objects.filter(post_id=post_id, is_current=True).first()
    return _reading(analysis) if analysis is not None else None


def own_topics(brand_id: int) -> list[str]:
    """The names of the topics that the brand added by example, in order."""
    return list(BrandTopic.objects.filter(brand_id=brand_id).order_by("name").values_list("name", flat=True))


def running_renewal(brand_id: int) -> Renewal | None:
    """The reading of stored posts anew that is on its way."""
    return Renewal.objects.filter(brand_id=brand_id, finished_at=None).first()


def to_word(value: Any) -> str:
    """How a value is stored in a correction."""
    if isinstance(value, bool):
        return YES if value else NO
    return str(value)


def from_word(field: str, word: str) -> Any:
    """The value that a stored word stands for."""
    if field in {"complaint", "needs_reply", "escalate"}:
        return word == YES
    return int(word) if field == "severity" else word


def overridden(reading: Reading, field: str, word: str) -> Reading:
    """The same reading with one field as a person says."""
    change: dict[str, Any] = {field: from_word(field, word)}
    if field in {"complaint", "needs_reply", "escalate"}:
        # The score is what thresholds are compared with: a person is sure.
        change[f"{field}_score"] = 1.0 if change[field] else 0.0
    return replace(reading, corrected=reading.corrected | {field}, **change)


def _reading(analysis: Analysis) -> Reading:
    entities: Sequence[Mapping[str, Any]] = analysis.entities
    return Reading(
        post_id=analysis.post_id,
        post_version=analysis.post_version,
        model_version=analysis.model_version,
        topic_set_version=analysis.topic_set_version,
        language=analysis.language,
        intent=analysis.intent,
        needs_reply=analysis.needs_reply,
        needs_reply_score=analysis.needs_reply_score,
        sentiment=analysis.sentiment,
        complaint=analysis.complaint,
        complaint_score=analysis.complaint_score,
        severity=analysis.severity,
        escalate=analysis.escalate,
        escalate_score=analysis.escalate_score,
        topic=analysis.topic,
        audience=analysis.audience,
        entity_kinds=tuple(sorted({entity["kind"] for entity in entities})),
        entity_places=tuple((entity["kind"], entity["start"], entity["end"]) for entity in entities),
        reasons=tuple(Reason.from_json(stored) for stored in analysis.reasons),
    )
