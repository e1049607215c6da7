"""The whole way over real HTTP: a post is collected, answered, said once in the simulator's thread, and echoed back."""

from typing import Any

import pytest

from monitor.brands.models import Brand, Channel, Membership, User
from monitor.cases.models import Case
from monitor.inbox.models import Post
from monitor.replies import services
from monitor.replies.models import Effect, Reply, ReplyState
from tests.replies.conftest import ANSWER
from tests.replies.platform import later
from tests.support.channels import collect, connect
from tests.support.desk import make_case
from tests.support.simulated import Simulated

WAYS = [
    ("x", True, "reply"),
    ("x", False, "direct_message"),
    ("facebook", True, "reply"),
    ("facebook", False, "direct_message"),
    ("facebook", True, "private_reply"),
    ("instagram", True, "reply"),
    ("instagram", False, "direct_message"),
    ("mastodon", True, "reply"),
    ("mastodon", False, "direct_message"),
    ("mastodon", True, "private_reply"),
    ("bluesky", True, "reply"),
    ("bluesky", False, "direct_message"),
]


@pytest.fixture
def agent(brand: Brand) -> User:
    user = User.objects.create_user("ann@example.com", "a long password")
    Membership.objects.create(user=user, brand=brand, role="agent")
    return user


def collected_case(brand: Brand, simulated: Simulated, channel: Channel, is_public: bool) -> Case:
    platform = channel.platform
    if is_public and platform == "x":
        simulated.person_says(platform, "@lumora where is my parcel?")
    elif is_public:
        root = simulated.world.publish(platform, simulated.world.brands[platform], "New lamps are here!")
        simulated.person_says(platform, "@lumora where is my parcel?", parent_id=root.identifier)
    else:
        simulated.person_writes(platform, "Hello, where is my parcel?")
    collect(channel)
    post = Post.objects.get(is_own=False, is_public=is_public)
    return make_case(brand, post=post)


def said_by_us(simulated: Simulated, platform: str) -> list[str]:
    us = simulated.world.brands[platform]
    public = [entry.text for entry in simulated.world.visible(platform) if entry.author is us]
    private = [message.text for message in simulated.world.messages_with(platform) if message.sender is us]
    return [text for text in public + private if ANSWER in text]


@pytest.mark.parametrize("fault", ["", "drop_after_commit"])
@pytest.mark.parametrize(("platform", "is_public", "kind"), WAYS)
def test_it_is_said_once_whatever_becomes_of_the_answer(
    platform: str, is_public: bool, kind: str, fault: str, brand: Any, agent: User, simulated: Simulated
) -> None:
    channel = connect(brand, simulated, platform)
    case = collected_case(brand, simulated, channel, is_public)
    reply = services.draft_reply(user=agent, case=case, text=ANSWER, kind=kind)
    services.approve(user=agent, reply=reply)
    if fault:
        simulated.add_fault(fault, method="POST")
    for effect in services.claim_effects():
        services.perform_effect(effect_id=effect.pk)
    reply.refresh_from_db()
    if fault:
        assert reply.state == ReplyState.UNCONFIRMED
        services.reconcile_unconfirmed()
        services.reconcile_unconfirmed(now=later(minutes=2))
        reply.refresh_from_db()
    assert (reply.state, reply.error_code) == (ReplyState.SENT, "")
    assert len(said_by_us(simulated, platform)) == 1
    collect(channel)
    echoes = Post.objects.filter(is_own=True, text__contains=ANSWER)
    services.match_own_posts(post_ids=list(echoes.values_list("pk", flat=True)))
    assert [post.pk for post in echoes] == [reply.own_post_id]
    assert Reply.objects.count() == Effect.objects.count() == 1
