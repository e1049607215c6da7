"""What triage, the queue and the case page read; and what an erasure leaves."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.analysis import privacy as analysis_privacy
from monitor.analysis.models import Analysis, Embedding
from monitor.cases import privacy as cases_privacy
from monitor.cases import services
from monitor.cases.models import Case, HandOff, Note
from monitor.cases.selectors import VIEWS, QueueFilters, case_detail, case_facts, queue
from monitor.erasure import Person
from monitor.inbox.models import Post
from monitor.inbox.services import apply_deletions
from monitor.platforms.base import IncomingDeletion
from monitor.privacy.registry import columns_to_claim
from monitor.triage import privacy as triage_privacy
from monitor.triage.models import TriageDecision
from tests.analysis.making import make_author, make_post, make_thread
from tests.cases.making import make_case, run_pipeline

pytestmark = pytest.mark.django_db


def facts_of(post: Post) -> Any:
    return case_facts([post.pk])[post.pk]


def test_case_facts_tell_of_the_open_case_in_the_thread(brand: Any) -> None:
    thread = make_thread(brand)
    make_case(brand, thread=thread)
    known = facts_of(make_post(brand, "still?", thread=thread))
    assert (known.has_open_case, known.has_recent_case, known.is_returning, known.unanswered_posts) == (
        True,
        True,
        False,
        1,
    )


def test_case_facts_tell_of_the_same_person_s_case_elsewhere_and_of_no_other_s(brand: Any) -> None:
    make_case(brand)
    assert facts_of(make_post(brand, "still?")).has_open_case
    assert not facts_of(make_post(brand, "still?", author="noa")).has_recent_case
    assert not facts_of(make_post(brand, "still?", at=timezone.now() + timedelta(days=9))).has_recent_case


def test_case_facts_tell_of_a_case_resolved_lately(brand: Any, bob: Any) -> None:
    thread = make_thread(brand)
    case = make_case(brand, thread=thread)
    services.resolve(user=bob, case=case)
    post = make_post(brand, "again!", thread=thread)
    assert (facts_of(post).has_open_case, facts_of(post).is_returning) == (False, True)
    Case.objects.update(resolved_at=timezone.now() - timedelta(days=8))
    assert not facts_of(post).has_recent_case


def test_case_facts_tell_how_long_the_customer_has_waited(brand: Any) -> None:
    thread = make_thread(brand)
    asked_at = timezone.now() - timedelta(hours=30)
    make_case(brand, thread=thread, at=asked_at)
    assert facts_of(make_post(brand, "still?", thread=thread)).hours_waiting == pytest.approx(30, abs=0.1)
    earlier = make_post(brand, "one from before that came late", thread=thread, at=asked_at - timedelta(hours=1))
    assert facts_of(earlier).hours_waiting is None
    assert facts_of(make_post(brand, "me too", thread=thread, author="noa")).hours_waiting is None
    Case.objects.update(state="waiting", waiting_since=None)
    assert facts_of(make_post(brand, "thank you, but", thread=thread)).hours_waiting is None


def test_who_comments_under_an_old_post_of_ours_has_not_waited_and_who_asks_again_has(brand: Any) -> None:
    month_ago = timezone.now() - timedelta(days=30)
    thread = make_thread(brand, last_own_at=month_ago)
    make_post(brand, "Our new hats!", thread=thread, author=None, is_own=True, at=month_ago)
    first = make_post(brand, "My hat is late", thread=thread, form="comment", at=timezone.now() - timedelta(hours=26))
    again = make_post(brand, "It is still late", thread=thread, form="comment")
    run_pipeline(first)
    run_pipeline(again)
    waited = [
        [reason["params"] for reason in decision.reasons if reason["code"] == "waiting.long"]
        for decision in TriageDecision.objects.filter(post__in=[first, again]).order_by("post_id")
    ]
    assert waited == [[], [{"hours": 26}]]


def test_case_facts_cost_one_query(brand: Any) -> None:
    ids = [make_post(brand, author=f"p{number}").pk for number in range(20)]
    with CaptureQueriesContext(connection) as captured:
        assert len(case_facts(ids)) == 20
    assert len(captured) == 1


@pytest.fixture
def eleven(brand: Any) -> list[Case]:
    words = ["late", "late again", "fraud!", "why?"]
    return [make_case(brand, words[number % 4], author=f"p{number}") for number in range(11)]


def test_the_queue_comes_page_by_page_the_most_urgent_first(eleven: list[Case], brand: Any, bob: Any) -> None:
    seen: list[Case] = []
    cursor = ""
    for _ in range(10):
        page = queue(bob, brand, cursor=cursor, page_size=3)
        seen += page.cases
        cursor = page.cursor
        if not cursor:
            break
    assert len(seen) == len({case.pk for case in seen}) == 11
    keys = [(not case.is_flagged, -case.priority, case.last_inbound_at, case.pk) for case in seen]
    assert keys == sorted(keys)


@pytest.mark.parametrize("view", ["active", "all"])
def test_undated_cases_are_not_lost_between_pages(view: str, eleven: list[Case], brand: Any, bob: Any) -> None:
    Case.objects.filter(pk__in=[case.pk for case in eleven[:6]]).update(last_inbound_at=None)
    seen: list[int] = []
    cursor = ""
    while page := queue(bob, brand, QueueFilters(view=view), cursor, page_size=2):
        seen += [case.pk for case in page.cases]
        cursor = page.cursor
        if not cursor:
            break
    assert sorted(seen) == sorted(case.pk for case in eleven)


def test_a_case_that_leaves_while_somebody_pages_shifts_nothing(eleven: list[Case], brand: Any, bob: Any) -> None:
    first = queue(bob, brand, page_size=4)
    services.resolve(user=bob, case=first.cases[0])
    second = queue(bob, brand, cursor=first.cursor, page_size=20)
    assert {case.pk for case in first.cases} | {case.pk for case in second.cases} == {case.pk for case in eleven}


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_read_in_one_query(view: str, eleven: list[Case], brand: Any, bob: Any) -> None:
    services.claim(user=bob, case=eleven[0])
    services.snooze(user=bob, case=eleven[1], until=timezone.now() + timedelta(hours=1))
    services.resolve(user=bob, case=eleven[2])
    Case.objects.filter(pk=eleven[3].pk).update(state="waiting")
    services.escalate(user=bob, case=eleven[4])
    services.escalate(user=bob, case=eleven[4])
    list(queue(bob, brand).cases)
    with CaptureQueriesContext(connection) as captured:
        page = queue(bob, brand, QueueFilters(view=view))
    assert len(captured) == 2  # the role and the page
    assert page.cases or view == "closed"


def test_the_queue_filters(eleven: list[Case], brand: Any, bob: Any) -> None:
    assert {case.severity for case in queue(bob, brand, QueueFilters(least_severity=2)).cases} == {2, 3}
    assert {case.intent for case in queue(bob, brand, QueueFilters(intent="question")).cases} == {"question"}
    assert queue(bob, brand, QueueFilters(platform="facebook")).cases == []
    for senseless in ({"filters": QueueFilters(view="pretty")}, {"cursor": "1~2"}, {"cursor": "a~b~c"}):
        with pytest.raises(ValueError):  # noqa: PT011 any word will do
            queue(bob, brand, **senseless)  # type: ignore[arg-type]


def test_the_queue_uses_its_index(eleven: list[Case], brand: Any, bob: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        with CaptureQueriesContext(connection) as captured:
            queue(bob, brand, cursor=queue(bob, brand, page_size=3).cursor)
        cursor.execute("EXPLAIN " + captured.captured_queries[-1]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "using queue on cases_case" in plan and "Sort" not in plan


def test_a_case_page_shows_the_person_and_us_but_no_stranger(brand: Any, bob: Any) -> None:
    thread = make_thread(brand)
    case = make_case(brand, thread=thread)
    make_post(brand, "We look into it", thread=thread, author=None, is_own=True)
    make_post(brand, "Mine too", thread=thread, author="noa")
    services.add_note(user=bob, case=case, text="called")
    detail = case_detail(bob, brand, case.reference.lower())
    assert [post.text for post in detail.posts] == ["My parcel is late", "We look into it"]
    assert detail.asking_post_ids == {case.deciding_post_id}
    assert detail.readings[case.deciding_post_id].topic == "delivery"
    assert [note.text for note in detail.notes] == ["called"]


def test_outsiders_see_neither_queue_nor_case(brand: Any, other_brand: Any, charlie: Any) -> None:
    case = make_case(brand)
    for ask in (
        lambda: queue(charlie, brand),
        lambda: case_detail(charlie, brand, case.reference),
    ):
        with pytest.raises(PermissionDenied):
            ask()
    with pytest.raises(Case.DoesNotExist):
        case_detail(charlie, other_brand, case.reference)


@pytest.mark.parametrize(
    ("room", "module"), [("analysis", analysis_privacy), ("triage", triage_privacy), ("cases", cases_privacy)]
)
def test_every_column_that_can_hold_words_is_claimed(room: str, module: Any) -> None:
    assert columns_to_claim(room) == set(module.COLUMNS)
    assert all(claim.split(":")[0] in {"erased", "staff", "kept"} for claim in module.COLUMNS.values())


def test_an_erased_person_leaves_only_what_counts(brand: Any, bob: Any) -> None:
    case = make_case(brand, "fraud! write to mia@example.com")
    services.add_note(user=bob, case=case, text="Mia called")
    services.add_tag(user=bob, case=case, tag="mia")
    services.offer_hand_off(user=bob, case=case, to="email", note="mia@example.com")
    author = make_author(brand)
    person = Person("x", author.external_id, (brand.pk,), (author.pk,), (case.deciding_post_id,), (), (case.pk,))
    rooms = (cases_privacy, triage_privacy, analysis_privacy)
    assert all(any(room.erase_author(person).values()) for room in rooms)
    assert not any(any(room.erase_author(person).values()) for room in rooms)  # a second time finds nothing
    assert not Embedding.objects.exists()
    assert (Note.objects.get().text, HandOff.objects.get().note) == ("", "")
    decision, reading = TriageDecision.objects.get(), Analysis.objects.get()
    assert (decision.facts, decision.reasons, reading.entities, reading.reasons) == ({}, [], [], [])
    case.refresh_from_db()
    assert (case.reasons, case.tags) == ([], [])
    assert (case.severity, reading.topic, decision.is_flagged) == (3, "delivery", True)


def test_posts_that_a_platform_deleted_are_forgotten_too(brand: Any) -> None:
    case = make_case(brand, "fraud!")
    ids = [case.deciding_post_id]
    assert [room.erase_posts(ids) for room in (cases_privacy, triage_privacy, analysis_privacy)] == [3, 1, 2]
    assert [room.erase_posts(ids) for room in (cases_privacy, triage_privacy, analysis_privacy)] == [0, 0, 0]


def test_a_deletion_on_the_platform_reaches_every_room_with_the_next_sweep(brand: Any) -> None:
    case = make_case(brand, "fraud!")
    rooms = (cases_privacy, triage_privacy, analysis_privacy)
    assert not any(any(room.sweep_retention(timezone.now()).values()) for room in rooms)
    apply_deletions(brand_id=brand.pk, deletions=[IncomingDeletion("x", case.deciding_post.external_id)])
    assert all(any(room.sweep_retention(timezone.now()).values()) for room in rooms)
    assert not Embedding.objects.exists() and Analysis.objects.get().reasons == []
