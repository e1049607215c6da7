from datetime import UTC, datetime

import pytest

from monitor.platforms.base import ChannelContext, IncomingDeletion, IncomingNotice, IncomingPost, RawUpdate
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.extra import Extra
from monitor.platforms.meta.stories import without_story_media
from monitor.platforms.registry import get_platform

PAGE = ChannelContext(1, "page", "600100", "lumora", {}, "", app_ids=("42",))
PROFILE = ChannelContext(2, "account", "1784", "@Lumora", {"page_id": "600100"}, "", app_ids=("42",))
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def read(platform, kind, **body):
    context = PAGE if platform == "facebook" else PROFILE
    return get_platform(platform).normalize(RawUpdate(kind, "1", body), context)[0]


def feed(**value):
    value = {"item": "comment", "verb": "add", "comment_id": "9_2", "post_id": "600100_9", **value}
    return read("facebook", "change", field="feed", value=value, time=1795166999)


def messaging(platform="facebook", **event):
    us = "600100" if platform == "facebook" else "1784"
    event = {"sender": {"id": 7001}, "recipient": {"id": us}, "timestamp": 1795167000000, **event}
    return read(platform, "messaging", event=event)


def test_a_comment_event_is_a_comment():
    post = feed(**{"from": {"id": 7001, "name": "Mara"}, "message": "caf\u00e9 broke", "created_time": 1795167000})
    assert isinstance(post, IncomingPost)
    assert (post.external_id, post.form, post.text) == ("9_2", "comment", "café broke")
    assert (post.author.external_id, post.author.name) == ("7001", "Mara")
    assert (post.conversation_id, post.in_reply_to) == ("600100_9", "600100_9")
    assert post.created_at == datetime.fromtimestamp(1795167000, UTC)
    assert post.mentions_us and not post.is_own


def test_the_old_names_of_the_sender_still_count():
    post = feed(sender_id=7001, sender_name="Mara", message="x")
    assert (post.author.external_id, post.author.name) == ("7001", "Mara")


def test_an_answer_to_a_comment_is_a_reply():
    post = feed(parent_id="9_1", message="me too")
    assert (post.form, post.in_reply_to, post.conversation_id) == ("reply", "9_1", "600100_9")


def test_a_comment_of_the_page_is_own():
    post = feed(**{"from": {"id": "600100", "name": "Lumora"}, "message": "Hello"})
    assert post.is_own and not post.mentions_us


def test_an_unknown_author_stays_unknown():
    post = feed(message="who am I", **{"from": None})
    assert post.author.external_id == ""


@pytest.mark.parametrize("verb", ["edited", "edit"])
def test_an_edit_is_a_new_version_of_the_same_comment(verb):
    post = feed(verb=verb, message="changed")
    assert (post.external_id, post.version) == ("9_2", 2)
    assert post.edited_at == datetime.fromtimestamp(1795166999, UTC)


def test_a_removal_is_a_deletion_of_the_right_thing():
    assert feed(verb="remove").external_id == "9_2"
    gone = feed(verb="remove", item="post")
    assert isinstance(gone, IncomingDeletion) and gone.external_id == "600100_9"


@pytest.mark.parametrize("verb", ["hide", "unhide"])
def test_hiding_is_noticed(verb):
    at = datetime.fromtimestamp(1795166999, UTC).isoformat()
    code = {"hide": "post_hidden", "unhide": "post_unhidden"}[verb]
    assert feed(verb=verb) == IncomingNotice(code, {"id": "9_2", "at": at})


@pytest.mark.parametrize(
    ("item", "verb"), [("reaction", "add"), ("like", "remove"), ("event", "add"), ("comment", "sparkle")]
)
def test_what_nobody_wrote_is_ignored_by_name(item, verb):
    assert feed(item=item, verb=verb) == IncomingNotice("event_ignored", {"kind": f"feed.{item}.{verb}"})


def test_a_post_of_a_visitor_is_a_post():
    post = feed(item="status", comment_id=None, message="My parcel!", **{"from": {"id": "7001"}})
    assert (post.external_id, post.form, post.conversation_id) == ("600100_9", "post", "600100_9")


def test_a_photo_keeps_its_address():
    post = feed(item="photo", comment_id=None, link="https://cdn.example/a.jpg", photos=["https://cdn.example/b.jpg"])
    assert [(each.kind, each.url[-5:]) for each in post.attachments] == [("photo", "b.jpg"), ("link", "a.jpg")]


def test_a_review_is_a_review():
    value = {"item": "rating", "verb": "add", "open_graph_story_id": 31, "reviewer_id": 7001, "reviewer_name": "Mara"}
    value |= {"rating": 2, "review_text": "never again", "recommendation_type": "NEGATIVE", "created_time": 1795167000}
    post = read("facebook", "change", field="ratings", value=value, time=1795167001)
    assert (post.form, post.external_id, post.text) == ("review", "31", "never again")
    assert post.extra == Extra(stars=2, recommends=False) and post.mentions_us


