"""From the platform to the database and the case: once, whole, in any order, and gone when it is gone."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from monitor.brands.models import ChannelStream
from monitor.cases.models import Case
from monitor.inbox.models import Post, QuarantinedEvent, RawEvent
from monitor.inbox.services import collecting, receive_updates
from monitor.platforms.base import IncomingDeletion, RawUpdate
from monitor.platforms.registry import get_platform
from tests.platforms.contract.rules import rule
from tests.platforms.contract.scene import Scene
from tests.platforms.contract.test_reading import EXACT

QUESTION = "Where is my parcel? It has been three weeks and nobody answers me."


def theirs(**more: Any) -> list[Post]:
    return list(Post.objects.filter(is_own=False, **more).order_by("pk"))


@rule(1)
@pytest.mark.django_db
@pytest.mark.usefixtures("small_pages")
def test_a_worker_killed_before_it_commits_loses_and_repeats_nothing(
    scene: Scene, brand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = scene.open_channel(brand)
    for number in range(12):
        scene.says(f"{number}", handle=f"person{number}")

    real, pages = collecting._note_beside, []

    def die_on_the_second_page(*arguments: Any) -> None:
        pages.append(1)
        if len(pages) == 2:
            raise KeyboardInterrupt
        real(*arguments)

    monkeypatch.setattr(collecting, "_note_beside", die_on_the_second_page)
    with pytest.raises(KeyboardInterrupt):
        scene.collect(channel, scene.stream)
    monkeypatch.setattr(collecting, "_note_beside", real)
    before = len(theirs())
    ChannelStream.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    scene.collect(channel, scene.stream)
    assert before < len(theirs()) == 12
    assert sorted(scene.bare(post.text) for post in theirs()) == sorted(f"{number}" for number in range(12))


@rule(4)
@pytest.mark.django_db
@pytest.mark.usefixtures("small_pages")
def test_what_is_left_after_a_number_of_pages_is_read_by_the_next_worker(scene: Scene, brand: Any) -> None:
    channel = scene.open_channel(brand)
    for number in range(13):
        scene.says(f"{number}", handle=f"person{number}")
    for _round in range(8):
        collecting.collect_channel(channel_id=channel.pk, stream=scene.stream, max_pages=2)
    assert len(theirs()) == 13


@rule(3)
@pytest.mark.django_db(transaction=True)
def test_the_same_thing_three_times_at_once_is_one_post_and_one_case(scene: Scene, brand: Any) -> None:
    channel = scene.open_channel(brand)
    scene.says(QUESTION)
    connector = scene.simulated.connect(scene.code)
    updates = connector.collect(scene.stream, {}).updates
    start = threading.Barrier(3)

    def deliver() -> None:
        try:
            start.wait(timeout=30)
            receive_updates(channel_id=channel.pk, updates=updates)
        finally:
            connection.close()

    threads = [threading.Thread(target=deliver) for _time in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    for _time in range(2):
        scene.take_in(channel)
    from workers import pipeline

    pipeline.advance([post.pk for post in Post.objects.all()])
    assert (len(theirs()), Case.objects.count()) == (1, 1)


@rule(9)
@pytest.mark.django_db
def test_one_update_that_cannot_be_read_does_not_stop_its_page(scene: Scene, brand: Any) -> None:
    channel = scene.open_channel(brand)
    scene.says("hello")
    good = list(scene.simulated.connect(scene.code).collect(scene.stream, {}).updates)
    odd = RawUpdate(good[-1].kind, "odd-1", {name: ["odd"] for name in good[-1].body})
    report = receive_updates(channel_id=channel.pk, updates=[odd, *good])
    assert ([scene.bare(post.text) for post in theirs()], report.quarantined) == (["hello"], 1)
    assert QuarantinedEvent.objects.get().params["external_id"] == "odd-1"


def gone(scene: Scene, external_id: str) -> RawUpdate:
    """The update with which the platform's deletion comes, whatever way it came."""
    if scene.code == "facebook":
        value = {"item": "comment", "verb": "remove", "comment_id": external_id, "post_id": "1_1"}
        return RawUpdate("change", external_id, {"field": "feed", "value": value, "time": 1795166999})
    if scene.code == "instagram":
        # Nothing is pushed: looking it up again tells it.
        return RawUpdate("lookup", external_id, {"id": external_id, "is_gone": True})
    bodies = {"mastodon": {"uri": external_id}, "feed": {"external_id": external_id, "when": ""}}
    return RawUpdate("deletion", external_id, bodies.get(scene.code, {"id": external_id}))


@rule(13)
@pytest.mark.django_db
def test_a_deleted_post_loses_its_words_and_keeps_its_case(scene: Scene, brand: Any) -> None:
    channel = scene.open_channel(brand)
    scene.says(QUESTION)
    scene.take_in(channel)
    [post] = theirs()
    report = receive_updates(channel_id=channel.pk, updates=[gone(scene, post.external_id)])
    scene.take_in(channel)
    [kept] = Post.objects.filter(pk=post.pk)
    assert report.quarantined == 0
    assert (kept.text, kept.deleted_at is not None, Case.objects.count()) == ("", True, 1)
    assert QUESTION not in "".join(bytes(raw.body).decode() for raw in RawEvent.objects.all() if raw.body)


