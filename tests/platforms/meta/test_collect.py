from datetime import timedelta

import pytest

from monitor.platforms.errors import AuthExpiredError, MalformedPayloadError, RateLimitedError, UnavailableError
from monitor.platforms.meta import facebook, instagram
from monitor.platforms.registry import get_platform
from tests.support.simulated import collect_all, posts_of


def texts(posts):
    return sorted(post.text for post in posts if not post.is_own)


@pytest.fixture
def small_pages(monkeypatch):
    """Two comments with each post, three messages with each thread: backlogs then need pages of their own."""
    for module in (facebook, instagram):
        monkeypatch.setattr(module, "_COMMENTS", module._COMMENTS.replace("limit(50)", "limit(2)"))


def brand_post(simulated, platform, text="ours", **options):
    return simulated.world.publish(platform, simulated.world.brands[platform], text, **options)


STREAM = {"facebook": "feed", "instagram": "comments"}


@pytest.mark.parametrize("platform", list(STREAM))
def test_comments_and_replies_are_found_with_their_thread(simulated, platform):
    root = brand_post(simulated, platform)
    comment = simulated.person_says(platform, "broken again", parent_id=root.identifier)
    simulated.person_says(platform, "mine too", handle="tom", parent_id=comment.identifier)
    posts, _cursor = collect_all(simulated, platform, STREAM[platform])
    found = {post.text: post for post in posts}
    assert set(found) == {"ours", "broken again", "mine too"}
    assert found["ours"].is_own and not found["ours"].mentions_us
    assert {post.conversation_id for post in posts} == {root.identifier}
    assert (found["broken again"].form, found["broken again"].in_reply_to) == ("comment", root.identifier)
    assert (found["mine too"].form, found["mine too"].in_reply_to) == ("reply", comment.identifier)
    assert found["mine too"].mentions_us and found["mine too"].author.external_id


@pytest.mark.parametrize("platform", list(STREAM))
def test_every_comment_of_a_long_thread_is_read(simulated, small_pages, platform):
    root = brand_post(simulated, platform)
    for number in range(9):
        simulated.person_says(platform, f"comment {number}", parent_id=root.identifier)
    posts, _cursor = collect_all(simulated, platform, STREAM[platform])
    assert texts(posts) == [f"comment {number}" for number in range(9)]


@pytest.mark.parametrize("platform", list(STREAM))
def test_a_worker_that_dies_between_pages_loses_nothing(simulated, small_pages, platform):
    root = brand_post(simulated, platform)
    for number in range(9):
        simulated.person_says(platform, f"comment {number}", parent_id=root.identifier)
    stream = STREAM[platform]
    first = simulated.connect(platform).collect(stream, {})
    assert first.has_more
    simulated.connect(platform).collect(stream, first.cursor)
    rest, _cursor = collect_all(simulated, platform, stream, first.cursor)
    found = texts(posts_of(simulated, platform, first)) + texts(rest)
    assert sorted(found) == [f"comment {number}" for number in range(9)]


@pytest.mark.parametrize("platform", list(STREAM))
def test_a_poll_hands_nothing_on_twice_and_misses_nothing_new(simulated, platform):
    root = brand_post(simulated, platform)
    simulated.person_says(platform, "one", parent_id=root.identifier)
    posts, cursor = collect_all(simulated, platform, STREAM[platform])
    assert texts(posts) == ["one"]
    posts, cursor = collect_all(simulated, platform, STREAM[platform], cursor)
    assert posts == []
    simulated.person_says(platform, "two", parent_id=root.identifier)
    posts, cursor = collect_all(simulated, platform, STREAM[platform], cursor)
    assert texts(posts) == ["two"]


@pytest.mark.parametrize("platform", list(STREAM))
def test_a_comment_that_becomes_visible_late_is_picked_up(simulated, platform):
    root = brand_post(simulated, platform)
    simulated.person_says(platform, "on time", parent_id=root.identifier)
    _posts, cursor = collect_all(simulated, platform, STREAM[platform])
    late = simulated.world.now() - timedelta(minutes=5)
    simulated.person_says(platform, "late", parent_id=root.identifier, at=late)
    posts, _cursor = collect_all(simulated, platform, STREAM[platform], cursor)
    assert texts(posts) == ["late"]


def test_a_comment_under_an_old_post_is_found_by_the_deep_pass(simulated, monkeypatch):
    old = simulated.world.now() - timedelta(days=20)
    root = brand_post(simulated, "facebook", "three weeks ago", at=old)
    for number in range(30):
        brand_post(simulated, "facebook", f"newer {number}", at=old + timedelta(hours=number + 1))
    _posts, cursor = collect_all(simulated, "facebook", "feed")
    simulated.person_says("facebook", "still broken", parent_id=root.identifier)
    simulated.world.shift_clock(3700)
    posts, _cursor = collect_all(simulated, "facebook", "feed", cursor)
    assert texts(posts) == ["still broken"]


