"""One program that the supervisor runs: how it is started, asked to stop, and made to die with its starter."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monitor.embedded.service_user import ServiceUser

LOG_LIMIT_BYTES = 10_000_000
LOG_GENERATIONS = 3
# The words of errno 28, in which every program tells it; a few complaints about what follows from it come after.
FULL_DISK = "No space left on device"
LAST_LINES = 10
# Room for lines that tell a long trace.
LAST_LINES_BYTES = 65_536
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Program:
    """`is_ready` is asked until it is true after each start; `on_repeated_failure` may repair before the next try."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    user: ServiceUser | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10
    keep_files: tuple[int, ...] = ()
    is_ready: Callable[[], bool] = lambda: True
    # For programs that nobody can ask: alive so long after its start, it counts as ready.
    settle_seconds: float = 0
    # Asked now and then once ready; a program that answers "no" many times in a row is started anew.
    is_healthy: Callable[[], bool] | None = None
    before_start: Callable[[], None] = lambda: None
    on_repeated_failure: Callable[[], None] = lambda: None


def spawn(program: Program, log_path: Path) -> subprocess.Popen[bytes]:
    """Starts it in a session of its own: a Ctrl-C in the terminal reaches the supervisor alone, which stops all."""
    program.before_start()
    log = os.open(log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    user = program.user
    try:
        return subprocess.Popen(
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **program.environment},
            cwd=program.folder,
            start_new_session=True,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            pass_fds=program.keep_files,
            preexec_fn=death_signal(program.stop_signal),
        )
    finally:
        os.close(log)


def death_signal(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """Run in the child before its program: when the starter dies, even by `kill -9`, the child is told to stop.

    The kernel forgets the wish when the user id changes, so it is made last (subprocess changes ids first).
    Elsewhere than on Linux the next start ends what was left (`supervisor.end_leftovers`).
    """
    if _libc is None:
        return None
    starter = os.getpid()
    set_option = _libc.prctl

    def ask() -> None:
        set_option(_SET_DEATH_SIGNAL, int(stop_signal))
        if os.getppid() != starter:
            os._exit(1)

    return ask


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signals a program and what it started; quiet when it is gone already."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def reason_in(log_path: Path) -> str:
    """Why a program stopped, as the end of a sentence: a full disk, or its last words and where the others are."""
    if any(FULL_DISK in line for line in _last_lines(log_path)):
        return f"the disk that holds {log_path.parent} is full: free some space"
    return f"its last words: {last_words(log_path) or 'none'} (all of them: {log_path})"


def last_words(log_path: Path) -> str:
    lines = _last_lines(log_path)
    return _spoken(lines[-1].strip())[-300:] if lines else ""


def _last_lines(log_path: Path) -> list[str]:
    try:
        with log_path.open("rb") as file:
            file.seek(max(0, log_path.stat().st_size - LAST_LINES_BYTES))
            return file.read().decode("utf-8", "replace").strip().splitlines()[-LAST_LINES:]
    except OSError:
        return []


def _spoken(line: str) -> str:
    """A line of our own log (`monitor.logs`) as its event, and what went wrong; any other line as it stands."""
    try:
        told = json.loads(line)
    except ValueError:
        return line
    if not isinstance(told, dict) or "event" not in told:
        return line
    reason = told.get("says") or str(told.get("exception", "")).split("\n", 1)[0]
    return f"{told['event']}: {reason}" if reason else str(told["event"])


def rotate_log(log_path: Path, *, limit: int = LOG_LIMIT_BYTES) -> bool:
    """Copies and cuts a log that has grown past the limit; its program goes on appending to the same file."""
    try:
        if log_path.stat().st_size <= limit:
            return False
        for number in range(LOG_GENERATIONS - 1, 0, -1):
            older = log_path.with_suffix(f".log.{number}")
            if older.exists():
                older.replace(log_path.with_suffix(f".log.{number + 1}"))
        shutil.copyfile(log_path, log_path.with_suffix(".log.1"))
        os.truncate(log_path, 0)
    except OSError:
        # A full disk must not stop the supervisor; the next round tries again.
        return False
    return True
