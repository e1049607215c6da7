"""The way of posts through the pipeline: leases, tries, quarantine."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.alerts.models import Alert
from monitor.inbox import selectors
from monitor.inbox.line import in_line
from monitor.inbox.models import Post, PostChange
from monitor.inbox.services import (
    advance_posts,
    claim_posts,
    pending_counts,
    quarantine_posts,
    release_posts,
    retry_quarantined,
)
from tests.inbox.makers import incoming, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def posts(channel):
    return list(store(channel, *[incoming(number) for number in range(30)]).post_ids)


def claim(limit=100, **more):
    return claim_posts(stage="received", limit=limit, **more)


def workers_die():
    """Their leases run out."""
    Post.objects.exclude(lease_until=None).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_claimed_post_is_not_claimed_again_until_its_lease_ends(posts):
    assert claim(limit=20) == posts[:20]
    assert claim() == posts[20:]
    assert claim() == []


def test_only_named_posts_are_claimed_where_names_are_given(posts):
    assert claim(post_ids=posts[3:5]) == posts[3:5]
    assert claim(post_ids=posts[3:5]) == []


def test_live_posts_are_claimed_before_those_of_a_file(channel):
    store(channel, *[incoming(number) for number in range(3)], arrival="import", how="import")
    store(channel, incoming(50))
    store(channel, incoming(60), arrival="backfill")
    order = [Post.objects.get(pk=claim(limit=1)[0]).external_id for _ in range(5)]
    assert order == ["p50", "p0", "p1", "p2", "p60"]


def test_an_advanced_post_is_done_with_its_stage_and_logged(posts):
    ids = claim(limit=2)
    assert advance_posts(post_ids=ids, from_stage="received", to_stage="analyzed") == ids
    assert advance_posts(post_ids=ids, from_stage="received", to_stage="analyzed") == []
    post = Post.objects.get(pk=ids[0])
    assert (post.stage, post.stage_tries, post.lease_until) == ("analyzed", 0, None)
    assert PostChange.objects.filter(kind="analyzed").count() == 2
    assert claim_posts(stage="analyzed", limit=5) == ids


def test_a_post_that_was_edited_while_it_was_worked_on_stays(posts):
    ids = claim(limit=2)
    versions = dict.fromkeys(ids, 1)
    Post.objects.filter(pk=ids[0]).update(version=F("version") + 1)
    moved = advance_posts(post_ids=ids, from_stage="received", to_stage="analyzed", versions=versions)
    assert moved == ids[1:]


def test_a_post_that_kills_its_worker_is_quarantined_alone(posts):
    poison = posts[11]
    rounds = 0
    while True:
        workers_die()
        claimed = claim()
        if not claimed:
            break
        rounds += 1
        assert rounds < 60
        if poison not in claimed:
            advance_posts(post_ids=claimed, from_stage="received", to_stage="analyzed")
    assert list(Post.objects.filter(stage="quarantined").values_list("pk", flat=True)) == [poison]
    assert Post.objects.get(pk=poison).stage_tries == 3
    assert Post.objects.get(pk=poison).stage_error == "pipeline.gave_up"
    assert Post.objects.filter(stage="analyzed").count() == len(posts) - 1


def test_a_released_post_waits_and_comes_again(posts):
    ids = claim(limit=1)
    release_posts(post_ids=ids, error_code="analysis.failed:ValueError")
    post = Post.objects.get(pk=ids[0])
    assert post.stage_error == "analysis.failed:ValueError"
    wait = (post.lease_until - timezone.now()).total_seconds()
    assert 5 < wait <= 11
    assert ids[0] not in claim()
    workers_die()
    assert claim(post_ids=ids) == ids


def test_a_fault_of_ours_is_no_try_of_the_posts(posts):
    for _ in range(6):
        ids = claim(limit=30)
        assert ids == posts
        release_posts(post_ids=ids, error_code="engine.failed", counts_as_try=False)
        workers_die()
    assert not Post.objects.filter(stage="quarantined").exists()


def test_quarantine_keeps_the_reason_and_a_person_can_send_posts_on(posts, brand, other_brand):
    assert quarantine_posts(post_ids=posts[:2], error_code="analysis.failed:MemoryError") == 2
    assert quarantine_posts(post_ids=posts[:2], error_code="other") == 0
    assert Post.objects.get(pk=posts[0]).stage_error == "analysis.failed:MemoryError"
    assert (Alert.objects.get().code, Alert.objects.get().params) == ("pipeline.quarantine", {"count": 2})
    assert posts[0] not in claim(limit=3)
    assert retry_quarantined(brand_id=other_brand.pk) == 0
    assert retry_quarantined(brand_id=brand.pk, post_ids=posts[:1]) == 1
    assert retry_quarantined(brand_id=brand.pk) == 1
    assert Post.objects.filter(stage="received").count() == 30


def test_the_lag_of_each_stage_can_be_read(posts):
    count, age = pending_counts()["received"]
    assert count == 30
    assert 0 <= age < 60
    assert pending_counts()["analyzed"] == (0, 0.0)
    Post.objects.update(stored_at=timezone.now() - timedelta(minutes=5))
    assert 299 < selectors.oldest_wait_seconds() < 400
    claim()
    assert selectors.oldest_wait_seconds() == 0


def nodes_of(plan):
    return [plan["Node Type"], *(node for part in plan.get("Plans", []) for node in nodes_of(part))]


def test_a_claim_reads_the_first_of_the_line_however_many_wait_and_whatever_the_planner_believes(channel):
    store(channel, incoming(1))
    first = Post.objects.get()
    Post.objects.bulk_create(
        Post(
            brand_id=channel.brand_id, platform="x", external_id=f"q{number}", form="post", text="Where is it?",
            conversation_id=first.conversation_id, arrival="import", stage="triaged" if number % 50 else "received",
        )
        for number in range(3000)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_post")  # as on a usual day, when next to nothing waits
        cursor.execute(
            "SET LOCAL random_page_cost = 1000"
        )  # so that few rows make it sort, as many do in a large table
    Post.objects.update(stage="received")
    with CaptureQueriesContext(connection) as queries:
        assert len(claim(limit=100)) == 100
        selectors.oldest_wait_seconds()
    asked = [query["sql"] for query in queries if "ORDER BY arrival" in query["sql"]]
    assert len(asked) == 2
    for sql in asked:
        with transaction.atomic(), connection.cursor() as cursor, in_line(cursor):
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
            nodes = nodes_of(cursor.fetchone()[0][0]["Plan"])
        assert "Sort" not in nodes and "Index Scan" in nodes


def test_the_planner_is_left_as_it_was(posts):
    claim(limit=1)
    with connection.cursor() as cursor:
        cursor.execute("SHOW enable_sort")
        assert cursor.fetchone() == ("on",)
