import pytest

from monitor.platforms.base import SendRequest
from monitor.platforms.errors import RateLimitedError, RejectedError, UnavailableError, UnconfirmedSendError
from monitor.platforms.mastodon import PLATFORM
from tests.support.simulated import collect_all


def said(simulated):
    us = simulated.world.brands["mastodon"]
    return [entry for entry in simulated.world.visible("mastodon") if entry.author is us]


def written(simulated):
    us = simulated.world.brands["mastodon"]
    return [message for message in simulated.world.messages_with("mastodon") if message.sender is us]


def send(simulated, kind, text="We look into it.", **fields):
    return simulated.connect("mastodon").send(SendRequest(kind, text, **fields))


def posts(simulated):
    return [call for call in simulated.world.calls if call["method"] == "POST"]


def test_a_reply_names_whom_it_answers_and_comes_back_as_what_was_sent(simulated):
    entry = simulated.person_says("mastodon", "@lumora where is it?", handle="mara@fjord.example")
    receipt = send(simulated, "reply", target_id=entry.identifier)
    (made,) = said(simulated)
    assert (made.text, made.parent_id, made.visibility) == (
        "@mara@fjord.example We look into it.",
        entry.identifier,
        "public",
    )
    ((echo,), _cursor) = collect_all(simulated, "mastodon", "own_posts")
    assert (echo.external_id, echo.text, echo.is_own) == (receipt.external_id, "We look into it.", True)


@pytest.mark.parametrize("text", ["@mara we look", "Hello @Mara@fjord.example, we look", "(@mara) we look"])
def test_a_name_that_stands_there_already_is_not_put_before_it(simulated, text):
    entry = simulated.person_says("mastodon", "@lumora hi", handle="mara@fjord.example")
    send(simulated, "reply", text, target_id=entry.identifier)
    assert said(simulated)[0].text == text


def test_a_longer_name_is_another_name(simulated):
    entry = simulated.person_says("mastodon", "@lumora hi", handle="mara")
    send(simulated, "reply", "as @maraline said", target_id=entry.identifier)
    assert said(simulated)[0].text == "@mara as @maraline said"


@pytest.mark.parametrize("visibility", ["public", "unlisted"])
def test_an_answer_is_as_open_as_the_question(simulated, visibility):
    entry = simulated.person_says("mastodon", "@lumora hi", visibility=visibility)
    send(simulated, "reply", target_id=entry.identifier)
    assert said(simulated)[0].visibility == visibility


def test_a_reply_to_a_private_message_stays_private(simulated):
    message = simulated.person_writes("mastodon", "between us")
    send(simulated, "reply", target_id=message.identifier)
    assert said(simulated) == []
    assert [each.text for each in written(simulated)] == ["@mara We look into it."]


def test_a_message_answers_a_message_in_its_thread(simulated):
    message = simulated.person_writes("mastodon", "hello")
    receipt = send(simulated, "direct_message", target_id=message.identifier)
    (made,) = written(simulated)
    assert (made.recipient.handle, made.parent_id) == ("mara", message.identifier)
    assert receipt.conversation_id == ""
    found, _cursor = collect_all(simulated, "mastodon", "direct_messages")
    assert len({post.conversation_id for post in found}) == 1


def test_a_private_reply_begins_a_thread_of_its_own(simulated):
    entry = simulated.person_says("mastodon", "@lumora where is it?")
    receipt = send(simulated, "private_reply", target_id=entry.identifier)
    (made,) = written(simulated)
    assert made.parent_id == entry.identifier
    assert receipt.conversation_id == receipt.external_id
    simulated.person_writes("mastodon", "here is my number")
    found, _cursor = collect_all(simulated, "mastodon", "mentions")
    threads = {post.text: post.conversation_id for post in found}
    assert threads["here is my number"] == receipt.conversation_id != threads["@lumora where is it?"]


def test_what_another_instance_found_is_answered_through_its_address(simulated):
    entry = simulated.person_says("mastodon", "broken #lumora", handle="mara@fjord.example")
    ((post,), _cursor) = collect_all(simulated, "mastodon", "search", kind="search")
    assert post.platform_id == post.external_id
    send(simulated, "reply", target_id=post.platform_id)
    assert said(simulated)[0].parent_id == entry.identifier


def test_an_address_that_our_instance_cannot_find_is_gone(simulated):
    with pytest.raises(RejectedError) as caught:
        send(simulated, "reply", target_id="https://far.example/users/x/statuses/9")
    assert caught.value.code == "gone"
    assert posts(simulated) == []


def test_the_same_key_is_answered_with_the_same_post(simulated):
    entry = simulated.person_says("mastodon", "@lumora hi")
    receipts = [send(simulated, "reply", target_id=entry.identifier, idempotency_key="key-1") for _time in range(2)]
    assert receipts[0].external_id == receipts[1].external_id
    assert len(said(simulated)) == 1


