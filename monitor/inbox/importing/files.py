"""Reads JSONL, CSV and TSV files of other people as rows, one after the other, in constant memory.

A row that cannot be read is a `BadRow`; only a file that makes no sense as a whole raises ImportFileError.
"""

import csv
import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO

LONGEST_ROW_BYTES = 16 * 1024 * 1024
_MOST_LINES_OF_A_ROW = 200
_LONGEST_OPEN_BYTES = 1024 * 1024
_LOOK_BYTES = 64 * 1024
_DELIMITERS = ",;\t|"
_MAGIC = {
    b"PK\x03\x04": "a ZIP or Excel file",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "an SQLite database",
}
#: How Google writes what it exports.
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class ImportFileError(Exception):
    """The file as a whole cannot be imported; the message is the sentence to show."""


@dataclass(frozen=True, slots=True)
class Row:
    """A readable row. `cells` as they stand in the file; `raw` its bytes; `line` counts from 1."""

    line: int
    cells: Mapping[str, Any]
    raw: bytes


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read, and the code of why."""

    line: int
    code: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class _Shape:
    kind: str  # jsonl, csv, tsv
    delimiter: str = ","


def open_rows(path: Path) -> tuple[Sequence[str] | None, Iterator[Row | BadRow]]:
    """The column names (None for JSONL, where each row has its own) and the rows. Raises ImportFileError."""
    start, encoding = _first_bytes(path)
    shape = _shape_of(path, start)
    rows = _lines(path, encoding, ends_with_cr=b"\r" in start and b"\n" not in start)
    if shape.kind == "jsonl":
        return None, _json_rows(rows)
    header = _header(path, rows, shape)
    return header, (_tsv_rows(rows, header) if shape.kind == "tsv" else _csv_rows(rows, header, shape.delimiter))


def _first_bytes(path: Path) -> tuple[bytes, str]:
    """The start of the file in UTF-8, and how the file is encoded."""
    try:
        with path.open("rb") as file:
            start = file.read(_LOOK_BYTES)
    except FileNotFoundError:
        raise ImportFileError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise ImportFileError(f"{path} is a folder, not a file.") from None
    except OSError as error:
        raise ImportFileError(f"{path} cannot be read: {error.strerror}.") from error
    for magic, name in _MAGIC.items():
        if start.startswith(magic):
            raise ImportFileError(f"{path} is {name}; save it as JSONL, CSV or TSV in UTF-8.")
    encoding = "utf-8"
    if start.startswith(_UTF16):
        encoding = "utf-16"
        start = start[: len(start) // 2 * 2].decode(encoding, "replace").encode("utf-8", "replace")
    if not start.strip(b"\xef\xbb\xbf \t\r\n"):
        raise ImportFileError(f"{path} is empty.")
    # NUL alone is tolerated (it is taken out of the text); other control characters are not written by people.
    odd = sum(byte < 32 and byte not in b"\x00\t\n\r\x0c\x1b" for byte in start)
    if odd > len(start) / 20 or start.count(0) > len(start) / 4:
        raise ImportFileError(f"{path} is not a text file; JSONL, CSV or TSV in UTF-8 is needed.")
    return start, encoding


def _shape_of(path: Path, start: bytes) -> _Shape:
    """By the file's name, else by what its first line looks like."""
    first_line = start.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0].decode("utf-8", "replace")
    if first_line.startswith("["):
        raise ImportFileError(f"{path} is one JSON list; JSONL has one object a line.")
    suffix = path.suffix.casefold()
    if suffix in {".jsonl", ".ndjson", ".json"} or first_line.startswith("{"):
        return _Shape("jsonl")
    if suffix in {".tsv", ".tab"}:
        return _Shape("tsv")
    found = max(_DELIMITERS, key=first_line.count)
    if suffix != ".csv" and found == "\t" and "\t" in first_line:
        return _Shape("tsv")
    return _Shape("csv", found if found in first_line else ",")


class _Lines(Protocol):
    def readline(self, most: int, /) -> bytes: ...


class _CarriageReturnLines:
    """The lines of a file that ends them with CR alone, as if with LF."""

    def __init__(self, text: TextIO) -> None:
        self._text = text

    def readline(self, most: int, /) -> bytes:
        return self._text.readline(most).encode("latin-1").replace(b"\r", b"\n")


class _EncodedLines:
    """The lines of a file in another encoding, as if it were UTF-8. Half a letter becomes a question mark."""

    def __init__(self, text: TextIO) -> None:
        self._text = text

    def readline(self, most: int, /) -> bytes:
        return self._text.readline(most).encode("utf-8", "replace")


def _lines(path: Path, encoding: str = "utf-8", *, ends_with_cr: bool = False) -> Iterator[tuple[int, bytes]]:
    """(number, bytes without the line's end). Of a line beyond the limit only its start is kept, one byte too long."""
    with ExitStack() as stack:
        file: _Lines
        if encoding != "utf-8":
            text = path.open(encoding=encoding, errors="replace", newline="\r" if ends_with_cr else "\n")
            file = _EncodedLines(stack.enter_context(text))
        elif ends_with_cr:
            # Latin-1 is every byte as it is.
            file = _CarriageReturnLines(stack.enter_context(path.open(encoding="latin-1", newline="\r")))
        else:
            file = stack.enter_context(path.open("rb"))
        number = 0
        while line := file.readline(LONGEST_ROW_BYTES + 1):
            number += 1
            if len(line) > LONGEST_ROW_BYTES and not line.endswith(b"\n"):
                _skip_line(file)
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            yield number, line.rstrip(b"\r\n") if len(line) <= LONGEST_ROW_BYTES else line


