"""Backups: one tar file with the database, the keys and the exports, and a manifest that proves them whole.

It holds the keys that open sealed credentials, so it is readable by its owner alone: keep it as safe as the keys.
"""

import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from monitor import __version__
from monitor.embedded.database_tools import Database
from monitor.embedded.errors import EmbeddedError
from monitor.embedded.home import Home

FORMAT = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
FOLDERS = ("keys", "exports")
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """What was written or restored."""

    path: Path
    made_at: str
    files: int
    size_bytes: int


def make_backup(home: Home, database: Database, out: Path) -> Backup:
    """Complete under its name, or not there at all. Raises EmbeddedError."""
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    draft = out.with_name(f".{out.name}.part")
    try:
        with _scratch_folder(home, "backup-") as scratch:
            database.dump(scratch / DUMP)
            members = {DUMP: scratch / DUMP, **_files_of(home)}
            manifest = {
                "format": FORMAT,
                "version": __version__,
                "made_at": made_at,
                "files": {name: _fingerprint(path) for name, path in members.items()},
            }
            (scratch / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
            _write_tar(draft, {MANIFEST: scratch / MANIFEST, **members})
        draft.replace(out)
    except OSError as error:
        raise EmbeddedError(f"The backup could not be written to {out}: {error.strerror or error}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return Backup(out, made_at, len(members), out.stat().st_size)


def _files_of(home: Home) -> dict[str, Path]:
    return {
        path.relative_to(home.path).as_posix(): path
        for folder in FOLDERS
        for path in sorted((home.path / folder).rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def _fingerprint(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _write_tar(target: Path, members: dict[str, Path]) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name, path in members.items():
                tar.add(path, arcname=name, recursive=False)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _scratch_folder(home: Home, prefix: str) -> Iterator[Path]:
    # Beside the data: the temporary folder of a machine is often a small one in memory.
    with tempfile.TemporaryDirectory(prefix=prefix, dir=home.run) as folder:
        yield Path(folder)


# -- Restoring -------------------------------------------------------------------------------------


@contextmanager
def unpacked(home: Home, source: Path) -> Iterator["Unpacked"]:
    """The backup's files, each proved against the manifest. Raises EmbeddedError before anything is changed."""
    try:
        with _scratch_folder(home, "restore-") as folder:
            with tarfile.open(source) as tar:
                manifest = _read_manifest(tar)
                home.require_space(2 * sum(int(told["size"]) for told in manifest["files"].values()))
                for name, told in manifest["files"].items():
                    _extract(tar, name, told, folder)
            yield Unpacked(folder, manifest)
    except FileNotFoundError as error:
        raise EmbeddedError(f"There is no file {source}.") from error
    except (tarfile.TarError, EOFError) as error:
        raise EmbeddedError(f"{source} is no backup, or it was cut short: {error}.") from error
    except OSError as error:
        raise EmbeddedError(f"{source} could not be restored: {error.strerror or error}.") from error


def _read_manifest(tar: tarfile.TarFile) -> dict[str, Any]:
    try:
        manifest = json.load(_member(tar, MANIFEST))
        files = manifest["files"]
        known = manifest["format"] == FORMAT and DUMP in files and all(_is_expected(name) for name in files)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EmbeddedError("The file is no backup of Mentiondesk: it has no manifest that can be read.") from error
    if not known:
        raise EmbeddedError("The backup was made by a newer Mentiondesk, or somebody changed its list of files.")
    return dict(manifest)


def _is_expected(name: str) -> bool:
    path = PurePosixPath(name)
    return name == DUMP or (path.parts[0] in FOLDERS and len(path.parts) > 1 and ".." not in path.parts)


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _extract(tar: tarfile.TarFile, name: str, told: dict[str, Any], folder: Path) -> None:
    try:
        source = _member(tar, name)
    except KeyError as error:
        raise EmbeddedError(f"The backup lacks {name}, which its manifest names.") from error
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source, target.open("wb") as file:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
    target.chmod(0o600)
    if digest.hexdigest() != told["sha256"]:
        raise EmbeddedError(f"The backup is damaged: {name} is not what was written.")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A proved backup in a scratch folder."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def dump(self) -> Path:
        return self.folder / DUMP

    def put_back_files(self, home: Home) -> None:
        """Keys and exports, each moved in one step; what the backup does not name is left alone."""
        for name in self.manifest["files"]:
            if name != DUMP:
                target = home.path / name
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                os.replace(self.folder / name, target)
