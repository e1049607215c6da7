"""Reading a stream: page by page, from where it was left, and every answer of a platform has its consequence."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from monitor.alerts.models import Alert
from monitor.brands.models import Channel, ChannelState, ChannelStream
from monitor.brands.sealing import seal
from monitor.brands.services import pause_channel
from monitor.inbox import selectors
from monitor.inbox.models import Arrival, ChannelGap, Post, QuarantinedEvent, RawEvent
from monitor.inbox.services import collect_channel, collecting, receive_updates, replay_quarantined
from monitor.platforms.base import Gap, RawUpdate
from monitor.platforms.errors import (
    AuthExpiredError,
    MalformedPayloadError,
    QuotaExceededError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from tests.inbox.makers import incoming
from tests.inbox.platforms import FakePlatform, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream(channel):
    return ChannelStream.objects.create(channel=channel, name="mentions")


def collect(stream, *pages, **more):
    platform = FakePlatform(list(pages))
    report = collect_channel(channel_id=stream.channel_id, stream=stream.name, platform=platform, **more)
    stream.refresh_from_db()
    return report, platform


def seconds_until(moment):
    return (moment - timezone.now()).total_seconds()


def test_it_reads_all_pages_and_goes_on_from_the_last_cursor(stream):
    report, platform = collect(
        stream, page(1, 2, at=1, has_more=True), page(at=2, has_more=True), page(3, at=3), max_pages=9
    )
    assert (report.pages, report.ingested.stored, report.error) == (3, 3, "")
    assert platform.asked == [{}, {"at": 1}, {"at": 2}]
    assert (stream.cursor, stream.failures, stream.lease_until) == ({"at": 3}, 0, None)
    assert stream.last_success_at is not None
    assert 50 < seconds_until(stream.next_poll_at) <= 60


def test_it_stops_after_its_pages_and_the_next_worker_goes_on_at_once(stream):
    report, _ = collect(stream, page(1, at=1, has_more=True), page(2, at=2, has_more=True), max_pages=2)
    assert report.pages == 2
    assert seconds_until(stream.next_poll_at) < 1
    _, platform = collect(stream, page(3, at=3))
    assert platform.asked == [{"at": 2}]
    assert Post.objects.count() == 3


def test_a_platform_can_ask_for_more_patience(stream):
    collect(stream, page(1, at=1, next_poll_seconds=300.0))
    assert 290 < seconds_until(stream.next_poll_at) <= 300


def test_a_worker_killed_between_fetch_and_commit_loses_nothing(stream, monkeypatch):
    """The second page was fetched and never stored: the next worker reads it again."""
    real = collecting._note_beside
    calls = []

    def die_on_the_second_page(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*arguments)

    pages = [page(1, 2, at=1, has_more=True), page(3, 4, at=2, has_more=True), page(5, at=3)]
    monkeypatch.setattr(collecting, "_note_beside", die_on_the_second_page)
    with pytest.raises(KeyboardInterrupt):
        collect(stream, *pages)
    monkeypatch.undo()
    stream.refresh_from_db()
    assert stream.cursor == {"at": 1}
    assert set(Post.objects.values_list("external_id", flat=True)) == {"p1", "p2"}
    # Its lease runs out, and somebody else takes over.
    ChannelStream.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    _, platform = collect(stream, *pages[1:])
    assert platform.asked[0] == {"at": 1}
    assert sorted(Post.objects.values_list("external_id", flat=True)) == ["p1", "p2", "p3", "p4", "p5"]
    assert RawEvent.objects.count() == 5


def test_only_one_worker_reads_a_stream_at_a_time(stream):
    inner = []

    class Nosy(FakePlatform):
        def collect(self, name, cursor):
            inner.append(collect_channel(channel_id=stream.channel_id, stream="mentions", platform=FakePlatform()))
            return super().collect(name, cursor)

    report = collect_channel(channel_id=stream.channel_id, stream="mentions", platform=Nosy([page(1, at=1)]))
    assert report.pages == 1
    assert inner[0].skipped


def test_a_stream_that_is_not_due_can_be_left_alone(stream):
    collect(stream, page(1, at=1))
    report, platform = collect(stream, only_if_due=True)
    assert report.skipped
    assert platform.asked == []


def test_a_worker_whose_stream_was_taken_over_stops(stream):
    class Slow(FakePlatform):
        def collect(self, name, cursor):
            batch = super().collect(name, cursor)
            ChannelStream.objects.filter(pk=stream.pk).update(lease_until=timezone.now() + timedelta(minutes=9))
            return batch

    report = collect_channel(channel_id=stream.channel_id, stream="mentions", platform=Slow([page(1, at=1)]))
    stream.refresh_from_db()
    assert report.error == "stale_lease"
    assert stream.cursor == {}
    assert not Post.objects.exists()


def test_the_connector_gets_the_opened_credentials(stream):
    Channel.objects.update(credentials=seal({"token": "s3cret"}))
    _, platform = collect(stream, page(at=1))
    assert platform.contexts[0].credentials["token"] == "s3cret"
    assert "s3cret" not in repr(platform.contexts[0])


def test_a_rate_limit_waits_until_the_platform_says_and_disturbs_nobody(stream):
    retry_at = timezone.now() + timedelta(seconds=120)
    report, platform = collect(stream, RateLimitedError("slow down", retry_at=retry_at))
    assert report.error == stream.last_error == "rate_limited"
    assert 119 < seconds_until(stream.next_poll_at) < 130
    assert len(platform.asked) == 1
    assert not Alert.objects.exists()
    assert Channel.objects.get().state == ChannelState.HEALTHY


@pytest.mark.parametrize("retry_at", [None, datetime(2020, 1, 1, tzinfo=UTC)])
def test_a_rate_limit_without_a_usable_end_backs_off_and_is_told_when_it_lasts(stream, retry_at):
    waits = []
    for _ in range(12):
        collect(stream, RateLimitedError("slow down", retry_at=retry_at))
        waits.append(seconds_until(stream.next_poll_at))
    assert waits[0] >= 14
    assert waits[5] > waits[1]
    assert 600 < waits[-1] <= 900
    assert Alert.objects.get().code == "channel.trouble"


def test_a_dead_token_stops_polling_with_one_alert(stream):
    report, platform = collect(stream, AuthExpiredError("token expired"))
    channel = Channel.objects.get()
    assert (report.error, channel.state, channel.state_code) == ("auth_expired", "needs_reauth", "auth_expired")
    again, silent = collect(stream)
    assert again.skipped
    assert silent.asked == []
    assert selectors.due_streams(limit=9) == []
    alert = Alert.objects.get()
    assert (alert.code, alert.level, alert.count) == ("channel.auth_expired", "urgent", 1)


def test_two_streams_that_meet_a_dead_token_raise_one_alert(stream):
    other = ChannelStream.objects.create(channel=stream.channel, name="direct_messages")
    collect(stream, AuthExpiredError("token expired"))
    Channel.objects.update(state="healthy")
    collect(other, AuthExpiredError("token expired"))
    assert Alert.objects.filter(closed_at=None).count() == 1


def test_credentials_that_cannot_be_opened_are_a_matter_for_the_operator(stream, settings):
    Channel.objects.update(credentials=seal({"token": "x"}))
    settings.CREDENTIAL_KEYS = ["another key"]
    report, platform = collect(stream)
    assert report.error == "credentials_unreadable"
    assert platform.asked == []
    assert Channel.objects.get().state == "needs_reauth"
    assert Alert.objects.get().code == "channel.credentials_unreadable"


@pytest.mark.parametrize("code", ["permission_missing", "policy_block"])
def test_a_missing_permission_blocks_the_channel_and_says_which(stream, code):
    collect(stream, RejectedError("pages_read_engagement", code=code))
    channel = Channel.objects.get()
    assert (channel.state, channel.state_code) == ("blocked", code)
    assert channel.state_params["detail"] == "pages_read_engagement"
    assert Alert.objects.get().params["detail"] == "pages_read_engagement"


def test_another_refusal_leaves_the_channels_other_streams_alone(stream):
    collect(stream, RejectedError("no such stream", code="bad_request"))
    assert Channel.objects.get().state == "healthy"
    assert seconds_until(stream.next_poll_at) > 800
    assert Alert.objects.get().code == "channel.refused"


def test_a_spent_quota_waits_for_the_reset_and_says_so(stream):
    resets_at = timezone.now() + timedelta(hours=6)
    collect(stream, QuotaExceededError("monthly cap", resets_at=resets_at))
    assert abs((stream.next_poll_at - resets_at).total_seconds()) < 1
    assert Alert.objects.get().code == "channel.quota_spent"


@pytest.mark.parametrize("error", [UnavailableError("503"), MalformedPayloadError("HTML")])
def test_weather_is_told_only_when_it_lasts_and_closed_when_it_clears(stream, error):
    for _ in range(4):
        collect(stream, error)
    assert not Alert.objects.exists()
    assert stream.failures == 4
    collect(stream, error)
    assert Alert.objects.get().closed_at is None
    collect(stream, page(1, at=1))
    assert Alert.objects.get().closed_at is not None
    assert (stream.failures, stream.last_error) == (0, "")


def test_pages_before_an_error_are_kept(stream):
    report, _ = collect(stream, page(1, at=1, has_more=True), UnavailableError("503"))
    assert (report.pages, report.ingested.stored, report.error) == (1, 1, "unavailable")
    assert stream.cursor == {"at": 1}


def test_an_update_that_nobody_understands_does_not_stop_its_page(stream):
    odd = RawUpdate("malformed", "q1", {"text": None, "who": "\ud83d"}, ("a9",))
    bug = RawUpdate("bug", "q2", {"number": 1}, ())
    batch = page(1, 2, at=1)
    report, _ = collect(stream, type(batch)((*batch.updates, odd, bug), {"at": 1}))
    assert (report.ingested.stored, report.ingested.quarantined) == (2, 2)
    assert stream.cursor == {"at": 1}
    codes = dict(QuarantinedEvent.objects.values_list("params__external_id", "reason_code"))
    assert codes == {"q1": "event.malformed", "q2": "event.parser_failed"}
    # Read again in the overlap of the next poll: put aside once.
    collect(stream, type(batch)((odd, bug), {"at": 2}))
    assert QuarantinedEvent.objects.count() == 2


def test_what_was_put_aside_is_read_again_on_demand(stream, monkeypatch):
    batch = page(1, at=1)
    collect(stream, type(batch)((RawUpdate("bug", "p7", {"number": 7}, ("a7",)),), {"at": 1}))
    assert not Post.objects.exists()

    class Mended(FakePlatform):
        def normalize(self, update, context):
            return super().normalize(RawUpdate("post", update.external_id, update.body), context)

    monkeypatch.setattr("monitor.inbox.services.quarantine.get_platform", lambda code: FakePlatform())
    assert replay_quarantined(brand_id=stream.channel.brand_id) == (0, 1)
    monkeypatch.setattr("monitor.inbox.services.quarantine.get_platform", lambda code: Mended())
    assert replay_quarantined(brand_id=stream.channel.brand_id) == (1, 0)
    assert Post.objects.get().external_id == "p7"
    assert replay_quarantined(brand_id=stream.channel.brand_id) == (0, 0)


@pytest.mark.parametrize(
    ("written_hours_ago", "aside_hours_ago", "arrival"),
    [(1, 1, Arrival.LIVE), (48, 1, Arrival.BACKFILL), (48, 48, Arrival.BACKFILL), (None, 48, Arrival.BACKFILL),
     (None, 1, Arrival.LIVE)],
)  # fmt: skip
def test_what_is_older_than_a_day_comes_back_as_history_and_without_the_sealing_key(
    stream, monkeypatch, written_hours_ago, aside_hours_ago, arrival
):
    collect(stream, type(page(at=1))((RawUpdate("bug", "p7", {"number": 7}, ("a7",)),), {"at": 1}))
    now = timezone.now()
    QuarantinedEvent.objects.update(recorded_at=now - timedelta(hours=aside_hours_ago))
    written = None if written_hours_ago is None else now - timedelta(hours=written_hours_ago)
    Channel.objects.update(credentials=b"sealed with a key that is lost")

    class Mended(FakePlatform):
        def normalize(self, update, context):
            return [incoming(7, created_at=written)]

    monkeypatch.setattr("monitor.inbox.services.quarantine.get_platform", lambda code: Mended())
    assert replay_quarantined(brand_id=stream.channel.brand_id) == (1, 0)
    assert Post.objects.get().arrival == arrival


def test_a_gap_is_kept_and_told(stream):
    since, until = timezone.now() - timedelta(days=9), timezone.now() - timedelta(days=7)
    collect(stream, page(1, at=1, gaps=(Gap(since, until, "search_horizon"),)))
    gap = ChannelGap.objects.get()
    assert (gap.stream, gap.code, gap.since, gap.until) == (stream, "search_horizon", since, until)
    assert Alert.objects.get().code == "channel.gap"


def test_a_withdrawn_authorisation_stops_the_channel(stream):
    collect(stream, type(page(at=1))((RawUpdate("notice", "", {"code": "authorization_revoked"}),), {"at": 1}))
    assert Channel.objects.get().state_code == "authorization_revoked"
    assert Alert.objects.get().level == "urgent"


def test_a_paused_channel_is_not_polled_but_listens(stream, alice):
    pause_channel(channel=stream.channel, user=alice)
    report, platform = collect(stream)
    assert report.skipped
    received = receive_updates(channel_id=stream.channel_id, updates=page(1, at=1).updates, platform=FakePlatform())
    assert received.stored == 1


def test_webhooks_are_understood_while_the_credentials_are_unreadable(stream, settings):
    Channel.objects.update(credentials=seal({"token": "x"}))
    settings.CREDENTIAL_KEYS = ["another key"]
    assert receive_updates(channel_id=stream.channel_id, updates=page(1, at=1).updates, platform=FakePlatform()).stored


def test_due_streams_are_those_nobody_reads_the_longest_overdue_first(stream, other_brand):
    now = timezone.now()
    ChannelStream.objects.filter(pk=stream.pk).update(next_poll_at=now - timedelta(seconds=30))
    late = ChannelStream.objects.create(channel=stream.channel, name="late", next_poll_at=now - timedelta(seconds=90))
    ChannelStream.objects.create(channel=stream.channel, name="later", next_poll_at=now + timedelta(seconds=60))
    ChannelStream.objects.create(
        channel=stream.channel, name="held", next_poll_at=now, lease_until=now + timedelta(seconds=60)
    )
    paused = Channel.objects.create(brand=other_brand, platform="x", kind="account", external_id="9", state="paused")
    ChannelStream.objects.create(channel=paused, name="mentions", next_poll_at=now)
    assert selectors.due_streams(limit=9) == [(late.channel_id, "late"), (stream.channel_id, "mentions")]
    assert selectors.due_streams(limit=1) == [(late.channel_id, "late")]
    assert selectors.due_streams(limit=9, overdue_seconds=60) == [(late.channel_id, "late")]
