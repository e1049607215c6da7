"""A PostgreSQL 18 of our own: its folder, first set-up, settings for a laptop, and how to reach it.

No network listener: clients come through a socket in a folder that only its owner (and root) can open.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psutil

from monitor.embedded import service_user
from monitor.embedded.errors import EmbeddedError
from monitor.embedded.home import Home
from monitor.embedded.postgres_binaries import MAJOR, require_install, run_tool
from monitor.embedded.programs import Program
from monitor.embedded.service_user import ServiceUser

DATABASE = "mentiondesk"
SOCKET_NAME = ".s.PGSQL.5432"
# The kernel's limit is 108 bytes on Linux and 104 on macOS, with the closing zero.
SOCKET_PATH_LIMIT = 100

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "192MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    # Nobody replicates from a laptop, so the log of changes is kept small; what is committed is on the disk.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "synchronous_commit": "on",
    # What people wrote never reaches a log: no statements, no values of a failed row.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Postgres:
    """The server of one home. `prepare()` makes its folder; `program()` is for the supervisor."""

    def __init__(self, home: Home, *, major: int = MAJOR, settings: Mapping[str, str] | None = None) -> None:
        self.home = home
        self._settings = {**SETTINGS, **(settings or {})}
        self.major = major
        self.user: ServiceUser | None = service_user.choose_user(home.postgres / "data")
        self.place = self._choose_place()
        self.binaries = require_install(self.user, major)
        self.cluster = self.place / "data"
        self.socket_folder = self.place / "run"

    # -- Places ------------------------------------------------------------------------------------

    def _choose_place(self) -> Path:
        link = self.home.postgres
        if link.is_symlink() and not link.exists():
            link.unlink()
        if not link.exists():
            try:
                self._make_place(link)
            except OSError as error:
                raise EmbeddedError(f"The folder {link} cannot be made: {error.strerror}.") from error
        return link.resolve()

    def _make_place(self, link: Path) -> None:
        if service_user.can_walk_into(self.home.path, self.user):
            link.mkdir(mode=0o700)
            service_user.give(link, self.user)
            return
        # Root's own home lets nobody in, and we do not open it: the folder lies elsewhere, the home points to it.
        service_user.SYSTEM_FOLDER.mkdir(mode=0o711, parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix="postgres-", dir=service_user.SYSTEM_FOLDER))
        service_user.give(place, self.user)
        link.symlink_to(place)

    def open_socket_folder(self) -> None:
        """A folder that is ours alone; a short one in the temporary folder where the path would be too long."""
        folder = self.place / "run"
        if len(os.fsencode(folder / SOCKET_NAME)) > SOCKET_PATH_LIMIT:
            folder = Path(tempfile.mkdtemp(prefix="mentiondesk-"))
        folder.mkdir(mode=0o700, exist_ok=True)
        service_user.give(folder, self.user)
        self.socket_folder = folder

    def close_socket_folder(self) -> None:
        """Removes the short folder, if one was made."""
        if self.socket_folder != self.place / "run":
            shutil.rmtree(self.socket_folder, ignore_errors=True)

    @property
    def database_url(self) -> str:
        return f"postgresql://postgres@/{DATABASE}?host={quote(str(self.socket_folder))}"

    # -- Starting ----------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Makes the data folder where there is none (`postgres_upgrade` sees to an older one). Raises EmbeddedError."""
        if self.version_on_disk() is None:
            self.make_cluster(self.cluster)
        self.end_orphan()
        self.open_socket_folder()

    def version_on_disk(self) -> str | None:
        try:
            return (self.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise EmbeddedError(f"{self.cluster} cannot be read: is it a PostgreSQL folder, and yours?") from error

    def make_cluster(self, target: Path) -> None:
        """Made under another name and renamed when complete, so that a start cut short leaves nothing half made."""
        draft = target.with_name(f"{target.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        made = run_tool(
            [
                str(self.binaries / "initdb"),
                f"--pgdata={draft}",
                "--username=postgres",
                "--auth-local=trust",
                "--auth-host=reject",
                "--encoding=UTF8",
                "--locale=C",
                *(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if self.major >= 17 else []),
                "--no-instructions",
                *(["--no-sync"] if self._settings.get("fsync") == "off" else []),
            ],
            user=self.user,
            folder=self.place,
        )
        if made.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise EmbeddedError(f"The database could not be set up in {target}: {_sentence(made.stderr)}")
        draft.rename(target)

    def end_orphan(self) -> None:
        """Stops a server left from a supervisor that was killed; removes the lock of one that is gone.

        PostgreSQL itself refuses to start when the number in its lock file belongs to any living program, which
        happens after a restart of a container, where small numbers come again.
        """
        lock = self.cluster / "postmaster.pid"
        try:
            pid = int(lock.read_text(encoding="ascii").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        try:
            running = psutil.Process(pid)
            if running.name() == "postgres" and running.cwd() == str(self.cluster):
                running.send_signal(signal.SIGINT)
                running.wait(timeout=60)
                return
        except psutil.NoSuchProcess:
            pass
        except (psutil.AccessDenied, psutil.TimeoutExpired) as error:
            raise EmbeddedError(f"Another PostgreSQL (process {pid}) uses {self.cluster}: stop it first.") from error
        lock.unlink(missing_ok=True)

    def program(self) -> Program:
        settings = {**self._settings, "unix_socket_directories": '"' + str(self.socket_folder).replace('"', '""') + '"'}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            command=(str(self.binaries / "postgres"), "-D", str(self.cluster), *options),
            environment={"LC_ALL": "C", "PGDATA": str(self.cluster)},
            folder=self.place,
            user=self.user,
            # SIGINT: roll back what is open, write everything down, stop.
            stop_signal=signal.SIGINT,
            grace_seconds=30,
            is_ready=self.is_ready,
        )

    # -- Using -------------------------------------------------------------------------------------

    def is_ready(self) -> bool:
        """True when it takes connections and the product's database exists (made here at the first start)."""
        if run_tool([str(self.binaries / "pg_isready"), *self.where(), "-q", "-t", "2"]).returncode != 0:
            return False
        return self.has_database() or self.make_database()

    def where(self) -> list[str]:
        """The options by which PostgreSQL's tools find this server."""
        return ["-h", str(self.socket_folder), "-U", "postgres"]

    def has_database(self) -> bool:
        question = f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"  # noqa: S608 - a constant
        asked = run_tool([str(self.binaries / "psql"), *self.where(), "-d", "postgres", "-XtAc", question])
        return asked.stdout.strip() == "1"

    def make_database(self) -> bool:
        return run_tool([str(self.binaries / "createdb"), *self.where(), DATABASE]).returncode == 0


def _sentence(words: str) -> str:
    """The last complaint of a tool, without its prefix."""
    for line in reversed(words.splitlines()):
        if "No space left" in line:
            return "the disk is full."
        if "error:" in line or "FATAL:" in line or "PANIC:" in line:
            return line.split(":", 1)[1].strip().rstrip(".") + "."
    return words.strip()[-200:] or "the tool said nothing."
