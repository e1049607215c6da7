"""A brand's corrections teach its own model, are tried before they count, and can be taken back."""

from typing import Any

import numpy as np
import pytest

from monitor.analysis.models import Analysis, LearnedHeads, Renewal
from monitor.analysis.selectors import current_readings
from monitor.analysis.services import (
    analyze_posts,
    ask_renewal,
    correct,
    learn,
    renew_some,
    use_version,
    versions_of,
)
from monitor.audit.models import AuditEvent
from monitor.brands.models import Brand
from monitor.inbox.models import Post
from monitor.nlp.labels import HEADS, TOPICS
from monitor.nlp.learning import LearnedWeights
from tests.analysis.making import WordEngine, make_post

DELIVERY, SERVICE = TOPICS.index("delivery"), TOPICS.index("service")


class NumberEngine(WordEngine):
    """Gives each word of a text a fixed direction, reads every topic as delivery, and takes learned heads."""

    thresholds = {"complaint": 0.5, "needs_reply": 0.5, "escalate": 0.5}

    def measure(self, posts: Any) -> tuple[dict[str, Any], Any]:
        scores = {head: np.full((len(posts), len(labels)), 0.2 / (len(labels) - 1)) for head, labels in HEADS.items()}
        for head in HEADS:
            scores[head][:, DELIVERY if head == "topic" else 0] = 0.8
        return scores, np.stack([self._embed(post.text) for post in posts])

    def analyze(self, posts: Any, order_patterns: Any = (), learned: Any = None) -> Any:
        read = super().analyze(posts, order_patterns)
        if learned is None:
            return read
        topics = learned.apply(*self.measure(posts))["topic"].argmax(1)
        return [
            type(one)(**{**{name: getattr(one, name) for name in one.__dataclass_fields__}, "topic": TOPICS[topic]})
            for one, topic in zip(read, topics, strict=True)
        ]

    def _embed(self, text: str) -> Any:
        words = [sum(map(ord, word)) for word in text.split()]
        return sum(np.random.default_rng(word).normal(size=384) for word in words).astype(np.float32)


@pytest.fixture
def engine() -> NumberEngine:
    return NumberEngine()


def read(engine: Any, brand: Brand, texts: list[str], **fields: Any) -> list[Post]:
    posts = [make_post(brand, text, **fields) for text in texts]
    analyze_posts(post_ids=[post.pk for post in posts], engine=engine)
    return posts


def correct_topics(engine: Any, brand: Brand, bob: Any, *, platform: str = "facebook") -> list[Post]:
    """Sixty posts about rude agents that were read as delivery, and a hundred that are rightly so."""
    read(engine, brand, [f"late parcel courier {number}" for number in range(100)], platform=platform)
    wrong = read(engine, brand, [f"late rude agent {number}" for number in range(60)], platform=platform)
    for post in wrong:
        correct(user=bob, post=post, field="topic", value="service")
    return wrong


def test_corrections_change_how_the_next_posts_are_read(brand: Any, bob: Any, engine: Any) -> None:
    correct_topics(engine, brand, bob)
    lesson = learn(brand=brand, engine=engine)
    assert (lesson.corrected_posts, lesson.left_out) == (60, 0)
    assert lesson.heads is not None and lesson.heads.number == 1
    told = lesson.report["topic"]
    assert told["is_promoted"] and told["right_before"] == 0 and told["right_after"] > 0 and told["changed"] == 0
    rude, late = read(engine, brand, ["late rude agent again", "late parcel courier again"], platform="facebook")
    readings = current_readings([rude.pk, late.pk])
    assert (readings[rude.pk].topic, readings[late.pk].topic) == ("service", "delivery")
    assert readings[rude.pk].model_version == "words-1+1"
    assert AuditEvent.objects.filter(act="heads.learned", brand_id=brand.pk).count() == 1


def test_posts_of_x_never_teach(brand: Any, bob: Any, engine: Any) -> None:
    correct_topics(engine, brand, bob, platform="x")
    lesson = learn(brand=brand, engine=engine)
    assert (lesson.corrected_posts, lesson.left_out, lesson.heads, lesson.report) == (0, 60, None, {})


def test_what_one_brand_teaches_stays_its_own(brand: Any, bob: Any, engine: Any) -> None:
    correct_topics(engine, brand, bob)
    learn(brand=brand, engine=engine)
    other = Brand.objects.create(slug="other", name="Other")
    (post,) = read(engine, other, ["late rude agent"], platform="facebook")
    assert Analysis.objects.get(post=post).topic == "delivery"
    assert Analysis.objects.get(post=post).model_version == "words-1"


