"""Remembers erasures outside the database, as salted hashes: a backup from before an erasure must not undo it."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True, slots=True)
class LedgerLine:
    brand_id: int
    platform: str
    key_hash: bytes


def ledger_path() -> Path:
    return Path(settings.LEDGER_FOLDER) / "erasures.jsonl"


def append(line: LedgerLine) -> None:
    """On the disk when it returns."""
    words = {
        "brand": line.brand_id,
        "platform": line.platform,
        "key": line.key_hash.hex(),
        "erased_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    path = ledger_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as file:
        file.write(json.dumps(words) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read() -> Iterator[LedgerLine]:
    """A line that a crash cut short is passed over: its erasure had not been confirmed to anybody."""
    try:
        lines = ledger_path().read_text(encoding="ascii", errors="replace").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            words = json.loads(line)
            yield LedgerLine(int(words["brand"]), str(words["platform"]), bytes.fromhex(words["key"]))
        except (ValueError, KeyError, TypeError):
            continue
