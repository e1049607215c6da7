"""Exports: safe in a spreadsheet, exact elsewhere, without people unless asked, there only when complete."""

import csv
import io
import json
import re
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from openpyxl.utils.escape import unescape

from monitor.inbox.models import Author
from monitor.trends import exports
from monitor.trends.exports import ExportError, export, writers
from monitor.trends.exports.cells import cut_to_cell, guard
from monitor.trends.exports.tables import TABLES, Column
from tests.trends.making import correct_post, decide_post, make_post, open_case, read_post

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =cmd|' /C calc'!A0",
    "\u00a0=1",
    "\u200b=1",
    "\ufeff=1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM",
    " \t=1",
    '=HYPERLINK("https://evil.example","x")',
]
HARMLESS = ["", "Where is my parcel?", "a=b", "'=1", "  two blanks", "3 - 2", "你好 = ok", "\U0001f600"]


def csv_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))


@pytest.fixture
def author(brand: Any) -> Any:
    return Author.objects.create(brand=brand, platform="mastodon", external_id="7", handle="anna", name="Anna")


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_becomes_a_formula_in_csv(text: str) -> None:
    assert guard(text) == f"'{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert guard(text) == text


def test_csv_reads_back_as_written(tmp_path: Path) -> None:
    columns = [Column("a", "text", ""), Column("n", "integer", "")]
    texts = [*HARMLESS, 'a "quoted", word', "two\r\nlines", "\u2028 separator", "👨‍👩‍👧 e\u0301"]
    with (tmp_path / "t.csv").open("wb") as file:
        assert writers.write_csv(file, columns, [(text, -5) for text in texts]) == len(texts)
    assert [row["a"] for row in csv_rows(tmp_path / "t.csv")] == texts
    assert {row["n"] for row in csv_rows(tmp_path / "t.csv")} == {"-5"}
    assert b"\r\n" in (tmp_path / "t.csv").read_bytes()


def test_no_cell_of_an_xlsx_is_a_formula_or_a_link(tmp_path: Path) -> None:
    columns = [Column("a", "text", "")]
    texts = [*FORMULAS, "https://evil.example", "12345678901234567890"]
    with (tmp_path / "t.xlsx").open("wb") as file:
        writers.write_xlsx(file, columns, [(text,) for text in texts])
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    assert sheet is not None
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [unescape(str(cell.value)).strip() for cell in cells] == [text.strip() for text in texts]
    assert not any(cell.hyperlink for cell in cells)


def test_a_full_sheet_goes_on_in_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "SHEET_ROWS", 4)
    with (tmp_path / "t.xlsx").open("wb") as file:
        assert writers.write_xlsx(file, [Column("n", "integer", "")], [(n,) for n in range(7)]) == 7
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert [[row[0] for row in sheet.values] for sheet in book] == [["n", 0, 1, 2], ["n", 3, 4, 5], ["n", 6]]


def test_a_text_longer_than_a_cell_is_cut_between_characters() -> None:
    cut = cut_to_cell("😀" * 20_000)
    assert len(cut.encode("utf-16-le")) // 2 <= 32_767
    assert set(cut[:-1]) == {"😀"}


@pytest.mark.parametrize("kind", list(TABLES))
@pytest.mark.parametrize("format", list(writers.WRITERS))
def test_an_export_of_nothing_still_names_its_columns(brand: Any, tmp_path: Path, kind: str, format: str) -> None:
    path = tmp_path / "out"
    assert export(kind, format=format, out=path) == 0
    names = list(TABLES[kind].names)
    if format == "csv":
        assert path.read_text().strip().split(",") == names
    elif format == "xlsx":
        path.rename(tmp_path / "out.xlsx")
        sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
        assert sheet is not None
        assert [cell.value for cell in sheet[1]] == names
    elif format == "parquet":
        assert pq.read_schema(path).names == names
    else:
        assert path.read_bytes() == b""


@pytest.mark.parametrize("format", list(writers.WRITERS))
def test_posts_leave_in_every_format(brand: Any, author: Any, tmp_path: Path, format: str) -> None:
    post = make_post(brand, NOON, platform="mastodon", author=author, text="=late again")
    read_post(post, severity=2)
    decide_post(post, is_flagged=True)
    assert export("posts", format=format, out=tmp_path / f"out.{format}", brand="lumora") == 1


def test_what_was_told_beyond_the_words_has_columns_of_its_own(brand: Any, tmp_path: Path) -> None:
    told = {"ad_id": "120200000000001", "stars": 2, "recommends": False, "app_version": "4.1.2", "device": "=Pixel"}
    make_post(brand, NOON, extra=told)
    make_post(brand, NOON)
    export("posts", format="csv", out=tmp_path / "out.csv")
    first, second = csv_rows(tmp_path / "out.csv")
    told["device"], written = "'=Pixel", {"stars": "2", "recommends": "false"}
    assert {name: first[name] for name in told} == told | written
    assert {second[name] for name in told} == {""}
    export("posts", format="jsonl", out=tmp_path / "out.jsonl")
    row = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])
    assert (row["stars"], row["recommends"], row["ad_id"]) == (2, False, "120200000000001")


