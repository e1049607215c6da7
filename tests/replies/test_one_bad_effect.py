"""A fault of ours with one effect is that effect's alone: the others are claimed, sent and read back."""

import logging
from datetime import datetime
from typing import Any

import pytest

from monitor.inbox.models import Post
from monitor.platforms.base import SendRequest
from monitor.platforms.errors import UnconfirmedSendError
from monitor.replies import services
from monitor.replies.models import Effect, EffectState, Reply, ReplyState
from monitor.replies.services import claiming
from monitor.replies.services.drafting import judge
from tests.replies.conftest import approved, send_due
from tests.replies.platform import FakePlatform, later
from tests.support.desk import make_author, make_case


class ReadsOneBadly(FakePlatform):
    """Reading back stumbles over one thread in a way that no error of a platform stands for."""

    bad = ""

    def read_back(self, request: SendRequest, *, since: datetime) -> Any:
        if request.target_id == self.bad:
            self.read_backs += 1
            raise ValueError("the words of the post")
        return super().read_back(request, since=since)


@pytest.fixture
def two_replies(brand: Any, bob: Any) -> list[Reply]:
    authors = [make_author(brand, name, name) for name in ("first", "second")]
    return [approved(bob, make_case(brand, f"Where is my parcel, says {a.name}", author=a)) for a in authors]


def test_one_that_cannot_be_read_back_does_not_keep_the_others_in_doubt(
    two_replies: list[Reply], caplog: pytest.LogCaptureFixture
) -> None:
    platform = ReadsOneBadly(errors=[UnconfirmedSendError("no"), UnconfirmedSendError("no")], accepts_first=True)
    send_due(platform)
    bad, good = two_replies
    platform.bad = bad.target.platform_id
    with caplog.at_level(logging.ERROR):
        assert services.reconcile_unconfirmed(connector_factory=platform.connect) == 2
    assert Reply.objects.get(pk=good.pk).state == ReplyState.SENT
    assert Reply.objects.get(pk=bad.pk).state == ReplyState.UNCONFIRMED
    [line] = [record for record in caplog.records if record.msg == "reconcile_failed"]
    assert (line.effect, line.error) == (bad.effect.pk, "ValueError")  # type: ignore[attr-defined]
    # And it does not come first again at once.
    assert services.reconcile_unconfirmed(connector_factory=platform.connect) == 0


def test_one_that_can_never_be_read_back_becomes_a_persons(two_replies: list[Reply]) -> None:
    platform = ReadsOneBadly(errors=[UnconfirmedSendError("no"), UnconfirmedSendError("no")], accepts_first=True)
    send_due(platform)
    platform.bad = two_replies[0].target.platform_id
    for hours in range(1, 15):
        services.reconcile_unconfirmed(connector_factory=platform.connect, now=later(hours=hours))
    assert Reply.objects.get(pk=two_replies[0].pk).state == ReplyState.NATIVE_TASK
    assert platform.read_backs <= 13
    assert len(platform.said) == 2


def test_one_that_cannot_be_judged_waits_and_the_others_go(
    two_replies: list[Reply], platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = two_replies

    def judge_badly(reply: Reply, *rest: Any) -> Any:
        if reply.pk == bad.pk:
            # As a statement that fails would leave it: the transaction is of no use any more.
            Post.objects.raw("SELECT id FROM no_such_table")[0]
        return judge(reply, *rest)

    monkeypatch.setattr(claiming, "judge", judge_badly)
    assert [effect.reply_id for effect in send_due(platform)] == [good.pk]
    waiting = Effect.objects.get(reply=bad)
    assert waiting.state == EffectState.PENDING
    monkeypatch.undo()
    send_due(platform, now=later(minutes=2))
    assert len(platform.said) == 2


def test_a_lease_that_cannot_be_ended_does_not_stop_all_sending(
    two_replies: list[Reply], platform: FakePlatform
) -> None:
    bad, good = two_replies
    # Somebody's repair by hand: the effect is on its way, its reply is not.
    Effect.objects.filter(reply=bad).update(state=EffectState.SENDING, lease_until=later(minutes=-1))
    Reply.objects.filter(pk=bad.pk).update(state=ReplyState.DECLINED)
    assert [effect.reply_id for effect in send_due(platform)] == [good.pk]
    assert len(platform.said) == 1
