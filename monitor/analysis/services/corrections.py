"""A reviewer's verdict on a reading: it counts in every number from then on, and teaches the next model."""

from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction

from monitor.analysis.models import Analysis, Correction
from monitor.analysis.selectors import CORRECTABLE, NO, YES, Reading, current_reading, from_word, to_word
from monitor.audit import services as audit
from monitor.brands.models import User
from monitor.brands.rights import can
from monitor.inbox.changes import log_changes
from monitor.inbox.models import Post
from monitor.nlp.labels import INTENTS, SENTIMENTS, SEVERITIES

_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "complaint": (YES, NO),
    "needs_reply": (YES, NO),
    "escalate": (YES, NO),
    "severity": SEVERITIES,
    "sentiment": SENTIMENTS,
    "intent": INTENTS,
}


class CorrectionError(ValueError):
    """The field or the value cannot be corrected so, or the post was never analysed."""


def correct(*, user: User, post: Post, field: str, value: Any, confirms: bool = False) -> list[Correction]:
    """Stores the verdict, and what follows from it by the labelling guideline (no complaint: no severity either).

    Returns the corrections made, the asked one first; [] where the reading said so already, unless the verdict
    `confirms` it: then it is stored as the word of a person. Raises CorrectionError,
    PermissionDenied.
    """
    if not can(user, post.brand, "answer"):
        raise PermissionDenied("answer")
    word = _valid_word(field, value)
    with transaction.atomic():
        # One reviewer at a time: the row also keeps an edit from slipping under the verdict.
        Post.objects.select_for_update(no_key=True).get(pk=post.pk)
        reading = current_reading(post.pk)
        if reading is None:
            raise CorrectionError("This post was never analysed.")
        changes = {field: word, **_implied(reading, field, word)}
        made = [
            _store(user, post, reading, name, said)
            for name, said in changes.items()
            if _differs(reading, name, said) or (confirms and name == field and field not in reading.corrected)
        ]
        if made:
            log_changes(post_ids=[post.pk], kind="corrected")
            _record(user, post, made)
    return made


def _valid_word(field: str, value: Any) -> str:
    word = to_word(value).strip()
    if field not in CORRECTABLE:
        raise CorrectionError(f"{field} cannot be corrected; {', '.join(CORRECTABLE)} can.")
    known = _WORDS.get(field)
    # A brand may have topics of its own, and a language is any code; both are short words.
    if (known is not None and word not in known) or not 0 < len(word) <= (16 if field == "language" else 48):
        raise CorrectionError(f"{word!r} is no {field}.")
    return word


def _implied(reading: Reading, field: str, word: str) -> dict[str, str]:
    """Complaint, severity, escalation and intent hang together; what a person has set before is left alone."""
    implied: dict[str, str] = {}
    without_complaint = "question" if reading.needs_reply else "chatter"
    if (field, word) == ("complaint", NO) or (field == "intent" and word != "complaint"):
        implied = {"complaint": NO, "severity": "0", "escalate": NO}
        if reading.intent == "complaint":
            implied["intent"] = without_complaint
    elif (field, word) == ("complaint", YES) or (field, word) == ("intent", "complaint"):
        implied = {"complaint": YES, "intent": "complaint", "severity": str(max(1, reading.severity))}
    elif field == "severity":
        implied = {"complaint": NO if word == "0" else YES}
        if word == "0":
            implied["escalate"] = NO
            if reading.intent == "complaint":
                implied["intent"] = without_complaint
        if word == "3":
            implied["escalate"] = YES
    implied.pop(field, None)
    return {name: said for name, said in implied.items() if name not in reading.corrected}


def _differs(reading: Reading, field: str, word: str) -> bool:
    return bool(getattr(reading, field) != from_word(field, word))


def _store(user: User, post: Post, reading: Reading, field: str, word: str) -> Correction:
    Correction.objects.filter(post=post, field=field, is_current=True).update(is_current=False)
    return Correction.objects.create(
        brand_id=post.brand_id,
        post=post,
        analysis=Analysis(pk=reading.analysis_id),
        field=field,
        was=to_word(getattr(reading, field)),
        value=word,
        corrected_by=user,
    )


def _record(user: User, post: Post, made: list[Correction]) -> None:
    audit.record(
        actor=user,
        act="post.corrected",
        brand_id=post.brand_id,
        subject_kind="post",
        subject_id=post.public_id,
        params={"changes": [{"field": one.field, "was": one.was, "value": one.value} for one in made]},
    )
