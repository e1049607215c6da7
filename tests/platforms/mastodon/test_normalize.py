"""Statuses as instances write them. All people, instances and words are invented."""

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.platforms.base import ChannelContext, IncomingDeletion, IncomingNotice, IncomingPost, RawUpdate
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.mastodon.normalize import instance_of, normalize, plain_text

HOME = "https://social.example"
US = ChannelContext(1, "account", "500", "lumora", {"access_token": "t"}, HOME)
ELSEWHERE = ChannelContext(2, "search", "tag", "lumora@social.example", {"instance": "big.example"}, "", "#lumora")


def account(handle: str = "mara@fjord.example", identifier: str = "77", **changes: Any) -> dict[str, Any]:
    name, _, host = handle.partition("@")
    host = host or "social.example"
    about = {
        "id": identifier,
        "username": name,
        "acct": handle,
        "display_name": name.title(),
        "url": f"https://{host}/@{name}",
        "uri": f"https://{host}/users/{name}",
        "followers_count": 12,
        "bot": False,
        "fields": [],
    }
    return {**about, **changes}


OURS = account("lumora", "500")


def status(**changes: Any) -> dict[str, Any]:
    about = {
        "id": "1001",
        "uri": "https://fjord.example/users/mara/statuses/1",
        "url": "https://fjord.example/@mara/1",
        "created_at": "2026-03-01T10:00:00.000Z",
        "content": "<p>hello</p>",
        "visibility": "public",
        "account": account(),
        "mentions": [{"id": "500", "username": "lumora", "acct": "lumora", "url": f"{HOME}/@lumora"}],
    }
    return {**about, **changes}


def read(context: ChannelContext = US, thread: Any = None, **changes: Any) -> Any:
    body = {"status": status(**changes), **({"thread": thread} if thread else {})}
    (event,) = normalize(RawUpdate("status", "1001", body), context)
    return event


def test_a_mention_is_read_whole():
    post = read(language="pt-BR")
    assert isinstance(post, IncomingPost)
    assert (post.external_id, post.platform_id) == ("https://fjord.example/users/mara/statuses/1", "1001")
    assert (post.form, post.text, post.language_hint) == ("post", "hello", "pt")
    assert post.mentions_us and post.is_public and not post.is_own
    assert post.created_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert post.author.external_id == "https://fjord.example/users/mara"
    assert (post.author.handle, post.author.name, post.author.followers) == ("mara@fjord.example", "Mara", 12)
    assert post.conversation_id == post.external_id
    assert post.url == f"{HOME}/@mara@fjord.example/1001"


@pytest.mark.parametrize("visibility", ["direct", "private", "limited", ""])
def test_what_is_not_for_everybody_is_private(visibility):
    post = read(visibility=visibility)
    assert (post.form, post.is_public) == ("direct_message", False)


def test_an_unlisted_post_is_public():
    assert read(visibility="unlisted").is_public


def test_two_instances_tell_of_one_post():
    here, there = read(), read(ELSEWHERE, id="9", account=account(identifier="3"))
    assert here.external_id == there.external_id
    assert here.author.external_id == there.author.external_id


def test_the_ids_of_another_instance_are_not_acted_on():
    post = read(ELSEWHERE, id="9", in_reply_to_id="8")
    assert post.platform_id == post.external_id
    assert post.in_reply_to == ""
    assert post.url == "https://fjord.example/@mara/1"


def test_another_instance_knows_us_by_our_whole_name():
    named = [{"id": "3", "username": "lumora", "acct": "lumora@social.example", "url": f"{HOME}/@lumora"}]
    assert read(ELSEWHERE, mentions=named).mentions_us
    namesake = [{"id": "500", "username": "lumora", "acct": "lumora", "url": "https://big.example/@lumora"}]
    assert not read(ELSEWHERE, mentions=namesake).mentions_us
    assert read(ELSEWHERE, account=account("lumora@social.example", "3")).is_own


def test_our_own_answer_is_ours_and_shows_without_the_names_before_it():
    post = read(account=OURS, content="<p>@<span>mara</span> We are on it, @<span>mara</span>.</p>", in_reply_to_id="9")
    assert post.is_own and not post.mentions_us
    assert post.text == "We are on it, @mara."
    assert post.author.external_id == "500"


def test_a_boost_is_left_out():
    event = read(reblog=status(id="900"))
    assert isinstance(event, IncomingNotice) and event.code == "repost_ignored"


def test_an_edit_is_a_later_version_of_the_same_post():
    before, after = read(), read(edited_at="2026-03-01T10:05:00.000Z", content="<p>hello again</p>")
    assert before.external_id == after.external_id
    assert (before.version, after.version) == (1, 2)
    assert after.edited_at == datetime(2026, 3, 1, 10, 5, tzinfo=UTC)


def test_a_warning_stands_before_what_it_warns_of():
    post = read(spoiler_text="food, broken glass", sensitive=True)
    assert post.text == "food, broken glass\n\nhello"
    assert post.beside["content_warning"] == "food, broken glass" and post.beside["is_sensitive"]


