"""`make bench`: a bench that fails is told and makes the whole fail; one that lacks its files is left out by name."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from monitor.commands.measuring import MODULES
from tests.support.lacking import skip_for_lack_of

ROOT = Path(__file__).parents[2]
# Stands in for the program: says what it was asked, and fails in the ways that are named.
PROGRAM = """
import json, sys
subject, rest = sys.argv[2], sys.argv[3:]
if subject == {dies!r}: print("half"); sys.exit(1)
if subject == {silent!r}: sys.exit(0)
print(json.dumps({{"bench": subject, "asked": rest}}))
"""


def load() -> Any:
    spec = importlib.util.spec_from_file_location("bench_all", ROOT / ".ci" / "bench.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def program(folder: Path, dies: str = "", silent: str = "") -> list[str]:
    (folder / "program.py").write_text(PROGRAM.format(dies=dies, silent=silent))
    return [sys.executable, str(folder / "program.py")]


def test_every_bench_is_a_line_of_json_and_the_one_without_files_is_named(tmp_path: Path, capfd: Any) -> None:
    assert load().main([], program(tmp_path)) == 0
    out, err = capfd.readouterr()
    subjects = [json.loads(line)["subject"] for line in out.splitlines()]
    assert subjects == [name for name in MODULES if name != "few-shot"]
    assert err == "few-shot: left out, it needs two labelled files (make bench EXAMPLES=file JUDGED=file).\n"


def test_with_its_files_it_is_measured_too(tmp_path: Path, capfd: Any) -> None:
    assert load().main(["a.tsv", "b c.tsv"], program(tmp_path)) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    asked = {line["subject"]: line["figures"]["asked"] for line in lines}
    assert asked.pop("few-shot") == ["--examples", "a.tsv", "--judged", "b c.tsv"]
    assert set(asked) == set(MODULES) - {"few-shot"} and not any(asked.values())


def test_benches_that_fail_or_say_nothing_are_named_the_others_go_on_and_the_status_is_1(
    tmp_path: Path, capfd: Any
) -> None:
    assert load().main([], program(tmp_path, dies="analysis", silent="webhooks")) == 1
    out, err = capfd.readouterr()
    subjects = {json.loads(line)["subject"] for line in out.splitlines()}
    assert subjects == set(MODULES) - {"few-shot", "analysis", "webhooks"}
    assert "analysis: FAILED.\n" in err and err.endswith("Failed: analysis, webhooks.\n")


def test_make_bench_ends_with_the_status_of_the_benches(tmp_path: Path) -> None:
    if shutil.which("make") is None:
        skip_for_lack_of("make is not here")
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@" >"$(dirname "$0")/asked"\nexit 3\n')
    python.chmod(0o755)
    command = [
        "make",
        "--old-file",
        ".venv/installed-dev",
        "bench",
        f"BIN={tmp_path}",
        "EXAMPLES=a.tsv",
        "JUDGED=b.tsv",
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert told.returncode != 0
    assert (tmp_path / "asked").read_text() == ".ci/bench.py a.tsv b.tsv\n"
