"""The buckets are exact: after any change, folded or not, and beside transactions that are still open."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from monitor.inbox.models import Post, PostChange
from monitor.trends import selectors, services
from monitor.trends.models import Contribution, FoldPoint, TrendBucket, TrendLine
from tests.trends.making import correct_post, decide_post, log_change, make_market, make_post, open_case, read_post

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def complaints(brand: Any, **options: Any) -> int:
    return selectors.series(
        brand=brand, since=NOON - timedelta(days=5), until=NOON + timedelta(days=5), **options
    ).total


@pytest.fixture(autouse=True)
def changes_are_finished(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A test runs in one open transaction, whose changes would rightly wait: here they count as finished."""
    if "transactional_db" in request.fixturenames:
        return
    finished = services._next_span

    def span_with_our_own(cursor: Any, limit: int) -> Any:
        span = finished(cursor, limit)
        waiting = PostChange.objects.filter(xid__gte=span.first).count()
        own = int(_value("SELECT pg_current_xact_id()::text::bigint"))
        return services._Span(span.first, own + 1, waiting)

    monkeypatch.setattr(services, "_next_span", span_with_our_own)


def _value(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def test_a_complaint_counts_before_anything_is_folded(brand: Any) -> None:
    read_post(make_post(brand, NOON))
    assert complaints(brand) == 1
    assert TrendBucket.objects.count() == 0


def test_a_complaint_counts_once_after_the_fold_too(brand: Any) -> None:
    read_post(make_post(brand, NOON))
    services.fold()
    assert TrendBucket.objects.get().complaints == 1
    assert complaints(brand) == 1
    assert complaints(brand, by="topic", filters={"platform": "x"}) == 1


def test_folding_the_same_changes_again_changes_nothing(brand: Any) -> None:
    post = make_post(brand, NOON)
    read_post(post)
    services.fold()
    FoldPoint.objects.update(xid=0)
    services.fold()
    assert TrendBucket.objects.get().posts == 1
    assert selectors.differing_cells() == 0


def test_a_correction_takes_the_complaint_out_at_once(brand: Any) -> None:
    post = make_post(brand, NOON)
    read_post(post)
    services.fold()
    correct_post(post, "complaint", "false")
    FoldPoint.objects.update(xid=0)
    assert complaints(brand) == 0
    services.fold()
    assert complaints(brand) == 0
    assert complaints(brand, measure="posts") == 1


def test_a_post_that_moves_to_another_topic_leaves_no_empty_bucket(brand: Any) -> None:
    post = make_post(brand, NOON)
    read_post(post)
    services.fold()
    correct_post(post, "topic", "refund")
    FoldPoint.objects.update(xid=0)
    services.fold()
    assert list(TrendBucket.objects.values_list("topic", "complaints")) == [("refund", 1)]
    assert not TrendLine.objects.filter(posts=0).exists()


def test_our_own_posts_are_not_counted(brand: Any) -> None:
    make_post(brand, NOON, is_own=True)
    services.fold()
    assert complaints(brand, measure="posts") == 0


def test_a_deleted_post_keeps_counting(brand: Any) -> None:
    post = make_post(brand, NOON)
    read_post(post)
    Post.objects.filter(pk=post.pk).update(text="", deleted_at=NOON, deletion_reason="deleted")
    log_change(post, "deleted")
    services.fold()
    assert complaints(brand) == 1


def test_undated_posts_are_counted_apart(brand: Any) -> None:
    read_post(make_post(brand, None))
    before = selectors.series(brand=brand, since=NOON, until=NOON + timedelta(days=1))
    services.fold()
    after = selectors.series(brand=brand, since=NOON, until=NOON + timedelta(days=1))
    assert (before.total, before.undated) == (after.total, after.undated) == (0, 1)


def test_another_brand_is_never_counted(brand: Any, other_brand: Any) -> None:
    read_post(make_post(other_brand, NOON))
    assert complaints(brand) == 0
    services.fold()
    assert complaints(brand) == 0
    assert complaints(other_brand) == 1


def test_every_measure_reads_its_own_fact(brand: Any) -> None:
    post = make_post(brand, NOON, market=make_market(brand, "DE"))
    read_post(post, severity=3)
    decide_post(post, is_flagged=True)
    open_case(post)
    happy = make_post(brand, NOON)
    read_post(happy, complaint=False, sentiment="positive", intent="praise", severity=0)
    expected = {
        "posts": 2,
        "complaints": 1,
        "negatives": 1,
        "positives": 1,
        "severes": 1,
        "flagged": 1,
        "cased": 1,
    }
    assert {measure: complaints(brand, measure=measure) for measure in expected} == expected
    services.fold()
    assert {measure: complaints(brand, measure=measure) for measure in expected} == expected
    lines = selectors.series(
        brand=brand, since=NOON - timedelta(days=1), until=NOON, by="market", measure="posts"
    ).lines
    assert {line.value: line.total for line in lines} == {"DE": 1, "unknown": 1}


def test_a_restore_into_another_server_folds_everything_again(brand: Any) -> None:
    read_post(make_post(brand, NOON))
    services.fold()
    PostChange.objects.update(xid=9_000_000_000_000)
    FoldPoint.objects.update(xid=9_000_000_000_001, cluster=42)
    read_post(make_post(brand, NOON))
    assert complaints(brand) == 2
    services.fold()
    assert complaints(brand) == 2
    assert selectors.differing_cells() == 0


EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("store"), st.integers(0, 400), st.sampled_from(["x", "facebook"])),
        st.tuples(st.just("store_undated"), st.just(0), st.just("import")),
        st.tuples(st.just("read"), st.integers(0, 9), st.sampled_from(["delivery", "refund", "app"])),
        st.tuples(
            st.just("correct"), st.integers(0, 9), st.sampled_from(["complaint", "topic", "severity", "language"])
        ),
        st.tuples(st.just("decide"), st.integers(0, 9), st.booleans()),
        st.tuples(st.just("case"), st.integers(0, 9), st.none()),
        st.tuples(st.just("delete"), st.integers(0, 9), st.none()),
        st.tuples(st.just("vanish"), st.integers(0, 9), st.none()),
        st.tuples(st.just("move"), st.integers(0, 9), st.integers(0, 400)),
        st.tuples(st.just("fold"), st.just(0), st.none()),
    ),
    max_size=40,
)
CORRECTED = {"complaint": "false", "topic": "payment", "severity": "3", "language": "de"}