def test_a_quiet_page_costs_one_call_a_poll(simulated):
    old = simulated.world.now() - timedelta(days=20)
    for number in range(60):
        brand_post(simulated, "facebook", f"post {number}", at=old + timedelta(hours=number))
    _posts, cursor = collect_all(simulated, "facebook", "feed")
    simulated.world.calls.clear()
    collect_all(simulated, "facebook", "feed", cursor)
    assert len(simulated.world.calls) == 1


def test_a_post_deleted_during_the_walk_is_a_gap_and_no_failure(simulated, small_pages):
    root = brand_post(simulated, "facebook")
    for number in range(5):
        simulated.person_says("facebook", f"comment {number}", parent_id=root.identifier)
    first = simulated.connect("facebook").collect("feed", {})
    simulated.world.delete(root.identifier)
    second = simulated.connect("facebook").collect("feed", first.cursor)
    assert [gap.code for gap in second.gaps] == ["node_unreadable"] and not second.has_more


def test_a_visitor_post_on_the_page_is_a_post_to_us(simulated):
    simulated.person_says("facebook", "your shop sent me the wrong size")
    posts, _cursor = collect_all(simulated, "facebook", "feed")
    assert (posts[0].form, posts[0].mentions_us, posts[0].is_own) == ("post", True, False)
    assert posts[0].extra["addressed_by"] == "own_page"


@pytest.mark.parametrize("platform", list(STREAM))
def test_messages_come_with_their_customer(simulated, platform):
    incoming = simulated.person_writes(platform, "hello?")
    simulated.world.say(platform, simulated.world.brands[platform], incoming.sender, "Hello Mara")
    posts, _cursor = collect_all(simulated, platform, "direct_messages")
    inbound, own = sorted(posts, key=lambda post: post.is_own)
    assert (inbound.text, inbound.is_public, inbound.author.external_id) == (
        "hello?",
        False,
        incoming.sender.external_id,
    )
    assert (own.text, own.is_own, own.extra["recipient_id"]) == ("Hello Mara", True, incoming.sender.external_id)
    assert inbound.conversation_id == own.conversation_id


@pytest.mark.parametrize("platform", list(STREAM))
def test_a_long_conversation_is_read_whole_and_then_only_what_is_new(simulated, platform):
    for number in range(47):
        simulated.person_writes(platform, f"message {number:02d}")
    posts, cursor = collect_all(simulated, platform, "direct_messages")
    assert texts(posts) == [f"message {number:02d}" for number in range(47)]
    simulated.person_writes(platform, "one more", handle="tom")
    posts, _cursor = collect_all(simulated, platform, "direct_messages", cursor)
    assert texts(posts) == ["one more"]


def test_messages_of_many_people_survive_a_death_between_pages(simulated):
    for number in range(60):
        simulated.person_writes("facebook", f"message {number:02d}", handle=f"person{number}")
    first = simulated.connect("facebook").collect("direct_messages", {})
    simulated.connect("facebook").collect("direct_messages", first.cursor)
    rest, _cursor = collect_all(simulated, "facebook", "direct_messages", first.cursor)
    found = texts(posts_of(simulated, "facebook", first)) + texts(rest)
    assert sorted(found) == [f"message {number:02d}" for number in range(60)]


def test_messenger_and_instagram_do_not_mix(simulated):
    simulated.person_writes("facebook", "on messenger")
    simulated.person_writes("instagram", "on instagram")
    assert texts(collect_all(simulated, "facebook", "direct_messages")[0]) == ["on messenger"]
    assert texts(collect_all(simulated, "instagram", "direct_messages")[0]) == ["on instagram"]


def test_a_mention_elsewhere_is_fetched_by_its_id(simulated):
    root = simulated.person_says("instagram", "my new shelf")
    comment = simulated.person_says("instagram", "@lumora is this yours?", handle="tom", parent_id=root.identifier)
    update = simulated.connect("instagram").fetch_mention(comment_id=comment.identifier)
    [post] = get_platform("instagram").normalize(update, simulated.context("instagram"))
    assert (post.text, post.mentions_us, post.conversation_id) == ("@lumora is this yours?", True, root.identifier)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("drop", UnavailableError),
        ("server_error", UnavailableError),
        ("malformed", MalformedPayloadError),
        ("rate_limit", RateLimitedError),
        ("unauthorized", AuthExpiredError),
    ],
)
@pytest.mark.parametrize("platform", list(STREAM))
def test_each_fault_of_a_read_has_its_error(simulated, platform, fault, error):
    simulated.add_fault(fault)
    with pytest.raises(error):
        simulated.connect(platform).collect(STREAM[platform], {})


@pytest.mark.parametrize("platform", list(STREAM))
def test_a_dead_token_is_tried_once(simulated, platform):
    simulated.world.is_revoked = True
    with pytest.raises(AuthExpiredError):
        simulated.connect(platform).collect(STREAM[platform], {})
    assert len(simulated.world.calls) == 1
