from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.platforms.base import ChannelContext, IncomingPost, RawUpdate
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.feed.address import is_same_site, scoped_id
from monitor.platforms.feed.cursor import FeedCursor, entry_id
from monitor.platforms.feed.normalize import normalize
from monitor.platforms.registry import get_platform
from monitor.replies.eligibility import Facts, ways

NEWS = ChannelContext(1, "feed", "https://news.example/rss?topic=lamps", "lumora", {}, "")
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def read(context: ChannelContext = NEWS, **body: Any) -> IncomingPost:
    [post] = normalize(RawUpdate("entry", "1", {"external_id": "tag:a,1:1", **body}), context)
    assert isinstance(post, IncomingPost)
    return post


@pytest.mark.parametrize(
    ("title", "body", "text"),
    [
        ("Late", "It came late.", "Late\n\nIt came late."),
        ("It came…", "It came late.", "It came late."),
        ("It came late.", "It came late.", "It came late."),
        ("Only a title", "", "Only a title"),
        ("", "Only a body", "Only a body"),
    ],
)
def test_the_title_is_said_once(title: str, body: str, text: str) -> None:
    assert read(title=title, body=body).text == text


def test_of_news_the_brand_is_not_addressed_and_of_its_forum_it_is() -> None:
    assert not read(title="Lumora opens a shop").mentions_us
    assert read(ChannelContext(1, "forum", "https://f.example/a", "lumora", {}, ""), title="Help").mentions_us


def test_an_author_without_a_page_is_known_by_name_at_this_site() -> None:
    assert read(title="a", author="Mara  Lind").author.external_id == "news.example/mara lind"
    assert read(title="a").author.external_id == ""


def test_an_entry_without_dates_has_none_and_one_with_two_equal_dates_is_no_edit() -> None:
    assert read(title="a").created_at is None
    same = read(title="a", published="2026-11-20T10:00:00+00:00", updated="2026-11-20T10:00:00+00:00")
    assert same.created_at is not None and same.edited_at is None
    later = read(title="a", published="2026-11-20T10:00:00+00:00", updated="2026-11-21T10:00:00+00:00")
    assert later.edited_at is not None and later.edited_at > later.created_at  # type: ignore[operator]


@pytest.mark.parametrize("body", [{}, {"title": ["x"]}, {"title": "a", "published": "yesterday"}, {"body": {"x": 1}}])
def test_what_cannot_be_understood_is_malformed(body: dict[str, Any]) -> None:
    with pytest.raises(MalformedPayloadError):
        read(**body)


def test_two_feeds_that_count_from_one_do_not_take_each_other_s_entries() -> None:
    one, other = scoped_id("1", "https://a.example/news.xml"), scoped_id("1", "https://a.example/jobs.xml")
    assert one != other
    assert scoped_id("1", "https://www.a.example/news.xml") == scoped_id("1", "http://a.example/news.xml") == one
    assert scoped_id("tag:a.example,2026:1", "https://b.example/") == "tag:a.example,2026:1"


def test_an_entry_without_an_id_has_one_that_we_made_and_keeps_it() -> None:
    entry = {"title": "a", "body": "b"}
    assert entry_id(entry, "https://a.example/") == entry_id(dict(entry), "https://a.example/")
    assert entry_id({**entry, "link": "https://a.example/1"}, "https://a.example/") == "https://a.example/1"
    assert read(title="a", is_id_made=True).is_id_made


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ("https://a.example/x", "https://a.example/y?z", True),
        ("https://a.example/x", "https://www.a.example/x", True),
        ("http://a.example/x", "https://a.example/x", True),
        ("https://a.example/x", "http://a.example/x", False),
        ("https://a.example/x", "https://a.example.evil.example/x", False),
        ("https://a.example/x", "https://evil.example/a.example", False),
        ("http://a.example/x", "http://a.example:22/x", False),
    ],
)
def test_a_site_is_a_host(old: str, new: str, is_same: bool) -> None:
    assert is_same_site(old, new) is is_same


def state(cursor: dict[str, Any]) -> FeedCursor:
    return FeedCursor(cursor, NEWS.external_id, NOW)


def test_a_date_in_the_future_is_none() -> None:
    entry = {"id": "1", "title": "a", "published": (NOW + timedelta(days=400)).isoformat()}
    [(_identifier, dated)] = state({}).accept([entry], "")
    assert "published" not in dated


def test_an_undated_entry_that_is_new_since_the_last_reading_is_dated_by_it() -> None:
    first = state({})
    first.accept([{"id": "1", "title": "a"}], "")
    cursor, _more, _gaps = first.finish()
    [(_identifier, dated)] = state(cursor).accept([{"id": "1", "title": "a"}, {"id": "2", "title": "b"}], "")
    assert dated["published"] == NOW.isoformat()


def test_an_edit_that_keeps_its_dates_is_still_newer() -> None:
    first = state({})
    entry = {"id": "1", "title": "a", "published": "2026-11-20T10:00:00+00:00", "updated": "2026-11-21T10:00:00+00:00"}
    first.accept([entry], "")
    cursor, _more, _gaps = first.finish()
    [(identifier, changed)] = state(cursor).accept([{**entry, "title": "b"}], "")
    [post] = normalize(RawUpdate("entry", identifier, {**changed, "external_id": identifier}), NEWS)
    assert isinstance(post, IncomingPost) and post.edited_at == NOW


def test_a_short_feed_that_lost_its_old_entries_has_no_gap() -> None:
    first = state({})
    first.accept([{"id": str(number), "title": "a"} for number in range(10)], "")
    cursor, _more, _gaps = first.finish()
    later = state(cursor)
    later.accept([{"id": "77", "title": "a"}], "")
    assert later.finish()[2] == ()


def test_an_answer_is_a_task_in_the_place_itself() -> None:
    [way] = ways(Facts(form="review", created_at=NOW), get_platform("feed").declaration, NOW)
    assert (way.allowed, way.kind, way.code) == (False, "native_task", "only_read")
