"""Topics by example: near posts take them, others keep the built-in topic; thirty of 200 examples cost what is said."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from monitor.nlp import custom_topics
from monitor.nlp.custom_topics import _PENALTY, CustomTopics, _separate, general_posts
from monitor.nlp.engine import PostInput, load_engine
from monitor.nlp.topic_examples import CustomTopicsError
from tests.support.topics import GIFT_CARDS, OF_GIFT_CARDS, OF_PARKING, PARKING, BagEngine, embed

PLAIN = load_engine().analyze([PostInput("hello")])[0]


class KeywordEngine:
    """Embeds a post by which of four words it holds, so that nearness can be reckoned by hand."""

    WORDS = ("gift", "wrap", "sushi", "rain")

    def analyze(self, posts):
        return [replace(PLAIN, embedding=self._embed(post.text)) for post in posts]

    def _embed(self, text):
        return np.array([word in text for word in self.WORDS], dtype=np.float32) + 0.01


EXAMPLES = [("wrapping", f"gift wrap {number}") for number in range(4)] + [("food", f"sushi {n}") for n in range(3)]


def refine(text):
    engine = KeywordEngine()
    return CustomTopics(EXAMPLES, engine).refine(engine.analyze([PostInput(text)])[0])


def test_a_post_near_the_examples_takes_their_topic_and_says_so():
    refined = refine("please wrap my gift")
    assert refined.topic == "wrapping"
    assert [r.params for r in refined.reasons if r.code == "topic.custom"] == [{"topic": "wrapping"}]
    assert {"wrapping", "food"} <= set(refined.topic_scores)


def test_a_post_far_from_all_examples_keeps_its_topic():
    assert refine("rain again").topic == PLAIN.topic


def test_a_post_that_says_nothing_is_of_no_custom_topic():
    silent = load_engine().analyze([PostInput("...")])[0]
    near = KeywordEngine()._embed("gift wrap")
    topics = CustomTopics(EXAMPLES, KeywordEngine())
    assert topics.refine(replace(PLAIN, embedding=near)).topic == "wrapping"
    assert topics.refine(replace(silent, embedding=near)) == silent


def test_a_topic_with_two_examples_is_refused():
    with pytest.raises(CustomTopicsError, match="at least 3"):
        CustomTopics([("a", "x"), ("a", "y")], KeywordEngine())


def test_the_topics_of_a_file_are_those_of_its_examples(tmp_path):
    path = tmp_path / "topics.tsv"
    path.write_text("".join(f"{topic.title()}\t{text}\n" for topic, text in EXAMPLES), encoding="utf-8")
    engine = KeywordEngine()
    from_file, given = CustomTopics.load(str(path), engine), CustomTopics(EXAMPLES, engine)
    assert from_file.names == given.names == ["food", "wrapping"]
    posts = np.stack([one.embedding for one in engine.analyze([PostInput("wrap my gift"), PostInput("sushi, rain")])])
    assert np.array_equal(from_file.nearness(posts), given.nearness(posts))


def test_a_topic_is_told_from_the_examples_of_the_others():
    engine = BagEngine()
    topics = CustomTopics([("cards", text) for text in GIFT_CARDS] + [("parking", text) for text in PARKING], engine)
    near = topics.nearness(np.stack([embed(OF_GIFT_CARDS), embed(OF_PARKING)]))
    assert near[0, 0] >= 0.5 > near[0, 1] and near[1, 1] >= 0.5 > near[1, 0]


def test_examples_that_have_nothing_in_common_do_not_take_everything():
    topics = CustomTopics([("odds", f"{word} {word}s") for word in "abcdefghij"], BagEngine())
    taken = topics.nearness(np.stack([embed(text) for text in general_posts()])) >= 0.5
    assert taken.mean() <= 0.03


def test_each_example_is_judged_without_itself():
    """The closed form against fitting anew without each row in turn."""
    chance = np.random.default_rng(3)
    own, others = chance.normal(0.3, 1, (10, 12)), chance.normal(0, 1, (40, 12))
    rows = np.hstack([np.vstack([own, others]), np.ones((50, 1))])
    targets, weights = np.r_[np.ones(10), -np.ones(40)], np.r_[np.full(10, 2.5), np.full(40, 0.625)]

    def score_without(left_out):
        kept = np.arange(50) != left_out
        weighed = rows[kept].T * weights[kept]
        return rows[left_out] @ np.linalg.solve(weighed @ rows[kept] + _PENALTY * np.eye(13), weighed @ targets[kept])

    alone = np.array([score_without(row) for row in range(50)])
    assert _separate(np.vstack([own, others]), [10]).lines == pytest.approx(
        [max(np.percentile(alone[:10], 40), np.percentile(alone[10:], 97))]
    )


def _posts(counts, general):
    """Directions that have something in common, those of a topic more than others."""
    chance = np.random.default_rng(5)
    middles = [chance.normal(size=384) for _ in counts]
    parts = [middle + chance.normal(size=(count, 384)) for count, middle in zip(counts, middles, strict=True)]
    rows = np.vstack([*parts, chance.normal(size=(general, 384))]) + 0.4 * chance.normal(size=384)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _one_by_one(own, others):
    """A topic by itself, in the dual form: the inverse of a matrix as wide as there are rows."""
    rows = np.vstack([own, others]).astype(np.float64)
    count = len(own)
    targets = np.r_[np.ones(count), -np.ones(len(others))]
    weights = np.r_[np.full(count, 0.5 / count), np.full(len(others), 0.5 / len(others))] * len(rows)
    inverse = np.linalg.inv(rows @ rows.T + 1 + np.diag(_PENALTY / weights))
    dual = inverse @ targets
    alone = targets - dual / inverse.diagonal()
    line = max(np.percentile(alone[:count], 40), np.percentile(alone[count:], 97))
    span = np.median(alone[:count]) - alone[count:].mean()
    assert span > 0.1
    return rows.T @ dual, dual.sum(), line, 4 / span


@pytest.mark.parametrize(
    ("counts", "general"), [([3], 120), ([10], 120), ([150], 60), ([60, 3, 10], 120), ([10] * 30, 120), ([90, 30], 0)]
)
def test_topics_solved_together_are_those_solved_one_by_one(counts, general):
    rows = _posts(counts, general)
    made = _separate(rows, counts)
    for place in {0, len(counts) // 2, len(counts) - 1}:
        start = sum(counts[:place])
        is_own = np.zeros(len(rows), dtype=bool)
        is_own[start : start + counts[place]] = True
        weights, bias, line, scale = _one_by_one(rows[is_own], rows[~is_own])
        assert made.weights[:, place] == pytest.approx(weights, rel=1e-5, abs=1e-7)
        told = (made.biases[place], made.lines[place], made.scales[place])
        assert told == pytest.approx((bias, line, scale), rel=1e-5, abs=1e-7)


def test_the_most_examples_take_little_memory():
    """The inverse of a matrix as wide as there are rows, 6,120, would take at least 300 MB."""
    rows = _posts([200], 29 * 200 + 120)
    tracemalloc.start()
    try:
        _separate(rows, [200])
        assert tracemalloc.get_traced_memory()[1] < 80e6
    finally:
        tracemalloc.stop()


def test_examples_that_are_known_are_not_read_again():
    engine = BagEngine()
    CustomTopics([("cards", text) for text in GIFT_CARDS], engine)
    engine.calls.clear()
    CustomTopics([("cards", text) for text in [*GIFT_CARDS, "one more"]], engine)
    assert engine.calls == [1]


def test_what_is_known_makes_room_for_what_is_new_the_longest_unused_first(monkeypatch):
    monkeypatch.setattr(custom_topics, "_MOST_KEPT", len(general_posts()) + 20)
    engine = BagEngine()
    cards, parking = ([(name, text) for text in texts] for name, texts in (("cards", GIFT_CARDS), ("parking", PARKING)))
    for examples in (cards, parking, cards, [("more", f"number {number}") for number in range(10)]):
        CustomTopics(examples, engine)
    engine.calls.clear()
    CustomTopics(cards, engine)
    assert engine.calls == []
    CustomTopics(parking, engine)
    assert engine.calls == [10]


def test_many_examples_are_read_in_batches(monkeypatch):
    monkeypatch.setattr(custom_topics, "_READ_AT_ONCE", 50)
    engine = BagEngine()
    CustomTopics([("cards", text) for text in GIFT_CARDS], engine)
    assert engine.calls == [50, 50, 20, 10]
