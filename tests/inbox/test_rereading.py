"""Reading a stretch again: history from the platform and from our own journal, behind everything else."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from monitor.audit.models import AuditEvent
from monitor.brands.models import Allowance, Channel, ChannelStream
from monitor.brands.sealing import seal
from monitor.brands.services import pause_channel
from monitor.inbox.models import Arrival, Post, QuarantinedEvent, RawEvent, Rereading
from monitor.inbox.services import (
    collect_channel,
    ensure_streams,
    request_reading_back,
    request_replay,
    reread_some,
    stop_rereading,
)
from monitor.inbox.services.deleting import apply_deletions
from monitor.platforms.base import Batch, IncomingDeletion, RawUpdate
from monitor.platforms.errors import (
    AuthExpiredError,
    QuotaExceededError,
    RateLimitedError,
    UnavailableError,
)
from monitor.platforms.extra import Extra
from monitor.platforms.registry import get_platform
from tests.inbox.makers import incoming, raw_of, store
from tests.inbox.platforms import FakePlatform, page
from tests.support.simulated import simulated_platforms

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream(channel):
    return ChannelStream.objects.create(channel=channel, name="mentions", cursor={"at": 99})


def ask(channel, days=7, **more):
    [reading] = request_reading_back(channel=channel, days=days, user=None, **more)
    return reading


def run(reading, *pages):
    platform = FakePlatform(list(pages))
    for _page in pages:
        reread_some(rereading_id=reading.pk, platform=platform)
    reading.refresh_from_db()
    return platform


# -- From the platform ---------------------------------------------------------------------------


def test_history_is_read_page_by_page_beside_the_streams_own_cursor(channel, stream):
    reading = ask(channel)
    platform = run(reading, page(1, 2, at=1, has_more=True), page(3, at=2))
    first, second = platform.asked
    assert abs(first["backfill_seconds"] - 7 * 86_400) < 60 and second == {"at": 1}
    assert (reading.state, reading.pages, reading.seen, reading.stored, reading.cursor) == ("done", 2, 3, 3, {})
    assert reading.reached_at is not None and reading.ended_at is not None
    stream.refresh_from_db()
    assert stream.cursor == {"at": 99}
    assert set(Post.objects.values_list("arrival", flat=True)) == {Arrival.BACKFILL}


def test_what_is_written_while_history_is_read_is_no_history(channel, stream):
    store(channel, incoming(1, created_at=timezone.now()), how="backfill", live_since=ask(channel).live_since)
    assert Post.objects.get().arrival == Arrival.LIVE


def test_it_goes_no_further_back_than_the_platform_shows(channel, stream):
    channel.streams.create(name="direct_messages")
    asked = {each.stream: each for each in request_reading_back(channel=channel, days=400, user=None)}
    now = timezone.now()
    assert round((now - asked["mentions"].since).days) == 365
    assert round((now - asked["direct_messages"].since).days) == 30


def test_the_same_stretch_is_not_read_twice_at_a_time(channel, stream):
    ask(channel)
    assert request_reading_back(channel=channel, days=30, user=None) == []
    assert AuditEvent.objects.filter(act="channel.read_back").count() == 1


def test_a_feed_shows_no_history_on_demand(channel):
    channel.platform = "feed"
    with pytest.raises(ValueError, match="history"):
        request_reading_back(channel=channel, days=7, user=None)


def test_calls_that_are_spent_are_waited_for(channel, stream):
    reading = ask(channel)
    later = timezone.now() + timedelta(minutes=10)
    run(reading, RateLimitedError("no", retry_at=later))
    assert (reading.state, reading.error, reading.next_at, reading.failures) == ("waiting", "rate_limited", later, 0)
    assert reread_some() is None  # not before its time
    tomorrow = timezone.now() + timedelta(days=1)
    run(reading, QuotaExceededError("no", resets_at=tomorrow))
    assert (reading.state, reading.next_at) == ("waiting", tomorrow)


def test_weather_is_waited_for_and_then_given_up(channel, stream):
    reading = ask(channel)
    run(reading, *[UnavailableError("no")] * 8)
    assert (reading.state, reading.failures) == ("waiting", 8)
    run(reading, UnavailableError("no"))
    assert (reading.state, reading.error) == ("failed", "unavailable")


def test_a_dead_login_ends_it(channel, stream):
    reading = ask(channel)
    run(reading, AuthExpiredError("no"))
    assert (reading.state, reading.error) == ("failed", "auth_expired")


def test_it_can_be_stopped_and_the_page_under_way_is_dropped(channel, stream, alice):
    reading = ask(channel)

    class StoppedMeanwhile(FakePlatform):
        def collect(self, stream, cursor):
            stop_rereading(rereading=reading, user=alice)
            return super().collect(stream, cursor)

    reread_some(platform=StoppedMeanwhile([page(1, at=1)]))
    reading.refresh_from_db()
    assert reading.state == "stopped" and not Post.objects.exists()
    assert not stop_rereading(rereading=reading, user=alice)
    assert AuditEvent.objects.filter(act="channel.rereading_stopped").count() == 1


def test_a_paused_channel_reads_no_history(channel, stream):
    ask(channel)
    pause_channel(channel=channel, user=None)
    assert reread_some(platform=FakePlatform([page(1, at=1)])) is None


def test_what_cannot_be_understood_is_put_aside(channel, stream):
    batch = page(1, at=1)
    odd = RawUpdate("malformed", "p9", {"odd": 1}, ())
    run(ask(channel), type(batch)((*batch.updates, odd), batch.cursor))
    assert QuarantinedEvent.objects.get().source == "mentions" and Post.objects.count() == 1


@pytest.mark.parametrize(
    ("platform", "stream_name"),
    [("x", "mentions"), ("mastodon", "mentions"), ("bluesky", "mentions"), ("facebook", "direct_messages")],
)
def test_history_of_a_real_connector_comes_complete_and_opens_no_clocks(brand, platform, stream_name):
    with simulated_platforms() as simulated:
        world = simulated.world
        long_ago = world.now() - timedelta(days=13)
        root = world.publish(platform, world.brands[platform], "ours", at=long_ago) if platform == "bluesky" else None
        for number in range(120):
            at = world.now() - timedelta(days=12, minutes=number)
            if stream_name == "direct_messages":
                simulated.person_writes(platform, f"old {number}", at=at, handle=f"mara{number}")
            elif root is not None:
                simulated.person_says(platform, f"old {number}", parent_id=root.identifier, at=at)
            else:
                simulated.person_says(platform, f"@lumora old {number}", at=at)
        context = simulated.context(platform)
        channel = Channel.objects.create(
            brand=brand,
            platform=platform,
            kind=context.kind,
            external_id=context.external_id,
            handle=context.handle,
            api_url=context.api_url,
            credentials=seal(context.credentials),
        )
        ensure_streams(channel=channel)
        collect_channel(channel_id=channel.pk, stream=stream_name)
        assert Post.objects.count() == 0
        [reading] = request_reading_back(channel=channel, days=14, user=None, streams=[stream_name])
        for _page in range(60):
            if reread_some(rereading_id=reading.pk) is None:
                break
        reading.refresh_from_db()
    assert (reading.state, reading.error) == ("done", "")
    assert Post.objects.filter(text__contains="old", arrival=Arrival.BACKFILL).count() == 120


def test_history_leaves_half_of_the_calls_to_what_is_new(brand):
    with simulated_platforms() as simulated:
        simulated.person_says("x", "@lumora old", at=simulated.world.now() - timedelta(days=12))
        context = simulated.context("x")
        channel = Channel.objects.create(
            brand=brand,
            platform="x",
            kind="account",
            external_id=context.external_id,
            api_url=context.api_url,
            credentials=seal(context.credentials),
        )
        ensure_streams(channel=channel)
        Allowance.objects.create(
            channel=channel,
            endpoint="mentions",
            window_limit=10,
            used=5,
            resets_at=timezone.now() + timedelta(minutes=5),
        )
        [reading] = request_reading_back(channel=channel, days=14, user=None, streams=["mentions"])
        reread_some()
        reading.refresh_from_db()
        assert (reading.state, reading.error) == ("waiting", "rate_limited")
        assert collect_channel(channel_id=channel.pk, stream="mentions").error == ""


# -- From the journal ----------------------------------------------------------------------------


def replay(channel, since=None):
    [reading] = request_replay(channel=channel, since=since or timezone.now() - timedelta(days=1), user=None)
    while reread_some(rereading_id=reading.pk, platform=JOURNALED) is not None:
        pass
    reading.refresh_from_db()
    return reading


class Journaled(FakePlatform):
    """Understands what the tests' makers journal."""

    def normalize(self, update, context):
        if update.kind == "deletion":
            return [IncomingDeletion("x", update.external_id)]
        return [incoming(update.external_id.removeprefix("p"), text=update.body["text"])]