def apply_edit(brand: Any, posts: list[Post], kind: str, number: int, value: Any) -> None:
    if kind == "store":
        posts.append(make_post(brand, NOON + timedelta(minutes=7 * number), platform=value))
    elif kind == "store_undated":
        posts.append(make_post(brand, None, platform=value))
    elif kind == "fold":
        FoldPoint.objects.update(xid=0)
        services.fold()
    elif posts:
        edit_post(posts[number % len(posts)], kind, number, value)


def edit_post(post: Post, kind: str, number: int, value: Any) -> None:
    if not Post.objects.filter(pk=post.pk).exists():
        return
    if kind == "read":
        read_post(post, topic=value, severity=number % 4, complaint=bool(number % 3))
    elif kind == "correct":
        correct_post(post, value, CORRECTED[value])
    elif kind == "decide":
        decide_post(post, is_flagged=value)
    elif kind == "case":
        if not hasattr(Post.objects.get(pk=post.pk), "case_post"):
            open_case(post)
    elif kind == "delete":
        Post.objects.filter(pk=post.pk).update(text="", deleted_at=NOON)
        log_change(post, "deleted")
    elif kind == "move":
        Post.objects.filter(pk=post.pk).update(created_at=NOON + timedelta(minutes=7 * value))
        log_change(post, "edited")
    elif kind == "vanish" and not hasattr(Post.objects.get(pk=post.pk), "case_post"):
        log_change(post, "deleted")
        Post.objects.filter(pk=post.pk).delete()


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(edits=EDITS)
def test_no_cell_differs_from_a_recount_after_any_edits(brand: Any, edits: list[Any]) -> None:
    posts: list[Post] = []
    for kind, number, value in edits:
        apply_edit(brand, posts, kind, number, value)
    FoldPoint.objects.update(xid=0)
    assert selectors.differing_cells() == 0
    services.fold()
    assert selectors.differing_cells() == 0
    assert not TrendBucket.objects.filter(posts__lt=1).exists()
    folded = list(
        TrendBucket.objects.order_by("brand", "bucket_at", "platform", "topic").values_list("posts", flat=True)
    )
    services.rebuild()
    recounted = TrendBucket.objects.order_by("brand", "bucket_at", "platform", "topic").values_list("posts", flat=True)
    assert sorted(folded) == sorted(recounted)


def fold_when_others_have_finished() -> None:
    """Other tests on the same server have transactions of their own, which a fold rightly waits for."""
    give_up_at = time.monotonic() + 60
    while services.fold() == 0:
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def test_a_change_of_an_open_transaction_is_not_passed_over(transactional_db: None, brand: Any) -> None:
    first = make_post(brand, NOON)
    fold_when_others_have_finished()
    with psycopg.connect(_address()) as other:
        # An older transaction than the next change, still open while that one waits.
        other.execute(
            "INSERT INTO inbox_postchange (brand_id, post_id, kind) VALUES (%s, %s, 'analyzed')", [brand.pk, first.pk]
        )
        read_post(make_post(brand, NOON))
        assert services.fold() == 0
        assert complaints(brand) == 1
        other.execute("UPDATE inbox_post SET created_at = created_at + interval '1 day' WHERE id = %s", [first.pk])
        other.commit()
    fold_when_others_have_finished()
    assert selectors.differing_cells() == 0
    assert Contribution.objects.get(pk=first.pk).bucket_at == NOON + timedelta(days=1)


def test_two_folds_never_run_at_once(brand: Any) -> None:
    make_post(brand, NOON)
    with psycopg.connect(_address()) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [services.FOLD_LOCK])
        assert services.fold() == 0
    assert services.fold() == 1


def _address() -> str:
    database = connection.settings_dict
    parts = {"dbname": database["NAME"], "user": database["USER"], "host": database["HOST"], "port": database["PORT"]}
    assert settings.DATABASES["default"]["NAME"] == database["NAME"]
    return " ".join(f"{name}={value}" for name, value in parts.items() if value)
