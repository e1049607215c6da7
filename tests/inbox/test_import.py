"""Files of other people: every good row once, every bad row put aside with its line, and no trace back."""

import json
import random
import string
from datetime import UTC, datetime

import pytest

from monitor.brands.models import Brand, Channel, Switch
from monitor.inbox.importing import COLUMNS_HELP, ImportFileError, files, import_file
from monitor.inbox.models import Post, QuarantinedEvent, RawEvent
from monitor.text.clean import clean

pytestmark = pytest.mark.django_db


@pytest.fixture
def write(tmp_path):
    def write(name: str, content: str | bytes):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def load(path, **more):
    return import_file(path, brand_slug="lumora", **more)


def texts():
    return list(Post.objects.order_by("id").values_list("text", flat=True))


def test_it_imports_a_tsv_once_and_makes_the_brand(write):
    path = write("posts.tsv", "brand\ttext\tsrc\nx\tWhere is my order?\ta\nx\tNice!\tb\nx\tNice!\tc\n")
    report = load(path)
    assert (report.rows, report.stored, report.undated, report.rejected) == (3, 3, 3, 0)
    assert Brand.objects.get().slug == "lumora"
    assert Switch.objects.filter(is_on=False, name="acknowledgement").exists()
    post = Post.objects.first()
    assert (post.arrival, post.stage, post.created_at, post.channel.kind) == ("import", "received", None, "import")
    assert not post.channel.can_reply
    again = load(path)
    assert (again.rows, again.stored, again.unchanged) == (3, 0, 3)
    assert Post.objects.count() == RawEvent.objects.count() == 3
    assert Channel.objects.count() == 1


def test_the_age_of_a_profile_is_kept_where_the_file_tells(write):
    row = "hello,{},2026-03-02,2026-02-{}"
    load(write("a.csv", "text,author,created_at,author_created_at\n" + row.format("mia", "27")))
    load(write("b.csv", "text,author,created_at\nagain,mia,2026-03-03\n"))
    author = Post.objects.first().author
    assert author.joined_at == datetime(2026, 2, 27, tzinfo=UTC)


def test_quotes_in_a_tsv_are_letters(write):
    load(write("p.tsv", 'text\n"Great" they say\n"never closed\nit\'s 5" wide\n'))
    assert set(texts()) == {'"Great" they say', '"never closed', "it's 5\" wide"}


def test_all_columns_of_the_contract_are_used_and_others_kept_in_the_journal(write):
    row = {
        "id": 1924465506158878979, "form": "comment", "author": "@mia", "author_name": "Mia B", "followers": "1,200",
        "created_at": "2021-12-01 10:00:00", "lang": "de", "url": "https://x.example/1", "conversation_id": 77,
        "text": "Wo ist mein Paket?", "stars": 1,
    }  # fmt: skip
    load(write("p.jsonl", json.dumps(row)), platform="x")
    post = Post.objects.get()
    assert (post.external_id, post.platform, post.form, post.language_hint) == (
        "1924465506158878979", "x", "comment", "de",
    )  # fmt: skip
    assert (post.author.handle, post.author.name, post.author.followers) == ("mia", "Mia B", 1200)
    assert post.created_at.isoformat() == "2021-12-01T10:00:00+00:00"
    assert (post.conversation.external_id, post.url) == ("77", "https://x.example/1")
    assert post.extra == {"stars": 1} and json.loads(bytes(RawEvent.objects.get().body))["stars"] == 1


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (
            {"Rating": "4", "App-Version": "4.1.2", "Device": "Pixel 9"},
            {"stars": 4, "app_version": "4.1.2", "device": "Pixel 9"},
        ),
        ({"star_rating": "2 out of 5 stars", "recommended": "No"}, {"stars": 2, "recommends": False}),
        ({"rating": "8", "recommends": "perhaps", "device": ""}, {}),
        ({"ad_id": "120200000000001", "score": "5"}, {"ad_id": "120200000000001"}),
    ],
)
def test_stars_versions_devices_and_ads_are_found_under_other_names_too(write, columns, told):
    names, cells = ",".join(columns), ",".join(columns.values())
    load(write("p.csv", f"id,text,{names}\n1,hello,{cells}\n"))
    assert Post.objects.get().extra == told


@pytest.mark.parametrize("name", ["text", "Content", " review ", "BODY", "message", "tweet", "Review Text"])
def test_the_text_may_have_other_names(write, name):
    load(write("p.csv", f"when,{name}\n2021-01-01,hello\n"))
    assert texts() == ["hello"]