JOURNALED = Journaled()


def test_what_is_there_already_is_not_stored_again(channel):
    store(channel, *(incoming(str(number)) for number in range(5)))
    before = list(Post.objects.order_by("pk").values())
    reading = replay(channel)
    assert (reading.state, reading.seen, reading.stored) == ("done", 5, 0)
    assert list(Post.objects.order_by("pk").values()) == before
    assert RawEvent.objects.count() == 5


def test_a_reader_that_was_mended_gets_what_it_had_missed(channel, monkeypatch):
    """Understood by nobody when it came; the journal has it."""
    store(channel, raw=[raw_of(incoming("7"))])
    assert not Post.objects.exists()
    assert replay(channel).stored == 1
    assert Post.objects.get().external_id == "p7"


def test_a_reader_that_was_mended_adds_what_it_had_passed_over(channel, monkeypatch):
    """Stars that an earlier version did not keep: the post stays, and nothing is weighed anew."""
    store(channel, incoming("7"))
    Post.objects.update(stage="triaged")
    told = incoming("7", extra=Extra(stars=2, app_version="4.1.2"))
    monkeypatch.setattr(Journaled, "normalize", lambda _self, _update, _context: [told])
    replay(channel)
    post = Post.objects.get()
    assert (post.extra, post.version, post.stage) == ({"stars": 2, "app_version": "4.1.2"}, 1, "triaged")


