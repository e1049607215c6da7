"""Backups: whole, private, and back again."""

import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import psycopg
import pytest

from monitor.embedded.archive import make_backup, unpacked
from monitor.embedded.database_tools import Database
from monitor.embedded.errors import EmbeddedError
from monitor.embedded.home import Home
from monitor.embedded.session import servers
from tests.embedded.conftest import short_home

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """A small database on a server of its own."""
    with short_home() as path, pytest.MonkeyPatch.context() as environment:
        environment.setenv("MENTIONDESK_HOME", str(path))
        environment.delenv("DATABASE_URL", raising=False)
        environment.delenv("REDIS_URL", raising=False)
        with servers(announce=lambda _line: None) as found:
            with psycopg.connect(found.database_url) as connection:
                connection.execute("CREATE EXTENSION vector")
                connection.execute("CREATE TABLE brands_user (email text)")
                connection.execute("CREATE TABLE brands_brand (name text, meaning halfvec(2))")
            yield Database(found.database_url)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.open_folders()
    (home.keys / "credential_key").write_text("sealed with this\n")
    (home.exports / "2026").mkdir()
    (home.exports / "2026" / "trends.csv").write_text("day,posts\n")
    return home


def brands(database: Database) -> str:
    return database._ask("SELECT coalesce(string_agg(name, ','), '') FROM brands_brand")


def test_what_was_backed_up_comes_back_and_nothing_else(database: Database, home: Home, tmp_path: Path) -> None:
    assert database.is_empty()
    database._ask("INSERT INTO brands_brand VALUES ('Lumora · 灯', '[1,2]')")
    made = make_backup(home, database, tmp_path / "desk.tar")
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert not database.is_empty()
    database._ask("INSERT INTO brands_brand VALUES ('Later', NULL)")
    database._ask("CREATE TABLE later (one int)")
    other = Home(tmp_path / "other")
    other.open_folders()
    with unpacked(other, made.path) as backup:
        database.replace_from(backup.dump)
        backup.put_back_files(other)
    assert brands(database) == "Lumora · 灯"
    assert database._ask("SELECT to_regclass('later') IS NULL") == "t"
    assert (other.keys / "credential_key").read_text() == "sealed with this\n"
    assert (other.keys / "credential_key").stat().st_mode & 0o777 == 0o600
    assert (other.exports / "2026" / "trends.csv").read_text() == "day,posts\n"
    database._ask("DELETE FROM brands_brand")


def test_a_restore_that_fails_leaves_the_database_as_it_was(database: Database, home: Home, tmp_path: Path) -> None:
    database._ask("INSERT INTO brands_brand VALUES ('Kept', NULL)")
    (tmp_path / "nonsense.dump").write_bytes(b"PGDMP" + b"\0" * 100)
    with pytest.raises(EmbeddedError, match="pg_restore stopped"):
        database.replace_from(tmp_path / "nonsense.dump")
    assert brands(database) == "Kept"
    assert database._ask("SELECT count(*) FROM pg_database WHERE datname LIKE 'mentiondesk%'") == "1"
    database._ask("DELETE FROM brands_brand")


def test_a_backup_that_cannot_be_written_leaves_no_half_of_it(database: Database, home: Home, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(EmbeddedError, match="could not be written"):
        make_backup(home, database, tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def _tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            tar.addfile(about, BytesIO(content))
    return path


def _manifest(**changes: object) -> bytes:
    dump = {"size": 4, "sha256": "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589"}
    return json.dumps({"format": 1, "made_at": "", "files": {"database.dump": dump}, **changes}).encode()


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"readme.txt": b"hello"}, "no backup of Mentiondesk"),
        ({"manifest.json": b"[]"}, "no backup of Mentiondesk"),
        ({"manifest.json": _manifest(format=99)}, "made by a newer Mentiondesk"),
        ({"manifest.json": _manifest()}, "lacks database.dump"),
        ({"manifest.json": _manifest(), "database.dump": b"abce"}, "database.dump is not what was written"),
        (
            {"manifest.json": _manifest(files={"database.dump": {"size": 4}, "keys/../../x": {"size": 1}})},
            "somebody changed its list of files",
        ),
        (
            {"manifest.json": _manifest(files={"database.dump": {"size": 4}, "/etc/passwd": {"size": 1}})},
            "somebody changed its list of files",
        ),
    ],
)
def test_what_is_no_whole_backup_is_refused(
    members: dict[str, bytes], sentence: str, home: Home, tmp_path: Path
) -> None:
    with pytest.raises(EmbeddedError, match=sentence), unpacked(home, _tar(tmp_path / "b.tar", members)):
        pass
    assert [path for path in home.run.iterdir() if path.name.startswith("restore-")] == []


def test_a_file_cut_short_is_refused(home: Home, tmp_path: Path) -> None:
    whole = _tar(tmp_path / "b.tar", {"manifest.json": _manifest(), "database.dump": b"abcd"})
    with unpacked(home, whole) as backup:
        assert backup.dump.read_bytes() == b"abcd"
    whole.write_bytes(whole.read_bytes()[:1200])
    with pytest.raises(EmbeddedError, match="cut short|lacks"), unpacked(home, whole):
        pass


def test_passwords_stay_out_of_command_lines() -> None:
    database = Database("postgresql://ann:p%40ss@db.example:5433/desk?sslmode=require")
    assert database._url("other") == "postgresql://ann@db.example:5433/other?sslmode=require"
    assert database._password == "p@ss"


def test_the_commands_carry_a_desk_from_one_home_to_another(tmp_path: Path) -> None:
    """The whole way, as an operator walks it: first start, a person, a backup, another machine, that person again."""

    def desk(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.endswith(("_URL", "_KEY", "_KEYS"))
        }
        return subprocess.run(
            [sys.executable, "-m", "monitor", *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env={**environment, "MENTIONDESK_HOME": str(home)},
        )

    file = str(tmp_path / "desk.tar")
    with short_home() as first, short_home() as second:
        made = desk(first, "createuser", "Ann@example.com", "--operator")
        assert re.fullmatch(r"http://127\.0\.0\.1:8000/login/link/[\w-]{40,}/\n", made.stdout), made.stderr
        assert desk(first, "backup", file).returncode == 0
        assert "already holds brands or people" in desk(first, "restore", file).stderr
        restored = desk(second, "restore", file)
        assert restored.returncode == 0, restored.stderr
        again = desk(second, "login-link", "ann@example.com")
        assert again.stdout.startswith("http://127.0.0.1:8000/login/link/"), again.stderr
        for key in ("secret_key", "credential_key"):
            assert (first / "keys" / key).read_text() == (second / "keys" / key).read_text()
        assert desk(second, "doctor").returncode == 0
