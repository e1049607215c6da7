"""A worker is killed with SIGKILL after the platform has done it and before that is written down: it stands there once.

Real processes, the real database, the platforms over HTTP.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection

from monitor.brands.models import User
from monitor.inbox.models import Post
from monitor.replies import services
from monitor.replies.models import Effect, EffectState, Reply, ReplyState
from tests.replies.conftest import ANSWER
from tests.replies.platform import later
from tests.replies.test_effects_simulated import comment_on
from tests.support.desk import make_case
from tests.support.simulated import Simulated, simulated_platforms

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# Claims what is due and carries it out, and stops for good where the test says: the parent kills it there.
WORKER = """
import sys, time
import django
django.setup()
from monitor.replies import services
from monitor.replies.services import sending

def stop(*arguments, **named):
    print("here", flush=True)
    time.sleep(300)

setattr(sending, sys.argv[1], stop)
for effect in services.claim_effects():
    services.perform_effect(effect_id=effect.pk)
"""


@pytest.fixture
def simulated() -> Iterator[Simulated]:
    with simulated_platforms() as running:
        yield running


def kill_worker_at(step: str) -> None:
    """Starts a worker, waits until it has come to that step, and kills it."""
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    worker = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", WORKER, step], env={**os.environ, "DATABASE_URL": address}, stdout=subprocess.PIPE
    )
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"here\n"
    finally:
        worker.kill()
        worker.communicate()


def carry_out(**options: Any) -> None:
    for effect in services.claim_effects(**options):
        services.perform_effect(effect_id=effect.pk, **options)


@pytest.mark.parametrize("step", ["request_of", "record_sent"])
@pytest.mark.parametrize(("platform", "kind"), [("facebook", "like"), ("bluesky", "hide"), ("mastodon", "like")])
def test_a_killed_worker_leaves_one_like_and_one_hiding(
    platform: str, kind: str, step: str, brand: Any, alice: User, simulated: Simulated
) -> None:
    entry, post, _channel = comment_on(brand, simulated, platform)
    services.request_effect(kind=kind, user=alice, post=post)
    kill_worker_at(step)
    is_done = bool(entry.is_hidden or entry.likes)
    assert is_done is (step == "record_sent")
    assert Effect.objects.get().state == EffectState.SENDING
    carry_out()
    assert Effect.objects.get().state == EffectState.SENDING, "nobody touches it while its lease lasts"
    carry_out(now=later(minutes=3))
    effect = Effect.objects.get()
    assert (effect.state, effect.tries) == (EffectState.DONE, 2)
    assert entry.is_hidden if kind == "hide" else entry.likes == 1
    assert bool(Post.objects.get(pk=post.pk).is_hidden) is (kind == "hide")


@pytest.mark.parametrize("platform", ["facebook", "mastodon", "bluesky"])
def test_a_killed_worker_leaves_one_private_answer(
    platform: str, brand: Any, alice: User, simulated: Simulated
) -> None:
    _entry, post, _channel = comment_on(brand, simulated, platform)
    case = make_case(brand, post=post)
    services.approve(
        user=alice, reply=services.draft_reply(user=alice, case=case, text=ANSWER, kind="private_reply")
    )  # fmt: skip
    kill_worker_at("record_sent")
    carry_out(now=later(minutes=3))
    services.reconcile_unconfirmed(now=later(minutes=3))
    reply = Reply.objects.get()
    assert (reply.state, reply.error_code) == (ReplyState.SENT, "")
    said = [message for message in simulated.world.messages_with(platform) if ANSWER in message.text]
    assert len(said) == 1
    assert reply.own_post is not None and case.links.filter(conversation=reply.own_post.conversation_id).exists()


def test_a_killed_worker_leaves_no_answer_that_was_to_be_deleted(brand: Any, alice: User, simulated: Simulated) -> None:
    _entry, post, _channel = comment_on(brand, simulated, "facebook")
    services.approve(user=alice, reply=services.draft_reply(user=alice, case=make_case(brand, post=post), text=ANSWER))
    carry_out()
    services.request_effect(kind="delete", user=alice, reply=Reply.objects.get())
    kill_worker_at("record_sent")
    carry_out(now=later(minutes=3))
    assert Effect.objects.get(kind="delete").state == EffectState.DONE
    assert Reply.objects.get().state == ReplyState.DELETED
    assert not [entry for entry in simulated.world.visible("facebook") if ANSWER in entry.text]