def test_a_reply_carries_its_parent_and_its_thread():
    parent = {"id": "999", "uri": "https://social.example/p/999", "content": "<p>Sale!</p>", "account": OURS}
    post = read(thread={"key": "https://social.example/p/999", "parent": parent}, in_reply_to_id="999")
    assert (post.form, post.in_reply_to, post.conversation_id) == ("reply", parent["uri"], parent["uri"])
    assert post.beside["context"] == [
        {
            "relation": "replied_to",
            "id": "999",
            "text": "Sale!",
            "author_id": "https://social.example/users/lumora",
            "author_handle": "lumora",
        }
    ]


def test_a_parent_that_is_gone_leaves_a_placeholder():
    post = read(in_reply_to_id="999")
    assert post.beside["context"] == [{"relation": "replied_to", "id": "999", "missing": "not_told"}]
    assert (post.form, post.in_reply_to) == ("reply", "999")


def test_a_quote_of_ours_is_told_as_such():
    quoted = status(id="800", account=OURS, content="<p>Sale!</p>")
    post = read(quote={"state": "accepted", "quoted_status": quoted}, mentions=[])
    assert post.form == "quote" and post.quotes_us and not post.mentions_us
    assert post.beside["context"][0]["text"] == "Sale!"


def test_a_quote_that_its_author_took_back_is_still_a_quote():
    post = read(quote={"state": "revoked", "quoted_status": None}, mentions=[])
    assert post.form == "quote" and not post.quotes_us
    assert post.beside["context"][0]["missing"] == "revoked"


def test_media_keep_kind_address_and_description():
    media = [{"type": "image", "url": "https://files.example/1.jpg", "description": "a cracked lamp"}]
    post = read(content="", media_attachments=media)
    assert post.text == ""
    assert [(each.kind, each.url, each.alt_text) for each in post.attachments] == [
        ("image", "https://files.example/1.jpg", "a cracked lamp")
    ]


def test_the_choices_of_a_poll_are_words_too():
    poll = {"options": [{"title": "Lumora lost mine"}, {"title": "All fine"}]}
    assert read(poll=poll).text == "hello\n\n- Lumora lost mine\n- All fine"


def test_a_bot_and_a_verified_account_are_told_apart():
    fields = [{"name": "Site", "verified_at": "2026-01-01T00:00:00Z"}]
    author = read(account=account(bot=True, fields=fields)).author
    assert author.is_automated and author.is_verified
    assert not read().author.is_automated and not read().author.is_verified


def test_since_when_a_profile_exists_is_believed_of_neighbours_only():
    since = {"created_at": "2024-05-01T00:00:00.000Z"}
    assert read(account=account("mara", **since)).author.joined_at == datetime(2024, 5, 1, tzinfo=UTC)
    assert read(account=account("mara@fjord.example", **since)).author.joined_at is None
    assert read(account=account("mara", created_at="long ago")).author.joined_at is None


def test_a_deletion_names_the_post_as_everybody_does():
    (event,) = normalize(RawUpdate("deletion", "1001", {"uri": "https://fjord.example/users/mara/statuses/1"}), US)
    assert event == IncomingDeletion("mastodon", "https://fjord.example/users/mara/statuses/1")


@pytest.mark.parametrize(
    ("kind", "body"), [("status", {"status": {}}), ("status", {"status": 5}), ("status", {}), ("deletion", {})]
)
def test_what_cannot_be_understood_is_malformed(kind, body):
    with pytest.raises(MalformedPayloadError):
        normalize(RawUpdate(kind, "1", body), US)


def test_an_unknown_kind_is_a_notice():
    (event,) = normalize(RawUpdate("annual_report", "1", {}), US)
    assert event == IncomingNotice("unknown_update", {"kind": "annual_report"})


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("social.example", "https://social.example"),
        ("https://social.example/", "https://social.example"),
        (" social.example ", "https://social.example"),
        ("", ""),
    ],
)
def test_an_instance_may_be_given_as_people_write_it(given, address):
    assert instance_of(ChannelContext(1, "account", "1", "a", {"instance": given}, "")) == address


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("<p>a &lt;b&gt; &amp; c&#39;s</p>", "a <b> & c's"),
        (
            '<p><span class="h-card"><a href="https://x.example/@mara" class="u-url mention">@<span>mara</span></a>'
            "</span> hi</p>",
            "@mara hi",
        ),
        (
            '<p>see <a href="https://lumora.example/a/long/path"><span class="invisible">https://</span>'
            '<span class="ellipsis">lumora.example/a</span><span class="invisible">/long/path</span></a></p>',
            "see https://lumora.example/a/long/path",
        ),
        ("<p>list</p><ul><li>one</li><li>two</li></ul><p>end</p>", "list\n\n- one\n- two\n\nend"),
        ("<pre><code>a\n  b</code></pre>", "a\nb"),
        ('<p class="quote-inline">RE: <a href="https://x.example/1">x</a></p><p>look</p>', "look"),
        ("<script>alert(1)</script><p>ok", "ok"),
        ("<p>عربي <a href='https://a.example'>https://a.example</a></p>", "عربي https://a.example"),
        ("<p>👨‍👩‍👧 cafe\u0301</p>", "👨‍👩‍👧 cafe\u0301"),
        ("plain\ntext", "plain text"),
        ("", ""),
        ("<p><<b>x</p>", "<x"),
    ],
)
def test_html_becomes_what_was_typed(content, text):
    assert plain_text(content) == text
