"""The home folder: its parts, whether it can be used, who holds it, and what runs in it (`run/server.json`).

Locks are kernel locks (flock), so that a killed holder leaves nothing behind that must be cleaned up.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from monitor.embedded.errors import EmbeddedError

LEAST_FREE_BYTES = 64 * 1024 * 1024


class Home:
    """The folder MENTIONDESK_HOME. Making one of these touches nothing; `open_folders` does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = path / "run"
        self.logs = path / "logs"
        self.keys = path / "keys"
        self.exports = path / "exports"
        self.redis = path / "redis"
        self.postgres = path / "postgres"
        self._state_path = self.run / "server.json"
        self._lock_file: int | None = None

    def open_folders(self) -> None:
        """Makes the folders. Raises EmbeddedError when the home cannot be written or its disk is full."""
        try:
            # As root, the server's own user must be able to walk through; everything in it has its own mode.
            self.path.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.run, self.logs, self.keys, self.exports, self.redis):
                folder.mkdir(exist_ok=True, mode=0o700)
            probe = self.run / f"probe-{os.getpid()}"
            probe.write_bytes(b"\0" * 4096)
            probe.unlink()
        except OSError as error:
            raise EmbeddedError(
                f"The folder {self.path} cannot be used ({error.strerror}): "
                "make it writable, or set MENTIONDESK_HOME to another folder."
            ) from error
        self.require_space()

    def require_space(self, least: int = LEAST_FREE_BYTES) -> None:
        free = shutil.disk_usage(self.path).free
        if free < least:
            raise EmbeddedError(
                f"The disk that holds {self.path} has {free // 1_000_000} MB left, and {least // 1_000_000} MB are "
                "needed: free some space, or set MENTIONDESK_HOME to a folder on another disk."
            )

    # -- Who holds it ------------------------------------------------------------------------------

    def take_lock(self) -> bool:
        """True when this program now holds the home; false when another one does."""
        descriptor = os.open(self.run / "home.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._lock_file = descriptor
        return True

    def release_lock(self) -> None:
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def is_held(self) -> bool:
        """True when a running program, this one included, holds the home."""
        if self._lock_file is not None:
            return True
        if not (self.run / "home.lock").exists():
            return False
        if self.take_lock():
            self.release_lock()
            return False
        return True

    @contextmanager
    def guest(self) -> Iterator[None]:
        """While this lasts, a one-off command that owns the servers waits before it stops them."""
        descriptor = os.open(self.run / "guests.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            yield
        finally:
            os.close(descriptor)

    def close_to_guests(self, announce: Callable[[str], None]) -> None:
        """Returns once no other command uses our servers, and none can begin to."""
        descriptor = os.open(self.run / "guests.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            announce("Waiting for another mentiondesk command that uses the same servers.")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        finally:
            self.clear_state()
            os.close(descriptor)

    # -- What runs in it ---------------------------------------------------------------------------

    def write_state(self, state: Mapping[str, Any]) -> None:
        fresh = self.run / f"server.json.{os.getpid()}"
        fresh.write_text(json.dumps(state, indent=1), encoding="utf-8")
        fresh.chmod(0o600)
        fresh.replace(self._state_path)

    def read_state(self) -> dict[str, Any]:
        """What the holder last wrote; empty when there is none, or when it cannot be read."""
        try:
            state = json.loads(self._state_path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def clear_state(self) -> None:
        self._state_path.unlink(missing_ok=True)

    def wait_for_servers(self, *, seconds: float = 90) -> dict[str, Any]:
        """The state of a holder whose servers are ready. Raises EmbeddedError when none becomes ready in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = self.read_state()
            if state.get("database_url"):
                return state
            if not self.is_held():
                return {}
            time.sleep(0.1)
        raise EmbeddedError(f"The servers in {self.path} did not become ready: see {self.logs}.")

    def hand_to_owner(self) -> None:
        """As root in somebody else's home: what we made there belongs to them, or they could not go on alone."""
        if os.geteuid() != 0:
            return
        owner = self.path.stat()
        if owner.st_uid == 0:
            return
        # fwalk holds each folder open, so that a link put in its place is never followed.
        for _, folders, files, folder in os.fwalk(self.path, follow_symlinks=False):
            for name in folders + files:
                if os.stat(name, dir_fd=folder, follow_symlinks=False).st_uid == 0:
                    os.chown(name, owner.st_uid, owner.st_gid, dir_fd=folder, follow_symlinks=False)
