from datetime import UTC, datetime, timedelta

import pytest

from monitor.platforms.base import IncomingDeletion
from monitor.platforms.errors import (
    MalformedPayloadError,
    QuotaExceededError,
    RateLimitedError,
    UnavailableError,
)
from monitor.platforms.times import snowflake_at
from monitor.platforms.x import PLATFORM, connector
from monitor.platforms.x.streams import RULES, StreamCursor
from tests.support.simulated import collect_all, posts_of


@pytest.fixture
def small_pages(monkeypatch):
    """Five a page: the least that X allows for mentions."""
    monkeypatch.setattr(connector, "PAGE_SIZE", 5)


def texts(posts):
    return [post.text for post in posts]


def test_a_dead_page_token_does_not_lose_the_place(simulated, small_pages):
    for number in range(12):
        simulated.person_says("x", f"@lumora {number}")
    first = simulated.connect("x").collect("mentions", {})
    broken = {**first.cursor, "pass": {**first.cursor["pass"], "next_token": "gone"}}
    rest, _cursor = collect_all(simulated, "x", "mentions", broken)
    found = texts(posts_of(simulated, "x", first)) + texts(rest)
    assert sorted(found) == sorted(f"@lumora {number}" for number in range(12))


def test_direct_messages_stop_at_what_is_known(simulated, small_pages):
    for number in range(11):
        simulated.person_writes("x", f"message {number}")
    posts, cursor = collect_all(simulated, "x", "direct_messages")
    assert len(posts) == 11
    simulated.person_writes("x", "one more")
    simulated.world.calls.clear()
    posts, _cursor = collect_all(simulated, "x", "direct_messages", cursor)
    assert texts(posts) == ["one more"]


def test_an_outage_longer_than_the_search_reaches_is_a_gap(simulated):
    old = simulated.world.now() - timedelta(days=9)
    simulated.person_says("x", "lumora is late", at=simulated.world.now() - timedelta(days=2))
    batch = simulated.connect("x", "search").collect("search", {"since_id": str(snowflake_at(old))})
    assert [gap.code for gap in batch.gaps] == ["search_horizon"]
    assert batch.gaps[0].since is not None and abs(batch.gaps[0].since - old) < timedelta(seconds=1)
    assert texts(posts_of(simulated, "x", batch, "search")) == ["lumora is late"]


@pytest.mark.parametrize(
    ("shown", "reaches_known", "gaps"),
    [(790, False, ["mention_horizon"]), (790, True, []), (800, True, []), (700, False, [])],
)
def test_a_list_that_ends_a_little_before_800_is_a_gap_where_it_meets_nothing_known(shown, reaches_known, gaps):
    """X counts hidden and deleted mentions among the 800, and does not show them."""
    now = datetime(2026, 8, 1, 12, tzinfo=UTC)
    known = snowflake_at(now - timedelta(hours=2))
    newest = snowflake_at(now)
    cursor = StreamCursor(RULES["mentions"], {"since_id": str(known), "recent": [str(known)]}, now)
    identifiers = [str(newest - number * 1_000) for number in range(shown - reaches_known)]
    cursor.accept(identifiers + [str(known)] * reaches_known, "")
    _stored, goes_on = cursor.finish()
    assert not goes_on and [gap.code for gap in cursor.gaps] == gaps


def test_more_mentions_than_x_shows_is_a_gap(simulated):
    _none, cursor = collect_all(simulated, "x", "mentions")
    start = simulated.world.now()
    for number in range(805):
        simulated.person_says("x", f"@lumora {number}", at=start + timedelta(milliseconds=number))
    simulated.world.shift_clock(10)
    gaps, found = [], []
    for _page in range(12):
        batch = simulated.connect("x").collect("mentions", cursor)
        gaps += batch.gaps
        found += batch.updates
        cursor = batch.cursor
        if not batch.has_more:
            break
    assert len(found) == 800
    assert [gap.code for gap in gaps] == ["mention_horizon"]


def test_a_missing_parent_keeps_the_batch(simulated):
    parent = simulated.person_says("x", "@lumora first")
    simulated.person_says("x", "@lumora second", parent_id=parent.identifier)
    simulated.world.delete(parent.identifier)
    posts, _cursor = collect_all(simulated, "x", "mentions")
    assert posts[0].beside["context"][0]["missing"] == "deleted"


