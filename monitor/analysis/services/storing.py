"""Writing analyses in bulk: one current a post, and at most the one before it; embeddings of complaints beside them."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, F, OuterRef, Q

from monitor.analysis.models import Analysis, Correction, Embedding
from monitor.analysis.services.inference import PendingPost
from monitor.analysis.services.lenses import Lens

if TYPE_CHECKING:
    from monitor.nlp.engine import PostAnalysis

ROWS_A_STATEMENT = 500


def store_analyses(found: "Sequence[tuple[PendingPost, PostAnalysis]]", lenses: Mapping[int, Lens]) -> list[int]:
    """Stores what is new and makes it current, in the caller's transaction, which holds the posts' rows.

    An analysis of the same post version by the same model is kept as it is: returns the ids that read differently now.
    """
    ordered = sorted(found, key=lambda pair: pair[0].brand_id)
    changed: list[int] = []
    for brand_id, of_brand in groupby(ordered, key=lambda pair: pair[0].brand_id):
        changed += _store(list(of_brand), lenses[brand_id])
    return changed


def _store(found: "Sequence[tuple[PendingPost, PostAnalysis]]", lens: Lens) -> list[int]:
    same_model = {"model_version": lens.model_version, "topic_set_version": lens.topic_set_version}
    known = _known_analyses([post.post_id for post, _ in found], same_model)
    revived = [post.post_id for post, _ in found if known.get((post.post_id, post.version)) is False]
    new = [(post, result) for post, result in found if (post.post_id, post.version) not in known]
    ids = [post.post_id for post, _ in new]
    _forget_earlier(ids, lens)
    Analysis.objects.filter(post_id__in=ids + revived, is_current=True).update(is_current=False)
    # Back to a model that was used before: its analyses are still there.
    Analysis.objects.filter(post_id__in=revived, post_version=F("post__version"), **same_model).update(is_current=True)
    Analysis.objects.bulk_create([_row(post, result, lens) for post, result in new], batch_size=ROWS_A_STATEMENT)
    _store_embeddings(new, lens.model_version)
    _retire_corrections([post.post_id for post, _ in new if post.version > 1])
    return ids + revived


def _known_analyses(post_ids: Sequence[int], same_model: dict[str, str]) -> dict[tuple[int, int], bool]:
    """(Post, its version) → whether this model's analysis of it is the current one."""
    rows = Analysis.objects.filter(post_id__in=post_ids, **same_model).values_list(
        "post_id", "post_version", "is_current"
    )
    return {(post_id, version): is_current for post_id, version, is_current in rows}


def _forget_earlier(post_ids: Sequence[int], lens: Lens) -> None:
    """What a new reading leaves of those before it: the one that counted so far, if it is of the same words and topics,
    so that a step back to its model costs nothing. Topics of a former day never return, and older readings and those of
    words that were replaced would only fill the disk."""
    kept = Q(is_current=True, post_version=F("post__version"), topic_set_version=lens.topic_set_version)
    Analysis.objects.filter(~kept, post_id__in=post_ids).delete()


def _retire_corrections(post_ids: Sequence[int]) -> None:
    """A verdict on a text that has since been edited says nothing of the new text."""
    Correction.objects.filter(post_id__in=post_ids, is_current=True).exclude(post_version=F("post__version")).update(
        is_current=False
    )


def _store_embeddings(found: "Sequence[tuple[PendingPost, PostAnalysis]]", model_version: str) -> None:
    """An edited post's vector replaces the old one, a post that is no complaint any more loses it, and vectors go with
    their readings."""
    reading = Analysis.objects.filter(post_id=OuterRef("post_id"), model_version=OuterRef("model_version"))
    of_posts = Embedding.objects.filter(post_id__in=[post.post_id for post, _ in found])
    of_posts.filter(Q(model_version=model_version) | ~Exists(reading)).delete()
    Embedding.objects.bulk_create(
        [
            Embedding(post_id=post.post_id, model_version=model_version, vector=result.embedding)
            for post, result in found
            if result.complaint and result.embedding is not None
        ],
        batch_size=ROWS_A_STATEMENT,
    )


def _row(post: PendingPost, result: "PostAnalysis", lens: Lens) -> Analysis:
    return Analysis(
        brand_id=post.brand_id,
        post_id=post.post_id,
        post_version=post.version,
        model_version=lens.model_version,
        topic_set_version=lens.topic_set_version,
        language=result.language,
        intent=result.intent,
        needs_reply=bool(result.needs_reply),
        needs_reply_score=float(result.needs_reply_score),
        sentiment=result.sentiment,
        sentiment_scores=_scores(result.sentiment_scores),
        complaint=bool(result.complaint),
        complaint_score=float(result.complaint_score),
        severity=int(result.severity),
        escalate=bool(result.escalate),
        escalate_score=float(result.escalate_score),
        topic=result.topic,
        topic_scores=_scores(result.topic_scores),
        audience=result.audience,
        entities=[_place(entity) for entity in result.entities],
        reasons=[reason.to_json() for reason in result.reasons],
    )


def _scores(scores: Any) -> dict[str, float]:
    return {str(label): round(float(score), 6) for label, score in scores.items()}


def _place(entity: Any) -> dict[str, Any]:
    """Kind and place only: the value stays in the text, where erasure finds it."""
    return {"kind": entity.kind, "start": int(entity.start), "end": int(entity.end)}
