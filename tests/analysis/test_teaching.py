"""A brand's corrections teach its own model, are tried before they count, and can be taken back."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from django.db.models import Q

from monitor.analysis.models import Analysis, Correction, LearnedHeads, Renewal, SampledPost, SampleStratum
from monitor.analysis.selectors import current_readings
from monitor.analysis.services import (
    LearningOvertakenError,
    analyze_posts,
    ask_renewal,
    correct,
    learn,
    renew_some,
    use_version,
    versions_of,
)
from monitor.analysis.services.lessons import Gathered, gather
from monitor.audit.models import AuditEvent
from monitor.brands.models import Brand
from monitor.inbox.models import Post
from monitor.nlp.labels import HEADS, TOPICS
from monitor.nlp.learning import LearnedWeights
from tests.analysis.making import WordEngine, make_post

pytestmark = pytest.mark.usefixtures("few_are_enough")

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


def word(number: int) -> str:
    """Texts that differ in a number alone are copies of each other."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


def read(engine: Any, brand: Brand, texts: list[str], **fields: Any) -> list[Post]:
    fields.setdefault("author", None)
    posts = [make_post(brand, text, **fields) for text in texts]
    analyze_posts(post_ids=[post.pk for post in posts], engine=engine)
    return posts


def correct_topics(engine: Any, brand: Brand, bob: Any, *, platform: str = "facebook") -> list[Post]:
    """Sixty posts about rude agents that were read as delivery, and a hundred that are rightly so."""
    read(engine, brand, [f"late parcel courier {word(n)}" for n in range(100)], platform=platform)
    wrong = read(engine, brand, [f"late rude agent {word(n)}" for n in range(60)], platform=platform)
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
    for post in read(engine, brand, [f"late odd lamp {word(n)}" for n in range(60)], platform="facebook"):
        correct(user=bob, post=post, field="sentiment", value="positive")
    lesson = learn(brand=brand, engine=engine)
    assert lesson.heads is not None and first is not None and lesson.heads.number == 2
    assert lesson.report["sentiment"]["is_promoted"] and not lesson.report["topic"]["is_promoted"]
    kept, before = (LearnedWeights.from_bytes(bytes(one.weights)).heads for one in (lesson.heads, first))
    assert set(kept) == {"topic", "sentiment"} and (kept["topic"] == before["topic"]).all()
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


class Meanwhile(NumberEngine):
    """Something happens while posts are measured, once."""

    happens: Any = None

    def measure(self, posts: Any) -> Any:
        if self.happens is not None:
            happens, self.happens = self.happens, None
            happens()
        return super().measure(posts)


def test_a_version_that_was_chosen_while_learn_was_at_work_stays(brand: Any, bob: Any, engine: Any) -> None:
    correct_topics(engine, brand, bob)
    learn(brand=brand, engine=engine)
    for post in read(engine, brand, [f"late odd lamp {word(n)}" for n in range(60)], platform="facebook"):
        correct(user=bob, post=post, field="topic", value="other")
    slow = Meanwhile()
    slow.happens = lambda: use_version(brand=brand, number=0, engine=engine)
    with pytest.raises(LearningOvertakenError, match="version 0 was chosen meanwhile"):
        learn(brand=brand, engine=slow)
    assert [one.is_active for one in versions_of(brand=brand)] == [False]
    made = learn(brand=brand, engine=slow).heads
    assert made is not None and (made.number, made.is_active) == (2, True)


def test_the_command_tells_that_somebody_was_first(
    brand: Any, bob: Any, engine: Any, monkeypatch: Any, capsys: Any
) -> None:
    from monitor.commands import teaching

    def overtaken(*, brand: Brand) -> None:
        raise LearningOvertakenError("version 2 was chosen meanwhile, where version 1 was in use")

    monkeypatch.setattr("monitor.analysis.services.learn", overtaken)
    assert teaching._learn(brand) is False
    assert "version 2 was chosen meanwhile" in capsys.readouterr().err


