"""A whole `mentiondesk run` in a home of its own: what a person on a laptop has, for tests that need all of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil
import psycopg
import requests

Found = TypeVar("Found")
START_SECONDS = 120


class RunningDesk:
    """Starts at once; `stop` is what Ctrl-C does."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        wanted = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        self.environment = wanted | {"MENTIONDESK_HOME": str(home)} | environment
        self._errors = (home.parent / f"{home.name}.err").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "monitor", "run"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=self.environment,
            start_new_session=True,
        )
        self.invitation = self._first_address()
        self.address = self.invitation.split("/login/")[0].rstrip("/")
        until(lambda: self.state().get("web_url"), seconds=START_SECONDS)

    def _first_address(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip().startswith("http"):
                return line.strip()
        self._errors.seek(0)
        raise AssertionError(f"mentiondesk run ended: {self._errors.read()[-2000:]}")

    def state(self) -> dict[str, Any]:
        """What the supervisor says of itself: addresses and the process ids of its programs."""
        try:
            told: dict[str, Any] = json.loads((self.home / "run" / "server.json").read_text())
        except (OSError, ValueError):
            return {}
        return told

    @property
    def simulator(self) -> str:
        return f"http://127.0.0.1:{(self.home / 'run' / 'simulator.port').read_text().strip()}"

    def sql(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.state()["database_url"], autocommit=True) as connection:
            return connection.execute(query.encode(), parameters or None).fetchall()

    def number(self, query: str, *parameters: object) -> int:
        return int(self.sql(query, *parameters)[0][0])

    def kill(self, program: str) -> None:
        """What an out-of-memory killer does to one program; the supervisor starts it again."""
        os.kill(self.pid(program), signal.SIGKILL)

    def pid(self, program: str) -> int:
        return int(self.state()["programs"][program]["pid"])

    def is_back(self, program: str, *, after: int) -> bool:
        """Whether the supervisor has started it anew and it is ready; `after` is the id that was killed."""
        now = self.state().get("programs", {}).get(program, {})
        return bool(now.get("is_ready")) and now["pid"] != after and psutil.pid_exists(now["pid"])

    def say(self, text: str, *, platform: str = "x", handle: str, form: str = "post", **more: Any) -> str:
        """Somebody writes on a simulated platform; returns the id there."""
        wanted = {"platform": platform, "text": text, "form": form, "author": {"handle": handle}, **more}
        answer = requests.post(f"{self.simulator}/_world/posts", json=wanted, timeout=10)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def said_by_brand(self) -> list[dict[str, Any]]:
        """Every public post of the brand that stands on the simulated platforms."""
        threads = requests.get(f"{self.simulator}/_world/threads", timeout=10).json()["threads"]
        return [post for thread in threads for post in thread["posts"] if post["by_brand"]]

    def messages_by_brand(self) -> list[dict[str, Any]]:
        messages = requests.get(f"{self.simulator}/_world/messages", timeout=10).json()["messages"]
        return [message for message in messages if message["by_brand"]]

    def run_python(self, code: str) -> str:
        """Runs code as a colleague of the running programs would: same home, same database."""
        state = self.state()
        servers = {"DATABASE_URL": state["database_url"], "REDIS_URL": state["redis_url"]}
        script = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'monitor.settings'\nimport django; django.setup()\n"
        done = subprocess.run(
            [sys.executable, "-c", script + code],
            env=self.environment | servers,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def stop(self) -> None:
        """Raises AssertionError when anything of it is still running afterwards."""
        programs = [told["pid"] for told in self.state().get("programs", {}).values() if told["pid"]]
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                raise
        self._errors.close()
        assert self._process.stdout is not None
        self._process.stdout.close()
        left = [pid for pid in programs if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
        assert left == [], f"still running after Ctrl-C: {left}"


@contextmanager
def running_desk(home: Path, **environment: str) -> Iterator[RunningDesk]:
    desk = RunningDesk(home, **environment)
    try:
        yield desk
    finally:
        desk.stop()


def until(look: Callable[[], Found], *, seconds: float = 60, every: float = 0.25) -> Found:
    """Looks until it finds something; raises AssertionError in the end."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = look()
        except (psycopg.OperationalError, requests.ConnectionError, KeyError):
            # What was killed a moment ago is not back yet.
            found = None  # type: ignore[assignment]
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing found within {seconds} seconds")
        time.sleep(every)
