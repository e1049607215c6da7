"""Who may let what go: rights, second approval, the guard, and two people at once."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from monitor.audit.models import AuditEvent, AuditText
from monitor.brands.models import Brand, Membership, SwitchName, User
from monitor.cases.models import Case
from monitor.cases.services import CaseChangedError
from monitor.inbox.importing import import_file
from monitor.inbox.models import Post
from monitor.replies import services
from monitor.replies.models import Effect, Reply, ReplyState, SuggestedReply
from monitor.replies.selectors import ways_to_answer
from monitor.replies.states import WrongStateError
from tests.replies.conftest import ANSWER, approved, send_due, switch
from tests.replies.platform import FakePlatform
from tests.support.desk import make_case, make_channel


def test_a_draft_is_not_sent(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    reply = services.draft_reply(user=bob, case=public_case, text=ANSWER)
    send_due(platform)
    reply.refresh_from_db()
    assert reply.state == ReplyState.DRAFT
    assert (reply.kind, reply.target_id) == ("reply", public_case.deciding_post_id)
    assert not Effect.objects.exists()


def test_a_case_of_another_brand_does_not_exist_for_an_outsider(public_case: Case, bob: Any, charlie: Any) -> None:
    reply = services.draft_reply(user=bob, case=public_case, text=ANSWER)
    for act in (services.approve, services.submit, services.decline):
        with pytest.raises(Case.DoesNotExist):
            act(user=charlie, reply=reply)
    with pytest.raises(Case.DoesNotExist):
        services.draft_reply(user=charlie, case=public_case, text=ANSWER)


def test_a_viewer_may_not_answer(public_case: Case, bob: Any) -> None:
    Membership.objects.filter(user=bob).update(role="viewer")
    with pytest.raises(PermissionDenied):
        services.draft_reply(user=bob, case=public_case, text=ANSWER)


def test_a_reply_answers_a_post_of_its_case_only(public_case: Case, bob: Any, brand: Any) -> None:
    other = make_case(brand, "Something else", author=None)
    with pytest.raises(ValueError, match="does not belong"):
        services.draft_reply(user=bob, case=public_case, text=ANSWER, target=other.deciding_post)


def test_a_critical_case_needs_a_lead(brand: Any, bob: Any, alice: Any) -> None:
    case = make_case(brand, "You stole my money, I am going to court", severity=3)
    reply = services.draft_reply(user=bob, case=case, text=ANSWER)
    with pytest.raises(services.SecondApprovalNeededError):
        services.approve(user=bob, reply=reply)
    services.submit(user=bob, reply=reply)
    assert reply.state == ReplyState.SUBMITTED
    services.approve(user=alice, reply=reply)
    assert (reply.state, reply.written_by, reply.approved_by) == (ReplyState.APPROVED, bob, alice)


def test_a_crisis_makes_every_reply_a_leads(public_case: Case, bob: Any, alice: Any) -> None:
    switch(public_case.brand, SwitchName.CRISIS)
    reply = services.draft_reply(user=bob, case=public_case, text=ANSWER)
    with pytest.raises(services.SecondApprovalNeededError):
        services.approve(user=bob, reply=reply)
    assert services.approve(user=alice, reply=reply).state == ReplyState.APPROVED


def test_an_agents_edit_takes_a_submitted_reply_back_and_a_leads_does_not(
    public_case: Case, bob: Any, alice: Any
) -> None:
    reply = services.draft_reply(user=bob, case=public_case, text=ANSWER)
    services.submit(user=bob, reply=reply)
    services.edit(user=alice, reply=reply, text=ANSWER + " Thank you.")
    assert Reply.objects.get().state == ReplyState.SUBMITTED
    services.edit(user=bob, reply=reply, text=ANSWER)
    assert Reply.objects.get().state == ReplyState.DRAFT
    assert Reply.objects.get().text == ANSWER


def test_what_is_approved_cannot_be_edited(public_case: Case, bob: Any) -> None:
    reply = approved(bob, public_case)
    with pytest.raises(WrongStateError):
        services.edit(user=bob, reply=reply, text="Something else that nobody has approved.")
    assert Reply.objects.get().text == ANSWER


def test_the_same_reply_is_not_approved_twice(public_case: Case, bob: Any) -> None:
    reply = approved(bob, public_case)
    with pytest.raises(WrongStateError):
        services.approve(user=bob, reply=reply)
    assert Effect.objects.count() == 1


def test_a_declined_reply_stays_unsaid(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    reply = services.draft_reply(user=bob, case=public_case, text=ANSWER)
    services.decline(user=bob, reply=reply, why="not our customer")
    with pytest.raises(WrongStateError):
        services.approve(user=bob, reply=reply)
    assert send_due(platform) == []


def test_an_approved_reply_can_be_withdrawn_until_it_is_claimed(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    reply = approved(bob, public_case)
    services.withdraw(user=bob, reply=reply)
    assert send_due(platform) == []
    assert reply.state == ReplyState.DECLINED
    second = approved(bob, public_case)
    services.claim_effects()
    with pytest.raises(WrongStateError):
        services.withdraw(user=bob, reply=second)


def test_a_second_answer_to_the_same_post_must_be_meant(public_case: Case, bob: Any, alice: Any) -> None:
    first = approved(bob, public_case)
    second = services.draft_reply(user=alice, case=public_case, text="Another answer to the very same post.")
    with pytest.raises(services.AlreadyAnsweredError) as refused:
        services.approve(user=alice, reply=second)
    assert refused.value.reply == first
    assert services.approve(user=alice, reply=second, is_additional=True).state == ReplyState.APPROVED


def test_a_case_that_somebody_changed_meanwhile_is_shown_first(public_case: Case, bob: Any, alice: Any) -> None:
    seen = public_case.version
    approved(bob, public_case)
    reply = services.draft_reply(user=alice, case=public_case, text=ANSWER)
    with pytest.raises(CaseChangedError):
        services.approve(user=alice, reply=reply, version=seen)


def test_the_guard_stops_a_promise_and_a_reason_lets_it_pass(public_case: Case, bob: Any) -> None:
    reply = services.draft_reply(user=bob, case=public_case, text="We will refund you tomorrow, please write to us.")
    with pytest.raises(services.GuardError) as stopped:
        services.approve(user=bob, reply=reply)
    assert [finding.code for finding in stopped.value.findings] == ["guard.promise"]
    with pytest.raises(services.GuardError):
        services.approve(user=bob, reply=reply, override_reason="ok")
    services.approve(user=bob, reply=reply, override_reason="refund already booked by finance")
    event = AuditEvent.objects.get(act="reply.approved")
    assert "why" not in event.params
    # The reason may speak of the person: it is where it can be erased.
    overridden = AuditEvent.objects.get(act="reply.guard_overridden")
    assert "refund" not in str(overridden.params)
    assert AuditText.objects.get(event_id=overridden.id).after == "refund already booked by finance"


def test_no_reason_makes_an_overlong_reply_pass(public_case: Case, bob: Any) -> None:
    reply = services.draft_reply(user=bob, case=public_case, text="Thank you. " * 40)
    with pytest.raises(services.GuardError) as stopped:
        services.approve(user=bob, reply=reply, override_reason="it is really important")
    assert not stopped.value.can_override


def test_an_answer_in_the_wrong_language_is_stopped(brand: Any, bob: Any) -> None:
    case = make_case(brand, "Wo bleibt mein Paket?", language="de")
    reply = services.draft_reply(user=bob, case=case, text=ANSWER)
    with pytest.raises(services.GuardError) as stopped:
        services.approve(user=bob, reply=reply)
    assert [finding.code for finding in stopped.value.findings] == ["guard.wrong_language"]


def test_where_x_lets_no_program_answer_it_becomes_a_task_for_a_person(
    brand: Any, bob: Any, platform: FakePlatform
) -> None:
    case = make_case(brand, "Lumora lost my parcel")
    Post.objects.filter(pk=case.deciding_post_id).update(mentions_us=False)
    reply = approved(bob, case)
    assert (reply.state, reply.error_code) == (ReplyState.NATIVE_TASK, "not_summoned")
    assert send_due(platform) == []
    services.confirm_native_task(user=bob, reply=reply)
    assert Reply.objects.get().state == ReplyState.SENT


def imported_case(brand: Any, folder: Path, row: dict[str, str], *, is_live: bool = False) -> Case:
    """A row of a file of X's posts, where the brand has a healthy account on X, all the way to a case."""
    file = folder / "posts.jsonl"
    file.write_text(json.dumps({"text": "@lumora where is my parcel?", "author": "4711", **row}))
    import_file(file, brand_slug=brand.slug, platform="x", is_live=is_live)
    make_channel(brand)
    Post.objects.update(mentions_us=True)
    return make_case(brand, post=Post.objects.get())


