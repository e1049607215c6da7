"""`import`, `analyze` and `export` as a person runs them: results on standard output, progress beside them."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from monitor.audit.models import AuditEvent
from monitor.brands.models import Brand
from monitor.commands import progress
from monitor.trends import exports
from tests.commands.conftest import Command
from tests.trends.making import make_post

TEN_POSTS = "".join(json.dumps({"id": number, "text": f"Where is parcel {number}?"}) + "\n" for number in range(10))


@pytest.fixture
def talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    """Says every step, as long work does now and then."""
    monkeypatch.setattr(progress, "LINE_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(progress, "DRAW_EVERY_SECONDS", 0.0)


def test_a_brand_that_an_import_makes_has_articles_to_suggest_from(command: Command, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text(TEN_POSTS)
    assert command("import", tmp_path / "posts.jsonl", "--brand", "harbour") == 0
    brand = Brand.objects.get(slug="harbour")
    loaded = brand.articles.count()
    assert loaded > 0
    brand.articles.first().delete()
    assert command("import", tmp_path / "posts.jsonl", "--brand", "harbour") == 0
    assert brand.articles.count() == loaded - 1, "what a team has changed stays as it is"


def test_a_file_that_is_refused_makes_no_brand(command: Command, tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("a,b\n1,2\n")
    assert command("import", tmp_path / "posts.csv", "--brand", "harbour") == 1
    assert not Brand.objects.exists()


def test_rows_put_aside_are_listed_on_the_page_of_that_name(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "posts.jsonl").write_text(TEN_POSTS + "{nope\n" * 12)
    assert command("import", tmp_path / "posts.jsonl", "--brand", "harbour") == 0
    assert "… and 2 more; the page “Put aside” lists them all\n" in capsys.readouterr().out


def test_analyze_says_how_far_it_is_beside_its_answers(
    command: Command, talkative: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "posts.jsonl").write_text(TEN_POSTS)
    assert command("analyze", tmp_path / "posts.jsonl") == 0
    told = capsys.readouterr()
    assert [json.loads(line)["id"] for line in told.out.splitlines()] == [str(number) for number in range(10)]
    assert "posts analysed: 10 of 10 (" in told.err


def test_analyze_draws_a_bar_on_a_terminal_and_bad_rows_stand_above_it(
    command: Command,
    talkative: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    (tmp_path / "posts.jsonl").write_text(TEN_POSTS + "{nope\n")
    assert command("analyze", tmp_path / "posts.jsonl") == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 10
    assert "line 11: not valid JSON\n" in told.err
    assert f"[{'#' * progress.BAR_WIDTH}] posts analysed: 11 of 11 (" in told.err


def test_analyze_draws_nothing_between_answers_on_the_same_terminal(
    command: Command,
    talkative: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    (tmp_path / "posts.jsonl").write_text(TEN_POSTS)
    assert command("analyze", tmp_path / "posts.jsonl") == 0
    assert capsys.readouterr().err == ""


def test_analyze_of_standard_input_knows_no_total(
    command: Command, talkative: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(TEN_POSTS))
    assert command("analyze", "-") == 0
    assert re.search(r"posts analysed: 10 \(", capsys.readouterr().err)


@pytest.mark.parametrize(("kind", "words"), [("posts", "3 of 3"), ("trends", "1")])
def test_export_says_how_far_it_is(
    kind: str,
    words: str,
    brand: Any,
    command: Command,
    talkative: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exports, "WATCH_ROWS", 1)
    for _ in range(3):
        make_post(brand, None)
    assert command("export", kind, "--out", tmp_path / "out.csv") == 0
    told = capsys.readouterr()
    assert f"rows written: {words} (" in told.err
    assert told.out == f"{words.split()[0]} rows written to {tmp_path / 'out.csv'}\n"


def test_people_leave_only_when_the_operator_says_so_and_it_is_noted(
    brand: Any, command: Command, tmp_path: Path
) -> None:
    make_post(brand, None, text="Write to me: ann@example.com", url="https://x.example/1", is_public=False)
    files = [tmp_path / "without.jsonl", tmp_path / "with.jsonl"]
    words = ("export", "posts", "--format", "jsonl", "--brand", "lumora", "--out")
    assert command(*words, files[0]) == command(*words, files[1], "--with-people") == 0
    without, with_people = (json.loads(path.read_text()) for path in files)
    assert (without["text"], without["url"]) == ("", None)
    assert (with_people["text"], with_people["url"]) == ("Write to me: ann@example.com", "https://x.example/1")
    noted = AuditEvent.objects.filter(act="export", brand_id=brand.pk).order_by("recorded_at")
    assert [event.params["with_people"] for event in noted] == [False, True]


def test_a_picture_of_anything_but_trends_is_a_wrong_command_line(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("export", "posts", "--format", "png", "--out", tmp_path / "p.png") == 2
    assert capsys.readouterr().err == (
        "mentiondesk: Only trends can be drawn as png; posts can be csv, xlsx, parquet or jsonl.\n"
    )