def test_a_mention_with_its_words_is_a_post_and_without_is_to_be_fetched():
    words = {"item": "post", "verb": "add", "post_id": "8_1", "message": "look @Lumora", "created_time": 1795167000}
    post = read("facebook", "change", field="mention", value=words)
    assert (post.external_id, post.mentions_us) == ("8_1", True)
    bare = {**words, "message": None}
    assert read("facebook", "change", field="mention", value=bare) == IncomingNotice(
        "mention_to_fetch", {"post_id": "8_1"}
    )
    ids = {"comment_id": "5", "media_id": "6"}
    notice = read("instagram", "change", field="mentions", value=ids)
    assert notice == IncomingNotice("mention_to_fetch", {"media_id": "6", "comment_id": "5"})


def test_a_comment_on_instagram_knows_its_media():
    value = {"id": "71", "text": "Size?", "from": {"id": "9", "username": "mara"}, "media": {"id": "55"}}
    post = read("instagram", "change", field="comments", value=value, time=1795167000)
    assert (post.form, post.conversation_id, post.author.handle) == ("comment", "55", "mara")
    assert post.created_at == datetime.fromtimestamp(1795167000, UTC)
    answer = read("instagram", "change", field="comments", value={**value, "parent_id": "70"}, time=1795167000)
    assert (answer.form, answer.in_reply_to) == ("reply", "70")


def test_our_own_comment_on_instagram_is_known_by_the_handle():
    value = {"id": "71", "text": "Thanks!", "from": {"id": "9", "username": "lumora"}, "media": {"id": "55"}}
    assert read("instagram", "change", field="comments", value=value, time=1).is_own


@pytest.mark.parametrize(
    ("text", "how"), [("hey @lumora", "tag"), ("hey @lumora.shop", "own_media"), ("hey", "own_media")]
)
def test_it_is_known_how_a_comment_is_addressed(text, how):
    comment = {"id": "71", "text": text, "username": "mara", "timestamp": "2026-11-20T09:30:00+0000"}
    post = read("instagram", "comment", comment=comment, media={"id": "55"})
    assert post.beside["addressed_by"] == how and post.created_at == AT


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_a_message_event_is_a_message(platform):
    post = messaging(platform, message={"mid": "m_1", "text": "hello"})
    us = "600100" if platform == "facebook" else "1784"
    assert (post.external_id, post.form, post.text) == ("m_1", "direct_message", "hello")
    assert (post.conversation_id, post.author.external_id, post.is_public) == (f"{us}-7001", "7001", False)
    assert post.created_at == datetime.fromtimestamp(1795167000, UTC)


@pytest.mark.parametrize(("app_id", "by"), [(42, "us"), (77, "other_tool"), (None, "native_app")])
def test_an_echo_is_own_and_tells_who_wrote_it(app_id, by):
    message = {"mid": "m_1", "text": "hi", "is_echo": True, "app_id": app_id}
    post = messaging(sender={"id": "600100"}, recipient={"id": "7001"}, message=message)
    assert (post.is_own, post.own_by, post.conversation_id) == (True, by, "600100-7001")
    assert post.beside["recipient_id"] == "7001"


def test_an_unsent_message_is_a_deletion():
    event = messaging(message={"mid": "m_1", "is_deleted": True})
    assert isinstance(event, IncomingDeletion) and event.external_id == "m_1"


def test_an_edited_message_is_a_new_version():
    post = messaging(message_edit={"mid": "m_1", "text": "changed", "num_edit": "2"})
    assert (post.external_id, post.text, post.version) == ("m_1", "changed", 3)


def test_an_attachment_without_words_is_still_a_message():
    message = {"mid": "m_1", "attachments": [{"type": "image", "payload": {"url": "https://cdn.example/1.jpg"}}]}
    post = messaging(message=message)
    assert post.text == "" and post.attachments[0].url == "https://cdn.example/1.jpg"


def test_media_of_a_story_is_never_kept():
    message = {"mid": "m_1", "attachments": [{"type": "story_mention", "payload": {"url": "https://cdn.example/s"}}]}
    post = messaging("instagram", message=message)
    assert post.form == "story_mention" and post.attachments[0].url == ""
    polled = {
        "id": "m_2",
        "from": {"id": "9", "username": "mara"},
        "story": {"mention": {"link": "https://cdn.example/s"}},
    }
    again = read("instagram", "message", message=polled, thread={})
    assert again.form == "story_mention" and again.attachments[0].url == ""


def test_a_button_with_words_speaks_for_the_person():
    assert messaging(postback={"mid": "m_1", "title": "Track my parcel", "payload": "TRACK"}).text == "Track my parcel"
    assert isinstance(messaging(postback={"payload": "TRACK"}), IncomingNotice)


@pytest.mark.parametrize("name", ["read", "reaction", "delivery", "pass_thread_control"])
def test_signals_are_ignored_by_name(name):
    assert messaging(**{name: {}}) == IncomingNotice("event_ignored", {"kind": f"messaging.{name}"})


