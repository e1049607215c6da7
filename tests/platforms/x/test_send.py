from datetime import timedelta

import pytest

from monitor.platforms.base import SendRequest
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import RejectedError, UnavailableError, UnconfirmedSendError


@pytest.fixture
def mention(simulated):
    return simulated.person_says("x", "@lumora where is my parcel?")


def reply_to(entry, text="We are looking into it.", **options):
    return SendRequest("reply", text, target_id=entry.identifier, **options)


def own_texts(simulated, entry):
    us = simulated.world.brands["x"]
    return [each.text for each in simulated.world.thread(entry.root_id) if each.author is us]


def test_a_reply_stands_in_the_thread_once(simulated, mention):
    receipt = simulated.connect("x").send(reply_to(mention))
    assert own_texts(simulated, mention) == ["We are looking into it."]
    assert receipt.external_id in simulated.world.entries
    assert receipt.url == f"https://x.com/lumora/status/{receipt.external_id}"


def test_an_answer_that_is_lost_is_unconfirmed_and_found_by_reading_back(simulated, mention):
    asked_at = simulated.world.now()
    simulated.add_fault("drop_after_commit", path="/2/tweets", method="POST")
    with pytest.raises(UnconfirmedSendError):
        simulated.connect("x").send(reply_to(mention))
    found = simulated.connect("x").read_back(reply_to(mention), since=asked_at)
    assert [post.text for post in found] == ["@mara We are looking into it."]
    assert found[0].is_own and found[0].in_reply_to == mention.identifier
    assert own_texts(simulated, mention) == ["We are looking into it."]


def test_a_connection_that_breaks_before_the_commit_is_unconfirmed_and_not_found(simulated, mention):
    asked_at = simulated.world.now()
    simulated.add_fault("drop", path="/2/tweets", method="POST")
    with pytest.raises(UnconfirmedSendError):
        simulated.connect("x").send(reply_to(mention))
    assert simulated.connect("x").read_back(reply_to(mention), since=asked_at) == []


@pytest.mark.parametrize("fault", ["server_error", "malformed"])
def test_an_answer_that_says_nothing_is_unconfirmed(simulated, mention, fault):
    simulated.add_fault(fault, path="/2/tweets", method="POST")
    with pytest.raises(UnconfirmedSendError):
        simulated.connect("x").send(reply_to(mention))


def test_an_answer_without_an_id_is_unconfirmed(simulated, mention):
    simulated.add_fault("status", path="/2/tweets", method="POST", status=201, body={"data": {}})
    with pytest.raises(UnconfirmedSendError):
        simulated.connect("x").send(reply_to(mention))


def test_an_answer_that_is_too_late_is_unconfirmed(simulated, mention):
    simulated.add_fault("slow", path="/2/tweets", method="POST", seconds=1.5)
    with pytest.raises(UnconfirmedSendError):
        simulated.connect("x", read_seconds=0.3).send(reply_to(mention))


def test_nobody_listening_means_that_nothing_was_sent(simulated, mention):
    from dataclasses import replace

    from monitor.platforms.x import PLATFORM

    nowhere = replace(simulated.context("x"), api_url="http://127.0.0.1:9")
    with pytest.raises(UnavailableError):
        PLATFORM.connect(nowhere, NullBudget()).send(reply_to(mention))


def test_who_did_not_name_us_cannot_be_answered(simulated):
    chatter = simulated.person_says("x", "lumora parcels are slow")
    with pytest.raises(RejectedError) as caught:
        simulated.connect("x").send(reply_to(chatter))
    assert caught.value.code == "not_summoned"


def test_the_same_words_twice_are_a_duplicate(simulated, mention):
    simulated.connect("x").send(reply_to(mention))
    with pytest.raises(RejectedError) as caught:
        simulated.connect("x").send(reply_to(mention))
    assert caught.value.code == "duplicate"


@pytest.mark.parametrize("text", ["a" * 281, "配" * 141, "🙂" * 141])
def test_what_is_too_long_by_the_platforms_own_count_says_so(simulated, mention, text):
    with pytest.raises(RejectedError) as caught:
        simulated.connect("x").send(reply_to(mention, text))
    assert caught.value.code == "too_long"
    assert own_texts(simulated, mention) == []


def test_a_message_of_more_letters_than_it_may_have_says_so(simulated):
    incoming = simulated.person_writes("x", "hello?")
    request = SendRequest("direct_message", "a" * 10_001, recipient_id=incoming.sender.external_id)
    with pytest.raises(RejectedError) as caught:
        simulated.connect("x").send(request)
    assert caught.value.code == "too_long"


def test_an_answer_to_what_was_deleted_says_so(simulated, mention):
    simulated.world.delete(mention.identifier)
    with pytest.raises(RejectedError) as caught:
        simulated.connect("x").send(reply_to(mention))
    assert caught.value.code == "gone"


def test_a_message_goes_to_who_wrote_first(simulated):
    incoming = simulated.person_writes("x", "hello?")
    request = SendRequest("direct_message", "Hello Mara", recipient_id=incoming.sender.external_id)
    receipt = simulated.connect("x").send(request)
    assert simulated.world.messages[-1].text == "Hello Mara"
    assert receipt.external_id == simulated.world.messages[-1].identifier
    assert receipt.conversation_id == f"{incoming.sender.external_id}-{simulated.world.brands['x'].external_id}"


