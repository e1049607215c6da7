"""Analysis of a stream without a database: JSONL or TSV in, JSONL out, one line a post in input order.

A row that cannot be read is counted and reported with its line number; it never stops the run.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Protocol, TextIO

from monitor.nlp.custom_topics import CustomTopics
from monitor.nlp.engine import Engine, PostAnalysis, PostInput, load_engine
from monitor.nlp.labelled import cut_cells
from monitor.text.clean import clean

_POSTS_A_BATCH = 256


class StreamFormatError(ValueError):
    """The input as a whole cannot be read: neither JSONL nor a TSV with a `text` column."""


@dataclass(frozen=True, slots=True)
class InputRow:
    """A post of the stream, or why the line is none (`error`)."""

    line: int
    id: str = ""
    text: str = ""
    language_hint: str = ""
    error: str = ""


class Report(Protocol):
    """Where lines for the person go: a file, or what shows progress too."""

    def write(self, text: str, /) -> object: ...


@dataclass(slots=True)
class AnalyzeCounts:
    """What a run did: posts analysed, rows put aside, and the first of those with line and reason."""

    analyzed: int = 0
    bad: int = 0


def run_analyze(
    source: TextIO,
    out: TextIO,
    topics_path: str | None = None,
    report: Report | None = None,
    progress: Callable[[int], None] | None = None,
) -> AnalyzeCounts:
    """Analyses `source` into `out`; bad rows go to `report` (default: stderr), one line each.

    `progress` is called with the number of rows done so far, those put aside included.
    Raises StreamFormatError for an input that is neither JSONL nor TSV, CustomTopicsError for a bad topics file.
    """
    counts = AnalyzeCounts()
    told: Report = report or sys.stderr
    topics = CustomTopics.load(topics_path, load_engine()) if topics_path else None

    def count(*, analyzed: int = 0, bad: int = 0) -> None:
        counts.analyzed += analyzed
        counts.bad += bad
        if progress is not None:
            progress(counts.analyzed + counts.bad)

    def put_aside(row: InputRow) -> None:
        told.write(f"line {row.line}: {row.error}\n")
        count(bad=1)

    for answer in analyze_lines(source, topics=topics, on_bad_row=put_aside):
        out.write(json.dumps(answer, ensure_ascii=False) + "\n")
        count(analyzed=1)
    return counts


def analyze_lines(
    lines: Iterable[str],
    *,
    engine: Engine | None = None,
    topics: CustomTopics | None = None,
    on_bad_row: Callable[[InputRow], None] | None = None,
) -> Iterator[dict[str, Any]]:
    """One dictionary a post (the fields of `mentiondesk analyze`), lazily, in input order."""
    engine = engine or load_engine()
    rows = read_rows(lines)
    while batch := list(islice(rows, _POSTS_A_BATCH)):
        good = [row for row in batch if not row.error]
        for row in batch:
            if row.error and on_bad_row:
                on_bad_row(row)
        analyses = engine.analyze([PostInput(row.text, row.language_hint) for row in good])
        for row, analysis in zip(good, analyses, strict=True):
            yield to_json(row.id, topics.refine(analysis) if topics else analysis)


def to_json(post_id: str, analysis: PostAnalysis) -> dict[str, Any]:
    """The published form of an analysis; its field names are a contract."""
    return {
        "id": post_id,
        "language": analysis.language,
        "intent": analysis.intent,
        "needs_reply": analysis.needs_reply,
        "sentiment": analysis.sentiment,
        "sentiment_scores": analysis.sentiment_scores,
        "complaint": analysis.complaint,
        "complaint_score": analysis.complaint_score,
        "severity": analysis.severity,
        "escalate": analysis.escalate,
        "escalate_score": analysis.escalate_score,
        "topic": analysis.topic,
        "topic_scores": analysis.topic_scores,
        "audience": analysis.audience,
        "entities": [asdict(entity) for entity in analysis.entities],
        "reasons": [reason.to_json() for reason in analysis.reasons],
        "model": analysis.model,
    }


def read_rows(lines: Iterable[str]) -> Iterator[InputRow]:
    """Rows of JSONL or TSV (told by the first line that is not blank). Lines count from 1."""
    numbered = ((number, line.rstrip("\r\n")) for number, line in enumerate(lines, start=1))
    numbered = ((number, line.removeprefix("\ufeff") if number == 1 else line) for number, line in numbered)
    filled = ((number, line) for number, line in numbered if line.strip())
    first = next(filled, None)
    if first is None:
        return
    if first[1].lstrip().startswith("{"):
        yield _json_row(*first)
        for number, line in filled:
            yield _json_row(number, line)
    else:
        header = first[1].split("\t")
        columns = _columns(header)
        for number, line in filled:
            yield _tsv_row(number, cut_cells(line, len(header)), columns, len(header))


def _columns(header: list[str]) -> dict[str, int]:
    columns = {name.strip().lower(): place for place, name in enumerate(header)}
    if "text" not in columns:
        raise StreamFormatError("The input is neither JSONL nor a TSV whose header names a column `text`.")
    return columns


def _json_row(number: int, line: str) -> InputRow:
    try:
        # Control characters inside a text are no reason to lose it.
        stored = json.loads(line, strict=False)
    except (ValueError, RecursionError):
        return InputRow(number, error="not valid JSON")
    if not isinstance(stored, dict):
        return InputRow(number, error="not a JSON object")
    text = stored.get("text")
    if not isinstance(text, str):
        return InputRow(number, error="`text` is missing or not a string")
    hint = stored.get("lang") or stored.get("language") or ""
    return InputRow(number, _id_of(stored.get("id"), number), text, hint if isinstance(hint, str) else "")


def _tsv_row(number: int, cells: list[str], columns: dict[str, int], width: int) -> InputRow:
    if len(cells) <= columns["text"]:
        return InputRow(number, error="fewer columns than the header")
    if len(cells) > width:
        # A tab inside of the text, most likely: nobody can tell which cells are its parts.
        return InputRow(number, error="more columns than the header")

    def cell(name: str) -> str:
        return cells[columns[name]] if name in columns and columns[name] < len(cells) else ""

    return InputRow(number, _id_of(cell("id") or None, number), cell("text"), cell("lang") or cell("language"))


def _id_of(given: Any, number: int) -> str:
    """The row's own id as text, or its line number."""
    is_plain = isinstance(given, (str, int)) and not isinstance(given, bool)
    return clean(str(given)) if is_plain and str(given) else str(number)
