"""The queue: order, filters, pages, the live poll, and acts on several cases."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.brands.models import Membership, User
from monitor.cases.models import Case
from monitor.console import queue
from monitor.console.queue import Filters, queue_page
from tests.support.desk import make_author, make_case, make_post, minutes_ago

QUEUE = "/b/lumora/queue/"


def _shown(client: Client, **query: str) -> list[str]:
    page = client.get(QUEUE, query).context["page"]
    return [case.reference for case in page.cases]


def test_the_short_address_of_a_brand_leads_to_its_queue(as_bob: Client, brand: Any) -> None:
    answer = as_bob.get(f"/b/{brand.slug}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/b/{brand.slug}/queue/")


def test_flagged_cases_come_first_then_the_most_urgent_then_the_longest_waiting(as_bob: Client, brand: Any) -> None:
    mild = make_case(brand, priority=90, is_flagged=False, at=minutes_ago(500))
    late = make_case(brand, priority=60, at=minutes_ago(50))
    fresh = make_case(brand, priority=60, at=minutes_ago(5))
    grave = make_case(brand, priority=95, at=minutes_ago(1))
    assert _shown(as_bob) == [grave.reference, late.reference, fresh.reference, mild.reference]


def test_a_row_says_why_and_what(as_bob: Client, brand: Any) -> None:
    make_case(brand, "Where is my parcel?", language="de", topic="delivery", severity=3)
    words = as_bob.get(QUEUE).content.decode()
    for said in ("Where is my parcel?", "Needs an answer", "Delivery", "Critical", "German", "Reply ready", "@mia"):
        assert said in words


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"topic": "promotions"}, "coupon"),
        ({"platform": "facebook"}, "page"),
        ({"language": "fr"}, "french"),
        ({"tab": "done"}, "solved"),
        ({"tab": "waiting"}, "waits"),
        ({"tab": "snoozed"}, "sleeps"),
        ({"tab": "mine"}, "mine"),
        ({"q": "kettle exploded"}, "kettle"),
        ({"q": "@zoe"}, "byzoe"),
        ({"told": "on_ad"}, "ad"),
        ({"told": "low_rated"}, "stars"),
        ({"told": "high_rated"}, "praise"),
    ],
)
def test_filters_show_what_they_name(
    as_bob: Client, bob: Any, brand: Any, query: dict[str, str], expected: str
) -> None:
    cases = {
        "coupon": make_case(brand, topic="promotions"),
        "page": make_case(brand, platform="facebook"),
        "french": make_case(brand, language="fr"),
        "solved": make_case(brand, state="resolved"),
        "waits": make_case(brand, state="waiting"),
        "sleeps": make_case(brand, snoozed_until=timezone.now() + timedelta(hours=2)),
        "mine": make_case(brand, assignee=bob),
        "kettle": make_case(brand, "The kettle simply EXPLODED."),
        "byzoe": make_case(brand, author=make_author(brand, "Zoe Lind", "zoe")),
        "ad": make_case(brand, post=make_post(brand, extra={"ad_id": "7"})),
        "stars": make_case(brand, post=make_post(brand, extra={"stars": 2})),
        "praise": make_case(brand, post=make_post(brand, extra={"recommends": True})),
    }
    assert _shown(as_bob, **query) == [cases[expected].reference]


def test_a_row_says_what_was_told_beyond_the_words(as_bob: Client, brand: Any) -> None:
    make_case(brand, post=make_post(brand, form="review", extra={"stars": 2, "app_version": "4.1.2"}))
    words = as_bob.get(QUEUE).content.decode()
    assert "2 of 5 stars" in words and "Version 4.1.2" in words


@pytest.mark.parametrize(
    ("way", "index"),
    [("on_ad", "posts_on_ads"), ("low_rated", "posts_with_ratings"), ("high_rated", "posts_with_ratings")],
)
def test_stars_and_ads_are_found_by_an_index_of_their_own(brand: Any, bob: Any, way: str, index: str) -> None:
    with CaptureQueriesContext(connection) as asked:
        queue_page(brand, bob, Filters(tab="all", told=way))
    with connection.cursor() as cursor:
        # The table is small: only whether the index can be used is asked.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + asked.captured_queries[-1]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert index in plan, plan


def test_stars_and_ads_are_offered_where_there_are_any(as_bob: Client, brand: Any) -> None:
    make_case(brand)
    assert 'name="told"' not in as_bob.get(QUEUE).content.decode()
    # An address that was kept works all the same, and says what it asks for.
    assert "On ads" in as_bob.get(QUEUE, {"told": "on_ad"}).content.decode()
    make_post(brand, extra={"recommends": False})
    words = as_bob.get(QUEUE).content.decode()
    assert "1 or 2 stars, or not recommended" in words and "On ads" not in words


def test_what_an_ad_brought_in_private_is_found_by_those_who_answer(client: Client, as_bob: Client, brand: Any) -> None:
    viewer = User.objects.create_user("vera@example.com", name="Vera")
    Membership.objects.create(user=viewer, brand=brand, role="viewer")
    client.force_login(viewer)
    make_case(brand, post=make_post(brand, is_public=False, extra={"ad_id": "7"}))
    assert len(_shown(as_bob, told="on_ad")) == 1
    assert _shown(client, told="on_ad") == []
    assert "Came by an ad" not in client.get(QUEUE).content.decode()
    assert "Came by an ad" in as_bob.get(QUEUE).content.decode()


def test_a_reference_finds_its_case(as_bob: Client, brand: Any) -> None:
    make_case(brand)
    wanted = make_case(brand)
    assert _shown(as_bob, tab="all", q=wanted.reference.lower()) == [wanted.reference]


def test_an_address_full_of_nonsense_is_no_error(as_bob: Client, case: Any) -> None:
    query = {"tab": "x", "after": "~~", "q": "\0 \ud800".encode("utf-8", "replace").decode(), "topic": "' OR 1=1 --"}
    assert as_bob.get(QUEUE, query).status_code == 200
    assert as_bob.get(QUEUE, {"after": "9~not a time~1"}).status_code == 200
    assert as_bob.get(f"{QUEUE}news/", {"since": "yesterday"}).status_code in (200, 304)


def test_pages_by_key_hold_every_case_once(brand: Any, bob: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "PAGE_SIZE", 3)
    moment = minutes_ago(30)
    for number in range(8):
        make_case(brand, priority=60 + number // 4, at=moment)
    Case.objects.filter(pk__in=Case.objects.order_by("pk").values("pk")[:2]).update(last_inbound_at=None)
    for tab in ("active", "all"):
        seen: list[int] = []
        after = ""
        while True:
            page = queue_page(brand, bob, Filters(tab=tab), after)
            seen += [case.pk for case in page.cases]
            after = page.cursor
            if not after:
                break
        assert sorted(seen) == sorted(Case.objects.values_list("pk", flat=True)), tab


def test_the_number_of_queries_does_not_grow_with_the_cases(as_bob: Client, brand: Any) -> None:
    make_case(brand)
    with CaptureQueriesContext(
        connection,
    ) as few:
        as_bob.get(QUEUE)
    for number in range(8):
        make_case(brand, author=make_author(brand, f"Person {number}", f"person{number}"))
    with CaptureQueriesContext(connection) as many:
        as_bob.get(QUEUE)
    assert len(many) == len(few)


def _mark(client: Client) -> str:
    return str(client.get(QUEUE).context["mark"])


def test_the_poll_answers_304_when_nothing_happened(as_bob: Client, case: Any) -> None:
    answer = as_bob.get(f"{QUEUE}news/", {"since": _mark(as_bob)})
    assert answer.status_code == 304
    assert not answer.content


def test_the_poll_costs_one_query_of_its_own_when_nothing_happened(as_bob: Client, case: Any) -> None:
    mark = _mark(as_bob)
    with CaptureQueriesContext(connection) as queries:
        as_bob.get(f"{QUEUE}news/", {"since": mark})
    asked = [query["sql"] for query in queries if "cases_case" in query["sql"]]
    assert len(asked) == 1 and '"changed_at" >' in asked[0]


def test_the_poll_brings_new_and_changed_cases(as_bob: Client, brand: Any, case: Any) -> None:
    mark = _mark(as_bob)
    fresh = make_case(brand, "Just now.")
    solved = case
    solved.state = "resolved"
    solved.save()
    words = as_bob.get(f"{QUEUE}news/", {"since": mark}).content.decode()
    assert f'data-belongs="1"><article class="case" data-case="{fresh.reference}"' in words
    assert f'data-belongs="0"><article class="case" data-case="{solved.reference}"' in words


def test_the_poll_finds_a_change_that_was_committed_late(as_bob: Client, brand: Any, case: Any) -> None:
    mark = _mark(as_bob)
    late = make_case(brand)
    Case.objects.filter(pk=late.pk).update(changed_at=case.changed_at - timedelta(milliseconds=300))
    assert late.reference in as_bob.get(f"{QUEUE}news/", {"since": mark}).content.decode()


def test_several_cases_are_resolved_at_once(as_bob: Client, brand: Any) -> None:
    cases = [make_case(brand) for _number in range(3)]
    references = [case.reference for case in cases]
    form = {"act": "resolve", "resolution": "answered", "case": references}
    answer = as_bob.post(f"{QUEUE}bulk/", form, follow=True)
    assert "Done for 3 cases." in answer.content.decode()
    assert set(Case.objects.values_list("state", flat=True)) == {"resolved"}


def test_a_bulk_act_leaves_other_brands_and_impossible_steps_alone(
    as_bob: Client, brand: Any, other_brand: Any
) -> None:
    foreign, closed, mine = make_case(other_brand), make_case(brand, state="closed"), make_case(brand)
    form = {"act": "resolve", "resolution": "spam", "case": [foreign.reference, closed.reference, mine.reference]}
    answer = as_bob.post(f"{QUEUE}bulk/", form, follow=True)
    assert "Done for 1 case." in answer.content.decode()
    assert "2 cases were left as they are." in answer.content.decode()
    foreign.refresh_from_db()
    assert foreign.state == "new"


def test_cases_are_assigned_to_colleagues_only(as_bob: Client, alice: Any, charlie: Any, case: Any) -> None:
    as_bob.post(f"{QUEUE}bulk/", {"act": "assign", "assignee": str(charlie.pk), "case": [case.reference]})
    case.refresh_from_db()
    assert case.assignee is None
    as_bob.post(f"{QUEUE}bulk/", {"act": "assign", "assignee": str(alice.pk), "case": [case.reference]})
    case.refresh_from_db()
    assert case.assignee == alice


def test_every_tab_says_how_many_it_holds(as_bob: Client, bob: Any, brand: Any) -> None:
    make_case(brand, assignee=bob)
    make_case(brand, is_flagged=False)
    make_case(brand, state="waiting", assignee=bob)
    make_case(brand, snoozed_until=timezone.now() + timedelta(hours=1))
    make_case(brand, state="resolved")
    counts = as_bob.get(QUEUE).context["counts"]
    assert dict(counts.tabs) == {"active": 2, "flagged": 1, "mine": 2, "waiting": 1, "snoozed": 1}
    for tab, number in counts.tabs.items():
        assert len(_shown(as_bob, tab=tab)) == number, tab


def test_a_page_reads_no_table_from_end_to_end(brand: Any, bob: Any) -> None:
    """Whatever the planner believes of a view: a look for fifty suggestions must not become a read of all."""
    make_case(brand, assignee=bob)
    with CaptureQueriesContext(connection) as asked:
        queue_page(brand, bob, Filters(tab="mine"))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + asked.captured_queries[0]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on replies_suggestedreply" not in plan
    assert "hashed SubPlan" not in plan
    assert "replies_suggestedreply_case_id" in plan or "one_suggestion_per_post" in plan