def test_a_version_can_be_taken_back_and_chosen_again(brand: Any, bob: Any, engine: Any) -> None:
    correct_topics(engine, brand, bob)
    learn(brand=brand, engine=engine)
    for number, topic in ((0, "delivery"), (1, "service")):
        use_version(brand=brand, number=number, engine=engine)
        (post,) = read(engine, brand, ["late rude agent once more"], platform="facebook")
        assert Analysis.objects.get(post=post, is_current=True).topic == topic
    assert [one.number for one in versions_of(brand=brand)] == [1]
    with pytest.raises(LearnedHeads.DoesNotExist):
        use_version(brand=brand, number=7, engine=engine)
    assert LearnedHeads.objects.get(brand=brand).is_active


def test_heads_that_were_learned_on_other_weights_are_not_used(brand: Any, bob: Any, engine: Any) -> None:
    correct_topics(engine, brand, bob)
    learn(brand=brand, engine=engine)
    (post,) = read(NumberEngine(version="words-2"), brand, ["late rude agent"], platform="facebook")
    assert Analysis.objects.get(post=post).model_version == "words-2"


def test_stored_posts_are_read_again_a_batch_at_a_time(brand: Any, bob: Any, engine: Any) -> None:
    posts = read(engine, brand, [f"late rude agent {number}" for number in range(5)], platform="facebook")
    newer = NumberEngine(version="words-2")
    assert ask_renewal(brand_id=brand.pk, engine=newer) is not None
    assert [renew_some(limit=2, engine=newer) for _ in range(4)] == [2, 2, 1, 0]
    renewal = Renewal.objects.get()
    assert (renewal.total, renewal.done) == (5, 5) and renewal.finished_at is not None
    versions = Analysis.objects.filter(post__in=posts, is_current=True).values_list("model_version", flat=True)
    assert set(versions) == {"words-2"}
    assert renew_some(limit=2, engine=newer) == 0
    assert ask_renewal(brand_id=brand.pk, engine=newer) is None


def test_who_asks_again_begins_again(brand: Any, engine: Any) -> None:
    read(engine, brand, [f"late {number}" for number in range(4)])
    ask_renewal(brand_id=brand.pk, engine=NumberEngine(version="words-2"))
    renew_some(limit=3, engine=NumberEngine(version="words-2"))
    newest = NumberEngine(version="words-3")
    ask_renewal(brand_id=brand.pk, engine=newest)
    assert Renewal.objects.filter(finished_at=None).count() == 1
    while renew_some(limit=3, engine=newest):
        pass
    assert set(Analysis.objects.filter(is_current=True).values_list("model_version", flat=True)) == {"words-3"}


def test_a_run_that_teaches_one_head_keeps_the_others_in_use(brand: Any, bob: Any, engine: Any) -> None:
    correct_topics(engine, brand, bob)
    first = learn(brand=brand, engine=engine).heads
    for post in read(engine, brand, [f"late odd lamp {number}" for number in range(60)], platform="facebook"):
        correct(user=bob, post=post, field="intent", value="question")
    lesson = learn(brand=brand, engine=engine)
    assert lesson.heads is not None and first is not None and lesson.heads.number == 2
    assert lesson.report["intent"]["is_promoted"] and not lesson.report["topic"]["is_promoted"]
    kept, before = (LearnedWeights.from_bytes(bytes(one.weights)).heads for one in (lesson.heads, first))
    assert set(kept) == {"topic", "intent"} and (kept["topic"] == before["topic"]).all()
    told = lesson.heads.report["topic"]
    assert told["since"] == 1 and told["is_promoted"] and told["right_after"] == first.report["topic"]["right_after"]
    (post,) = read(engine, brand, ["late rude agent again"], platform="facebook")
    assert current_readings([post.pk])[post.pk].topic == "service"


def test_the_same_corrections_again_make_no_new_version(brand: Any, bob: Any, engine: Any) -> None:
    correct_topics(engine, brand, bob)
    learn(brand=brand, engine=engine)
    lesson = learn(brand=brand, engine=engine)
    assert lesson.heads is None and [one.number for one in versions_of(brand=brand)] == [1]
    assert LearnedHeads.objects.get().is_active


def test_the_list_marks_what_is_in_use_and_what_rests(
    brand: Any, bob: Any, engine: Any, monkeypatch: Any, capsys: Any
) -> None:
    from monitor.commands import teaching

    correct_topics(engine, brand, bob)
    learn(brand=brand, engine=engine)
    for version, mark in (("words-1", "*"), ("words-2", "~")):
        monkeypatch.setattr("monitor.nlp.engine.load_engine", lambda named=version: NumberEngine(version=named))
        teaching._list(brand)
        said = capsys.readouterr()
        assert f"{brand.slug} {mark}  1" in said.out
        assert ("version 1 rests (~)" in said.err) is (mark == "~")
