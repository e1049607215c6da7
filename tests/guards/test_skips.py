"""A check that a machine cannot make is told, and in CI it is no reason to pass."""

from pathlib import Path

import pytest

from tests.conformance import test_x_prism
from tests.support.lacking import skip_for_lack_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_without_npm_the_check_by_prism_is_skipped_at_home_and_fails_in_ci(monkeypatch, tmp_path, ci, outcome):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("MENTIONDESK_PRISM", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(outcome, match="npm is not here"):
        test_x_prism.prism.__wrapped__()
    with pytest.raises(outcome, match="a word"):
        skip_for_lack_of("a word")


def test_make_conformance_prints_why_a_check_was_left_out():
    [line] = [line for line in (ROOT / "Makefile").read_text().splitlines() if "-m conformance" in line]
    assert " -rs " in line