def test_a_row_of_a_file_without_an_id_cannot_be_answered(brand: Any, bob: Any, tmp_path: Path) -> None:
    case = imported_case(brand, tmp_path, {})
    assert [way.code for way in ways_to_answer(case.deciding_post)] == ["no_platform_id"]
    reply = services.draft_reply(user=bob, case=case, text=ANSWER)
    with pytest.raises(services.NotEligibleError) as refused:
        services.approve(user=bob, reply=reply)
    assert refused.value.eligibility.code == "no_platform_id"
    assert Reply.objects.get().state == ReplyState.DRAFT


def test_a_live_row_without_an_id_is_a_task_for_a_person_and_is_never_sent(
    brand: Any, bob: Any, platform: FakePlatform, tmp_path: Path
) -> None:
    case = imported_case(brand, tmp_path, {}, is_live=True)
    reply = approved(bob, case)
    assert (reply.state, reply.error_code) == (ReplyState.NATIVE_TASK, "no_platform_id")
    assert send_due(platform) == []


@pytest.mark.parametrize("is_live", [True, False])
def test_a_row_of_a_file_with_its_real_id_is_answered_there(
    is_live: bool, brand: Any, bob: Any, platform: FakePlatform, tmp_path: Path
) -> None:
    case = imported_case(brand, tmp_path, {"id": "1924465506158878979"}, is_live=is_live)
    approved(bob, case)
    send_due(platform)
    assert [request.target_id for request in platform.requests] == ["1924465506158878979"]


