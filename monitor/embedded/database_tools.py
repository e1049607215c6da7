"""PostgreSQL's own tools on the database that a command uses, embedded or not: dump, restore, is it empty."""

import os
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from monitor.embedded.errors import EmbeddedError
from monitor.embedded.postgres_binaries import require_install

SPARE = "mentiondesk_restored"


class Database:
    """A database by its address. The password travels in the environment: command lines are visible to everybody."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._password = unquote(parts.password or "")
        login = parts.netloc.rpartition("@")[0].partition(":")[0]
        host = parts.netloc.rpartition("@")[2]
        self._parts = parts._replace(netloc=f"{login}@{host}" if login else host)
        self.name = unquote(parts.path.lstrip("/"))
        self._binaries = require_install(None)

    def _url(self, name: str) -> str:
        # urlunsplit drops the two slashes of an empty host, which libpq needs.
        url = urlunsplit(self._parts._replace(path=f"/{name}"))
        return url if "://" in url else url.replace(":", "://", 1)

    def _run(self, tool: str, *options: str) -> str:
        outcome = subprocess.run(
            [str(self._binaries / tool), *options],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C", "PGCONNECT_TIMEOUT": "10", "PGPASSWORD": self._password},
        )
        if outcome.returncode != 0:
            words = [line for line in outcome.stderr.splitlines() if "error" in line.lower() or "FATAL" in line]
            reason = (words or outcome.stderr.splitlines() or ["no reason given"])[0]
            raise EmbeddedError(f"{tool} stopped: {reason.removeprefix(tool + ': ').strip()}")
        return outcome.stdout

    def _ask(self, statement: str, *, database: str | None = None) -> str:
        address = self._url(database or self.name)
        return self._run("psql", "-XtAq", "-v", "ON_ERROR_STOP=1", "-c", statement, "-d", address).strip()

    def dump(self, target: Path) -> None:
        """One consistent state of the database, however long it takes; others go on working."""
        self._run("pg_dump", "--format=custom", "--no-owner", f"--file={target}", "--dbname", self._url(self.name))

    def is_empty(self) -> bool:
        """True where nobody has set anything up: no tables, or no brand and no person in them."""
        if self._ask("SELECT to_regclass('brands_brand') IS NULL OR to_regclass('brands_user') IS NULL") == "t":
            return True
        return self._ask("SELECT NOT EXISTS (SELECT FROM brands_brand) AND NOT EXISTS (SELECT FROM brands_user)") == "t"

    def replace_from(self, dump: Path) -> None:
        """Restores beside the old database and then takes its name: a restore that fails changes nothing.

        Needs the right to make databases, which the embedded server gives.
        """
        other = "postgres" if self.name != "postgres" else "template1"
        self._ask(f'DROP DATABASE IF EXISTS "{SPARE}" WITH (FORCE)', database=other)
        self._ask(f'CREATE DATABASE "{SPARE}" TEMPLATE template0', database=other)
        try:
            self._run("pg_restore", "--exit-on-error", "--no-owner", "--dbname", self._url(SPARE), str(dump))
        except EmbeddedError:
            self._ask(f'DROP DATABASE IF EXISTS "{SPARE}" WITH (FORCE)', database=other)
            raise
        self._ask(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)', database=other)
        self._ask(f'ALTER DATABASE "{SPARE}" RENAME TO "{self.name}"', database=other)
