"""A channel's connection is looked at, remembered, and told when it becomes worse or better."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.utils import timezone

from monitor.alerts.models import Alert
from monitor.brands.models import Channel, ChannelCondition, ChannelState, ChannelStream, Spend
from monitor.brands.sealing import seal
from monitor.brands.services import claim_examinations, pause_channel
from monitor.inbox.services import collect_channel, examine_channel, subscribe_channel, watch_push
from monitor.platforms.base import Condition
from monitor.platforms.errors import AuthExpiredError, RejectedError, UnavailableError
from tests.inbox.makers import incoming, store
from tests.inbox.platforms import FakePlatform, page
from tests.support.simulated import simulated_platforms

pytestmark = pytest.mark.django_db
OK = Condition("token", "ok")


@dataclass
class Examined(FakePlatform):
    """A platform whose looks find what a test says."""

    finds: list[Condition] | Exception = field(default_factory=list)

    def examine(self):
        if isinstance(self.finds, Exception):
            raise self.finds
        return self.finds


def look(channel, *found):
    examine_channel(channel_id=channel.pk, platform=Examined(finds=list(found)))
    return {each.aspect: (each.state, each.code) for each in ChannelCondition.objects.filter(channel=channel)}


def open_alerts():
    return sorted(Alert.objects.filter(closed_at=None).values_list("code", flat=True))


def test_what_is_found_is_remembered_with_the_moment_since_when(channel):
    assert look(channel, OK) == {"token": ("ok", "")}
    yesterday = timezone.now() - timedelta(days=1)
    ChannelCondition.objects.update(since=yesterday)
    look(channel, OK)
    assert ChannelCondition.objects.get().since == yesterday
    look(channel, Condition("token", "warning", "token_expires", {"at": "2026-12-01T00:00:00+00:00"}))
    assert ChannelCondition.objects.get().since > yesterday


def test_a_platform_that_does_not_answer_changes_nothing(channel):
    look(channel, OK)
    assert examine_channel(channel_id=channel.pk, platform=Examined(finds=UnavailableError("no"))) == []
    assert look(channel, Condition("token", "unknown")) == {"token": ("ok", "")}


def test_worse_is_told_once_and_better_closes_it(channel):
    missing = Condition("scopes", "broken", "permission_missing", {"rights": "pages_messaging"})
    look(channel, OK, missing)
    look(channel, OK, missing)
    alert = Alert.objects.get()
    assert (alert.code, alert.count, alert.params["rights"]) == (
        "channel.scopes.permission_missing",
        1,
        "pages_messaging",
    )
    look(channel, OK, Condition("scopes", "ok"))
    assert open_alerts() == []


def test_an_alert_of_one_kind_gives_way_to_that_of_another(channel):
    look(channel, Condition("webhook", "broken", "invalid", {"reason": "CrcValidationFailed"}))
    assert open_alerts() == ["channel.webhook.invalid"]
    look(channel, Condition("webhook", "broken", "fields_missing", {"fields": "mention"}))
    assert open_alerts() == ["channel.webhook.fields_missing"]


@pytest.mark.parametrize(
    "shadow",
    [
        Condition("quota", "warning", "low", {"remaining": 1, "limit": 100, "resets_at": ""}),
        Condition("webhook", "broken", "not_subscribed"),
        Condition("webhook", "unknown", "not_told"),
    ],
)
def test_a_mere_shadow_raises_no_alert(channel, shadow):
    look(channel, OK, shadow)
    assert open_alerts() == []


def test_a_subscription_that_was_there_and_is_gone_is_told(channel):
    look(channel, OK, Condition("webhook", "ok"))
    look(channel, OK, Condition("webhook", "broken", "not_subscribed"))
    assert open_alerts() == ["channel.webhook.not_subscribed"]


def test_a_dead_login_stops_polling_and_one_that_works_again_starts_it(channel):
    ChannelStream.objects.create(channel=channel, name="mentions", failures=3)
    look(channel, Condition("token", "broken", "token_expired"))
    channel.refresh_from_db()
    assert (channel.state, channel.state_code) == (ChannelState.NEEDS_REAUTH, "auth_expired")
    assert open_alerts() == ["channel.auth_expired"]
    look(channel, OK)
    channel.refresh_from_db()
    assert channel.state == ChannelState.HEALTHY and channel.streams.get().failures == 0
    assert open_alerts() == []


def test_reading_that_is_refused_tells_the_same_thing_once(channel):
    ChannelStream.objects.create(channel=channel, name="mentions")
    collect_channel(channel_id=channel.pk, stream="mentions", platform=FakePlatform([AuthExpiredError("no")]))
    assert look(channel, Condition("token", "broken", "token_expired"))["token"] == ("broken", "token_expired")
    assert open_alerts() == ["channel.auth_expired"] and Alert.objects.get().count == 1


def test_a_missing_right_is_looked_up_by_name_at_once(channel):
    ChannelStream.objects.create(channel=channel, name="mentions")
    Channel.objects.update(examine_at=timezone.now() + timedelta(hours=1))
    refused = RejectedError("no", code="permission_missing")
    collect_channel(channel_id=channel.pk, stream="mentions", platform=FakePlatform([refused]))
    assert claim_examinations(limit=5) == [channel.pk]


def test_each_channel_is_looked_at_once_an_hour_by_one_of_all_workers(channel, brand):
    paused = Channel.objects.create(brand=brand, platform="x", kind="account", external_id="2")
    Channel.objects.create(brand=brand, platform="file", kind="import", external_id="3")
    pause_channel(channel=paused, user=None)
    assert claim_examinations(limit=5) == [channel.pk]
    assert claim_examinations(limit=5) == []
    channel.refresh_from_db()
    assert 3200 < (channel.examine_at - timezone.now()).total_seconds() < 4000


@pytest.mark.usefixtures("within_one_day")
def test_our_own_daily_cap_counts_like_the_platforms_plan(channel):
    Channel.objects.update(daily_cap_micros=1_000_000)
    Spend.objects.create(channel=channel, day=timezone.now().date(), reads_micros=950_000)
    assert look(channel, OK, Condition("quota", "ok"))["quota"] == ("broken", "spent")
    assert open_alerts() == ["channel.quota.spent"]


def test_credentials_that_cannot_be_opened_are_a_condition(channel):
    Channel.objects.update(credentials=b"nonsense")
    examine_channel(channel_id=channel.pk, platform=Examined())
    assert ChannelCondition.objects.get().code == "credentials_unreadable"
    assert open_alerts() == ["channel.credentials_unreadable"]


# -- Push that fails -----------------------------------------------------------------------------


def minutes_ago(minutes):
    return timezone.now() - timedelta(minutes=minutes)


def settled(minutes):
    """Moves what is stored now back in time."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE inbox_sighting SET recorded_at = recorded_at - interval '{minutes} minutes'")
        cursor.execute(f"UPDATE inbox_post SET stored_at = stored_at - interval '{minutes} minutes'")


