"""What `make train` hands on: folders as they were named, spaces and tilde included."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.lacking import skip_for_lack_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("named", "handed_on"),
    [
        (["DATA=my data"], ["--data", "my data"]),
        (
            ["DATA=~/data", "OUT=a model", "CHECKPOINTS=a run", "BASE=/a b/c", "FORMER=~/run", "RECIPE=thinned"],
            [
                *("--data", "~/data", "--out", "a model", "--checkpoints", "a run"),
                *("--base", "/a b/c", "--recipe", "thinned", "--former", "~/run"),
            ],
        ),
        (["DATA=d", "OPEN_ONLY=1"], ["--data", "d", "--open-only"]),
    ],
)
def test_make_train_hands_on_what_was_named(tmp_path: Path, named: list[str], handed_on: list[str]) -> None:
    if shutil.which("make") is None:
        skip_for_lack_of("make is not here")
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >"$(dirname "$0")/asked"\n')
    python.chmod(0o755)
    command = ["make", "--old-file", ".venv/installed-train", "train", f"BIN={tmp_path}", *named]
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True, env=environment)
    assert (tmp_path / "asked").read_text().splitlines() == ["-m", "monitor.nlp.train", *handed_on]
