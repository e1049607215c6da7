"""The metrics table: any labelled TSV or JSONL in, every head that the file labels out, with bootstrap intervals.

labelled.py reads the file. A figure that nothing in the rows defines (F1 where no row is positive and none was called
so) is told as such, never as a number.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.engine import Engine, PostAnalysis, PostInput, load_engine
from monitor.nlp.label_meanings import LANGUAGE
from monitor.nlp.labelled import EvaluationError, LeftOut, read_labelled, told_aside, told_left_out
from monitor.nlp.labels import HEADS
from monitor.nlp.language_labels import as_labelled
from monitor.text.plain import occurrences
from monitor.text.spelling import blank

_SEED: Final = 7
_RESAMPLES: Final = 400
_FEWEST_A_LABEL: Final = 10  # macro-F1 is taken over labels with at least so many rows
_FEWEST_A_LANGUAGE: Final = 10
_RANDOM_DRAWS: Final = 5
_YES_NO: Final = {True: "yes", False: "no"}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


#: What nothing in the rows defines.
UNDEFINED: Final = Estimate(math.nan, math.nan, math.nan)


@dataclass(slots=True)
class HeadReport:
    """Metrics of one head, and its main metric by language (with the number of rows)."""

    rows: int
    metrics: dict[str, Estimate] = field(default_factory=dict)
    by_language: dict[str, tuple[int, Estimate]] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """The whole table of a file."""

    path: str
    posts: int
    model: str
    heads: dict[str, HeadReport] = field(default_factory=dict)
    #: Why → lines of the file that are no rows.
    put_aside: dict[str, list[int]] = field(default_factory=dict)
    #: Column → labels that are none of the head's, with the number of rows that have them.
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Judged:
    """Truth and answer of one head as label numbers, and the score of "yes" where the head is a yes/no one."""

    labels: tuple[str, ...]
    truth: NDArray[np.int64]
    answer: NDArray[np.int64]
    score: NDArray[np.float64] | None = None

    def take(self, rows: NDArray[np.int64]) -> "Judged":
        return Judged(
            self.labels, self.truth[rows], self.answer[rows], None if self.score is None else self.score[rows]
        )


Metric = Callable[[Judged], float]


def accuracy(judged: Judged) -> float:
    return float((judged.truth == judged.answer).mean())


def _by_label(judged: Judged) -> tuple[NDArray, NDArray, NDArray]:
    size = len(judged.labels)
    hits = np.bincount(judged.truth[judged.truth == judged.answer], minlength=size)
    return hits, np.bincount(judged.truth, minlength=size), np.bincount(judged.answer, minlength=size)


def _mean_share(parts: NDArray, wholes: NDArray) -> float:
    """The mean of shares, without those of nothing; not a number where all are."""
    there = wholes > 0
    return float((parts[there] / wholes[there]).mean()) if there.any() else math.nan


def f1_of_yes(judged: Judged) -> float:
    return macro_f1([1])(judged)


def macro_f1(labels: Sequence[int]) -> Metric:
    chosen = list(labels)

    def measure(judged: Judged) -> float:
        hits, true, said = _by_label(judged)
        return _mean_share(2 * hits[chosen], (true + said)[chosen])

    return measure


def macro_recall(labels: Sequence[int]) -> Metric:
    chosen = list(labels)

    def measure(judged: Judged) -> float:
        hits, true, _ = _by_label(judged)
        return _mean_share(hits[chosen], true[chosen])

    return measure


def precision_at_recall_90(judged: Judged) -> float:
    """The best precision among thresholds that find at least nine of ten. No threshold parts posts of one score."""
    assert judged.score is not None
    order = np.argsort(-judged.score, kind="stable")
    scores = judged.score[order]
    hits = np.cumsum(judged.truth[order] == 1)
    if not hits[-1]:
        return math.nan
    ends = np.append(scores[1:] != scores[:-1], True)
    usable = ends & (hits >= 0.9 * hits[-1])
    return float((hits / np.arange(1, len(hits) + 1))[usable].max())


def estimate(metric: Metric, judged: Judged) -> Estimate:
    """The figure and its interval over resamplings, but for those in which nothing defines it."""
    value = metric(judged)
    if math.isnan(value):
        return UNDEFINED
    chance = np.random.default_rng(_SEED)
    size = len(judged.truth)
    values = [metric(judged.take(chance.integers(0, size, size))) for _ in range(_RESAMPLES)]
    low, high = np.percentile([one for one in values if not math.isnan(one)] or [value], [2.5, 97.5])
    return Estimate(value, float(low), float(high))


def metrics_of(head: str, judged: Judged) -> dict[str, Metric]:
    """The metrics of a head, the main one first."""
    counts = Counter(judged.truth.tolist())
    present = sorted(counts)
    common = [label for label in present if counts[label] >= _FEWEST_A_LABEL] or present
    if judged.labels == ("no", "yes"):
        found: dict[str, Metric] = {"f1": f1_of_yes, "macro_f1": macro_f1(present), "accuracy": accuracy}
        return found | ({"precision_at_recall_90": precision_at_recall_90} if judged.score is not None else {})
    if head == "sentiment":
        return {"macro_f1": macro_f1(present), "macro_recall": macro_recall(present), "accuracy": accuracy}
    return {"accuracy": accuracy, "macro_f1": macro_f1(common)}


def evaluate_file(
    path: str | Path, engine: Engine | None = None, progress: Callable[[int, int], None] | None = None
) -> Report:
    """Analyses every row of the file and measures each head it labels. Raises EvaluationError, OSError.

    `progress` is called with how many posts are analysed, and of how many.
    """
    labelled = read_labelled(Path(path))
    posts = labelled.posts
    measured = [head for head in (*HEADS, LANGUAGE) if any(head in post.labels for post in posts)]
    if not measured:
        told = "".join(f" {line}." for line in [*told_aside(labelled.put_aside), *told_left_out(labelled.left_out)])
        raise EvaluationError(
            f"{path} has no column with labels that the engine knows: {', '.join(HEADS)}, lang, rating or label.{told}"
        )
    engine = engine or load_engine()
    analyses: list[PostAnalysis] = []
    for start in range(0, len(posts), 256):
        analyses += engine.analyze([PostInput(post.text) for post in posts[start : start + 256]])
        if progress is not None:
            progress(len(analyses), len(posts))
    report = Report(str(path), len(posts), engine.version)
    report.put_aside, report.left_out, report.notes = labelled.put_aside, labelled.left_out, labelled.notes
    languages = np.array([post.language for post in posts])
    for head in measured:
        known = [place for place, post in enumerate(posts) if head in post.labels]
        judged = judge(head, [posts[place].labels[head] for place in known], [analyses[place] for place in known])
        report.heads[head] = _report_head(head, judged, languages[known])
    if "complaint" in measured:
        complaints = [
            (post.text, analysis)
            for post, analysis in zip(posts, analyses, strict=True)
            if analysis.complaint and post.labels.get("complaint") == "yes"
        ]
        report.heads["reasons"] = measure_reasons(engine, complaints)
    return report


def measure_reasons(engine: Engine, complaints: Sequence[tuple[str, PostAnalysis]]) -> HeadReport:
    """In how many found complaints the marked words matter: without them the score falls further than without as many
    other words of the post, drawn at random (the mean of a few draws). Posts of too few words say nothing."""
    chance = np.random.default_rng(_SEED)
    before: list[float] = []
    texts: list[str] = []
    for text, analysis in complaints:
        marked: list[str] = next((one.params["words"] for one in analysis.reasons if one.code == "words.complaint"), [])
        others = sorted(set(engine.words(text)) - set(marked))
        if not marked or len(others) < len(marked):
            continue
        before.append(analysis.complaint_score)
        texts.append(_without(text, marked))
        for _ in range(_RANDOM_DRAWS):
            texts.append(_without(text, [others[at] for at in chance.permutation(len(others))[: len(marked)]]))
    if not before:
        return HeadReport(0)
    after: list[float] = []
    for start in range(0, len(texts), 256):
        after += [found.complaint_score for found in engine.analyze([PostInput(t) for t in texts[start : start + 256]])]
    falls = np.array(before)[:, None] - np.array(after).reshape(len(before), -1)
    wins = (falls[:, 0] > falls[:, 1:].mean(1)).astype(np.int64)
    judged = Judged(("no", "yes"), np.ones(len(wins), dtype=np.int64), wins)
    return HeadReport(len(wins), {"marked_words_matter": estimate(accuracy, judged)})


def _without(text: str, words: Sequence[str]) -> str:
    for word in words:
        text = blank(text, [*occurrences(text, word)])
    return text


def judge(head: str, truth: list[str], analyses: list[PostAnalysis]) -> Judged:
    """Puts truth and answer side by side. Where a set knows only some labels, the answer is the likeliest of those."""
    if head == LANGUAGE:
        answers = [as_labelled(analysis.language, label) for analysis, label in zip(analyses, truth, strict=True)]
        labels = tuple(sorted({*truth, *answers}))
        score = None
    elif head == "sentiment":
        labels = HEADS[head]
        known = [label for label in labels if label in set(truth)]
        answers = [max(known, key=lambda label: analysis.sentiment_scores[label]) for analysis in analyses]
        score = None
    else:
        labels = HEADS[head]
        answers = [_answer(head, analysis) for analysis in analyses]
        score = (
            np.array([getattr(analysis, f"{head}_score") for analysis in analyses]) if labels == ("no", "yes") else None
        )
    numbers = {label: number for number, label in enumerate(labels)}
    return Judged(labels, np.array([numbers[t] for t in truth]), np.array([numbers[a] for a in answers]), score)


def _answer(head: str, analysis: PostAnalysis) -> str:
    value = getattr(analysis, head)
    return _YES_NO[value] if isinstance(value, bool) else str(value)


def _report_head(head: str, judged: Judged, languages: NDArray) -> HeadReport:
    metrics = metrics_of(head, judged)
    report = HeadReport(len(judged.truth), {name: estimate(metric, judged) for name, metric in metrics.items()})
    for language, count in Counter(languages.tolist()).most_common():
        if count >= _FEWEST_A_LANGUAGE and language:
            own = judged.take(np.flatnonzero(languages == language))
            main = accuracy if head == LANGUAGE else next(iter(metrics_of(head, own).values()))
            report.by_language[language] = (count, estimate(main, own))
    return report


def print_report(report: Report, out: TextIO) -> None:
    """Writes the table, and below it what was not measured and how the rest was read."""
    out.write(f"{report.path}: {report.posts} posts, model {report.model}; in brackets 95 % bootstrap intervals\n")
    for head, measured in report.heads.items():
        out.write(f"\n{head} ({measured.rows} rows)\n")
        for name, figure in measured.metrics.items():
            out.write(f"  {name:<24}{_written(figure)}\n")
        main = next(iter(measured.metrics), "")
        for language, (count, figure) in measured.by_language.items():
            out.write(f"    {main} {language:<8}{_written(figure)}  ({count})\n")
    told = [*report.notes, *told_aside(report.put_aside), *told_left_out(report.left_out)]
    out.write("\n" if told else "")
    out.writelines(f"{line}\n" for line in told)


def _written(figure: Estimate) -> str:
    if math.isnan(figure.value):
        return "–  (no such row, and none called so)"
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
