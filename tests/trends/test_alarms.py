"""A burst of live complaints about one topic is told once, as soon as it is one; history alarms nobody."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.alerts.models import Alert
from monitor.trends import alarms, services
from monitor.trends.alarms import judge_hours, watch_spikes
from monitor.trends.models import Spike
from tests.trends.making import make_post, read_post

NOW = datetime(2026, 3, 10, 12, 20, tzinfo=UTC)


def complain(brand: Any, count: int, at: datetime, **fields: Any) -> None:
    for _ in range(count):
        read_post(make_post(brand, at, **fields))


@pytest.fixture
def quiet_days(brand: Any) -> Any:
    """One complaint every fourth hour for three days."""
    for hours in range(8, 80, 4):
        complain(brand, 1, NOW - timedelta(hours=hours))
    return brand


def watch(now: datetime = NOW) -> int:
    services.rebuild()
    return watch_spikes(now=now)


def test_quiet_days_alarm_nobody(quiet_days: Any) -> None:
    assert watch() == 0
    assert not Alert.objects.exists()


def test_a_burst_alarms_within_its_hour_and_once(quiet_days: Any) -> None:
    complain(quiet_days, 12, NOW - timedelta(minutes=10))
    assert watch() == 1
    assert watch(NOW + timedelta(minutes=5)) == 0
    alert = Alert.objects.get()
    assert (alert.code, alert.params["topic"], alert.params["count"]) == ("trend.spike", "delivery", 12)
    spike = Spike.objects.get()
    assert (spike.value, spike.counted, spike.ended_at) == ("delivery", 12, None)
    assert spike.started_at == NOW.replace(minute=0)


def test_a_spike_grows_and_ends(quiet_days: Any) -> None:
    complain(quiet_days, 12, NOW - timedelta(minutes=10))
    watch()
    complain(quiet_days, 8, NOW)
    watch(NOW + timedelta(minutes=20))
    assert Spike.objects.get().counted == 20
    watch(NOW + timedelta(hours=1))
    assert Spike.objects.get().ended_at is None
    watch(NOW + timedelta(hours=3))
    assert Spike.objects.get().ended_at == NOW + timedelta(hours=3)


def test_imported_posts_alarm_nobody(quiet_days: Any) -> None:
    complain(quiet_days, 30, NOW - timedelta(minutes=10), arrival="import")
    assert watch() == 0


def test_what_was_corrected_alarms_nobody(quiet_days: Any) -> None:
    for _ in range(12):
        read_post(make_post(quiet_days, NOW - timedelta(minutes=10)), complaint=False)
    assert watch() == 0


def test_a_few_complaints_are_nobodys_alarm(quiet_days: Any) -> None:
    complain(quiet_days, alarms.LEAST_COMPLAINTS - 1, NOW - timedelta(minutes=10))
    assert watch() == 0


def test_hours_without_a_count_are_zero_and_not_holes() -> None:
    start = NOW.replace(minute=0) - timedelta(hours=100)
    before, running = judge_hours({start: 1, NOW.replace(minute=0): 20}, NOW)
    assert (before.value, running.value, running.is_spike) == (0.0, 20.0, True)
    assert running.expected < 1


def test_it_looks_every_five_minutes_only(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarms, "_watched_at", datetime(1970, 1, 1, tzinfo=UTC))
    watch_spikes()
    monkeypatch.setattr(alarms, "_counts", lambda now: pytest.fail("looked again"))
    assert watch_spikes() == 0
