"""Servers for one command: real ones, started and stopped again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from monitor.embedded.errors import EmbeddedError
from monitor.embedded.home import Home
from monitor.embedded.postgres import SOCKET_PATH_LIMIT, Postgres
from monitor.embedded.postgres_binaries import find_install
from monitor.embedded.postgres_upgrade import _Running, upgrade_if_older
from monitor.embedded.service_user import ServiceUser, can_use
from monitor.embedded.session import require_nobody_runs, servers
from tests.embedded.conftest import is_alive

FACTS = (
    "SELECT current_setting('server_version_num')::int / 10000, current_setting('synchronous_commit'), "
    "current_setting('listen_addresses'), current_setting('log_min_error_statement')"
)
ROOT = Path(__file__).parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def quiet(_line: str) -> None:
    return None


def pids_of(home: Home) -> dict[str, int]:
    return {name: told["pid"] for name, told in home.read_state()["programs"].items()}


def test_one_command_starts_its_servers_and_leaves_none_behind(home: Home) -> None:
    with servers(with_redis=True, announce=quiet) as found:
        pids = pids_of(home)
        with psycopg.connect(found.database_url) as connection:
            assert connection.execute(FACTS).fetchone() == (18, "on", "", "panic")
            connection.execute("CREATE EXTENSION vector")
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        assert found.is_ours
        assert os.environ["DATABASE_URL"] == found.database_url
        assert "postgres" in pids
    assert not any(is_alive(pid) for pid in pids.values())
    assert home.read_state() == {}
    assert not home.is_held()
    # The second start finds what the first one wrote.
    os.environ.pop("DATABASE_URL")
    with servers(announce=quiet) as found, psycopg.connect(found.database_url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
        with pytest.raises(EmbeddedError, match="Another mentiondesk command uses the home"):
            require_nobody_runs(Home(home.path), "run it again")
        _attach_a_second_command(home, found.database_url)


def _attach_a_second_command(home: Home, database_url: str) -> None:
    os.environ.pop("DATABASE_URL")
    with servers(announce=quiet) as attached:
        assert attached.database_url == database_url
        assert not attached.is_ours
    assert is_alive(pids_of(home)["postgres"])


def test_servers_named_by_the_environment_are_used_as_they_are(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/desk")
    with servers(announce=quiet) as found:
        assert (found.database_url, found.redis_url, found.is_ours) == ("postgresql://elsewhere/desk", "none", False)
    assert not home.postgres.exists()


def test_a_run_that_somebody_else_started_is_named_with_its_address(home: Home) -> None:
    assert home.take_lock()
    home.write_state({"web_url": "http://127.0.0.1:8000"})
    with pytest.raises(EmbeddedError, match=r"already runs .* at http://127\.0\.0\.1:8000"):
        require_nobody_runs(Home(home.path), "run it again")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start ends what is left")
def test_a_killed_command_takes_its_servers_with_it(home: Home) -> None:
    script = (
        "import time\nfrom monitor.embedded.session import servers\n"
        "with servers(with_redis=True) as found:\n    print('up', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == b"up\n"
        pids = pids_of(home)
        command.kill()
    deadline = time.monotonic() + 15
    while any(is_alive(pid) for pid in pids.values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(is_alive(pid) for pid in pids.values())
    # The state it left behind misleads nobody.
    assert not home.is_held()
    with servers(announce=quiet) as found:
        assert found.is_ours


def test_a_long_path_gets_a_short_socket_folder_that_is_removed_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_path = home.path / ("x" * SOCKET_PATH_LIMIT)
    monkeypatch.setenv("MENTIONDESK_HOME", str(long_path))
    with servers(announce=quiet) as found:
        folder = Path(found.database_url.partition("host=")[2])
        assert len(str(folder)) < SOCKET_PATH_LIMIT
        assert folder.stat().st_mode & 0o777 == 0o700
        with psycopg.connect(found.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not folder.exists()


def test_a_home_that_is_no_folder_is_one_sentence(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.path / "file").write_text("not a folder")
    monkeypatch.setenv("MENTIONDESK_HOME", str(home.path / "file" / "below"))
    with pytest.raises(EmbeddedError, match=r"cannot be used .*set MENTIONDESK_HOME"), servers(announce=quiet):
        pass


def test_a_full_disk_is_one_sentence(home: Home) -> None:
    with pytest.raises(EmbeddedError, match=r"MB left, and .* are needed: free some space"):
        home.require_space(10**18)


def test_a_folder_of_an_unknown_major_is_refused_with_the_way_out(home: Home) -> None:
    cluster = Postgres(home).cluster
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 15.*mentiondesk backup.*mentiondesk restore"):
        upgrade_if_older(Postgres(home))
    assert (cluster / "PG_VERSION").exists()


def test_a_folder_of_major_16_is_carried_over_to_18(home: Home) -> None:
    old = Postgres(home, major=16)
    old.make_cluster(old.cluster)
    with _Running(old, old.cluster):
        assert old.make_database()
        with psycopg.connect(old.database_url) as connection:
            connection.execute("CREATE EXTENSION vector")
            connection.execute("CREATE TABLE kept (words text, meaning vector(2))")
            connection.execute("INSERT INTO kept VALUES ('grüße', '[1,2]')")
    with servers(announce=quiet) as found, psycopg.connect(found.database_url) as connection:
        assert connection.execute(FACTS).fetchone() == (18, "on", "", "panic")
        assert connection.execute("SELECT words, meaning::text FROM kept").fetchone() == ("grüße", "[1,2]")
    assert [path.name.startswith("data-16-") for path in home.postgres.resolve().glob("data-*")] == [True]


def test_a_lock_file_whose_number_belongs_to_another_program_is_no_obstacle(home: Home) -> None:
    server = Postgres(home)
    server.make_cluster(server.cluster)
    (server.cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{server.cluster}\n")
    server.prepare()
    assert not (server.cluster / "postmaster.pid").exists()


@needs_root
def test_an_ordinary_user_runs_servers_of_their_own(home: Home) -> None:
    """Everything is imported before the ids change: the other user may not be able to read this Python."""
    script = f"""
