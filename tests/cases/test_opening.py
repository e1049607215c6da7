"""A post opens a case or joins one, once, however many workers try."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.alerts.models import Alert
from monitor.audit.models import AuditEvent
from monitor.cases.models import Case, CaseConversation, CasePost, Escalation
from monitor.cases.reference import ALPHABET, make_reference, make_references, read_reference
from monitor.cases.services import close, open_cases, resolve, snooze
from monitor.cases.services.opening import _insert
from monitor.inbox.models import Post, PostChange
from monitor.triage.models import Rule
from monitor.triage.services import TriageOutcome
from tests.analysis.making import make_author, make_post, make_thread
from tests.cases.making import decide_on, make_case, run_pipeline

pytestmark = pytest.mark.django_db


def test_a_complaint_opens_a_case_that_knows_what_it_is_about(brand: Any) -> None:
    post = make_post(brand, "Late again!")
    assert run_pipeline(post) == [Case.objects.get().pk]
    case = Case.objects.get()
    assert (case.state, case.topic, case.severity, case.intent, case.language) == (
        "new",
        "delivery",
        2,
        "complaint",
        "en",
    )
    assert case.deciding_post == post and case.author == post.author and case.platform == "x"
    assert case.waiting_since == case.last_inbound_at == case.first_post_at == post.created_at
    assert [reason["code"] for reason in case.reasons][:2] == ["severity.2", "complaint"]
    assert PostChange.objects.filter(post_id=post.pk, kind="cased").count() == 1
    assert AuditEvent.objects.get(act="case.opened").actor_kind == "automation"


def test_a_question_and_any_direct_message_get_a_case_and_chatter_gets_none(brand: Any) -> None:
    run_pipeline(
        make_post(brand, "Do you ship to Malta?", author="ann"),
        make_post(brand, "hello", author="bea", form="direct_message"),
        make_post(brand, "Nice hat", author="cid"),
        make_post(brand, "buy my coupons", author="dan"),
    )
    assert {case.author.handle for case in Case.objects.select_related("author") if case.author} == {"ann", "bea"}


def test_a_second_run_opens_nothing(brand: Any) -> None:
    post = make_post(brand)
    outcomes = decide_on([post])
    first = open_cases(outcomes=outcomes)
    assert open_cases(outcomes=outcomes) == []
    assert list(Case.objects.values_list("pk", flat=True)) == first
    assert CasePost.objects.count() == 1


def test_more_of_the_same_author_in_the_thread_joins_the_case(brand: Any) -> None:
    thread = make_thread(brand)
    run_pipeline(make_post(brand, "late", thread=thread))
    run_pipeline(make_post(brand, "it is fraud!", thread=thread))
    case = Case.objects.get()
    assert (case.post_count, case.severity, case.version) == (2, 3, 2)
    assert case.deciding_post.text == "it is fraud!"
    assert case.is_flagged


def test_a_milder_word_does_not_take_over_the_case(brand: Any) -> None:
    thread = make_thread(brand)
    run_pipeline(make_post(brand, "it is fraud!", thread=thread))
    run_pipeline(make_post(brand, "late", thread=thread))
    case = Case.objects.get()
    assert (case.post_count, case.severity, case.deciding_post.text) == (2, 3, "it is fraud!")


def test_an_edited_post_keeps_its_place_and_is_weighed_anew(brand: Any) -> None:
    post = make_post(brand, "late")
    run_pipeline(post)
    case = Case.objects.get()
    Post.objects.filter(pk=post.pk).update(text="it is fraud!", version=2, stage="received")
    assert run_pipeline(post) == [case.pk]
    after = Case.objects.get()
    assert (after.severity, after.post_count, after.is_flagged, after.version) == (3, 1, True, 2)
    assert (after.state, after.waiting_since) == (case.state, case.waiting_since)
    assert Escalation.objects.get().case == case
    Post.objects.filter(pk=post.pk).update(text="late", version=3, stage="received")
    run_pipeline(post)
    assert (Case.objects.get().severity, Case.objects.get().is_flagged) == (1, False)


def test_two_people_in_one_public_thread_have_two_cases(brand: Any) -> None:
    thread = make_thread(brand)
    run_pipeline(make_post(brand, "late", thread=thread), make_post(brand, "late", thread=thread, author="noa"))
    assert Case.objects.count() == 2


def test_a_batch_with_several_posts_of_one_person_opens_one_case(brand: Any) -> None:
    run_pipeline(*[make_post(brand, f"late {number}") for number in range(5)])
    case = Case.objects.get()
    assert case.post_count == 5 == CasePost.objects.filter(case=case).count()
    assert CaseConversation.objects.filter(case=case, is_open=True).count() == 5


def test_a_comment_and_a_direct_message_of_one_person_are_one_case(brand: Any) -> None:
    run_pipeline(make_post(brand, "late"))
    run_pipeline(make_post(brand, "here are the details", form="direct_message"))
    case = Case.objects.get()
    assert case.post_count == 2 and case.links.count() == 2


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("after the window", {"at": timezone.now() + timedelta(hours=80)}),
        ("from another person", {"author": "noa"}),
        ("from a namesake on another platform", {"platform": "facebook"}),
        ("without a date", {"created_at": None}),
    ],
)
def test_what_may_be_another_matter_opens_another_case(brand: Any, what: str, fields: dict[str, Any]) -> None:
    run_pipeline(make_post(brand, "late"))
    run_pipeline(make_post(brand, "late", **fields))
    assert Case.objects.count() == 2, what


def test_a_customer_who_writes_again_wakes_a_waiting_and_a_snoozed_case(brand: Any, bob: Any) -> None:
    thread = make_thread(brand)
    case = make_case(brand, thread=thread)
    snooze(user=bob, case=case, until=timezone.now() + timedelta(days=2))
    Case.objects.update(state="waiting", waiting_since=None)
    post = make_post(brand, "still late", thread=thread)
    run_pipeline(post)
    case.refresh_from_db()
    assert (case.state, case.snoozed_until, case.waiting_since) == ("open", None, post.created_at)


def test_a_resolved_case_opens_again_within_a_week_and_a_later_word_opens_a_new_one(brand: Any, bob: Any) -> None:
    thread = make_thread(brand)
    case = make_case(brand, thread=thread)
    resolve(user=bob, case=case)
    run_pipeline(make_post(brand, "late again", thread=thread))
    case.refresh_from_db()
    assert (case.state, case.resolution, case.resolved_at) == ("open", "", None)
    assert AuditEvent.objects.filter(act="case.reopened", actor_kind="automation").count() == 1
    assert "case.returned" in [reason["code"] for reason in case.reasons]
    resolve(user=bob, case=case)
    Case.objects.update(resolved_at=timezone.now() - timedelta(days=8))
    run_pipeline(make_post(brand, "late again", thread=thread))
    assert Case.objects.count() == 2
    assert CaseConversation.objects.filter(conversation=thread, is_open=True).count() == 1


def test_closing_thanks_neither_reopen_nor_open(brand: Any, bob: Any) -> None:
    thread = make_thread(brand, is_public=False)
    case = make_case(brand, "where is it?", thread=thread, form="direct_message")
    resolve(user=bob, case=case)
    run_pipeline(make_post(brand, "thanks", thread=thread, form="direct_message"))
    case.refresh_from_db()
    assert (case.state, case.post_count, Case.objects.count()) == ("resolved", 2, 1)
    assert case.waiting_since is None


def test_a_closed_case_takes_nothing_any_more(brand: Any, bob: Any) -> None:
    thread = make_thread(brand)
    case = make_case(brand, thread=thread)
    resolve(user=bob, case=case)
    close(user=bob, case=case)
    run_pipeline(make_post(brand, "late again", thread=thread))
    assert Case.objects.count() == 2


def test_an_import_starts_no_clock_and_raises_no_alert(brand: Any) -> None:
    run_pipeline(make_post(brand, "fraud!", arrival="import", created_at=None, mentions_us=False))
    case = Case.objects.get()
    assert case.waiting_since is None and case.first_post_at is None
    assert case.last_inbound_at is not None
    assert Escalation.objects.count() == 1 and not Alert.objects.exists()


def test_a_grave_post_escalates_its_case_once_and_tells_people(brand: Any) -> None:
    thread = make_thread(brand)
    run_pipeline(make_post(brand, "fraud!", thread=thread))
    run_pipeline(make_post(brand, "fraud, I say!", thread=thread))
    escalation = Escalation.objects.get()
    assert "escalate" in [reason["code"] for reason in escalation.reasons]
    assert Alert.objects.get().code == "case.escalated"


def test_rules_tag_and_assign_but_only_to_people_of_the_brand(brand: Any, bob: Any, charlie: Any) -> None:
    conditions = [{"field": "topic", "op": "is", "value": "delivery"}]
    for position, actions in enumerate(
        [[{"op": "assign", "value": charlie.pk}], [{"op": "assign", "value": bob.pk}, {"op": "tag", "value": "parcel"}]]
    ):
        Rule.objects.create(brand=brand, name="r", position=position, conditions=conditions, actions=actions)
    case = make_case(brand)
    assert (case.assignee, case.tags) == (bob, ["parcel"])


def test_anonymous_posts_stand_alone(brand: Any) -> None:
    run_pipeline(make_post(brand, "late", author=None), make_post(brand, "late", author=None))
    assert Case.objects.count() == 2


def test_a_batch_costs_few_queries_more_for_many_posts(brand: Any) -> None:
    def queries(count: int) -> int:
        posts = [make_post(brand, "late", author=make_author(brand, f"p{count}-{n}")) for n in range(count)]
        outcomes = decide_on(posts)
        with CaptureQueriesContext(connection) as captured:
            open_cases(outcomes=outcomes)
        return len(captured)

    # Each opened case has its audit event; everything else is bulk.
    few, many = queries(5), queries(40)
    assert many - few == 35


def test_references_are_readable_and_never_look_like_a_number(brand: Any) -> None:
    references = [make_reference() for _ in range(500)]
    assert all(len(one) == 8 and set(one) <= set(ALPHABET) and one[0].isalpha() for one in references)
    assert not set("ILOU") & set("".join(references))
    assert read_reference(" abcd-1o2l ") == "ABCD1021"


def test_a_reference_that_is_taken_is_drawn_again(brand: Any) -> None:
    asked: list[set[str]] = []

    def taken(candidates: Any) -> set[str]:
        asked.append(set(candidates))
        return set(candidates) if len(asked) == 1 else set()

    fresh = make_references(3, taken)
    assert len(set(fresh)) == 3 and len(asked) == 2
    assert not asked[0] & set(fresh)


def test_a_reference_taken_in_the_very_moment_is_drawn_again(brand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    case = make_case(brand)
    drawn = iter([[case.reference], ["ZZZZZZZZ"]])
    monkeypatch.setattr("monitor.cases.services.opening.make_references", lambda count, taken: next(drawn))
    twin = Case(brand=brand, deciding_post=case.deciding_post, platform="x", intent="complaint", topic="delivery")
    _insert([twin])
    assert Case.objects.get(reference="ZZZZZZZZ").pk == twin.pk


def _in_threads(jobs: list[Any]) -> list[Any]:
    """Runs the jobs at the same moment, each with its own connection."""
    start = Barrier(len(jobs))

    def run(job: Any) -> Any:
        try:
            start.wait(10)
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


@pytest.mark.django_db(transaction=True)
def test_eight_workers_with_eight_posts_of_one_thread_open_one_case(brand: Any) -> None:
    thread = make_thread(brand)
    posts = [make_post(brand, f"late {number}", thread=thread) for number in range(8)]
    batches: list[list[TriageOutcome]] = [decide_on([post]) for post in posts]
    touched = _in_threads([lambda batch=batch: open_cases(outcomes=batch) for batch in batches])
    case = Case.objects.get()
    assert touched == [[case.pk]] * 8
    assert (case.post_count, CasePost.objects.count()) == (8, 8)
    assert CaseConversation.objects.filter(is_open=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_workers_with_the_same_posts_open_each_case_once(brand: Any) -> None:
    posts = [make_post(brand, "late", author=f"person{number}") for number in range(12)]
    outcomes = decide_on(posts)
    _in_threads([lambda: open_cases(outcomes=outcomes)] * 8)
    assert Case.objects.count() == CasePost.objects.count() == 12


@pytest.mark.django_db(transaction=True)
def test_one_person_in_many_threads_has_one_case_whoever_comes_first(brand: Any) -> None:
    posts = [make_post(brand, "late") for _ in range(8)]
    batches = [decide_on([post]) for post in posts]
    _in_threads([lambda batch=batch: open_cases(outcomes=batch) for batch in batches])
    case = Case.objects.get()
    assert case.post_count == 8
    assert Post.objects.filter(case_post__case=case).count() == 8


@pytest.mark.django_db(transaction=True)
def test_batches_in_opposite_order_do_not_lock_each_other_out(brand: Any) -> None:
    people = [make_author(brand, f"person{number}") for number in range(10)]
    forward = decide_on([make_post(brand, "late", author=person) for person in people])
    backward = decide_on([make_post(brand, "late", author=person) for person in reversed(people)])
    _in_threads([lambda: open_cases(outcomes=forward), lambda: open_cases(outcomes=backward[::-1])])
    assert Case.objects.count() == 10
    assert set(Case.objects.values_list("post_count", flat=True)) == {2}
