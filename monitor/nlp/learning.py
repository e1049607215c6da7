"""Refits heads from reviewers' verdicts: a small linear layer on the embedding, added to what the shipped heads say.

Convex and in numpy: seconds for thousands of posts (`refitting` has the arithmetic). Head by head, what is in use
(shipped or learned) is replaced only by what beats it on posts that neither was fitted on, read as the product reads.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.calibration import softmax
from monitor.nlp.labels import DENIED_INTENTS, HEADS, INTENTS
from monitor.nlp.refitting import (
    Table,
    best_penalty,
    by_voice,
    fit,
    log_loss,
    logarithms,
    share_above_zero,
    shifted,
    with_bias,
)

#: Heads that corrections may teach; language is told by other means. Of what is no complaint severity says nothing, and
#: both rule intents out: what these two came to is known before the others are judged.
TAUGHT_HEADS: Final = ("complaint", "severity", *(head for head in HEADS if head not in {"complaint", "severity"}))
FEWEST_VERDICTS: Final = 20  # on different texts, below which a head is not tried
HELD_OUT_OF_TEN: Final = 3
#: What has to be aside before anything is believed: verdicts, and posts that nobody corrected.
FEWEST_HELD_OUT: Final = 20
FEWEST_CHECKED: Final = 200
FEWEST_ON_PLATFORM: Final = 40  # of the checked ones: on other platforms the head is not used
#: Verdicts aside on posts drawn by chance, from which on these decide and not what nobody corrected.
FEWEST_DRAWN: Final = 60
SURE: Final = 0.95  # share of resamplings in which the new heads must be better; and of the test of signs


@dataclass(frozen=True, slots=True)
class Lesson:
    """A text: its embedding, what the shipped heads say (head → probabilities), and the truth as far as known.

    `labels` maps heads to label numbers: a verdict of a person. A head that is not in it is presumed to be right as it
    is read today (such posts stand for all that nobody corrected, and keep the new weights from forgetting them), but
    for those in `unknown`, of which the lesson tells nothing.
    """

    key: int  # of the text: decides the side, so copies share it, and no version was ever fitted on what judges it
    embedding: NDArray[np.float32]
    scores: Mapping[str, NDArray[np.float32]]
    labels: Mapping[str, int]
    weight: float = 1.0  # how many posts that nobody corrected it stands for
    drawn: float = 0.0  # drawn by chance and judged: how many posts it stands for as one of those; else 0
    voice: str = ""  # whose words they are: lessons of one voice are one piece of evidence; "": a voice of its own
    platform: str = ""
    unknown: frozenset[str] = frozenset()

    @property
    def is_held_out(self) -> bool:
        return self.key * 2654435761 % 2**32 % 10 < HELD_OUT_OF_TEN


@dataclass(frozen=True, slots=True)
class HeadLesson:
    """How one head did on held-out posts before (as it is in use) and after: verdicts it agrees with, uncorrected
    readings it changes. Readings are those of the product, in which heads rule each other's labels out."""

    verdicts: int
    held_out_verdicts: int
    right_before: int = 0
    right_after: int = 0
    checked: int = 0  # held-out posts without a verdict
    changed: int = 0  # those that now read differently
    changed_posts: float = 0.0  # how many posts of the brand they stand for
    changed_share: float = 0.0  # of all posts without a verdict
    gain: float = 0.0  # log-loss, nats a post, before minus after
    surely_better: float = 0.0  # share of resamplings in which the gain is above 0
    drawn: int = 0  # held-out verdicts on posts drawn by chance
    by_sample: bool = False  # these have decided
    lacks: str = ""  # "verdicts" or "uncorrected": too few are aside, and nothing was fitted
    platforms: tuple[str, ...] = ()  # on whose posts it was checked; it reads no others
    is_promoted: bool = False
    is_dropped: bool = False  # learned once, and now worse than the shipped head: `right_after` is the shipped one's


