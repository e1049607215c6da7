"""Known posts looked up again: what is gone, what is hidden, and what Meta only does not show by its id."""

import pytest

from monitor.platforms.base import ChannelContext, IncomingDeletion, IncomingNotice, IncomingPost, RawUpdate
from monitor.platforms.errors import AuthExpiredError, UnavailableError
from monitor.platforms.registry import get_platform

PLATFORMS = ("facebook", "instagram")


@pytest.fixture(params=PLATFORMS)
def platform(request):
    return request.param


@pytest.fixture
def comments(simulated, platform):
    root = simulated.world.publish(platform, simulated.world.brands[platform], "ours")
    return [simulated.person_says(platform, f"comment {n}", parent_id=root.identifier) for n in range(3)]


def found(simulated, platform, ids):
    updates = simulated.connect(platform).recheck(ids)
    events = [
        event for update in updates for event in get_platform(platform).normalize(update, simulated.context(platform))
    ]
    return dict(_told(event) for event in events)


def _told(event):
    if isinstance(event, IncomingDeletion):
        return event.external_id, "gone"
    if isinstance(event, IncomingPost):
        return event.external_id, event.text
    return event.params["id"], event.code


def test_what_is_all_there_costs_one_call(simulated, platform, comments):
    told = found(simulated, platform, [each.identifier for each in comments])
    assert told == {each.identifier: each.text if platform == "facebook" else "still_there" for each in comments}
    assert len(simulated.world.calls) == 1


def test_one_that_is_gone_does_not_hide_the_others(simulated, platform, comments):
    simulated.world.delete(comments[1].identifier)
    told = found(simulated, platform, [each.identifier for each in comments])
    assert told.pop(comments[1].identifier) == "gone"
    assert set(told) == {comments[0].identifier, comments[2].identifier} and "gone" not in told.values()


def test_a_look_tells_the_words_and_whether_they_are_hidden(simulated):
    comment = simulated.person_says("facebook", "where is it")
    simulated.world.edit(comment.identifier, "where is it? 4711")
    comment.is_hidden = True
    [update] = simulated.connect("facebook").recheck([comment.identifier])
    [post] = get_platform("facebook").normalize(update, simulated.context("facebook"))
    assert (post.text, post.is_hidden, post.version, post.edited_at) == ("where is it? 4711", True, 2, None)
    assert update.author_ids == (comment.author.external_id,)


def test_no_words_are_no_edit():
    context = ChannelContext(1, "page", "600100", "lumora", {}, "")
    for lookup, code in (({"id": "5"}, "still_there"), ({"id": "5", "is_hidden": True}, "post_hidden")):
        update = RawUpdate("lookup", "5", {"id": "5", "lookup": lookup})
        [notice] = get_platform("facebook").normalize(update, context)
        assert notice.code == code


def test_no_more_than_fifty_are_asked_for_at_once(simulated, platform):
    root = simulated.world.publish(platform, simulated.world.brands[platform], "ours")
    ids = [simulated.person_says(platform, f"c {n}", parent_id=root.identifier).identifier for n in range(60)]
    assert len(found(simulated, platform, ids)) == 50


def test_fifty_that_are_gone_are_fifty_deletions(simulated, platform):
    ids = [f"104217600000001_9{n:03d}" if platform == "facebook" else f"1799{n:03d}" for n in range(50)]
    assert set(found(simulated, platform, ids).values()) == {"gone"} and len(ids) == 50


@pytest.mark.parametrize("strange", ["", "1,2", "a/b", "1?fields=x", "é", "1%2C2"])
def test_what_is_no_id_is_not_asked_for(simulated, platform, strange):
    assert simulated.connect(platform).recheck([strange]) == []
    assert simulated.world.calls == []


def test_a_post_that_tags_us_elsewhere_is_there_as_long_as_the_list_shows_it(simulated, platform):
    tagged = simulated.person_says(platform, "look @lumora", kind="tagged")
    assert found(simulated, platform, [tagged.identifier]) == {}
    simulated.world.delete(tagged.identifier)
    assert found(simulated, platform, [tagged.identifier]) == {tagged.identifier: "gone"}


def test_a_mention_under_media_of_others_is_asked_for_through_our_profile(simulated):
    root = simulated.person_says("instagram", "my shelf")
    mention = simulated.person_says("instagram", "@lumora yours?", handle="tom", parent_id=root.identifier)
    assert found(simulated, "instagram", [mention.identifier]) == {}
    simulated.world.delete(mention.identifier)
    assert found(simulated, "instagram", [mention.identifier]) == {mention.identifier: "gone"}


def test_messages_cannot_be_looked_up_and_nothing_is_said_of_them(simulated, comments):
    message = simulated.person_writes("facebook", "hello")
    ids = [message.identifier, comments[0].identifier]
    if comments[0].platform == "facebook":
        assert found(simulated, "facebook", ids) == {comments[0].identifier: comments[0].text}


@pytest.mark.parametrize(
    ("fault", "error"),
    [("server_error", UnavailableError), ("drop", UnavailableError), ("unauthorized", AuthExpiredError)],
)
def test_a_fault_deletes_nothing(simulated, platform, comments, fault, error):
    simulated.add_fault(fault, times=3)
    with pytest.raises(error):
        simulated.connect(platform).recheck([comments[0].identifier])


def test_a_lookup_says_what_it_found(platform):
    context = ChannelContext(1, "page", "600100", "lumora", {}, "")
    read = get_platform(platform).normalize
    gone = read(RawUpdate("lookup", "5", {"id": "5", "is_gone": True}), context)
    assert gone == [IncomingDeletion(platform, "5")]
    here = read(RawUpdate("lookup", "5", {"id": "5", "lookup": {"id": "5"}}), context)
    assert here == [IncomingNotice("still_there", {"id": "5"})]
