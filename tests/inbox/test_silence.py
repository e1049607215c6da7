"""Channels that go quiet are told of, once, and the alert goes when something comes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitor.alerts.models import Alert
from monitor.alerts.services import close_alert
from monitor.brands.models import Channel, ChannelStream
from monitor.inbox.models import ChannelHour
from monitor.inbox.services import watch_quiet
from monitor.inbox.services.silence import silences
from tests.inbox.makers import incoming, store

pytestmark = pytest.mark.django_db


def this_hour():
    return timezone.now().replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def busy(channel):
    """Six posts an hour for four weeks, until five hours ago."""
    ChannelStream.objects.create(channel=channel, name="mentions", last_success_at=timezone.now())
    Channel.objects.update(created_at=timezone.now() - timedelta(weeks=6))
    hour = this_hour()
    ChannelHour.objects.bulk_create(
        ChannelHour(channel=channel, stream="mentions", hour=hour - timedelta(hours=back), found=6, live=6)
        for back in range(5, 4 * 168)
    )
    return Channel.objects.get()


def open_codes():
    return list(Alert.objects.filter(closed_at=None).values_list("code", flat=True))


def test_a_silence_is_told_once_with_what_was_to_be_expected(busy):
    assert watch_quiet() == 1 and watch_quiet() == 1
    alert = Alert.objects.get()
    assert (alert.code, alert.count) == ("channel.quiet", 1)
    assert 3.9 * 3600 < alert.params["silence"] < 5.1 * 3600 and 20 <= alert.params["expected"] <= 31


def test_what_somebody_has_seen_to_is_not_told_again(busy, alice):
    watch_quiet()
    close_alert(alert_id=Alert.objects.get().pk, user=alice)
    watch_quiet()
    assert open_codes() == []


def test_a_post_ends_it(busy):
    watch_quiet()
    store(busy, incoming(1, created_at=timezone.now()))
    assert watch_quiet() == 0 and open_codes() == []


def test_history_does_not_end_it(busy):
    watch_quiet()
    store(busy, incoming(1, created_at=timezone.now() - timedelta(days=2)), live_since=timezone.now())
    assert watch_quiet() == 1 and open_codes() == ["channel.quiet"]


def test_the_last_post_is_dated_to_the_minute(busy):
    store(busy, incoming(1, created_at=timezone.now()))
    assert silences([busy])[busy.pk].seconds < 60


def test_a_channel_that_is_not_read_is_in_other_trouble(busy):
    ChannelStream.objects.update(last_success_at=timezone.now() - timedelta(hours=2))
    assert watch_quiet() == 0


def test_a_new_channel_is_left_in_peace(channel):
    ChannelStream.objects.create(channel=channel, name="mentions", last_success_at=timezone.now())
    ChannelHour.objects.create(channel=channel, stream="mentions", hour=this_hour() - timedelta(hours=90), live=500)
    assert silences([channel]) == {} and watch_quiet() == 0