@dataclass(frozen=True, slots=True)
class LearnedWeights:
    """Head → weights (385 × labels; the last row is the bias). Heads without an entry stay as shipped. `platforms` has
    those whose posts a head reads; without an entry it reads all."""

    heads: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    platforms: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def apply(
        self, scores: Mapping[str, NDArray[np.float32]], embeddings: NDArray[np.float32]
    ) -> dict[str, NDArray[np.float32]]:
        """Probabilities by head, a row a post, with what was learned added."""
        rows = with_bias(embeddings)
        changed = {head: shifted(logarithms(scores[head]), rows, weights) for head, weights in self.heads.items()}
        return {**scores, **changed}

    def on(self, platform: str) -> "LearnedWeights | None":
        """What reads the posts of a platform; None: the shipped heads alone."""
        heads = {head: own for head, own in self.heads.items() if platform in self.platforms.get(head, (platform,))}
        return LearnedWeights(heads, {h: p for h, p in self.platforms.items() if h in heads}) if heads else None

    def replaced(self, head: str, weights: NDArray[np.float32] | None, platforms: Sequence[str]) -> "LearnedWeights":
        """With other weights for one head; None: as it is shipped."""
        heads, read = dict(self.heads), dict(self.platforms)
        heads.pop(head, None)
        read.pop(head, None)
        if weights is not None:
            heads[head], read[head] = weights, frozenset(platforms)
        return LearnedWeights(heads, read)

    def to_bytes(self) -> bytes:
        buffer = io.BytesIO()
        stored: dict[str, NDArray] = {head: weights.astype(np.float16) for head, weights in self.heads.items()}
        stored |= {f"platforms.{head}": np.array(sorted(read), dtype=np.str_) for head, read in self.platforms.items()}
        np.savez_compressed(buffer, allow_pickle=False, **stored)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "LearnedWeights":
        with np.load(io.BytesIO(stored), allow_pickle=False) as file:
            heads = {name: file[name].astype(np.float32) for name in file.files if name in HEADS}
            read = {head: f"platforms.{head}" for head in heads if f"platforms.{head}" in file.files}
            return cls(heads, {head: frozenset(map(str, file[name])) for head, name in read.items()})


def learn(
    lessons: Sequence[Lesson], thresholds: Mapping[str, float], active: LearnedWeights | None = None
) -> tuple[LearnedWeights, dict[str, HeadLesson]]:
    """Fits every head that has verdicts enough, always from the shipped one, and holds it against what is in use.

    Returns the weights to use from now on, and the report of all heads that were tried. `active` is what was learned
    before: a head of it stays until something beats it, a new one or else the shipped one.
    """
    weights = active or LearnedWeights()
    report: dict[str, HeadLesson] = {}
    for head in TAUGHT_HEADS:
        known = [lesson for lesson in lessons if _tells(lesson, head)]
        if sum(head in lesson.labels for lesson in known) < FEWEST_VERDICTS:
            continue
        fitted, told = _learn_head(head, known, thresholds, weights)
        report[head] = told
        if told.is_promoted or told.is_dropped:
            weights = weights.replaced(head, fitted if told.is_promoted else None, told.platforms)
    return weights, report


def _tells(lesson: Lesson, head: str) -> bool:
    """Severity is that of complaints: what a person calls none has nothing to say of it."""
    is_none = head == "severity" and (lesson.labels.get("complaint") == 0 or lesson.labels.get("severity") == 0)
    return head not in lesson.unknown and not is_none


