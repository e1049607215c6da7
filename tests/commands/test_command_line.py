"""The command line as a person or a script meets it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from monitor.__main__ import main
from monitor.commands.failures import explain
from monitor.commands.parser import build_parser
from monitor.commands.posts import moment
from monitor.commands.texts import text_or_file

ROOT = Path(__file__).parents[2]
# The contract that scripts rely on (more is welcome, these stay).
COMMANDS = [
    *("run", "work", "collect", "import", "analyze", "suggest", "export", "channels", "doctor", "erase", "backup"),
    *("restore", "evaluate", "spikes", "simulate", "bench", "migrate", "createuser", "login-link", "rotate-keys"),
    *("connect", "recount", "learn"),
]


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert told.startswith(f"usage: mentiondesk {command}")
    assert len(told.splitlines()) > 3
    assert "%%" not in told


def test_every_command_runs_something() -> None:
    for command in COMMANDS:
        words = {
            "import": ["f", "--brand", "b"],
            "suggest": ["t"],
            "export": ["posts", "--out", "f"],
            "erase": ["--platform", "x", "--author", "1"],
            "restore": ["f"],
            "evaluate": ["f"],
            "spikes": ["f"],
            "bench": ["inbox"],
            "createuser": ["a@example.com"],
            "login-link": ["a@example.com"],
            "connect": ["x", "--brand", "b", "--id", "1"],
        }.get(command, [])
        assert callable(build_parser().parse_args([command, *words]).run)


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\nfrom monitor.commands.parser import build_parser\nbuild_parser().format_help()\n"
        "heavy = {'django', 'numpy', 'celery', 'transformers', 'tokenizers', 'onnxruntime', 'psycopg', 'structlog'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout == "[]\n"


def test_a_wrong_command_line_is_one_line_and_status_2() -> None:
    told = run("import", "posts.csv")
    assert told.returncode == 2
    assert told.stderr == (
        "mentiondesk import: the following arguments are required: --brand. See `mentiondesk import --help`.\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("import", "nowhere.csv", "--brand", "b"), "There is no file nowhere.csv."),
        (("import", "tests", "--brand", "b"), "tests is a folder, not a file."),
        (("restore", "nowhere.tar"), "There is no file nowhere.tar."),
        (("backup", "nowhere/backup.tar"), "cannot be written"),
        (("analyze", "nowhere.tsv"), "There is no file nowhere.tsv."),
        (("evaluate", "nowhere.tsv"), "There is no file nowhere.tsv."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    told = run(*words, MENTIONDESK_HOME=str(tmp_path / "home"))
    assert told.returncode == 1
    assert told.stderr.startswith("mentiondesk: ")
    assert sentence in told.stderr
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"MENTIONDESK_PORT": "eighty"}, "MENTIONDESK_PORT is 'eighty'; it must be a whole number."),
        ({"MENTIONDESK_HOST": "nowhere.invalid"}, "MENTIONDESK_HOST is 'nowhere.invalid'"),
        ({"MENTIONDESK_HOME": "/proc/nowhere"}, "The folder /proc/nowhere cannot be used"),
    ],
)
def test_a_start_that_cannot_be_is_one_sentence(environment: dict[str, str], sentence: str, tmp_path: Path) -> None:
    told = run("run", **{"MENTIONDESK_HOME": str(tmp_path / "home"), **environment})
    assert told.returncode == 1
    assert sentence in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_an_unreachable_database_is_one_sentence(tmp_path: Path) -> None:
    told = run("channels", MENTIONDESK_HOME=str(tmp_path), DATABASE_URL="postgresql://nobody:secret@127.0.0.1:1/none")
    assert told.returncode == 1
    assert told.stderr == (
        'mentiondesk: The database cannot be reached: connection to server at "127.0.0.1", port 1 failed: '
        "Connection refused.\n"
    )


@pytest.mark.parametrize(
    "address", ["mysql://nobody:secret@127.0.0.1/none", "postgresql://nobody:sec%ret@127.0.0.1:1/none"]
)
def test_an_address_that_cannot_be_read_is_not_shown(address: str, tmp_path: Path) -> None:
    told = run("channels", MENTIONDESK_HOME=str(tmp_path), DATABASE_URL=address)
    assert told.returncode == 1
    assert told.stderr.startswith("mentiondesk: DATABASE_URL ")
    assert len(told.stderr.splitlines()) == 1
    assert "sec%ret" not in told.stderr and "secret" not in told.stderr


@pytest.mark.parametrize("words", [("doctor",), ("doctor", "--json")])
def test_doctor_keeps_its_findings_when_the_database_is_unreachable(words: tuple[str, ...], tmp_path: Path) -> None:
    told = run(*words, MENTIONDESK_HOME=str(tmp_path), DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert told.returncode == 1
    assert told.stderr == ""
    if "--json" in words:
        findings = [json.loads(line) for line in told.stdout.splitlines()]
        assert [(each["state"], each["subject"]) for each in findings if each["state"] == "bad"] == [("bad", "servers")]
        assert {"python", "home", "disk"} <= {each["subject"] for each in findings}
        assert "Connection refused" in findings[-1]["says"]
    else:
        assert "good  home: " in told.stdout
        assert "bad   servers: The database cannot be reached: " in told.stdout


@pytest.fixture
def command_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MENTIONDESK_HOME", str(tmp_path))
    return tmp_path / "logs" / "command.log"


def explained(raise_it: Callable[[], object], command: str = "export") -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it is explained
        raise_it()
    return explain(caught.value, command)


def test_an_unexpected_error_is_a_sentence_and_its_place_goes_to_the_log(command_log: Path) -> None:
    def divide() -> None:
        raise ZeroDivisionError("my card is 4111 1111")

    sentence = explained(divide)
    assert sentence == f"export stopped: ZeroDivisionError. Where it happened is in {command_log}."
    told = command_log.read_text()
    assert "ZeroDivisionError\n" in told and f"{__file__}:" in told and " divide\n" in told
    assert "4111" not in told


def test_a_database_that_chokes_on_a_text_does_not_repeat_it(db: None, command_log: Path) -> None:
    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::integer", ["my card is 4111 1111"])

    sentence = explained(ask, "import")
    assert sentence == f"import stopped: django.db.utils.DataError. Where it happened is in {command_log}."
    assert "psycopg.errors.InvalidTextRepresentation" in command_log.read_text()
    assert "4111" not in command_log.read_text()


def test_a_database_without_room_says_so(command_log: Path) -> None:
    def fill() -> None:
        raise OperationalError('could not extend file "base/5/1": No space left on device\nHINT:  Check free space.')

    assert explained(fill, "work") == (
        'The database cannot be used: could not extend file "base/5/1": No space left on device.'
        f" Where it happened is in {command_log}."
    )


def test_a_full_disk_is_named_with_the_file(command_log: Path) -> None:
    assert explained(lambda: Path("/dev/full").write_text("x")) == "No space left on device."
    assert explained(lambda: Path("/nowhere/file").write_text("x")) == "No such file or directory (/nowhere/file)."


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    script = (
        "import sys\nfrom monitor.commands import measuring\nfrom monitor.__main__ import main\n"
        "measuring.run_bench = lambda _chosen: [print('a long line ' * 20) for _ in range(1000)] and 0\n"
        "sys.exit(main(['bench', 'inbox']))"
    )
    command = [sys.executable, "-c", script]
    try:
        told = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    finally:
        os.close(writing)
    assert told.stderr == ""
    assert told.returncode == 141


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-01-31", "2026-01-31T00:00:00+00:00"),
        ("2026-01-31T08:30+02:00", "2026-01-31T08:30:00+02:00"),
        ("2026-01-31T08:30Z", "2026-01-31T08:30:00+00:00"),
    ],
)
def test_moments_are_read_with_their_zone_or_in_utc(text: str, iso: str) -> None:
    assert moment(text).isoformat() == iso


def test_a_text_is_read_from_the_file_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "post.txt").write_text("From the file")
    assert text_or_file(str(tmp_path / "post.txt")) == "From the file"
    assert text_or_file("Where is my parcel?") == "Where is my parcel?"
    assert text_or_file("long " * 2000) == "long " * 2000
    assert text_or_file("with\0zero") == "with\0zero"
