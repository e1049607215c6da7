"""The only automatic words: to people who wrote to us in private, once, never to programs, never against their will."""

from typing import Any

import pytest
from django.utils import timezone

from monitor.brands.models import SwitchName
from monitor.brands.services import set_switch
from monitor.cases.models import Case
from monitor.inbox.models import Author
from monitor.replies.eligibility import Facts, can_reply
from monitor.replies.models import Reply
from monitor.replies.services import claim_effects, perform_effect
from tests.platforms.contract.rules import rule
from tests.platforms.contract.scene import Scene

pytestmark = pytest.mark.django_db

HELP = "Hello, my parcel has been missing for three weeks. Can you help me?"


@pytest.fixture
def channel(scene: Scene, brand: Any) -> Any:
    """With acknowledgements switched on."""
    set_switch(brand=brand, name=SwitchName.ACKNOWLEDGEMENT, is_on=True, user=None)
    return scene.open_channel(brand)


def go(scene: Scene, channel: Any) -> None:
    """One round of all workers."""
    scene.take_in(channel)
    for effect in claim_effects():
        perform_effect(effect_id=effect.pk)


def heard(scene: Scene) -> list[str]:
    us = scene.world.brands[scene.code]
    return [message.text for message in scene.world.messages_with(scene.code) if message.sender is us]


@rule(22, 3)
def test_a_person_is_acknowledged_once_whatever_comes_again(scene: Scene, channel: Any) -> None:
    scene.writes(HELP)
    for _round in range(3):
        go(scene, channel)
    scene.writes("Are you there?")
    go(scene, channel)
    assert len(heard(scene)) == 1 == Reply.objects.filter(is_acknowledgement=True).count()
    assert Case.objects.count() == 1


@rule(22)
def test_in_public_nothing_is_said_by_itself(scene: Scene, channel: Any) -> None:
    scene.says(HELP)
    go(scene, channel)
    assert Case.objects.count() == 1
    assert not Reply.objects.exists() and heard(scene) == []


@rule(22, 16)
def test_our_own_words_and_echoes_are_not_acknowledged(scene: Scene, channel: Any) -> None:
    scene.writes(HELP)
    scene.answers_privately("Of course! One moment.")
    go(scene, channel)
    go(scene, channel)
    assert heard(scene) == ["Of course! One moment."]


@rule(22)
def test_two_programs_do_not_keep_each_other_talking(scene: Scene, channel: Any) -> None:
    for number in range(4):
        scene.writes(f"This is an automatic message, number {number}. How can I help you?", handle="robot")
        go(scene, channel)
        Author.objects.filter(handle__startswith="robot").update(is_automated=True)
    assert len(heard(scene)) <= 1


@rule(23)
@pytest.mark.parametrize("word", ["STOP", "Stopp!", "停止"])
def test_the_word_that_asks_for_silence_is_heard_at_once(scene: Scene, channel: Any, word: str) -> None:
    scene.writes(word)
    go(scene, channel)
    scene.writes("My parcel is late.")
    go(scene, channel)
    [author] = Author.objects.filter(is_opted_out=True)
    facts = Facts(form="direct_message", is_public=False, author_opted_out=author.is_opted_out)
    assert heard(scene) == []
    assert can_reply(facts, scene.declaration, timezone.now()).code == "opted_out"