def _learn_head(
    head: str, lessons: Sequence[Lesson], thresholds: Mapping[str, float], in_use: LearnedWeights
) -> tuple[NDArray[np.float32] | None, HeadLesson]:
    held_out = np.array([lesson.is_held_out for lesson in lessons])
    table = _table(head, lessons, held_out, thresholds, in_use)
    platforms = np.array([lesson.platform for lesson in lessons])
    read = _well_known(platforms[held_out & (~table.has_verdict | (table.drawn > 0))])
    # Nobody is judge of what his own words have taught.
    taught = np.isin(table.voices, table.voices[~held_out & table.has_verdict])
    to_fit = table.part(~held_out)
    to_judge = table.part(held_out & np.isin(platforms, np.array(read, dtype=np.str_)) & ~(table.has_verdict & taught))
    told = _told(table, to_judge, read)
    if told.lacks:
        return None, told
    if told.by_sample:
        # What nobody corrected only keeps the weights in place; whether that is right the sample knows.
        to_fit = replace(to_fit, weights=np.ones_like(to_fit.weights))
    weights = fit(to_fit, best_penalty(to_fit))
    threshold = thresholds.get(head)
    after = _judged(told, to_judge, shifted(to_judge.shipped, to_judge.rows, weights), threshold)
    if after.is_promoted or head not in in_use.heads:
        return weights, after
    back = _judged(told, to_judge, softmax(to_judge.shipped), threshold)
    return None, replace(back, is_promoted=False, is_dropped=True) if back.is_promoted else after


def _well_known(checked: NDArray[np.str_]) -> tuple[str, ...]:
    """The platforms of which enough posts are there to check a head on."""
    names, counts = np.unique(checked, return_counts=True)
    return tuple(str(name) for name, count in zip(names, counts, strict=True) if count >= FEWEST_ON_PLATFORM)


def _told(table: Table, to_judge: Table, platforms: tuple[str, ...]) -> HeadLesson:
    """What there is to judge by."""
    judged = to_judge.has_verdict
    drawn = int((to_judge.drawn > 0).sum())
    lacks = ""
    if not platforms or (~judged).sum() < FEWEST_CHECKED:
        lacks = "uncorrected"
    elif len(np.unique(to_judge.voices[judged])) < FEWEST_HELD_OUT:
        lacks = "verdicts"
    return HeadLesson(
        verdicts=int(table.has_verdict.sum()),
        held_out_verdicts=int(judged.sum()),
        checked=int((~judged).sum()),
        drawn=drawn,
        by_sample=drawn >= FEWEST_DRAWN,
        lacks=lacks,
        platforms=platforms,
    )


def _judged(told: HeadLesson, table: Table, after: NDArray[np.float32], threshold: float | None) -> HeadLesson:
    """What is in use against what could take its place, on posts that neither was fitted on."""
    said_before, said_after = _answers(table.today, threshold), _answers(after, threshold)
    truth, judged = table.truth.argmax(1), table.has_verdict
    right_before, right_after = (said_before == truth) & judged, (said_after == truth) & judged
    steps = right_after.astype(int) - right_before
    changed = (said_after != said_before) & ~judged
    changed_posts = float(table.weights[changed].sum())
    gains = table.weights * (log_loss(table.today, table.truth) - log_loss(after, table.truth))
    surely = share_above_zero(table.drawn * steps if told.by_sample else gains, table.voices)
    # What nobody corrected counts as right, unless a sample tells: a head that mends little and changes much has not
    # learned. Each post speaks of as many as it stands for.
    mends_more = told.by_sample or steps.sum() > changed_posts
    net = by_voice(steps, table.voices)
    chance = _by_chance(int((net > 0).sum()), int((net < 0).sum()))
    return replace(
        told,
        right_before=int(right_before.sum()),
        right_after=int(right_after.sum()),
        changed=int(changed.sum()),
        changed_posts=round(changed_posts, 1),
        changed_share=round(changed_posts / max(float(table.weights[~judged].sum()), 1.0), 5),
        gain=round(float(gains.sum() / table.weights.sum()), 4),
        surely_better=round(surely, 3),
        is_promoted=surely >= SURE and mends_more and chance <= 1 - SURE,
    )


def _by_chance(mended: int, spoiled: int) -> float:
    """How likely as many mends or more would be if each change were the toss of a coin (the exact test of signs)."""
    count = mended + spoiled
    return sum(comb(count, good) for good in range(mended, count + 1)) / 2**count


