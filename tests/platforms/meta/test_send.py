from datetime import timedelta

import pytest

from monitor.platforms.base import SendRequest
from monitor.platforms.errors import RejectedError, UnavailableError, UnconfirmedSendError

PLATFORMS = ("facebook", "instagram")


@pytest.fixture(params=PLATFORMS)
def platform(request):
    return request.param


@pytest.fixture
def comment(simulated, platform):
    root = simulated.world.publish(platform, simulated.world.brands[platform], "ours")
    return simulated.person_says(platform, "where is my parcel?", parent_id=root.identifier)


@pytest.fixture
def incoming(simulated, platform):
    return simulated.person_writes(platform, "hello?")


def message_to(incoming, text="Hello Mara", **options):
    options.setdefault("last_inbound_at", incoming.created_at)
    return SendRequest("direct_message", text, recipient_id=incoming.sender.external_id, **options)


def test_a_reply_stands_under_the_comment_once(simulated, platform, comment):
    receipt = simulated.connect(platform).send(SendRequest("reply", "On it.", target_id=comment.identifier))
    made = simulated.world.entries[receipt.external_id]
    assert (made.text, made.parent_id) == ("On it.", comment.identifier)


def test_a_lost_answer_is_unconfirmed_and_found_by_reading_back(simulated, platform, comment):
    request = SendRequest("reply", "On it.", target_id=comment.identifier, conversation_id=comment.root_id)
    asked_at = simulated.world.now()
    simulated.add_fault("drop_after_commit", method="POST")
    with pytest.raises(UnconfirmedSendError):
        simulated.connect(platform).send(request)
    assert [post.text for post in simulated.connect(platform).read_back(request, since=asked_at)] == ["On it."]
    assert simulated.connect(platform).read_back(request, since=asked_at + timedelta(hours=1)) == []


@pytest.mark.parametrize("fault", ["drop", "malformed", "server_error"])
def test_doubt_about_a_write_is_unconfirmed(simulated, platform, comment, fault):
    simulated.add_fault(fault, method="POST")
    with pytest.raises(UnconfirmedSendError):
        simulated.connect(platform).send(SendRequest("reply", "On it.", target_id=comment.identifier))


def test_the_same_comment_twice_is_a_duplicate(simulated, platform, comment):
    request = SendRequest("reply", "On it.", target_id=comment.identifier)
    simulated.connect(platform).send(request)
    with pytest.raises(RejectedError) as caught:
        simulated.connect(platform).send(request)
    assert caught.value.code == "duplicate"


def test_a_reply_to_what_was_deleted_says_so(simulated, platform, comment):
    simulated.world.delete(comment.identifier)
    with pytest.raises(RejectedError) as caught:
        simulated.connect(platform).send(SendRequest("reply", "On it.", target_id=comment.identifier))
    assert caught.value.code == "gone"


@pytest.mark.parametrize("sent_by", ["person", "automation"])
def test_within_a_day_anybody_may_answer(simulated, platform, incoming, sent_by):
    simulated.world.shift_clock(24 * 3600 - 60)
    simulated.connect(platform).send(message_to(incoming, sent_by=sent_by))
    assert (simulated.world.messages[-1].text, simulated.world.messages[-1].tag) == ("Hello Mara", "")


def test_after_a_day_only_a_person_wears_the_human_tag(simulated, platform, incoming):
    simulated.world.shift_clock(24 * 3600 + 60)
    simulated.connect(platform).send(message_to(incoming))
    assert simulated.world.messages[-1].tag == "HUMAN_AGENT"


@pytest.mark.parametrize(
    ("sent_by", "hours"), [("automation", 24), ("automation", 100), ("person", 168), ("person", 999)]
)
def test_a_closed_window_is_refused_before_any_call(simulated, platform, incoming, sent_by, hours):
    simulated.world.shift_clock(hours * 3600 + 1)
    with pytest.raises(RejectedError) as caught:
        simulated.connect(platform).send(message_to(incoming, sent_by=sent_by))
    assert caught.value.code == "window_closed"
    assert simulated.world.calls == []


