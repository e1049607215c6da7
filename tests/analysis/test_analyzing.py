"""Batches of posts are read once, outside transactions, and one bad post costs only itself."""

import logging
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitor.analysis.models import Analysis, Correction, Embedding
from monitor.analysis.selectors import current_reading
from monitor.analysis.services import analyze_posts, correct, reanalyze_posts
from monitor.analysis.services.inference import EngineFailedError
from monitor.inbox.models import Post, PostChange
from monitor.inbox.services.stages import claim_posts
from tests.analysis.making import POISON, WordEngine, make_post

pytestmark = pytest.mark.django_db


def stage_of(post: Post) -> str:
    return Post.objects.get(pk=post.pk).stage


def test_it_stores_what_the_engine_says_and_moves_the_post_on(brand: Any) -> None:
    post = make_post(brand, "Late again, order 4471-88231 of mia@example.com")
    assert analyze_posts(post_ids=[post.pk], engine=WordEngine()) == [post.pk]
    stored = Analysis.objects.get(post=post)
    assert (stored.complaint, stored.severity, stored.topic, stored.model_version) == (True, 2, "delivery", "words-1")
    assert stage_of(post) == "analyzed"
    assert PostChange.objects.filter(post_id=post.pk, kind="analyzed").count() == 1


def test_it_keeps_kinds_and_places_of_entities_but_never_their_values(brand: Any) -> None:
    post = make_post(brand, "It is late, write to mia@example.com")
    analyze_posts(post_ids=[post.pk], engine=WordEngine())
    entities = Analysis.objects.get(post=post).entities
    assert [entity["kind"] for entity in entities] == ["email"]
    assert post.text[entities[0]["start"] : entities[0]["end"]] == "mia@example.com"
    assert "mia@example.com" not in str(entities)


def test_a_brand_whose_pattern_cannot_be_read_or_never_ends_has_its_posts_read(brand: Any) -> None:
    brand.order_patterns = ["(LM", r"(\d+)+x", r"ZZ\d{3}"]
    brand.save()
    post = make_post(brand, "Late again: ZZ123, " + "1" * 40)
    assert analyze_posts(post_ids=[post.pk], engine=WordEngine()) == [post.pk]
    assert [entity["kind"] for entity in Analysis.objects.get(post=post).entities] == ["order_number"]
    assert stage_of(post) == "analyzed"


def test_only_complaints_get_an_embedding(brand: Any) -> None:
    late, fine = make_post(brand, "Late"), make_post(brand, "Lovely shop")
    analyze_posts(post_ids=[late.pk, fine.pk], engine=WordEngine())
    assert list(Embedding.objects.values_list("post_id", flat=True)) == [late.pk]


def test_a_second_run_changes_nothing(brand: Any) -> None:
    post = make_post(brand)
    engine = WordEngine()
    analyze_posts(post_ids=[post.pk], engine=engine)
    assert analyze_posts(post_ids=[post.pk], engine=engine) == []
    assert Analysis.objects.count() == PostChange.objects.filter(kind="analyzed").count() == 1


def test_one_poisoned_post_is_found_and_its_neighbours_are_read(brand: Any) -> None:
    posts = [make_post(brand, f"late {number}" if number != 37 else POISON) for number in range(64)]
    claimed = claim_posts(stage="received", limit=100)
    engine = WordEngine()
    assert len(analyze_posts(post_ids=claimed, engine=engine)) == 63
    bad = Post.objects.get(pk=posts[37].pk)
    assert (bad.stage, bad.stage_error) == ("received", "analysis.failed:ValueError")
    assert len(engine.calls) <= 2 * 6 + 2  # halving, and one look at the probe


def test_a_poisoned_post_is_put_aside_after_its_third_try(brand: Any) -> None:
    post = make_post(brand, POISON)
    for _ in range(3):
        Post.objects.filter(pk=post.pk).update(lease_until=None)
        assert claim_posts(stage="received", limit=10) == [post.pk]
        analyze_posts(post_ids=[post.pk], engine=WordEngine())
    Post.objects.filter(pk=post.pk).update(lease_until=None)
    assert claim_posts(stage="received", limit=10) == []
    assert stage_of(post) == "quarantined"


def test_a_broken_engine_blames_no_post(brand: Any) -> None:
    post = make_post(brand)
    claimed = claim_posts(stage="received", limit=10)
    with pytest.raises(EngineFailedError):
        analyze_posts(post_ids=claimed, engine=WordEngine(is_broken=True))
    row = Post.objects.get(pk=post.pk)
    assert (row.stage, row.stage_tries) == ("received", 0)
    assert row.stage_error.startswith("engine.failed")


def test_the_text_of_a_post_never_reaches_a_log(brand: Any, caplog: pytest.LogCaptureFixture) -> None:
    post = make_post(brand, f"{POISON} my secret street")
    with caplog.at_level(logging.DEBUG):
        analyze_posts(post_ids=[post.pk], engine=WordEngine())
    assert caplog.records
    for record in caplog.records:
        assert "secret street" not in record.getMessage() + repr(record.__dict__)


