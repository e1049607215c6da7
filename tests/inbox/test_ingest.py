"""Storing what platforms tell: once, whole, in its latest version, and nothing that was deleted."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from monitor.brands.models import Channel, ChannelStream, Market
from monitor.inbox.models import Author, Conversation, Customer, Post, PostChange, RawEvent, Sighting, Tombstone
from monitor.inbox.services import StaleLeaseError, UnknownChannelError, ingest, record_own_post
from monitor.inbox.services.stages import claim_posts
from monitor.platforms.base import Attachment, IncomingAuthor, IncomingDeletion, IncomingNotice, RawUpdate
from monitor.platforms.extra import Extra
from tests.inbox.makers import NOON, incoming, raw_of, store

pytestmark = pytest.mark.django_db

EVERYTHING = (Post, Author, Conversation, RawEvent, Sighting, PostChange)


def kinds():
    return list(PostChange.objects.order_by("recorded_at", "id").values_list("kind", flat=True))


def test_it_stores_a_post_with_everything_around_it(channel):
    report = store(channel, incoming(1))
    assert (report.stored, report.updated, report.unchanged) == (1, 0, 0)
    post = Post.objects.get()
    assert report.post_ids == (post.pk,)
    assert (post.text, post.stage, post.version) == ("Where is my parcel?", "received", 1)
    assert (post.author.handle, post.author.followers, post.platform_id) == ("person1", 10, "p1")
    assert post.conversation.first_post_at == post.conversation.last_inbound_at == post.created_at
    assert post.conversation.last_own_at is None
    assert [model.objects.count() for model in EVERYTHING] == [1] * 6
    assert kinds() == ["stored"]


def test_it_stores_the_same_page_once_however_often_it_comes(channel):
    page = [incoming(number) for number in range(20)]
    store(channel, *page)
    report = store(channel, *reversed(page))
    assert (report.stored, report.updated, report.unchanged, report.post_ids) == (0, 0, 20, ())
    assert [model.objects.count() for model in EVERYTHING] == [20] * 6


def test_the_same_post_twice_in_one_page_is_one_post(channel):
    report = store(channel, incoming(1), incoming(1), incoming(1, mentions_us=True))
    assert report.stored == 1
    assert Post.objects.get().mentions_us


def test_it_asks_the_database_as_often_for_a_thousand_posts_as_for_ten(channel, django_assert_max_num_queries):
    ChannelStream.objects.create(channel=channel, name="mentions")
    store(channel, incoming(0))
    with django_assert_max_num_queries(14) as few:
        store(channel, *[incoming(number) for number in range(1, 11)], cursor={"at": 1})
    with django_assert_max_num_queries(14) as many:
        store(channel, *[incoming(number) for number in range(100, 1100)], cursor={"at": 2})
    assert len(many) == len(few)
    assert Post.objects.count() == 1011


def test_an_edit_bumps_the_version_and_sends_the_post_back_to_the_start(channel):
    store(channel, incoming(1))
    post_id = Post.objects.get().pk
    claim_posts(stage="received", limit=5)
    Post.objects.update(stage="triaged", stage_tries=2)
    edit = incoming(1, "Found it, thanks!", version=2, edited_at=NOON, platform_id="p1b")
    report = store(channel, edit, how="webhook")
    assert (report.updated, report.post_ids) == (1, (post_id,))
    post = Post.objects.get()
    assert (post.text, post.version, post.stage, post.stage_tries, post.lease_until) == (
        "Found it, thanks!", 2, "received", 0, None,
    )  # fmt: skip
    assert (post.platform_id, post.edited_at) == ("p1b", NOON)
    assert kinds() == ["stored", "edited"]


def test_what_is_told_beyond_the_words_is_stored_with_the_post(channel):
    told = Extra(ad_id="120200000000001", stars=2, recommends=False, app_version="4.1.2", device="Pixel 9 \ud800\x00")
    store(channel, incoming(1, extra=told), incoming(2))
    assert Post.objects.get(external_id="p1").extra == {
        "ad_id": "120200000000001", "stars": 2, "recommends": False, "app_version": "4.1.2", "device": "Pixel 9 \ufffd",
    }  # fmt: skip
    assert Post.objects.get(external_id="p2").extra == {}
    assert store(channel, incoming(1, extra=told), incoming(2)).unchanged == 2


def test_other_stars_of_an_edit_count_and_what_only_the_first_look_told_stays(channel):
    store(channel, incoming(1, extra=Extra(ad_id="7", stars=1)))
    report = store(channel, incoming(1, extra=Extra(stars=4), edited_at=NOON), how="webhook")
    post = Post.objects.get()
    assert (report.updated, post.extra, post.version, post.text) == (
        1, {"ad_id": "7", "stars": 4}, 2, "Where is my parcel?",
    )  # fmt: skip
    # The first look comes again, late: nothing is taken back, and it is no edit.
    assert store(channel, incoming(1, extra=Extra(ad_id="7", stars=1)), how="webhook").unchanged == 1
    store(channel, incoming(1, "Found it", edited_at=NOON + timedelta(hours=1)))
    post.refresh_from_db()
    assert (post.text, post.extra, post.version) == ("Found it", {"ad_id": "7", "stars": 4}, 3)


def test_the_ad_that_a_later_look_names_is_added_without_an_edit(channel):
    store(channel, incoming(1))
    post = Post.objects.get()
    Post.objects.update(stage="triaged")
    assert store(channel, incoming(1, extra=Extra(ad_id="7")), how="poll").updated == 1
    # Seen under another ad as well: it stays the comment on the first one, and no look changes it to and fro.
    assert store(channel, incoming(1, extra=Extra(ad_id="8"))).unchanged == 1
    post.refresh_from_db()
    assert (post.extra, post.version, post.stage) == ({"ad_id": "7"}, 1, "triaged")
    assert kinds() == ["stored", "merged"]


def test_two_looks_in_one_page_tell_together(channel):
    store(channel, incoming(1, extra=Extra(ad_id="7", stars=1)), incoming(1, version=2, extra=Extra(stars=5)))
    assert Post.objects.get().extra == {"ad_id": "7", "stars": 5}


def test_a_deletion_takes_what_was_told_beyond_the_words(channel):
    store(channel, incoming(1, extra=Extra(stars=1, device="Pixel 9")))
    store(channel, IncomingDeletion("x", "p1"))
    store(channel, incoming(1, extra=Extra(stars=1, device="Pixel 9")))
    assert Post.objects.get().extra == {}
    assert not RawEvent.objects.exclude(body=b"").exists()


def test_a_late_older_version_changes_nothing(channel):
    store(channel, incoming(1, "third", version=3, edited_at=NOON + timedelta(hours=2)))
    for older in (
        incoming(1, "first"),
        incoming(1, "second", version=2, edited_at=NOON + timedelta(hours=1)),
    ):
        report = store(channel, older)
        assert (report.updated, report.unchanged) == (0, 1)
    assert (Post.objects.get().text, Post.objects.get().version) == ("third", 1)


def test_a_new_version_with_the_same_words_is_no_edit(channel):
    store(channel, incoming(1))
    Post.objects.update(stage="triaged")
    report = store(channel, incoming(1, version=2, platform_id="p1b"))
    post = Post.objects.get()
    assert (report.updated, post.version, post.stage, post.platform_id) == (1, 1, "triaged", "p1b")
    assert kinds() == ["stored", "merged"]


def test_a_text_that_was_cut_off_is_completed_and_never_cut_again(channel):
    whole = "I have waited for three weeks and nobody of your team answers my messages"
    for text in ("I have waited for three…", whole, "I have waited for three…"):
        store(channel, incoming(1, text), how="webhook")
    assert Post.objects.get().text == whole


def test_a_poll_is_believed_where_the_platform_numbers_no_versions(channel):
    store(channel, incoming(1, "Where is it?"), how="webhook")
    store(channel, incoming(1, "Here it is."), how="webhook")
    assert Post.objects.get().text == "Where is it?"
    store(channel, incoming(1, "Here it is."), how="poll")
    assert (Post.objects.get().text, Post.objects.get().version) == ("Here it is.", 2)


def test_poll_and_webhook_of_one_post_are_one_post_with_two_sightings(channel):
    store(channel, incoming(1), how="webhook")
    store(channel, incoming(1), how="poll")
    store(channel, incoming(1), how="poll")
    assert Post.objects.count() == RawEvent.objects.count() == 1
    assert sorted(Sighting.objects.values_list("how", flat=True)) == ["poll", "webhook"]


def test_a_second_channel_that_sees_a_post_is_noted(channel):
    search = Channel.objects.create(brand=channel.brand, platform="x", kind="search", external_id="s1")
    store(channel, incoming(1))
    report = store(search, incoming(1, mentions_us=True))
    assert (report.stored, report.updated) == (0, 1)
    assert Post.objects.get().channel == channel
    assert set(Sighting.objects.values_list("channel_id", flat=True)) == {channel.pk, search.pk}


def test_two_brands_keep_their_own_copy(channel, other_brand):
    other = Channel.objects.create(brand=other_brand, platform="x", kind="account", external_id="200")
    store(channel, incoming(1))
    store(other, incoming(1))
    assert set(Post.objects.values_list("brand_id", flat=True)) == {channel.brand_id, other_brand.pk}


def test_a_deletion_leaves_a_skeleton_that_counts(channel):
    store(
        channel, incoming(1, attachments=(Attachment("photo", "https://x.example/1.jpg"),), url="https://x.example/1")
    )
    report = store(channel, IncomingDeletion("x", "p1", reason="withheld"))
    assert report.deleted == 1
    post = Post.objects.get()
    assert (post.text, post.url, post.attachments, post.author, post.platform_id) == ("", "", [], None, "")
    assert "p1" not in post.external_id
    assert (post.deletion_reason, post.stage) == ("withheld", "triaged")
    assert post.created_at == incoming(1).created_at
    assert post.deleted_at is not None
    journal = RawEvent.objects.get()
    assert (bytes(journal.body), journal.external_id, journal.author_ids) == (b"", "", [])
    assert kinds() == ["stored", "deleted"]


@pytest.mark.parametrize("how", ["poll", "webhook", "replay"])
def test_a_deletion_wins_over_whatever_comes_later(channel, how):
    store(channel, IncomingDeletion("x", "p1"))
    report = store(channel, incoming(1), incoming(2), how=how)
    assert (report.stored, report.refused) == (1, 1)
    assert list(Post.objects.values_list("external_id", flat=True)) == ["p2"]
    assert list(RawEvent.objects.values_list("external_id", flat=True)) == ["p2"]


def test_a_deletion_in_the_same_page_wins(channel):
    report = store(channel, incoming(1), IncomingDeletion("x", "p1"), incoming(1))
    assert (report.stored, report.refused) == (0, 1)
    assert not Post.objects.exists()


def test_a_tombstone_says_nothing_of_what_it_stands_for(channel):
    store(channel, IncomingDeletion("x", "p1"))
    key = bytes(Tombstone.objects.get().key_hash)
    assert len(key) == 32
    assert b"p1" not in key


def test_a_second_deletion_changes_nothing(channel):
    store(channel, incoming(1))
    store(channel, IncomingDeletion("x", "p1"))
    before = Post.objects.values().get()
    assert store(channel, IncomingDeletion("x", "p1")).deleted == 0
    assert Post.objects.values().get() == before


def test_an_own_post_skips_the_analysis(channel):
    store(channel, incoming(1), incoming(2, is_own=True, own_by="native_app", conversation_id="c1"))
    own = Post.objects.get(is_own=True)
    assert (own.stage, own.own_by) == ("analyzed", "native_app")
    thread = own.conversation
    assert (thread.last_own_at, thread.last_inbound_at) == (NOON + timedelta(seconds=2), NOON + timedelta(seconds=1))


@pytest.mark.parametrize("echo_comes_first", [True, False])
def test_our_reply_and_its_echo_are_one_post_that_is_ours(channel, echo_comes_first):
    store(channel, incoming(1, form="direct_message", is_public=False))
    brand_author = IncomingAuthor("100", handle="lumora")
    echo = incoming(
        9, "We are on it.", form="direct_message", is_public=False, author=brand_author, conversation_id="c1",
        is_own=True, own_by="other_tool",
    )  # fmt: skip

    def send():
        return record_own_post(
            channel=channel, external_id="p9", text="We are on it.", form="direct_message", conversation_id="c1",
            in_reply_to="p1", is_public=False, created_at=NOON,
        )  # fmt: skip

    if echo_comes_first:
        store(channel, echo, how="webhook")
        post_id = send()
    else:
        post_id = send()
        store(channel, echo, how="webhook")
    own = Post.objects.get(is_own=True)
    assert (own.pk, own.own_by, own.stage, own.in_reply_to) == (post_id, "us", "analyzed", "p1")
    assert own.conversation == Post.objects.get(is_own=False).conversation
    assert own.conversation.last_own_at is not None


def test_an_echo_that_was_taken_for_a_customers_post_becomes_ours(channel):
    store(channel, incoming(1))
    store(channel, incoming(1, is_own=True, own_by="native_app"))
    post = Post.objects.get()
    assert (post.is_own, post.stage) == (True, "analyzed")


def test_the_author_follows_the_profile(channel):
    store(channel, incoming(1))
    renamed = IncomingAuthor("a1", handle="mia_b", name="", followers=99)
    store(channel, incoming(5, author=renamed))
    author = Author.objects.get()
    assert (author.handle, author.name, author.followers) == ("mia_b", "Person 1", 99)


def test_a_post_without_an_author_is_stored(channel):
    store(channel, incoming(1, author=IncomingAuthor("")))
    assert Post.objects.get().author is None
    store(channel, incoming(1))
    assert Post.objects.get().author is not None


def test_conversation_times_are_the_extremes_in_any_order(channel):
    posts = [incoming(number, conversation_id="c") for number in (5, 1, 9, 3)]
    for post in posts:
        store(channel, post)
    thread = Conversation.objects.get()
    assert (thread.first_post_at, thread.last_post_at) == (NOON + timedelta(seconds=1), NOON + timedelta(seconds=9))


def test_hostile_text_is_stored_exactly_but_for_what_the_database_refuses(channel):
    text = "a\x00b \ud83d \u202e‮ <script>alert(1)</script> e\u0301 👨‍👩‍👧 'quote' \\x00 \t\n%s {}"
    store(
        channel,
        incoming(1, text, url="\x00https://x.example", place="\ud800", author=IncomingAuthor("a\x001", name="\udfffX")),
        raw=[RawUpdate("post", "p1", {"text": text, "nan": float("nan"), "deep": {"\x00": ["\ud83d"]}}, ("a\x001",))],
    )
    post = Post.objects.get()
    assert post.text == text.replace("\x00", "").replace("\ud83d", "\ufffd")
    assert post.author.external_id == "a1"
    assert b"\\ud83d" in bytes(RawEvent.objects.get().body)


def test_fields_that_are_too_long_are_cut_and_ids_stay_apart(channel):
    long = "x" * 5000
    store(
        channel,
        incoming(1, long, external_id=long + "1", url="https://" + long, place=long, language_hint=long),
        incoming(2, long, external_id=long + "2", author=IncomingAuthor(long, handle=long, name=long)),
        raw=[],
    )
    assert Post.objects.count() == 2
    store(channel, incoming(1, long, external_id=long + "1"), raw=[])
    assert Post.objects.count() == 2


def test_it_refuses_a_channel_of_another_brand(channel, other_brand):
    with pytest.raises(UnknownChannelError):
        ingest(brand_id=other_brand.pk, channel_id=channel.pk, stream="m", how="poll", events=[incoming(1)])
    with pytest.raises(ValueError, match="pigeon"):
        store(channel, incoming(1), how="pigeon")


def test_the_cursor_moves_with_what_it_passed_or_not_at_all(channel):
    stream = ChannelStream.objects.create(channel=channel, name="mentions", cursor={"since": 1})

    def fail():
        raise RuntimeError("the power goes off before the commit")

    with pytest.raises(RuntimeError):
        store(channel, incoming(1), cursor={"since": 2}, alongside=fail)
    stream.refresh_from_db()
    assert stream.cursor == {"since": 1}
    assert not any(model.objects.exists() for model in EVERYTHING)
    store(channel, incoming(1), cursor={"since": 2})
    stream.refresh_from_db()
    assert (stream.cursor, stream.posts_found) == ({"since": 2}, 1)
    assert stream.last_post_at is not None


def test_a_worker_that_lost_its_lease_stores_nothing(channel):
    ChannelStream.objects.create(channel=channel, name="mentions", lease_until=NOON)
    with pytest.raises(StaleLeaseError):
        store(channel, incoming(1), cursor={"at": 2}, lease_until=NOON - timedelta(minutes=5))
    assert not Post.objects.exists()


def test_notices_are_counted_and_unknown_updates_journalled(channel):
    report = store(channel, IncomingNotice("event_ignored"), raw=[RawUpdate("odd", "", {"what": "ever"})])
    assert (report.notices, report.stored) == (1, 0)
    assert RawEvent.objects.get().kind == "odd"


def test_history_is_told_from_what_happens_now(channel):
    store(channel, incoming(1), incoming(100), incoming(3, created_at=None), live_since=NOON + timedelta(seconds=50))
    arrivals = dict(Post.objects.values_list("external_id", "arrival"))
    assert arrivals == {"p1": "backfill", "p100": "live", "p3": "live"}


def test_an_imported_post_that_a_channel_sees_can_be_answered_from_then_on(channel):
    files = Channel.objects.create(brand=channel.brand, platform="x", kind="import", external_id="files")
    store(files, incoming(1), how="import", arrival="import")
    store(channel, incoming(1))
    post = Post.objects.get()
    assert (post.arrival, post.channel) == ("live", channel)


class TestMarkets:
    @pytest.fixture
    def markets(self, brand):
        brand.language_markets = {"de": "DE", "pt-BR": "BR", "xx": "nowhere"}
        brand.save()
        return {
            code: Market.objects.create(brand=brand, code=code, name=name)
            for code, name in (("DE", "Germany"), ("BR", "Brazil"), ("FR", "France"))
        }

    @pytest.mark.parametrize(
        ("place", "language", "expected"),
        [
            ("", "en", (None, "unknown")),
            ("", "de", ("DE", "language")),
            ("", "de-AT", ("DE", "language")),
            ("", "pt-br", ("BR", "language")),
            ("", "pt", (None, "unknown")),
            ("Lyon, France", "de", ("FR", "place")),
            ("brazil", "", ("BR", "place")),
            ("Atlantis", "de", ("DE", "language")),
            ("", "xx", (None, "unknown")),
        ],
    )
    def test_place_comes_before_language_and_nothing_is_guessed(self, channel, markets, place, language, expected):
        store(channel, incoming(1, place=place, language_hint=language))
        post = Post.objects.get()
        assert (post.market.code if post.market else None, post.market_source) == expected

    def test_the_channels_market_comes_before_the_place(self, channel, markets):
        channel.market = markets["BR"]
        channel.save()
        store(channel, incoming(1, place="France", language_hint="de"))
        assert (Post.objects.get().market, Post.objects.get().market_source) == (markets["BR"], "channel")

    def test_the_customers_record_comes_first(self, channel, markets):
        channel.market = markets["BR"]
        channel.save()
        customer = Customer.objects.create(brand=channel.brand, name="Mia", market=markets["FR"])
        Author.objects.create(brand=channel.brand, platform="x", external_id="a1", customer=customer)
        store(channel, incoming(1))
        assert (Post.objects.get().market, Post.objects.get().market_source) == (markets["FR"], "customer")


@pytest.mark.parametrize("word", ["STOP", "Stopp!", "停止", "stop.", " Stop 🛑 ", "退订", "ARRÊT", "Please stop"])
def test_a_direct_message_that_says_stop_opts_out_at_once(channel, word):
    store(channel, incoming(1, word, form="direct_message", is_public=False))
    assert Author.objects.get().is_opted_out


def test_only_a_bare_stop_in_a_direct_message_opts_out(channel):
    store(channel, incoming(1, "stop sending me the wrong size!", form="direct_message", is_public=False))
    store(channel, incoming(2, "STOP"))
    store(channel, incoming(3, "STOP", form="direct_message", is_own=True))
    assert not Author.objects.filter(is_opted_out=True).exists()


def test_the_last_word_on_silence_counts(channel):
    message = incoming(1, "STOP", form="direct_message", is_public=False)
    store(channel, message)
    later = replace(message, external_id="p2", text="START", created_at=NOON + timedelta(days=1))
    store(channel, later)
    assert not Author.objects.get().is_opted_out
    store(channel, replace(later, external_id="p3", text="hello again", created_at=NOON + timedelta(days=2)))
    assert not Author.objects.get().is_opted_out


def test_a_changed_update_is_journalled_beside_the_first(channel):
    post = incoming(1)
    store(channel, post)
    store(channel, post, raw=[RawUpdate("post", "p1", {"id": "p1", "likes": 4}, ("a1",))])
    store(channel, post, raw=[raw_of(post)])
    assert RawEvent.objects.count() == 2


def test_several_ingests_fit_into_one_transaction_of_the_caller(channel):
    assert connection.in_atomic_block
    for number in range(3):
        assert store(channel, incoming(number)).stored == 1
    assert Post.objects.count() == 3