def test_a_head_reads_no_platform_on_which_it_was_not_checked(brand: Any, bob: Any, engine: Any) -> None:
    correct_topics(engine, brand, bob)
    lesson = learn(brand=brand, engine=engine)
    assert lesson.report["topic"]["platforms"] == ("facebook",)
    posts = [
        make_post(brand, f"late rude agent {word(n)}", platform=platform, author=None)
        for n, platform in enumerate(["x", "facebook", "x", "facebook"])
    ]
    analyze_posts(post_ids=[post.pk for post in posts], engine=engine)
    readings = current_readings([post.pk for post in posts])
    assert [readings[post.pk].topic for post in posts] == ["delivery", "service", "delivery", "service"]
    assert {readings[post.pk].model_version for post in posts} == {"words-1+1"}


def test_copies_teach_once(brand: Any, bob: Any, engine: Any) -> None:
    read(engine, brand, [f"late parcel courier {word(n)}" for n in range(40)], platform="facebook")
    for post in read(engine, brand, [f"@agent{n} late rude agent {n}" for n in range(60)], platform="facebook"):
        correct(user=bob, post=post, field="topic", value="service")
    lesson = learn(brand=brand, engine=engine)
    assert (lesson.corrected_posts, lesson.report, lesson.heads) == (60, {}, None)


def gathered(brand: Brand, engine: Any) -> Gathered:
    return gather(brand=brand, engine=engine, allowed=Q(pk__gt=0))


def test_a_verdict_on_words_that_were_edited_since_is_none_on_the_new_ones(brand: Any, bob: Any, engine: Any) -> None:
    first, second = read(engine, brand, ["late rude agent", "late odd lamp"], platform="facebook")
    for post in (first, second):
        correct(user=bob, post=post, field="topic", value="service")
    Post.objects.filter(pk=first.pk).update(text="late blue door", version=2)
    found = gathered(brand, engine)
    said = {lesson.labels.get("topic"): lesson.unknown for lesson in found.lessons}
    assert found.corrected_posts == 1 and said == {SERVICE: frozenset(), None: frozenset({"topic"})}
    Post.objects.update(version=3)
    assert gathered(brand, engine) == Gathered([], 0, 0)


def test_an_edit_that_is_not_read_yet_stands_for_nothing(brand: Any, bob: Any, engine: Any) -> None:
    wrong, edited, left = read(engine, brand, ["late rude agent", "late odd lamp", "late parcel"], platform="facebook")
    correct(user=bob, post=wrong, field="topic", value="service")
    Post.objects.filter(pk=edited.pk).update(text="late blue door", version=2)
    assert len(gathered(brand, engine).lessons) == 2


def test_a_topic_of_the_brands_own_is_no_word_for_the_topic_of_today(brand: Any, bob: Any, engine: Any) -> None:
    """A person has rejected that one, and the head has no label for the other."""
    own, wrong, found = read(engine, brand, ["late gift card", "late rude agent", "late card"], platform="facebook")
    correct(user=bob, post=own, field="topic", value="gift cards")
    correct(user=bob, post=own, field="sentiment", value="negative")
    correct(user=bob, post=wrong, field="topic", value="service")
    Analysis.objects.filter(post=found).update(topic="gift cards")
    told = [("topic" in lesson.labels, "topic" in lesson.unknown) for lesson in gathered(brand, engine).lessons]
    assert sorted(told) == [(False, True), (False, True), (True, False)]


