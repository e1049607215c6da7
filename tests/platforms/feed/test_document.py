"""Feeds as publishers write them, well and badly. All of it is made up."""

import pytest

from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.feed.document import Document, read_document

ADDRESS = "https://blog.lumora.example/deep/feed.xml?x=1"
ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:im="http://itunes.apple.com/rss" xml:lang="pt-BR"
 xmlns:thr="http://purl.org/syndication/thread/1.0" xmlns:at="http://purl.org/atompub/tombstones/1.0">
<title>Reviews</title><link rel="next" href="/page/2"/>
<at:deleted-entry ref="tag:lumora.example,2026:9" when="2026-11-20T00:00:00Z"/>
<entry><id>4711</id><title>Lost &amp; late</title><updated>2026-11-20T10:00:00-07:00</updated>
<content type="text">It took &lt; 5 minutes to break</content>
<content type="html">&lt;table&gt;x&lt;/table&gt;</content>
<im:rating>1</im:rating><im:version>4.1.2</im:version><author><name>Mara</name><uri>https://apps.example/us/reviews/id1</uri></author>
<link rel="related" href="https://apps.example/us/review?id=1&amp;r=4711"/>
<thr:in-reply-to ref="tag:lumora.example,2026:1"/></entry>
<entry><id>tag:lumora.example,2026:2</id><title type="html">&lt;b&gt;Hi&lt;/b&gt;</title><link href="../post/2"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One <em>two</em></p></div></content></entry>
</feed>"""


def rss(items: str, *, head: str = "<rss version='2.0'><channel><title>T</title>") -> bytes:
    return f"{head}{items}</channel></rss>".encode()


def read(body: bytes | str, content_type: str = "") -> Document:
    return read_document(body.encode() if isinstance(body, str) else body, content_type, ADDRESS)


def test_an_app_review_in_atom_keeps_its_bare_id_its_stars_and_its_plain_words() -> None:
    review = read(ATOM).entries[0]
    assert review["id"] == "4711"
    assert (review["title"], review["body"], review["body_kind"]) == (
        "Lost & late",
        "It took < 5 minutes to break",
        "text/plain",
    )
    assert (review["rating"], review["app_version"], review["author"]) == ("1", "4.1.2", "Mara")
    assert review["author_url"] == "https://apps.example/us/reviews/id1"
    assert review["updated"] == "2026-11-20T17:00:00+00:00" and "published" not in review
    assert review["in_reply_to"] == "tag:lumora.example,2026:1"
    assert review["link"] == "https://apps.example/us/review?id=1&r=4711"


def test_relative_links_are_seen_from_the_feed() -> None:
    document = read(ATOM)
    assert document.entries[1]["link"] == "https://blog.lumora.example/post/2"
    assert document.next_page == "https://blog.lumora.example/page/2"


def test_languages_and_tombstones_are_read() -> None:
    document = read(ATOM)
    assert document.entries[0]["language"].lower() == "pt-br"
    [(reference, when)] = document.deleted
    assert reference == "tag:lumora.example,2026:9" and when is not None and when.day == 20


def test_an_rss_item_without_most_things_is_read() -> None:
    [entry] = read(rss("<item><description>Only words</description></item>")).entries
    assert entry == {"body": "Only words", "body_kind": "text/html", "title_kind": "text/plain"}


def test_the_author_s_mail_address_is_left_out() -> None:
    items = "<item><guid>1</guid><author>mara@lumora.example (Mara)</author><title>a</title></item>"
    items += "<item><guid>2</guid><author>mara@lumora.example</author><title>a</title></item>"
    document = read(rss(items))
    assert [entry.get("author", "") for entry in document.entries] == ["Mara", ""]
    assert "@" not in repr(document)


def test_a_podcast_s_sound_is_noted_and_its_address_is_not() -> None:
    items = "<item><guid>1</guid><title>a</title><enclosure url='https://cdn.example/a.mp3' type='audio/mpeg'/></item>"
    [entry] = read(rss(items)).entries
    assert entry["media"] == ["audio"] and "cdn.example" not in repr(entry)


def test_a_link_that_is_no_web_address_is_none() -> None:
    items = "<item><guid isPermaLink='false'>1</guid><title>a</title><link>javascript:alert(1)</link></item>"
    assert "link" not in read(rss(items)).entries[0]


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("utf-8", "utf-8", "text/xml"),
        ("utf-8", "iso-8859-1", "text/xml; charset=iso-8859-1"),
        ("utf-8-sig", "", ""),
        ("utf-16", "utf-16", "application/xml"),
        ("cp1252", "windows-1252", ""),
        ("iso-8859-1", "", "text/xml; charset=iso-8859-1"),
        ("iso-8859-1", "", ""),
        ("cp1252", "utf-8", "text/xml; charset=utf-8"),
        ("cp1252", "punycode", "text/xml; charset=unicode_escape"),
    ],
)
def test_words_survive_the_encodings_that_publishers_get_wrong(encoding: str, declared: str, content_type: str) -> None:
    declaration = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    body = f"{declaration}<rss version='2.0'><channel><item><title>Café für 5 £</title></item></channel></rss>"
    assert read(body.encode(encoding), content_type).entries[0]["title"] == "Café für 5 £"


@pytest.mark.parametrize(
    ("encoding", "words"), [("gb2312", "订单没有送到"), ("shift_jis", "届かない"), ("koi8-r", "Где заказ")]
)
def test_declared_encodings_of_the_east_are_read(encoding: str, words: str) -> None:
    body = f"<?xml version='1.0' encoding='{encoding}'?><rss version='2.0'><channel><item><title>{words}</title></item>"
    assert read(f"{body}</channel></rss>".encode(encoding)).entries[0]["title"] == words


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ("<item><title>Tea & biscuits</title></item>", "Tea & biscuits"),
        ("<item><title>caf&eacute;&nbsp;noir</title></item>", "café\xa0noir"),
        ("<item><title>1 < 2</title></item>", "1 < 2"),
        ("<item><title>bell \x07 rings</title></item>", "bell  rings"),
        ("<item><odd:tag>x</odd:tag><title>Unknown prefix</title></item>", "Unknown prefix"),
        ("<item><title>never closed</title>", "never closed"),
        ("<item><dc:creator>Tom</dc:creator><title>No namespace</title></item>", "No namespace"),
    ],
)
def test_broken_xml_is_mended_or_guessed(items: str, said: str) -> None:
    assert read(rss(items)).entries[0]["title"] == said


@pytest.mark.parametrize(
    "body", ["", "   ", "{}", "hello", "<html><body>no</body></html>", "<!-- ", "\x00\x01", "<a/>"]
)
def test_what_is_no_feed_is_malformed(body: str) -> None:
    with pytest.raises(MalformedPayloadError):
        read(body)


def test_the_library_is_never_given_an_address_to_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that look like an address or a path are parsed like any others."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise AssertionError("feedparser opened something")

    monkeypatch.setattr("feedparser.http.get", fail)
    monkeypatch.setattr("urllib.request.OpenerDirector.open", fail)
    for body in (b"https://blog.lumora.example/feed", b"file:///etc/passwd", b"/etc/passwd"):
        with pytest.raises(MalformedPayloadError):
            read(body)