import encodings.idna, os, psycopg, pwd
import monitor.embedded.postgres, monitor.embedded.redis, monitor.embedded.supervisor, monitor.logs
from monitor.embedded.session import servers
os.chdir('/')
os.setgroups([]), os.setgid(65534), os.setuid(65534)
os.environ["MENTIONDESK_HOME"] = {str(home.path / "theirs" / "home")!r}
with servers(with_redis=True) as found, psycopg.connect(found.database_url) as connection:
    print(connection.execute("SELECT 40 + 2").fetchone()[0])
"""
    programs = find_install()
    if programs is None or not can_use(programs / "bin" / "postgres", ServiceUser(65534, 65534)):
        pytest.skip("the installed programs lie where no other user may go")
    theirs = home.path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert told.stdout == "42\n", told.stderr
    # Root may go on in the same home, as its owner; and leaves it to them again.
    os.environ["MENTIONDESK_HOME"] = str(theirs / "home")
    try:
        with servers(announce=quiet) as found, psycopg.connect(found.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        os.environ["MENTIONDESK_HOME"] = str(home.path)
    strangers = [path for path in (theirs / "home").rglob("*") if path.lstat().st_uid != 65534]
    assert strangers == []


@needs_root
def test_a_home_that_nobody_else_may_enter_keeps_its_database_elsewhere(home: Home) -> None:
    closed = home.path / "closed"
    closed.mkdir(mode=0o700)
    os.environ["MENTIONDESK_HOME"] = str(closed / "home")
    place = None
    try:
        with servers(announce=quiet) as found, psycopg.connect(found.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
            place = (closed / "home" / "postgres").resolve()
            assert closed not in place.parents
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        os.environ["MENTIONDESK_HOME"] = str(home.path)
        if place is not None:
            subprocess.run(["rm", "-rf", str(place)], check=True)


def test_sigterm_reaches_a_command_as_an_orderly_end(home: Home) -> None:
    """A service manager stops one-off commands with SIGTERM: servers are stopped, the status says so."""
    command = [sys.executable, "-m", "monitor", "work", "--forever"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 30
        while not home.read_state().get("database_url") and time.monotonic() < deadline:
            time.sleep(0.05)
        pids = pids_of(home)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 128 + signal.SIGTERM
    assert not any(is_alive(pid) for pid in pids.values())