def test_a_message_can_name_its_conversation(simulated):
    incoming = simulated.person_writes("x", "hello?")
    conversation = f"{incoming.sender.external_id}-{simulated.world.brands['x'].external_id}"
    simulated.connect("x").send(SendRequest("direct_message", "Hi", conversation_id=conversation))
    assert simulated.world.messages[-1].recipient is incoming.sender


def test_who_never_wrote_cannot_be_written_to(simulated):
    stranger = simulated.world.person("x", "stranger")
    with pytest.raises(RejectedError) as caught:
        simulated.connect("x").send(SendRequest("direct_message", "Buy!", recipient_id=stranger.external_id))
    assert caught.value.code == "unreachable"


def test_a_lost_message_is_found_by_reading_back(simulated):
    incoming = simulated.person_writes("x", "hello?")
    asked_at = simulated.world.now()
    request = SendRequest("direct_message", "Hello Mara", recipient_id=incoming.sender.external_id)
    simulated.add_fault("drop_after_commit", path="/messages", method="POST")
    with pytest.raises(UnconfirmedSendError):
        simulated.connect("x").send(request)
    assert [post.text for post in simulated.connect("x").read_back(request, since=asked_at)] == ["Hello Mara"]
    later = simulated.world.now() + timedelta(hours=1)
    assert simulated.connect("x").read_back(request, since=later) == []


def test_a_message_is_looked_for_page_by_page_and_no_further_than_needed(simulated):
    """Each message that is read costs money: the newest come first, and reading ends before the write."""
    for number in range(30):
        simulated.person_writes("x", f"long ago {number}", at=simulated.world.now() - timedelta(hours=2))
    incoming = simulated.person_writes("x", "hello?")
    asked_at = simulated.world.now()
    request = SendRequest("direct_message", "Hello Mara", recipient_id=incoming.sender.external_id)
    simulated.connect("x").send(request)
    simulated.world.calls.clear()
    assert len(simulated.connect("x").read_back(request, since=asked_at)) == 1
    assert len(simulated.world.calls) == 1
    for number in range(45):
        simulated.person_writes("x", f"are you there? {number}")
    assert [post.text for post in simulated.connect("x").read_back(request, since=asked_at)] == ["Hello Mara"]
    assert len(simulated.world.calls) == 1 + 3


def test_a_reply_under_our_post_is_hidden_and_shown_again(simulated):
    ours = simulated.world.publish("x", simulated.world.brands["x"], "Market week")
    spam = simulated.person_says("x", "buy pills", parent_id=ours.identifier)
    simulated.connect("x").send(SendRequest("hide", target_id=spam.identifier))
    assert spam.is_hidden
    simulated.connect("x").send(SendRequest("unhide", target_id=spam.identifier))
    assert not spam.is_hidden


def test_hiding_may_be_done_again_after_doubt(simulated):
    ours = simulated.world.publish("x", simulated.world.brands["x"], "Market week")
    spam = simulated.person_says("x", "buy pills", parent_id=ours.identifier)
    simulated.add_fault("drop_after_commit", path="/hidden")
    with pytest.raises(UnavailableError):
        simulated.connect("x").send(SendRequest("hide", target_id=spam.identifier))
    simulated.connect("x").send(SendRequest("hide", target_id=spam.identifier))
    assert spam.is_hidden


def test_our_own_post_is_deleted(simulated, mention):
    receipt = simulated.connect("x").send(reply_to(mention))
    simulated.connect("x").send(SendRequest("delete", target_id=receipt.external_id))
    assert simulated.world.find(receipt.external_id) is None


def test_what_x_does_not_offer_is_refused_before_any_call(simulated, mention):
    with pytest.raises(RejectedError):
        simulated.connect("x").send(SendRequest("like", target_id=mention.identifier))
    assert simulated.world.calls == []


@pytest.mark.parametrize(
    ("text", "cost"),
    [("We are on it.", 10_000), ("See https://lumora.example/help", 200_000), ("See lumora.com/help.", 200_000)],
)
def test_a_link_costs_what_a_link_costs(simulated, mention, text, cost):
    spent = []

    class Budget:
        def spend(self, endpoint, *, cost_micros=0, is_write=False):
            spent.append((endpoint, cost_micros, is_write))

        def learn(self, endpoint, **_rest):
            return None

    simulated.connect("x", budget=Budget()).send(reply_to(mention, text))
    assert spent == [("reply", cost, True)]


def test_hiding_and_showing_again_are_one_endpoint_with_one_limit(simulated):
    class Asked(NullBudget):
        def spend(self, endpoint, **more):
            asked.append(endpoint)
            super().spend(endpoint, **more)

    asked: list[str] = []
    ours = simulated.world.publish("x", simulated.world.brands["x"], "Ours")
    spam = simulated.person_says("x", "pills", handle="bot", parent_id=ours.identifier)
    for kind in ("hide", "unhide"):
        simulated.connect("x", budget=Asked()).send(SendRequest(kind, target_id=spam.identifier))
    assert asked == ["hide", "hide"]
