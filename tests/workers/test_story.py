"""The story of a post through every room, with the real model, the real database and platforms over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from monitor.brands.models import Brand, Channel, User
from monitor.cases.models import Case
from monitor.demo.setup import create_demo
from monitor.inbox import services as inbox
from monitor.inbox.models import Post, Sighting, Stage
from monitor.replies import services as replies
from monitor.replies.models import Reply, SuggestedReply
from monitor.simulators import meta_push
from monitor.simulators.pushing import Hook, signature, written
from monitor.simulators.world import APP_SECRET
from tests.support.simulated import Simulated, simulated_platforms
from workers import pipeline, send, sweep, watch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def platforms() -> Iterator[Simulated]:
    with simulated_platforms() as running:
        yield running


@pytest.fixture
def lumora(platforms: Simulated, transactional_db: None) -> Brand:
    return create_demo(platforms.address)


@pytest.fixture
def lead(lumora: Brand) -> User:
    return User.objects.get(email="mara@lumora.example")


def _collect_all() -> None:
    for channel in Channel.objects.exclude(platform="import"):
        for stream in channel.streams.all():
            inbox.collect_channel(channel_id=channel.pk, stream=stream.name)


def test_a_complaint_is_collected_answered_once_and_counted(platforms: Simulated, lumora: Brand, lead: User) -> None:
    platforms.person_says("x", "@lumora my parcel is three weeks late and nobody answers me, this is awful")
    _collect_all()
    pipeline.advance()

    case = Case.objects.get()
    assert case.intent == "complaint"
    suggestion = SuggestedReply.objects.get(case=case)
    reply = replies.approve_suggestion(user=lead, suggestion=suggestion)
    send.send_due()
    send.send_due()

    reply.refresh_from_db()
    assert reply.state == "sent"
    said = [entry for entry in platforms.world.entries.values() if entry.author is platforms.world.brands["x"]]
    assert [entry.text.endswith(reply.text) for entry in said] == [True]
    assert reply.own_post is not None and reply.own_post.is_own

    watch.fold_trends()
    case.refresh_from_db()
    assert case.state == "waiting"


def test_everything_collected_again_changes_nothing(platforms: Simulated, lumora: Brand) -> None:
    platforms.person_says("x", "@lumora where is my order? it has been two weeks")
    platforms.person_writes("facebook", "Hello, I was charged twice for one order")
    for _ in range(3):
        _collect_all()
        pipeline.advance()

    assert Post.objects.filter(is_own=False).count() == 2
    assert Case.objects.count() == 2
    assert not Post.objects.exclude(stage=Stage.TRIAGED).exists()


def test_a_direct_message_is_acknowledged_once(platforms: Simulated, lumora: Brand) -> None:
    platforms.person_writes("facebook", "Hallo, mein Paket ist seit drei Wochen verschwunden!")
    for _ in range(2):
        _collect_all()
        pipeline.advance()
        send.send_due()

    sent = Reply.objects.get(is_acknowledgement=True)
    assert (sent.state, sent.sent_by) == ("sent", "automation")
    assert len([one for one in platforms.world.messages if one.sender is platforms.world.brands["facebook"]]) == 1


def test_the_sweeper_does_everything_without_a_broker(platforms: Simulated, lumora: Brand) -> None:
    platforms.person_says("x", "@lumora you charged my card twice without asking, I want my money back now")
    sweep.work_until_done()
    assert SuggestedReply.objects.filter(case__brand=lumora).count() == 1


def test_what_a_platform_pushes_is_read_by_the_sweeper(platforms: Simulated, lumora: Brand, settings: Any) -> None:
    settings.META_APP_SECRETS = [APP_SECRET]
    settings.META_VERIFY_TOKEN = "of this test"
    hook = Hook("1", "meta", "", APP_SECRET, platforms.world.now())
    message = platforms.person_writes("facebook", "You charged me twice, please give me my money back")
    for body in meta_push.bodies(platforms.world, hook, "said", message):
        raw = written(body)
        name, value = signature("meta", APP_SECRET, raw)
        answer = Client().post("/webhooks/meta/", raw, content_type="application/json", headers={name: value})
        assert answer.status_code == 200
    assert sweep.deliveries_step(0) == 1
    sweep.pipeline_step(0)
    _collect_all()
    post = Post.objects.get(is_own=False)
    assert set(Sighting.objects.filter(post_id=post.pk).values_list("how", flat=True)) == {"webhook", "poll"}
    assert Case.objects.count() == 1
