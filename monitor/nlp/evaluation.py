"""The metrics table: any labelled TSV or JSONL in, every head that the file labels out, with bootstrap intervals.

Columns named after heads are used as they are; a column `label` is read by its values (sentiment, complaint, language).
Labels that are none of the head's are left out, counted and told.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.engine import Engine, PostAnalysis, PostInput, load_engine
from monitor.nlp.labels import HEADS, SENTIMENTS

_SEED: Final = 7
_RESAMPLES: Final = 400
_FEWEST_A_LABEL: Final = 10  # macro-F1 is taken over labels with at least so many rows
_FEWEST_A_LANGUAGE: Final = 10
_RANDOM_DRAWS: Final = 5
_SHOWN_LABELS: Final = 5  # of those left out
_LONGEST_SHOWN: Final = 32
_LANGUAGE_CODE: Final = re.compile(r"[a-z]{2}(-[A-Za-z]{2,4})?|hinglish|fil|yue|cmn|und|unknown")
_COMPLAINT_LABELS: Final = {"complaint": "yes", "not_complaint": "no"}
_YES_NO: Final = {True: "yes", False: "no"}


class EvaluationError(ValueError):
    """The file has no text or no label that the engine knows."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


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
    #: Column → labels that are none of the head's, with the number of rows that have them.
    left_out: dict[str, Counter[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Labelled:
    """The rows of a file, with labels under the names of their heads, and what is no label of ours."""

    rows: list[dict[str, str]]
    left_out: dict[str, Counter[str]] = field(default_factory=dict)


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


def f1_of_yes(judged: Judged) -> float:
    hits, true, said = _by_label(judged)
    return float(2 * hits[1] / max(1, true[1] + said[1]))


def macro_f1(labels: Sequence[int]) -> Metric:
    def measure(judged: Judged) -> float:
        hits, true, said = _by_label(judged)
        return float(np.mean([2 * hits[label] / max(1, true[label] + said[label]) for label in labels]))

    return measure


def macro_recall(labels: Sequence[int]) -> Metric:
    def measure(judged: Judged) -> float:
        hits, true, _ = _by_label(judged)
        return float(np.mean([hits[label] / max(1, true[label]) for label in labels]))

    return measure


def precision_at_recall_90(judged: Judged) -> float:
    """The best precision among thresholds that find at least nine of ten. No threshold parts posts of one score."""
    assert judged.score is not None
    order = np.argsort(-judged.score, kind="stable")
    scores = judged.score[order]
    hits = np.cumsum(judged.truth[order] == 1)
    if not hits[-1]:
        return 0.0
    ends = np.append(scores[1:] != scores[:-1], True)
    usable = ends & (hits >= 0.9 * hits[-1])
    return float((hits / np.arange(1, len(hits) + 1))[usable].max())


def estimate(metric: Metric, judged: Judged) -> Estimate:
    chance = np.random.default_rng(_SEED)
    size = len(judged.truth)
    values = [metric(judged.take(chance.integers(0, size, size))) for _ in range(_RESAMPLES)]
    low, high = np.percentile(values, [2.5, 97.5])
    return Estimate(metric(judged), float(low), float(high))


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


def evaluate_file(path: str | Path, engine: Engine | None = None) -> Report:
    """Analyses every row of the file and measures each head it labels. Raises EvaluationError, OSError."""
    engine = engine or load_engine()
    labelled = read_labelled(Path(path))
    rows = labelled.rows
    analyses: list[PostAnalysis] = []
    for start in range(0, len(rows), 256):
        analyses += engine.analyze([PostInput(row["text"]) for row in rows[start : start + 256]])
    report = Report(str(path), len(rows), engine.version, left_out=labelled.left_out)
    languages = np.array([row.get("lang", "") for row in rows])
    for head in (*HEADS, "language"):
        known = [place for place, row in enumerate(rows) if row.get(head)]
        if known:
            judged = judge(head, [rows[place][head] for place in known], [analyses[place] for place in known])
            report.heads[head] = _report_head(head, judged, languages[known])
    if "complaint" in report.heads:
        found = [place for place, row in enumerate(rows) if row.get("complaint") == "yes" and analyses[place].complaint]
        report.heads["reasons"] = measure_reasons(engine, [(rows[place]["text"], analyses[place]) for place in found])
    if not report.heads:
        told = "".join(f" {_told(column, counts)}." for column, counts in labelled.left_out.items())
        raise EvaluationError(
            f"{path} has no column with labels that the engine knows: {', '.join(HEADS)}, lang or label.{told}"
        )
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
        inside = r"(?<!\w){}(?!\w)" if word.isascii() else "{}"
        text = re.sub(inside.format(re.escape(word)), " ", text)
    return text


def read_labelled(path: Path) -> Labelled:
    """Rows of the file with labels under the names of their heads. Raises EvaluationError for a file without text."""
    content = path.read_text(encoding="utf-8-sig", errors="replace")
    rows = _read_json_lines(path, content) if content.lstrip().startswith("{") else _read_table(path, content)
    if not rows:
        raise EvaluationError(f"{path} has no rows.")
    left_out: dict[str, Counter[str]] = {}
    values = Counter(row["label"] for row in rows if row.get("label"))
    head_of_label = _head_of_label(values)
    if values and not head_of_label:
        left_out["label"] = values
    for row in rows:
        if head_of_label and row.get("label"):
            row.setdefault(head_of_label, _COMPLAINT_LABELS.get(row["label"], row["label"]))
        if "language" not in row and row.get("lang"):
            row["language"] = row["lang"]
        for head, labels in HEADS.items():
            if row.get(head) not in labels and (odd := row.pop(head, "")):
                left_out.setdefault(head, Counter())[odd] += 1
    return Labelled(rows, left_out)


def _read_table(path: Path, content: str) -> list[dict[str, str]]:
    lines = content.split("\n")
    header = lines[0].rstrip("\r").split("\t")
    _name_text(header)
    if "text" not in header:
        raise EvaluationError(f"{path} has no column `text` in its first line, and is not JSONL.")
    return [dict(zip(header, line.rstrip("\r").split("\t"), strict=False)) for line in lines[1:] if line.strip()]


def _read_json_lines(path: Path, content: str) -> list[dict[str, str]]:
    rows = []
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
        except ValueError:
            raise EvaluationError(f"{path}: line {number} is not JSON.") from None
        if not isinstance(cells, dict):
            raise EvaluationError(f"{path}: line {number} is not a JSON object.")
        names = list(cells)
        _name_text(names)
        row = {name: _word(value) for name, value in zip(names, cells.values(), strict=True)}
        if "text" not in row:
            raise EvaluationError(f"{path}: line {number} has no `text`.")
        rows.append(row)
    return rows


def _name_text(names: list[str]) -> None:
    if "tweet" in names and "text" not in names:
        names[names.index("tweet")] = "text"


def _word(value: Any) -> str:
    """A JSON value as a table has it: true is "yes", and nothing is nothing."""
    if isinstance(value, bool):
        return _YES_NO[value]
    return "" if value is None else str(value)


def _head_of_label(values: Counter[str]) -> str:
    """The head whose labels these are: most of them, by name and by row. One of a file's 27 intents may well be called
    "complaint" and says nothing of the others."""
    of_heads = {"sentiment": frozenset(SENTIMENTS), "complaint": frozenset(_COMPLAINT_LABELS)}
    of_heads["language"] = frozenset(value for value in values if _LANGUAGE_CODE.fullmatch(value))
    for head, labels in of_heads.items():
        known = labels & set(values)
        if 2 * len(known) > len(values) and 2 * sum(values[label] for label in known) > values.total():
            return head
    return ""


def _told(column: str, counts: Counter[str]) -> str:
    """Which labels of a column were left out, the most frequent first."""
    shown = [f"{label[:_LONGEST_SHOWN]} {count}" for label, count in counts.most_common(_SHOWN_LABELS)]
    more = [f"and {len(counts) - _SHOWN_LABELS} more"] if len(counts) > _SHOWN_LABELS else []
    return f"{column}: {counts.total()} rows left out, whose labels are none of ours ({', '.join(shown + more)})"


def judge(head: str, truth: list[str], analyses: list[PostAnalysis]) -> Judged:
    """Puts truth and answer side by side. Where a set knows only some labels, the answer is the likeliest of those."""
    if head == "language":
        answers = [analysis.language for analysis in analyses]
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
            main = accuracy if head == "language" else next(iter(metrics_of(head, own).values()))
            report.by_language[language] = (count, estimate(main, own))
    return report


def print_report(path: str | Path, out: TextIO) -> Report:
    """Writes the table of a file; the same Report is returned."""
    report = evaluate_file(path)
    out.write(f"{report.path}: {report.posts} posts, model {report.model}; in brackets 95 % bootstrap intervals\n")
    for head, measured in report.heads.items():
        out.write(f"\n{head} ({measured.rows} rows)\n")
        for name, figure in measured.metrics.items():
            out.write(f"  {name:<24}{_written(figure)}\n")
        main = next(iter(measured.metrics), "")
        for language, (count, figure) in measured.by_language.items():
            out.write(f"    {main} {language:<8}{_written(figure)}  ({count})\n")
    if report.left_out:
        out.write("\n")
    for column, counts in report.left_out.items():
        out.write(f"{_told(column, counts)}\n")
    return report


def _written(figure: Estimate) -> str:
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
