from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.platforms.base import SendRequest
from monitor.platforms.bluesky import PLATFORM, writing
from monitor.platforms.bluesky.writing import byte_slice, find_features, record_key
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import RejectedError, UnavailableError, UnconfirmedSendError

PUT = "putRecord"


@pytest.fixture
def mention(simulated):
    return simulated.person_says("bluesky", "@lumora.example where is my parcel?")


def reply_to(entry, text="We are looking into it.", **options):
    return SendRequest("reply", text, target_id=entry.identifier, idempotency_key="one", **options)


def own_texts(simulated, entry):
    us = simulated.world.brands["bluesky"]
    return [each.text for each in simulated.world.thread(entry.root_id) if each.author is us]


def refusal(simulated, request):
    with pytest.raises(RejectedError) as caught:
        simulated.connect("bluesky").send(request)
    return caught.value.code


def test_a_reply_stands_in_the_thread_once(simulated, mention):
    receipt = simulated.connect("bluesky").send(reply_to(mention))
    assert own_texts(simulated, mention) == ["We are looking into it."]
    assert receipt.external_id in simulated.world.entries
    assert receipt.url.startswith("https://bsky.app/profile/did:plc:lumoramarketsimulated234/post/3")


def test_a_reply_deep_in_a_thread_names_its_root(simulated, mention):
    deeper = simulated.person_says("bluesky", "me too", parent_id=mention.identifier, handle="tom")
    receipt = simulated.connect("bluesky").send(reply_to(deeper))
    reply = simulated.world.bluesky.records[receipt.external_id]["reply"]
    assert (reply["root"]["uri"], reply["parent"]["uri"]) == (mention.identifier, deeper.identifier)
    assert receipt.conversation_id == mention.identifier


def test_the_same_write_again_is_the_same_record(simulated, mention):
    first = simulated.connect("bluesky").send(reply_to(mention))
    again = simulated.connect("bluesky").send(reply_to(mention))
    assert again.external_id == first.external_id
    assert own_texts(simulated, mention) == ["We are looking into it."]


def test_an_answer_that_is_lost_is_unconfirmed_and_found_by_reading_back(simulated, mention):
    asked_at = simulated.world.now()
    simulated.add_fault("drop_after_commit", path=PUT)
    with pytest.raises(UnconfirmedSendError):
        simulated.connect("bluesky").send(reply_to(mention))
    found = simulated.connect("bluesky").read_back(reply_to(mention), since=asked_at)
    assert [(post.text, post.is_own, post.in_reply_to) for post in found] == [
        ("We are looking into it.", True, mention.identifier)
    ]


def test_a_connection_that_breaks_before_the_commit_is_unconfirmed_and_not_found(simulated, mention):
    asked_at = simulated.world.now()
    simulated.add_fault("drop", path=PUT)
    with pytest.raises(UnconfirmedSendError):
        simulated.connect("bluesky").send(reply_to(mention))
    assert simulated.connect("bluesky").read_back(reply_to(mention), since=asked_at) == []


@pytest.mark.parametrize("fault", ["server_error", "malformed"])
def test_an_answer_that_says_nothing_is_unconfirmed(simulated, mention, fault):
    simulated.add_fault(fault, path=PUT)
    with pytest.raises(UnconfirmedSendError):
        simulated.connect("bluesky").send(reply_to(mention))


def test_an_answer_without_an_address_is_unconfirmed(simulated, mention):
    simulated.add_fault("status", path=PUT, status=200, body={"cid": "b"})
    with pytest.raises(UnconfirmedSendError):
        simulated.connect("bluesky").send(reply_to(mention))


def test_an_answer_that_is_too_late_is_unconfirmed(simulated, mention):
    simulated.add_fault("slow", path=PUT, seconds=1.5)
    with pytest.raises(UnconfirmedSendError):
        simulated.connect("bluesky", read_seconds=0.3).send(reply_to(mention))


