"""The supervisor with small programs, with a real PostgreSQL and with a real Redis."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from monitor.embedded.errors import EmbeddedError, StopRequestedError
from monitor.embedded.home import Home
from monitor.embedded.postgres import Postgres
from monitor.embedded.programs import Program, last_words, rotate_log
from monitor.embedded.redis import Redis, find_server
from monitor.embedded.supervisor import Supervisor, end_leftovers
from tests.embedded.conftest import is_alive

DJANGO = {"DJANGO_SETTINGS_MODULE": "monitor.settings", "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(home: Home, said: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(home, said.append)
    yield supervisor
    supervisor.stop()


def python(name: str, script: str, **options: object) -> Program:
    return Program(name=name, command=(sys.executable, "-c", script), **options)  # type: ignore[arg-type]


def tick_until(supervisor: Supervisor, wanted: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < deadline, "it did not come to pass"
        supervisor.tick()
        time.sleep(0.02)


def told(supervisor: Supervisor, name: str) -> dict[str, object]:
    state: dict[str, object] = supervisor.home.read_state()["programs"][name]
    return state


def test_a_program_that_dies_is_started_again_and_counted(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.add(python("sleeper", "import time; time.sleep(60)"))
    supervisor.wait_ready("sleeper")
    first = told(supervisor, "sleeper")["pid"]
    assert isinstance(first, int)
    os.kill(first, signal.SIGKILL)
    tick_until(
        supervisor, lambda: told(supervisor, "sleeper")["restarts"] == 1 and bool(told(supervisor, "sleeper")["pid"])
    )
    assert told(supervisor, "sleeper")["pid"] != first
    assert said == ["sleeper stopped (code -9); starting it again."]


def test_pauses_between_starts_grow(home: Home) -> None:
    now = [0.0]
    supervisor = Supervisor(home, lambda _line: None, clock=lambda: now[0])
    supervisor.add(python("broken", "raise SystemExit(3)"))
    child = supervisor._children["broken"]
    pauses = []
    for _ in range(4):
        while child.running is not None:
            child.running.wait()
            supervisor.tick()
        pauses.append(child.start_again_at - now[0])
        now[0] = child.start_again_at
        supervisor.tick()
    supervisor.stop()
    assert pauses == [0.5, 1.0, 2.0, 4.0]


def test_a_program_can_start_a_little_later(home: Home) -> None:
    now = [0.0]
    supervisor = Supervisor(home, lambda _line: None, clock=lambda: now[0])
    supervisor.add(python("later", "import time; time.sleep(60)"), after_seconds=10)
    supervisor.tick()
    assert supervisor._children["later"].running is None
    now[0] = 10.0
    supervisor.tick()
    assert supervisor._children["later"].running is not None
    supervisor.stop()


def test_a_program_that_never_starts_is_told_with_its_last_words(supervisor: Supervisor) -> None:
    supervisor.add(python("broken", "raise SystemExit('there is no such model')", is_ready=lambda: False))
    with pytest.raises(EmbeddedError, match=r"broken keeps stopping; its last words: there is no such model"):
        supervisor.wait_ready("broken")


def test_a_full_disk_is_named_whatever_was_said_after_it(supervisor: Supervisor) -> None:
    script = (
        "print('FATAL:  could not write lock file \"postmaster.pid\": No space left on device')\n"
        "print('LOG:  database system is shut down')\nraise SystemExit(1)"
    )
    supervisor.add(python("database", script, is_ready=lambda: False))
    with pytest.raises(EmbeddedError) as told:
        supervisor.wait_ready("database")
    folder = supervisor.home.logs
    assert str(told.value) == f"database keeps stopping; the disk that holds {folder} is full: free some space"


def test_a_crash_is_told_by_its_kind_or_by_words_that_nobody_wrote(supervisor: Supervisor) -> None:
    """A program that logs as we do: what the exception quotes stays out of the sentence and out of the file."""
    setting_up = "from monitor.logs import set_up\nfrom django.conf import settings\nset_up(settings.LOGGING)\n"
    for name, raised, sentence in (
        ("quoting", "ValueError('my card is 4111 1111')", "crashed: ValueError"),
        ("refused", "PermissionError(13, 'Permission denied', 'keys')", "crashed: Permission denied (keys)"),
    ):
        supervisor.add(python(name, f"{setting_up}raise {raised}", environment=DJANGO))
        tick_until(supervisor, lambda name=name: told(supervisor, name)["restarts"] != 0)  # type: ignore[misc]
        log = supervisor.home.logs / f"{name}.log"
        assert last_words(log) == sentence
        assert "4111" not in log.read_text()
        supervisor.remove(name)


def test_a_program_that_is_not_ready_in_time_is_told(supervisor: Supervisor) -> None:
    supervisor.add(python("slow", "import time; time.sleep(60)", is_ready=lambda: False))
    with pytest.raises(EmbeddedError, match="slow is not ready after 0 seconds"):
        supervisor.wait_ready("slow", seconds=0.2)


def test_repair_is_tried_after_three_failures(supervisor: Supervisor, tmp_path: Path) -> None:
    obstacle = tmp_path / "obstacle"
    obstacle.touch()
    script = f"import os, time\nif os.path.exists({str(obstacle)!r}): raise SystemExit(1)\ntime.sleep(60)"
    supervisor.add(
        python("repaired", script, is_ready=lambda: not obstacle.exists(), on_repeated_failure=obstacle.unlink)
    )
    tick_until(supervisor, lambda: supervisor._children["repaired"].is_ready)
    assert told(supervisor, "repaired")["restarts"] == 3


def test_one_that_no_longer_answers_is_started_anew(home: Home) -> None:
    now = [0.0]
    supervisor = Supervisor(home, lambda _line: None, clock=lambda: now[0])
    supervisor.add(python("deaf", "import time; time.sleep(60)", is_healthy=lambda: False))
    child = supervisor._children["deaf"]
    supervisor.tick()
    running = child.running
    assert running is not None
    for _ in range(6):
        now[0] += 11
        supervisor.tick()
    assert running.wait(timeout=10) == -signal.SIGKILL
    supervisor.stop()


def test_stopping_ends_even_one_that_does_not_listen(supervisor: Supervisor) -> None:
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    log = supervisor.home.logs / "stubborn.log"
    supervisor.add(python("stubborn", script, grace_seconds=0.2, is_ready=lambda: last_words(log) == "up"))
    supervisor.wait_ready("stubborn")
    pid = told(supervisor, "stubborn")["pid"]
    assert isinstance(pid, int)
    supervisor.stop()
    assert not is_alive(pid)


def test_a_wish_to_stop_ends_the_wait_for_a_start(supervisor: Supervisor) -> None:
    supervisor.add(python("slow", "import time; time.sleep(60)", is_ready=lambda: False))
    supervisor.request_stop()
    with pytest.raises(StopRequestedError):
        supervisor.wait_ready("slow")


def test_what_a_killed_supervisor_left_is_ended_at_the_next_start(home: Home) -> None:
    gone = Supervisor(home, lambda _line: None)
    gone.add(python("orphan", "import time; time.sleep(60)"))
    running = gone._children["orphan"].running
    assert running is not None
    # A number that came again for another program must not be touched: only number and birth together count.
    state = home.read_state()
    state["programs"]["stranger"] = {"pid": os.getpid(), "born_at": 1.0}
    home.write_state(state)
    end_leftovers(home)
    assert not is_alive(running.pid)
    running.wait()
    assert home.read_state() == {}


def test_a_killed_postgres_comes_back_with_everything_that_was_committed(supervisor: Supervisor) -> None:
    server = Postgres(supervisor.home)
    server.prepare()
    supervisor.add(server.program())
    supervisor.wait_ready("postgres")
    with psycopg.connect(server.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    pid = told(supervisor, "postgres")["pid"]
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGKILL)
    tick_until(
        supervisor, lambda: told(supervisor, "postgres")["pid"] != pid and supervisor._children["postgres"].is_ready
    )
    with psycopg.connect(server.database_url) as connection:
        assert connection.execute("SELECT seven FROM kept").fetchone() == (7,)
    supervisor.stop()
    server.close_socket_folder()


@pytest.mark.skipif(find_server() is None, reason="no Redis server program is installed")
class TestRedis:
    """Skipped where no server program is found: the product then works without a broker."""

    @pytest.fixture
    def server(self, supervisor: Supervisor) -> Redis:
        binary = find_server()
        assert binary is not None
        server = Redis(supervisor.home, binary)
        supervisor.add(server.program())
        supervisor.wait_ready("redis")
        return server

    def test_it_keeps_what_it_was_told_and_never_drops_it(self, server: Redis) -> None:
        import redis

        with redis.Redis.from_url(server.url) as client:
            assert client.config_get("appendonly") == {"appendonly": "yes"}
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("appendfsync") == {"appendfsync": "everysec"}

    def test_it_wants_the_password(self, server: Redis) -> None:
        port = int(server.url.rpartition(":")[2].partition("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.sendall(b"PING\r\n")
            assert link.recv(100).startswith(b"-NOAUTH")

    def test_killed_it_comes_back_at_the_same_address(self, server: Redis, supervisor: Supervisor) -> None:
        pid = told(supervisor, "redis")["pid"]
        assert isinstance(pid, int)
        os.kill(pid, signal.SIGKILL)
        tick_until(supervisor, lambda: told(supervisor, "redis")["pid"] not in (pid, None) and server.answers())

    def test_a_damaged_file_of_hints_does_not_stop_it(self, supervisor: Supervisor) -> None:
        binary = find_server()
        assert binary is not None
        for name in ("appendonly.aof", "appendonlydir/appendonly.aof.1.incr.aof"):
            path = supervisor.home.redis / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"*3\r\n$3\r\nSET\r\nnonsense" * 100)
        server = Redis(supervisor.home, binary)
        supervisor.add(server.program())
        tick_until(supervisor, server.answers)


def test_a_grown_log_is_cut_and_its_past_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("a") as writer:
        for generation in range(3):
            writer.write(f"generation {generation}\n" + "x" * 100)
            writer.flush()
            assert rotate_log(log, limit=50)
        writer.write("last")
    assert log.read_text() == "last"
    assert [log.with_suffix(f".log.{number}").read_text()[:12] for number in (1, 2, 3)] == [
        "generation 2",
        "generation 1",
        "generation 0",
    ]
    assert not rotate_log(log, limit=50)
