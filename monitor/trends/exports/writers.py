"""One function per file format: rows in, bytes out, in constant memory; each returns how many rows it wrote."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from monitor.trends.exports.cells import Value, cut_to_cell, spell, spell_guarded
from monitor.trends.exports.tables import Column

Rows = Iterable[Sequence[Value]]
Writer = Callable[[BinaryIO, Sequence[Column], Rows], int]

SHEET_ROWS = 1_048_576
PARQUET_BATCH = 20_000


class _Counter:
    """Counts rows on their way through."""

    def __init__(self, rows: Rows) -> None:
        self.count = 0
        self._rows = rows

    def __iter__(self) -> Iterator[Sequence[Value]]:
        for row in self._rows:
            self.count += 1
            yield row


def write_csv(file: BinaryIO, columns: Sequence[Column], rows: Rows) -> int:
    """RFC 4180: UTF-8, CRLF, quotes where needed; texts guarded against formulas."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
    counter = _Counter(rows)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    writer.writerows([spell_guarded(cell) for cell in row] for row in counter)
    text.flush()
    text.detach()
    return counter.count


def write_jsonl(file: BinaryIO, columns: Sequence[Column], rows: Rows) -> int:
    """One object a row, every column present; times as ISO 8601 in UTC. Texts are exact."""
    names = [column.name for column in columns]
    count = 0
    for row in rows:
        cells = (cell if isinstance(cell, bool) else spell(cell) for cell in row)
        file.write(json.dumps(dict(zip(names, cells, strict=True)), ensure_ascii=False).encode() + b"\n")
        count += 1
    return count


def write_xlsx(file: BinaryIO, columns: Sequence[Column], rows: Rows) -> int:
    """Texts are stored as texts, never as formulas, numbers or links. What exceeds a sheet goes on in the next."""
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    counter = _Counter(rows)
    source = iter(counter)
    with xlsxwriter.Workbook(file, {**options, "strings_to_numbers": False}) as book:
        bold = book.add_format({"bold": True})
        is_full = True
        while is_full:
            sheet = book.add_worksheet()
            sheet.freeze_panes(1, 0)
            for place, column in enumerate(columns):
                sheet.write_string(0, place, column.name, bold)
            is_full = _fill_sheet(sheet, source)
    return counter.count


def _fill_sheet(sheet: "object", source: Iterator[Sequence[Value]]) -> bool:
    """Whether the sheet is full and rows may be left."""
    write_string, write_number = sheet.write_string, sheet.write_number  # type: ignore[attr-defined]
    number = 0
    for number, row in enumerate(islice(source, SHEET_ROWS - 1), start=1):
        for place, value in enumerate(row):
            cell = spell(value)
            if isinstance(cell, str):
                write_string(number, place, cut_to_cell(cell))
            elif cell is not None:
                write_number(number, place, cell)
    return number == SHEET_ROWS - 1


def write_parquet(file: BinaryIO, columns: Sequence[Column], rows: Rows) -> int:
    """Typed columns; times are microseconds in UTC."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "flag": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
        "date": pa.date32(),
    }
    schema = pa.schema([(column.name, types[column.kind]) for column in columns])
    count = 0
    source = iter(rows)
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(islice(source, PARQUET_BATCH)):
            arrays = [pa.array(cells, kind.type) for cells, kind in zip(zip(*batch, strict=True), schema, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            count += len(batch)
    return count


WRITERS: dict[str, Writer] = {"csv": write_csv, "xlsx": write_xlsx, "parquet": write_parquet, "jsonl": write_jsonl}