def test_a_recheck_finds_what_is_gone(simulated):
    kept, gone = simulated.person_says("x", "@lumora a"), simulated.person_says("x", "@lumora b")
    simulated.world.delete(gone.identifier)
    updates = simulated.connect("x").recheck([kept.identifier, gone.identifier])
    events = [event for each in updates for event in PLATFORM.normalize(each, simulated.context("x"))]
    assert IncomingDeletion("x", gone.identifier) in events and len(events) == 2


def test_a_rate_limit_tells_when_to_come_back(simulated):
    for _call in range(15):
        simulated.connect("x").collect("direct_messages", {})
    with pytest.raises(RateLimitedError) as caught:
        simulated.connect("x").collect("direct_messages", {})
    assert caught.value.retry_at is not None
    assert timedelta(minutes=13) < caught.value.retry_at - simulated.world.now() <= timedelta(minutes=15)


def test_polls_spread_what_the_window_allows(simulated):
    batch = simulated.connect("x").collect("direct_messages", {})
    # 14 calls are left for a quarter of an hour, one fifth of the time in reserve.
    assert batch.next_poll_seconds == pytest.approx(900 / 14 * 1.2, abs=2)


def test_a_page_that_is_html_is_malformed(simulated):
    simulated.add_fault("status", status=200, body="<html>maintenance</html>")
    with pytest.raises(MalformedPayloadError):
        simulated.connect("x").collect("mentions", {})


class CountingBudget:
    def __init__(self, allowed=100, micros=None):
        self.allowed, self.micros = allowed, micros
        self.spent, self.learned, self.billed = [], [], []

    def spend(self, endpoint, *, cost_micros=0, is_write=False):
        if len(self.spent) >= self.allowed:
            raise QuotaExceededError("our own cap", resets_at=None)
        self.spent.append((endpoint, cost_micros, is_write))

    def reserve(self, endpoint, *, most_micros, least_micros):
        assert 0 < least_micros <= most_micros
        self.spend(endpoint)
        return most_micros if self.micros is None else min(self.micros, most_micros)

    def bill(self, prices):
        self.billed.append(dict(prices))
        return sum(prices.values())

    def learn(self, endpoint, *, remaining, limit, resets_at):
        self.learned.append((endpoint, remaining, limit))


def test_a_page_is_charged_by_what_is_on_it(simulated):
    budget = CountingBudget()
    post = simulated.person_says("x", "@lumora hello")
    simulated.connect("x", budget=budget).collect("mentions", {})
    # One own mention and one author.
    assert budget.spent == [("mentions", 0, False)]
    assert budget.billed == [{f"post:{post.identifier}": 1_000, f"user:{post.author.external_id}": 10_000}]
    assert budget.learned == [("mentions", 299, 300)]


def test_a_page_is_as_large_as_the_money_that_is_left(simulated):
    for number in range(9):
        simulated.person_says("x", f"@lumora hello {number}", handle=f"person{number}")
    budget = CountingBudget(micros=6 * 21_000 + 5)
    batch = simulated.connect("x", budget=budget).collect("mentions", {})
    assert (len(batch.updates), batch.has_more) == (6, True)
    assert simulated.world.calls[-1]["?max_results"] == "6"


def test_a_read_that_fails_sets_nothing_aside_any_more(simulated):
    budget = CountingBudget()
    simulated.add_fault("server_error")
    with pytest.raises(UnavailableError):
        simulated.connect("x", budget=budget).collect("mentions", {})
    assert (budget.spent, budget.billed) == ([("mentions", 0, False)], [{}])


def test_no_page_costs_more_than_was_set_aside_for_it(simulated):
    ours = simulated.world.publish("x", simulated.world.brands["x"], "our news")
    for number in range(12):
        asked = simulated.person_says("x", f"@lumora ask {number}", handle=f"asker{number}")
        simulated.person_says(
            "x",
            f"@lumora me too {number}",
            handle=f"other{number}",
            parent_id=asked.identifier,
            quoted_id=ours.identifier,
        )
        simulated.person_writes("x", f"hello {number}", handle=f"writer{number}")
    for kind in ("account", "search"):
        for stream in simulated.connect("x", kind).streams():
            budget = CountingBudget(micros=13 * 25_000)
            simulated.connect("x", kind, budget=budget).collect(stream, {})
            assert sum(budget.billed[-1].values()) <= 13 * 25_000 and budget.billed[-1], stream


