from datetime import UTC, datetime

import pytest

from monitor.platforms.base import ChannelContext, IncomingDeletion, IncomingNotice, IncomingPost, RawUpdate
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.times import snowflake_at
from monitor.platforms.x import PLATFORM
from monitor.simulators.world import World
from monitor.simulators.x_shapes import in_dialect

US = ChannelContext(1, "account", "900100200300400500", "lumora", {}, "")
WRITTEN_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
FIRST = str(snowflake_at(WRITTEN_AT) + 7)
LATER = str(snowflake_at(WRITTEN_AT) + (600_000 << 22))


def read(kind="post", **body):
    return PLATFORM.normalize(RawUpdate(kind, "1", body), US)[0]


def a_post(**changes):
    return {
        "id": FIRST,
        "text": "@lumora my kettle leaks &amp; smells",
        "author_id": "111222333444",
        "created_at": "2026-11-20T09:30:00.000Z",
        "conversation_id": FIRST,
        "lang": "en",
        "edit_history_tweet_ids": [FIRST],
        "entities": {"mentions": [{"start": 0, "end": 7, "username": "lumora", "id": US.external_id}]},
        **changes,
    }


INCLUDES = {
    "users": [{"id": "111222333444", "username": "mara_v", "name": "Mara V", "public_metrics": {"followers_count": 81}}]
}


def test_a_mention_becomes_a_post_in_our_words():
    post = read(post=a_post(), includes=INCLUDES)
    assert isinstance(post, IncomingPost)
    assert (post.external_id, post.platform_id, post.form) == (FIRST, FIRST, "post")
    assert post.text == "@lumora my kettle leaks & smells"
    assert (post.author.external_id, post.author.handle, post.author.followers) == ("111222333444", "mara_v", 81)
    assert post.created_at == WRITTEN_AT
    assert (post.mentions_us, post.is_own, post.is_public, post.language_hint) == (True, False, True, "en")
    assert post.url == f"https://x.com/mara_v/status/{FIRST}"


@pytest.mark.parametrize(
    ("told", "joined_at"),
    [
        ("2026-11-02T08:00:00.000Z", datetime(2026, 11, 2, 8, tzinfo=UTC)),
        ("Mon Nov 02 08:00:00 +0000 2026", datetime(2026, 11, 2, 8, tzinfo=UTC)),
        ("the other day", None),
        (None, None),
    ],
)
def test_it_says_since_when_the_author_is_there_and_nonsense_costs_no_post(told, joined_at):
    users = [{"id": "111222333444", "username": "mara_v", "created_at": told}]
    post = read(post=a_post(), includes={"users": users})
    assert (post.author.handle, post.author.joined_at) == ("mara_v", joined_at)


def everything_at_once():
    return {
        "post": a_post(
            edit_history_tweet_ids=[FIRST, LATER],
            id=LATER,
            note_tweet={"text": "long " * 90 + "refund"},
            referenced_tweets=[{"type": "replied_to", "id": "5"}, {"type": "quoted", "id": "6"}],
        ),
        "includes": {**INCLUDES, "tweets": [{"id": "6", "text": "ours", "author_id": US.external_id}]},
    }


def test_both_dialects_are_the_same_post():
    world = World()
    world.x_dialect = "post"
    body = everything_at_once()
    renamed = in_dialect(world, body)
    assert "note_post" in renamed["post"] and "posts" in renamed["includes"]
    assert read(**renamed) == read(**body)


def test_the_word_after_character_280_is_there():
    post = read(**everything_at_once())
    assert post.text.endswith("refund") and len(post.text) == 456


def test_an_edit_keeps_the_first_id_and_acts_on_the_newest():
    post = read(post=a_post(id=LATER, edit_history_tweet_ids=[FIRST, LATER], created_at="2026-11-20T09:40:00Z"))
    assert (post.external_id, post.platform_id, post.version) == (FIRST, LATER, 2)
    assert post.created_at == WRITTEN_AT
    assert post.edited_at == datetime(2026, 11, 20, 9, 40, tzinfo=UTC)


def test_ids_keep_every_digit():
    assert read(post=a_post(id="1924465506158878979", edit_history_tweet_ids=[])).external_id == "1924465506158878979"


def test_a_reply_keeps_its_parent_and_a_missing_parent_says_why():
    error = {"resource_id": "5", "type": "https://api.twitter.com/2/problems/not-authorized-for-resource"}
    post = read(post=a_post(referenced_tweets=[{"type": "replied_to", "id": "5"}]), errors=[error])
    assert (post.form, post.in_reply_to) == ("reply", "5")
    assert post.beside["context"] == [{"relation": "replied_to", "id": "5", "missing": "protected"}]