@rule(13)
@pytest.mark.django_db
def test_a_deletion_that_comes_before_its_post_keeps_it_out(scene: Scene, brand: Any) -> None:
    channel = scene.open_channel(brand)
    scene.says(QUESTION)
    connector = scene.simulated.connect(scene.code)
    updates = [update for update in connector.collect(scene.stream, {}).updates]
    posts = [
        event
        for update in updates
        for event in get_platform(scene.code).normalize(update, scene.simulated.context(scene.code))
    ]
    [wanted] = [post.external_id for post in posts if QUESTION in getattr(post, "text", "")]
    receive_updates(channel_id=channel.pk, updates=[gone(scene, wanted)])
    scene.collect(channel)
    assert not Post.objects.filter(text__contains=QUESTION).exists()
    assert isinstance(
        get_platform(scene.code).normalize(gone(scene, wanted), scene.simulated.context(scene.code))[0],
        IncomingDeletion,
    )


def edited(scene: Scene, entry: Any, text: str) -> list[RawUpdate]:
    """What the platform tells after the edit: its list, or a push where lists tell no edits."""
    if scene.code in ("facebook", "instagram"):
        return [_pushed_edit(scene, entry, text)]
    scene.world.edit(entry.identifier, scene.ways.prefix + text)
    return list(scene.simulated.connect(scene.code).collect(scene.stream, {}).updates)


def _pushed_edit(scene: Scene, thing: Any, text: str) -> RawUpdate:
    if scene.code == "facebook":
        value = {
            "item": "comment",
            "verb": "edited",
            "comment_id": thing.identifier,
            "post_id": thing.root_id,
            "message": text,
            "from": {"id": thing.author.external_id, "name": thing.author.name},
            "created_time": int(thing.created_at.timestamp()),
        }
        body = {"field": "feed", "value": value, "time": int(timezone.now().timestamp())}
        return RawUpdate("change", thing.identifier, body)
    event = {
        "sender": {"id": thing.sender.external_id},
        "recipient": {"id": scene.world.brands[scene.code].external_id},
        "timestamp": int(timezone.now().timestamp() * 1000),
        "message_edit": {"mid": thing.identifier, "text": text, "num_edit": 1},
    }
    return RawUpdate("messaging", thing.identifier, {"event": event})


@rule(14)
@pytest.mark.django_db
def test_an_edit_is_the_same_post_and_the_same_case(scene: Scene, brand: Any) -> None:
    channel = scene.open_channel(brand)
    thing = scene.writes(QUESTION) if scene.code == "instagram" else scene.says(QUESTION)
    scene.take_in(channel)
    receive_updates(channel_id=channel.pk, updates=edited(scene, thing, "Found it, but the parcel is broken!"))
    scene.take_in(channel)
    [post] = theirs()
    assert (scene.bare(post.text), post.version > 1) == ("Found it, but the parcel is broken!", True)
    assert Case.objects.count() == 1


@rule(16)
@pytest.mark.django_db
def test_what_the_brand_says_opens_no_case(scene: Scene, brand: Any) -> None:
    channel = scene.open_channel(brand)
    asked = scene.says(QUESTION)
    own = [scene.world.publish(scene.code, scene.world.brands[scene.code], "We are sorry, please write to us.",
                               parent_id=asked.identifier)]  # fmt: skip
    if scene.has_messages:
        scene.writes("My parcel is late, can you help me?", handle="tom")
        scene.answers_privately("Of course, one moment.", handle="tom")
    scene.take_in(channel)
    openers = set(Case.objects.values_list("deciding_post__is_own", flat=True))
    said_by_us = set(Post.objects.filter(is_own=True).values_list("text", flat=True))
    assert own and openers == {False}
    if scene.code != "feed":
        assert any("We are sorry" in text for text in said_by_us)
    assert Case.objects.count() == (2 if scene.has_messages else 1)


@rule(29, 30)
@pytest.mark.django_db
def test_words_and_ids_are_stored_as_they_are(scene: Scene, brand: Any) -> None:
    entry = scene.says(EXACT)
    scene.collect(scene.open_channel(brand))
    [post] = theirs()
    assert scene.bare(post.text) == EXACT
    assert type(post.external_id) is str and post.external_id.endswith(entry.identifier)


@rule(33)
@pytest.mark.django_db
def test_what_nobody_knows_is_kept_and_ignored(scene: Scene, brand: Any) -> None:
    channel = scene.open_channel(brand)
    scene.says("hello")
    unknown = RawUpdate("teleportation", "t-1", {"from": "here", "to": {"there": [1, 2, 3]}})
    known = list(scene.simulated.connect(scene.code).collect(scene.stream, {}).updates)
    receive_updates(channel_id=channel.pk, updates=[unknown, *known])
    assert [scene.bare(post.text) for post in theirs()] == ["hello"]
    kept = (
        RawEvent.objects.filter(external_id="t-1").count()
        + QuarantinedEvent.objects.filter(params__external_id="t-1").count()
    )
    assert kept >= 1


@rule(17)
@pytest.mark.django_db
def test_a_quote_and_its_original_are_two_posts_and_each_is_one(scene: Scene, brand: Any) -> None:
    channel = scene.open_channel(brand)
    scene.says("look at these prices", quoted_id=scene.ours.identifier)
    for _time in range(2):
        scene.collect(channel)
    assert [post.form for post in theirs()] == ["quote"]
    assert Post.objects.filter(is_own=True).count() == 1
