"""A reviewer's verdict on a reading: it counts in every number from then on, and teaches the next model."""

from collections.abc import Mapping, Set
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from monitor.analysis.models import Correction, SampledPost
from monitor.analysis.selectors import (
    CORRECTABLE,
    NO,
    YES,
    Reading,
    current_reading,
    from_word,
    model_reading,
    overridden,
    to_word,
)
from monitor.audit import services as audit
from monitor.brands.models import User
from monitor.brands.rights import can
from monitor.inbox.changes import log_changes
from monitor.inbox.models import Post
from monitor.nlp.labels import INTENTS, SENTIMENTS, SEVERITIES
from monitor.text.clean import clean

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
    """Stores the verdict, and what follows from it by the labelling guideline (no complaint: no severity either). An
    earlier verdict that cannot stand beside it is taken back; what followed from one that is goes with it, and the
    model's own reading returns.

    Returns the corrections made, the asked one first; [] where the reading said so already, unless the verdict
    `confirms` it: then it is stored as the word of a person. Raises CorrectionError,
    PermissionDenied.
    """
    if not can(user, post.brand, "answer"):
        raise PermissionDenied("answer")
    word = _valid_word(field, value)
    with transaction.atomic():
        # One reviewer at a time: the row also keeps an edit from slipping under the verdict.
        locked = Post.objects.select_for_update(no_key=True).get(pk=post.pk)
        before, model = current_reading(post.pk), model_reading(post.pk)
        if before is None or model is None:
            raise CorrectionError("This post was never analysed.")
        _judge_anew(user, locked, _is_complaint(field, word))
        said, implied = _current_words(post, is_implied=False), _current_words(post, is_implied=True)
        # What only followed so far is said now, and stands by itself from now on.
        is_said_now = field in implied or (confirms and field not in said)
        if not _differs(before, field, word) and not is_said_now:
            return []
        taken_back = {name for name, old in said.items() if name == field or _denies(field, word, name, old)}
        said = {name: old for name, old in said.items() if name not in taken_back}
        follows = _implied(model, {**said, field: word})
        made = _store(user, post, before, {field: word}, follows, implied, taken_back)
        log_changes(post_ids=[post.pk], kind="corrected")
        _record(user, post, field, word, before)
    return made


def _valid_word(field: str, value: Any) -> str:
    word = clean(to_word(value)).strip()
    if field not in CORRECTABLE:
        raise CorrectionError(f"{field} cannot be corrected; {', '.join(CORRECTABLE)} can.")
    known = _WORDS.get(field)
    # A brand may have topics of its own, and a language is any code; both are short words.
    if (known is not None and word not in known) or not 0 < len(word) <= (16 if field == "language" else 48):
        raise CorrectionError(f"{word!r} is no {field}.")
    return word


def _current_words(post: Post, *, is_implied: bool) -> dict[str, str]:
    """Field → word, in the order in which they were said."""
    told = Correction.objects.filter(post=post, is_current=True, is_implied=is_implied)
    return dict(told.order_by("pk").values_list("field", "value"))


def _is_complaint(field: str, word: str) -> bool | None:
    """What a verdict says about the post being a complaint; None: nothing."""
    if field == "complaint":
        return word == YES
    if field == "intent":
        return word == "complaint"
    return word != "0" if field == "severity" else None


def _denies(field: str, word: str, other: str, said: str) -> bool:
    """Whether a verdict cannot stand beside what was said before of another field."""
    answer = _is_complaint(field, word)
    if answer is None:
        return False
    if other == "escalate":
        return said == YES if not answer else (said, field, word) == (NO, "severity", "3")
    return _is_complaint(other, said) not in {None, answer}


def _judge_anew(user: User, post: Post, answer: bool | None) -> None:
    """Where the post was drawn for review and judged, the last word on it counts there, too, wherever it was said."""
    if answer is None:
        return
    judged = SampledPost.objects.filter(post=post, post_version=post.version, is_complaint=not answer)
    judged.update(is_complaint=answer, judged_by=user, judged_at=timezone.now())


def _implied(model: Reading, said: Mapping[str, str]) -> dict[str, str]:
    """What follows from all that people have said of a post (field → word), where the model reads it otherwise. What
    was said itself is left alone."""
    reading = model
    for name, word in said.items():
        reading = overridden(reading, name, word)
    implied: dict[str, str] = {}
    for name, word in said.items():
        implied |= _follows(reading, model, name, word)
    return {name: word for name, word in implied.items() if name not in said and _differs(model, name, word)}


def _follows(reading: Reading, model: Reading, field: str, word: str) -> dict[str, str]:
    """Complaint, severity, escalation and intent hang together: what one verdict means for the other fields."""
    answer = _is_complaint(field, word)
    if answer is None:
        return {}
    if answer:
        implied = {"complaint": YES, "intent": "complaint", "severity": str(max(1, model.severity))}
        if (field, word) == ("severity", "3"):
            implied["escalate"] = YES
        return implied
    # An intent that was said is not implied, so that of the model is asked.
    intent = {"intent": "question" if reading.needs_reply else "chatter"} if model.intent == "complaint" else {}
    return {"complaint": NO, "severity": "0", "escalate": NO, **intent}


def _differs(reading: Reading, field: str, word: str) -> bool:
    return bool(getattr(reading, field) != from_word(field, word))


def _store(
    user: User,
    post: Post,
    before: Reading,
    asked: Mapping[str, str],
    implied: Mapping[str, str],
    implied_before: Mapping[str, str],
    taken_back: Set[str],
) -> list[Correction]:
    """What follows still, as it did before, stays as it is on record."""
    stays = {name for name, word in implied.items() if implied_before.get(name) == word}
    gone = (implied_before.keys() - stays) | asked.keys() | taken_back
    Correction.objects.filter(post=post, field__in=gone, is_current=True).update(is_current=False)
    news = [(name, word, name not in asked) for name, word in {**asked, **implied}.items() if name not in stays]
    return [
        Correction.objects.create(
            brand_id=post.brand_id,
            post=post,
            post_version=before.post_version,
            field=name,
            was=to_word(getattr(before, name)),
            value=word,
            is_implied=is_implied,
            corrected_by=user,
        )
        for name, word, is_implied in news
    ]


def _record(user: User, post: Post, field: str, word: str, before: Reading) -> None:
    """The verdict, and every other field that reads otherwise since: what followed, and what has returned."""
    after = current_reading(post.pk)
    others = [name for name in CORRECTABLE if name != field and getattr(after, name) != getattr(before, name)]
    changes = [{"field": field, "was": to_word(getattr(before, field)), "value": word}]
    changes += [
        {"field": name, "was": to_word(getattr(before, name)), "value": to_word(getattr(after, name))}
        for name in others
    ]
    audit.record(
        actor=user,
        act="post.corrected",
        brand_id=post.brand_id,
        subject_kind="post",
        subject_id=post.public_id,
        params={"changes": changes},
    )
