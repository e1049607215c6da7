from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.platforms.base import IncomingDeletion
from monitor.platforms.bluesky import PLATFORM, connector
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import (
    AuthExpiredError,
    MalformedPayloadError,
    QuotaExceededError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from tests.support.simulated import collect_all, posts_of


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(connector, "PAGE_SIZE", 5)


def texts(posts):
    return [post.text for post in posts]


def mention(simulated, words, **options):
    return simulated.person_says("bluesky", f"@lumora.example {words}", **options)


def test_mentions_replies_and_quotes_are_told_and_nothing_else(simulated):
    ours = simulated.world.publish("bluesky", simulated.world.brands["bluesky"], "Market week")
    mention(simulated, "hello")
    reply = simulated.person_says("bluesky", "nice", parent_id=ours.identifier)
    simulated.person_says("bluesky", "too", parent_id=reply.identifier, handle="tom")
    simulated.person_says("bluesky", "look at this", quoted_id=ours.identifier)
    simulated.person_says("bluesky", "lumora is a shop")
    posts = {post.text: post for post in collect_all(simulated, "bluesky", "mentions")[0]}
    assert set(posts) == {"@lumora.example hello", "nice", "too", "look at this"}
    assert posts["@lumora.example hello"].mentions_us and not posts["nice"].mentions_us
    assert posts["look at this"].quotes_us and posts["look at this"].form == "quote"
    assert posts["too"].in_reply_to == reply.identifier and posts["too"].root_id == ours.identifier
    assert posts["nice"].beside["context"][0]["text"] == "Market week"


def test_a_backlog_of_a_search_is_read_to_its_end_page_by_page(simulated, small_pages):
    stream = kind = "search"
    for number in range(13):
        mention(simulated, f"parcel {number}")
    posts, cursor = collect_all(simulated, "bluesky", stream, kind=kind)
    assert sorted(texts(posts)) == sorted(f"@lumora.example parcel {number}" for number in range(13))
    assert "pass" not in cursor and "queue" not in cursor


def test_a_worker_that_dies_between_pages_of_a_search_loses_nothing(simulated, small_pages):
    stream = kind = "search"
    _none, cursor = collect_all(simulated, "bluesky", stream, kind=kind)
    for number in range(12):
        mention(simulated, f"{number}")
    first = simulated.connect("bluesky", kind).collect(stream, cursor)
    assert first.has_more
    # The second page is read, but its worker dies before the commit: the next one starts from the first cursor.
    simulated.connect("bluesky", kind).collect(stream, first.cursor)
    rest, _cursor = collect_all(simulated, "bluesky", stream, first.cursor, kind=kind)
    found = texts(posts_of(simulated, "bluesky", first, kind)) + texts(rest)
    assert sorted(found) == sorted(f"@lumora.example {number}" for number in range(12))


def test_a_post_that_is_deleted_while_a_search_is_read_shifts_nothing(simulated, small_pages):
    entries = [mention(simulated, f"{number}") for number in range(12)]
    first = simulated.connect("bluesky", "search").collect("search", {})
    for entry in entries[-3:]:
        simulated.world.delete(entry.identifier)
    rest, _cursor = collect_all(simulated, "bluesky", "search", first.cursor, kind="search")
    found = texts(posts_of(simulated, "bluesky", first, "search")) + texts(rest)
    assert sorted(found) == sorted(f"@lumora.example {number}" for number in range(12))


def test_a_dead_place_does_not_lose_the_pass(simulated, small_pages):
    for number in range(12):
        mention(simulated, f"{number}")
    first = simulated.connect("bluesky").collect("mentions", {})
    broken = {**first.cursor, "queue": [{**first.cursor["queue"][0], "after": "gone"}]}
    rest, _cursor = collect_all(simulated, "bluesky", "mentions", broken)
    found = texts(posts_of(simulated, "bluesky", first)) + texts(rest)
    assert sorted(found) == sorted(f"@lumora.example {number}" for number in range(12))


def test_a_post_of_a_slow_clock_is_picked_up(simulated):
    now = simulated.world.now()
    mention(simulated, "on time")
    _posts, cursor = collect_all(simulated, "bluesky", "mentions")
    mention(simulated, "late", handle="tom", at=now - timedelta(minutes=20))
    posts, _cursor = collect_all(simulated, "bluesky", "mentions", cursor)
    assert texts(posts) == ["@lumora.example late"]


def test_a_parent_that_is_gone_keeps_a_placeholder(simulated):
    parent = mention(simulated, "first")
    mention(simulated, "second", parent_id=parent.identifier)
    simulated.world.delete(parent.identifier)
    posts, _cursor = collect_all(simulated, "bluesky", "mentions")
    assert posts[0].beside["context"] == [{"relation": "replied_to", "id": parent.identifier, "missing": "not_told"}]


def test_a_page_with_likes_only_is_passed_over(simulated):
    """Servers that do not know `reasons` tell everything."""
    like = {"uri": "at://did:plc:a/app.bsky.feed.like/3k", "reason": "like", "indexedAt": "2999-01-01T00:00:00Z"}
    body = {"notifications": [like], "cursor": "2999-01-01T00:00:00.000Z__x"}
    mention(simulated, "hello")
    simulated.add_fault("status", path="listNotifications", status=200, body=body)
    posts, _cursor = collect_all(simulated, "bluesky", "mentions")
    assert texts(posts) == ["@lumora.example hello"]


def test_direct_messages_of_all_conversations_are_read(simulated, small_pages):
    for number in range(7):
        simulated.person_writes("bluesky", f"hello {number}", handle=f"person{number}")
    for number in range(11):
        simulated.person_writes("bluesky", f"message {number}")
    posts, cursor = collect_all(simulated, "bluesky", "direct_messages")
    assert len(posts) == len({post.external_id for post in posts}) == 18
    simulated.person_writes("bluesky", "one more")
    simulated.world.calls.clear()
    posts, _cursor = collect_all(simulated, "bluesky", "direct_messages", cursor)
    assert texts(posts) == ["one more"]
    assert sum(call["path"].endswith("getMessages") for call in simulated.world.calls) == 1


def test_a_backlog_of_messages_survives_a_death_between_pages(simulated, small_pages):
    for number in range(11):
        simulated.person_writes("bluesky", f"message {number}")
    cursor = simulated.connect("bluesky").collect("direct_messages", {}).cursor
    second = simulated.connect("bluesky").collect("direct_messages", cursor)
    simulated.connect("bluesky").collect("direct_messages", second.cursor)
    rest, _cursor = collect_all(simulated, "bluesky", "direct_messages", second.cursor)
    found = texts(posts_of(simulated, "bluesky", second)) + texts(rest)
    assert sorted(found) == sorted(f"message {number}" for number in range(11))


def test_a_conversation_that_is_gone_is_a_gap_and_the_others_go_on(simulated):
    simulated.person_writes("bluesky", "hello")
    simulated.person_writes("bluesky", "hi", handle="tom")
    first = simulated.connect("bluesky").collect("direct_messages", {})
    simulated.add_fault(
        "status", path="getMessages", status=400, body={"error": "InvalidRequest", "message": "Convo not found"}
    )
    second = simulated.connect("bluesky").collect("direct_messages", first.cursor)
    assert [gap.code for gap in second.gaps] == ["node_unreadable"] and second.updates == ()
    rest, _cursor = collect_all(simulated, "bluesky", "direct_messages", second.cursor)
    assert texts(rest) == ["hello"]


def test_a_password_that_may_not_chat_says_so_and_everything_else_goes_on(simulated):
    simulated.world.bluesky.may_chat = False
    mention(simulated, "hello")
    batch = simulated.connect("bluesky").collect("direct_messages", {"since": ""})
    notices = [event for each in batch.updates for event in PLATFORM.normalize(each, simulated.context("bluesky"))]
    assert [notice.code for notice in notices] == ["direct_messages_closed"]
    assert (batch.cursor, batch.has_more, batch.next_poll_seconds) == ({"since": ""}, False, 900)
    assert len(collect_all(simulated, "bluesky", "mentions")[0]) == 1
    assert [notice.code for notice in simulated.connect("bluesky").check()] == ["direct_messages_closed"]


def test_own_posts_come_with_what_they_answer(simulated):
    asked = mention(simulated, "where?")
    us = simulated.world.brands["bluesky"]
    simulated.world.publish("bluesky", us, "On its way", parent_id=asked.identifier)
    posts, _cursor = collect_all(simulated, "bluesky", "own_posts")
    assert [(post.text, post.is_own) for post in posts] == [("On its way", True)]
    assert posts[0].beside["context"][0]["text"] == "@lumora.example where?"


def test_reposts_of_ours_are_no_posts_of_ours(simulated):
    view = {"uri": "at://did:plc:a/app.bsky.feed.post/3k", "record": {}, "indexedAt": "2026-11-20T09:00:00Z"}
    body = {"feed": [{"post": view, "reason": {"$type": "app.bsky.feed.defs#reasonRepost"}}]}
    simulated.add_fault("status", path="getAuthorFeed", status=200, body=body)
    assert simulated.connect("bluesky").collect("own_posts", {}).updates == ()


def test_a_recheck_finds_what_is_gone(simulated):
    kept, gone = mention(simulated, "a"), mention(simulated, "b")
    simulated.world.delete(gone.identifier)
    updates = simulated.connect("bluesky").recheck([kept.identifier, gone.identifier, "no address"])
    events = [event for each in updates for event in PLATFORM.normalize(each, simulated.context("bluesky"))]
    assert IncomingDeletion("bluesky", gone.identifier) in events and len(events) == 2


def test_a_recheck_of_many_asks_for_25_at_once(simulated):
    uris = [mention(simulated, f"{number}").identifier for number in range(60)]
    simulated.connect("bluesky").collect("own_posts", {})
    simulated.world.calls.clear()
    assert len(simulated.connect("bluesky").recheck(uris)) == 60
    assert len(simulated.world.calls) == 3


def test_a_rate_limit_tells_when_to_come_back(simulated):
    for _call in range(3_000):
        simulated.world.limits.take_bluesky("calls", simulated.world.now(), 1)
    with pytest.raises(RateLimitedError) as caught:
        simulated.connect("bluesky").collect("mentions", {})
    assert caught.value.retry_at is not None
    assert timedelta(minutes=4) < caught.value.retry_at - simulated.world.now() <= timedelta(minutes=5)


def test_polls_slow_down_where_calls_run_out(simulated):
    assert simulated.connect("bluesky").collect("mentions", {}).next_poll_seconds is None
    for _call in range(2_950):
        simulated.world.limits.take_bluesky("calls", simulated.world.now(), 1)
    batch = simulated.connect("bluesky").collect("mentions", {})
    assert batch.next_poll_seconds is not None and 15 < batch.next_poll_seconds < 60


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("drop", UnavailableError),
        ("drop_after_commit", UnavailableError),
        ("server_error", UnavailableError),
        ("malformed", MalformedPayloadError),
        ("rate_limit", RateLimitedError),
        ("unauthorized", AuthExpiredError),
    ],
)
@pytest.mark.parametrize("path", ["createSession", "listNotifications"])
def test_each_fault_of_a_read_has_its_error(simulated, fault, error, path):
    simulated.add_fault(fault, path=path)
    with pytest.raises(error):
        simulated.connect("bluesky").collect("mentions", {})


