from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.platforms.base import IncomingDeletion
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import (
    RateLimitedError,
    RejectedError,
)
from monitor.platforms.mastodon import PLATFORM, client
from monitor.platforms.mastodon.connector import MastodonConnector
from tests.support.simulated import collect_all, posts_of


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(client, "PAGE_SIZE", 5)


def texts(posts):
    return [post.text for post in posts]


def calls(simulated, path):
    return [call for call in simulated.world.calls if call["path"].endswith(path)]


def events_of(simulated, updates):
    context = simulated.context("mastodon")
    return [event for update in updates for event in PLATFORM.normalize(update, context)]


def test_a_backlog_of_messages_is_read_to_its_end_page_by_page(simulated, small_pages):
    for number in range(13):
        simulated.person_writes("mastodon", f"@lumora parcel {number}", handle=f"writer{number}")
    posts, cursor = collect_all(simulated, "mastodon", "direct_messages")
    assert sorted(texts(posts)) == sorted(f"@lumora parcel {number}" for number in range(13))
    again, _cursor = collect_all(simulated, "mastodon", "direct_messages", cursor)
    assert again == []


def test_after_the_first_reading_pages_go_upwards_and_a_death_between_them_loses_nothing(simulated, small_pages):
    simulated.person_says("mastodon", "@lumora first")
    _posts, cursor = collect_all(simulated, "mastodon", "mentions")
    simulated.world.shift_clock(3600 / 2)
    for number in range(12):
        simulated.person_says("mastodon", f"@lumora {number}")
    first = simulated.connect("mastodon").collect("mentions", cursor)
    assert first.has_more
    # The second page is read, but its worker dies before the commit: the next one starts from the first cursor.
    simulated.connect("mastodon").collect("mentions", first.cursor)
    rest, _cursor = collect_all(simulated, "mastodon", "mentions", first.cursor)
    found = texts(posts_of(simulated, "mastodon", first)) + texts(rest)
    assert sorted(found) == sorted(f"@lumora {number}" for number in range(12))


def test_a_quiet_list_costs_one_call_a_poll(simulated):
    simulated.person_says("mastodon", "@lumora hello", at=simulated.world.now() - timedelta(hours=1))
    _posts, cursor = collect_all(simulated, "mastodon", "mentions")
    simulated.world.calls.clear()
    assert collect_all(simulated, "mastodon", "mentions", cursor)[0] == []
    assert len(simulated.world.calls) == 1


def test_a_post_that_arrives_late_is_picked_up(simulated):
    """Posts of other instances get an id of when they were written, below those that came before them."""
    now = simulated.world.now()
    simulated.person_says("mastodon", "on time #lumora")
    _posts, cursor = collect_all(simulated, "mastodon", "search", kind="search")
    simulated.person_says("mastodon", "late #lumora", handle="tom@slow.example", at=now - timedelta(minutes=5))
    posts, _cursor = collect_all(simulated, "mastodon", "search", cursor, kind="search")
    assert texts(posts) == ["late #lumora"]


def test_a_strangers_message_that_the_instance_set_aside_is_read(simulated):
    simulated.person_writes("mastodon", "please help")
    posts, _cursor = collect_all(simulated, "mastodon", "mentions")
    assert texts(posts) == ["please help"]
    assert not posts[0].is_public


def test_a_conversation_tells_all_its_messages_in_one_thread(simulated):
    world = simulated.world
    simulated.person_writes("mastodon", "first")
    world.say("mastodon", world.brands["mastodon"], world.person("mastodon", "mara"), "our answer")
    simulated.person_writes("mastodon", "second")
    posts, cursor = collect_all(simulated, "mastodon", "direct_messages")
    assert texts(posts) == ["first", "our answer", "second"]
    assert len({post.conversation_id for post in posts}) == 1
    assert [post.is_own for post in posts] == [False, True, False]
    simulated.person_writes("mastodon", "third")
    simulated.person_writes("mastodon", "fourth")
    posts, _cursor = collect_all(simulated, "mastodon", "direct_messages", cursor)
    assert texts(posts) == ["third", "fourth"]


def test_own_posts_and_messages_are_told_as_ours(simulated):
    world = simulated.world
    us = world.brands["mastodon"]
    world.publish("mastodon", us, "New lamps")
    world.say("mastodon", us, world.person("mastodon", "mara"), "privately")
    posts, _cursor = collect_all(simulated, "mastodon", "own_posts")
    assert {(post.text, post.is_public, post.is_own) for post in posts} == {
        ("New lamps", True, True),
        ("privately", False, True),
    }