def _table(
    head: str, lessons: Sequence[Lesson], held_out: NDArray[np.bool_], thresholds: Mapping[str, float],
    in_use: LearnedWeights,
) -> Table:  # fmt: skip
    rows = with_bias(np.stack([lesson.embedding for lesson in lessons]))
    allowed = _allowed(head, _severities(lessons, rows, held_out, thresholds, in_use))
    verdicts = np.array([lesson.labels.get(head, -1) for lesson in lessons])
    has_verdict = verdicts >= 0
    fitted = np.flatnonzero(~held_out & has_verdict)
    allowed[fitted, verdicts[fitted]] = True  # whatever is read of the other heads: a person has said it
    shipped = logarithms(_scores(lessons, head), allowed)
    today = _in_use(head, lessons, rows, shipped, in_use)
    truth = np.where(has_verdict[:, None], np.eye(shipped.shape[1], dtype=np.float32)[verdicts], today)
    voices = [lesson.voice or f"text {lesson.key}" for lesson in lessons]
    weights = np.where(has_verdict, 1, [lesson.weight for lesson in lessons])
    # Of drawn posts "complaint?" was asked; on other heads there is a verdict only where they were wrong.
    drawn = np.where(has_verdict & (head == "complaint"), [lesson.drawn for lesson in lessons], 0)
    return Table(
        rows, shipped, today, truth, has_verdict, weights.astype(np.float32), drawn.astype(np.float32),
        np.unique(voices, return_inverse=True)[1],
    )  # fmt: skip


def _scores(lessons: Sequence[Lesson], head: str) -> NDArray[np.float32]:
    return np.stack([lesson.scores[head] for lesson in lessons]).astype(np.float32)


def _severities(
    lessons: Sequence[Lesson], rows: NDArray[np.float32], held_out: NDArray[np.bool_],
    thresholds: Mapping[str, float], in_use: LearnedWeights,
) -> NDArray[np.int64]:  # fmt: skip
    """How grave the posts are, 0: no complaint. For the fit as people say, as far as they do; for the judgement as the
    product reads them from now on."""
    complaint, severity = (
        _in_use(head, lessons, rows, logarithms(_scores(lessons, head)), in_use) for head in ("complaint", "severity")
    )
    is_complaint = _answers(complaint, thresholds.get("complaint")) == 1
    grades = severity[:, 1:].argmax(1) + 1
    for place, lesson in enumerate(lessons):
        if held_out[place]:
            continue
        said = lesson.labels
        is_implied = said.get("severity", 0) > 0 or said.get("intent") == INTENTS.index("complaint")
        is_complaint[place] = is_implied or said.get("complaint", int(is_complaint[place])) == 1
        grades[place] = said.get("severity", 0) or grades[place]
    return np.where(is_complaint, grades, 0)


def _in_use(
    head: str, lessons: Sequence[Lesson], rows: NDArray[np.float32], shipped: NDArray[np.float32],
    in_use: LearnedWeights,
) -> NDArray[np.float32]:  # fmt: skip
    """What the product says today: what was learned is used on the platforms on which it was checked."""
    if head not in in_use.heads:
        return softmax(shipped)
    read = in_use.platforms.get(head)
    is_read = np.array([read is None or lesson.platform in read for lesson in lessons])
    return softmax(shipped + is_read[:, None] * (rows @ in_use.heads[head]))


def _allowed(head: str, severities: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The labels that the product may say of each post (see `Engine._answer`)."""
    allowed = np.ones((len(severities), len(HEADS[head])), dtype=np.bool_)
    if head == "severity":
        allowed[:, 0], allowed[:, 1:] = severities == 0, (severities > 0)[:, None]
    elif head == "intent":
        for grade, denied in enumerate(DENIED_INTENTS):
            places = np.flatnonzero(np.minimum(severities, len(DENIED_INTENTS) - 1) == grade)
            allowed[np.ix_(places, np.array([INTENTS.index(intent) for intent in denied]))] = False
    return allowed


def _answers(scores: NDArray[np.float32], threshold: float | None) -> NDArray[np.int64]:
    if threshold is None:
        return scores.argmax(1)
    return (scores[:, 1] >= threshold).astype(np.int64)
