"""The connector against the simulated forum and the simulated app store, over HTTP."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.platforms.base import Batch, IncomingDeletion
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import (
    AuthExpiredError,
    MalformedPayloadError,
    PlatformError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from monitor.platforms.extra import Extra
from monitor.platforms.feed.client import translate
from monitor.platforms.feed.connector import FeedConnector, words_wanted
from monitor.platforms.registry import get_platform
from monitor.simulators.feed_facts import FORUM_FEED
from tests.support.simulated import Simulated, collect_all, posts_of, without_secret

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def collect(simulated: Simulated, cursor: Any = None, *, kind: str = "forum", **changes: Any) -> Batch:
    context = replace(simulated.context("feed", kind), **changes)
    return FeedConnector(context, NullBudget(), now=simulated.world.now).collect("entries", cursor or {})


def texts(simulated: Simulated, batch: Batch, kind: str = "forum") -> list[str]:
    return [post.text for post in posts_of(simulated, "feed", batch, kind)]


def test_a_feed_that_has_not_changed_is_not_sent_again(simulated: Simulated) -> None:
    simulated.person_says("feed", "Where is my parcel?")
    first = collect(simulated)
    assert texts(simulated, first) == ["Where is my parcel?"]
    assert first.cursor["etag"] and first.cursor["modified"]
    again = collect(simulated, first.cursor)
    assert again.updates == () and again.cursor["etag"] == first.cursor["etag"]
    simulated.person_says("feed", "And mine?")
    assert texts(simulated, collect(simulated, again.cursor)) == ["And mine?"]


def test_without_validators_only_what_is_new_is_handed_on(simulated: Simulated) -> None:
    simulated.person_says("feed", "one")
    cursor = {**collect(simulated).cursor, "etag": "", "modified": ""}
    simulated.person_says("feed", "two")
    assert texts(simulated, collect(simulated, cursor)) == ["two"]


def test_changed_words_are_an_edit_of_the_same_post(simulated: Simulated) -> None:
    entry = simulated.person_says("feed", "Where is my parcel?")
    first = collect(simulated)
    simulated.world.edit(entry.identifier, "Found it. Thank you!")
    batch = collect(simulated, first.cursor)
    [post] = posts_of(simulated, "feed", batch, "forum")
    assert (post.external_id, post.text) == (entry.identifier, "Found it. Thank you!")
    assert post.edited_at is not None and post.created_at == entry.created_at.replace(microsecond=0)
    assert collect(simulated, batch.cursor).updates == ()


def test_a_topic_that_only_moves_up_has_not_been_edited(simulated: Simulated) -> None:
    root = simulated.person_says("feed", "Where is my parcel?")
    cursor = collect(simulated).cursor
    simulated.world.shift_clock(60)
    simulated.person_says("feed", "Mine came.", handle="tom", parent_id=root.identifier)
    [post] = posts_of(simulated, "feed", collect(simulated, cursor), "forum")
    assert (post.text, post.form) == ("Mine came.", "comment")
    assert post.in_reply_to == post.conversation_id == root.identifier


def test_a_tombstone_is_a_deletion_told_once(simulated: Simulated) -> None:
    entry = simulated.person_says("feed", "I regret this")
    cursor = collect(simulated).cursor
    simulated.world.delete(entry.identifier)
    batch = collect(simulated, cursor)
    context = simulated.context("feed")
    [event] = [each for update in batch.updates for each in get_platform("feed").normalize(update, context)]
    assert isinstance(event, IncomingDeletion) and event.external_id == entry.identifier
    simulated.person_says("feed", "something else")
    assert [update.kind for update in collect(simulated, batch.cursor).updates] == ["entry"]


def test_older_pages_are_read_to_what_is_known_also_after_a_death(simulated: Simulated) -> None:
    said = []
    for number in range(75):
        at = simulated.world.now() - timedelta(minutes=200 - number)
        said.append(simulated.person_says("feed", f"post {number}", at=at).text)
    first = collect(simulated)
    assert first.has_more and len(first.updates) == 30
    # A worker dies after the second page was read and before it was stored: it is read again.
    collect(simulated, json.loads(json.dumps(first.cursor)))
    posts, cursor = collect_all(simulated, "feed", "entries", first.cursor, kind="forum")
    assert sorted(texts(simulated, first) + [post.text for post in posts]) == sorted(said)
    more = [simulated.person_says("feed", f"late {number}").text for number in range(40)]
    posts, cursor = collect_all(simulated, "feed", "entries", cursor, kind="forum")
    assert sorted(post.text for post in posts) == sorted(more)
    assert collect(simulated, cursor).updates == ()


def test_what_scrolled_out_between_two_readings_is_a_gap(simulated: Simulated) -> None:
    for number in range(12):
        simulated.person_says("feed", f"early {number}")
    cursor = collect(simulated).cursor
    simulated.world.shift_clock(86_400)
    for number in range(700):
        simulated.person_says("feed", f"late {number}")
    gaps = []
    for _page in range(15):
        batch = collect(simulated, cursor)
        cursor, gaps = batch.cursor, [*gaps, *batch.gaps]
        if not batch.has_more:
            break
    [gap] = gaps
    assert gap.code == "feed_horizon" and gap.since is not None and gap.until is not None and gap.since < gap.until


def test_a_page_that_is_gone_ends_the_reading_with_a_gap_and_no_failure(simulated: Simulated) -> None:
    simulated.person_says("feed", "early")
    cursor = collect(simulated).cursor
    simulated.world.shift_clock(60)
    for number in range(40):
        simulated.person_says("feed", f"late {number}")
    first = collect(simulated, cursor)
    assert first.has_more
    simulated.add_fault("status", status=404)
    second = collect(simulated, first.cursor)
    assert not second.has_more and [gap.code for gap in second.gaps] == ["feed_horizon"]


def test_reviews_have_stars_and_ids_of_their_own_feed(simulated: Simulated) -> None:
    entry = simulated.person_says("feed", "It closes whenever I pay.", rating=1)
    [post] = posts_of(simulated, "feed", collect(simulated, kind="reviews"), "reviews")
    assert (post.external_id, post.form) == (entry.identifier, "review")
    assert post.extra == Extra(stars=1, app_version="3.2.0")
    assert post.mentions_us and post.url.startswith("https://apps.example/us/review?")


def test_our_own_posts_are_own(simulated: Simulated) -> None:
    simulated.world.publish("feed", simulated.world.brands["feed"], "We are sorry!")
    [post] = posts_of(simulated, "feed", collect(simulated), "forum")
    assert post.is_own and not post.mentions_us and post.own_by == "native_app"


def test_a_feed_is_sifted_for_words(simulated: Simulated) -> None:
    for text in ("Lumora is late", "Nothing of interest", "The LUMORA  Care line", "illumorate"):
        simulated.person_says("feed", text)
    found = texts(simulated, collect(simulated, query='"lumora care", lumora'))
    assert sorted(found) == ["Lumora is late", "The LUMORA Care line"]


@pytest.mark.parametrize(
    ("query", "text", "is_found"),
    [
        ("lumora", "say lumora!", True),
        ("lumora", "lumoras", False),
        ("ルモラ", "このルモラは遅い", True),
        ("a.b", "axb", False),
        (" , ,", "x", None),
    ],
)
def test_words_are_found_as_words(query: str, text: str, is_found: bool | None) -> None:
    pattern = words_wanted(query)
    assert (None if pattern is None else pattern.search(text) is not None) is is_found


def moved(simulated: Simulated, status: int, location: str, times: int = 1) -> None:
    simulated.add_fault("status", status=status, headers={"location": location}, body="", times=times)


def test_a_permanent_move_within_the_site_is_followed_and_told_once(simulated: Simulated) -> None:
    simulated.person_says("feed", "hello")
    moved(simulated, 301, FORUM_FEED + "?page=1&key=secret")
    batch = collect(simulated)
    notices = [update for update in batch.updates if update.kind == "notice"]
    [event] = get_platform("feed").normalize(notices[0], simulated.context("feed"))
    assert (event.code, event.params) == ("address_changed", {"to": FORUM_FEED})  # type: ignore[union-attr]
    assert texts(simulated, batch) == ["hello"]
    moved(simulated, 301, FORUM_FEED + "?page=1&key=secret")
    assert [update for update in collect(simulated, batch.cursor).updates if update.kind == "notice"] == []


def test_a_temporary_move_within_the_site_is_followed_in_silence(simulated: Simulated) -> None:
    simulated.person_says("feed", "hello")
    moved(simulated, 302, "/latest.atom?page=1")
    assert [update.kind for update in collect(simulated).updates] == ["entry"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere.example/feed?key=secret",
        "http://forum.lumora.example/latest.atom",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "https://forum.lumora.example:8443/latest.atom",
    ],
)
def test_a_move_to_another_site_is_told_and_not_followed(simulated: Simulated, status: int, location: str) -> None:
    moved(simulated, status, location)
    with pytest.raises(RejectedError) as caught:
        collect(simulated)
    assert caught.value.code == "moved" and "secret" not in caught.value.message
    assert len(simulated.world.calls) == 0, "the script answered, and nobody was called after it"


@pytest.mark.parametrize(
    "location", ["", "file:///etc/passwd", "https://a:b@forum.lumora.example/", "https://[::1/", "//"]
)
def test_a_move_to_what_is_no_address_is_refused(simulated: Simulated, location: str) -> None:
    moved(simulated, 301, location, times=9)
    with pytest.raises(RejectedError):
        collect(simulated)


@pytest.mark.parametrize(
    ("status", "headers", "kind", "code"),
    [
        (401, {}, RejectedError, "permission_missing"),
        (403, {}, RejectedError, "permission_missing"),
        (404, {}, RejectedError, "no_feed"),
        (410, {}, RejectedError, "retired"),
        (451, {}, RejectedError, "policy_block"),
        (418, {}, RejectedError, "bad_request"),
        (429, {}, RateLimitedError, ""),
        (503, {"retry-after": "60"}, RateLimitedError, ""),
        (503, {}, UnavailableError, ""),
        (500, {}, UnavailableError, ""),
        (408, {}, UnavailableError, ""),
        (204, {}, MalformedPayloadError, ""),
    ],
)
def test_every_answer_has_its_place_in_the_tree(
    status: int, headers: dict[str, str], kind: type[PlatformError], code: str
) -> None:
    error = translate(status, headers, has_login=False, now=NOW)
    assert type(error) is kind and getattr(error, "code", "") == code


def test_a_login_that_no_longer_does_is_told_apart_from_a_login_that_is_missing(simulated: Simulated) -> None:
    assert isinstance(translate(401, {}, has_login=True, now=NOW), AuthExpiredError)
    simulated.world.is_revoked = True
    with pytest.raises(AuthExpiredError):
        collect(simulated)
    with pytest.raises(RejectedError):
        collect(simulated, credentials={})


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("120", NOW + timedelta(seconds=120)),
        ("Wed, 25 Nov 2026 12:05:00 GMT", NOW + timedelta(minutes=5)),
        ("999999999", NOW + timedelta(days=1)),
        ("Wed, 25 Nov 2020 12:05:00 GMT", None),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_the_time_to_come_back_is_read(text: str, moment: datetime | None) -> None:
    error = translate(429, {"retry-after": text}, has_login=False, now=NOW)
    assert isinstance(error, RateLimitedError) and error.retry_at == moment


def test_a_used_up_limit_says_when_to_come_back(simulated: Simulated) -> None:
    for _call in range(120):
        collect(simulated)
    with pytest.raises(RateLimitedError) as caught:
        collect(simulated)
    assert caught.value.retry_at is not None and caught.value.retry_at > simulated.world.now()


def test_the_publisher_s_limit_reaches_the_budget(simulated: Simulated) -> None:
    learnt: list[Any] = []

    class Noting(NullBudget):
        def learn(self, endpoint: str, **told: Any) -> None:
            learnt.append((endpoint, told["remaining"], told["limit"], told["resets_at"] > simulated.world.now()))

    simulated.connect("feed", "forum", budget=Noting()).collect("entries", {})
    assert learnt == [("feed", 119, 120, True)]


def test_a_huge_feed_is_refused_before_it_is_read(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    simulated.person_says("feed", "x" * 60_000)
    monkeypatch.setattr("monitor.platforms.feed.client.MOST_BYTES", 50_000)
    with pytest.raises(MalformedPayloadError, match="larger"):
        collect(simulated)


def test_fifty_megabytes_are_not_taken_in(simulated: Simulated) -> None:
    simulated.add_fault("status", status=200, body="x" * (50 * 1024 * 1024))
    with pytest.raises(MalformedPayloadError, match="larger than 8 MiB"):
        collect(simulated)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://127.0.0.1:8900/feed", "not_public"),
        ("http://localhost/feed", "not_public"),
        ("http://[::1]/feed", "not_public"),
        ("http://169.254.169.254/latest/meta-data", "not_public"),
        ("https://10.0.0.1/feed", "not_public"),
        ("file:///etc/passwd", "bad_request"),
        ("gopher://a.example/", "bad_request"),
        ("https://user:secret@a.example/", "bad_request"),
        ("https://a.example:port/", "bad_request"),
        ("https:///feed", "bad_request"),
        ("feed", "bad_request"),
        ("https://a.example/\r\nX: y", "bad_request"),
        ("", "bad_request"),
    ],
)
def test_only_public_web_addresses_are_called(simulated: Simulated, address: str, code: str) -> None:
    with pytest.raises(RejectedError) as caught:
        collect(simulated, api_url="", external_id=address, credentials={})
    assert caught.value.code == code and "secret" not in caught.value.message


def test_a_password_goes_over_https_only(simulated: Simulated) -> None:
    with pytest.raises(RejectedError, match="https only"):
        collect(simulated, external_id=FORUM_FEED.replace("https", "http"))
    assert simulated.world.calls == []


def test_a_wrong_password_is_a_dead_login(simulated: Simulated) -> None:
    context = without_secret(simulated.context("feed"), password="wrong")
    with pytest.raises(AuthExpiredError):
        FeedConnector(context, NullBudget(), now=simulated.world.now).check()


def test_a_healthy_feed_has_nothing_to_tell_and_a_moved_one_has(simulated: Simulated) -> None:
    assert simulated.connect("feed").check() == []
    moved(simulated, 308, "/latest.atom?page=1")
    [notice] = simulated.connect("feed").check()
    assert notice.code == "address_changed"


def test_nothing_changed_does_not_move_what_is_known(simulated: Simulated) -> None:
    simulated.person_says("feed", "one")
    cursor = collect(simulated).cursor
    simulated.add_fault("status", status=304, body="")
    assert collect(simulated, cursor).cursor["seen"] == cursor["seen"]
