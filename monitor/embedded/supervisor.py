"""Starts programs, asks after their health, starts again what dies, and stops everything in the end.

One loop in one thread: the children's death signal (see `programs`) is bound to the thread that started them.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psutil

from monitor.embedded.errors import EmbeddedError, StopRequestedError
from monitor.embedded.home import Home
from monitor.embedded.programs import Program, reason_in, rotate_log, signal_group, spawn
from monitor.logs import get_logger

log = get_logger(__name__)

TICK_SECONDS = 0.1
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
# Up this long, a program is well again, and its next failure is a first one.
WELL_AFTER_SECONDS = 60.0
REPEATED_FAILURES = 3
HEALTH_EVERY_SECONDS = 10.0
UNHEALTHY_AFTER = 6
ROTATE_EVERY_SECONDS = 30.0


@dataclass
class Child:
    """What the supervisor knows of one program."""

    program: Program
    running: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    failures: int = 0
    restarts: int = 0
    is_ready: bool = False
    asked_at: float = 0.0
    bad_answers: int = 0
    # The kernel's start time beside the id: ids come again.
    born_at: float = 0.0


class Supervisor:
    """`announce` says one line to the person; everything else goes to the logs of the home."""

    def __init__(
        self, home: Home, announce: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.home = home
        self.facts: dict[str, Any] = {}
        self._announce = announce
        self._clock = clock
        self._children: dict[str, Child] = {}
        self._stop_requests = 0
        self._rotated_at = clock()

    # -- Starting ----------------------------------------------------------------------------------

    def add(self, program: Program, *, after_seconds: float = 0) -> None:
        """Starts it, now or a little later; from then on it is kept running."""
        child = self._children[program.name] = Child(program)
        if after_seconds:
            child.start_again_at = self._clock() + after_seconds
        else:
            self._start(child)

    def remove(self, name: str) -> None:
        """Stops a program that is not needed after all."""
        child = self._children[name]
        self._ask_to_stop(child)
        self._wait_for(lambda each: each is child)
        del self._children[name]

    def wait_ready(self, *names: str, seconds: float = 60) -> None:
        """Raises EmbeddedError when one of them keeps failing or is not ready in time."""
        deadline = self._clock() + seconds
        while waiting := [name for name in names if not self._children[name].is_ready]:
            self.tick()
            for name in waiting:
                if self._children[name].failures >= REPEATED_FAILURES + 1:
                    raise EmbeddedError(self._why(name, "keeps stopping"))
            if self._clock() > deadline:
                raise EmbeddedError(self._why(waiting[0], f"is not ready after {seconds:.0f} seconds"))
            time.sleep(TICK_SECONDS)

    def _why(self, name: str, what: str) -> str:
        return f"{name} {what}; {reason_in(self.home.logs / f'{name}.log')}"

    def request_stop(self, *_: object) -> None:
        """Called from a signal handler. Asked a second time, programs get no more grace."""
        self._stop_requests += 1

    @property
    def stop_requested(self) -> bool:
        return self._stop_requests > 0

    # -- The loop ----------------------------------------------------------------------------------

    def run(self) -> None:
        """Until somebody asks to stop."""
        while not self.stop_requested:
            self.tick(raise_on_stop=False)
            time.sleep(TICK_SECONDS)

    def tick(self, *, raise_on_stop: bool = True) -> None:
        if raise_on_stop and self.stop_requested:
            raise StopRequestedError
        now = self._clock()
        for child in self._children.values():
            self._look_after(child, now)
        if now - self._rotated_at > ROTATE_EVERY_SECONDS:
            self._rotated_at = now
            for path in self.home.logs.glob("*.log"):
                rotate_log(path)

    def _look_after(self, child: Child, now: float) -> None:
        if child.running is None:
            if now >= child.start_again_at:
                self._start(child)
        elif child.running.poll() is not None:
            self._note_death(child, now)
        elif not child.is_ready:
            child.is_ready = now - child.started_at >= child.program.settle_seconds and child.program.is_ready()
            if child.is_ready:
                self.write_state()
        else:
            if child.failures and now - child.started_at > WELL_AFTER_SECONDS:
                child.failures = 0
            self._ask_health(child, now)

    def _ask_health(self, child: Child, now: float) -> None:
        if child.program.is_healthy is None or now - child.asked_at < HEALTH_EVERY_SECONDS:
            return
        child.asked_at = now
        child.bad_answers = 0 if child.program.is_healthy() else child.bad_answers + 1
        if child.bad_answers >= UNHEALTHY_AFTER and child.running is not None:
            log.warning("program_does_not_answer", extra={"program": child.program.name})
            signal_group(child.running.pid, signal.SIGKILL)

    def _start(self, child: Child) -> None:
        name = child.program.name
        if child.failures and child.failures % REPEATED_FAILURES == 0:
            child.program.on_repeated_failure()
        try:
            child.running = spawn(child.program, self.home.logs / f"{name}.log")
        except OSError as error:
            # No more processes, no more memory, a full disk: as transient as a program that dies.
            log.error("program_not_started", extra={"program": name, "error": str(error)})
            self._plan_restart(child, self._clock())
            return
        child.started_at = child.asked_at = self._clock()
        child.is_ready, child.bad_answers = False, 0
        child.born_at = _born_at(child.running.pid)
        self.write_state()

    def _note_death(self, child: Child, now: float) -> None:
        assert child.running is not None
        name, code = child.program.name, child.running.returncode
        # What it started goes with it, so that the next one does not meet its own remains.
        signal_group(child.running.pid, signal.SIGKILL)
        log.warning("program_died", extra={"program": name, "code": code, "restarts": child.restarts})
        is_first = child.is_ready and not child.failures
        self._plan_restart(child, now)
        if is_first:
            self._announce(f"{name} stopped (code {code}); starting it again.")
        elif child.failures == REPEATED_FAILURES:
            self._announce(self._why(name, "keeps stopping"))

    def _plan_restart(self, child: Child, now: float) -> None:
        child.running, child.is_ready = None, False
        pause = min(FIRST_PAUSE_SECONDS * 2**child.failures, LONGEST_PAUSE_SECONDS)
        child.failures += 1
        child.restarts += 1
        child.start_again_at = now + pause
        self.write_state()

    # -- Stopping ----------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stops all, last started first; returns when no program is left."""
        for child in reversed(list(self._children.values())):
            if child.program.name not in ("postgres", "redis"):
                self._ask_to_stop(child)
        self._wait_for(lambda child: child.program.name not in ("postgres", "redis"))
        for child in self._children.values():
            self._ask_to_stop(child)
        self._wait_for(lambda child: True)
        self._children.clear()

    def _ask_to_stop(self, child: Child) -> None:
        if child.running is not None and child.running.poll() is None:
            child.running.send_signal(child.program.stop_signal)

    def _wait_for(self, wanted: Callable[[Child], bool]) -> None:
        started, asked_before = self._clock(), self._stop_requests
        left = [child for child in self._children.values() if child.running is not None and wanted(child)]
        while left:
            for child in left:
                assert child.running is not None
                grace = 1.0 if self._stop_requests > max(asked_before, 1) else child.program.grace_seconds
                if child.running.poll() is not None or self._clock() - started > grace:
                    signal_group(child.running.pid, signal.SIGKILL)
                    child.running.wait()
            left = [child for child in left if child.running is not None and child.running.returncode is None]
            time.sleep(0.02)

    # -- What others read --------------------------------------------------------------------------

    def write_state(self) -> None:
        """Into the home's `server.json`: the facts (addresses), and each program with its restarts."""
        programs: Mapping[str, Any] = {
            name: {
                "pid": child.running.pid if child.running else None,
                "born_at": child.born_at,
                "is_ready": child.is_ready,
                "restarts": child.restarts,
            }
            for name, child in self._children.items()
        }
        try:
            self.home.write_state({"supervisor_pid": os.getpid(), **self.facts, "programs": programs})
        except OSError as error:
            log.error("state_not_written", extra={"error": error.strerror})


def end_leftovers(home: Home) -> None:
    """Ends programs of a supervisor that was killed where the kernel did not do it. Call only with the lock held."""
    for name, told in home.read_state().get("programs", {}).items():
        pid = told.get("pid")
        if pid and told.get("born_at") and abs(_born_at(pid) - told["born_at"]) < 0.01:
            log.warning("leftover_ended", extra={"program": name})
            signal_group(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
            _wait_gone(pid, seconds=20)
            signal_group(pid, signal.SIGKILL)
    home.clear_state()


def _born_at(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return 0.0


def _wait_gone(pid: int, *, seconds: float) -> None:
    try:
        psutil.Process(pid).wait(timeout=seconds)
    except (psutil.NoSuchProcess, psutil.TimeoutExpired):
        return
