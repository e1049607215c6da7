"""Calls and money are shared by all workers, in rows of the database."""

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from monitor.brands.budgets import ChannelBudget
from monitor.brands.models import Allowance, Channel, Spend
from monitor.platforms.base import SendRequest
from monitor.platforms.budget import Budget
from monitor.platforms.errors import PlatformError, QuotaExceededError, RateLimitedError
from monitor.simulators import limits
from tests.platforms.contract.rules import rule
from tests.platforms.contract.scene import MESSAGES, Scene

pytestmark = pytest.mark.usefixtures("within_one_day")
WORKERS, TRIES, CALLS = 3, 12, 15


@pytest.fixture
def few_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """As few calls as X allows for direct messages, everywhere."""
    monkeypatch.setitem(limits.X_LIMITS, "feed", CALLS)
    monkeypatch.setitem(limits.MASTODON_LIMITS, "calls", (CALLS, timedelta(minutes=5)))
    monkeypatch.setitem(limits.BLUESKY_LIMITS, "calls", (CALLS, timedelta(minutes=5)))


class Watching:
    """The shared budget, and what was asked of it."""

    def __init__(self, budget: Budget, log: list[tuple[str, str]]) -> None:
        self._budget, self._log = budget, log

    def spend(self, endpoint: str, **how: Any) -> None:
        self._budget.spend(endpoint, **how)
        self._log.append(("called", endpoint))

    def reserve(self, endpoint: str, **how: Any) -> int:
        micros = self._budget.reserve(endpoint, **how)
        self._log.append(("called", endpoint))
        return micros

    def bill(self, resources: Any) -> int:
        return self._budget.bill(resources)

    def learn(self, endpoint: str, **told: Any) -> None:
        self._budget.learn(endpoint, **told)


@rule(35)
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("few_calls")
def test_three_workers_together_keep_the_allowance(scene: Scene, brand: Any) -> None:
    channel = scene.open_channel(brand)
    stream = MESSAGES if scene.has_messages else scene.stream
    scene.world.calls.clear()
    if scene.code in ("facebook", "instagram"):
        # Meta counts for itself and tells a share of it; what we allow ourselves is a row like any other.
        _allow_everything(scene, channel, stream)
    log: list[tuple[str, str]] = []
    refused: list[PlatformError] = []
    start = threading.Barrier(WORKERS)

    def work() -> None:
        try:
            start.wait(timeout=30)
            for _try in range(TRIES):
                budget = Watching(ChannelBudget(channel.pk), log)
                try:
                    scene.simulated.connect(scene.code, budget=budget).collect(stream, {})
                except RateLimitedError as limit:
                    refused.append(limit)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    made = Counter(endpoint for _called, endpoint in log)
    busiest, calls = made.most_common(1)[0]
    # Signing in may cost each worker a call of the same window.
    assert CALLS - WORKERS <= calls <= CALLS, made
    assert len(scene.world.calls) == sum(made.values()), "a call went past the budget"
    assert len(refused) >= WORKERS * TRIES - CALLS - 1
    assert all(limit.retry_at is not None and limit.retry_at > timezone.now() for limit in refused)


def _allow_everything(scene: Scene, channel: Channel, stream: str) -> None:
    seen: list[tuple[str, str]] = []
    budget = Watching(ChannelBudget(channel.pk), seen)
    scene.simulated.connect(scene.code, budget=budget).collect(stream, {})
    Allowance.objects.filter(channel=channel).delete()
    scene.world.calls.clear()
    for endpoint in {endpoint for _called, endpoint in seen}:
        Allowance.objects.create(
            channel=channel,
            endpoint=endpoint,
            window_limit=CALLS,
            window_seconds=900,
            resets_at=timezone.now() + timedelta(minutes=15),
        )


@rule(36)
@pytest.mark.django_db
def test_reads_stop_at_nine_tenths_of_the_money_and_sends_go_on(scene: Scene, brand: Any) -> None:
    channel = scene.open_channel(brand)
    Channel.objects.filter(pk=channel.pk).update(daily_cap_micros=200_000)
    entry = scene.says("where is it?")
    budget = ChannelBudget(channel.pk)
    cursor: Any = {}
    reads = 0
    with pytest.raises(QuotaExceededError) as caught:
        for number in range(60):
            scene.says(f"and number {number}?", handle=f"person{number}")
            cursor = scene.simulated.connect(scene.code, budget=budget).collect(scene.stream, cursor).cursor
            reads += 1
    receipt = scene.simulated.connect(scene.code, budget=budget).send(
        SendRequest("reply", "we are on it", target_id=entry.identifier)
    )
    spent = Spend.objects.get()
    assert reads >= 3 and caught.value.resets_at is not None and receipt.external_id
    # The price of a page is known when it has been read, what it may cost at most before.
    assert 0 < spent.reads_micros <= 180_000 and not spent.asides
    assert spent.writes_micros == scene.declaration.price_of("reply", has_link=False)


@rule(36)
@pytest.mark.django_db(transaction=True)
def test_workers_that_read_at_once_never_touch_what_is_kept_for_answers(scene: Scene, brand: Any) -> None:
    """Lists that cost more than the day's money, read by all at once: more is set aside than each page turns out to
    cost, so that the cap holds whatever the pages bring, and nothing stays set aside."""
    channel = scene.open_channel(brand)
    cap, answer = 1_000_000, scene.declaration.price_of("reply", has_link=False)
    Channel.objects.filter(pk=channel.pk).update(daily_cap_micros=cap)
    for number in range(60):
        scene.says(f"number {number}?", handle=f"person{number}")
        scene.writes(f"and in private {number}?", handle=f"writer{number}")
    start, most, ends = threading.Barrier(WORKERS + 1), [0], []

    def read(streams: tuple[str, ...]) -> None:
        try:
            budget, cursors = ChannelBudget(channel.pk), dict.fromkeys(streams, {})
            start.wait(timeout=30)
            for turn in range(200):
                stream = streams[turn % len(streams)]
                batch = scene.simulated.connect(scene.code, budget=budget).collect(stream, cursors[stream])
                cursors[stream] = batch.cursor
                most[0] = max(most[0], *Spend.objects.values_list("reads_micros", flat=True))
        except (QuotaExceededError, RateLimitedError) as refusal:
            ends.append(type(refusal))
        finally:
            connection.close()

    both = (scene.stream, MESSAGES)
    threads = [threading.Thread(target=read, args=[each]) for each in [both, both[::-1], both, both[::-1]]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=180)
    spent = Spend.objects.get()
    answers = 0
    while answers * answer < cap // 10:
        ChannelBudget(channel.pk).spend("reply", cost_micros=answer, is_write=True)
        answers += 1
    assert len(ends) == WORKERS + 1 and answers == cap // 10 // answer
    assert cap // 2 < spent.reads_micros == most[0] <= cap * 9 // 10
    assert not spent.asides


@rule(36)
def test_a_link_has_its_price_before_it_is_sent(scene: Scene) -> None:
    prices = [scene.declaration.price_of("reply", has_link=has_link) for has_link in (False, True)]
    assert 0 < prices[0] < prices[1]
