"""What waits while a channel's login is dead: answers are kept and said once, pushes are taken in as before."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitor.alerts.models import Alert
from monitor.api.models import HeldDelivery
from monitor.brands.models import Channel, ChannelState
from monitor.cases.models import Case
from monitor.inbox.models import Post
from monitor.replies.models import Effect, EffectState, Reply, ReplyState
from monitor.replies.services import approve, claim_effects, draft_reply, perform_effect
from tests.platforms.contract.rules import rule
from tests.platforms.contract.scene import Scene
from tests.platforms.contract.test_storing import QUESTION
from tests.platforms.contract.test_writing import ANSWER, said

pytestmark = pytest.mark.django_db


def send_due(after_minutes: float = 0) -> list[Effect]:
    """One round of the workers that send, so much later."""
    moment = timezone.now() + timedelta(minutes=after_minutes)
    effects = claim_effects(now=moment)
    for effect in effects:
        perform_effect(effect_id=effect.pk, now=moment)
    return effects


@rule(10, 19)
@pytest.mark.parametrize("learned_by", ["reading", "sending"])
def test_an_answer_that_waits_survives_a_dead_login_and_is_said_once(
    scene: Scene, brand: Any, alice: Any, learned_by: str
) -> None:
    channel = scene.open_channel(brand)
    scene.says(QUESTION)
    scene.take_in(channel)
    reply = draft_reply(user=alice, case=Case.objects.get(), text=ANSWER)
    approve(user=alice, reply=reply)
    scene.world.is_revoked = True
    if learned_by == "reading":
        scene.collect(channel)
        assert send_due() == []
    else:
        assert len(send_due()) == 1
    channel.refresh_from_db()
    assert channel.state == ChannelState.NEEDS_REAUTH
    calls = len(scene.world.calls)
    for hour in range(1, 4):
        assert send_due(60 * hour) == []
    assert len(scene.world.calls) == calls, "nobody asks with a dead login"
    assert (Effect.objects.get().state, Reply.objects.get().state) == (EffectState.PENDING, ReplyState.APPROVED)
    assert Alert.objects.filter(code="reply.waits_for_channel", closed_at=None).count() == 1
    scene.world.is_revoked = False
    scene.open_channel(brand)
    Effect.objects.update(not_before=timezone.now())
    for _round in range(3):
        send_due()
    assert (said(scene), Effect.objects.get().state, Reply.objects.get().state) == (
        1,
        EffectState.DONE,
        ReplyState.SENT,
    )


@rule(10, 31)
def test_what_is_pushed_to_a_channel_with_a_dead_login_is_taken_in(scene: Scene, brand: Any) -> None:
    """Reading a push takes no login: it is kept, stored, and nothing of it waits for the operator."""
    channel = scene.open_channel(brand)
    scene.world.is_revoked = True
    scene.collect(channel)
    assert Channel.objects.get().state == ChannelState.NEEDS_REAUTH
    answer = scene.push(scene.writes(QUESTION))
    [post] = Post.objects.all()
    assert (answer.status_code, post.text) == (200, QUESTION)
    assert not HeldDelivery.objects.exists()


@rule(10)
def test_a_place_in_a_stream_survives_a_dead_login(scene: Scene, brand: Any) -> None:
    """What was read stays read, what comes meanwhile is read when the login works again, and each of it once."""
    channel = scene.open_channel(brand)
    scene.says("before")
    scene.collect(channel, scene.stream)
    places = dict(channel.streams.values_list("name", "cursor"))
    scene.world.is_revoked = True
    scene.collect(channel)
    scene.says("meanwhile", handle="tom")
    assert dict(channel.streams.values_list("name", "cursor")) == places
    scene.world.is_revoked = False
    scene.open_channel(brand)
    reports = scene.collect(channel, scene.stream, scene.stream)
    found = [scene.bare(post.text) for post in Post.objects.filter(is_own=False).order_by("pk")]
    assert [report.error for report in reports] == ["", ""]
    assert found == ["before", "meanwhile"]