def test_the_help_names_every_synonym_of_text():
    for name in ("text", "content", "review", "body", "message", "tweet", "created_at"):
        assert name in COLUMNS_HELP


def test_live_imports_are_live(write):
    load(write("p.csv", "id,text\n1,hello\n"), is_live=True)
    assert Post.objects.get().arrival == "live"


def test_direct_messages_are_private(write):
    load(write("p.csv", "id,text,form\n1,hello,direct_message\n2,hi,nonsense\n"))
    assert dict(Post.objects.values_list("form", "is_public")) == {"direct_message": False, "post": True}


def test_five_spellings_of_a_date_and_an_ambiguous_one(write):
    dates = [
        "2021-01-06T18:40:40Z",
        "Wed Jan 06 18:40:40 +0000 2021",
        "1609958440",
        "1609958440000",
        "2021-01-06 18:40:40",
        "06/01/2021",
    ]
    report = load(write("p.tsv", "id\ttext\tdate\n" + "".join(f"{n}\tx\t{day}\n" for n, day in enumerate(dates))))
    assert (report.stored, report.undated) == (6, 1)
    moments = set(Post.objects.values_list("created_at", flat=True))
    assert {moment.isoformat() for moment in moments if moment} == {"2021-01-06T18:40:40+00:00"}


def test_csv_cells_may_hold_delimiters_quotes_and_lines(write):
    load(write("p.csv", 'id,text\n1,"a, b"\n2,"say ""hi"""\n3,"two\nlines"\n4,"\u2028 odd \x0b ends"\n'))
    assert texts() == ["a, b", 'say "hi"', "two\nlines", "\u2028 odd \x0b ends"]


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_the_delimiter_is_found_out(write, delimiter):
    load(write("p.csv", f"id{delimiter}text\n1{delimiter}hello\n"))
    assert texts() == ["hello"]


@pytest.mark.parametrize(("name", "content"), [("p.dat", '{"text": "a"}\n'), ("p.txt", "x\ttext\n1\ta\n")])
def test_a_file_with_an_odd_name_is_looked_into(write, name, content):
    load(write(name, content))
    assert texts() == ["a"]


def test_a_quote_that_is_never_closed_costs_its_own_line_only(write):
    rows = ["1,good", '2,"open', *[f"{n},good {n}" for n in range(3, 700)]]
    report = load(write("p.csv", "id,text\n" + "\n".join(rows)))
    assert (report.rows, report.stored, report.rejected) == (699, 698, 1)
    assert str(report.first_rejections[0]) == "line 3: a quote is opened and never closed"


def test_a_mark_of_byte_order_and_other_line_ends_do_not_matter(write):
    load(write("p.csv", b"\xef\xbb\xbfid,text\r\n1,hello\r\n\r\n2,there\r\n"))
    assert texts() == ["hello", "there"]


HOSTILE_LINES = [
    (b'{"id": "1", "text": "fine"}', None),
    (b'{"id": "2", "text": "N\\u0000UL and \\ud83d alone"}', None),
    (b'{"id": "3", "text": "raw \xff\xfe bytes"}', "row.not_utf8"),
    (b'{"id": "4", "text": "cut off', "row.not_json"),
    (b"[1, 2]", "row.not_an_object"),
    (b"null", "row.not_an_object"),
    (b'{"id": "5"}', "row.no_text"),
    (b'{"id": "6", "text": "  "}', "row.no_text"),
    (b'{"id": "7", "text": ["a"]}', "row.text_is_no_text"),
    (b'{"id": 1.924465506158879e18, "text": "lost digits"}', "row.bad_id"),
    (b'{"id": {"a": 1}, "text": "odd id"}', "row.bad_id"),
    (b'{"id": "8", "text": "' + b"x" * 10_000_000 + b'"}', "row.text_too_long"),
    (b'{"id": "9", "text": "<img src=x onerror=alert(1)>", "created_at": 1e999, "followers": NaN}', None),
    (b'{"a": ' * 5000 + b"1" + b"}" * 5000, "row.not_json"),
    (b'{"id": "1", "text": "fine"}', None),
    (b'{"id": "1", "text": "same id, other text"}', "row.same_id_other_text"),
    (b'{"id": 10, "text": "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9 e\xcc\x81 \xe2\x80\xaemirrored"}', None),
    (b'{"id": ' + b"9" * 5000 + b', "text": "a number of 5000 digits"}', "row.not_json"),
]


