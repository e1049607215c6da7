"""An older data folder: dumped with its own server and restored into the new major; or refused with the way out."""

import shutil
import subprocess
import time
from pathlib import Path

from monitor.embedded.errors import EmbeddedError
from monitor.embedded.postgres import DATABASE, Postgres
from monitor.embedded.postgres_binaries import find_install, run_tool
from monitor.embedded.programs import spawn

START_SECONDS = 60


def upgrade_if_older(server: Postgres) -> None:
    """Leaves the new data folder under the server's usual name, and the old one beside it as `data-<major>-<time>`.

    Raises EmbeddedError when the programs of the old major are not installed, or when a step fails; the old folder
    is then untouched.
    """
    found = server.version_on_disk()
    if found in (None, str(server.major)):
        return
    if not found.isdigit() or int(found) > server.major or find_install(int(found)) is None:
        raise EmbeddedError(
            f"{server.cluster} was made by PostgreSQL {found}, and this Mentiondesk runs PostgreSQL {server.major}: "
            "run `mentiondesk backup` with the Mentiondesk that made it, move the folder away, then "
            "`mentiondesk restore FILE` with this one."
        )
    server.end_orphan()
    server.home.require_space(2 * _size(server.cluster))
    dump = server.place / "upgrade.dump"
    fresh = server.cluster.with_name("data-fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        _dump(server, int(found), dump)
        server.make_cluster(fresh)
        _restore(server, fresh, dump)
        server.cluster.rename(server.cluster.with_name(f"data-{found}-{int(time.time())}"))
        fresh.rename(server.cluster)
    finally:
        dump.unlink(missing_ok=True)
        server.close_socket_folder()


def _dump(server: Postgres, old_major: int, dump: Path) -> None:
    old = Postgres(server.home, major=old_major)
    with _Running(old, server.cluster):
        # The newer pg_dump reads older servers; the other way round it refuses.
        if old.has_database():
            _require(
                run_tool(
                    [str(server.binaries / "pg_dump"), *old.where(), "-Fc", f"--file={dump}", DATABASE],
                    user=server.user,
                    folder=server.place,
                ),
                "read from the old database",
            )


def _restore(server: Postgres, cluster: Path, dump: Path) -> None:
    with _Running(server, cluster):
        server.make_database()
        if dump.exists():
            command = [str(server.binaries / "pg_restore"), *server.where(), "--exit-on-error", "-d", DATABASE]
            _require(
                run_tool([*command, str(dump)], user=server.user, folder=server.place), "written to the new database"
            )


def _require(outcome: "subprocess.CompletedProcess[str]", what: str) -> None:
    if outcome.returncode != 0:
        words = (outcome.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise EmbeddedError(f"The upgrade of the database stopped, nothing was changed: not {what}: {words}")


class _Running:
    """A server that runs on `cluster` for the length of a `with` block."""

    def __init__(self, server: Postgres, cluster: Path) -> None:
        self._server = server
        self._usual, server.cluster = server.cluster, cluster
        server.open_socket_folder()
        self._log = server.home.logs / "postgres-upgrade.log"
        self._process = spawn(server.program(), self._log)

    def __enter__(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        check = [str(self._server.binaries / "pg_isready"), *self._server.where(), "-q"]
        while run_tool(check).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise EmbeddedError(f"PostgreSQL did not start on {self._server.cluster}: see {self._log}.")
            time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(self._server.program().stop_signal)
            self._process.wait(timeout=60)
        self._server.close_socket_folder()
        self._server.cluster = self._usual


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
