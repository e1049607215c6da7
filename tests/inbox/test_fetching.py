"""What a platform only names (a mention elsewhere) is asked for over HTTP, a few times, and then shown to people."""

import json
from typing import Any

import pytest
from django.utils import timezone

from monitor.alerts.models import Alert
from monitor.brands import services as brands
from monitor.brands.models import Allowance, Brand, Channel, ChannelState
from monitor.inbox.models import PendingFetch, Post, QuarantinedEvent, RawEvent, Sighting
from monitor.inbox.services import apply_deletions, fetch_due, receive_updates, replay_quarantined
from monitor.inbox.services.fetching import MOST_TRIES
from monitor.inbox.services.pending import note_fetches
from monitor.platforms.base import FETCHED_NOTICES, IncomingDeletion, IncomingNotice
from monitor.platforms.meta.webhooks import split
from monitor.platforms.registry import get_platform, platform_codes
from monitor.privacy.services import erase_author
from monitor.simulators.world import PROFILE_ID
from tests.support.channels import connect
from tests.support.simulated import Simulated


@pytest.fixture
def profile(brand: Brand, simulated: Simulated) -> Channel:
    return connect(brand, simulated, "instagram")


def mention(simulated: Simulated, text: str = "@lumora is this yours?") -> Any:
    root = simulated.person_says("instagram", "my new shelf")
    return simulated.person_says("instagram", text, handle="tom", parent_id=root.identifier)


def push(channel: Channel, **ids: str) -> None:
    field = "mentions" if channel.platform == "instagram" else "mention"
    value = ids if channel.platform == "instagram" else {"item": "comment", "verb": "add", **ids}
    change = {"field": field, "value": value}
    body = {"object": "instagram", "entry": [{"id": channel.external_id, "time": 1, "changes": [change]}]}
    receive_updates(channel_id=channel.pk, updates=[update for _owner, update in split(body)])


def make_due() -> None:
    PendingFetch.objects.update(next_try_at=timezone.now() - timezone.timedelta(seconds=1))


def test_a_mention_that_was_named_is_stored_with_its_words(profile: Channel, simulated: Simulated) -> None:
    comment = mention(simulated)
    push(profile, comment_id=comment.identifier, media_id=comment.root_id)
    assert not Post.objects.exists()
    report = fetch_due()
    post = Post.objects.get()
    assert (report.asked, report.stored, report.post_ids) == (1, 1, (post.pk,))
    assert (post.text, post.mentions_us, post.conversation.external_id) == (comment.text, True, comment.root_id)
    assert not PendingFetch.objects.exists() and Sighting.objects.get().stream == "fetch"
    assert fetch_due().asked == 0


def test_a_mention_on_facebook_is_stored_too(brand: Brand, simulated: Simulated) -> None:
    channel = connect(brand, simulated, "facebook")
    root = simulated.person_says("facebook", "my shelf", handle="eve")
    comment = simulated.person_says("facebook", "@lumora look", handle="tom", parent_id=root.identifier)
    push(channel, comment_id=comment.identifier, post_id=root.identifier)
    fetch_due()
    assert Post.objects.get().text == "@lumora look"


def test_three_deliveries_are_one_question(profile: Channel, simulated: Simulated) -> None:
    comment = mention(simulated)
    for _ in range(3):
        push(profile, comment_id=comment.identifier, media_id=comment.root_id)
    assert fetch_due().asked == 1
    assert Post.objects.count() == 1


def test_what_is_gone_is_put_aside_at_once_and_shown(profile: Channel, simulated: Simulated) -> None:
    push(profile, comment_id="17900000000000404", media_id="17900000000000405")
    assert fetch_due().given_up == 1
    aside = QuarantinedEvent.objects.get()
    assert (aside.reason_code, aside.source, aside.params["why"]) == ("event.not_fetched", "fetch", "gone")
    assert not PendingFetch.objects.exists()


def test_doubt_is_tried_a_few_times_each_later_than_the_last(profile: Channel, simulated: Simulated) -> None:
    comment = mention(simulated)
    push(profile, comment_id=comment.identifier, media_id=comment.root_id)
    simulated.add_fault("server_error", times=MOST_TRIES)
    waits = []
    for _ in range(MOST_TRIES - 1):
        assert fetch_due().given_up == 0
        waits.append((PendingFetch.objects.get().next_try_at - timezone.now()).total_seconds())
        assert fetch_due().asked == 0
        make_due()
    assert all(later > 2 * sooner for sooner, later in zip(waits, waits[1:], strict=False))
    assert fetch_due().given_up == 1
    assert QuarantinedEvent.objects.get().params["why"] == "unavailable" and not Post.objects.exists()


def test_what_was_put_aside_is_asked_for_again_on_demand(profile: Channel, simulated: Simulated) -> None:
    comment = mention(simulated)
    push(profile, comment_id=comment.identifier, media_id=comment.root_id)
    PendingFetch.objects.update(tries=MOST_TRIES)
    simulated.add_fault("server_error")
    assert fetch_due().given_up == 1
    assert replay_quarantined(brand_id=profile.brand_id) == (1, 0)
    assert fetch_due().stored == 1
    assert Post.objects.get().text == comment.text