def test_the_platform_has_the_last_word_on_its_window(simulated, platform, incoming):
    simulated.world.shift_clock(30 * 3600)
    wrong = message_to(incoming, sent_by="automation", last_inbound_at=simulated.world.now())
    with pytest.raises(RejectedError) as caught:
        simulated.connect(platform).send(wrong)
    assert caught.value.code == "window_closed"


def test_a_lost_message_is_found_by_reading_back(simulated, platform, incoming):
    asked_at = simulated.world.now()
    simulated.add_fault("drop_after_commit", path="/messages", method="POST")
    with pytest.raises(UnconfirmedSendError):
        simulated.connect(platform).send(message_to(incoming))
    found = simulated.connect(platform).read_back(message_to(incoming), since=asked_at)
    assert [post.text for post in found] == ["Hello Mara"]


def test_a_private_reply_is_sent_once(simulated, platform, comment):
    request = SendRequest(
        "private_reply", "May we help?", target_id=comment.identifier, last_inbound_at=comment.created_at
    )
    receipt = simulated.connect(platform).send(request)
    assert receipt.conversation_id.endswith(comment.author.external_id)
    with pytest.raises(RejectedError) as caught:
        simulated.connect(platform).send(request)
    assert caught.value.code == "already_replied"


def test_a_private_reply_after_a_week_is_refused_before_any_call(simulated, platform, comment):
    simulated.world.shift_clock(7 * 24 * 3600 + 1)
    request = SendRequest("private_reply", "Sorry", target_id=comment.identifier, last_inbound_at=comment.created_at)
    with pytest.raises(RejectedError) as caught:
        simulated.connect(platform).send(request)
    assert caught.value.code == "window_closed" and simulated.world.calls == []


def test_whether_a_private_reply_arrived_cannot_be_told_without_its_person(simulated, platform, comment):
    request = SendRequest("private_reply", "May we help?", target_id=comment.identifier)
    assert simulated.connect(platform).read_back(request, since=comment.created_at) is None


def test_a_comment_is_hidden_and_shown_again(simulated, platform, comment):
    simulated.connect(platform).send(SendRequest("hide", target_id=comment.identifier))
    assert comment.is_hidden
    simulated.connect(platform).send(SendRequest("unhide", target_id=comment.identifier))
    assert not comment.is_hidden


def test_hiding_may_be_done_again_after_doubt(simulated, platform, comment):
    simulated.add_fault("drop_after_commit", method="POST")
    with pytest.raises(UnavailableError):
        simulated.connect(platform).send(SendRequest("hide", target_id=comment.identifier))


def test_a_comment_is_liked_where_the_platform_offers_it(simulated, platform, comment):
    request = SendRequest("like", target_id=comment.identifier)
    if platform == "facebook":
        simulated.connect(platform).send(request)
        assert comment.likes == 1
    else:
        with pytest.raises(RejectedError):
            simulated.connect(platform).send(request)


def test_our_own_comment_is_deleted(simulated, platform, comment):
    receipt = simulated.connect(platform).send(SendRequest("reply", "On it.", target_id=comment.identifier))
    simulated.connect(platform).send(SendRequest("delete", target_id=receipt.external_id))
    assert simulated.world.find(receipt.external_id) is None


def test_a_mention_under_media_of_others_is_answered_through_our_profile(simulated):
    root = simulated.person_says("instagram", "my shelf")
    mention = simulated.person_says("instagram", "@lumora yours?", handle="tom", parent_id=root.identifier)
    request = SendRequest("reply", "It is!", target_id=mention.identifier, conversation_id=root.identifier)
    receipt = simulated.connect("instagram").send(request)
    assert simulated.world.entries[receipt.external_id].parent_id == mention.identifier
    on_media = SendRequest("reply", "Lovely.", target_id=root.identifier, conversation_id=root.identifier)
    receipt = simulated.connect("instagram").send(on_media)
    assert simulated.world.entries[receipt.external_id].parent_id == root.identifier