def test_a_parent_that_came_along_is_kept_as_context():
    body = everything_at_once()
    quoted = read(**body).beside["context"][1]
    assert quoted == {"relation": "quoted", "id": "6", "text": "ours", "author_id": US.external_id, "author_handle": ""}


def test_a_quote_of_ours_is_told_from_a_quote_of_others():
    quote = a_post(referenced_tweets=[{"type": "quoted", "id": "6"}], entities={})
    ours = {"tweets": [{"id": "6", "text": "t", "author_id": US.external_id}]}
    theirs = {"tweets": [{"id": "6", "text": "t", "author_id": "42"}]}
    assert read(post=quote, includes=ours).quotes_us
    assert not read(post=quote, includes=theirs).quotes_us
    linked = {"urls": [{"expanded_url": "https://x.com/Lumora/status/6"}]}
    assert read(post={**quote, "entities": linked}).quotes_us


@pytest.mark.parametrize(
    ("changes", "addressed", "how"),
    [
        ({}, True, "explicit"),
        ({"display_text_range": [8, 30]}, True, "leading"),
        ({"entities": {"mentions": [{"username": "LUMORA", "start": 0, "end": 7}]}}, True, "explicit"),
        ({"entities": {"mentions": [{"username": "lumoraexpress", "id": "9", "end": 9}]}}, False, None),
        ({"entities": {}, "text": "hi @Lumora!"}, True, "explicit"),
        ({"entities": {}, "text": "lumora is slow"}, False, None),
        ({"entities": {}, "text": "mail me@lumora.example"}, False, None),
        ({"entities": {}, "text": "@lumora_fans rule"}, False, None),
    ],
)
def test_it_knows_whether_the_brand_is_named(changes, addressed, how):
    post = read(post=a_post(**changes))
    assert post.mentions_us is addressed
    assert post.beside.get("mention") == how


def test_our_own_post_is_own_and_not_addressed_to_us():
    post = read(post=a_post(author_id=US.external_id))
    assert post.is_own and not post.mentions_us


def test_a_saved_search_knows_our_posts_by_the_handle():
    search = ChannelContext(2, "search", "lumora", "@Lumora", {}, "", query="lumora")
    includes = {"users": [{"id": US.external_id, "username": "lumora", "name": "Lumora"}]}
    update = RawUpdate("post", FIRST, {"post": a_post(author_id=US.external_id), "includes": includes})
    assert PLATFORM.normalize(update, search)[0].is_own


@pytest.mark.parametrize("relation", ["retweeted", "reposted"])
def test_a_repost_is_counted_and_not_a_post(relation):
    notice = read(post=a_post(referenced_tweets=[{"type": relation, "id": "6"}]))
    assert notice == IncomingNotice("repost_ignored", {"id": FIRST})


@pytest.mark.parametrize(("said", "meant"), [("und", ""), ("qme", ""), ("in", "id"), ("iw", "he"), ("pt", "pt")])
def test_languages_that_are_none_are_left_out(said, meant):
    assert read(post=a_post(lang=said)).language_hint == meant


def test_media_and_place_come_along():
    includes = {
        "media": [{"media_key": "3_1", "type": "photo", "url": "https://pbs.example/1.jpg", "alt_text": "a kettle"}],
        "places": [{"id": "p1", "full_name": "Graz, Austria"}],
    }
    post = read(post=a_post(attachments={"media_keys": ["3_1"]}, geo={"place_id": "p1"}), includes=includes)
    assert post.attachments[0].kind == "photo" and post.attachments[0].alt_text == "a kettle"
    assert post.place == "Graz, Austria"


def a_message(**changes):
    return {
        "id": LATER,
        "event_type": "MessageCreate",
        "text": "where is it?",
        "sender_id": "111222333444",
        "dm_conversation_id": f"111222333444-{US.external_id}",
        "created_at": "2026-11-20T09:40:00.000Z",
        **changes,
    }


def test_a_direct_message_is_private_and_knows_its_conversation():
    post = read("direct_message", event=a_message(), includes=INCLUDES)
    assert (post.form, post.is_public, post.is_own) == ("direct_message", False, False)
    assert post.conversation_id == f"111222333444-{US.external_id}"
    assert post.author.handle == "mara_v"