def test_a_polled_and_a_pushed_message_are_in_the_same_conversation():
    polled = {
        "id": "m_1",
        "message": "hello",
        "from": {"id": "7001", "name": "Mara"},
        "to": {"data": [{"id": "600100", "name": "Lumora"}]},
        "created_time": "2026-11-20T09:30:00+0000",
    }
    by_poll = read("facebook", "message", message=polled, thread={"id": "t_5"})
    by_push = messaging(message={"mid": "m_1", "text": "hello"})
    assert (by_poll.external_id, by_poll.conversation_id) == (by_push.external_id, by_push.conversation_id)
    assert by_poll.beside == {"thread_id": "t_5"}


@pytest.mark.parametrize(
    ("platform", "kind", "body"),
    [
        ("facebook", "feed_post", {"post": {}}),
        ("facebook", "feed_post", {"post": {"id": "1", "message": ["x"]}}),
        ("facebook", "comment", {"comment": {"id": "1", "from": "x"}}),
        ("facebook", "comment", {"comment": {"id": "1", "created_time": "soon"}}),
        ("facebook", "message", {"message": {}}),
        ("facebook", "messaging", {"event": {"message": {"text": "no id"}}}),
        ("facebook", "messaging", {"event": {"message": "x"}}),
        ("instagram", "media", {"media": {}}),
        ("instagram", "comment", {"comment": {}}),
        ("instagram", "messaging", {"event": {"message_edit": {}}}),
    ],
)
def test_what_cannot_be_understood_is_malformed(platform, kind, body):
    with pytest.raises(MalformedPayloadError):
        read(platform, kind, **body)


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_unknown_fields_and_kinds_are_counted(platform):
    assert read(platform, "change", field="telepathy", value={}).code == "event_ignored"
    assert read(platform, "change", field="feed", value="gone").code == "event_ignored"
    assert read(platform, "hologram").code == "unknown_update"


def test_the_ad_under_which_somebody_comments_is_kept():
    media = {"id": "55", "ad_id": "120200000000001", "ad_title": "Autumn", "original_media_id": "54"}
    post = read("instagram", "change", field="comments", value={"id": "71", "text": "Price?", "media": media}, time=1)
    assert post.extra == Extra(ad_id="120200000000001") and post.conversation_id == "55"


@pytest.mark.parametrize(
    ("thing", "post", "ad_id"),
    [
        ("comment", {"id": "600100_5", "is_published": False, "promotion_status": "active"}, "600100_5"),
        ("comment", {"id": "600100_5", "is_published": True}, ""),
        ("comment", None, ""),
        # A post that waits for its hour is unpublished as well.
        ("status", {"id": "600100_5", "is_published": False}, ""),
    ],
)
def test_a_comment_under_an_unpublished_post_is_one_on_an_ad(thing, post, ad_id):
    ids = {"post_id": "600100_5", "comment_id": "5_6" if thing == "comment" else None}
    assert feed(item=thing, post=post, **ids).extra == Extra(ad_id=ad_id)


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
@pytest.mark.parametrize(
    ("referral", "ad_id"),
    [
        ({"ref": "x", "ad_id": "120200000000002", "source": "ADS", "type": "OPEN_THREAD"}, "120200000000002"),
        ({"ad_id": 120200000000002, "source": "ADS"}, "120200000000002"),
        ({"ref": "x", "source": "SHORTLINK", "type": "OPEN_THREAD"}, ""),
        ({"ad_id": {"deep": True}}, ""),
        ("odd", ""),
    ],
)
def test_a_chat_that_an_ad_opened_names_the_ad(platform, referral, ad_id):
    post = messaging(platform, message={"mid": "m_1", "text": "Still there?", "referral": referral})
    assert (post.text, post.extra) == ("Still there?", Extra(ad_id=ad_id))


def test_a_mention_in_a_comment_is_a_comment_whatever_the_item_is_called():
    value = {"item": "post", "verb": "add", "post_id": "8_1", "comment_id": "8_2", "message": "look @Lumora"}
    post = read("facebook", "change", field="mention", value=value, time=1795167000)
    assert (post.external_id, post.form, post.conversation_id) == ("8_2", "comment", "8_1")
    assert post.beside["addressed_by"] == "tag"


@pytest.mark.parametrize(("told", "is_hidden"), [(True, True), (False, False), (None, None), ("yes", None)])
def test_whether_it_is_hidden_is_told_or_unknown(told, is_hidden):
    comment = {"id": "71", "message": "x", "text": "x", "is_hidden": told, "hidden": told}
    for platform, about in (("facebook", {"post": {"id": "5"}}), ("instagram", {"media": {"id": "5"}})):
        assert read(platform, "comment", comment=comment, **about).is_hidden is is_hidden


@pytest.mark.parametrize("odd", [5, "x", [5], {"type": "story_mention", "payload": "x"}, None])
def test_odd_messages_are_split_whatever_is_in_them(odd):
    message = {"mid": "m_1", "attachments": [odd], "reply_to": odd, "story": odd}
    assert without_story_media(message)["mid"] == "m_1"
    assert without_story_media({"mid": "m_1", "attachments": odd})["mid"] == "m_1"