def test_a_dead_login_stops_the_channel_tells_once_and_loses_nothing(profile: Channel, simulated: Simulated) -> None:
    for number in range(3):
        comment = mention(simulated, f"@lumora {number}")
        push(profile, comment_id=comment.identifier, media_id=comment.root_id)
    simulated.world.is_revoked = True
    fetch_due(limit=1)
    profile.refresh_from_db()
    assert (profile.state, profile.state_code) == (ChannelState.NEEDS_REAUTH, "auth_expired")
    simulated.world.calls.clear()
    make_due()
    assert fetch_due().asked == 0 and simulated.world.calls == []
    assert Alert.objects.get().code == "channel.auth_expired" and Alert.objects.get().count == 1
    simulated.world.is_revoked = False
    connect(profile.brand, simulated, "instagram")
    make_due()
    assert fetch_due().stored == 3 and PendingFetch.objects.count() == 0


def test_a_used_up_allowance_is_waited_for_and_no_try_is_counted(profile: Channel, simulated: Simulated) -> None:
    comment = mention(simulated)
    push(profile, comment_id=comment.identifier, media_id=comment.root_id)
    until = timezone.now() + timezone.timedelta(minutes=40)
    Allowance.objects.create(channel=profile, endpoint="GET node", window_limit=5, used=5, resets_at=until)
    simulated.world.calls.clear()
    assert fetch_due().asked == 1 and simulated.world.calls == []
    pending = PendingFetch.objects.get()
    assert (pending.tries, pending.last_error, pending.next_try_at) == (0, "rate_limited", until)


def test_two_workers_do_not_ask_for_the_same(profile: Channel, simulated: Simulated) -> None:
    comment = mention(simulated)
    push(profile, comment_id=comment.identifier, media_id=comment.root_id)
    PendingFetch.objects.update(lease_until=timezone.now() + timezone.timedelta(seconds=60))
    assert fetch_due().asked == 0


def test_a_paused_channel_keeps_what_waits(profile: Channel, simulated: Simulated) -> None:
    comment = mention(simulated)
    push(profile, comment_id=comment.identifier, media_id=comment.root_id)
    brands.pause_channel(channel=profile, user=None)
    assert fetch_due().asked == 0 and PendingFetch.objects.count() == 1


def test_named_again_while_it_was_asked_for_is_asked_again(profile: Channel, simulated: Simulated) -> None:
    comment = mention(simulated)
    ids = {"comment_id": comment.identifier, "media_id": comment.root_id}
    push(profile, **ids)

    class Interrupted:
        declaration = get_platform("instagram").declaration
        normalize = staticmethod(get_platform("instagram").normalize)

        def connect(self, context: Any, budget: Any) -> Any:
            push(profile, **ids)
            return get_platform("instagram").connect(context, budget)

    assert fetch_due(platform=Interrupted()).stored == 1  # type: ignore[arg-type]
    assert PendingFetch.objects.count() == 1
    assert fetch_due().stored == 1 and Post.objects.count() == 1


def test_a_deletion_ends_the_asking(profile: Channel) -> None:
    push(profile, comment_id="71", media_id="55")
    apply_deletions(brand_id=profile.brand_id, deletions=[IncomingDeletion("instagram", "71")])
    assert not PendingFetch.objects.exists()


def test_a_fetched_mention_of_an_erased_person_does_not_come_back(profile: Channel, simulated: Simulated) -> None:
    root = simulated.person_says("facebook", "my shelf", handle="eve")
    page = connect(profile.brand, simulated, "facebook")
    comment = simulated.person_says("facebook", "@lumora look", handle="tom", parent_id=root.identifier)
    erase_author(platform="facebook", author=comment.author.external_id)
    push(page, comment_id=comment.identifier, post_id=root.identifier)
    fetch_due()
    assert not Post.objects.exists() and not PendingFetch.objects.exists()


def test_a_platform_that_cannot_be_asked_notes_nothing(channel: Channel) -> None:
    assert note_fetches(channel=channel, notices=[IncomingNotice("mention_to_fetch", {"post_id": "1"})]) == 0


def test_platforms_that_name_without_telling_can_be_asked() -> None:
    able = {code for code in platform_codes() if "fetch" in get_platform(code).declaration.abilities}
    assert able == {"facebook", "instagram"} and "mention_to_fetch" in FETCHED_NOTICES


def test_story_media_is_in_no_journal(brand: Brand, simulated: Simulated) -> None:
    channel = connect(brand, simulated, "instagram")
    address = "https://cdn.example/story-media-1"
    messages = [
        {"mid": "m_1", "attachments": [{"type": "story_mention", "payload": {"url": address}}]},
        {"mid": "m_2", "text": "nice", "reply_to": {"story": {"url": address, "id": "5"}}},
    ]
    events = [
        {"sender": {"id": "7"}, "recipient": {"id": PROFILE_ID}, "timestamp": 1773144000000, "message": each}
        for each in messages
    ]
    body = {"object": "instagram", "entry": [{"id": PROFILE_ID, "time": 1, "messaging": events}]}
    receive_updates(channel_id=channel.pk, updates=[update for _owner, update in split(body)])
    assert Post.objects.count() == 2
    kept = [bytes(event.body).decode() for event in RawEvent.objects.all()]
    assert len(kept) == 2 and all(address not in body for body in kept)
    assert address not in json.dumps(list(Post.objects.values_list("attachments", flat=True)))