def test_a_failed_look_before_the_write_is_no_doubt(simulated, mention):
    simulated.add_fault("server_error", path="getPosts")
    with pytest.raises(UnavailableError):
        simulated.connect("bluesky").send(reply_to(mention))


def test_nobody_listening_means_that_nothing_was_sent(simulated, mention):
    nowhere = replace(simulated.context("bluesky"), api_url="http://127.0.0.1:9")
    with pytest.raises(UnavailableError):
        PLATFORM.connect(nowhere, NullBudget()).send(reply_to(mention))


def test_an_answer_to_what_was_deleted_says_so(simulated, mention):
    simulated.world.delete(mention.identifier)
    assert refusal(simulated, reply_to(mention)) == "gone"


def test_who_limits_replies_is_unreachable(simulated, mention):
    """Bluesky would store the reply and show it to nobody."""
    simulated.world.bluesky.without_replies.add(mention.identifier)
    assert refusal(simulated, reply_to(mention)) == "unreachable"
    assert own_texts(simulated, mention) == []


@pytest.mark.parametrize(
    ("text", "fits"), [("👨‍👩‍👧‍👦" * 120, True), ("👨‍👩‍👧‍👦" * 121, False), ("ü" * 300, True), ("ü" * 301, False)]
)
def test_graphemes_and_bytes_are_counted_before_anything_is_sent(simulated, mention, text, fits):
    """A family of four is one grapheme and 25 bytes: 3,000 bytes are full before 300 graphemes."""
    simulated.world.calls.clear()
    if fits:
        assert simulated.connect("bluesky").send(reply_to(mention, text)).external_id
    else:
        assert refusal(simulated, reply_to(mention, text)) == "too_long"
        assert simulated.world.calls == []


@pytest.mark.parametrize(("is_public", "most_bytes"), [(True, 3_000), (False, 10_000)])
def test_bytes_are_counted_at_the_platform_too(simulated, mention, monkeypatch, is_public, most_bytes):
    """Should our own count be wrong one day, its refusal is understood."""
    monkeypatch.setattr(writing, "POST_ROOM" if is_public else "MESSAGE_ROOM", (10**9, 10**9))
    simulated.person_writes("bluesky", "where is my parcel?")
    request = reply_to(mention)
    if not is_public:
        request = SendRequest("direct_message", "", recipient_id=mention.author.external_id)
    most = most_bytes // 25
    assert refusal(simulated, replace(request, text="👨‍👩‍👧‍👦" * (most + 1))) == "too_long"
    assert simulated.connect("bluesky").send(replace(request, text="👨‍👩‍👧‍👦" * most)).external_id


def test_mentions_links_and_tags_are_marked_in_bytes(simulated, mention):
    text = "Žofie 👍 @mara.bsky.example, see https://lumora.example/ü. #Paket @nobody.bsky.example"
    receipt = simulated.connect("bluesky").send(reply_to(mention, text))
    facets = simulated.world.bluesky.records[receipt.external_id]["facets"]
    raw = text.encode()
    marked = [raw[each["index"]["byteStart"] : each["index"]["byteEnd"]].decode() for each in facets]
    assert marked == ["@mara.bsky.example", "https://lumora.example/ü", "#Paket"]
    assert facets[0]["features"][0]["did"] == mention.author.external_id
    assert facets[2]["features"][0]["tag"] == "Paket"


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("mail care@lumora.example", []),
        ("(https://lumora.example/a_(b))", ["https://lumora.example/a_(b)"]),
        ("see https://lumora.example/#top!", ["https://lumora.example/#top"]),
        ("#1 is no tag, #2go is", ["#2go"]),
        ("@lumora is no host", []),
        ("@a.b.example's", ["@a.b.example"]),
    ],
)
def test_what_is_marked(text, marked):
    assert [text[start:end] for start, end, _feature in find_features(text)] == marked


