"""The page of a channel: its connection in sentences, what came and what push missed, gaps, history, the journal."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from monitor.alerts.conditions import ASPECTS, STATES, WORDS
from monitor.alerts.services import raise_alert
from monitor.brands.models import Channel, ChannelCondition, ChannelStream
from monitor.brands.services.health import note_conditions
from monitor.console.channel_page import complete_words, depth_words, price_words, silence_words
from monitor.inbox.completeness import Counts, Depth
from monitor.inbox.models import ChannelGap, ChannelHour, QuarantinedEvent, Rereading
from monitor.inbox.quietness import Silence
from monitor.platforms.base import CONDITION_ASPECTS, CONDITION_STATES, Condition
from monitor.platforms.examining import CONDITION_CODES
from tests.support.simulated import simulated_platforms

HOUR = timezone.now().replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def stream(channel):
    return ChannelStream.objects.create(channel=channel, name="mentions")


@pytest.fixture
def as_dora(brand):
    """An administrator."""
    from monitor.brands.models import Membership, User

    user = User.objects.create_user("dora@example.com", "a long password", name="Dora")
    Membership.objects.create(user=user, brand=brand, role="admin")
    client = Client()
    client.force_login(user)
    return client


def page_of(client, channel, at=""):
    return client.get(f"/b/lumora/channels/{channel.pk}/{at}").content.decode()


def find(channel, *conditions):
    note_conditions(channel_id=channel.pk, conditions=conditions)


# -- Words ---------------------------------------------------------------------------------------


def test_every_condition_has_words_and_every_word_a_condition():
    assert set(ASPECTS) == set(CONDITION_ASPECTS) == set(CONDITION_CODES) and set(STATES) == set(CONDITION_STATES)
    assert set(WORDS) == {(aspect, code) for aspect, codes in CONDITION_CODES.items() for code in codes}
    for (aspect, code), (says, _to_do) in WORDS.items():
        params = dict.fromkeys(CONDITION_CODES[aspect][code], "x")
        assert str(says) % params


def test_what_push_brought_is_a_sentence():
    assert complete_words(Counts(), can_be_pushed=True) == "Nothing has come in the last two weeks."
    assert "only read" in complete_words(Counts(found=3), can_be_pushed=False)
    assert complete_words(Counts(pushed=9), can_be_pushed=True).startswith("Reading has found nothing")
    assert complete_words(Counts(found=4), can_be_pushed=True).startswith("The platform has pushed nothing")
    assert complete_words(Counts(pushed=9, confirmed=9), can_be_pushed=True).startswith("Push brought everything")
    said = complete_words(Counts(pushed=95, confirmed=95, found=5, overtaken=1), can_be_pushed=True)
    assert said == "Push brought 96 % of what reading found; 4 posts came by reading only."


def test_not_everything_is_never_a_hundred_percent():
    assert "99 %" in complete_words(Counts(pushed=9999, confirmed=9999, found=1), can_be_pushed=True)


def test_silence_is_a_sentence():
    assert silence_words(None) == ""
    assert silence_words(Silence(18_000, 15, 1200, False)) == "Quiet for 5 h; usually a post every 20 min at this hour."
    assert silence_words(Silence(18_000, 15, None, False)) == "Quiet for 5 h."
    assert "longer than ever" in silence_words(Silence(18_000, 15, 1200, True))


def test_a_depth_has_its_price(channel):
    assert depth_words(Depth(7, 1, 0)) == "7 days" and "platform" in depth_words(Depth(None, None, 0))
    assert price_words(channel, Depth(7, 120, 0)) == "about 120 posts, free"
    assert price_words(channel, Depth(7, None, 0)) == "free"
    assert price_words(channel, Depth(7, 120, 1_440_000)) == "about 120 posts, about $1.44"
    assert "$2.00 for 100 posts" in price_words(channel, Depth(7, None, None))


# -- The page ------------------------------------------------------------------------------------


def test_each_aspect_says_what_is_wrong_and_what_to_do(as_bob, channel):
    find(
        channel,
        Condition("token", "ok"),
        Condition("scopes", "broken", "permission_missing", {"rights": "pages_messaging"}),
        Condition("quota", "broken", "spent", {"resets_at": "2026-05-01T10:00:00+00:00"}),
    )
    words = page_of(as_bob, channel)
    assert "The login is accepted." in words
    assert "The right pages_messaging is missing." in words and "Connect the channel again and allow it." in words
    assert "New ones come at 1 May 2026 10:00." in words
    listed = as_bob.get("/b/lumora/channels/").content.decode()
    assert "The right pages_messaging is missing." in listed and "The login is accepted." not in listed


def test_a_channel_that_nobody_has_looked_at_says_so(as_bob, channel):
    assert "Not looked at yet." in page_of(as_bob, channel)


def test_the_ledger_is_shown_day_by_day(as_bob, channel, stream):
    ChannelHour.objects.create(channel=channel, stream="webhook", hour=HOUR, pushed=190, overtaken=2)
    ChannelHour.objects.create(channel=channel, stream="mentions", hour=HOUR, slot=3, found=10, confirmed=190, slow=1)
    ChannelHour.objects.create(channel=channel, stream="mentions", hour=HOUR - timedelta(days=30), found=900)
    Channel.objects.update(created_at=HOUR - timedelta(days=40))
    words = page_of(as_bob, channel)
    assert "Push brought 96 % of what reading found; 8 posts came by reading only." in words
    assert words.count("<meter") == 14 and "900" not in words


def test_days_before_the_channel_was_there_are_no_days_without_posts(as_bob, channel, stream):
    ChannelHour.objects.create(channel=channel, stream="mentions", hour=HOUR, found=1)
    assert page_of(as_bob, channel).count("<meter") <= 2


def test_the_list_counts_what_was_pushed(as_bob, channel, stream):
    ChannelHour.objects.create(channel=channel, stream="webhook", hour=HOUR, pushed=19)
    ChannelHour.objects.create(channel=channel, stream="webhook", hour=HOUR - timedelta(days=30), pushed=7)
    assert "19 posts were pushed to us in the last two weeks." in as_bob.get("/b/lumora/channels/").content.decode()


def test_a_feed_without_a_login_is_not_said_to_have_one(as_bob, channel):
    Channel.objects.update(platform="feed", kind="feed", credentials=None)
    find(channel, Condition("token", "ok"))
    assert "It answers; no login is needed." in page_of(as_bob, channel)


def test_a_platform_that_cannot_push_has_no_columns_of_push(as_bob, channel):
    Channel.objects.update(platform="bluesky")
    ChannelHour.objects.create(channel=channel, stream="mentions", hour=HOUR, found=10)
    words = page_of(as_bob, channel)
    assert "Missed by push" not in words and "This channel is only read" in words


def test_a_gap_can_be_read_again_or_says_why_not(as_dora, channel, stream):
    now = timezone.now()
    search = ChannelStream.objects.create(channel=channel, name="search")
    lost = ChannelGap.objects.create(
        stream=search, code="search_horizon", since=now - timedelta(days=20), until=now - timedelta(days=9)
    )
    ChannelGap.objects.create(stream=stream, code="mention_horizon", since=now, until=now)
    near = ChannelGap.objects.create(stream=stream, code="node_unreadable", since=now - timedelta(days=2), until=now)
    words = page_of(as_dora, channel)
    assert "further back than the platform shows" in words and "only the newest posts" in words
    assert f"gaps/{near.pk}/" in words and f"gaps/{lost.pk}/" not in words
    as_dora.post(f"/b/lumora/channels/{channel.pk}/gaps/{near.pk}/")
    reading = Rereading.objects.get()
    assert reading.stream == "mentions" and reading.requested_by.name == "Dora"
    assert timedelta(days=2) < now - reading.since < timedelta(days=2, hours=3)


def test_history_has_a_price_and_is_asked_for(as_dora, channel, stream):
    Channel.objects.update(created_at=timezone.now() - timedelta(days=10))
    ChannelHour.objects.create(channel=channel, stream="mentions", hour=HOUR, found=100)
    words = page_of(as_dora, channel)
    # Ten a day, a week of them, $0.012 each.
    assert "about 70 posts, about $0.84" in words
    as_dora.post(f"/b/lumora/channels/{channel.pk}/read-back/", {"days": "7"})
    assert "Under way" in page_of(as_dora, channel)
    as_dora.post(f"/b/lumora/channels/{channel.pk}/again/{Rereading.objects.get().pk}/stop/")
    assert Rereading.objects.get().state == "stopped"


def test_a_wrong_depth_is_refused_in_words(as_dora, channel, stream):
    answer = as_dora.post(f"/b/lumora/channels/{channel.pk}/read-back/", {"days": "0; drop"}, follow=True)
    assert "This could not be done" in answer.content.decode() and not Rereading.objects.exists()


def test_the_journal_is_replayed_for_a_lead(as_alice, channel, stream):
    as_alice.post(f"/b/lumora/channels/{channel.pk}/replay/", {"hours": "24"})
    assert Rereading.objects.get().source == "journal"
    assert "Our journal" in page_of(as_alice, channel)


@pytest.mark.parametrize(
    ("act", "may_steer"),
    [("look/", True), ("replay/", True), ("subscribe/", False), ("read-back/", False)],
)
def test_who_may_do_what(as_bob, as_alice, as_charlie, channel, stream, act, may_steer):
    address = f"/b/lumora/channels/{channel.pk}/{act}"
    assert as_charlie.post(address).status_code in (403, 404)
    assert as_bob.post(address).status_code == 403
    assert (as_alice.post(address).status_code == 302) is may_steer
    assert as_alice.get(address).status_code in (403, 405)


def test_a_channel_of_another_brand_is_not_there(as_alice, as_charlie, channel, other_brand):
    theirs = Channel.objects.create(brand=other_brand, platform="x", kind="account", external_id="7")
    assert as_alice.get(f"/b/lumora/channels/{theirs.pk}/").status_code == 404
    assert as_charlie.get(f"/b/lumora/channels/{channel.pk}/").status_code in (403, 404)


def test_looking_again_asks_the_platform(as_alice, channel):
    from monitor.brands.sealing import seal

    with simulated_platforms() as simulated:
        context = simulated.context("x")
        Channel.objects.update(
            external_id=context.external_id, api_url=context.api_url, credentials=seal(context.credentials)
        )
        as_alice.post(f"/b/lumora/channels/{channel.pk}/look/")
    assert ChannelCondition.objects.get(aspect="token").state == "ok"


def test_subscribing_needs_a_public_address(as_dora, channel, settings):
    settings.PUBLIC_URL = ""
    answer = as_dora.post(f"/b/lumora/channels/{channel.pk}/subscribe/", follow=True)
    assert "MENTIONDESK_PUBLIC_URL" in answer.content.decode()


def test_the_page_of_a_channel_stands_under_channels_in_the_menu(as_bob, channel):
    assert '/channels/" aria-current="page"' in page_of(as_bob, channel)


def test_a_reading_under_way_is_watched_and_one_that_is_over_is_not(as_dora, channel, stream):
    as_dora.post(f"/b/lumora/channels/{channel.pk}/read-back/", {"days": "7"})
    assert 'hx-select="#again"' in page_of(as_dora, channel)
    Rereading.objects.update(state="done")
    assert 'hx-select="#again"' not in page_of(as_dora, channel)


def test_what_was_looked_at_just_now_says_so(as_bob, channel):
    find(channel, Condition("token", "ok"))
    assert "looked at just now" in page_of(as_bob, channel)
    ChannelCondition.objects.update(looked_at=timezone.now() - timedelta(minutes=7))
    assert "looked at 7 min ago" in page_of(as_bob, channel)


def test_in_a_demo_the_simulated_platform_pushes_to_this_machine(as_dora, channel, brand, settings):
    from monitor.brands.sealing import seal

    settings.PUBLIC_URL = ""
    type(brand).objects.filter(pk=brand.pk).update(is_demo=True)
    with simulated_platforms() as simulated:
        context = simulated.context("x")
        Channel.objects.update(
            external_id=context.external_id, api_url=context.api_url, credentials=seal(context.credentials)
        )
        answer = as_dora.post(f"/b/lumora/channels/{channel.pk}/subscribe/", follow=True).content.decode()
    # It was asked to, at the address that the browser used; nobody listens there in a test.
    assert "MENTIONDESK_PUBLIC_URL" not in answer and "did not agree to push" in answer


# -- Letting go ----------------------------------------------------------------------------------


def test_disconnecting_says_first_what_goes_and_what_stays(as_dora, channel):
    words = page_of(as_dora, channel, "disconnect/")
    assert "Its keys are deleted here." in words and "Its posts, cases and figures stay" in words
    channel.refresh_from_db()
    assert channel.state == "healthy"


def test_a_channel_that_was_let_go_is_not_read_any_more(as_dora, brand, channel, stream):
    from monitor.alerts.models import Alert
    from monitor.audit.models import AuditEvent
    from monitor.brands.sealing import seal
    from monitor.inbox.selectors import due_streams

    # Nobody answers there: what cannot be taken off is said, and stops nothing.
    Channel.objects.update(credentials=seal({"access_token": "t"}), api_url="http://127.0.0.1:9/x")
    assert due_streams(limit=9)
    raise_alert(brand_id=brand.pk, code="channel.quiet", params={}, dedupe_key=f"channel:{channel.pk}:quiet")
    as_dora.post(f"/b/lumora/channels/{channel.pk}/read-back/", {"days": "7"})
    find(channel, Condition("token", "ok"))
    answer = as_dora.post(f"/b/lumora/channels/{channel.pk}/disconnect/now/", follow=True).content.decode()
    assert "Disconnected: the keys are deleted." in answer and "was not told to stop pushing" in answer
    channel.refresh_from_db()
    assert (channel.state, channel.credentials) == ("disconnected", None)
    assert not due_streams(limit=9)
    assert Rereading.objects.get().state == "stopped" and not Alert.objects.filter(closed_at=None).exists()
    assert AuditEvent.objects.filter(act="channel.disconnected").exists()
    words = page_of(as_dora, channel)
    assert "Somebody disconnected it" in words and "The login is accepted." not in words
    assert f"/channels/{channel.pk}/connect/" in words and "Pause" not in words
    assert "Look again" not in words
    answer = as_dora.post(f"/b/lumora/channels/{channel.pk}/look/", follow=True).content.decode()
    assert "Connect it again first." in answer and not channel.conditions.filter(state="broken").exists()


def test_what_was_let_go_is_not_resumed_without_keys_but_connected_again(as_dora, channel, brand):
    from monitor.brands.services import connect_channel, set_channel_state

    as_dora.post(f"/b/lumora/channels/{channel.pk}/disconnect/now/")
    answer = as_dora.post(f"/b/lumora/channels/{channel.pk}/pause/", {"act": "resume"}, follow=True)
    assert "connect the channel again" in answer.content.decode()
    assert not set_channel_state(channel_id=channel.pk, state="needs_reauth", code="auth_expired")
    again = connect_channel(
        brand=brand, platform="x", kind="account", external_id=channel.external_id, credentials={"access_token": "t"}
    )
    assert (again.pk, again.state) == (channel.pk, "healthy")


@pytest.mark.parametrize("act", ["disconnect/now/", "pause/"])
def test_only_administrators_let_go(as_alice, as_charlie, channel, act):
    address = f"/b/lumora/channels/{channel.pk}/{act}"
    assert as_alice.post(address).status_code == 403 and as_charlie.post(address).status_code in (403, 404)
    assert as_alice.get(f"/b/lumora/channels/{channel.pk}/disconnect/").status_code == 403


def test_an_alert_leads_to_its_channel(as_bob, brand, channel):
    raise_alert(
        brand_id=brand.pk,
        code="channel.quiet",
        params={"channel": "Lumora", "channel_id": str(channel.pk), "silence": 18_000, "expected": 15},
    )
    words = as_bob.get("/b/lumora/alerts/").content.decode()
    assert f"/b/lumora/channels/{channel.pk}/" in words
    assert "nothing has come for 5\xa0hours, where about 15 posts are usual in that time" in words


# -- Put aside -----------------------------------------------------------------------------------


def test_all_of_a_reason_are_read_again(as_alice, brand, channel):
    for number in range(3):
        QuarantinedEvent.objects.create(
            brand=brand,
            channel=channel,
            source="mentions",
            reason_code="event.malformed",
            body=b"{}",
            params={"kind": "no_such_kind", "external_id": str(number), "author_ids": [], "why": ""},
        )
    assert "3 ×" in as_alice.get("/b/lumora/put-aside/").content.decode()
    answer = as_alice.post("/b/lumora/put-aside/replay/", {"reason": "event.malformed"}, follow=True)
    assert "3 were understood this time" in answer.content.decode()
    assert not QuarantinedEvent.objects.filter(replayed_at=None).exists()


# -- Learning ------------------------------------------------------------------------------------


def test_the_page_of_a_feed_says_whether_its_posts_may_teach_and_changes_it(as_dora, as_bob, channel):
    Channel.objects.update(platform="feed", kind="feed", external_id="https://news.example/rss", credentials=None)
    assert "Corrections of its posts teach nothing, until" in page_of(as_bob, channel)
    assert "may-teach/" not in page_of(as_bob, channel), "bob may not change it"
    assert as_bob.post(f"/b/lumora/channels/{channel.pk}/may-teach/", {"say": "yes"}).status_code == 403
    told = as_dora.post(f"/b/lumora/channels/{channel.pk}/may-teach/", {"say": "yes"}, follow=True).content.decode()
    assert "Its posts may teach from now on." in told and "Its posts may not teach" in told
    assert Channel.objects.get().may_teach
    as_dora.post(f"/b/lumora/channels/{channel.pk}/may-teach/", {"say": "perhaps"})
    assert Channel.objects.get().may_teach
    as_dora.post(f"/b/lumora/channels/{channel.pk}/may-teach/", {"say": "no"})
    assert not Channel.objects.get().may_teach


def test_the_page_of_a_feed_of_mastodon_offers_no_such_thing(as_dora, channel):
    Channel.objects.update(platform="feed", kind="feed", external_id="https://a.example/@b.rss", credentials=None)
    page = page_of(as_dora, channel)
    assert "it shows posts of Mastodon" in page and "may-teach/" not in page
    told = as_dora.post(f"/b/lumora/channels/{channel.pk}/may-teach/", {"say": "yes"}, follow=True).content.decode()
    assert "whose terms do not allow" in told and not Channel.objects.get().may_teach


def test_other_channels_have_no_section_on_learning(as_dora, channel):
    assert 'id="learning"' not in page_of(as_dora, channel)
    as_dora.post(f"/b/lumora/channels/{channel.pk}/may-teach/", {"say": "yes"})
    assert not Channel.objects.get().may_teach