def _skip_line(file: _Lines) -> None:
    while (rest := file.readline(LONGEST_ROW_BYTES)) and not rest.endswith(b"\n"):
        pass


def _decode(number: int, line: bytes) -> str | BadRow:
    if len(line) > LONGEST_ROW_BYTES:
        return BadRow(number, "row.too_long", line[:4096])
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return BadRow(number, "row.not_utf8", line)


def _header(path: Path, lines: Iterator[tuple[int, bytes]], shape: _Shape) -> list[str]:
    for number, line in lines:
        if not line.strip():
            continue
        text = _decode(number, line)
        if isinstance(text, BadRow):
            raise ImportFileError(f"The first line of {path} is not UTF-8 text.")
        try:
            names = text.split("\t") if shape.kind == "tsv" else next(csv.reader([text], delimiter=shape.delimiter))
        except csv.Error:
            raise ImportFileError(f"The first line of {path} names no columns: it is not CSV.") from None
        return [name.strip().strip('"').replace("\x00", "") for name in names]
    raise ImportFileError(f"{path} is empty.")


def _json_rows(lines: Iterator[tuple[int, bytes]]) -> Iterator[Row | BadRow]:
    for number, line in lines:
        if not line.strip():
            continue
        text = _decode(number, line)
        if isinstance(text, BadRow):
            yield text
            continue
        try:
            # Control characters inside a text are no reason to lose it.
            value = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            yield BadRow(number, "row.not_json", line)
            continue
        yield Row(number, value, line) if isinstance(value, dict) else BadRow(number, "row.not_an_object", line)


def _tsv_rows(lines: Iterator[tuple[int, bytes]], header: list[str]) -> Iterator[Row | BadRow]:
    """No quoting: a quote is a quote, and a row is a line."""
    for number, line in lines:
        if not line.strip(b" \t\r"):
            continue
        text = _decode(number, line)
        yield text if isinstance(text, BadRow) else _named(number, text.split("\t"), header, line)


def _csv_rows(lines: Iterator[tuple[int, bytes]], header: list[str], delimiter: str) -> Iterator[Row | BadRow]:
    """Quoted cells may hold line ends. A quote that is never closed costs its own line, not the rest of the file."""
    csv.field_size_limit(LONGEST_ROW_BYTES)
    waiting: deque[tuple[int, bytes]] = deque()

    def pull() -> tuple[int, bytes] | None:
        return waiting.popleft() if waiting else next(lines, None)

    while pulled := pull():
        if not pulled[1].strip():
            continue
        taken = [pulled]
        result = _parse_csv(taken, delimiter)
        while result is None and _may_grow(taken) and (more := pull()):
            taken.append(more)
            # Only a line with a quote can end the cell; the others need no look.
            if b'"' in more[1]:
                result = _parse_csv(taken, delimiter)
        if result is None or _swallows_rows(taken, result, len(header), delimiter):
            waiting.extendleft(reversed(taken[1:]))
            yield BadRow(pulled[0], "row.open_quote", pulled[1])
        elif isinstance(result, BadRow):
            yield result
        else:
            yield _named(pulled[0], result, header, b"\n".join(each for _, each in taken))


def _swallows_rows(taken: list[tuple[int, bytes]], result: list[str] | BadRow, columns: int, delimiter: str) -> bool:
    """Whether a row of several lines is rather a quote left open, which another row's quote seemed to close.

    What RFC 4180 allows is believed; else a line within that has all columns is a row of its own.
    """
    if len(taken) == 1:
        return False
    if isinstance(result, BadRow) or len(result) > columns:
        return True
    lines = [line.decode("utf-8", "replace") for _, line in taken]
    try:
        _one_record("\n".join(lines), delimiter, strict=True)
    except csv.Error:
        return columns > 1 and any(line.count(delimiter) == columns - 1 for line in lines[1:])
    return False


def _may_grow(taken: list[tuple[int, bytes]]) -> bool:
    return len(taken) < _MOST_LINES_OF_A_ROW and sum(len(line) for _, line in taken) < _LONGEST_OPEN_BYTES


def _parse_csv(taken: list[tuple[int, bytes]], delimiter: str) -> list[str] | BadRow | None:
    """The cells; None where a quoted cell is still open."""
    number = taken[0][0]
    text = _decode(number, b"\n".join(line for _, line in taken))
    if isinstance(text, BadRow):
        return text
    if '"' not in text:
        return text.split(delimiter)
    try:
        return _one_record(text, delimiter, strict=True)
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
    try:
        return _one_record(text, delimiter, strict=False)
    except csv.Error:
        return BadRow(number, "row.not_csv", text.encode())


def _one_record(text: str, delimiter: str, *, strict: bool) -> list[str]:
    records = list(csv.reader([line + "\n" for line in text.split("\n")], delimiter=delimiter, strict=strict))
    if len(records) != 1:
        raise csv.Error("more than one record")
    return records[0]


def _named(number: int, cells: list[str], header: list[str], raw: bytes) -> Row | BadRow:
    """Missing cells at the end are empty; one too many means that a delimiter stood in a text."""
    if len(cells) > len(header):
        if any(cell.strip() for cell in cells[len(header) :]):
            return BadRow(number, "row.too_many_columns", raw)
        cells = cells[: len(header)]
    return Row(number, dict(zip(header, cells, strict=False)), raw)