def test_it_survives_torture(write):
    path = write("torture.jsonl", b"\n".join(line for line, _ in HOSTILE_LINES) + b"\n")
    report = load(path)
    bad = [(number, code) for number, (_, code) in enumerate(HOSTILE_LINES, 1) if code]
    assert [(each.line, each.code) for each in report.first_rejections] == bad[:10]
    assert (report.rows, report.stored, report.rejected) == (len(HOSTILE_LINES), 4, len(bad))
    assert report.unchanged == 1
    put_aside = dict(QuarantinedEvent.objects.values_list("source", "reason_code"))
    assert put_aside == {f"torture.jsonl:{line}": code for line, code in bad}
    assert max(len(bytes(event.body)) for event in QuarantinedEvent.objects.all()) > 10_000_000
    assert Post.objects.get(external_id="2").text == "NUL and \ufffd alone"
    assert "… and" in str(report)
    again = load(path)
    assert (again.stored, again.rejected) == (0, len(bad))
    assert QuarantinedEvent.objects.count() == len(bad)


def test_a_known_id_with_another_text_is_put_aside_in_a_later_chunk_too(write, monkeypatch):
    monkeypatch.setattr("monitor.inbox.importing._CHUNK_ROWS", 2)
    report = load(write("p.csv", "id,text\n1,a\n2,b\n1,other\n3,c\n1,a\n"))
    assert (report.stored, report.unchanged, report.rejected) == (3, 1, 1)
    assert str(report.first_rejections[0]) == "line 4: an earlier post has the same id and another text"
    assert sorted(texts()) == ["a", "b", "c"]


def test_equal_rows_without_an_id_are_told_apart_over_chunks(write, monkeypatch):
    monkeypatch.setattr("monitor.inbox.importing._CHUNK_ROWS", 3)
    path = write("p.tsv", "text\n" + "same\n" * 10 + "other\n")
    assert load(path).stored == 11
    assert load(path).stored == 0
    longer = write("q.tsv", "text\n" + "same\n" * 12)
    assert load(longer).stored == 2


def test_a_row_with_too_many_columns_is_put_aside_and_one_with_too_few_is_read(write):
    report = load(write("p.csv", "text,lang,url\nhello, you,en,,\nshort\nwith trailing,en,,\n"))
    assert (report.stored, report.rejected) == (3, 0)
    report = load(write("q.csv", "text,lang\nwell, hello, you\n"))
    assert report.first_rejections[0].code == "row.too_many_columns"