def test_a_subscription_that_brings_nothing_for_a_quarter_of_an_hour_has_failed(channel):
    look(channel, OK, Condition("webhook", "ok"))
    store(channel, incoming(1, created_at=minutes_ago(60)), how="webhook")
    settled(20)
    store(channel, incoming(2, created_at=minutes_ago(40)), incoming(3, created_at=minutes_ago(39)), how="poll")
    assert watch_push() == 0
    settled(16)
    assert watch_push() == 1
    assert open_alerts() == ["channel.webhook.failing"]
    # Once it is known to be broken there is nothing new to tell, and what is pushed again mends it.
    assert watch_push() == 0
    store(channel, incoming(4, created_at=minutes_ago(1)), how="webhook")
    look(channel, OK, Condition("webhook", "ok"))
    assert open_alerts() == []


def test_push_that_is_merely_overtaken_by_reading_has_not_failed(channel):
    look(channel, OK, Condition("webhook", "ok"))
    store(channel, incoming(1, created_at=minutes_ago(60)), how="webhook")
    settled(20)
    found = [incoming(number, created_at=minutes_ago(40)) for number in (2, 3)]
    store(channel, *found, how="poll")
    settled(16)
    store(channel, *found, how="webhook")
    assert watch_push() == 0


def test_a_platform_that_has_never_pushed_is_not_said_to_fail(channel):
    look(channel, OK, Condition("webhook", "ok"))
    store(channel, *(incoming(number, created_at=minutes_ago(40)) for number in (2, 3)), how="poll")
    settled(30)
    assert watch_push() == 0


# -- Subscribing ---------------------------------------------------------------------------------


@dataclass
class Subscribable(Examined):
    asked_for: list[str] = field(default_factory=list)

    def subscribe(self, callback_url):
        self.asked_for.append(callback_url)


def test_a_platform_without_the_ability_refuses_to_be_asked(channel):
    Channel.objects.filter(pk=channel.pk).update(platform="bluesky")
    channel.refresh_from_db()
    with pytest.raises(RejectedError):
        subscribe_channel(channel=channel, callback_url="https://desk.example/webhooks/x/", user=None)


def test_bluesky_without_the_right_to_messages_is_a_missing_right_with_an_alert(brand):
    with simulated_platforms() as simulated:
        simulated.world.bluesky.may_chat = False
        context = simulated.context("bluesky")
        channel = Channel.objects.create(
            brand=brand,
            platform="bluesky",
            kind="account",
            external_id=context.external_id,
            api_url=context.api_url,
            credentials=seal(context.credentials),
        )
        ChannelStream.objects.create(channel=channel, name="direct_messages")
        examine_channel(channel_id=channel.pk)
        collect_channel(channel_id=channel.pk, stream="direct_messages")
    found = {each.aspect: (each.state, each.code) for each in channel.conditions.all()}
    assert found["scopes"] == ("warning", "direct_messages_closed") and found["token"] == ("ok", "")
    channel.refresh_from_db()
    assert channel.state == ChannelState.HEALTHY
    alert = Alert.objects.get()
    assert (alert.code, alert.count) == ("channel.scopes.direct_messages_closed", 1)


def test_a_page_that_was_read_ends_no_look(channel):
    """Reading on does not forget what a look found."""
    ChannelStream.objects.create(channel=channel, name="mentions")
    look(channel, OK, Condition("scopes", "ok"))
    collect_channel(channel_id=channel.pk, stream="mentions", platform=FakePlatform([page(1, at=1)]))
    assert ChannelCondition.objects.count() == 2
