"""Where a word still stands: in any column of any table of the database, in any file of a folder.

The columns are the database's own (information_schema), not those that our models know of.
"""

import gzip
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.db import connection

_COLUMNS = """
    SELECT columns.table_name, columns.column_name
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
        AND table_name NOT IN (SELECT inhrelid::regclass::text FROM pg_inherits)
    ORDER BY 1, 2
"""


def columns() -> list[tuple[str, str]]:
    """(table, column); of partitioned tables the whole."""
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        return list(cursor.fetchall())


def traces_of(*words: str) -> list[str]:
    """table.column of every place that holds one of the words, whatever its type: text, JSON, bytes, search words."""
    pattern = _pattern(words)
    found = []
    with connection.cursor() as cursor:
        for table, column in columns():
            cursor.execute(f'SELECT "{column}"::text FROM "{table}" WHERE "{column}" IS NOT NULL')
            if any(pattern.search(read) for (value,) in cursor.fetchall() for read in _readings(value)):
                found.append(f"{table}.{column}")
    return found


def files_with(folder: Path, *words: str) -> list[str]:
    """Files under the folder that hold one of the words, packed or not."""
    pattern = _pattern(words)
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return sorted(name for name, path in files.items() if any(map(pattern.search, _texts_of(path))))


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE)


def _readings(value: str) -> Iterator[str]:
    yield value
    if value.startswith("\\x"):
        yield bytes.fromhex(value[2:]).decode("utf-8", "replace")


def _texts_of(path: Path) -> Iterator[str]:
    raw = path.read_bytes()
    yield raw.decode("utf-8", "replace")
    if raw[:2] == b"\x1f\x8b":
        yield gzip.decompress(raw).decode("utf-8", "replace")
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            for name in packed.namelist():
                yield packed.read(name).decode("utf-8", "replace")