def test_nothing_is_sent_to_nobody(simulated):
    ours = simulated.world.publish("mastodon", simulated.world.brands["mastodon"], "Market week!")
    with pytest.raises(RejectedError) as caught:
        send(simulated, "private_reply", target_id=ours.identifier)
    assert caught.value.code == "unreachable"
    assert posts(simulated) == []


def test_a_post_that_is_gone_is_not_answered(simulated):
    entry = simulated.person_says("mastodon", "@lumora hi")
    simulated.world.delete(entry.identifier)
    with pytest.raises(RejectedError) as caught:
        send(simulated, "reply", target_id=entry.identifier)
    assert caught.value.code == "gone"
    assert posts(simulated) == []


def test_a_text_that_is_too_long_is_refused_as_such(simulated):
    entry = simulated.person_says("mastodon", "@lumora hi")
    with pytest.raises(RejectedError) as caught:
        send(simulated, "reply", "x" * 501, target_id=entry.identifier)
    assert caught.value.code == "too_long"


def test_the_declared_length_fits_behind_the_longest_name(simulated):
    entry = simulated.person_says("mastodon", "@lumora hi", handle="m" * 30)
    send(simulated, "reply", "x" * PLATFORM.declaration.reply_limit, target_id=entry.identifier)
    assert len(said(simulated)[0].text) == 500


@pytest.mark.parametrize("fault", ["drop", "drop_after_commit", "server_error", "malformed"])
def test_a_write_without_an_answer_is_in_doubt_and_can_be_read_back(simulated, fault):
    entry = simulated.person_says("mastodon", "@lumora hi")
    request = SendRequest("reply", "We look into it.", target_id=entry.identifier, conversation_id="thread")
    since = simulated.world.now()
    simulated.add_fault(fault, method="POST")
    with pytest.raises(UnconfirmedSendError):
        simulated.connect("mastodon").send(request)
    assert len(posts(simulated)) <= 1
    found = simulated.connect("mastodon").read_back(request, since=since)
    assert [post.text for post in found] == (["We look into it."] if fault == "drop_after_commit" else [])
    assert all((post.in_reply_to, post.conversation_id) == (entry.identifier, "thread") for post in found)


def test_a_limit_on_the_way_leaves_no_doubt(simulated):
    entry = simulated.person_says("mastodon", "@lumora hi")
    simulated.add_fault("rate_limit", method="POST")
    with pytest.raises(RateLimitedError):
        send(simulated, "reply", target_id=entry.identifier)
    assert said(simulated) == []


def test_only_answers_to_the_same_post_are_read_back(simulated):
    first = simulated.person_says("mastodon", "@lumora one")
    second = simulated.person_says("mastodon", "@lumora two")
    since = simulated.world.now()
    send(simulated, "reply", target_id=first.identifier)
    send(simulated, "private_reply", target_id=second.identifier)
    connector = simulated.connect("mastodon")
    assert len(connector.read_back(SendRequest("reply", target_id=first.identifier), since=since)) == 1
    assert connector.read_back(SendRequest("reply", target_id=second.identifier), since=since) == []
    (private,) = connector.read_back(SendRequest("private_reply", target_id=second.identifier), since=since)
    assert not private.is_public and private.conversation_id == private.external_id
    assert connector.read_back(SendRequest("like", target_id=first.identifier), since=since) is None


def test_a_post_is_liked(simulated):
    entry = simulated.person_says("mastodon", "@lumora thank you")
    assert send(simulated, "like", "", target_id=entry.identifier).external_id == ""
    assert entry.likes == 1


def test_own_posts_and_messages_are_deleted_by_id_or_by_address(simulated):
    entry = simulated.person_says("mastodon", "@lumora hi")
    message = simulated.person_writes("mastodon", "hello")
    receipt = send(simulated, "reply", target_id=entry.identifier)
    send(simulated, "direct_message", target_id=message.identifier)
    send(simulated, "delete", "", target_id=receipt.external_id)
    send(simulated, "delete", "", target_id=written(simulated)[0].identifier)
    assert said(simulated) == written(simulated) == []


def test_a_deletion_that_was_done_before_is_done(simulated):
    assert send(simulated, "delete", "", target_id="404404404404404404").external_id == ""


def test_doubt_about_what_can_be_repeated_is_no_doubt(simulated):
    entry = simulated.person_says("mastodon", "@lumora hi")
    simulated.add_fault("drop_after_commit", method="POST")
    with pytest.raises(UnavailableError):
        send(simulated, "like", "", target_id=entry.identifier)


def test_deletions_have_a_limit_of_their_own(simulated):
    for _call in range(30):
        simulated.world.limits.take_mastodon("deletions", simulated.world.now())
    with pytest.raises(RateLimitedError):
        send(simulated, "delete", "", target_id="1")
    entry = simulated.person_says("mastodon", "@lumora hi")
    assert send(simulated, "reply", target_id=entry.identifier).external_id


def test_a_link_to_a_post_is_its_own_not_one_that_is_guessed():
    assert PLATFORM.deep_link("109", "mara") == ""