def test_a_post_edited_while_the_model_reads_keeps_its_new_text_waiting(brand: Any) -> None:
    post = make_post(brand, "late")

    class SlowEngine(WordEngine):
        def analyze(self, posts: Any, order_patterns: Any = (), learned: Any = None) -> Any:
            Post.objects.filter(pk=post.pk).update(text="all fine", version=2)
            return super().analyze(posts, order_patterns)

    assert analyze_posts(post_ids=[post.pk], engine=SlowEngine()) == []
    assert stage_of(post) == "received"
    assert not Analysis.objects.exists()


def test_a_post_deleted_while_the_model_reads_leaves_no_reading(brand: Any) -> None:
    post = make_post(brand, "late")

    class SlowEngine(WordEngine):
        def analyze(self, posts: Any, order_patterns: Any = (), learned: Any = None) -> Any:
            Post.objects.filter(pk=post.pk).update(text="", deleted_at="2026-01-01T00:00:00Z")
            return super().analyze(posts, order_patterns)

    assert analyze_posts(post_ids=[post.pk], engine=SlowEngine()) == [post.pk]
    assert not Analysis.objects.exists()


def test_own_and_deleted_posts_move_on_unread(brand: Any) -> None:
    own = make_post(brand, "We are sorry", is_own=True, own_by="us")
    gone = make_post(brand, "", deleted_at="2026-01-01T00:00:00Z")
    engine = WordEngine()
    assert analyze_posts(post_ids=[own.pk, gone.pk], engine=engine) == [own.pk, gone.pk]
    assert engine.calls == []
    assert not Analysis.objects.exists()


def test_an_edit_is_read_anew_and_voids_the_verdict_on_the_old_text(brand: Any, bob: Any) -> None:
    post = make_post(brand, "late")
    analyze_posts(post_ids=[post.pk], engine=WordEngine())
    correct(user=bob, post=post, field="complaint", value=False)
    Post.objects.filter(pk=post.pk).update(text="late again", version=2, stage="received")
    analyze_posts(post_ids=[post.pk], engine=WordEngine())
    reading = current_reading(post.pk)
    assert reading is not None
    assert (reading.complaint, reading.severity, reading.post_version) == (True, 2, 2)
    assert not Correction.objects.filter(is_current=True).exists()
    assert Analysis.objects.get(post=post).post_version == 2, "nobody needs what was said of words that are gone"


def test_a_batch_costs_a_fixed_number_of_queries(brand: Any) -> None:
    few = [make_post(brand).pk for _ in range(3)]
    many = [make_post(brand).pk for _ in range(40)]
    with CaptureQueriesContext(
        connection,
    ) as of_few:
        analyze_posts(post_ids=few, engine=WordEngine())
    with CaptureQueriesContext(connection) as of_many:
        analyze_posts(post_ids=many, engine=WordEngine())
    assert len(of_many) == len(of_few)


def test_a_newer_model_reads_old_posts_again_and_corrections_go_on_counting(brand: Any, bob: Any) -> None:
    posts = [make_post(brand, f"late {number}") for number in range(3)]
    analyze_posts(post_ids=[post.pk for post in posts], engine=WordEngine())
    correct(user=bob, post=posts[0], field="topic", value="service")
    newer = WordEngine(version="words-2")
    assert reanalyze_posts(brand_id=brand.pk, limit=2, engine=newer) == [posts[2].pk, posts[1].pk]
    assert reanalyze_posts(brand_id=brand.pk, limit=2, before_id=posts[1].pk, engine=newer) == [posts[0].pk]
    assert reanalyze_posts(brand_id=brand.pk, limit=2, engine=newer) == []
    assert set(Analysis.objects.filter(is_current=True).values_list("model_version", flat=True)) == {"words-2"}
    reading = current_reading(posts[0].pk)
    assert reading is not None and reading.topic == "service"


def test_going_back_to_a_model_uses_its_old_readings(brand: Any) -> None:
    post = make_post(brand)
    analyze_posts(post_ids=[post.pk], engine=WordEngine())
    reanalyze_posts(brand_id=brand.pk, engine=WordEngine(version="words-2"))
    reanalyze_posts(brand_id=brand.pk, engine=WordEngine())
    assert Analysis.objects.count() == 2
    assert Analysis.objects.get(is_current=True).model_version == "words-1"


def test_however_often_a_post_is_read_anew_only_its_last_two_readings_are_kept(brand: Any, bob: Any) -> None:
    post, quiet = make_post(brand, "late"), make_post(brand, "Lovely shop")
    analyze_posts(post_ids=[post.pk, quiet.pk], engine=WordEngine())
    correct(user=bob, post=post, field="topic", value="service")
    for number in range(2, 6):
        reanalyze_posts(brand_id=brand.pk, engine=WordEngine(version=f"words-{number}"))
        assert Analysis.objects.filter(post=post).count() == Analysis.objects.filter(post=quiet).count() == 2
    kept = Analysis.objects.filter(post=post).order_by("model_version")
    assert list(kept.values_list("model_version", "is_current")) == [("words-4", False), ("words-5", True)]
    assert set(Embedding.objects.values_list("post_id", "model_version")) == {
        (post.pk, "words-4"), (post.pk, "words-5"),
    }  # fmt: skip
    reading, verdict = current_reading(post.pk), Correction.objects.get()
    assert reading is not None and reading.topic == "service"
    assert (verdict.is_current, verdict.post_version) == (True, 1)