def test_uncorrected_posts_are_drawn_by_chance_and_weigh_as_many_as_they_stand_for(
    brand: Any, bob: Any, engine: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("monitor.analysis.services.lessons.UNCORRECTED", 20)
    wrong, *others = read(engine, brand, [f"late parcel {word(n)}" for n in range(101)], platform="facebook")
    correct(user=bob, post=wrong, field="topic", value="service")
    first, again = (gathered(brand, engine).lessons[1:] for _ in range(2))
    assert [lesson.key for lesson in first] == [lesson.key for lesson in again]
    assert [lesson.weight for lesson in first] == [5.0] * 20
    newest = {gathered_key(post) for post in others[-20:]}
    assert {lesson.key for lesson in first} != newest


def gathered_key(post: Post) -> int:
    from monitor.text.fingerprint import fingerprint

    return int(fingerprint(post.text), 16)


def test_every_platform_has_its_part_among_the_uncorrected(brand: Any, bob: Any, engine: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("monitor.analysis.services.lessons.UNCORRECTED", 10)
    many = read(engine, brand, [f"late parcel {word(n)}" for n in range(65)], platform="facebook")
    read(engine, brand, [f"late lamp {word(n)}" for n in range(16)], platform="feed")
    correct(user=bob, post=many[0], field="topic", value="service")
    weighed = [(one.platform, one.weight) for one in gathered(brand, engine).lessons[1:]]
    assert sorted(set(weighed)) == [("facebook", 64 / 7), ("feed", 16 / 3)]


def _judge(brand: Brand, population: int, verdicts: list[tuple[Post, bool | None]], language: str = "en") -> None:
    """What was drawn of a day's posts in one language, and judged."""
    kind = {"drawn_on": date(2026, 7, 1), "said_complaint": True, "model_version": "words-1", "platform": "facebook"}
    SampleStratum.objects.create(brand=brand, population=population, language=language, **kind)
    for post, verdict in verdicts:
        SampledPost.objects.create(brand=brand, post=post, is_complaint=verdict, language=language, **kind)


def test_verdicts_on_drawn_posts_teach_too_and_know_what_they_stand_for(brand: Any, bob: Any, engine: Any) -> None:
    wrong, *drawn = read(engine, brand, ["late rude agent", "late lamp", "late door", "late sofa"], platform="facebook")
    correct(user=bob, post=wrong, field="topic", value="service")
    _judge(brand, 300, list(zip(drawn, (True, False, None), strict=True)))
    lessons = gathered(brand, engine).lessons
    told = sorted((lesson.drawn, lesson.labels.get("complaint", -1)) for lesson in lessons)
    # Three hundred posts, two verdicts; the one that nobody judged is as good as any other.
    assert told == [(0, -1), (0, -1), (150, 0), (150, 1)]
    Post.objects.filter(pk=drawn[0].pk).update(version=2)
    assert sorted(lesson.drawn for lesson in gathered(brand, engine).lessons) == [0, 0, 300]


def test_a_drawn_post_of_a_small_language_stands_for_few(brand: Any, bob: Any, engine: Any) -> None:
    """A day's draw holds more than its share of them."""
    wrong, *drawn = read(engine, brand, ["late rude agent", "late lamp", "late door", "late sofa"], platform="facebook")
    correct(user=bob, post=wrong, field="topic", value="service")
    _judge(brand, 300, [(drawn[0], True), (drawn[1], False)])
    _judge(brand, 20, [(drawn[2], True)], "hi-Latn")
    assert sorted(lesson.drawn for lesson in gathered(brand, engine).lessons) == [0, 20, 150, 150]


def test_what_is_no_words_teaches_nothing(brand: Any, bob: Any, engine: Any) -> None:
    wrong, _ = read(engine, brand, ["late rude agent", "https://example.com"], platform="facebook")
    correct(user=bob, post=wrong, field="topic", value="service")
    assert len(gathered(brand, engine).lessons) == 1


def test_posts_of_one_author_are_one_voice(brand: Any, bob: Any, engine: Any) -> None:
    texts = ["late rude agent", "late odd lamp"]
    for post in [*read(engine, brand, texts, platform="facebook", author="mia"), *read(engine, brand, ["late sofa"])]:
        correct(user=bob, post=post, field="topic", value="service")
    voices = sorted(lesson.voice for lesson in gathered(brand, engine).lessons)
    assert voices[0] == "" and voices[1] == voices[2] != ""
    assert Correction.objects.filter(field="topic").count() == 3


def test_what_only_follows_from_a_verdict_teaches_where_it_is_certain(brand: Any, bob: Any, engine: Any) -> None:
    """Whoever says "no complaint" says that nothing is grave; which intent it has instead is a guess."""
    (post,) = read(engine, brand, ["late parcel again"], platform="facebook")
    correct(user=bob, post=post, field="complaint", value=False)
    (lesson,) = gathered(brand, engine).lessons
    assert (lesson.labels["complaint"], lesson.labels["severity"]) == (0, 0)
    assert "intent" not in lesson.labels and "intent" in lesson.unknown
