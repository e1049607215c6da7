"""The ledger of completeness: each post counts once, as pushed or as found, whoever comes first and however often."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.brands.models import Channel
from monitor.inbox.models import Arrival, ChannelHour
from monitor.inbox.services import record_own_post
from monitor.inbox.services.ledger import Arrivals, SeenAgain, count_batch
from tests.inbox.makers import incoming, store

pytestmark = pytest.mark.django_db
COUNTERS = ("pushed", "found", "overtaken", "confirmed", "slow", "duplicates", "live")


def fresh(*numbers, minutes=1, **changes):
    return [incoming(each, created_at=timezone.now() - timedelta(minutes=minutes), **changes) for each in numbers]


def ledger(channel, **only):
    sums = ChannelHour.objects.filter(channel=channel, **only).aggregate(**{each: Sum(each) for each in COUNTERS})
    return {name: count for name, count in sums.items() if count}


def test_a_post_counts_for_the_way_that_was_first(channel):
    store(channel, *fresh(1, 2), how="webhook")
    store(channel, *fresh(3), how="poll")
    assert ledger(channel) == {"pushed": 2, "found": 1, "live": 3}


def test_what_reading_found_and_push_brought_later_is_not_missed(channel):
    store(channel, *fresh(1, 2, 3), how="poll")
    store(channel, *fresh(1), how="webhook")
    counted = ledger(channel)
    assert counted == {"found": 3, "overtaken": 1, "live": 3}
    assert counted["found"] - counted["overtaken"] == 2  # never pushed


def test_what_was_pushed_and_read_later_is_confirmed_once(channel):
    store(channel, *fresh(1, 2), how="webhook")
    for _time in range(3):
        store(channel, *fresh(1, 2), how="poll")
    assert ledger(channel) == {"pushed": 2, "confirmed": 2, "duplicates": 4, "live": 2}


def test_deliveries_that_come_again_are_duplicates(channel):
    for _time in range(3):
        store(channel, *fresh(1), how="webhook")
    assert ledger(channel) == {"pushed": 1, "duplicates": 2, "live": 1}


def test_a_post_is_slow_a_quarter_of_an_hour_after_it_was_written(channel):
    store(channel, *fresh(1, minutes=14), *fresh(2, minutes=16), how="poll")
    assert ledger(channel) == {"found": 2, "slow": 1, "live": 2}


def test_history_and_our_own_posts_are_no_sign_of_life(channel):
    store(channel, *fresh(1, minutes=300), live_since=timezone.now() - timedelta(hours=1))
    store(channel, *fresh(2, is_own=True))
    assert ledger(channel) == {"found": 2}


@pytest.mark.parametrize("how", ["import", "replay", "backfill"])
def test_other_ways_are_no_test_of_push(channel, how):
    store(channel, *fresh(1), how=how, arrival=Arrival.BACKFILL)
    assert ledger(channel) == {}


def test_what_another_channel_brought_first_counts_for_this_one_too(channel, brand):
    search = Channel.objects.create(brand=brand, platform="x", kind="search", external_id="s")
    store(search, *fresh(1), how="poll")
    store(channel, *fresh(1), how="webhook")
    store(channel, *fresh(1), how="poll")
    assert ledger(search) == {"found": 1, "live": 1}
    assert ledger(channel) == {"pushed": 1, "confirmed": 1, "live": 1}


def test_an_answer_that_we_sent_is_no_post_that_push_missed(channel):
    [answered] = fresh(1)
    store(channel, answered, how="webhook")
    record_own_post(channel=channel, external_id="p2", text="Sorry!", form="reply", conversation_id="c1")
    store(channel, incoming(2, text="Sorry!", is_own=True, created_at=timezone.now()), how="poll")
    assert ledger(channel).get("found") is None


def test_the_ledger_costs_one_statement_a_batch(channel):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        store(channel, *fresh(*range(50)), how="webhook")
    assert sum("inbox_channelhour" in query["sql"] for query in queries) == 1


def test_a_batch_is_counted_by_plain_arithmetic():
    pushed = count_batch("webhook", Arrivals(5, 4, 1), SeenAgain(3, 2, 1, 1, 1))
    assert pushed == {
        "pushed": 6, "found": 0, "overtaken": 2, "confirmed": 0, "slow": 2, "duplicates": 3, "live": 5,
    }  # fmt: skip
    read = count_batch("poll", Arrivals(5, 4, 1), SeenAgain(3, 2, 1, 1, 1))
    assert (read["found"], read["confirmed"], read["pushed"]) == (6, 2, 0)
