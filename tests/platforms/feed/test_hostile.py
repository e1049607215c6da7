"""What somebody with bad intentions could put into a feed: refused, or made harmless, in little time."""

import time
from contextlib import suppress

import pytest

from monitor.platforms.base import ChannelContext, IncomingPost, RawUpdate
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.feed.document import read_document
from monitor.platforms.feed.normalize import normalize
from monitor.platforms.feed.washing import MOST_ENTRIES, MOST_GUESSED, wash

HEAD = b"<rss version='2.0'><channel><title>x</title>"
TAIL = b"</channel></rss>"
US = ChannelContext(1, "feed", "https://blog.lumora.example/feed", "lumora", {}, "")
LAUGHS = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol2 "&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;">]>
<rss version="2.0"><channel><item><title>&lol2;</title></item></channel></rss>"""
EXTERNAL = """<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<rss version="2.0"><channel><item><title>&x;</title></item></channel></rss>"""
PARAMETER = """<!DOCTYPE rss [<!ENTITY % remote SYSTEM "http://192.0.2.1/evil.dtd">%remote;]>
<rss version="2.0"><channel><item><title>a</title></item></channel></rss>"""


def seconds_of(body: bytes) -> float:
    """CPU time, so that busy machines do not fail the test."""
    started = time.process_time()
    with suppress(MalformedPayloadError):
        read_document(body, "", "https://blog.lumora.example/feed")
    return time.process_time() - started


@pytest.mark.parametrize("body", [LAUGHS, EXTERNAL, PARAMETER, LAUGHS.replace("ENTITY", "entity")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_feed_that_brings_entities_is_refused(body: str, encoding: str) -> None:
    with pytest.raises(MalformedPayloadError, match="entities"):
        read_document(body.encode(encoding), "", "https://blog.lumora.example/feed")


def test_an_external_document_type_is_not_fetched() -> None:
    body = b'<!DOCTYPE rss SYSTEM "http://192.0.2.1/rss.dtd">' + HEAD + b"<item><title>a</title></item>" + TAIL
    assert read_document(body, "", "https://blog.lumora.example/feed").entries[0]["title"] == "a"


def test_words_about_entities_are_no_entities() -> None:
    body = HEAD + b"<item><description><![CDATA[How <!ENTITY lol> works]]></description></item>" + TAIL
    assert read_document(body, "", "https://blog.lumora.example/feed").entries


@pytest.mark.parametrize("depth", [300, 100_000])
def test_endless_depth_is_refused(depth: int) -> None:
    with pytest.raises(MalformedPayloadError):
        wash(HEAD + b"<a>" * depth + b"</a>" * depth + TAIL)


def test_too_many_elements_are_refused() -> None:
    with pytest.raises(MalformedPayloadError, match="elements"):
        wash(HEAD + b"<a/>" * 150_000 + TAIL)


def test_a_long_broken_feed_is_refused_and_not_guessed_at() -> None:
    with pytest.raises(MalformedPayloadError, match="too long"):
        wash(HEAD + b"<item>" + b"x" * MOST_GUESSED)


def test_only_the_first_entries_of_an_endless_feed_are_read() -> None:
    items = b"".join(b"<item><guid>%d</guid><title>t</title></item>" % number for number in range(MOST_ENTRIES + 50))
    washed, _deleted = wash(HEAD + items + TAIL)
    assert washed.count(b"<item>") == MOST_ENTRIES


@pytest.mark.parametrize(
    "piece",
    [
        b"<item><author>" + b"a." * 60_000 + b"</author></item>",
        b"<item><managingEditor>" + b"a." * 60_000 + b"</managingEditor></item>",
        b"<item>" + b"".join(b"<category>%d</category>" % number for number in range(8_000)) + b"</item>",
        b"<item><div>" + b"".join(b"<category>%d</category>" % number for number in range(8_000)) + b"</div></item>",
        b"<item><x:title><author>" + b"a." * 60_000 + b"</author></x:title></item>",
        b"<item><pubDate>" + b"1" * 120_000 + b"</pubDate></item>",
        b"<item a='" + b"x" * 120_000 + b"'/>",
    ],
    ids=["author", "editor", "categories", "hidden-categories", "hidden-author", "date", "attribute"],
)
def test_fields_that_cost_the_library_hours_cost_nothing(piece: bytes) -> None:
    assert seconds_of(HEAD + piece + TAIL) < 2


@pytest.mark.parametrize("piece", [b'<a "', b'<a b="c', b"<!--", b"<", b"<a ", b"<![CDATA[", b"&a", b"a.", b"<a>"])
def test_broken_feeds_cost_little(piece: bytes) -> None:
    assert seconds_of(HEAD + b"<item><author>" + piece * (MOST_GUESSED // len(piece) - 20)) < 6


@pytest.mark.parametrize(
    "markup",
    [
        "<p>Hi<script>alert(1)</script></p>",
        "<img src=x onerror=alert(1)>Hi",
        "<a href='javascript:alert(1)'>Hi</a>",
        "<style>body{background:url(https://192.0.2.1/)}</style>Hi",
        "<iframe src='https://192.0.2.1/'></iframe>Hi",
        "<svg onload=alert(1)><desc>alert</desc></svg>Hi",
        "<!-- <script>alert(1)</script> -->Hi",
    ],
)
def test_of_markup_only_the_words_are_left(markup: str) -> None:
    update = RawUpdate("entry", "1", {"external_id": "1", "body": markup, "body_kind": "text/html"})
    [post] = normalize(update, US)
    assert isinstance(post, IncomingPost) and post.text == "Hi"
