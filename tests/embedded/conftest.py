"""Homes for servers of their own. They lie in short paths that the server's user can walk into, also under root."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.embedded.home import Home


@contextmanager
def short_home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="md-"))
    folder.chmod(0o711)
    try:
        yield folder / "home"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """An empty home that the environment names, with no other servers named."""
    with short_home() as path:
        monkeypatch.setenv("MENTIONDESK_HOME", str(path))
        monkeypatch.delenv("DATABASE_URL", raising=False)
        monkeypatch.delenv("REDIS_URL", raising=False)
        opened = Home(path)
        opened.open_folders()
        yield opened
        opened.release_lock()


def is_alive(pid: int) -> bool:
    """False for a process that is gone, and for one that only waits to be asked how it ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True
