"""Shared allowances: never one call too many, whoever asks, and money for answers is left to the last."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from monitor.brands.budgets import ChannelBudget, next_utc_day
from monitor.brands.models import Allowance, Channel, Spend
from monitor.platforms.errors import QuotaExceededError, RateLimitedError

pytestmark = pytest.mark.usefixtures("within_one_day")


def allow(channel, limit, endpoint="dm_list", seconds=900):
    return Allowance.objects.create(
        channel=channel, endpoint=endpoint, window_limit=limit, window_seconds=seconds,
        resets_at=timezone.now() + timedelta(seconds=seconds),
    )  # fmt: skip


def spend_all(budget, calls, **how):
    taken = 0
    for _ in range(calls):
        try:
            budget.spend("dm_list", **how)
            taken += 1
        except (RateLimitedError, QuotaExceededError):
            pass
    return taken


@pytest.mark.django_db
class TestAllowance:
    def test_an_endpoint_that_nobody_limits_is_free(self, channel):
        assert spend_all(ChannelBudget(channel.pk), 5) == 5
        assert not Spend.objects.exists()

    def test_what_is_used_up_says_when_it_is_fresh(self, channel):
        allowance = allow(channel, 2)
        budget = ChannelBudget(channel.pk)
        budget.spend("dm_list")
        budget.spend("dm_list")
        with pytest.raises(RateLimitedError) as refused:
            budget.spend("dm_list")
        assert refused.value.retry_at == allowance.resets_at
        budget.spend("another")

    def test_a_window_that_is_over_begins_anew(self, channel):
        allow(channel, 3)
        Allowance.objects.update(used=3, resets_at=timezone.now() - timedelta(seconds=1))
        assert spend_all(ChannelBudget(channel.pk), 5) == 3
        left = (Allowance.objects.get().resets_at - timezone.now()).total_seconds()
        assert 890 < left <= 900

    def test_headers_teach_what_the_code_does_not_know(self, channel):
        budget = ChannelBudget(channel.pk)
        resets_at = timezone.now() + timedelta(seconds=600)
        budget.learn("dm_list", remaining=2, limit=15, resets_at=resets_at)
        assert spend_all(budget, 5) == 2
        assert Allowance.objects.get().window_seconds in (600, 601)

    def test_headers_that_were_overtaken_give_no_calls_back(self, channel):
        budget = ChannelBudget(channel.pk)
        resets_at = timezone.now() + timedelta(seconds=600)
        budget.learn("dm_list", remaining=5, limit=15, resets_at=resets_at)
        assert spend_all(budget, 4) == 4
        budget.learn("dm_list", remaining=5, limit=15, resets_at=resets_at)
        assert spend_all(budget, 4) == 1

    def test_calls_that_are_under_way_when_the_first_answer_tells_the_limit_are_counted(self, channel):
        budget = ChannelBudget(channel.pk)
        assert spend_all(budget, 3) == 3
        budget.learn("dm_list", remaining=14, limit=15, resets_at=timezone.now() + timedelta(seconds=600))
        assert spend_all(budget, 20) == 12
        assert Allowance.objects.get().window_seconds in (600, 601)

    def test_calls_of_long_before_a_limit_was_told_are_not(self, channel):
        budget = ChannelBudget(channel.pk)
        spend_all(budget, 3)
        Allowance.objects.update(resets_at=timezone.now() - timedelta(seconds=1))
        budget.spend("dm_list")
        budget.learn("dm_list", remaining=14, limit=15, resets_at=timezone.now() + timedelta(seconds=600))
        assert spend_all(budget, 20) == 14

    def test_a_new_window_in_the_headers_is_believed(self, channel):
        allow(channel, 15)
        Allowance.objects.update(used=15, resets_at=timezone.now() + timedelta(seconds=5))
        budget = ChannelBudget(channel.pk)
        budget.learn("dm_list", remaining=14, limit=15, resets_at=timezone.now() + timedelta(seconds=900))
        assert spend_all(budget, 20) == 14

    @pytest.mark.parametrize("told", [(None, 15), (3, None)])
    def test_half_a_header_says_nothing(self, channel, told):
        remaining, limit = told
        ChannelBudget(channel.pk).learn("dm_list", remaining=remaining, limit=limit, resets_at=timezone.now())
        ChannelBudget(channel.pk).learn("dm_list", remaining=1, limit=2, resets_at=None)
        assert not Allowance.objects.exists()

    def test_one_call_is_one_statement(self, channel, django_assert_num_queries):
        allow(channel, 5)
        with django_assert_num_queries(3):  # with the savepoint of this test's transaction around it
            ChannelBudget(channel.pk).spend("dm_list")


@pytest.mark.django_db
class TestMoney:
    def test_reads_stop_first_and_sends_last(self, channel):
        Channel.objects.update(daily_cap_micros=1000)
        budget = ChannelBudget(channel.pk)
        assert spend_all(budget, 20, cost_micros=100) == 9
        assert spend_all(budget, 20, cost_micros=50, is_write=True) == 2
        spent = Spend.objects.get()
        assert (spent.reads_micros, spent.writes_micros) == (900, 100)

    def test_a_spent_day_ends_at_midnight_utc(self, channel):
        Channel.objects.update(daily_cap_micros=10)
        with pytest.raises(QuotaExceededError) as refused:
            ChannelBudget(channel.pk).spend("posts", cost_micros=100)
        assert refused.value.resets_at == next_utc_day()
        assert not Spend.objects.exists()

    def test_without_a_cap_spend_is_only_counted(self, channel):
        assert spend_all(ChannelBudget(channel.pk), 3, cost_micros=5_000_000) == 3
        assert Spend.objects.get().reads_micros == 15_000_000

    def test_a_call_that_cannot_be_paid_is_not_taken(self, channel):
        allow(channel, 5)
        Channel.objects.update(daily_cap_micros=10)
        assert spend_all(ChannelBudget(channel.pk), 3, cost_micros=100) == 0
        assert Allowance.objects.get().used == 0


@pytest.mark.django_db(transaction=True)
def test_threads_together_never_overspend(channel):
    allow(channel, 40)
    Channel.objects.update(daily_cap_micros=100_000)
    taken: list[int] = []
    start = threading.Barrier(8)

    def work() -> None:
        try:
            start.wait(timeout=30)
            taken.append(spend_all(ChannelBudget(channel.pk), 12, cost_micros=1000))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(taken) == 8
    assert sum(taken) == 40
    assert Allowance.objects.get().used == 40
    assert Spend.objects.get().reads_micros == 40_000