def test_replies_of_one_thread_share_its_conversation_and_one_look_up(simulated):
    root = simulated.world.publish("mastodon", simulated.world.brands["mastodon"], "Market week!")
    first = simulated.person_says("mastodon", "@lumora late again", parent_id=root.identifier)
    simulated.person_says("mastodon", "@lumora same here", handle="tom", parent_id=first.identifier)
    posts, _cursor = collect_all(simulated, "mastodon", "mentions")
    assert len(posts) == 2
    assert {post.conversation_id.rpartition("/")[2] for post in posts} == {root.identifier}
    assert {post.in_reply_to.rpartition("/")[2] for post in posts} == {root.identifier, first.identifier}
    assert posts[-1].beside["context"][0]["text"] == "Market week!"
    assert len(calls(simulated, "/context")) == 1


def test_a_reply_to_a_deleted_post_is_read_all_the_same(simulated):
    root = simulated.person_says("mastodon", "gone soon")
    simulated.person_says("mastodon", "@lumora look at this", handle="tom", parent_id=root.identifier)
    simulated.world.delete(root.identifier)
    posts, _cursor = collect_all(simulated, "mastodon", "mentions")
    assert texts(posts) == ["@lumora look at this"]


def test_an_edit_inside_the_overlap_comes_with_the_next_poll(simulated):
    entry = simulated.person_says("mastodon", "@lumora fine")
    _posts, cursor = collect_all(simulated, "mastodon", "mentions")
    simulated.world.edit(entry.identifier, "@lumora not fine")
    posts, cursor = collect_all(simulated, "mastodon", "mentions", cursor)
    assert [(post.text, post.version) for post in posts] == [("@lumora not fine", 2)]
    assert collect_all(simulated, "mastodon", "mentions", cursor)[0] == []


def test_older_posts_are_looked_up_again_for_edits_and_deletions(simulated):
    kept = simulated.person_says("mastodon", "@lumora kept")
    edited = simulated.person_says("mastodon", "@lumora before")
    deleted = simulated.person_says("mastodon", "@lumora regretted")
    _posts, cursor = collect_all(simulated, "mastodon", "mentions")
    simulated.world.shift_clock(7200)
    simulated.world.edit(edited.identifier, "@lumora after")
    simulated.world.delete(deleted.identifier)
    found, has_more = [], True
    while has_more:
        batch = simulated.connect("mastodon").collect("mentions", cursor)
        found += events_of(simulated, batch.updates)
        cursor, has_more = batch.cursor, batch.has_more
    gone = [event for event in found if isinstance(event, IncomingDeletion)]
    assert [event.external_id.rpartition("/")[2] for event in gone] == [deleted.identifier]
    assert [event.text for event in found if event not in gone] == ["@lumora after"]
    assert kept.identifier in cursor["watched"] and deleted.identifier not in cursor["watched"]


def test_an_instance_that_cannot_look_up_several_is_asked_for_each(simulated):
    entry = simulated.person_says("mastodon", "@lumora kept")
    deleted = simulated.person_says("mastodon", "@lumora regretted")
    _posts, cursor = collect_all(simulated, "mastodon", "mentions")
    simulated.world.shift_clock(7200)
    simulated.world.delete(deleted.identifier)
    simulated.add_fault("status", path="/statuses$", status=404, body={"error": "Not found"})
    found, has_more = [], True
    while has_more:
        batch = simulated.connect("mastodon").collect("mentions", cursor)
        found += events_of(simulated, batch.updates)
        cursor, has_more = batch.cursor, batch.has_more
    assert [event.external_id.rpartition("/")[2] for event in found] == [deleted.identifier]
    assert len(calls(simulated, f"/statuses/{entry.identifier}")) == 1


def searching(simulated, query, *, token=True):
    context = replace(simulated.context("mastodon", "search"), query=query)
    context = context if token else replace(context, credentials={})
    return MastodonConnector(context, NullBudget(), now=simulated.world.now)


def search_all(simulated, query, cursor=None, **options):
    found, cursor = [], cursor or {}
    for _page in range(30):
        batch = searching(simulated, query, **options).collect("search", cursor)
        found += events_of(simulated, batch.updates)
        cursor = batch.cursor
        if not batch.has_more:
            return found, cursor
    raise AssertionError("the search did not end")


