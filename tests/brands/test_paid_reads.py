"""What is read is charged once a UTC day, and a cap that is reached stops reading before it stops sending."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from monitor.brands.budgets import ChannelBudget
from monitor.brands.models import Channel, PaidRead, Spend
from monitor.brands.privacy import sweep_retention
from monitor.platforms.errors import QuotaExceededError
from monitor.platforms.x.prices import read_prices
from monitor.privacy.registry import CLAIMED_FIELDS

PRICES = {"post:1": 5_000, "user:7": 10_000}


def spent(channel: Channel) -> int:
    return Spend.objects.get(channel=channel).reads_micros


def test_the_same_thing_is_charged_once_a_day(channel: Channel) -> None:
    assert ChannelBudget(channel.pk).bill(PRICES) == 15_000
    assert ChannelBudget(channel.pk).bill({**PRICES, "post:2": 5_000}) == 5_000
    assert ChannelBudget(channel.pk).bill(PRICES) == 0
    assert spent(channel) == 20_000


def test_tomorrow_it_is_charged_again_and_yesterday_is_forgotten(channel: Channel) -> None:
    ChannelBudget(channel.pk).bill(PRICES)
    day = PaidRead.objects.values_list("day", flat=True)[0]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE brands_paidread SET day = day - 2")
    assert ChannelBudget(channel.pk).bill(PRICES) == 15_000
    sweep_retention(datetime.now(UTC))
    assert set(PaidRead.objects.values_list("day", flat=True)) == {day}


def test_nothing_read_costs_nothing(channel: Channel) -> None:
    assert ChannelBudget(channel.pk).bill({}) == 0
    assert not Spend.objects.exists()


def test_reads_stop_at_nine_tenths_of_the_cap_and_sends_go_on(channel: Channel) -> None:
    Channel.objects.filter(pk=channel.pk).update(daily_cap_micros=100_000)
    budget = ChannelBudget(channel.pk)
    budget.bill({"post:1": 89_999})
    budget.spend("mentions")
    # What a page costs is known when it has been read: one page may go over.
    budget.bill({"post:2": 5_000})
    with pytest.raises(QuotaExceededError) as caught:
        budget.spend("mentions")
    assert caught.value.resets_at is not None
    budget.spend("reply", cost_micros=5_000, is_write=True)
    with pytest.raises(QuotaExceededError):
        budget.spend("reply", cost_micros=10_000, is_write=True)


def test_a_channel_without_a_cap_reads_on(channel: Channel) -> None:
    ChannelBudget(channel.pk).bill({"post:1": 10**9})
    ChannelBudget(channel.pk).spend("mentions")


def test_ids_are_kept_as_hashes_only(channel: Channel) -> None:
    ChannelBudget(channel.pk).bill({"post:1924465506158878979": 5_000})
    kept = bytes(PaidRead.objects.values_list("key_hash", flat=True)[0])
    assert len(kept) == 16 and b"19244655" not in kept
    assert isinstance(PaidRead._meta.get_field("key_hash"), CLAIMED_FIELDS)


@pytest.mark.django_db(transaction=True)
def test_workers_that_read_the_same_at_once_pay_once(channel: Any) -> None:
    def work(_number: int) -> int:
        try:
            return ChannelBudget(channel.pk).bill({f"post:{number}": 1_000 for number in range(50)})
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        charged = list(pool.map(work, range(8)))
    assert sum(charged) == spent(channel) == 50_000


def test_a_days_reads_of_x_cost_what_x_would_charge() -> None:

    page = {
        "data": [{"id": "1"}, {"id": "2"}],
        "includes": {"users": [{"id": "7"}], "tweets": [{"id": "3"}]},
    }
    assert read_prices("mentions", page) == {"user:7": 10_000, "post:3": 5_000, "post:1": 1_000, "post:2": 1_000}
    assert read_prices("search", page)["post:1"] == 5_000
    assert read_prices("direct_messages", {"data": [{"id": "9"}]}) == {"message:9": 10_000}
