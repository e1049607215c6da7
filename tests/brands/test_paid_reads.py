"""What is read is charged once a UTC day, and a cap that is reached stops reading before it stops sending."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from monitor.brands.budgets import ChannelBudget, next_utc_day
from monitor.brands.models import Allowance, Channel, PaidRead, Spend
from monitor.brands.privacy import sweep_retention
from monitor.platforms.errors import QuotaExceededError, RateLimitedError
from monitor.platforms.x.prices import read_prices
from monitor.privacy.registry import CLAIMED_FIELDS

pytestmark = pytest.mark.usefixtures("within_one_day")
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
    # Where nothing was set aside for it, one page may go over.
    budget.bill({"post:2": 5_000})
    with pytest.raises(QuotaExceededError) as caught:
        budget.spend("mentions")
    assert caught.value.resets_at is not None
    budget.spend("reply", cost_micros=5_000, is_write=True)
    with pytest.raises(QuotaExceededError):
        budget.spend("reply", cost_micros=10_000, is_write=True)


def held() -> int:
    """What is set aside today, whether it is still waited for or not."""
    return sum(micros for micros, _until in Spend.objects.get().asides.values())


def let_time_pass(seconds: float) -> None:
    """For what is set aside."""
    row = Spend.objects.get()
    row.asides = {token: [micros, until - seconds] for token, (micros, until) in row.asides.items()}
    row.save()


def cap(channel: Channel, micros: int) -> ChannelBudget:
    Channel.objects.filter(pk=channel.pk).update(daily_cap_micros=micros)
    return ChannelBudget(channel.pk)


def test_a_read_sets_aside_what_it_may_cost_and_gives_back_what_it_did_not(channel: Channel) -> None:
    budget = cap(channel, 100_000)
    assert budget.reserve("mentions", most_micros=50_000, least_micros=10_000) == 50_000
    assert held() == 50_000
    assert budget.bill({"post:1": 7_000}) == 7_000
    row = Spend.objects.get()
    assert (row.reads_micros, held()) == (7_000, 0)


def test_a_read_takes_what_is_left_and_no_less_than_it_needs(channel: Channel) -> None:
    first, second, third = (cap(channel, 100_000) for _worker in range(3))
    assert first.reserve("mentions", most_micros=70_000, least_micros=70_000) == 70_000
    assert second.reserve("mentions", most_micros=70_000, least_micros=10_000) == 20_000
    # What is set aside may come back in a moment: that is no end of the day.
    with pytest.raises(RateLimitedError) as held:
        third.reserve("mentions", most_micros=70_000, least_micros=1)
    assert held.value.retry_at is not None and held.value.retry_at <= timezone.now() + timedelta(seconds=120)
    assert first.bill({"post:1": 70_000}) == 70_000 and second.bill({"post:2": 20_000}) == 20_000
    with pytest.raises(QuotaExceededError) as spent_up:
        third.reserve("mentions", most_micros=70_000, least_micros=1)
    assert spent_up.value.resets_at == next_utc_day()
    third.spend("reply", cost_micros=10_000, is_write=True)


def test_an_answer_is_not_paid_with_what_a_read_may_need(channel: Channel) -> None:
    reading, answering = cap(channel, 100_000), ChannelBudget(channel.pk)
    reading.reserve("mentions", most_micros=80_000, least_micros=80_000)
    answering.spend("reply", cost_micros=20_000, is_write=True)
    with pytest.raises(RateLimitedError):
        answering.spend("reply", cost_micros=10_000, is_write=True)
    reading.bill({})
    answering.spend("reply", cost_micros=80_000, is_write=True)


def test_what_a_worker_that_died_had_set_aside_is_free_again(channel: Channel) -> None:
    cap(channel, 100_000).reserve("mentions", most_micros=90_000, least_micros=90_000)
    let_time_pass(121)
    budget = ChannelBudget(channel.pk)
    assert budget.reserve("mentions", most_micros=60_000, least_micros=60_000) == 60_000
    assert held() == 60_000
    assert budget.bill({"post:1": 1_000}) == 1_000
    assert held() == 0


def test_the_money_of_a_worker_that_died_is_free_after_two_minutes_while_others_go_on_reading(channel: Channel) -> None:
    cap(channel, 100_000).reserve("mentions", most_micros=70_000, least_micros=70_000)
    other = ChannelBudget(channel.pk)
    for page in range(3):
        let_time_pass(41)
        other.reserve("mentions", most_micros=10_000, least_micros=10_000)
        other.bill({f"post:{page}": 1_000})
    assert other.reserve("mentions", most_micros=90_000, least_micros=80_000) == 87_000
    assert held() == 87_000


def test_each_call_gives_back_its_own_and_what_others_hold_stays(channel: Channel) -> None:
    first, second = cap(channel, 100_000), ChannelBudget(channel.pk)
    first.reserve("mentions", most_micros=30_000, least_micros=30_000)
    let_time_pass(121)
    second.reserve("mentions", most_micros=40_000, least_micros=40_000)
    # Late, but not dead: what it held is long free, and is not taken from the other.
    first.bill({"post:1": 30_000})
    assert held() == 40_000


def test_a_call_that_cannot_be_paid_for_is_not_taken(channel: Channel) -> None:
    budget = cap(channel, 100_000)
    with pytest.raises(QuotaExceededError):
        budget.reserve("mentions", most_micros=200_000, least_micros=90_001)
    assert not Allowance.objects.exists() and not Spend.objects.exists()


def test_without_a_cap_nothing_is_set_aside(channel: Channel) -> None:
    budget = ChannelBudget(channel.pk)
    assert budget.reserve("mentions", most_micros=10**9, least_micros=10**9) == 10**9
    assert not Spend.objects.exists()
    assert budget.bill({"post:1": 5_000}) == 5_000


def test_a_share_of_the_money_is_set_aside_of_a_share_only(channel: Channel) -> None:
    cap(channel, 100_000)
    budget = ChannelBudget(channel.pk, share=0.5)
    assert budget.reserve("mentions", most_micros=90_000, least_micros=1) == 50_000


def test_setting_aside_is_one_statement(channel: Channel, django_assert_num_queries: Any) -> None:
    budget = cap(channel, 100_000)
    with django_assert_num_queries(3):  # with the savepoint of this test's transaction around it
        budget.reserve("mentions", most_micros=10_000, least_micros=10_000)
    with django_assert_num_queries(1):
        budget.bill({"post:1": 5_000})


@pytest.mark.django_db(transaction=True)
def test_workers_that_set_aside_at_once_never_go_over_the_share_of_reads(channel: Any) -> None:
    cap(channel, 1_000_000)

    def work(number: int) -> int:
        paid = 0
        try:
            budget = ChannelBudget(channel.pk)
            for page in range(20):
                micros = budget.reserve("mentions", most_micros=130_000, least_micros=10_000)
                # Each page costs all that it may, the worst that can be.
                paid += budget.bill({f"post:{number}:{page}": micros})
        except (RateLimitedError, QuotaExceededError):
            pass
        finally:
            connection.close()
        return paid

    with ThreadPoolExecutor(6) as pool:
        paid = list(pool.map(work, range(6)))
    row = Spend.objects.get()
    assert sum(paid) == row.reads_micros and 800_000 < row.reads_micros <= 900_000
    assert held() == 0
    ChannelBudget(channel.pk).spend("reply", cost_micros=100_000, is_write=True)


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