def test_the_suggestion_is_approved_as_it_is_or_with_other_words(brand: Any, bob: Any) -> None:
    first, second = make_case(brand, "Where is it?"), make_case(brand, "And mine?")
    as_is = services.approve_suggestion(user=bob, suggestion=first.suggestions.get())
    assert as_is.text == first.suggestions.get().text
    changed = services.approve_suggestion(user=bob, suggestion=second.suggestions.get(), text=ANSWER)
    assert changed.text == ANSWER
    events = AuditEvent.objects.filter(act="reply.approved").order_by("recorded_at")
    assert [event.params["edited"] for event in events] == [False, True]
    assert AuditText.objects.filter(before=second.suggestions.get().text, after=ANSWER).exists()


@pytest.mark.django_db(transaction=True)
def test_two_agents_who_press_approve_together_send_once(platform: FakePlatform) -> None:
    brand = Brand.objects.create(slug="lumora", name="Lumora")
    agents = []
    for name in ("ann", "ben"):
        user = User.objects.create_user(f"{name}@example.com", "a long password")
        Membership.objects.create(user=user, brand=brand, role="agent")
        agents.append(user)
    suggestion_id = make_case(brand, "@lumora where is my parcel?").suggestions.get().pk
    barrier, outcomes = threading.Barrier(2), []

    def press(user: User) -> None:
        try:
            suggestion = SuggestedReply.objects.get(pk=suggestion_id)
            barrier.wait(timeout=10)
            services.approve_suggestion(user=user, suggestion=suggestion)
            outcomes.append("approved")
        except services.AlreadyAnsweredError:
            outcomes.append("was answered")
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[user]) for user in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["approved", "was answered"]
    assert Effect.objects.count() == 1
    send_due(platform)
    assert len(platform.said) == 1


@pytest.mark.django_db(transaction=True)
def test_workers_that_claim_together_never_take_the_same_or_two_of_one_conversation() -> None:
    brand = Brand.objects.create(slug="lumora", name="Lumora")
    user = User.objects.create_user("ann@example.com", "a long password")
    Membership.objects.create(user=user, brand=brand, role="agent")
    for number in range(4):
        case = make_case(brand, f"Where is parcel {number}?", is_public=False)
        for text in (ANSWER, ANSWER + " Thank you."):
            approved(user, case, text, is_additional=True)
    barrier, claimed = threading.Barrier(4), []

    def work() -> None:
        try:
            barrier.wait(timeout=10)
            claimed.extend(services.claim_effects())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    while more := services.claim_effects():
        claimed.extend(more)
    assert len({effect.pk for effect in claimed}) == len(claimed)
    conversations = [effect.reply.conversation_id for effect in claimed if effect.reply is not None]
    assert len(conversations) == len(set(conversations)) == 4


def test_a_leads_edit_does_not_hand_in_what_its_author_has_taken_back(public_case: Case, bob: Any, alice: Any) -> None:
    reply = services.draft_reply(user=bob, case=public_case, text=ANSWER)
    services.submit(user=bob, reply=reply)
    seen_by_lead = Reply.objects.get()
    services.edit(user=bob, reply=reply, text=ANSWER + " Wait.")
    services.edit(user=alice, reply=seen_by_lead, text=ANSWER)
    assert Reply.objects.get().state == ReplyState.DRAFT
