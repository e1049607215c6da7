"""Own posts that come back: echoes of ours in either order, and answers from the platform's own app."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitor.cases.models import Case, CaseState
from monitor.inbox.models import Post
from monitor.platforms.base import Receipt
from monitor.platforms.errors import UnconfirmedSendError
from monitor.replies import services
from monitor.replies.echo import is_in_time, is_same_text
from monitor.replies.models import Effect, Reply, ReplyState
from tests.replies.conftest import ANSWER, approved, send_due
from tests.replies.platform import FakePlatform, later
from tests.support.desk import make_case, make_post


def own_post(case: Case, text: str = ANSWER, **fields: Any) -> Post:
    target = case.deciding_post
    defaults = {
        "conversation": target.conversation, "is_own": True, "own_by": "native_app", "is_public": target.is_public,
        "form": "reply" if target.is_public else "direct_message",
        "in_reply_to": target.platform_id if target.is_public else "", "at": later(seconds=5),
    }  # fmt: skip
    return make_post(case.brand, text, **{**defaults, **fields})


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("Hello there.", "@mia @lumora Hello there.", True),
        ("See https://lumora.example/a", "See https://t.co/xyz", True),
        ("Tom & Mia", "Tom &amp; Mia", True),
        ("cafe\u0301", "café", True),
        ("One  two\nthree", "One two three", True),
        ("Hello there.", "Hello there!", False),
        ("", "", False),
        ("@mia", "@mia", False),
    ],
)
def test_the_same_words_are_known_again(ours: str, theirs: str, same: bool) -> None:
    assert is_same_text(ours, theirs) == same


def test_nothing_older_than_the_attempt_is_its_outcome() -> None:
    now = timezone.now()
    assert is_in_time(now, now - timedelta(minutes=1))
    assert is_in_time(now - timedelta(minutes=1), now)
    assert not is_in_time(now - timedelta(minutes=3), now)
    assert is_in_time(None, now)


def test_the_echo_of_what_was_sent_changes_nothing(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    reply = approved(bob, public_case)
    send_due(platform)
    reply.refresh_from_db()
    assert reply.own_post is not None
    assert services.match_own_posts(post_ids=[reply.own_post.pk]) == 0
    assert Post.objects.filter(is_own=True).count() == 1


def test_an_echo_that_comes_before_the_answer_to_the_call_settles_it(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    [effect] = services.claim_effects()
    Effect.objects.filter(pk=effect.pk).update(started_at=timezone.now(), tries=1)
    echo = own_post(public_case, f"@mia {ANSWER}", own_by="other_tool")
    assert services.match_own_posts(post_ids=[echo.pk]) == 1
    reply.refresh_from_db()
    assert (reply.state, reply.own_post) == (ReplyState.SENT, echo)
    assert services.match_own_posts(post_ids=[echo.pk]) == 0
    assert not services.record_sent(effect_id=effect.pk, receipt=Receipt(echo.external_id))
    assert Post.objects.filter(is_own=True).count() == 1


def test_an_echo_settles_what_was_in_doubt(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    reply = approved(bob, public_case)
    platform.errors = [UnconfirmedSendError("no answer")]
    send_due(platform)
    echo = own_post(public_case)
    services.reconcile_unconfirmed(connector_factory=platform.connect)
    reply.refresh_from_db()
    assert (reply.state, reply.own_post) == (ReplyState.SENT, echo)
    assert platform.read_backs == 0


def test_an_echo_of_a_send_that_was_given_up_still_counts(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    reply = approved(bob, public_case)
    platform.errors, platform.can_read_back = [UnconfirmedSendError("no answer")], False
    send_due(platform)
    services.reconcile_unconfirmed(connector_factory=platform.connect)
    echo = own_post(public_case)
    assert services.match_own_posts(post_ids=[echo.pk]) == 1
    reply.refresh_from_db()
    assert reply.state == ReplyState.SENT
    assert Effect.objects.get().state == "done"


def test_the_same_words_to_somebody_else_are_another_reply(brand: Any, bob: Any, platform: FakePlatform) -> None:
    first, second = make_case(brand, "@lumora late!"), make_case(brand, "@lumora broken!")
    reply = approved(bob, first)
    platform.errors = [UnconfirmedSendError("no answer")]
    send_due(platform)
    echo = own_post(first, in_reply_to=second.deciding_post.platform_id)
    services.match_own_posts(post_ids=[echo.pk])
    reply.refresh_from_db()
    assert reply.state == ReplyState.UNCONFIRMED


def test_words_said_before_the_attempt_are_not_its_outcome(
    private_case: Case, bob: Any, platform: FakePlatform
) -> None:
    earlier = own_post(private_case, at=later(minutes=-30))
    reply = approved(bob, private_case)
    platform.errors = [UnconfirmedSendError("no answer")]
    send_due(platform)
    assert services.match_own_posts(post_ids=[earlier.pk]) == 0
    reply.refresh_from_db()
    assert reply.state == ReplyState.UNCONFIRMED


def test_an_approved_reply_that_nobody_tried_is_never_linked(private_case: Case, bob: Any) -> None:
    reply = approved(bob, private_case)
    services.match_own_posts(post_ids=[own_post(private_case).pk])
    reply.refresh_from_db()
    assert reply.state == ReplyState.APPROVED


@pytest.mark.parametrize("is_public", [True, False])
def test_an_answer_from_the_platforms_own_app_ends_the_waiting(brand: Any, is_public: bool) -> None:
    case = make_case(brand, "@lumora hello?", is_public=is_public)
    services.match_own_posts(post_ids=[own_post(case, "Written in the app.").pk])
    case.refresh_from_db()
    assert case.state == CaseState.WAITING and case.waiting_since is None


def test_a_task_is_done_once_its_answer_is_seen(brand: Any, bob: Any) -> None:
    case = make_case(brand, "Lumora lost my parcel")
    Post.objects.filter(pk=case.deciding_post_id).update(mentions_us=False)
    task = approved(bob, case)
    assert task.state == ReplyState.NATIVE_TASK
    said = own_post(case, "I wrote it a little differently in the app.")
    services.match_own_posts(post_ids=[said.pk])
    task.refresh_from_db()
    assert (task.state, task.own_post) == (ReplyState.SENT, said)
    assert Reply.objects.count() == 1


def test_posts_of_customers_are_left_alone(public_case: Case) -> None:
    services.match_own_posts(post_ids=[public_case.deciding_post_id])
    public_case.refresh_from_db()
    assert public_case.state == CaseState.NEW
