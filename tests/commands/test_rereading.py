"""`read-back` and `replay`: what they cost, what they bring, and one sentence for what is wrong."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from monitor.api.models import HeldDelivery
from monitor.brands.models import Channel, ChannelStream
from monitor.brands.services.health import note_conditions
from monitor.commands.administration import condition_facts
from monitor.commands.asking import examine_channels
from monitor.inbox.models import ChannelHour, Rereading
from monitor.platforms.base import Condition
from tests.inbox.makers import incoming, store


@pytest.fixture
def stream(channel):
    return ChannelStream.objects.create(channel=channel, name="mentions")


def test_prices_are_told_before_anything_is_read(command, channel, stream, capsys):
    Channel.objects.update(created_at=timezone.now() - timedelta(days=10))
    ChannelHour.objects.create(channel=channel, stream="mentions", hour=timezone.now(), found=100)
    assert command("read-back", "--channel", channel.pk) == 0
    said = capsys.readouterr().out
    assert "7 days: about 70 posts, $0.84" in said and "as far as the platform goes" in said
    assert not Rereading.objects.exists()


def test_history_is_asked_for(command, channel, stream, capsys):
    assert command("read-back", "--channel", channel.pk, "--days", 30) == 0
    assert "mentions: read back to" in capsys.readouterr().out
    assert timedelta(days=29) < timezone.now() - Rereading.objects.get().since < timedelta(days=31)
    assert command("read-back", "--channel", channel.pk, "--days", 30) != 0


def test_a_feed_has_no_history(command, channel, stream, capsys):
    Channel.objects.update(platform="feed")
    assert command("read-back", "--channel", channel.pk, "--days", 30) != 0
    assert "no history" in capsys.readouterr().err


def test_the_journal_is_replayed_at_once(command, channel, capsys):
    store(channel, incoming("1"))
    assert command("replay", "--channel", channel.pk, "--since", "24h") == 0
    assert "updates were read again; 0 posts are new." in capsys.readouterr().out
    assert Rereading.objects.get().state == "done"


def test_a_replay_says_where_the_journal_begins(command, channel, capsys):
    assert command("replay", "--channel", channel.pk, "--since", "2020-01-01") == 0
    assert "MENTIONDESK_JOURNAL_RETENTION_DAYS" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", ["yesterday", "5m", "h"])
def test_a_time_that_is_none_is_refused(command, channel, wrong, capsys):
    with pytest.raises(SystemExit):
        command("replay", "--channel", channel.pk, "--since", wrong)
    assert "is no time" in capsys.readouterr().err


def test_the_list_of_channels_says_what_is_wrong_with_a_connection(command, channel, capsys):
    missing = Condition("scopes", "broken", "permission_missing", {"rights": "pages_messaging"})
    note_conditions(channel_id=channel.pk, conditions=[Condition("token", "ok"), missing])
    assert command("channels") == 0
    assert "scopes:permission_missing" in capsys.readouterr().out
    command("channels", "--json")
    told = json.loads(capsys.readouterr().out)["conditions"]
    assert {each["aspect"]: each["says"] for each in told}["scopes"] == "The right pages_messaging is missing."


def test_the_doctor_tells_what_the_last_look_found(brand, simulated):
    from monitor.brands.services import connect_channel

    context = simulated.context("facebook")
    channel = connect_channel(
        brand=brand,
        platform="facebook",
        kind=context.kind,
        external_id=context.external_id,
        credentials=context.credentials,
    )
    note_conditions(channel_id=channel.pk, conditions=[Condition("webhook", "broken", "not_subscribed")])
    [finding] = examine_channels()
    assert finding.state == "bad" and finding.says.endswith("Subscribe again.")
    assert condition_facts(channel.conditions.get())["what_to_do"] == "Subscribe again."


def test_a_replay_wants_to_know_from_when_on(command, channel, capsys):
    assert command("replay", "--channel", channel.pk) != 0
    assert "--since" in capsys.readouterr().err


def test_deliveries_that_nobody_could_read_are_read_again(command, channel, capsys):
    good = json.dumps({"object": "page", "entry": []}).encode()
    for body in (good, b"[1, 2"):
        HeldDelivery.objects.create(sender="meta", body=body, reason_code="malformed")
    assert command("replay", "--deliveries") == 0
    assert "2 deliveries were read again; 1 still cannot be read and stay." in capsys.readouterr().out
    assert bytes(HeldDelivery.objects.get().body) == b"[1, 2"