def test_a_row_beyond_all_measure_is_skipped_in_constant_memory(write, monkeypatch):
    monkeypatch.setattr(files, "LONGEST_ROW_BYTES", 5000)
    report = load(write("p.tsv", b"text\nfirst\n" + b"x" * 50_000 + b"\nlast\n"))
    assert (report.stored, report.rejected) == (2, 1)
    assert report.first_rejections[0].code == "row.too_long"
    assert texts() == ["first", "last"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.jsonl", b"\n \n\t\n", "is empty"),
        ("bom.csv", b"\xef\xbb\xbf", "is empty"),
        ("columns.csv", b"a,b\n1,2\n", "no column with the posts' text. It has the columns a, b; one must be called"),
        ("columns.jsonl", b'{"a": 1}\n{"b": 2}\n', "have no text"),
        ("not.jsonl", b"hello\nthere\n", "is not JSONL"),
        ("list.json", b'[{"text": "a"}]', "one JSON list"),
        ("book.csv", b"PK\x03\x04rest", "ZIP or Excel"),
        ("wide.tsv", "a\nhello".encode("utf-16"), "no column with the posts' text"),
        ("picture.tsv", bytes(range(256)) * 40, "not a text file"),
        ("latin.csv", "id,t\u00e9xt\n".encode("latin-1"), "not UTF-8"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_with_one_sentence(write, name, content, sentence):
    with pytest.raises(ImportFileError, match=sentence) as refused:
        load(write(name, content))
    assert "\n" not in str(refused.value)
    assert not Brand.objects.exists()
    assert not Post.objects.exists()


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(ImportFileError, match="no file"):
        load(tmp_path / "nothing.csv")
    with pytest.raises(ImportFileError, match="folder"):
        load(tmp_path)


@pytest.mark.parametrize("options", [{"brand_slug": "No Brand!"}, {"brand_slug": "b", "platform": "X Y"}])
def test_names_that_cannot_be_are_refused(write, options):
    with pytest.raises(ImportFileError, match="small letters"):
        import_file(write("p.csv", "text\na\n"), **options)


def test_progress_is_told(write, monkeypatch):
    monkeypatch.setattr("monitor.inbox.importing._CHUNK_ROWS", 2)
    told = []
    load(write("p.csv", "text\na\nb\nc\n"), progress=told.append)
    assert told == [2, 3]


@pytest.mark.parametrize("seed", range(6))
def test_random_bytes_are_refused_or_put_aside_and_never_a_trace_back(write, seed):
    chance = random.Random(seed)
    letters = string.printable + '"",,\t\t\n\n\x00é漢👋'
    for name in ("p.csv", "p.tsv", "p.jsonl"):
        noise = "".join(chance.choices(letters, k=3000)).encode()
        noise = bytes(byte if chance.random() > 0.01 else chance.randrange(256) for byte in noise)
        header = b"" if name == "p.jsonl" else b"text\n"
        lines = b'{"text": "a"}\n' if name == "p.jsonl" else b""
        report = load(write(name, header + lines + noise))
        assert report.rows == report.stored + report.unchanged + report.updated + report.rejected
    for text in texts():
        assert text == clean(text)


def test_an_id_of_the_file_is_kept_to_act_on_and_a_made_one_is_not(write):
    load(write("p.jsonl", '{"id": "17", "text": "With its id"}\n{"text": "Without"}\n'), platform="x")
    assert dict(Post.objects.values_list("text", "platform_id")) == {"With its id": "17", "Without": ""}
    assert Post.objects.get(text="Without").external_id.startswith("row-")


def test_a_row_whose_id_belongs_to_another_text_changes_nothing_of_that_post(write):
    load(write("a.jsonl", '{"id": 1, "text": "the first"}\n'))
    report = load(
        write("b.csv", "id,text,created_at,author,url\n1,another,2026-03-10T12:00:00Z,mara,https://x.example/1\n")
    )
    assert (report.rows, report.rejected, report.updated, report.unchanged, report.undated) == (1, 1, 0, 0, 0)
    post = Post.objects.get()
    assert (post.text, post.created_at, post.author, post.url) == ("the first", None, None, "")


def test_an_open_quote_that_another_row_seems_to_close_costs_its_own_line_only(write):
    report = load(write("a.csv", 'id,text\n1,"open quote\n2,good\n3,"fine, ""really"""\n4,"closed"? yes\n5,last\n'))
    assert "good" in texts() and "last" in texts() and 'fine, "really"' in texts()
    assert [str(each) for each in report.first_rejections] == ["line 2: a quote is opened and never closed"]


def test_rows_inside_a_sound_quote_are_text(write):
    report = load(write("a.csv", 'id,text\n1,"they wrote\n2,good\nand left"\n3,last\n'))
    assert (report.stored, report.rejected) == (2, 0)
    assert "they wrote\n2,good\nand left" in texts()


def test_lines_may_end_as_on_old_macs(write):
    report = load(write("a.csv", 'id,text\r1,one\r2,"two\rlines"\r3,three\r'))
    assert (report.stored, report.rejected) == (3, 0)
    assert sorted(texts()) == ["one", "three", "two\nlines"]


def test_a_header_that_is_no_csv_is_refused_with_one_sentence(write):
    with pytest.raises(ImportFileError, match="names no columns"):
        load(write("a.csv", "id,te\rxt\n1,one\n"))


def test_what_other_programs_write_for_nothing_is_nothing(write):
    load(
        write(
            "a.jsonl",
            '{"id": NaN, "text": "one", "author": NaN, "created_at": NaN, "conversation_id": NaN, "in_reply_to": NaN}\n'
            '{"id": 2, "text": "two", "conversation_id": true, "in_reply_to": 1.5}\n',
        )
    )
    assert sorted(texts()) == ["one", "two"]
    assert not Post.objects.exclude(author=None).exists()


def test_an_id_that_a_spreadsheet_has_rounded_is_put_aside_by_that_name(write):
    report = load(write("a.csv", "id,text\n1.92E+18,one\n1.92E+18,two\n3,three\n"))
    assert texts() == ["three"]
    assert {each.code for each in report.first_rejections} == {"row.bad_id"}


def test_a_raw_control_character_in_a_json_text_costs_nothing(write):
    load(write("a.jsonl", '{"id": 1, "text": "a\x00b\tc"}\n{"id": 2, "text": "two"}\n'))
    assert texts() == ["ab\tc", "two"]