def test_a_redirect_is_not_followed(simulated):
    simulated.add_fault("status", path="listNotifications", status=302, headers={"location": "http://127.0.0.1:1/"})
    with pytest.raises(RejectedError):
        simulated.connect("bluesky").collect("mentions", {})


class CountingBudget:
    def __init__(self, allowed=100):
        self.allowed, self.spent, self.learned = allowed, [], []

    def spend(self, endpoint, *, cost_micros=0, is_write=False):
        if len(self.spent) >= self.allowed:
            raise QuotaExceededError("our own cap", resets_at=None)
        self.spent.append((endpoint, cost_micros, is_write))

    def learn(self, endpoint, *, remaining, limit, resets_at):
        self.learned.append((endpoint, remaining, limit))


def test_every_call_is_counted_and_costs_nothing(simulated):
    budget = CountingBudget()
    mention(simulated, "hello")
    simulated.connect("bluesky", budget=budget).collect("mentions", {})
    assert budget.spent == [("session", 0, False), ("mentions", 0, False), ("lookup", 0, False)]
    assert budget.learned == [("session", 29, 30), ("mentions", 2999, 3000), ("lookup", 2998, 3000)]


def test_a_wrong_identity_is_noticed(simulated):
    other = replace(simulated.context("bluesky"), external_id="did:plc:other")
    assert [notice.code for notice in PLATFORM.connect(other, NullBudget()).check()] == ["wrong_identity"]
    assert simulated.connect("bluesky").check() == [] == simulated.connect("bluesky", "search").check()