def test_a_search_reads_hashtags_and_accounts_without_a_token(simulated):
    simulated.person_says("mastodon", "lamp broke #lumora")
    simulated.person_says("mastodon", "our test of lamps", handle="tester@news.example")
    simulated.person_says("mastodon", "for friends only #lumora", visibility="unlisted")
    simulated.person_says("mastodon", "something else #other")
    found, cursor = search_all(simulated, "#lumora @tester@news.example", token=False)
    assert sorted(texts(found)) == ["lamp broke #lumora", "our test of lamps"]
    simulated.person_says("mastodon", "again #lumora")
    found, _cursor = search_all(simulated, "#lumora @tester@news.example", cursor, token=False)
    assert texts(found) == ["again #lumora"]


def test_a_term_that_is_taken_out_or_put_in_disturbs_no_other(simulated):
    simulated.person_says("mastodon", "one #lumora")
    _found, cursor = search_all(simulated, "#lumora #lamps")
    simulated.person_says("mastodon", "two #lumora #sale")
    found, cursor = search_all(simulated, "#lumora #sale", cursor)
    assert texts(found) == ["two #lumora #sale", "two #lumora #sale"]
    assert set(cursor["terms"]) == {"#lumora", "#sale"}


def test_an_account_that_the_instance_does_not_know_is_told_and_stops_no_other(simulated):
    simulated.person_says("mastodon", "one #lumora")
    found, _cursor = search_all(simulated, "@nobody@far.example #lumora")
    notice, post = found
    assert (notice.code, notice.params) == ("account_unknown", {"account": "@nobody@far.example"})
    assert post.text == "one #lumora"
    with pytest.raises(RejectedError) as caught:
        searching(simulated, "@nobody@far.example").check()
    assert caught.value.code == "gone"


@pytest.mark.parametrize("query", ["lumora", "", "#a/../b", "#lumora broken lamp", "@"])
def test_words_are_refused_before_any_call(simulated, query):
    with pytest.raises(RejectedError, match="hashtags and @accounts"):
        searching(simulated, query).collect("search", {})
    assert simulated.world.calls == []


class Learning(NullBudget):
    def __init__(self):
        self.spent, self.learned = [], []

    def spend(self, endpoint, *, cost_micros=0, is_write=False):
        self.spent.append((endpoint, cost_micros, is_write))

    def learn(self, endpoint, *, remaining, limit, resets_at):
        self.learned.append((endpoint, remaining, limit, resets_at))


def test_every_call_is_taken_from_the_budget_and_the_headers_are_learned(simulated):
    budget = Learning()
    simulated.connect("mastodon", budget=budget).collect("mentions", {})
    assert budget.spent == [("calls", 0, False)]
    ((endpoint, remaining, limit, resets_at),) = budget.learned
    assert (endpoint, remaining, limit) == ("calls", 299, 300)
    assert timedelta(0) < resets_at - simulated.world.now() <= timedelta(minutes=5)


def test_polls_slow_down_before_the_calls_are_spent(simulated):
    connector = simulated.connect("mastodon")
    assert connector.collect("mentions", {}).next_poll_seconds is None
    for _call in range(270):
        simulated.world.limits.take_mastodon("calls", simulated.world.now())
    paused = connector.collect("mentions", {}).next_poll_seconds
    assert paused is not None and 8 < paused < 15


def test_a_spent_limit_tells_when_it_ends(simulated):
    for _call in range(300):
        simulated.world.limits.take_mastodon("calls", simulated.world.now())
    with pytest.raises(RateLimitedError) as caught:
        simulated.connect("mastodon").collect("mentions", {})
    assert caught.value.retry_at is not None
    assert caught.value.retry_at - simulated.world.now() <= timedelta(minutes=5)


def test_a_channel_without_an_address_fails_when_it_is_used_not_when_it_is_built(simulated):
    context = simulated.context("mastodon")
    bare = type(context)(1, "account", "1", "lumora", {"access_token": "t"}, "")
    with pytest.raises(RejectedError, match="address of the instance"):
        PLATFORM.connect(bare, NullBudget()).collect("mentions", {})


def test_a_token_does_not_travel_in_the_clear(simulated):
    bare = type(simulated.context("mastodon"))(
        1, "account", "1", "lumora", {"access_token": "t", "instance": "http://social.example"}, ""
    )
    with pytest.raises(RejectedError, match="https"):
        PLATFORM.connect(bare, NullBudget()).check()


def test_a_token_of_another_account_is_told(simulated):
    context = simulated.context("mastodon")
    other = type(context)(1, "account", "77", "lumora", context.credentials, context.api_url)
    (notice,) = PLATFORM.connect(other, NullBudget()).check()
    assert (notice.code, notice.params["expected"], notice.params["is"]) == (
        "wrong_identity",
        "77",
        context.external_id,
    )


def test_an_unknown_stream_is_refused(simulated):
    with pytest.raises(RejectedError):
        simulated.connect("mastodon").collect("home", {})
