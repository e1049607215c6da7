"""The servers for one command: attach to those of a running `mentiondesk run`, or start them and stop them again."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from monitor.embedded.errors import EmbeddedError
from monitor.embedded.home import Home
from monitor.embedded.postgres import Postgres
from monitor.embedded.postgres_upgrade import upgrade_if_older
from monitor.embedded.redis import Redis, find_server
from monitor.embedded.supervisor import Supervisor, end_leftovers
from monitor.env import home_folder, read_text


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the truth and the hints live. `redis_url` is "none" where there is no broker."""

    database_url: str
    redis_url: str
    is_ours: bool
    home: Path


def say(line: str) -> None:
    """Progress for the person; results go to standard output, this does not."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is how a command speaks


@contextmanager
def servers(
    *,
    with_redis: bool = False,
    announce: Callable[[str], None] = say,
    postgres_settings: Mapping[str, str] | None = None,
) -> Iterator[Servers]:
    """Sets DATABASE_URL and REDIS_URL for this program and those it starts. Raises EmbeddedError.

    `with_redis`: start a broker too where none runs (a one-off command seldom needs one). `postgres_settings`: beside
    our own, for a server that this call starts (tests need no safe disk).
    """
    given = read_text("DATABASE_URL")
    if given:
        yield Servers(given, read_text("REDIS_URL", "none"), is_ours=False, home=home_folder())
        return
    home = Home(home_folder())
    home.open_folders()
    while not home.take_lock():
        state = home.wait_for_servers()
        with home.guest():
            # Looked at again as a guest: from now on the holder waits for us.
            if state and home.read_state().get("database_url") == state["database_url"]:
                yield _use(Servers(state["database_url"], state["redis_url"], is_ours=False, home=home.path))
                return
    try:
        yield from _own(home, with_redis, announce, postgres_settings or {})
    finally:
        home.clear_state()
        home.hand_to_owner()
        home.release_lock()


def _own(
    home: Home, with_redis: bool, announce: Callable[[str], None], postgres_settings: Mapping[str, str]
) -> Iterator[Servers]:
    supervisor = Supervisor(home, announce)
    cleanups: list[Callable[[], None]] = []
    is_interrupted = False
    try:
        yield _use(
            start_servers(
                supervisor,
                with_redis=with_redis,
                announce=announce,
                cleanups=cleanups,
                postgres_settings=postgres_settings,
            )
        )
    except (KeyboardInterrupt, SystemExit):
        is_interrupted = True
        raise
    finally:
        if not is_interrupted:
            home.close_to_guests(announce)
        supervisor.stop()
        for clean in cleanups:
            clean()


def start_servers(
    supervisor: Supervisor,
    *,
    with_redis: bool,
    announce: Callable[[str], None],
    cleanups: list[Callable[[], None]],
    postgres_settings: Mapping[str, str] | None = None,
) -> Servers:
    """Starts what the environment does not name, and waits until it is ready. The home's lock must be held."""
    home = supervisor.home
    end_leftovers(home)
    redis_url, waiting = read_text("REDIS_URL"), []
    if not redis_url:
        redis_url = _start_redis(supervisor, announce) if with_redis else "none"
        waiting += ["redis"] if redis_url != "none" else []
    database_url = read_text("DATABASE_URL")
    if not database_url:
        server = Postgres(home, settings=postgres_settings)
        upgrade_if_older(server)
        server.prepare()
        cleanups.append(server.close_socket_folder)
        supervisor.add(server.program())
        database_url = server.database_url
        waiting.append("postgres")
    supervisor.wait_ready(*waiting)
    supervisor.facts |= {"database_url": database_url, "redis_url": redis_url}
    supervisor.write_state()
    return Servers(database_url, redis_url, is_ours=True, home=home.path)


def _start_redis(supervisor: Supervisor, announce: Callable[[str], None]) -> str:
    binary = find_server()
    if binary is None:
        announce("No Redis was found: the sweeper does all the work. Install redis-server for quicker reactions.")
        return "none"
    server = Redis(supervisor.home, binary)
    supervisor.add(server.program())
    return server.url


def _use(found: Servers) -> Servers:
    os.environ["DATABASE_URL"] = found.database_url
    os.environ["REDIS_URL"] = found.redis_url
    return found


def require_nobody_runs(home: Home, what: str) -> None:
    """Raises EmbeddedError when another program holds the home; takes its lock otherwise."""
    if home.take_lock():
        return
    state = home.read_state()
    address = state.get("web_url")
    if address:
        raise EmbeddedError(f"Mentiondesk already runs with the home {home.path}, at {address}; stop it to {what}.")
    raise EmbeddedError(f"Another mentiondesk command uses the home {home.path}; wait until it has finished to {what}.")
