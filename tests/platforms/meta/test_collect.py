from datetime import timedelta

import pytest

from monitor.platforms.base import IncomingNotice
from monitor.platforms.errors import (
    RateLimitedError,
    RejectedError,
)
from monitor.platforms.extra import Extra
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
    assert posts[0].beside["addressed_by"] == "own_page"


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
    assert (own.text, own.is_own, own.beside["recipient_id"]) == ("Hello Mara", True, incoming.sender.external_id)
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


SIDE_STREAMS = [
    ("facebook", "visitor_posts", ""),
    ("facebook", "ads", "ad"),
    ("facebook", "tagged", "tagged"),
    ("facebook", "reviews", "review"),
    ("instagram", "tagged", "tagged"),
]


@pytest.mark.parametrize(("platform", "stream", "kind"), SIDE_STREAMS)
def test_every_side_list_is_read_to_its_end_once(simulated, platform, stream, kind):
    for number in range(60):
        simulated.person_says(platform, f"post {number:02d}", kind=kind, rating=2)
    posts, cursor = collect_all(simulated, platform, stream)
    assert texts(posts) == [f"post {number:02d}" for number in range(60)]
    simulated.person_says(platform, "one more", handle="tom", kind=kind, rating=5)
    posts, cursor = collect_all(simulated, platform, stream, cursor)
    assert texts(posts) == ["one more"]


def test_a_post_that_tags_the_page_elsewhere_has_no_author(simulated):
    simulated.person_says("facebook", "look what @lumora sent me", kind="tagged")
    [post] = collect_all(simulated, "facebook", "tagged")[0]
    assert (post.author.external_id, post.is_own, post.mentions_us) == ("", False, True)
    assert post.beside["addressed_by"] == "tag"
    assert collect_all(simulated, "facebook", "feed")[0] == []


def test_media_of_others_that_tags_the_profile_is_a_post_to_us(simulated):
    simulated.person_says("instagram", "my new shelf", kind="tagged")
    [post] = collect_all(simulated, "instagram", "tagged")[0]
    assert (post.form, post.is_own, post.mentions_us, post.author.handle) == ("post", False, True, "mara")


@pytest.mark.parametrize(("stars", "recommends"), [(5, True), (1, False)])
def test_a_review_says_what_it_recommends(simulated, stars, recommends):
    simulated.person_says("facebook", "three weeks for a lamp", kind="review", rating=stars)
    [post] = collect_all(simulated, "facebook", "reviews")[0]
    assert (post.form, post.text, post.author.name) == ("review", "three weeks for a lamp", "Mara")
    assert post.extra == Extra(stars=stars, recommends=recommends)


def test_a_review_that_is_changed_is_a_new_version(simulated):
    review = simulated.person_says("facebook", "three weeks for a lamp", kind="review", rating=1)
    _posts, cursor = collect_all(simulated, "facebook", "reviews")
    simulated.world.edit(review.identifier, "they made good for it")
    [post] = collect_all(simulated, "facebook", "reviews", cursor)[0]
    assert (post.external_id, post.text, post.version) == (review.identifier, "they made good for it", 2)
    assert post.edited_at is not None


def test_a_comment_on_an_ad_names_the_ad_and_is_the_same_comment_as_in_the_feed(simulated):
    brand = simulated.world.brands["facebook"]
    ad = simulated.world.publish("facebook", brand, "only an ad", kind="ad")
    promoted = simulated.world.publish("facebook", brand, "a post and an ad", kind="promoted")
    for root in (ad, promoted):
        simulated.person_says("facebook", f"on {root.text}", parent_id=root.identifier)
    by_ads = {post.external_id: post for post in collect_all(simulated, "facebook", "ads")[0]}
    by_feed = {post.external_id: post for post in collect_all(simulated, "facebook", "feed")[0]}
    assert texts(by_ads.values()) == ["on a post and an ad", "on only an ad"]
    assert texts(by_feed.values()) == ["on a post and an ad"]
    assert {post.extra.ad_id for post in by_ads.values()} == {ad.identifier, promoted.identifier}
    assert not any(post.extra.ad_id for post in by_feed.values())
    for identifier in set(by_ads) & set(by_feed):
        assert by_ads[identifier].conversation_id == by_feed[identifier].conversation_id
        assert by_ads[identifier].in_reply_to == by_feed[identifier].in_reply_to


def test_a_long_thread_under_an_ad_keeps_naming_the_ad(simulated, small_pages):
    ad = simulated.world.publish("facebook", simulated.world.brands["facebook"], "an ad", kind="ad")
    for number in range(7):
        simulated.person_says("facebook", f"comment {number}", parent_id=ad.identifier)
    posts = [post for post in collect_all(simulated, "facebook", "ads")[0] if not post.is_own]
    assert len(posts) == 7 and {post.extra.ad_id for post in posts} == {ad.identifier}
    assert all(post.url for post in posts)