def test_a_post_is_exported_with_what_was_decided_and_corrected(brand: Any, author: Any, tmp_path: Path) -> None:
    post = make_post(brand, NOON, platform="mastodon", author=author, text="=late again")
    read_post(post, severity=2)
    correct_post(post, "topic", "refund")
    case = open_case(post)
    export("posts", format="csv", out=tmp_path / "out.csv")
    (row,) = csv_rows(tmp_path / "out.csv")
    assert row["created_at"] == "2026-03-10T12:00:00Z"
    assert (row["topic"], row["severity"], row["complaint"]) == ("refund", "2", "true")
    assert row["case_reference"] == case.reference
    assert row["text"] == "'=late again"
    assert row["id"] == str(post.public_id or post.__class__.objects.get(pk=post.pk).public_id)


def test_people_leave_only_when_asked_for(brand: Any, author: Any, tmp_path: Path) -> None:
    make_post(
        brand, NOON, platform="mastodon", author=author, text="Write to anna@example.com", url="https://m.example/anna"
    )
    make_post(brand, NOON, platform="mastodon", author=author, text="My secret", form="direct_message", is_public=False)
    make_post(brand, NOON, platform="x", text="A post on X")
    export("posts", format="csv", out=tmp_path / "plain.csv")
    plain = (tmp_path / "plain.csv").read_text()
    assert not re.search("anna|Anna|My secret|A post on X", plain)
    assert "Write to" in plain
    export("posts", format="csv", out=tmp_path / "people.csv", with_people=True)
    people = (tmp_path / "people.csv").read_text()
    assert all(word in people for word in ("anna@example.com", "Anna", "My secret", "A post on X"))


def test_imported_posts_of_x_keep_their_text(brand: Any, tmp_path: Path) -> None:
    make_post(brand, NOON, platform="x", text="From a file of our own", arrival="import")
    export("posts", format="csv", out=tmp_path / "out.csv")
    assert "From a file of our own" in (tmp_path / "out.csv").read_text()


def test_trends_are_exact_whether_folded_or_not(brand: Any, tmp_path: Path) -> None:
    from monitor.trends import services

    brand.time_zone = "Asia/Shanghai"
    brand.save()
    read_post(make_post(brand, NOON + timedelta(hours=6)))
    read_post(make_post(brand, None))
    export("trends", format="csv", out=tmp_path / "before.csv")
    services.rebuild()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inbox_postchange")
    export("trends", format="csv", out=tmp_path / "after.csv")
    assert (tmp_path / "before.csv").read_text() == (tmp_path / "after.csv").read_text()
    rows = csv_rows(tmp_path / "after.csv")
    assert [(row["day"], row["complaints"]) for row in rows] == [("2026-03-11", "1"), ("", "1")]


def test_brand_and_dates_narrow_the_export(brand: Any, other_brand: Any, tmp_path: Path) -> None:
    make_post(brand, NOON)
    make_post(brand, NOON + timedelta(days=1))
    make_post(other_brand, NOON)
    counts = [
        export("posts", out=tmp_path / "o", brand="lumora"),
        export("posts", out=tmp_path / "o", since=NOON, until=NOON + timedelta(days=1)),
        export("posts", out=tmp_path / "o", brand="lumora", since=NOON + timedelta(seconds=1)),
    ]
    assert counts == [2, 2, 1]


def test_json_lines_keep_types_and_exact_text(brand: Any, tmp_path: Path) -> None:
    post = make_post(brand, NOON, platform="mastodon", text="=exact 😀")
    read_post(post)
    export("posts", format="jsonl", out=tmp_path / "o")
    row = json.loads((tmp_path / "o").read_text())
    assert (row["text"], row["complaint"], row["severity"], row["edited_at"]) == ("=exact 😀", True, 1, None)
    assert row["created_at"] == "2026-03-10T12:00:00Z"


def test_a_failed_export_leaves_the_old_file_and_no_other(brand: Any, tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "out.csv"
    path.write_text("the old one")

    def break_down(*_: Any) -> int:
        raise RuntimeError("disk full")

    monkeypatch.setitem(exports.WRITERS, "csv", break_down)
    with pytest.raises(RuntimeError):
        export("posts", format="csv", out=path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("out.csv", "the old one")]


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [
        ("people", {}, "no table"),
        ("posts", {"format": "docx"}, "docx"),
        ("posts", {"brand": "nobody"}, "no brand"),
        ("posts", {"out": "/nonexistent-folder/out.csv"}, "cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_one_clear_sentence(
    brand: Any, tmp_path: Path, kind: str, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ExportError, match=says):
        export(kind, **{"out": tmp_path / "o", **options})


def test_memory_does_not_grow_with_the_rows() -> None:
    columns = [Column("text", "text", "")]

    def peak(rows: int) -> int:
        tracemalloc.start()
        with open("/dev/null", "wb") as file:
            writers.write_csv(file, columns, (("some words " * 5,) for _ in range(rows)))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(20_000) < 1.5 * peak(2_000)


@pytest.mark.parametrize("kind", list(TABLES))
def test_the_documentation_describes_every_column(kind: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / "exports.md").read_text()
    section = text.split(f"\n## {kind}\n")[1].split("\n## ")[0]
    described = re.findall(r"^\| `(\w+)` \| (\w+) \|", section, flags=re.MULTILINE)
    assert described == [(column.name, column.kind) for column in TABLES[kind].columns]