def test_a_quote_without_a_mention_is_found(simulated):
    ours = simulated.world.publish("x", simulated.world.brands["x"], "our news")
    simulated.world.publish("x", simulated.world.brands["x"], "we quote ourselves", quoted_id=ours.identifier)
    simulated.person_says("x", "look at these liars", quoted_id=ours.identifier)
    simulated.person_says("x", "nothing about them")
    posts, cursor = collect_all(simulated, "x", "quotes")
    assert [(post.text, post.quotes_us, post.mentions_us) for post in posts] == [("look at these liars", True, False)]
    assert collect_all(simulated, "x", "quotes", cursor)[0] == []


def test_quotes_of_a_busy_day_are_read_to_the_end_of_one_query(simulated, monkeypatch):
    monkeypatch.setattr(connector, "PAGE_SIZE", 10)
    ours = simulated.world.publish("x", simulated.world.brands["x"], "our news")
    for number in range(23):
        simulated.person_says("x", f"no. {number}", quoted_id=ours.identifier)
    first = simulated.connect("x").collect("quotes", {})
    # A new post of ours changes what the next pass looks for, not this one: its page token belongs to its query.
    simulated.world.publish("x", simulated.world.brands["x"], "more news")
    rest, cursor = collect_all(simulated, "x", "quotes", first.cursor)
    assert len(posts_of(simulated, "x", first)) + len(rest) == 23
    queries = {call["?query"] for call in simulated.world.calls if "?query" in call}
    assert len(queries) == 1 and "watched" not in cursor


def test_without_posts_of_its_own_nothing_is_asked_for_quotes(simulated):
    batch = simulated.connect("x").collect("quotes", {})
    assert (batch.updates, batch.cursor, batch.has_more) == ((), {}, False)
    assert [call["path"] for call in simulated.world.calls] == [
        f"/x/2/users/{simulated.context('x').external_id}/tweets"
    ]


def test_the_query_for_quotes_fits(simulated):
    ids = [str(2**63 - number) for number in range(connector.WATCHED_POSTS)]
    assert len(connector.quotes_query(ids, "@a_very_long_han")) <= 512


def test_the_old_id_of_an_edit_leads_to_the_newest_words(simulated):
    post = simulated.person_says("x", "@lumora first words")
    old = post.identifier
    simulated.world.edit(old, "@lumora second words")
    simulated.world.calls.clear()
    updates = simulated.connect("x").recheck([old])
    events = [event for each in updates for event in PLATFORM.normalize(each, simulated.context("x"))]
    assert {(event.external_id, event.version, event.text) for event in events} == {(old, 2, "@lumora second words")}


@pytest.mark.parametrize("days", [7, 36_500])
def test_history_as_far_as_the_search_reaches_does_not_ask_for_more(simulated, days):
    simulated.person_says("x", "lumora is late", at=simulated.world.now() - timedelta(days=6, hours=23))
    batch = simulated.connect("x", "search").collect("search", {"backfill_seconds": days * 86_400})
    assert texts(posts_of(simulated, "x", batch, "search")) == ["lumora is late"]


def test_a_reading_that_the_horizon_overtakes_goes_on_and_tells_the_gap(simulated, monkeypatch):
    monkeypatch.setattr(connector, "PAGE_SIZE", 10)
    start = simulated.world.now()
    for number in range(25):
        simulated.person_says("x", f"lumora {number}", at=start - timedelta(days=1, minutes=number))
    since = str(snowflake_at(start - timedelta(days=6)))
    first = simulated.connect("x", "search").collect("search", {"since_id": since})
    assert first.has_more and not first.gaps
    simulated.world.shift_clock(2 * 86_400)
    second = simulated.connect("x", "search").collect("search", first.cursor)
    assert [gap.code for gap in second.gaps] == ["search_horizon"]
    rest, _cursor = collect_all(simulated, "x", "search", second.cursor, kind="search")
    found = [*posts_of(simulated, "x", first, "search"), *posts_of(simulated, "x", second, "search"), *rest]
    assert sorted(texts(found)) == sorted(f"lumora {number}" for number in range(25))
