"""`mentiondesk run` as a person meets it: real programs, killed one after the other, and none left in the end."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitor.embedded.redis import find_server
from tests.embedded.conftest import is_alive, short_home

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"^http://127\.0\.0\.1:(\d+)/login/link/[\w-]+/$")


@dataclass
class Running:
    """A run in a home of its own."""

    home: Path
    command: "subprocess.Popen[str]"
    environment: dict[str, str]
    port: int = 0

    def state(self) -> dict[str, Any]:
        try:
            stored: dict[str, Any] = json.loads((self.home / "run" / "server.json").read_text())
        except FileNotFoundError:
            return {"programs": {}}
        return stored

    def pid(self, name: str) -> int | None:
        pid: int | None = self.state()["programs"].get(name, {}).get("pid")
        return pid

    def is_ready(self, name: str) -> bool:
        return bool(self.state()["programs"].get(name, {}).get("is_ready"))

    def answers(self) -> bool:
        pages = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            pages.request("GET", "/login/")
            return pages.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            pages.close()


def wait_until(wanted: Callable[[], bool], what: str, *, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


# In the quick budget the way with a broker is left to `test_story_under_kills`, which kills the same programs.
WAYS = ["without a broker", "with a broker"][: 2 if os.environ.get("BUDGET") == "full" else 1]


@pytest.fixture(scope="module", params=WAYS)
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    if request.param == "with a broker" and find_server() is None:
        pytest.skip("no Redis server program is installed")
    environment = {name: value for name, value in os.environ.items() if not name.endswith(("_URL", "_KEY", "_KEYS"))}
    if request.param == "without a broker":
        environment["REDIS_URL"] = "none"
    with short_home() as home:
        environment["MENTIONDESK_HOME"] = str(home)
        words = [sys.executable, "-m", "monitor", "run", "--empty"]
        with subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT, env=environment
        ) as command:
            run = Running(home, command, environment)
            try:
                assert command.stdout is not None
                # Said once when it is known, and again when everything is ready.
                found = ADDRESS.match(command.stdout.readline())
                assert found, "the run did not show its address"
                assert command.stdout.readline() == found[0] + "\n"
                run.port = int(found[1])
                yield run
            finally:
                command.kill()


def test_every_program_that_is_killed_comes_back_and_none_is_left(running: Running) -> None:
    wait_until(lambda: running.is_ready("sweeper"), "the sweeper is not ready")
    names = set(running.state()["programs"])
    with_broker = {"redis", "worker", "analyzer", "beat"} if "REDIS_URL" not in running.environment else set()
    assert names == {"postgres", "web", "sweeper"} | with_broker
    assert running.answers()
    _refuse_a_second_run(running)
    for name in sorted(names):
        _kill_and_wait(running, name)
    wait_until(running.answers, "the pages do not answer after all the kills")
    _stop(running)


def _refuse_a_second_run(running: Running) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "monitor", "run"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=running.environment,
    )
    assert second.returncode == 1
    assert second.stderr == (
        f"mentiondesk: Mentiondesk already runs with the home {running.home}, at http://127.0.0.1:{running.port}; "
        "stop it to run it again.\n"
    )


def _kill_and_wait(running: Running, name: str) -> None:
    wait_until(lambda: running.is_ready(name), f"{name} is not ready")
    before = running.pid(name)
    assert before is not None
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: running.pid(name) not in (before, None) and running.is_ready(name), f"{name} did not come back")
    assert not is_alive(before)


def _stop(running: Running) -> None:
    state = running.state()
    pids = [told["pid"] for told in state["programs"].values() if told["pid"]]
    running.command.send_signal(signal.SIGINT)
    assert running.command.wait(timeout=60) == 0
    assert [pid for pid in pids if is_alive(pid)] == []
    assert not (running.home / "run" / "server.json").exists()
    assert not running.answers()
