"""Reads labelled TSV and JSONL files for `evaluate`: texts with labels under the names of their heads.

Rows that cannot be read are put aside with their line. What a label means is told by label_meanings.py; labels that are
none of ours are left out. Both are counted, so that no figure rests on less than it seems to.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from monitor.nlp.label_meanings import LANGUAGE, STARS, head_of_label, mean_stars, read_labels
from monitor.nlp.labels import HEADS

#: Column → the name under which it is read.
_SAME_COLUMNS: Final = {"tweet": "text", "lang": LANGUAGE, "stars": STARS}
_YES_NO: Final = {True: "yes", False: "no"}


class EvaluationError(ValueError):
    """The file has no text, no row that can be read, or no label that the engine knows."""


@dataclass(frozen=True, slots=True)
class LabelledPost:
    """A text, its labels by head, and its language as a tag (or as the file calls it, where that is no language)."""

    text: str
    labels: dict[str, str]
    language: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Labels of a column that are not measured, with the number of rows that have them, and why."""

    why: str
    labels: Counter[str]


@dataclass(slots=True)
class Labelled:
    """What a file holds: posts, the lines of rows put aside by reason, columns left out, and how the rest is read."""

    posts: list[LabelledPost]
    put_aside: dict[str, list[int]] = field(default_factory=dict)
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Rows:
    """The cells of a file by column, and the lines that are no rows."""

    good: list[dict[str, str]] = field(default_factory=list)
    put_aside: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


def read_labelled(path: Path) -> Labelled:
    """Posts of the file with what it says of them. Raises EvaluationError, OSError."""
    content = path.read_text(encoding="utf-8-sig", errors="replace")
    lines = [(number, line) for number, line in enumerate(content.split("\n"), start=1) if line.strip()]
    is_json = content.lstrip().startswith("{")
    rows = _read_json_lines(lines) if is_json else _read_table(path, lines)
    if not rows.good:
        told = "".join(f" {line}." for line in told_aside(rows.put_aside))
        raise EvaluationError(f"{path} has no row that can be read.{told}")
    labelled = _read_columns(rows.good)
    labelled.put_aside = dict(rows.put_aside)
    return labelled


def told_aside(put_aside: dict[str, list[int]], shown: int = 20) -> Iterator[str]:
    """Which lines were put aside, a sentence without its full stop a reason."""
    for why, lines in put_aside.items():
        numbers = ", ".join(map(str, lines[:shown]))
        more = f" and {len(lines) - shown} more" if len(lines) > shown else ""
        yield f"{_count(len(lines))} put aside, {why}: line{'s' if len(lines) > 1 else ''} {numbers}{more}"


def told_left_out(left_out: dict[str, LeftOut], shown: int = 5, longest: int = 32) -> Iterator[str]:
    """Which labels of a column were left out, the most frequent first; a sentence without its full stop a column."""
    for column, left in left_out.items():
        names = [f"{label[:longest]} {count}" for label, count in left.labels.most_common(shown)]
        more = [f"and {len(left.labels) - shown} more"] if len(left.labels) > shown else []
        yield f"{column}: {_count(left.labels.total())} left out, {left.why} ({', '.join(names + more)})"


def _count(rows: int) -> str:
    return f"{rows} row{'' if rows == 1 else 's'}"


def _read_table(path: Path, lines: list[tuple[int, str]]) -> _Rows:
    header = [name.strip().lower() for name in lines[0][1].rstrip("\r").split("\t")] if lines else []
    header = [_SAME_COLUMNS.get(name, name) if _SAME_COLUMNS.get(name) not in header else name for name in header]
    if "text" not in header:
        raise EvaluationError(f"{path} has no column `text` in its first line, and is not JSONL.")
    rows, width, text = _Rows(), len(header), header.index("text")
    cells = [cut_cells(line, width) for _, line in lines[1:]]
    for place, (number, _) in enumerate(lines[1:]):
        if len(cells[place]) != width:
            rows.put_aside[f"{'fewer' if len(cells[place]) < width else 'more'} columns than the header"].append(number)
        elif text == width - 1 and len(cells[min(place + 1, len(cells) - 1)]) < width:
            rows.put_aside["the text goes on in the next line"].append(number)
        elif text == 0 and place and len(cells[place - 1]) < width:
            rows.put_aside["the text begins in the line before"].append(number)
        else:
            rows.good.append(dict(zip(header, cells[place], strict=True)))
    return rows


def cut_cells(line: str, width: int) -> list[str]:
    """The cells of a line of TSV; empty ones behind the last column are none."""
    cells = line.rstrip("\r").split("\t")
    while len(cells) > width and not cells[-1]:
        cells.pop()
    return cells


def _read_json_lines(lines: list[tuple[int, str]]) -> _Rows:
    rows = _Rows()
    for number, line in lines:
        try:
            # Control characters inside a text are no reason to lose it.
            stored = json.loads(line, strict=False)
        except (ValueError, RecursionError):
            rows.put_aside["not valid JSON"].append(number)
            continue
        if not isinstance(stored, dict):
            rows.put_aside["not a JSON object"].append(number)
            continue
        row = {str(_SAME_COLUMNS.get(name, name)): value for name, value in stored.items()} | stored
        if isinstance(row.get("text"), str):
            rows.good.append({name: _word(value) for name, value in row.items()})
        else:
            rows.put_aside["`text` is missing or not a string"].append(number)
    return rows


def _word(value: Any) -> str:
    """A JSON value as a table has it: true is "yes", and nothing is nothing."""
    if isinstance(value, bool):
        return _YES_NO[value]
    return "" if value is None else str(value)


def _read_columns(rows: list[dict[str, str]]) -> Labelled:
    """What each column says of each row, in the words of the heads. A column of a head's own name goes first."""
    columns = {name: _values(rows, name) for name in (*HEADS, LANGUAGE, STARS, "label")}
    wanted = [(head, head) for head in (*HEADS, LANGUAGE)] + [(head_of_label(columns["label"]), "label")]
    said = [(head, column, read_labels(head, columns[column])) for head, column in wanted if columns[column]]
    notes: list[str] = []
    if columns[STARS] and any(head == "sentiment" and meanings.ours for head, _, meanings in said):
        notes.append(f"`{STARS}` is not read: the file has labels of sentiment.")
    elif columns[STARS]:
        said.append(("sentiment", STARS, mean_stars(columns[STARS])))
    labels: list[dict[str, str]] = [{} for _ in rows]
    left_out: dict[str, LeftOut] = {}
    for head, column, meanings in said:
        for row, own in zip(rows, labels, strict=True):
            if meaning := meanings.ours.get(row.get(column, "")):
                own.setdefault(head, meaning)
        if left := {label: count for label, count in columns[column].items() if label not in meanings.ours}:
            left_out[column] = LeftOut(meanings.why, Counter(left))
        notes += [meanings.note] if meanings.ours and meanings.note else []
    posts = [
        LabelledPost(row["text"], own, own.get(LANGUAGE, row.get(LANGUAGE, "")))
        for row, own in zip(rows, labels, strict=True)
    ]
    return Labelled(posts, left_out=left_out, notes=notes)


def _values(rows: list[dict[str, str]], column: str) -> Counter[str]:
    return Counter(value for row in rows if (value := row.get(column, "")).strip())
