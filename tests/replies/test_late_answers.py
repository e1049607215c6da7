"""A worker that was paused in the call speaks after others have taken its work over: what it says is checked first."""

from collections.abc import Callable
from typing import Any

import pytest

from monitor.brands.models import Channel
from monitor.cases.models import Case
from monitor.platforms.base import Receipt, SendRequest
from monitor.platforms.errors import PlatformError, RejectedError, UnavailableError, UnconfirmedSendError
from monitor.replies import services
from monitor.replies.models import Effect, EffectState, Reply, ReplyState
from tests.replies.conftest import approved, send_due
from tests.replies.platform import FakePlatform, later


class StoppedInTheCall(FakePlatform):
    """The first call hangs while `meanwhile` happens, and then answers what `errors` holds."""

    def __init__(self, meanwhile: Callable[[], None], answer: PlatformError | None) -> None:
        super().__init__()
        self.meanwhile, self.answer = meanwhile, answer

    def send(self, request: SendRequest) -> Receipt:
        self.meanwhile()
        if self.answer is not None:
            raise self.answer
        return Receipt("said-late")


def give_the_first_attempt_up(platform: FakePlatform) -> None:
    """Its lease ends, it is not found on the platform, and it is back in line."""
    services.expire_leases(now=later(minutes=3))
    for minutes in (4, 9):
        services.reconcile_unconfirmed(connector_factory=platform.connect, now=later(minutes=minutes))
    assert Effect.objects.get().state == EffectState.PENDING


def die_in_the_second_attempt(platform: FakePlatform) -> None:
    """It reached the platform; nobody has heard of it yet."""
    platform.errors, platform.accepts_first = [KeyboardInterrupt()], True  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        send_due(platform, now=later(minutes=30))
    assert Effect.objects.get().state == EffectState.SENDING


LATE_ANSWERS = [
    UnavailableError("down"),
    UnconfirmedSendError("no answer"),
    RejectedError("no", code="gone"),
    RejectedError("again", code="duplicate"),
]


@pytest.mark.parametrize("answer", LATE_ANSWERS, ids=lambda error: f"{type(error).__name__}")
def test_a_late_answer_does_not_speak_for_the_attempt_that_came_after_it(
    answer: PlatformError, public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    def meanwhile() -> None:
        give_the_first_attempt_up(platform)
        die_in_the_second_attempt(platform)

    reply = approved(bob, public_case)
    send_due(StoppedInTheCall(meanwhile, answer))
    assert Effect.objects.get().state == EffectState.SENDING
    assert send_due(platform, now=later(minutes=31)) == []
    services.reconcile_unconfirmed(connector_factory=platform.connect, now=later(minutes=40))
    reply.refresh_from_db()
    assert reply.state == ReplyState.SENT
    assert len(platform.said) == 1


def test_a_late_refusal_leaves_what_is_back_in_line_there(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    approved(bob, public_case)
    send_due(StoppedInTheCall(lambda: give_the_first_attempt_up(platform), RejectedError("no", code="gone")))
    assert Effect.objects.get().state == EffectState.PENDING
    send_due(platform, now=later(minutes=30))
    assert Reply.objects.get().state == ReplyState.SENT


def test_a_late_answer_while_nobody_has_tried_again_still_counts(public_case: Case, bob: Any) -> None:
    approved(bob, public_case)
    doubted = StoppedInTheCall(lambda: None, UnavailableError("down"))
    doubted.meanwhile = lambda: services.expire_leases(now=later(minutes=3))  # type: ignore[assignment,return-value]
    send_due(doubted)
    assert Effect.objects.get().state == EffectState.PENDING


def test_that_it_was_sent_counts_however_late_it_is_heard(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    approved(bob, public_case)
    send_due(StoppedInTheCall(lambda: give_the_first_attempt_up(platform), None))
    assert Reply.objects.get().state == ReplyState.SENT
    assert send_due(platform, now=later(minutes=30)) == []


def test_a_look_that_was_paused_does_not_put_a_newer_attempt_back(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    """Two workers read back; the slower one has seen nothing, and meanwhile the reply went out in the next attempt."""
    approved(bob, public_case)
    platform.errors = [UnconfirmedSendError("no answer")]
    send_due(platform)

    class SlowLook(FakePlatform):
        def read_back(self, request: SendRequest, **_: Any) -> Any:
            give_the_first_attempt_up(platform)
            die_in_the_second_attempt(platform)
            return []

        def connect(self, channel: Channel) -> FakePlatform:
            return self

    services.reconcile_unconfirmed(connector_factory=platform.connect, now=later(seconds=30))
    slow = SlowLook()
    Effect.objects.update(checks=0)
    services.reconcile_unconfirmed(connector_factory=slow.connect, now=later(minutes=1.5))
    assert Effect.objects.get().state == EffectState.SENDING
    assert len(platform.said) == 1