def test_a_replay_goes_through_page_after_page(channel, monkeypatch):
    monkeypatch.setattr("monitor.inbox.services.rereading.JOURNAL_PAGE", 3)
    store(channel, raw=[raw_of(incoming(str(number))) for number in range(8)])
    reading = replay(channel)
    assert (reading.pages, reading.seen, Post.objects.count()) == (3, 8, 8)


def test_a_replay_never_brings_back_what_was_deleted(channel):
    store(channel, incoming("1"), incoming("2"))
    apply_deletions(brand_id=channel.brand_id, deletions=[IncomingDeletion("x", "p1")])
    # The journal of a backup that was restored still holds it.
    RawEvent.objects.all().delete()
    with connection.cursor() as cursor:
        for number in ("1", "2"):
            body = json.dumps({"id": f"p{number}", "text": "Where is my parcel?"}).encode()
            cursor.execute(
                "INSERT INTO inbox_rawevent (brand_id, channel_id, platform, kind, external_id, author_ids, body_hash,"
                " body) VALUES (%s, %s, 'x', 'post', %s, '[]', '', %s)",
                [channel.brand_id, channel.pk, f"p{number}", body],
            )
    replay(channel)
    living = Post.objects.filter(deleted_at=None)
    assert [post.external_id for post in living] == ["p2"]
    assert Post.objects.count() == 2 and not Post.objects.exclude(deleted_at=None).exclude(text="").exists()


def test_a_deletion_in_the_journal_stays_one_however_it_is_ordered(channel):
    store(channel, incoming("1"))
    store(channel, IncomingDeletion("x", "p1"), raw=[RawUpdate("deletion", "p1", {"id": "p1"}, ())])
    replay(channel)
    assert Post.objects.get().deleted_at is not None


def test_only_the_stretch_that_was_asked_for_is_read(channel):
    store(channel, raw=[raw_of(incoming("1"))])
    assert replay(channel, since=timezone.now()).seen == 0
    assert Rereading.objects.get().state == "done"


@pytest.mark.parametrize(("platform", "days"), [("x", 7), ("facebook", 30)])
def test_as_far_as_the_platform_goes_is_no_century(brand, platform, days):
    channel = Channel.objects.create(brand=brand, platform=platform, kind="account", external_id="1")
    ChannelStream.objects.create(channel=channel, name="quotes")
    reading = ask(channel, days=36_500)
    assert timezone.now() - reading.since < timedelta(days=days, minutes=1)


@pytest.fixture
def profile(brand):
    """An Instagram profile and a message that its Page wrote, as Graph tells it."""
    channel = Channel.objects.create(
        brand=brand, platform="instagram", kind="account", external_id="1784", handle="lumora",
        credentials=seal({"access_token": "t", "page_id": "600100"}),
    )  # fmt: skip
    ChannelStream.objects.create(channel=channel, name="direct_messages")
    message = {"id": "m_1", "message": "We look into it.", "from": {"id": "600100"}, "to": {"data": [{"id": "7"}]}}
    return channel, RawUpdate("message", "m_1", {"message": message, "thread": {"id": "t_1"}})


class ToldByGraph(FakePlatform):
    """Pages as given, read by Instagram's own parser."""

    def normalize(self, update, context):
        return get_platform("instagram").normalize(update, context)


def test_what_our_page_wrote_is_ours_when_it_is_read_back(profile):
    channel, update = profile
    reread_some(rereading_id=ask(channel).pk, platform=ToldByGraph([Batch((update,), {})]))
    assert Post.objects.get().is_own


@pytest.mark.parametrize("is_sealed_well", [True, False])
def test_what_our_page_wrote_is_ours_when_the_journal_is_read_again(profile, is_sealed_well):
    channel, update = profile
    store(channel, raw=[update])
    if not is_sealed_well:
        Channel.objects.update(credentials=b"no key opens this")
    [reading] = request_replay(channel=channel, since=timezone.now() - timedelta(hours=1), user=None)
    reread_some(rereading_id=reading.pk)
    assert Post.objects.get().is_own is is_sealed_well
