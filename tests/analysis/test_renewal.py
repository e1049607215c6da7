"""Stored posts follow the weights, what was learned and the topics of today, whoever works beside whom."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from monitor.alerts.models import Alert
from monitor.analysis.models import Analysis, BrandTopic, Renewal
from monitor.analysis.services import (
    analyze_posts,
    ask_due_renewals,
    ask_renewal,
    learn,
    reanalyze_posts,
    renew_some,
    use_version,
)
from monitor.analysis.services.lenses import hold_lenses, lens_of
from monitor.inbox.models import Post, Stage
from tests.analysis.making import make_post
from tests.analysis.test_teaching import NumberEngine, correct_topics, read

pytestmark = pytest.mark.usefixtures("few_are_enough")

OLD, NEW = NumberEngine(), NumberEngine(version="words-2")


@dataclass(eq=False)
class Interrupted(NumberEngine):
    """Something happens while a batch is in the model, once."""

    meanwhile: Callable[[], Any] | None = None

    def analyze(self, posts: Any, order_patterns: Any = (), learned: Any = None) -> Any:
        answer = super().analyze(posts, order_patterns, learned)
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        return answer


def versions() -> set[str]:
    return set(Analysis.objects.filter(is_current=True).values_list("model_version", flat=True))


def renew(engine: Any) -> int:
    count = 0
    while found := renew_some(limit=2, engine=engine):
        count += found
    return count


def an_hour_later() -> None:
    """As the rows see it."""
    earlier = timedelta(hours=1, seconds=1)
    Renewal.objects.update(asked_at=F("asked_at") - earlier, looked_at=F("looked_at") - earlier)


def test_an_update_has_stored_posts_read_again_and_asks_once(brand: Any, other_brand: Any) -> None:
    read(OLD, brand, [f"late {number}" for number in range(5)])
    assert ask_due_renewals(engine=OLD) == 2 and not Renewal.objects.filter(finished_at=None).exists()
    assert ask_due_renewals(engine=OLD) == 0
    an_hour_later()
    assert ask_due_renewals(engine=NEW) == 2, "the brand with posts, and the one without that is noted"
    assert ask_due_renewals(engine=NEW) == 0
    renewal = Renewal.objects.get(finished_at=None)
    assert (renewal.brand_id, renewal.total, renewal.done) == (brand.pk, 5, 0)
    assert renew(NEW) == 5 and versions() == {"words-2"}
    renewal.refresh_from_db()
    assert renewal.done == 5 and renewal.finished_at is not None
    assert ask_due_renewals(engine=NEW) == 0


def test_what_was_read_before_anybody_kept_count_is_asked_for_at_once(brand: Any) -> None:
    read(OLD, brand, ["late one"])
    assert ask_due_renewals(engine=NEW) == 1
    assert renew(NEW) == 1 and versions() == {"words-2"}


def test_workers_of_two_versions_do_not_ask_in_turn(brand: Any) -> None:
    read(OLD, brand, ["late one"])
    ask_due_renewals(engine=NEW)
    assert ask_due_renewals(engine=OLD) == 0
    assert renew_some(engine=OLD) == 0, "nor does the old one work off, or end, what the new one asked for"
    assert Renewal.objects.get().finished_at is None
    an_hour_later()
    assert ask_due_renewals(engine=OLD) == 1, "after an hour it is no update: somebody went back"


def test_what_an_old_worker_stored_behind_the_renewal_is_found_within_a_day(brand: Any) -> None:
    read(OLD, brand, ["late one"])
    ask_due_renewals(engine=NEW)
    renew(NEW)
    read(OLD, brand, ["late two"])
    assert ask_due_renewals(engine=NEW) == 0
    an_hour_later()
    assert ask_due_renewals(engine=NEW) == 1 and renew(NEW) == 1 and versions() == {"words-2"}
    assert Renewal.objects.count() == 1
    Renewal.objects.update(asked_at=timezone.now() - timedelta(days=2))
    read(OLD, brand, ["late three"])
    an_hour_later()
    assert ask_due_renewals(engine=NEW) == 0


def test_a_renewal_looks_once_more_from_the_top_before_it_ends(brand: Any) -> None:
    read(OLD, brand, ["late one", "late two"])
    ask_renewal(brand_id=brand.pk, engine=NEW)
    assert renew_some(limit=2, engine=NEW) == 2
    read(OLD, brand, ["late three"])  # by a worker that had it in hand
    assert renew(NEW) == 1 and versions() == {"words-2"}
    renewal = Renewal.objects.get()
    assert renewal.finished_at is not None and renewal.done <= renewal.total


def test_a_post_that_no_model_can_read_does_not_keep_it_from_ending(brand: Any) -> None:
    (post,) = read(OLD, brand, ["late one"])
    Post.objects.filter(pk=post.pk).update(text="poison")
    ask_renewal(brand_id=brand.pk, engine=NEW)
    for _ in range(4):
        renew_some(engine=NEW)
    assert Renewal.objects.get().finished_at is not None


def test_examples_that_had_to_go_have_posts_read_again(brand: Any) -> None:
    read(OLD, brand, ["late one"])
    ask_due_renewals(engine=OLD)
    BrandTopic.objects.create(brand=brand, name="gift_cards", examples=["a", "b"])
    assert ask_due_renewals(engine=OLD) == 1 and renew(OLD) == 1


def test_learned_heads_of_earlier_weights_are_told_to_rest_until_they_are_taught(brand: Any, bob: Any) -> None:
    correct_topics(OLD, brand, bob)
    assert learn(brand=brand, engine=OLD).heads is not None
    an_hour_later()
    ask_due_renewals(engine=NEW)
    (alert,) = Alert.objects.filter(code="heads.resting", closed_at=None)
    assert (alert.brand_id, alert.count, alert.params) == (brand.pk, 1, {"number": 1})
    ask_due_renewals(engine=NEW)
    alert.refresh_from_db()
    assert alert.count == 1
    made = learn(brand=brand, engine=NEW).heads
    assert made is not None and (made.number, made.base_version) == (2, "words-2")
    assert not Alert.objects.filter(closed_at=None).exists()


@pytest.fixture
def learned(brand: Any, bob: Any) -> Any:
    correct_topics(OLD, brand, bob)
    return learn(brand=brand, engine=OLD).heads


def test_a_batch_that_was_read_before_the_change_is_not_stored_after_it(brand: Any, learned: Any) -> None:
    engine = Interrupted()
    engine.meanwhile = lambda: use_version(brand=brand, number=0, engine=engine)
    post = make_post(brand, "late rude agent once more", platform="facebook")
    assert analyze_posts(post_ids=[post.pk], engine=engine) == []
    post.refresh_from_db()
    assert (post.stage, post.stage_tries, post.stage_error) == (Stage.RECEIVED, 0, "analysis.lens_changed")
    assert not Analysis.objects.filter(post=post).exists()
    assert analyze_posts(post_ids=[post.pk], engine=engine) == [post.pk]
    assert Analysis.objects.get(post=post).model_version == "words-1"


def test_a_slow_worker_does_not_revive_the_analysis_of_before(brand: Any, learned: Any) -> None:
    """Both workers read a batch under version 1; before the second stores, somebody has gone back and all was read."""
    renew(OLD)
    assert versions() == {"words-1+1"}
    use_version(brand=brand, number=0, engine=OLD)
    renew(OLD)
    use_version(brand=brand, number=1, engine=OLD)
    slow = Interrupted()

    def back_again() -> None:
        use_version(brand=brand, number=0, engine=OLD)
        renew(OLD)

    slow.meanwhile = back_again
    assert reanalyze_posts(brand_id=brand.pk, engine=slow) == []
    assert versions() == {"words-1"}


@pytest.mark.django_db(transaction=True)
def test_whoever_changes_the_heads_waits_for_readings_that_are_being_stored(brand: Any) -> None:
    read(OLD, brand, ["late one"])
    asked = threading.Event()

    def ask() -> None:
        try:
            ask_renewal(brand_id=brand.pk, engine=NEW)
            asked.set()
        finally:
            connection.close()

    thread = threading.Thread(target=ask)
    with transaction.atomic():
        assert hold_lenses({brand.pk: lens_of(brand.pk, OLD)}, OLD) == {brand.pk}
        thread.start()
        assert not asked.wait(0.5)
    thread.join(20)
    assert asked.is_set()
