"""Exports of app stores: known by their columns, read whole, and read again as often as one likes."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.inbox.importing import ImportReport, import_file
from monitor.inbox.importing.stores import store_of
from monitor.inbox.models import Post, QuarantinedEvent, RawEvent
from monitor.inbox.services import replay_quarantined

pytestmark = pytest.mark.django_db

GOOGLE = (
    "Package Name", "App Version Code", "App Version Name", "Reviewer Language", "Device",
    "Review Submit Date and Time", "Review Submit Millis Since Epoch", "Review Last Update Date and Time",
    "Review Last Update Millis Since Epoch", "Star Rating", "Review Title", "Review Text",
    "Developer Reply Date and Time", "Developer Reply Millis Since Epoch", "Developer Reply Text", "Review Link",
)  # fmt: skip
WRITTEN, CHANGED = 1_789_120_800_000, 1_789_207_200_000


def google(text: str = "Die App stürzt ab 😡", *, number: int = 1, stars: int = 1, **changes: Any) -> dict[str, Any]:
    link = f"http://play.google.com/console/developers/1/app/2/user-feedback/review-details?reviewId=gp%3AAOq-{number}"
    row = dict.fromkeys(GOOGLE, "")
    row |= {
        "Package Name": "example.lumora.shop",
        "App Version Code": "240",
        "App Version Name": "2.4.0",
        "Reviewer Language": "de",
        "Device": "made-up",
        "Review Submit Date and Time": "2026-09-11T10:00:00Z",
        "Review Submit Millis Since Epoch": str(WRITTEN),
        "Review Last Update Date and Time": "2026-09-11T10:00:00Z",
        "Review Last Update Millis Since Epoch": str(WRITTEN),
        "Star Rating": str(stars),
        "Review Text": text,
        "Review Link": link,
    }
    return {**row, **changes}


def play_file(folder: Path, *rows: dict[str, Any], name: str = "reviews_202609.csv") -> Path:
    """As the Play Console writes it: UTF-16 with a mark, lines that end in LF."""
    text = io.StringIO()
    writer = csv.DictWriter(text, GOOGLE, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / name
    path.write_bytes(text.getvalue().encode("utf-16"))
    return path


def apple(body: str = "Checkout is broken", *, number: int = 1, **changes: Any) -> dict[str, Any]:
    attributes = {
        "rating": 1,
        "title": "Useless",
        "body": body,
        "reviewerNickname": "Mara V",
        "createdDate": "2026-09-11T03:00:00-07:00",
        "territory": "AUT",
    }
    return {"type": "customerReviews", "id": f"00000028-b08c-{number:04d}", "attributes": {**attributes, **changes}}


def lines_file(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "reviews.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return path


def load(path: Path) -> ImportReport:
    return import_file(path, brand_slug="lumora")


def test_a_review_of_google_play_is_read_whole(tmp_path: Path) -> None:
    load(play_file(tmp_path, google(**{"Review Title": "Schlecht"})))
    post = Post.objects.select_related("channel").get()
    assert (post.platform, post.form, post.external_id) == ("google_play", "review", "gp:AOq-1")
    assert post.text == "Schlecht\n\nDie App stürzt ab 😡"
    assert (post.language_hint, post.created_at, post.edited_at) == ("de", datetime(2026, 9, 11, 10, tzinfo=UTC), None)
    assert post.url.startswith("http://play.google.com/") and not post.channel.can_reply  # type: ignore[union-attr]
    assert post.extra == {"stars": 1, "app_version": "2.4.0", "device": "made-up"}
    kept = json.loads(bytes(RawEvent.objects.get().body))
    assert (kept["Star Rating"], kept["App Version Name"], kept["Device"]) == ("1", "2.4.0", "made-up")


def test_the_same_export_again_changes_nothing(tmp_path: Path) -> None:
    path = play_file(tmp_path, google(), google("Gut", number=2, stars=5))
    first, again = load(path), load(path)
    assert (first.stored, again.stored, again.unchanged, again.updated) == (2, 0, 2, 0)
    assert Post.objects.count() == 2 and RawEvent.objects.count() == 2


def test_a_review_that_was_written_anew_is_an_edit_whichever_file_comes_first(tmp_path: Path) -> None:
    old = play_file(tmp_path, google("Stürzt ab"), name="old.csv")
    changes = {"Review Last Update Millis Since Epoch": str(CHANGED), "Star Rating": "5"}
    new = play_file(tmp_path, google("Jetzt geht es wieder", **changes), name="new.csv")
    assert load(old).stored == 1
    assert load(new).updated == 1
    assert load(old).rejected == 0
    post = Post.objects.get()
    assert (post.text, post.version, post.extra["stars"]) == ("Jetzt geht es wieder", 2, 5)
    assert post.edited_at == datetime(2026, 9, 12, 10, tzinfo=UTC)
    assert not QuarantinedEvent.objects.exists()


def test_an_older_file_after_a_newer_one_takes_nothing_back(tmp_path: Path) -> None:
    changes = {"Review Last Update Millis Since Epoch": str(CHANGED)}
    load(play_file(tmp_path, google("Jetzt geht es wieder", **changes), name="new.csv"))
    report = load(play_file(tmp_path, google("Stürzt ab"), name="old.csv"))
    assert (report.unchanged, report.rejected) == (1, 0)
    assert Post.objects.get().text == "Jetzt geht es wieder"


def test_stars_without_a_word_are_counted_and_no_fault(tmp_path: Path) -> None:
    report = load(play_file(tmp_path, google(), google("", number=2), google(" ", number=3)))
    assert (report.rows, report.stored, report.wordless, report.rejected) == (3, 1, 2, 0)
    assert "2 stars without a word" in str(report)


def test_a_review_without_a_link_is_kept_once(tmp_path: Path) -> None:
    path = play_file(tmp_path, google(**{"Review Link": ""}))
    load(path)
    load(path)
    assert Post.objects.get().external_id.startswith("row-")


def test_reviews_of_the_app_store_come_as_the_interface_tells_them(tmp_path: Path) -> None:
    report = load(lines_file(tmp_path, apple(), apple("Fine", number=2, rating=5)))
    post = Post.objects.select_related("author").get(external_id="00000028-b08c-0001")
    assert (report.stored, post.platform, post.form) == (2, "app_store", "review")
    assert post.text == "Useless\n\nCheckout is broken"
    assert (post.author.name, post.author.external_id) == ("Mara V", "apps.apple.com/mara v")  # type: ignore[union-attr]
    assert post.created_at == datetime(2026, 9, 11, 10, tzinfo=UTC)
    assert Post.objects.filter(external_id="00000028-b08c-0002", edited_at=None).exists()


def test_a_table_with_the_same_names_is_known_too(tmp_path: Path) -> None:
    path = tmp_path / "apple.csv"
    path.write_text(
        "id,rating,title,body,reviewerNickname,createdDate,territory\n"
        '7,2,Slow,"Takes a minute, at least",Tom,2026-09-11T10:00:00Z,GBR\n',
        "utf-8",
    )
    load(path)
    post = Post.objects.get()
    assert (post.text, post.extra) == ("Slow\n\nTakes a minute, at least", {"stars": 2})


def test_an_app_store_review_with_a_later_date_is_an_edit(tmp_path: Path) -> None:
    load(lines_file(tmp_path, apple("Broken")))
    load(lines_file(tmp_path, apple("Works again", createdDate="2026-09-13T03:00:00-07:00")))
    load(lines_file(tmp_path, apple("Broken")))
    load(lines_file(tmp_path, apple("Best shop", createdDate="2026-09-15T03:00:00-07:00")))
    post = Post.objects.get()
    assert (post.text, post.version) == ("Useless\n\nBest shop", 3)


def test_other_stars_under_the_same_words_are_an_edit_too(tmp_path: Path) -> None:
    later = {"rating": 4, "createdDate": "2026-09-13T03:00:00-07:00"}
    assert load(lines_file(tmp_path, apple())).stored == 1
    assert load(lines_file(tmp_path, apple(**later))).updated == 1
    assert load(lines_file(tmp_path, apple(**later))).unchanged == 1
    assert load(lines_file(tmp_path, apple())).unchanged == 1
    post = Post.objects.get()
    assert (post.version, post.extra, post.text) == (2, {"stars": 4}, "Useless\n\nCheckout is broken")


def test_a_release_without_a_name_goes_by_its_number(tmp_path: Path) -> None:
    load(play_file(tmp_path, google(**{"App Version Name": "", "Device": "", "Star Rating": "9"})))
    assert Post.objects.get().extra == {"app_version": "240"}


def test_of_two_rows_about_one_review_the_later_one_counts(tmp_path: Path) -> None:
    changes = {"Review Last Update Millis Since Epoch": str(CHANGED)}
    report = load(play_file(tmp_path, google("nachher", **changes), google("vorher")))
    assert (report.rows, report.stored, report.unchanged) == (2, 1, 1)
    assert Post.objects.get().text == "nachher"


def test_odd_rows_cost_themselves_only(tmp_path: Path) -> None:
    rows = [apple(number=1, body=["no", "text"]), apple(number=2), {"type": "customerReviews", "id": "3"}]
    report = load(lines_file(tmp_path, rows[1], rows[0], rows[2]))
    assert (report.stored, report.rejected, report.wordless) == (1, 1, 1)
    assert replay_quarantined(brand_id=Post.objects.get().brand_id) == (0, 0)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_both_orders_of_bytes_are_read_and_half_a_letter_harms_nobody(tmp_path: Path, encoding: str) -> None:
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b"\xfe\xff"
    path = tmp_path / "wide.csv"
    path.write_bytes(mark + "id,text\r\n1,Größe 😀\r\n2,ok\r\n".encode(encoding) + b"\x00")
    import_file(path, brand_slug="lumora")
    assert set(Post.objects.values_list("text", flat=True)) >= {"Größe 😀", "ok"}


def test_other_files_are_no_store_s() -> None:
    assert store_of(["rating", "text"]) is None
    assert store_of(["text", "attributes"], {"text": "a", "attributes": {"rating": 1}}) is None
    assert store_of([name.upper() for name in GOOGLE]) is not None
