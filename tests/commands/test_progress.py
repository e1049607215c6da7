"""Progress: on standard error, so that results can be piped."""

import pytest

from monitor.commands import progress
from monitor.commands.progress import Progress


def test_it_says_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_SECONDS", 0.0)
    with Progress("rows read") as show:
        show(1000, 4000)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("rows read: 1,000 of 4,000 (")


def test_it_is_quiet_about_short_work(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("rows read") as show:
        show(10, 10)
    assert capsys.readouterr().err == ""


def test_it_draws_a_bar_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(progress, "DRAW_EVERY_SECONDS", 0.0)
    with Progress("rows read", 4) as show:
        show(1)
        show(4)
    told = capsys.readouterr().err
    assert "\r[########" in told
    assert "[" + "#" * progress.BAR_WIDTH + "] rows read: 4 of 4" in told
    assert told.endswith("\n")