def test_places_are_bytes_of_utf_8():
    assert byte_slice("日本 @x", 3, 5) == {"byteStart": 7, "byteEnd": 9}


def test_a_key_has_the_form_of_a_tid_and_is_the_same_at_every_try():
    import re

    keys = {record_key(SendRequest("reply", "x", idempotency_key=f"{number}")) for number in range(500)}
    assert len(keys) == 500
    assert all(re.fullmatch(r"[234567abcdefghij][2-7a-z]{12}", key) for key in keys)
    request = SendRequest("reply", "x", target_id="at://1")
    assert record_key(request) == record_key(replace(request)) != record_key(replace(request, text="y"))


def test_a_message_goes_into_its_conversation(simulated):
    incoming = simulated.person_writes("bluesky", "hello?")
    request = SendRequest("direct_message", "Hello Mara", recipient_id=incoming.sender.external_id)
    receipt = simulated.connect("bluesky").send(request)
    again = simulated.connect("bluesky").send(replace(request, conversation_id=receipt.conversation_id))
    assert [each.text for each in simulated.world.messages] == ["hello?", "Hello Mara", "Hello Mara"]
    assert receipt.external_id == simulated.world.messages[1].identifier
    assert again.conversation_id == receipt.conversation_id


def test_who_takes_no_messages_is_unreachable(simulated):
    stranger = simulated.world.person("bluesky", "stranger")
    simulated.world.bluesky.without_messages.add(stranger.external_id)
    assert refusal(simulated, SendRequest("direct_message", "Hi", recipient_id=stranger.external_id)) == "unreachable"


def test_a_message_without_the_right_to_chat_is_refused(simulated):
    incoming = simulated.person_writes("bluesky", "hello?")
    simulated.world.bluesky.may_chat = False
    request = SendRequest("direct_message", "Hi", recipient_id=incoming.sender.external_id)
    assert refusal(simulated, request) == "permission_missing"


def test_a_lost_message_is_found_by_reading_back(simulated):
    incoming = simulated.person_writes("bluesky", "hello?")
    asked_at = simulated.world.now()
    request = SendRequest("direct_message", "Hello Mara", recipient_id=incoming.sender.external_id)
    simulated.add_fault("drop_after_commit", path="sendMessage")
    with pytest.raises(UnconfirmedSendError):
        simulated.connect("bluesky").send(request)
    assert [post.text for post in simulated.connect("bluesky").read_back(request, since=asked_at)] == ["Hello Mara"]
    later = simulated.world.now() + timedelta(hours=1)
    assert simulated.connect("bluesky").read_back(request, since=later) == []


def test_a_like_is_given_once_however_often_it_is_asked_for(simulated, mention):
    for _try in range(2):
        simulated.connect("bluesky").send(SendRequest("like", target_id=mention.identifier))
    assert mention.likes == 1


def test_a_like_in_doubt_may_be_given_again(simulated, mention):
    simulated.add_fault("drop_after_commit", path=PUT)
    with pytest.raises(UnavailableError):
        simulated.connect("bluesky").send(SendRequest("like", target_id=mention.identifier))
    simulated.connect("bluesky").send(SendRequest("like", target_id=mention.identifier))
    assert mention.likes == 1


def test_our_own_post_is_deleted_and_may_be_deleted_again(simulated, mention):
    receipt = simulated.connect("bluesky").send(reply_to(mention))
    for _try in range(2):
        simulated.connect("bluesky").send(SendRequest("delete", target_id=receipt.external_id))
    assert simulated.world.find(receipt.external_id) is None


@pytest.mark.parametrize("target", ["3kmessageid", "at://did:plc:other/app.bsky.feed.post/3k"])
def test_what_is_not_ours_or_private_is_not_deleted(simulated, target):
    assert refusal(simulated, SendRequest("delete", target_id=target)) == "permission_missing"
    assert simulated.world.calls == []