def test_our_own_message_knows_its_recipient():
    post = read("direct_message", event=a_message(sender_id=US.external_id))
    assert post.is_own and post.beside == {"recipient_id": "111222333444"}


def test_joining_a_conversation_is_no_message():
    assert isinstance(read("direct_message", event=a_message(event_type="ParticipantsJoin")), IncomingNotice)


def test_a_message_of_v1_is_the_same_message():
    event = {
        "type": "message_create",
        "id": LATER,
        "created_timestamp": "1795167600000",
        "message_create": {
            "sender_id": "111222333444",
            "target": {"recipient_id": US.external_id},
            "message_data": {"text": "where is it?"},
        },
    }
    users = {"111222333444": {"id": "111222333444", "screen_name": "mara_v", "name": "Mara V", "followers_count": 81}}
    old = read("direct_message_v1", event=event, users=users)
    new = read("direct_message", event=a_message(created_at="2026-11-20T09:40:00Z"), includes=INCLUDES)
    assert (old.external_id, old.text, old.conversation_id) == (new.external_id, new.text, new.conversation_id)
    assert old.author == new.author
    assert old.created_at == datetime.fromtimestamp(1795167600, UTC)


def test_a_long_status_of_v1_is_read_whole():
    status = {
        "id": 1924465506158878979,
        "id_str": "1924465506158878979",
        "created_at": "Fri Nov 20 09:30:00 +0000 2026",
        "text": "@lumora cut off…",
        "truncated": True,
        "extended_tweet": {
            "full_text": "@lumora the whole story: broken",
            "entities": {"user_mentions": [{"screen_name": "lumora", "id_str": US.external_id, "indices": [0, 7]}]},
        },
        "user": {"id": 7, "id_str": "7", "screen_name": "sven", "name": "Sven", "followers_count": 5},
        "in_reply_to_status_id_str": "55",
    }
    post = read("post_v1", post=status)
    assert post.external_id == "1924465506158878979"
    assert post.text == "@lumora the whole story: broken"
    assert (post.author.handle, post.form, post.in_reply_to) == ("sven", "reply", "55")
    assert post.mentions_us and post.created_at == WRITTEN_AT


def test_a_deletion_names_its_post():
    event = read("deletion", id="77", deleted_at="1795167600000")
    assert event == IncomingDeletion("x", "77", deleted_at=datetime.fromtimestamp(1795167600, UTC))


def test_an_unknown_kind_is_counted():
    assert read("hologram") == IncomingNotice("unknown_update", {"kind": "hologram"})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("post", {}),
        ("post", {"post": []}),
        ("post", {"post": {"id": FIRST, "text": {"a": 1}}}),
        ("post", {"post": {"id": FIRST, "entities": "x"}}),
        ("post", {"post": {"id": FIRST, "edit_history_tweet_ids": "x"}}),
        ("post", {"post": {"id": FIRST, "created_at": "soon"}}),
        ("post", {"post": {"id": FIRST}, "includes": {"users": 5}}),
        ("direct_message", {"event": {"text": "no id"}}),
        ("direct_message_v1", {"event": {"id": "1", "message_create": {}}}),
        ("deletion", {}),
    ],
)
def test_what_cannot_be_understood_is_malformed(kind, body):
    with pytest.raises(MalformedPayloadError):
        read(kind, **body)


@pytest.mark.parametrize(("scope", "takes_author"), [("user", True), ("tweet", False), ("post", False)])
def test_with_a_withheld_author_goes_all_that_they_showed(scope, takes_author):
    event = read(post=a_post(withheld={"copyright": False, "country_codes": ["XX"], "scope": scope}))
    assert isinstance(event, IncomingDeletion)
    assert (event.reason, event.takes_author) == ("withheld", takes_author)
    assert event.author_id == ("111222333444" if takes_author else "")


def test_a_deletion_needs_a_post_or_an_author():
    with pytest.raises(MalformedPayloadError):
        read("deletion", reason="protected", takes_author=True)
    with pytest.raises(MalformedPayloadError):
        read("deletion", author_id="5")


def test_an_edit_in_the_old_shapes_is_the_same_post():
    status = {
        "id_str": LATER, "created_at": "Fri Nov 20 09:40:00 +0000 2026", "text": "better", "user": {"id_str": "7"},
        "edit_history": {"initial_tweet_id": FIRST, "edit_tweet_ids": [FIRST, LATER]},
    }  # fmt: skip
    event = read("post_v1", post=status)
    assert (event.external_id, event.platform_id, event.version) == (FIRST, LATER, 2)
    assert event.edited_at == datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
