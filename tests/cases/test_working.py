"""What people do with a case: each verb, who may, and what happens when two do it at once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from monitor.analysis.selectors import current_reading
from monitor.audit.models import AuditEvent
from monitor.brands.models import Membership, Role, User
from monitor.cases import services
from monitor.cases.models import Case, CaseState, Escalation, HandOff, Note
from monitor.cases.services import CaseChangedError, CaseClaimedError
from monitor.cases.states import STEPS, TRANSITIONS, WrongStepError, as_markdown, next_state
from monitor.inbox.models import PostChange
from tests.analysis.making import make_post, make_thread
from tests.cases.making import make_case, run_pipeline

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(brand: Any) -> Case:
    return make_case(brand)


@pytest.fixture
def rita(brand: Any) -> User:
    """Reads only."""
    user = User.objects.create_user("rita@example.com", "a long password")
    Membership.objects.create(user=user, brand=brand, role=Role.VIEWER)
    return user


def later() -> Any:
    return timezone.now() + timedelta(hours=2)


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


VERBS: dict[str, Callable[[Any, Case], Any]] = {
    "claim": lambda user, case: services.claim(user=user, case=case),
    "release": lambda user, case: services.release(user=user, case=case),
    "assign": lambda user, case: services.assign(user=user, case=case, to=user),
    "add_note": lambda user, case: services.add_note(user=user, case=case, text="called them"),
    "add_tag": lambda user, case: services.add_tag(user=user, case=case, tag="vip"),
    "remove_tag": lambda user, case: services.remove_tag(user=user, case=case, tag="vip"),
    "escalate": lambda user, case: services.escalate(user=user, case=case, why="press"),
    "snooze": lambda user, case: services.snooze(user=user, case=case, until=later()),
    "wake": lambda user, case: services.wake(user=user, case=case),
    "resolve": lambda user, case: services.resolve(user=user, case=case),
    "offer_hand_off": lambda user, case: services.offer_hand_off(user=user, case=case, to="email"),
    "correct_reading": lambda user, case: services.correct_reading(
        user=user, case=case, field="topic", value="service"
    ),
    "mark_not_complaint": lambda user, case: services.mark_not_complaint(user=user, case=case),
}


@pytest.mark.parametrize("verb", VERBS)
def test_an_agent_may(verb: str, case: Case, bob: Any) -> None:
    VERBS[verb](bob, case)


@pytest.mark.parametrize("verb", VERBS)
def test_a_viewer_may_not(verb: str, case: Case, rita: Any) -> None:
    before = Case.objects.values().get(pk=case.pk)
    with pytest.raises(PermissionDenied):
        VERBS[verb](rita, case)
    assert Case.objects.values().get(pk=case.pk) == before


@pytest.mark.parametrize("verb", VERBS)
def test_for_people_of_another_brand_the_case_does_not_exist(verb: str, case: Case, charlie: Any) -> None:
    before = Case.objects.values().get(pk=case.pk)
    with pytest.raises(Case.DoesNotExist):
        VERBS[verb](charlie, case)
    assert Case.objects.values().get(pk=case.pk) == before


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in {"remove_tag"}])
def test_every_act_of_a_person_is_on_record(verb: str, case: Case, bob: Any) -> None:
    VERBS[verb](bob, case)
    events = AuditEvent.objects.filter(subject_kind="case", subject_id=str(case.pk), actor_kind="person")
    assert [event.actor_id for event in events] == [bob.pk]


@pytest.mark.parametrize("verb", ["claim", "release", "assign", "escalate", "snooze", "resolve", "mark_not_complaint"])
def test_an_act_on_an_outdated_page_is_refused(verb: str, case: Case, bob: Any) -> None:
    extra: dict[str, Any] = {"assign": {"to": bob}, "snooze": {"until": later()}}.get(verb, {})
    with pytest.raises(CaseChangedError) as caught:
        getattr(services, verb)(user=bob, case=case, version=case.version - 1, **extra)
    assert caught.value.case.version == case.version
    getattr(services, verb)(user=bob, case=case, version=case.version, **extra)
    assert fresh(case).version == case.version + 1


def test_a_claim_keeps_others_off_until_it_ends(case: Case, bob: Any, alice: Any) -> None:
    assert services.claim(user=bob, case=case).state == "open"
    with pytest.raises(CaseClaimedError) as caught:
        services.claim(user=alice, case=case)
    assert caught.value.holder == bob
    Case.objects.update(claimed_until=timezone.now() - timedelta(minutes=1))
    assert services.claim(user=alice, case=case).assignee == alice


def test_only_a_lead_takes_a_case_away_from_somebody(case: Case, bob: Any, alice: Any, brand: Any) -> None:
    dora = User.objects.create_user("dora@example.com", "a long password")
    Membership.objects.create(user=dora, brand=brand, role=Role.AGENT)
    services.claim(user=bob, case=case)
    with pytest.raises(CaseClaimedError):
        services.release(user=dora, case=case)
    assert services.release(user=alice, case=case).assignee is None


def test_a_case_is_assigned_only_to_those_who_may_answer(case: Case, alice: Any, charlie: Any, rita: Any) -> None:
    for outsider in (charlie, rita):
        with pytest.raises(ValueError, match="may answer"):
            services.assign(user=alice, case=case, to=outsider)


def test_a_note_needs_words_and_voids_nobody_s_work(case: Case, bob: Any) -> None:
    with pytest.raises(ValueError, match="words"):
        services.add_note(user=bob, case=case, text="  ")
    services.add_note(user=bob, case=case, text="They called twice")
    assert Note.objects.get().text == "They called twice"
    assert fresh(case).version == case.version and fresh(case).changed_at > case.changed_at


def test_tags_are_kept_once(case: Case, bob: Any) -> None:
    services.add_tag(user=bob, case=case, tag=" very   important ")
    services.add_tag(user=bob, case=case, tag="very important")
    assert fresh(case).tags == ["very important"]
    services.remove_tag(user=bob, case=case, tag="very important")
    assert fresh(case).tags == []
    with pytest.raises(ValueError, match="1 to 80"):
        services.add_tag(user=bob, case=case, tag="x" * 81)


def test_a_person_escalates_whatever_the_priority(case: Case, bob: Any) -> None:
    assert not case.is_flagged
    services.escalate(user=bob, case=case, why="The press called")
    assert services.correct_reading(user=bob, case=case, field="topic", value="service").is_flagged
    assert Escalation.objects.get().reasons == [{"code": "person", "weight": 0, "params": {"why": "The press called"}}]


def test_a_snoozed_case_comes_back_by_itself(case: Case, bob: Any) -> None:
    services.snooze(user=bob, case=case, until=later())
    assert services.wake_snoozed() == 0
    assert services.wake_snoozed(now=timezone.now() + timedelta(hours=3)) == 1
    assert fresh(case).snoozed_until is None
    with pytest.raises(ValueError, match="90 days"):
        services.snooze(user=bob, case=case, until=timezone.now() - timedelta(minutes=1))


def test_resolving_ends_all_waiting_and_needs_a_known_reason(case: Case, bob: Any) -> None:
    with pytest.raises(ValueError, match="no resolution"):
        services.resolve(user=bob, case=case, resolution="whatever")
    services.claim(user=bob, case=case)
    resolved = services.resolve(user=bob, case=case, resolution="solved")
    assert (resolved.state, resolved.resolution, resolved.waiting_since) == ("resolved", "solved", None)
    assert resolved.resolved_at is not None and resolved.claimed_until is None


def test_a_resolved_case_is_closed_after_a_week(case: Case, bob: Any) -> None:
    services.resolve(user=bob, case=case)
    assert services.close_settled() == 0
    assert services.close_settled(now=timezone.now() + timedelta(days=7, hours=1)) == 1
    assert fresh(case).state == "closed"
    assert not case.links.filter(is_open=True).exists()
    with pytest.raises(WrongStepError):
        services.reopen(user=bob, case=case)


def test_a_person_reopens_without_starting_a_clock(case: Case, bob: Any) -> None:
    services.resolve(user=bob, case=case)
    assert services.reopen(user=bob, case=case).waiting_since is None
    assert fresh(case).state == "open"


def test_a_hand_off_is_offered_and_confirmed_once(case: Case, bob: Any) -> None:
    step = services.offer_hand_off(user=bob, case=case, to="seller_desk", note="specialist named")
    first = services.confirm_hand_off(user=bob, hand_off=step).confirmed_at
    assert services.confirm_hand_off(user=bob, hand_off=step).confirmed_at == first is not None
    assert HandOff.objects.count() == 1
    with pytest.raises(ValueError, match="no hand-off"):
        services.offer_hand_off(user=bob, case=case, to="pigeon")


def test_not_a_complaint_corrects_the_reading_and_resolves_the_case(case: Case, bob: Any) -> None:
    done = services.mark_not_complaint(user=bob, case=case, version=case.version)
    assert (done.state, done.resolution, done.severity, done.is_flagged) == ("resolved", "not_a_complaint", 0, False)
    reading = current_reading(case.deciding_post_id)
    assert reading is not None and not reading.complaint
    assert PostChange.objects.filter(post_id=case.deciding_post_id, kind="corrected").count() == 1


def test_not_a_complaint_leaves_the_case_open_while_another_post_asks(brand: Any, bob: Any) -> None:
    thread = make_thread(brand)
    run_pipeline(make_post(brand, "late again", thread=thread), make_post(brand, "and where is it?", thread=thread))
    case = Case.objects.get()
    assert services.mark_not_complaint(user=bob, case=case).state == "new"


def test_a_corrected_topic_is_the_topic_of_the_case(case: Case, bob: Any) -> None:
    assert services.correct_reading(user=bob, case=case, field="topic", value="service").topic == "service"
    foreign = make_post(case.brand, "late", author="noa")
    with pytest.raises(ValueError, match="another case"):
        services.correct_reading(user=bob, case=case, field="topic", value="service", post=foreign)


def answer(case: Case, **fields: Any) -> Any:
    post = case.deciding_post
    return make_post(
        case.brand, "We are on it", author=None, thread=post.conversation, is_own=True, own_by="us", form="reply",
        **{"in_reply_to": post.external_id, "at": timezone.now(), **fields},
    )  # fmt: skip


def test_an_own_reply_gives_the_word_to_the_customer(case: Case, bob: Any) -> None:
    services.claim(user=bob, case=case)
    own = answer(case)
    assert services.note_own_post(post_id=own.pk) == case
    after = fresh(case)
    assert (after.state, after.waiting_since, after.first_reply_at) == ("waiting", None, own.created_at)
    assert after.claimed_until is None and after.assignee == bob
    services.note_own_post(post_id=answer(case).pk)
    assert fresh(case).first_reply_at == own.created_at


def test_an_acknowledgement_is_no_answer(case: Case) -> None:
    services.note_own_post(post_id=answer(case).pk, case_id=case.pk, is_acknowledgement=True)
    after = fresh(case)
    assert (after.state, after.first_reply_at, after.waiting_since) == ("new", None, case.waiting_since)


def test_an_answer_older_than_the_customer_s_last_word_leaves_them_waiting(case: Case) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    make_post(case.brand, "Hello?", thread=case.deciding_post.conversation, at=yesterday - timedelta(hours=1))
    services.note_own_post(post_id=answer(case, at=yesterday).pk)
    after = fresh(case)
    assert after.waiting_since is not None and after.state == "new" and after.first_reply_at == yesterday


def test_what_the_brand_wrote_before_anybody_spoke_is_no_answer(case: Case) -> None:
    services.note_own_post(post_id=answer(case, at=timezone.now() - timedelta(days=1)).pk)
    after = fresh(case)
    assert after.waiting_since is not None and after.first_reply_at is None


def test_an_answer_to_one_person_answers_only_that_one(brand: Any) -> None:
    thread = make_thread(brand)
    mine, other = make_case(brand, thread=thread), make_case(brand, thread=thread, author="noa")
    services.note_own_post(post_id=answer(mine).pk)
    assert (fresh(mine).state, fresh(other).state) == ("waiting", "new")


def test_a_word_of_ours_that_answers_nobody_in_particular_answers_nobody_of_two(brand: Any) -> None:
    thread = make_thread(brand)
    mine = make_case(brand, thread=thread)
    make_case(brand, thread=thread, author="noa")
    assert services.note_own_post(post_id=answer(mine, in_reply_to="").pk) is None


@pytest.mark.parametrize("state", [*CaseState.values])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_leads_where_the_table_says_or_is_refused(state: str, step: str) -> None:
    if state in STEPS[step]:
        after = next_state(state, step)
        assert after == state or after in TRANSITIONS["case"][state]
    else:
        with pytest.raises(WrongStepError):
            next_state(state, step)


def test_every_state_can_be_reached_and_all_but_the_end_can_be_left() -> None:
    table = TRANSITIONS["case"]
    reached = {"new"}
    while grown := {target for state in reached for target in table[state]} - reached:
        reached |= grown
    assert reached == set(CaseState.values)
    assert all(table[state] for state in table)
    assert "    resolved --> closed" in as_markdown("case", table)
