"""Nothing is said to a post that is gone: not approved, not sent, and looked up right before where that is free."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitor.alerts.models import Alert
from monitor.cases.models import Case
from monitor.console.reasons import sentence
from monitor.inbox.models import Post, Recheck
from monitor.inbox.services import apply_deletions
from monitor.platforms.base import IncomingDeletion
from monitor.platforms.errors import RejectedError, UnavailableError
from monitor.replies import services
from monitor.replies.models import Effect, EffectState, ReplyState
from tests.replies.conftest import ANSWER, approved, send_due
from tests.replies.platform import FakePlatform
from tests.support.desk import make_case


@pytest.fixture
def open_case(brand: Any) -> Case:
    """On a network where look-ups cost nothing."""
    return make_case(brand, "@lumora where is my parcel?", platform="mastodon")


def test_an_answer_to_a_deleted_post_cannot_be_approved(public_case: Case, bob: Any) -> None:
    reply = services.draft_reply(user=bob, case=public_case, text=ANSWER)
    post = public_case.deciding_post
    apply_deletions(brand_id=post.brand_id, deletions=[IncomingDeletion("x", post.external_id)])
    reply.refresh_from_db()
    with pytest.raises(services.NotEligibleError) as caught:
        services.approve(user=bob, reply=reply)
    assert str(sentence(caught.value.eligibility.reasons[0])) == "The post was deleted."
    reply.refresh_from_db()
    assert reply.state == ReplyState.DRAFT and not Effect.objects.exists()


def test_a_post_that_was_taken_back_meanwhile_gets_no_answer(open_case: Case, bob: Any, platform: FakePlatform) -> None:
    reply = approved(bob, open_case)
    platform.gone = {open_case.deciding_post.platform_id}
    send_due(platform)
    reply.refresh_from_db()
    assert platform.looked_up == [open_case.deciding_post.platform_id]
    assert platform.requests == []
    assert (reply.state, reply.error_code) == (ReplyState.FAILED, "gone")
    assert Effect.objects.get().state == EffectState.FAILED
    assert Post.objects.get(pk=open_case.deciding_post_id).deletion_reason == "deleted"
    assert Alert.objects.get(code="reply.failed").params["why"] == "gone"


def test_a_post_that_is_still_there_is_answered_once(open_case: Case, bob: Any, platform: FakePlatform) -> None:
    approved(bob, open_case)
    send_due(platform)
    send_due(platform)
    assert len(platform.requests) == 1


def test_a_platform_that_does_not_say_stops_nothing(
    open_case: Case, bob: Any, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_self: FakePlatform, _ids: Any) -> Any:
        raise UnavailableError("no answer")

    monkeypatch.setattr(FakePlatform, "recheck", silent)
    approved(bob, open_case)
    send_due(platform)
    assert len(platform.requests) == 1


def test_where_a_look_costs_money_the_platform_refuses_and_the_open_cases_are_looked_up(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    channel = public_case.deciding_post.channel
    assert channel is not None
    later = timezone.now() + timedelta(hours=3)
    Recheck.objects.create(channel=channel, scope="cases", due_at=later)
    platform.errors = [RejectedError("X answered 403", code="gone")]
    reply = approved(bob, public_case)
    send_due(platform)
    reply.refresh_from_db()
    assert platform.looked_up == []
    assert (reply.state, reply.error_code) == (ReplyState.FAILED, "gone")
    assert Recheck.objects.get().due_at <= timezone.now()
