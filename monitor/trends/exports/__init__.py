"""Exports: one query through a server-side cursor into one file, which appears under its name only when complete.

Without `with_people` no author, address or private message goes out, and what looks like personal data in a public
text is masked.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.db import connection, transaction

from monitor.brands.models import Brand
from monitor.brands.selectors import order_patterns
from monitor.platforms.registry import get_platform, platform_codes
from monitor.text.masking import mask
from monitor.trends.exports.cells import Value
from monitor.trends.exports.tables import TABLES, TRENDS, Table, count_statement, statement
from monitor.trends.exports.writers import WRITERS, Writer

CHUNK_ROWS = 5_000
WATCH_ROWS = 500
PICTURE = "png"
FORMATS = (*WRITERS, PICTURE)

Progress = Callable[[int, int | None], None]


class ExportError(ValueError):
    """What was asked for cannot be exported; the message says why."""


def export(
    kind: str,
    *,
    format: str = "csv",
    out: Path | str,
    since: datetime | None = None,
    until: datetime | None = None,
    brand: str | None = None,
    with_people: bool = False,
    progress: Progress | None = None,
) -> int:
    """Writes trends, cases or posts of one brand (its short name) or of all; returns how many rows. `png` draws trends.

    `since` counts, `until` does not. `progress` is called with the number of rows so far, and of how many (None where
    only the end tells). Raises ExportError; the file is then as it was before.
    """
    table, brand_id = _check(kind, format), _brand_id(brand)
    with _appearing_at_once(Path(out)) as file:
        return _write(file, table, format, brand_id, since, until, with_people, progress)


def export_to(
    file: BinaryIO,
    kind: str,
    *,
    format: str,
    brand: Brand,
    since: datetime | None = None,
    until: datetime | None = None,
    with_people: bool = False,
) -> int:
    """As `export`, into an open file."""
    return _write(file, _check(kind, format), format, brand.pk, since, until, with_people)


def _check(kind: str, format: str) -> Table:
    if kind not in TABLES:
        raise ExportError(f"There is no table {kind!r}; there are {', '.join(TABLES)}.")
    if format == PICTURE and kind != TRENDS.kind:
        raise ExportError(f"Only trends can be drawn as {PICTURE}; write {kind} as {', '.join(WRITERS)}.")
    if format not in FORMATS:
        raise ExportError(f"{kind} cannot be written as {format}; choose {', '.join(FORMATS)}.")
    return TABLES[kind]


def _writer(format: str) -> Writer:
    """The drawing library is loaded for a picture only."""
    if format != PICTURE:
        return WRITERS[format]
    from monitor.trends.exports.picture import write_png

    return write_png


def _brand_id(slug: str | None) -> int | None:
    if slug is None:
        return None
    found = Brand.objects.filter(slug=slug).values_list("id", flat=True).first()
    if found is None:
        raise ExportError(f"There is no brand {slug}.")
    return found


def _write(
    file: BinaryIO,
    table: Table,
    format: str,
    brand_id: int | None,
    since: datetime | None,
    until: datetime | None,
    with_people: bool,
    progress: Progress | None = None,
) -> int:
    values = {
        "brand": brand_id,
        "since": since,
        "until": until,
        "with_people": with_people,
        "ids_only": [code for code in platform_codes() if not get_platform(code).declaration.hands_texts_on],
    }
    rows = _rows(statement(table, with_people=with_people), values)
    if progress is not None:
        rows = _watched(rows, progress, _count(table, values))
    if "text" in table.names and not with_people:
        rows = _masked(rows, table, _order_patterns())
    return _writer(format)(file, table.columns, rows)


def _rows(query: str, values: dict[str, Any]) -> Iterator[Sequence[Value]]:
    # Inside a transaction the cursor reads as it goes; outside, PostgreSQL would first store the whole answer.
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(query, values)
        while rows := cursor.fetchmany(CHUNK_ROWS):
            yield from rows


def _count(table: Table, values: dict[str, Any]) -> int | None:
    if not table.counted:
        return None
    with connection.cursor() as cursor:
        cursor.execute(count_statement(table), values)
        count: int = cursor.fetchone()[0]
        return count


def _watched(rows: Iterator[Sequence[Value]], progress: Progress, total: int | None) -> Iterator[Sequence[Value]]:
    for number, row in enumerate(rows, start=1):
        yield row
        if number % WATCH_ROWS == 0:
            progress(number, total)


def _order_patterns() -> dict[str, tuple[str, ...]]:
    return {brand.slug: order_patterns(brand) for brand in Brand.objects.only("slug", "order_patterns")}


def _masked(
    rows: Iterator[Sequence[Value]], table: Table, patterns: dict[str, tuple[str, ...]]
) -> Iterator[Sequence[Value]]:
    text_at, brand_at = table.names.index("text"), table.names.index("brand")
    for row in rows:
        cells = list(row)
        if text := cells[text_at]:
            cells[text_at] = mask(str(text), patterns.get(str(cells[brand_at]), ()))
        yield cells


@contextmanager
def _appearing_at_once(path: Path) -> Iterator[BinaryIO]:
    """A file beside `path`, readable by its owner only, that takes its name once everything is on the disk."""
    if path.is_dir():
        raise ExportError(f"{path} is a folder, not a file.")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:80]}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
