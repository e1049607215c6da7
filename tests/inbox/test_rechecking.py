"""Stored posts are looked up again over HTTP, against the fake platforms: what is gone there goes here."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitor.brands.models import Channel, PaidRead, Spend
from monitor.inbox import selectors
from monitor.inbox.models import Author, Post, PostChange, RawEvent, Recheck
from monitor.inbox.services import look_again_soon, recheck_channel, recheck_post
from tests.support.channels import collect, connect
from tests.support.simulated import Simulated

pytestmark = pytest.mark.django_db

# Platforms whose look-ups cost nothing, and the stream that brings what a person says to the brand.
FREE = ["mastodon", "bluesky", "facebook", "instagram"]


def no_cases(_channel_id: int, _after_id: int, _limit: int) -> list[int]:
    return []


def recheck(channel: Channel, scope: str = "recent", of_cases=no_cases):
    selectors.due_rechecks(limit=100)
    return recheck_channel(channel_id=channel.pk, scope=scope, of_cases=of_cases)


def make_due() -> None:
    Recheck.objects.filter(scope="recent").update(due_at=timezone.now() - timedelta(seconds=1))


def mention(simulated: Simulated, platform: str, text: str, **more):
    if platform in ("facebook", "instagram"):
        ours = simulated.world.publish(platform, simulated.world.brands[platform], "our news")
        more.setdefault("parent_id", ours.identifier)
    return simulated.person_says(platform, f"@{simulated.world.brands[platform].handle} {text}", **more)


@pytest.mark.parametrize("platform", [*FREE, "x"])
def test_a_post_that_was_deleted_there_goes_here(brand, simulated, platform):
    channel = connect(brand, simulated, platform)
    mention(simulated, platform, "kept")
    gone = mention(simulated, platform, "taken back", handle="tom")
    collect(channel)
    before = Post.objects.filter(is_own=False).count()
    assert before == 2
    simulated.world.delete(gone.identifier)
    recheck(channel, "cases")
    report = recheck(channel)
    # On a page our own posts are looked up as well: that costs nothing.
    assert report.looked_up == 2 + Post.objects.filter(is_own=True).count()
    assert (report.gone, report.edited) == (1, 0)
    assert Post.objects.filter(is_own=False).count() == before
    assert Post.objects.get(deleted_at=None, is_own=False).text.endswith("kept")
    assert not any(b"taken back" in bytes(body) for body in RawEvent.objects.values_list("body", flat=True))
    state = Recheck.objects.get(channel=channel, scope="recent")
    assert (state.looked_up, state.found_gone, state.last_error) == (report.looked_up, 1, "")
    assert state.ended_at is not None and state.due_at > timezone.now() + timedelta(hours=19)


@pytest.mark.parametrize("platform", ["mastodon", "bluesky", "x"])
@pytest.mark.parametrize("relation", ["parent_id", "quoted_id"])
def test_what_others_answered_or_quoted_of_it_goes_too(brand, simulated, platform, relation):
    channel = connect(brand, simulated, platform)
    gone = mention(simulated, platform, "taken back")
    mention(simulated, platform, "so true", handle="tom", **{relation: gone.identifier})
    collect(channel)
    journal = [bytes(body) for body in RawEvent.objects.values_list("body", flat=True)]
    assert sum(b"taken back" in body for body in journal) > 1
    simulated.world.delete(gone.identifier)
    recheck(channel, "cases")
    assert recheck(channel).gone == 1
    assert not any(b"taken back" in bytes(body) for body in RawEvent.objects.values_list("body", flat=True))
    # Everything is read again from the beginning, as after a lost cursor: nothing comes back, and the answer stays.
    channel.streams.update(cursor={}, next_poll_at=timezone.now())
    collect(channel)
    assert not any(b"taken back" in bytes(body) for body in RawEvent.objects.values_list("body", flat=True))
    assert Post.objects.get(deleted_at=None, is_own=False).text.endswith("so true")


def test_an_edit_is_found_and_keeps_place_and_author(brand, simulated):
    channel = connect(brand, simulated, "mastodon")
    post = mention(simulated, "mastodon", "first words")
    collect(channel)
    Author.objects.filter(handle__startswith="mara").update(is_verified=True)
    stored = Post.objects.get(is_own=False)
    simulated.world.shift_clock(60)
    simulated.world.edit(post.identifier, "@lumora second words")
    assert recheck(channel).edited == 1
    again = Post.objects.get(pk=stored.pk)
    assert again.text.endswith("second words") and again.version == 2
    assert (again.conversation_id, again.author_id) == (stored.conversation_id, stored.author_id)
    assert Author.objects.get(pk=stored.author_id).is_verified


def test_what_is_as_it_was_is_not_stored_again(brand, simulated):
    channel = connect(brand, simulated, "mastodon")
    mention(simulated, "mastodon", "hello")
    collect(channel)
    lines, changes = RawEvent.objects.count(), PostChange.objects.count()
    assert recheck(channel).looked_up == 1
    assert (RawEvent.objects.count(), PostChange.objects.count()) == (lines, changes)


def test_a_round_goes_on_batch_by_batch_and_a_death_between_two_loses_nothing(brand, simulated, monkeypatch):
    channel = connect(brand, simulated, "mastodon")
    posts = [mention(simulated, "mastodon", f"no. {number}", handle=f"p{number}") for number in range(5)]
    collect(channel)
    monkeypatch.setattr("monitor.inbox.services.rechecking._affordable", lambda *_: (2, timezone.now()))
    assert recheck(channel).looked_up == 2
    # Somebody took the next batch and died: after the lease another one takes it.
    Recheck.objects.filter(scope="recent").update(lease_until=timezone.now() + timedelta(seconds=60))
    assert recheck(channel).skipped
    Recheck.objects.filter(scope="recent").update(lease_until=timezone.now() - timedelta(seconds=1))
    simulated.world.delete(posts[4].identifier)
    assert [recheck(channel).looked_up for _ in range(2)] == [2, 1]
    assert recheck(channel).skipped
    assert Recheck.objects.get(scope="recent").looked_up == 5
    assert Post.objects.exclude(deleted_at=None).count() == 1


def test_old_posts_and_imports_are_left_alone(brand, simulated, settings):
    channel = connect(brand, simulated, "mastodon")
    mention(simulated, "mastodon", "hello")
    collect(channel)
    Post.objects.update(created_at=timezone.now() - timedelta(days=settings.RECHECK_DAYS + 1))
    assert recheck(channel).looked_up == 0


def test_cases_are_looked_up_more_often_than_the_rest(brand, simulated, settings):
    channel = connect(brand, simulated, "mastodon")
    post = mention(simulated, "mastodon", "hello")
    collect(channel)
    ids = list(Post.objects.filter(is_own=False).values_list("pk", flat=True))
    simulated.world.delete(post.identifier)
    report = recheck(channel, "cases", lambda _channel, after, limit: [each for each in ids if each > after][:limit])
    assert report.gone == 1
    due_at = Recheck.objects.get(scope="cases").due_at
    assert due_at < timezone.now() + timedelta(hours=settings.RECHECK_CASE_HOURS)
    look_again_soon(channel_id=channel.pk)
    assert (channel.pk, "cases") in selectors.due_rechecks(limit=10)


def test_a_dead_token_stops_nothing_but_this_round(brand, simulated):
    channel = connect(brand, simulated, "mastodon")
    mention(simulated, "mastodon", "hello")
    collect(channel)
    simulated.world.is_revoked = True
    assert recheck(channel).error == "auth_expired"
    assert not Post.objects.exclude(deleted_at=None).exists()
    assert Recheck.objects.get(scope="recent").due_at > timezone.now() + timedelta(minutes=14)


def test_only_healthy_channels_are_asked(brand, simulated):
    channel = connect(brand, simulated, "mastodon")
    Channel.objects.filter(pk=channel.pk).update(state="paused")
    assert selectors.due_rechecks(limit=10) == []
    assert recheck(channel).skipped


def test_the_demo_is_left_alone_because_its_platforms_forget_at_a_restart(brand, simulated):
    channel = connect(brand, simulated, "mastodon")
    type(brand).objects.update(is_demo=True)
    assert selectors.due_rechecks(limit=10) == []
    post = mention(simulated, "mastodon", "hello")
    collect(channel)
    simulated.world.delete(post.identifier)
    channel = Channel.objects.get(pk=channel.pk)
    assert recheck_post(post=Post.objects.get(is_own=False), channel=channel, connector=simulated.connect("mastodon"))
    type(brand).objects.update(is_demo=False)
    channel = Channel.objects.get(pk=channel.pk)
    assert not recheck_post(
        post=Post.objects.get(is_own=False), channel=channel, connector=simulated.connect("mastodon")
    )


def test_platforms_that_cannot_be_asked_have_no_rounds(brand, channel):
    Channel.objects.create(brand=brand, platform="feed", kind="feed", external_id="https://news.example/rss")
    Channel.objects.create(brand=brand, platform="x", kind="import", external_id="file")
    assert {pk for pk, _ in selectors.due_rechecks(limit=10)} == {channel.pk}


# -- What it costs ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("within_one_day")
def test_looking_up_what_was_read_today_costs_nothing(brand, simulated):
    channel = connect(brand, simulated, "x")
    mention(simulated, "x", "hello")
    collect(channel)
    paid = Spend.objects.get(channel=channel).reads_micros
    recheck(channel, "cases")
    assert recheck(channel).looked_up == 1
    assert Spend.objects.get(channel=channel).reads_micros == paid
    # On another day it is charged again, and to the look-ups' own account.
    PaidRead.objects.all().delete()
    make_due()
    assert recheck(channel).looked_up == 1
    assert Spend.objects.get(channel=channel).reads_micros == paid + 5_000
    assert Recheck.objects.get(scope="recent").spent_micros == 5_000


@pytest.fixture
def no_soon(monkeypatch):
    """Just before midnight (UTC) tomorrow's money is so near that nobody is told of today's."""
    monkeypatch.setattr("monitor.inbox.services.rechecking._SOON", timedelta(0))


@pytest.mark.usefixtures("no_soon", "within_one_day")
def test_the_money_for_look_ups_goes_to_open_cases_first_and_then_ends(brand, simulated, settings):
    settings.RECHECK_CENTS = 1  # two posts
    channel = connect(brand, simulated, "x")
    for number in range(3):
        mention(simulated, "x", f"no. {number}", handle=f"p{number}")
    collect(channel)
    PaidRead.objects.all().delete()
    first = Post.objects.filter(is_own=False).order_by("pk").first()
    assert recheck(channel).skipped, "cases wait"
    assert recheck(channel, "cases", lambda _c, after, _l: [first.pk] if after < first.pk else []).looked_up == 1
    # The first of the recent ones is that of the case: today it is free.
    for _batch in range(2):
        make_due()
        assert recheck(channel).looked_up == 1
    make_due()
    assert recheck(channel).skipped
    state = Recheck.objects.get(scope="recent")
    assert state.last_error == "recheck_budget" and state.due_at > timezone.now()


@pytest.mark.usefixtures("no_soon", "within_one_day")
def test_a_small_cap_leaves_a_tenth_for_look_ups(brand, simulated):
    channel = connect(brand, simulated, "x")
    mention(simulated, "x", "hello")
    collect(channel)
    Channel.objects.update(daily_cap_micros=50_000)  # less than a page of mentions may cost
    channel.refresh_from_db()
    PaidRead.objects.all().delete()
    recheck(channel, "cases")
    make_due()
    assert recheck(channel).looked_up == 1
    make_due()
    assert recheck(channel).skipped and Recheck.objects.get(scope="recent").last_error == "recheck_budget"
