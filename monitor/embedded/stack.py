"""`mentiondesk run`: everything on this machine, in the order in which things need each other.

The programs of `workers` are started by name only: this side never imports them.
"""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from monitor.embedded.errors import EmbeddedError, StopRequestedError
from monitor.embedded.home import Home
from monitor.embedded.listener import address_of, allowed_hosts, chosen_host, chosen_port, open_listener
from monitor.embedded.programs import Program, death_signal, reason_in
from monitor.embedded.session import require_nobody_runs, start_servers
from monitor.embedded.supervisor import TICK_SECONDS, Supervisor
from monitor.env import home_folder, read_list, read_number, read_or_make_secret, read_text
from monitor.logs import LineFormatter

CELERY = ("-m", "celery", "-A", "workers.app")
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=INFO")
COLLECT_THREADS = 4
SETTLE_SECONDS = 5
SWEEPER_DELAY_SECONDS = 10
# A small or busy machine may need long; a program that stops instead is told at once.
START_SECONDS = 240
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened on


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the preparing program found or made: tables, the demo brand, a way in."""

    has_demo: bool
    login_path: str


def run_everything(*, with_demo: bool, say: Callable[[str], None], show: Callable[[str], None]) -> None:
    """Returns when somebody asked to stop and nothing runs any more. Raises EmbeddedError."""
    home = Home(home_folder())
    home.open_folders()
    require_nobody_runs(home, "run it again")
    _log_to(home.logs / "run.log")
    host = chosen_host()
    try:
        with open_listener(host, chosen_port()) as listener:
            _Stack(home, host, listener, say, show).run(with_demo=with_demo)
    finally:
        home.clear_state()
        home.hand_to_owner()
        home.release_lock()


class _Stack:
    """One run. `say` is for progress; `show` for the address, which is the last line on the screen."""

    def __init__(
        self, home: Home, host: str, listener: socket.socket, say: Callable[[str], None], show: Callable[[str], None]
    ) -> None:
        self._home, self._listener, self._say, self._show = home, listener, say, show
        self._address = address_of(host, listener.getsockname()[1])
        self._supervisor = Supervisor(home, self._tell)
        self._environment: dict[str, str] = {"MENTIONDESK_ALLOWED_HOSTS": allowed_hosts(host)}
        self._invitation = self._address
        self._is_up = False

    def _tell(self, line: str) -> None:
        """A line in the middle of a run; the address stays the last one."""
        self._say(line)
        if self._is_up:
            self._show(self._invitation)

    def run(self, *, with_demo: bool) -> None:
        supervisor = self._supervisor
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, supervisor.request_stop)
        cleanups: list[Callable[[], None]] = []
        try:
            self._start(with_demo, cleanups)
            supervisor.run()
        except StopRequestedError:
            pass
        finally:
            self._say("Stopping.")
            supervisor.stop()
            for clean in cleanups:
                clean()

    def _start(self, with_demo: bool, cleanups: list[Callable[[], None]]) -> None:
        supervisor = self._supervisor
        self._say(f"Starting in {self._home.path} (logs: {self._home.logs}).")
        is_first = not (self._home.path / "postgres").exists()
        found = start_servers(supervisor, with_redis=True, announce=self._say, cleanups=cleanups)
        self._environment |= {"DATABASE_URL": found.database_url, "REDIS_URL": found.redis_url}
        if with_demo:
            self._environment |= _push_secrets(self._home)
        supervisor.add(self._web())
        simulator_port = self._start_simulator() if with_demo else 0
        has_broker = found.redis_url != "none"
        # The first time, making the tables takes long enough for the workers to import meanwhile (they get no work
        # before beat runs). Later they would only slow the pages down, which somebody waits for.
        workers = self._workers() if has_broker else []
        starter = self._beat() if has_broker else self._sweeper()
        if is_first:
            self._add_all(workers)
        prepared = self._prepare(with_demo, simulator_port)
        if simulator_port and not prepared.has_demo:
            supervisor.remove("simulator")
        self._invitation = self._address + prepared.login_path
        self._show(self._invitation)
        if is_first:
            supervisor.add(starter)
        supervisor.wait_ready("web", seconds=START_SECONDS)
        if not is_first:
            self._add_all([*workers, starter])
        if has_broker:
            # Where workers do the work it only looks for what they missed: it must not slow their start down.
            supervisor.add(self._sweeper(), after_seconds=SWEEPER_DELAY_SECONDS)
        supervisor.facts["web_url"] = self._address
        supervisor.write_state()
        self._is_up = True
        self._say("Ready. Ctrl-C stops everything.")
        self._show(self._invitation)

    def _add_all(self, programs: list[Program]) -> None:
        for program in programs:
            self._supervisor.add(program)

    # -- Programs ----------------------------------------------------------------------------------

    def _web(self) -> Program:
        descriptor = self._listener.fileno()
        return Program(
            name="web",
            command=(sys.executable, "-m", "monitor.embedded.web", "monitor.asgi:application", str(descriptor)),
            environment=self._environment,
            keep_files=(descriptor,),
            is_ready=self._answers,
            is_healthy=self._answers,
        )

    def _answers(self) -> bool:
        """Any answer but a failure will do: a redirect to https, or "not by this name", is an answer too."""
        host, port = self._listener.getsockname()[:2]
        pages = HTTPConnection(_LOOPBACK.get(host, host), port, timeout=5)
        try:
            pages.request("GET", "/healthz", headers={"Connection": "close"})
            return pages.getresponse().status < 500
        except (HTTPException, OSError):
            return False
        finally:
            pages.close()

    def _own_address(self) -> str:
        """Where programs of this machine find the pages."""
        host, port = self._listener.getsockname()[:2]
        return f"http://{_LOOPBACK.get(host, host)}:{port}"

    def _start_simulator(self) -> int:
        port = _steady_port(self._home)
        self._supervisor.add(
            Program(
                name="simulator",
                command=(
                    sys.executable,
                    "-m",
                    "monitor",
                    "simulate",
                    "--port",
                    str(port),
                    "--push-to",
                    self._own_address(),
                ),
                environment=self._environment,
            )
        )
        return port

    def _sweeper(self) -> Program:
        return self._worker("sweeper", "-m", "workers.sweep", "--forever")

    def _workers(self) -> list[Program]:
        threads = str(read_number("MENTIONDESK_COLLECT_THREADS", COLLECT_THREADS, least=1))
        collecting = ("-Q", "collect,send,default", "--pool=threads", "-c", threads, "-n", "worker@%h")
        return [
            self._worker("worker", *CELERY, "worker", *collecting, *QUIET),
            # One process, the model loaded once: forking and inference libraries do not go together.
            self._worker("analyzer", *CELERY, "worker", "-Q", "analyze", "--pool=solo", "-n", "analyzer@%h", *QUIET),
        ]

    def _beat(self) -> Program:
        return self._worker("beat", *CELERY, "beat", "--loglevel=INFO", "--pidfile=")

    def _worker(self, name: str, *words: str) -> Program:
        # Celery's warm stop is SIGTERM: what is in hand is finished, the rest stays in the database.
        return Program(name, (sys.executable, *words), self._environment, settle_seconds=SETTLE_SECONDS)

    # -- Preparing ---------------------------------------------------------------------------------

    def _prepare(self, with_demo: bool, simulator_port: int) -> Prepared:
        """In a program of its own, so that the supervisor stays small and listens to Ctrl-C meanwhile."""
        command = [sys.executable, "-m", "monitor.embedded.prepare"]
        if with_demo:
            command += ["--demo", f"http://127.0.0.1:{simulator_port}"]
        log_path = self._home.logs / "prepare.log"
        with log_path.open("ab") as log_file:
            program = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log_file,
                env={**os.environ, **self._environment},
                start_new_session=True,
                preexec_fn=death_signal(signal.SIGTERM),
            )
            try:
                while program.poll() is None:
                    self._supervisor.tick()
                    time.sleep(TICK_SECONDS)
            finally:
                if program.poll() is None:
                    program.terminate()
                told, _ = program.communicate()
        if program.returncode != 0:
            raise EmbeddedError(f"The database could not be prepared; {reason_in(log_path)}")
        answer: dict[str, Any] = json.loads(told)
        return Prepared(has_demo=bool(answer["has_demo"]), login_path=str(answer["login_path"]))


def _push_secrets(home: Home) -> dict[str, str]:
    """What the simulated platforms sign their pushes with: made for this home, beside the secrets of apps that there
    are. X and Meta shake hands by the first of each, so where a real app is set, the demo is polled only."""
    secret = read_or_make_secret("MENTIONDESK_DEMO_PUSH_SECRET", home.path)
    x_name, meta_name = "MENTIONDESK_X_CONSUMER_SECRET", "MENTIONDESK_META_APP_SECRET"
    return {
        "MENTIONDESK_DEMO_PUSH_SECRET": secret,
        x_name: ",".join([*read_list(x_name), secret]),
        f"{x_name}_FILE": "",
        meta_name: ",".join([*read_list(meta_name), secret]),
        f"{meta_name}_FILE": "",
        "MENTIONDESK_META_VERIFY_TOKEN": read_text("MENTIONDESK_META_VERIFY_TOKEN") or secret,
    }


def _log_to(path: Path) -> None:
    """The supervisor's own log: what died when, and what was done about it."""
    handler = logging.FileHandler(path, delay=True)
    handler.setFormatter(LineFormatter())
    # A full disk must not cover the screen with complaints about lines that could not be written.
    logging.raiseExceptions = False
    logging.getLogger("monitor.embedded").addHandler(handler)


def _steady_port(home: Home) -> int:
    """The same port at each start where it is free: the demo's channels remember it."""
    path = home.run / "simulator.port"
    for wanted in (_number_in(path), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            port: int = probe.getsockname()[1]
            path.write_text(str(port), encoding="ascii")
            return port
    raise EmbeddedError("No port is free for the simulated platforms.")


def _number_in(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
