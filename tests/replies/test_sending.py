"""The outbox: at most once, never lost, and what is uncertain is listed."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitor.alerts.codes import CODES
from monitor.alerts.models import Alert
from monitor.audit.models import AuditEvent
from monitor.brands.models import Channel, SwitchName
from monitor.brands.sealing import SealBrokenError
from monitor.cases.models import Case, CaseState
from monitor.inbox.models import Post
from monitor.inbox.services import disconnect
from monitor.platforms.errors import (
    AuthExpiredError,
    MalformedPayloadError,
    QuotaExceededError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnconfirmedSendError,
)
from monitor.replies import services
from monitor.replies.models import Effect, EffectState, Reply, ReplyState
from tests.replies.conftest import ANSWER, approved, send_due, switch
from tests.replies.platform import FakePlatform, later


def test_an_approved_reply_is_said_once_and_stored_as_an_own_post(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    send_due(platform)
    send_due(platform)
    reply.refresh_from_db()
    assert [request.text for request in platform.requests] == [ANSWER]
    assert platform.requests[0].target_id == public_case.deciding_post.platform_id
    assert reply.state == ReplyState.SENT
    assert reply.own_post is not None
    assert reply.own_post.is_own and reply.own_post.own_by == "us"
    assert reply.own_post.conversation_id == public_case.deciding_post.conversation_id
    assert Effect.objects.get().state == EffectState.DONE


def test_the_case_waits_for_the_customer_after_the_answer(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    approved(bob, public_case)
    send_due(platform)
    public_case.refresh_from_db()
    assert public_case.state == CaseState.WAITING
    assert public_case.first_reply_at is not None
    assert public_case.waiting_since is None


def test_every_act_is_in_the_audit_log(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    approved(bob, public_case)
    send_due(platform)
    acts = list(AuditEvent.objects.filter(subject_kind="reply").order_by("recorded_at").values_list("act", flat=True))
    assert acts == ["reply.approved", "reply.sent"]


def test_it_refuses_to_perform_the_same_claim_twice(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    approved(bob, public_case)
    [effect] = services.claim_effects()
    for _ in range(3):
        services.perform_effect(effect_id=effect.pk, connector_factory=platform.connect)
    assert len(platform.said) == 1


def test_a_claim_whose_lease_is_nearly_over_is_not_begun(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    approved(bob, public_case)
    [effect] = services.claim_effects()
    state = services.perform_effect(effect_id=effect.pk, connector_factory=platform.connect, now=later(seconds=100))
    assert state == EffectState.SENDING
    assert platform.requests == []


def test_a_worker_that_dies_before_the_call_leaves_a_reply_that_is_sent_later(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    services.claim_effects()  # and the worker is killed
    assert send_due(platform) == []
    services.expire_leases(now=later(minutes=3))
    reply.refresh_from_db()
    assert reply.state == ReplyState.APPROVED
    send_due(platform, now=later(minutes=4))
    assert len(platform.said) == 1


def test_a_worker_that_dies_in_the_call_leaves_doubt_and_never_a_second_send(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    [effect] = services.claim_effects()
    platform.errors, platform.accepts_first = [KeyboardInterrupt()], True  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        services.perform_effect(effect_id=effect.pk, connector_factory=platform.connect)
    reply.refresh_from_db()
    assert reply.state == ReplyState.SENDING
    assert send_due(platform, now=later(minutes=3)) == []
    reply.refresh_from_db()
    assert reply.state == ReplyState.UNCONFIRMED
    services.reconcile_unconfirmed(connector_factory=platform.connect, now=later(minutes=4))
    reply.refresh_from_db()
    assert reply.state == ReplyState.SENT
    assert len(platform.said) == 1


def test_a_worker_that_dies_after_the_call_finds_its_words_again(
    public_case: Case, bob: Any, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = approved(bob, public_case)
    [effect] = services.claim_effects()

    def die(**_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr("monitor.replies.services.sending.record_sent", die)
        services.perform_effect(effect_id=effect.pk, connector_factory=platform.connect)
    services.reconcile_unconfirmed(connector_factory=platform.connect, now=later(minutes=3))
    reply.refresh_from_db()
    assert reply.state == ReplyState.SENT
    assert reply.own_post is not None and reply.own_post.external_id == "said-1"
    assert len(platform.said) == 1


@pytest.mark.parametrize("step", ["record_own_post", "note_own_post", "_record", "close_alerts"])
def test_dying_while_the_outcome_is_written_leaves_all_of_it_or_nothing(
    step: str, public_case: Case, bob: Any, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = approved(bob, public_case)
    [effect] = services.claim_effects()

    def die(*_: Any, **__: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(f"monitor.replies.services.outcomes.{step}", die)
        services.perform_effect(effect_id=effect.pk, connector_factory=platform.connect)
    reply.refresh_from_db()
    assert reply.state == ReplyState.SENDING
    assert not Post.objects.filter(is_own=True).exists()
    services.reconcile_unconfirmed(connector_factory=platform.connect, now=later(minutes=3))
    reply.refresh_from_db()
    assert reply.state == ReplyState.SENT
    assert Post.objects.filter(is_own=True).count() == 1
    assert len(platform.said) == 1


def test_an_answer_that_got_lost_is_read_back_and_not_sent_again(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    platform.errors, platform.accepts_first = [UnconfirmedSendError("no answer")], True
    send_due(platform)
    reply.refresh_from_db()
    assert reply.state == ReplyState.UNCONFIRMED
    services.reconcile_unconfirmed(connector_factory=platform.connect)
    reply.refresh_from_db()
    assert reply.state == ReplyState.SENT
    assert len(platform.said) == 1


def test_a_send_that_is_certainly_absent_goes_out_again_only_after_it_had_time_to_appear(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    platform.errors = [UnconfirmedSendError("no answer")]
    send_due(platform)
    for minutes in (0, 1, 3):
        services.reconcile_unconfirmed(connector_factory=platform.connect, now=later(minutes=minutes))
        reply.refresh_from_db()
        assert reply.state == ReplyState.UNCONFIRMED
    services.reconcile_unconfirmed(connector_factory=platform.connect, now=later(minutes=9))
    reply.refresh_from_db()
    assert reply.state == ReplyState.APPROVED
    send_due(platform, now=later(minutes=30))
    reply.refresh_from_db()
    assert reply.state == ReplyState.SENT
    assert len(platform.said) == 1


def test_where_the_platform_cannot_tell_it_becomes_a_task_and_people_are_told(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    platform.errors, platform.can_read_back = [UnconfirmedSendError("no answer")], False
    send_due(platform)
    services.reconcile_unconfirmed(connector_factory=platform.connect)
    reply.refresh_from_db()
    assert reply.state == ReplyState.NATIVE_TASK
    assert Alert.objects.filter(code="reply.native_task", closed_at=None).count() == 1
    send_due(platform, now=later(hours=1))
    assert len(platform.requests) == 1


def test_a_platform_that_does_not_answer_the_look_up_is_asked_a_bounded_number_of_times(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    platform.errors, platform.read_error = [UnconfirmedSendError("no answer")], UnavailableError("down")
    send_due(platform)
    for hours in range(1, 15):
        services.reconcile_unconfirmed(connector_factory=platform.connect, now=later(hours=hours))
    reply.refresh_from_db()
    assert reply.state == ReplyState.NATIVE_TASK
    assert platform.read_backs <= 12
    assert len(platform.requests) == 1


def test_an_outcome_that_comes_after_the_lease_still_counts(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    [effect] = services.claim_effects()
    Effect.objects.filter(pk=effect.pk).update(started_at=timezone.now())
    services.expire_leases(now=later(minutes=3))
    from monitor.platforms.base import Receipt

    assert services.record_sent(effect_id=effect.pk, receipt=Receipt("late-1"))
    assert not services.record_sent(effect_id=effect.pk, receipt=Receipt("late-1"))
    reply.refresh_from_db()
    assert reply.state == ReplyState.SENT


def test_what_was_certainly_not_done_waits_and_goes_out_later(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    at = later(minutes=7)
    platform.errors = [UnavailableError("down"), RateLimitedError("slow", retry_at=at)]
    send_due(platform)
    reply.refresh_from_db()
    assert reply.state == ReplyState.APPROVED
    assert send_due(platform) == []
    send_due(platform, now=later(minutes=1))
    assert Effect.objects.get().not_before == at
    send_due(platform, now=later(minutes=8))
    reply.refresh_from_db()
    assert reply.state == ReplyState.SENT
    assert len(platform.said) == 1


def test_after_too_many_tries_it_is_a_persons(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    reply = approved(bob, public_case)
    platform.errors = [UnavailableError("down") for _ in range(14)]
    for hour in range(1, 15):
        send_due(platform, now=later(hours=hour))
    reply.refresh_from_db()
    assert reply.state == ReplyState.NATIVE_TASK
    assert len(platform.requests) == 12


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("not_summoned", ReplyState.NATIVE_TASK),
        ("window_closed", ReplyState.NATIVE_TASK),
        ("gone", ReplyState.FAILED),
        ("too_long", ReplyState.FAILED),
        ("unreachable", ReplyState.FAILED),
        ("duplicate", ReplyState.UNCONFIRMED),
    ],
)
def test_a_refusal_ends_where_its_kind_says(
    code: str, state: str, public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    platform.errors = [RejectedError("no", code=code)]
    send_due(platform)
    reply.refresh_from_db()
    assert (reply.state, reply.error_code) == (state, code)
    assert Alert.objects.filter(dedupe_key=f"reply:{reply.pk}").exists() == (state != ReplyState.UNCONFIRMED)
    public_case.refresh_from_db()
    assert public_case.waiting_since is not None


@pytest.mark.parametrize("code", ["duplicate", "already_replied"])
def test_what_the_platform_says_was_said_but_nobody_can_find_is_a_persons(
    code: str, public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    platform.errors = [RejectedError("again", code=code)]
    send_due(platform)
    for minutes in (0, 2, 10):
        services.reconcile_unconfirmed(connector_factory=platform.connect, now=later(minutes=minutes))
    reply.refresh_from_db()
    assert (reply.state, reply.error_code) == (ReplyState.NATIVE_TASK, code)
    assert len(platform.requests) == 1


def test_credentials_that_cannot_be_opened_stop_the_channel_and_are_told(public_case: Case, bob: Any) -> None:
    def broken(channel: Channel) -> Any:
        raise SealBrokenError("no key opens it")

    reply = approved(bob, public_case)
    for effect in services.claim_effects():
        services.perform_effect(effect_id=effect.pk, connector_factory=broken)
    reply.refresh_from_db()
    assert reply.state == ReplyState.APPROVED
    assert Channel.objects.get().state_code == "credentials_unreadable"
    told = Alert.objects.get()
    assert told.code == "channel.credentials_unreadable" and told.code in CODES


def test_a_dead_token_stops_the_channel_and_keeps_the_reply(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    platform.errors = [AuthExpiredError("401")]
    send_due(platform)
    channel = Channel.objects.get()
    assert channel.state == "needs_reauth"
    for minutes in (5, 10, 15):
        send_due(platform, now=later(minutes=minutes))
    assert len(platform.requests) == 1
    reply.refresh_from_db()
    assert reply.state == ReplyState.APPROVED
    Channel.objects.update(state="healthy")
    send_due(platform, now=later(minutes=30))
    assert len(platform.said) == 1


def test_spent_money_waits_for_the_next_day_and_says_so(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    approved(bob, public_case)
    at = later(hours=9)
    platform.errors = [QuotaExceededError("cap", resets_at=at)]
    send_due(platform)
    assert Effect.objects.get().not_before == at
    assert Alert.objects.filter(code="channel.quota_exceeded", level="urgent").exists()


def test_an_answer_nobody_understands_is_doubt(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    reply = approved(bob, public_case)
    platform.errors = [MalformedPayloadError("html")]
    send_due(platform)
    reply.refresh_from_db()
    assert reply.state == ReplyState.UNCONFIRMED


def test_one_of_a_conversation_is_in_flight_at_a_time(private_case: Case, bob: Any, platform: FakePlatform) -> None:
    approved(bob, private_case, "First, thank you for your message about the parcel.")
    approved(bob, private_case, "Second, here is what we found out about it.", is_additional=True)
    [first] = services.claim_effects()
    assert services.claim_effects() == []
    services.perform_effect(effect_id=first.pk, connector_factory=platform.connect)
    send_due(platform)
    assert [post.text[:6] for post in platform.said] == ["First,", "Second"]


def test_doubt_holds_the_later_ones_of_its_conversation(private_case: Case, bob: Any, platform: FakePlatform) -> None:
    approved(bob, private_case, "First, thank you for your message about the parcel.")
    platform.errors, platform.accepts_first = [UnconfirmedSendError("no answer")], True
    send_due(platform)
    approved(bob, private_case, "Second, here is what we found out about it.", is_additional=True)
    assert send_due(platform) == []
    services.reconcile_unconfirmed(connector_factory=platform.connect)
    send_due(platform)
    assert [post.text[:6] for post in platform.said] == ["First,", "Second"]


def test_a_reply_that_was_tried_is_not_overtaken_by_the_next(
    private_case: Case, bob: Any, platform: FakePlatform
) -> None:
    approved(bob, private_case, "First, thank you for your message about the parcel.")
    platform.errors = [UnavailableError("down")]
    send_due(platform)
    approved(bob, private_case, "Second, here is what we found out about it.", is_additional=True)
    assert send_due(platform) == []
    send_due(platform, now=later(minutes=1))
    send_due(platform, now=later(minutes=1))
    assert [post.text[:6] for post in platform.said] == ["First,", "Second"]


def test_it_waits_until_the_moment_that_was_asked_for(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    approved(bob, public_case, not_before=later(hours=2))
    assert send_due(platform) == []
    assert send_due(platform, now=later(hours=1, minutes=59)) == []
    assert len(send_due(platform, now=later(hours=2, minutes=1))) == 1


def test_the_kill_switch_stops_everything_and_loses_nothing(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    switch(public_case.brand, SwitchName.KILL)
    assert send_due(platform) == []
    reply.refresh_from_db()
    assert reply.state == ReplyState.APPROVED
    switch(public_case.brand, SwitchName.KILL, is_on=False)
    assert len(send_due(platform)) == 1


def test_eligibility_is_asked_again_when_it_is_sent(private_case: Case, bob: Any, platform: FakePlatform) -> None:
    reply = approved(bob, private_case)
    Post.objects.filter(pk=reply.target_id).update(deleted_at=timezone.now())
    send_due(platform)
    reply.refresh_from_db()
    assert (reply.state, reply.error_code) == (ReplyState.FAILED, "deleted")
    assert platform.requests == []
    assert Alert.objects.filter(code="reply.failed").exists()


def test_a_queue_that_was_held_past_the_window_becomes_a_task(brand: Any, bob: Any, platform: FakePlatform) -> None:
    from tests.support.desk import make_case

    case = make_case(brand, "Hello, where is my parcel?", platform="facebook", is_public=False)
    reply = approved(bob, case)
    send_due(platform, now=timezone.now() + timedelta(days=7, seconds=5))
    reply.refresh_from_db()
    assert (reply.state, reply.error_code) == (ReplyState.NATIVE_TASK, "window_closed")


def test_the_sweeper_lets_workers_go_first(public_case: Case, bob: Any) -> None:
    approved(bob, public_case)
    assert services.claim_effects(overdue_seconds=20) == []
    assert len(services.claim_effects(overdue_seconds=20, now=later(seconds=25))) == 1


def test_nothing_is_left_in_sending_for_ever(public_case: Case, bob: Any) -> None:
    approved(bob, public_case)
    services.claim_effects()
    assert services.expire_leases(now=later(minutes=3)) == 1
    assert Reply.objects.get().state == ReplyState.APPROVED


def test_an_answer_that_waits_on_a_channel_that_was_disconnected_is_a_persons(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    disconnect(channel=public_case.deciding_post.channel, user=None)
    assert send_due(platform) == [] and platform.requests == []
    reply.refresh_from_db()
    assert (reply.state, reply.error_code) == (ReplyState.NATIVE_TASK, "channel_disconnected")
    assert Effect.objects.get().state == EffectState.FAILED
    assert Alert.objects.filter(code="reply.native_task", params__why="channel_disconnected").exists()