def test_comments_under_an_ad_that_runs_for_months_are_found(simulated):
    old = simulated.world.now() - timedelta(days=90)
    ad = simulated.world.publish("facebook", simulated.world.brands["facebook"], "an ad", kind="ad", at=old)
    _posts, cursor = collect_all(simulated, "facebook", "ads")
    simulated.person_says("facebook", "is it still sold?", parent_id=ad.identifier)
    assert texts(collect_all(simulated, "facebook", "ads", cursor)[0]) == ["is it still sold?"]


@pytest.mark.parametrize("platform", list(STREAM))
def test_words_that_changed_between_two_looks_are_an_edit(simulated, platform):
    root = brand_post(simulated, platform)
    comment = simulated.person_says(platform, "where is it", parent_id=root.identifier)
    _posts, cursor = collect_all(simulated, platform, STREAM[platform])
    simulated.world.edit(comment.identifier, "where is it? order 4711")
    posts, cursor = collect_all(simulated, platform, STREAM[platform], cursor)
    assert texts(posts) == ["where is it? order 4711"]
    assert collect_all(simulated, platform, STREAM[platform], cursor)[0] == []


def test_an_edit_that_a_poll_found_is_dated_and_a_version(simulated):
    post = simulated.person_says("facebook", "my parcel is late")
    _posts, cursor = collect_all(simulated, "facebook", "feed")
    simulated.world.edit(post.identifier, "my parcel is lost")
    [edited] = collect_all(simulated, "facebook", "feed", cursor)[0]
    assert (edited.external_id, edited.version) == (post.identifier, 2) and edited.edited_at is not None


@pytest.mark.parametrize("platform", list(STREAM))
def test_hiding_in_the_platforms_own_app_is_seen_at_the_next_look(simulated, platform):
    root = brand_post(simulated, platform)
    comment = simulated.person_says(platform, "buy followers here", parent_id=root.identifier)
    posts, cursor = collect_all(simulated, platform, STREAM[platform])
    assert [post.is_hidden for post in posts if not post.is_own] == [False]
    for is_hidden in (True, False):
        comment.is_hidden = is_hidden
        posts, cursor = collect_all(simulated, platform, STREAM[platform], cursor)
        assert [(post.is_hidden, post.version) for post in posts] == [(is_hidden, 1)]


@pytest.mark.parametrize(
    ("platform", "stream", "edge"),
    [("facebook", "ads", "ads_posts"), ("facebook", "reviews", "ratings"), ("instagram", "tagged", "tags")],
)
def test_a_right_that_only_a_side_list_needs_does_not_stop_the_channel(simulated, platform, stream, edge):
    simulated.world.graph.closed_edges.add(edge)
    batch = simulated.connect(platform).collect(stream, {})
    [event] = get_platform(platform).normalize(batch.updates[0], simulated.context(platform))
    assert (event.code, event.params) == ("stream_closed", {"stream": stream})
    assert batch.cursor == {} and not batch.has_more and batch.next_poll_seconds > 3600


@pytest.mark.parametrize("platform", list(STREAM))
def test_a_right_that_the_main_list_needs_is_a_refusal(simulated, platform):
    simulated.world.graph.closed_edges.update({"feed", "media"})
    with pytest.raises(RejectedError) as caught:
        simulated.connect(platform).collect(STREAM[platform], {})
    assert caught.value.code == "permission_missing"


def test_a_mention_that_is_not_shown_is_gone(simulated):
    for platform, ids in (("instagram", {"comment_id": "5"}), ("facebook", {"post_id": "8_1"})):
        with pytest.raises(RejectedError) as caught:
            simulated.connect(platform).fetch(IncomingNotice("mention_to_fetch", ids))
        assert caught.value.code == "gone"


def test_a_mention_on_facebook_is_fetched_by_its_id(simulated):
    root = simulated.person_says("facebook", "my new shelf")
    comment = simulated.person_says("facebook", "@lumora look", handle="tom", parent_id=root.identifier)
    ids = {"post_id": root.identifier, "comment_id": comment.identifier}
    [update] = simulated.connect("facebook").fetch(IncomingNotice("mention_to_fetch", ids))
    [post] = get_platform("facebook").normalize(update, simulated.context("facebook"))
    assert (post.text, post.conversation_id, post.beside["addressed_by"]) == ("@lumora look", root.identifier, "tag")


def test_use_beyond_four_fifths_slows_the_reading_down(simulated):
    simulated.world.graph.allowance = 10
    paces = [simulated.connect("facebook").collect("feed", {}).next_poll_seconds for _ in range(9)]
    assert paces[:7] == [None] * 7 and paces[7:] == [300.0, 300.0]


def test_use_beyond_the_allowance_waits_for_the_minutes_that_are_told(simulated):
    simulated.world.graph.allowance = 1
    simulated.connect("facebook").collect("feed", {})
    with pytest.raises(RateLimitedError) as caught:
        simulated.connect("facebook").collect("feed", {})
    waits = caught.value.retry_at - simulated.world.now()
    assert timedelta(minutes=58) < waits <= timedelta(minutes=60, seconds=1)
