"""One comment is one post, in however many lists and deliveries it is seen; hiding, edits and deletions reach it."""

from typing import Any

import pytest

from monitor.alerts.models import Alert
from monitor.brands.models import Brand, Channel, ChannelState
from monitor.inbox.models import Author, Conversation, Post, RawEvent, Sighting
from monitor.inbox.services import collect_channel, ingest, receive_updates
from monitor.inbox.services.quarantine import understand
from monitor.platforms.base import IncomingDeletion
from monitor.platforms.meta.webhooks import split
from monitor.platforms.registry import get_platform
from monitor.simulators.world import PAGE_ID
from tests.support.channels import connect
from tests.support.simulated import Simulated

STREAMS = ("feed", "visitor_posts", "ads", "tagged", "reviews")


@pytest.fixture
def page(brand: Brand, simulated: Simulated) -> Channel:
    return connect(brand, simulated, "facebook")


def collect(page: Channel, *streams: str) -> None:
    for stream in streams or STREAMS:
        report = collect_channel(channel_id=page.pk, stream=stream)
        assert not report.error and not report.skipped, (stream, report)


def push(page: Channel, **value: Any) -> None:
    change = {"field": "feed", "value": value}
    body = {"object": "page", "entry": [{"id": PAGE_ID, "time": 1795166999, "changes": [change]}]}
    receive_updates(channel_id=page.pk, updates=[update for _owner, update in split(body)])


def pushed(comment: Any, verb: str = "add", **more: Any) -> dict[str, Any]:
    person = {"id": comment.author.external_id, "name": comment.author.name}
    ids = {"comment_id": comment.identifier, "post_id": comment.root_id, "parent_id": comment.parent_id}
    told = {
        "item": "comment",
        "verb": verb,
        "message": comment.text,
        "created_time": int(comment.created_at.timestamp()),
    }
    return {**told, **ids, "from": person, **more}


@pytest.mark.parametrize("first", ["poll", "webhook"])
def test_the_same_comment_in_the_feed_the_ads_and_a_webhook_is_one_post(
    page: Channel, simulated: Simulated, first: str
) -> None:
    root = simulated.world.publish("facebook", simulated.world.brands["facebook"], "a post and an ad", kind="promoted")
    comment = simulated.person_says("facebook", "where is my parcel?", parent_id=root.identifier)
    if first == "webhook":
        push(page, **pushed(comment))
    collect(page)
    for _ in range(3):
        push(page, **pushed(comment))
    theirs = Post.objects.get(is_own=False)
    assert (theirs.text, theirs.version, theirs.form) == ("where is my parcel?", 1, "comment")
    assert Post.objects.count() == 2 and Author.objects.filter(posts=theirs).count() == 1
    assert Conversation.objects.count() == 1
    assert {seen.how for seen in Sighting.objects.filter(post_id=theirs.pk)} == {"poll", "webhook"}
    # Only the list of ads tells that it is one; whatever was there first, the comment says so.
    assert theirs.extra == {"ad_id": root.identifier}


def test_a_visitor_post_is_one_post_in_both_lists(page: Channel, simulated: Simulated) -> None:
    simulated.person_says("facebook", "your shop sent me the wrong size")
    collect(page)
    assert Post.objects.get().mentions_us


def test_reviews_and_tags_are_posts_of_their_forms(page: Channel, simulated: Simulated) -> None:
    simulated.person_says("facebook", "never again", kind="review", rating=1)
    simulated.person_says("facebook", "look @lumora", kind="tagged")
    collect(page)
    assert sorted(Post.objects.values_list("form", "author__name")) == [("post", None), ("review", "Mara")]
    assert Post.objects.get(form="review").extra == {"stars": 1, "recommends": False}


def test_a_comment_that_only_an_ad_shows_is_known_as_one_from_the_webhook_on(
    page: Channel, simulated: Simulated
) -> None:
    ad = simulated.world.publish("facebook", simulated.world.brands["facebook"], "only an ad", kind="ad")
    comment = simulated.person_says("facebook", "is it real wool?", parent_id=ad.identifier)
    push(page, **pushed(comment, post={"id": ad.identifier, "is_published": False, "promotion_status": "active"}))
    assert Post.objects.get().extra == {"ad_id": ad.identifier}
    collect(page)
    theirs = Post.objects.get(is_own=False)
    assert (theirs.extra, theirs.version) == ({"ad_id": ad.identifier}, 1)


def test_stars_that_are_changed_under_the_same_words_are_a_new_version(page: Channel, simulated: Simulated) -> None:
    review = simulated.person_says("facebook", "three weeks for a lamp", kind="review", rating=1)
    collect(page, "reviews")
    review.rating = 5
    collect(page, "reviews")
    post = Post.objects.get()
    assert (post.text, post.version, post.stage) == ("three weeks for a lamp", 2, "received")
    assert post.extra == {"stars": 5, "recommends": True}


def test_an_edit_that_only_a_poll_saw_is_a_new_version(page: Channel, simulated: Simulated) -> None:
    root = simulated.world.publish("facebook", simulated.world.brands["facebook"], "ours")
    comment = simulated.person_says("facebook", "where is it", parent_id=root.identifier)
    collect(page, "feed")
    for number, text in enumerate(("where is it? 4711", "found it, thanks"), start=2):
        simulated.world.edit(comment.identifier, text)
        collect(page, "feed")
        post = Post.objects.get(is_own=False)
        assert (post.text, post.version, post.edited_at is not None) == (text, number, True)


def test_what_a_recheck_finds_gone_is_emptied_and_does_not_come_back(page: Channel, simulated: Simulated) -> None:
    root = simulated.world.publish("facebook", simulated.world.brands["facebook"], "ours")
    comments = [simulated.person_says("facebook", f"words {n}", parent_id=root.identifier) for n in range(3)]
    collect(page, "feed")
    simulated.world.delete(comments[1].identifier)
    platform, context = get_platform("facebook"), simulated.context("facebook")
    updates = simulated.connect("facebook").recheck([each.identifier for each in comments])  # type: ignore[attr-defined]
    events, odd = understand(platform, context, updates, source="recheck")
    how = {"brand_id": page.brand_id, "channel_id": page.pk, "stream": "recheck", "how": "poll"}
    gone = [event for event in events if isinstance(event, IncomingDeletion)]
    report = ingest(events=gone, raw=updates, **how)  # type: ignore[arg-type]
    assert (report.deleted, odd, len(events)) == (1, [], 3)
    assert sorted(Post.objects.filter(is_own=False).values_list("text", flat=True)) == ["", "words 0", "words 2"]
    push(page, **pushed(comments[1]))
    assert not Post.objects.filter(text="words 1").exists()
    assert not RawEvent.objects.filter(external_id=comments[1].identifier).exists()


def test_a_closed_side_list_is_told_and_the_channel_goes_on(page: Channel, simulated: Simulated) -> None:
    simulated.world.graph.closed_edges.update({"ads_posts", "ratings"})
    collect(page)
    page.refresh_from_db()
    assert page.state == ChannelState.HEALTHY
    told = Alert.objects.filter(code="channel.stream_closed")
    assert sorted(alert.params["stream"] for alert in told) == ["ads", "reviews"]
    waits = page.streams.get(name="ads").next_poll_at - page.streams.get(name="feed").next_poll_at
    assert waits.total_seconds() > 3_600
