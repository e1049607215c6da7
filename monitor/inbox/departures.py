"""Remembers deletions outside the database, as salted hashes: a backup from before a deletion must not undo it.

`HOME/deletions.log`, a line each: brand, hash, and of authors who show nothing any more the moment (seconds since 1970)
up to which their posts stay out. A line is on the disk before its deletion is committed, so one without a
tombstone is either a deletion that a restored backup lacks or one that was cut short: both are to be carried out.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from django.conf import settings

_KEY_LENGTH = 64


def path() -> Path:
    return Path(settings.LEDGER_FOLDER) / "deletions.log"


def remember(brand_id: int, keys: Sequence[bytes], *, until: datetime | None = None) -> None:
    """On the disk when it returns. One write: lines of several processes do not mix. `until`: the keys are authors'."""
    if not keys:
        return
    end = "" if until is None else f" {until.timestamp():.6f}"
    lines = "".join(f"{brand_id} {bytes(key).hex()}{end}\n" for key in keys)
    path().parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, lines.encode("ascii"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read() -> Iterator[tuple[int, bytes]]:
    """(brand id, hash), the oldest first. A line that a crash cut short is passed over."""
    try:
        with path().open(encoding="ascii", errors="replace") as file:
            yield from _parsed(file)
    except FileNotFoundError:
        return


def newest(count: int) -> list[tuple[int, bytes]]:
    """The last lines, without reading the others. They alone show a restored backup: it lacks all that came after."""
    try:
        with path().open("rb") as file:
            start = max(0, file.seek(0, os.SEEK_END) - count * (_KEY_LENGTH + 24))
            file.seek(start)
            lines = file.read().decode("ascii", "replace").splitlines()
    except FileNotFoundError:
        return []
    return list(_parsed(islice(lines, 1 if start else 0, None)))[-count:]


def moments() -> dict[tuple[int, bytes], datetime]:
    """(brand id, hash) of each author who left → up to when, the latest."""
    found: dict[tuple[int, bytes], datetime] = {}
    try:
        with path().open(encoding="ascii", errors="replace") as file:
            for brand_id, key, until in _lines(file):
                if until is not None:
                    found[brand_id, key] = max(until, found.get((brand_id, key), until))
    except FileNotFoundError:
        pass
    return found


def _parsed(lines: Iterable[str]) -> Iterator[tuple[int, bytes]]:
    return ((brand_id, key) for brand_id, key, _until in _lines(lines))


def _lines(lines: Iterable[str]) -> Iterator[tuple[int, bytes, datetime | None]]:
    for line in lines:
        brand_id, _, rest = line.strip().partition(" ")
        key, _, until = rest.partition(" ")
        if brand_id.isascii() and brand_id.isdigit() and len(key) == _KEY_LENGTH:
            try:
                yield int(brand_id), bytes.fromhex(key), datetime.fromtimestamp(float(until), UTC) if until else None
            except (ValueError, OverflowError, OSError):
                continue
