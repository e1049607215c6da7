"""Random faults at every step, over many replies: nothing is said twice, nothing is lost, doubt ends on a list."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitor.platforms.base import Receipt, SendRequest
from monitor.platforms.errors import RejectedError, UnavailableError, UnconfirmedSendError
from monitor.replies import services
from monitor.replies.models import Effect, EffectState, Reply, ReplyState
from tests.replies.conftest import approved
from tests.replies.platform import FakePlatform
from tests.support.desk import make_author, make_case

FAULTS = (
    "none",
    "none",
    "none",
    "down",
    "lost before",
    "lost after",
    "killed before",
    "killed after",
    "refused",
    "twin",
)


class Killed(BaseException):
    """The worker is gone: nothing after this line runs."""


class UnreliablePlatform(FakePlatform):
    """Fails in the way that the next draw says, before or after it has taken the message."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.chance = random.Random(seed)

    def send(self, request: SendRequest) -> Receipt:
        fault = self.chance.choice(FAULTS)
        if fault == "twin" and any(said.text.endswith(request.text) for said in self.said):
            raise RejectedError("said already", code="duplicate")
        before = {
            "down": UnavailableError("down"),
            "lost before": UnconfirmedSendError("no answer"),
            "killed before": Killed(),
            "refused": RejectedError("no", code="gone"),
        }
        if (error := before.get(fault)) is not None:
            raise error
        said = self._say(request)
        if fault == "lost after":
            raise UnconfirmedSendError("no answer")
        if fault == "killed after":
            raise Killed
        return Receipt(said.external_id)

    def read_back(self, request: SendRequest, *, since: Any) -> Any:
        if self.chance.random() < 0.2:
            raise UnavailableError("down")
        return super().read_back(request, since=since)


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_said_twice_and_nothing_is_lost(seed: int, brand: Any, bob: Any) -> None:
    platform = UnreliablePlatform(seed)
    for number in range(8):
        author = make_author(brand, f"Person {number}", f"person{number}")
        case = make_case(brand, f"Where is parcel {number}?", is_public=False, author=author)
        for part in ("First", "Second"):
            approved(bob, case, f"{part}: thank you for your patience, we are at it.", is_additional=True)
    moment = timezone.now()
    for _round in range(60):
        moment += timedelta(minutes=3)
        platform.clock = moment
        for effect in services.claim_effects(now=moment):
            if platform.chance.random() < 0.1:
                continue  # killed between claim and call
            try:
                services.perform_effect(effect_id=effect.pk, connector_factory=platform.connect, now=moment)
            except Killed:
                continue
        services.reconcile_unconfirmed(connector_factory=platform.connect, now=moment)
        if not Effect.objects.exclude(state__in=[EffectState.DONE, EffectState.FAILED]).exists():
            break
    said = Counter((post.conversation_id, post.text) for post in platform.said)
    assert max(said.values()) == 1
    ended = {ReplyState.SENT, ReplyState.FAILED, ReplyState.NATIVE_TASK}
    replies = list(Reply.objects.select_related("conversation"))
    assert {reply.state for reply in replies} <= ended
    for reply in replies:
        was_said = (reply.conversation.external_id, reply.text) in said
        # What people are told is true: sent was said, failed was not.
        assert was_said or reply.state != ReplyState.SENT
        assert not was_said or reply.state != ReplyState.FAILED
