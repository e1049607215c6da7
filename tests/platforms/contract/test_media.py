"""Pictures and the like: written look-alikes of what each platform tells of a post that is nothing but one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from monitor.alerts.models import Alert
from monitor.cases.models import Case
from monitor.console.wordings import GAPS
from monitor.inbox.models import ChannelGap, Post
from monitor.inbox.services import receive_updates
from monitor.platforms.base import RawUpdate
from monitor.platforms.registry import get_platform, platform_codes
from monitor.platforms.times import snowflake_at
from monitor.simulators.bluesky_facts import DID
from monitor.simulators.world import PAGE_ID, PROFILE_ID
from tests.platforms.contract.rules import rule
from tests.platforms.contract.scene import MESSAGES, Scene
from tests.platforms.exemptions import does_not_apply
from tests.support.simulated import posts_of
from workers import pipeline

ADDRESS = "https://files.example/1.jpg"


def _message_of(scene: Scene) -> RawUpdate:
    """A message as the platform's list told it."""
    scene.writes("to be replaced")
    connector, cursor = scene.simulated.connect(scene.code), {}
    for _page in range(4):
        batch = connector.collect(MESSAGES, cursor)
        if batch.updates:
            return batch.updates[0]
        cursor = dict(batch.cursor)
    raise AssertionError("the message is not told")


def _x(scene: Scene) -> RawUpdate:
    told = _message_of(scene)
    media = {"media_key": "3_1", "type": "photo", "url": ADDRESS, "alt_text": "a crack"}
    event = {**told.body["event"], "text": "", "attachments": {"media_keys": ["3_1"]}}
    return RawUpdate(told.kind, told.external_id, {**told.body, "event": event, "includes": {"media": [media]}})


def _meta(owner: str) -> Callable[[Scene], RawUpdate]:
    def make(scene: Scene) -> RawUpdate:
        person = scene.world.person(scene.code, "mara")
        attachment = {"type": "image", "payload": {"url": ADDRESS}}
        event = {
            "sender": {"id": person.external_id},
            "recipient": {"id": owner},
            "timestamp": int(scene.world.now().timestamp() * 1000),
            "message": {"mid": "m_picture", "attachments": [attachment]},
        }
        return RawUpdate("messaging", "m_picture", {"event": event}, (person.external_id,))

    return make


def _mastodon(scene: Scene) -> RawUpdate:
    told = _message_of(scene)
    media = [{"type": "image", "url": ADDRESS, "description": "a crack"}]
    status = {**told.body["status"], "content": "", "media_attachments": media}
    return RawUpdate(told.kind, told.external_id, {**told.body, "status": status}, told.author_ids)


def _bluesky(scene: Scene) -> RawUpdate:
    told = _message_of(scene)
    embed = {"$type": "app.bsky.embed.record#view", "record": {"uri": f"at://{DID}/app.bsky.feed.post/3kabc"}}
    message = {**told.body["message"], "text": "", "embed": embed}
    return RawUpdate(told.kind, told.external_id, {**told.body, "message": message}, told.author_ids)


def _feed(scene: Scene) -> RawUpdate:
    scene.says("to be replaced")
    [told] = scene.simulated.connect("feed").collect("entries", {}).updates
    body = {**told.body, "title": "", "body": "", "media": ["image"]}
    return RawUpdate(told.kind, told.external_id, body, told.author_ids)


MAKERS = {
    "x": _x, "facebook": _meta(PAGE_ID), "instagram": _meta(PROFILE_ID), "mastodon": _mastodon, "bluesky": _bluesky,
    "feed": _feed,
}  # fmt: skip


@rule(25)
@pytest.mark.django_db
def test_a_picture_without_a_word_opens_an_item_with_its_address(scene: Scene, brand: Any) -> None:
    channel = scene.open_channel(brand)
    update = MAKERS[scene.code](scene)
    [event] = get_platform(scene.code).normalize(update, scene.simulated.context(scene.code))
    report = receive_updates(channel_id=channel.pk, updates=[update])
    pipeline.advance(report.post_ids)
    [post] = Post.objects.all()
    [attachment] = event.attachments  # type: ignore[union-attr]
    assert (post.text, report.quarantined) == ("", 0)
    assert attachment.kind in str(post.attachments)
    # What a feed shows can be seen at its entry: the address of the picture is not kept.
    assert (attachment.url in str(post.attachments)) and bool(attachment.url) is (scene.code != "feed")
    # In private somebody waits for a word; in public a picture alone asks nothing.
    assert Case.objects.count() == (1 if scene.has_messages else 0)


@rule(6)
@pytest.mark.django_db
def test_an_outage_longer_than_the_platform_remembers_is_a_gap_that_people_see(
    scene: Scene, brand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = scene.open_channel(brand)
    now = scene.world.now()
    kept: int | None = None
    if scene.code == "x":
        stream, cursor = MESSAGES, {"since_id": str(snowflake_at(now - timedelta(days=40)))}
    elif scene.code == "feed":
        stream = scene.stream
        monkeypatch.setattr("monitor.platforms.feed.cursor.MOST_PAGES", 1)
        for number in range(3):
            scene.says(f"early {number}", at=now - timedelta(days=3))
        cursor = {**scene.read()[1], "read_at": (now - timedelta(days=2)).isoformat()}
        for number in range(40):
            scene.says(f"late {number}", handle=f"person{number}")
    else:
        # Meta shows the newest twenty messages of a conversation.
        stream, kept = MESSAGES, 20
        scene.writes("before")
        cursor = scene.read(MESSAGES)[1]
        scene.world.graph.readable_messages = kept
        for number in range(25):
            scene.writes(f"during the outage {number}")
    channel.streams.filter(name=stream).update(cursor=cursor)
    scene.collect(channel, stream)
    gap = ChannelGap.objects.get()
    assert gap.code.endswith("horizon" if kept is None else "unreadable") and gap.since is not None
    assert kept is None or Post.objects.count() == kept
    assert f"problem.{gap.code}" in GAPS and Alert.objects.get().code == "channel.gap"


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("code", [code for code in platform_codes() if does_not_apply(code, 6)])
def test_where_lists_name_no_horizon_an_outage_of_years_loses_nothing(scene: Scene) -> None:
    """What excuses a platform from the rule: everything can still be read, so that there is nothing to be told."""
    places = {scene.stream: scene.says, MESSAGES: scene.writes}
    cursors: dict[str, Any] = {}
    for stream, say in places.items():
        say("before")
        cursors[stream] = scene.read(stream)[1]
    for month in range(36):
        scene.world.shift_clock(30 * 86_400)
        scene.says(f"month {month}", handle=f"person{month}")
        scene.writes(f"month {month}", handle=f"writer{month}")
    told = []
    for stream in places:
        cursor, has_more, found = cursors[stream], True, []
        while has_more:
            batch = scene.simulated.connect(scene.code).collect(stream, cursor)
            found += posts_of(scene.simulated, scene.code, batch)
            cursor, has_more = batch.cursor, batch.has_more
            told += batch.gaps
        asked = {scene.bare(post.text) for post in found if post.text}
        assert {f"month {month}" for month in range(36)} <= asked, stream
    assert told == []
