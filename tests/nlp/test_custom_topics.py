"""Topics by example: near posts take them, others keep the built-in topic, bad files are one clear error."""

from dataclasses import replace

import numpy as np
import pytest

from monitor.nlp.custom_topics import _PENALTY, CustomTopics, CustomTopicsError, _separate, general_posts
from monitor.nlp.engine import PostInput, load_engine
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


def test_a_topic_with_two_examples_is_refused():
    with pytest.raises(CustomTopicsError, match="at least 3"):
        CustomTopics([("a", "x"), ("a", "y")], KeywordEngine())


def test_examples_are_read_from_tsv_and_jsonl(tmp_path):
    tsv, jsonl = tmp_path / "t.tsv", tmp_path / "t.jsonl"
    tsv.write_text("topic\ttext\n" + "".join(f"{topic}\t{text}\n" for topic, text in EXAMPLES), encoding="utf-8")
    jsonl.write_text('{"topic": "food", "text": "sushi"}\n' * 3, encoding="utf-8")
    assert CustomTopics.load(str(tsv), KeywordEngine()).names == ["food", "wrapping"]
    assert CustomTopics.load(str(jsonl), KeywordEngine()).names == ["food"]


@pytest.mark.parametrize("content", ["no tab here\n", '{"topic": 1}\n', ""])
def test_a_bad_topics_file_is_one_clear_error(tmp_path, content):
    path = tmp_path / "bad.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CustomTopicsError):
        CustomTopics.load(str(path), KeywordEngine())


def test_a_missing_topics_file_is_one_clear_error(tmp_path):
    with pytest.raises(CustomTopicsError, match="cannot be read"):
        CustomTopics.load(str(tmp_path / "none.tsv"), KeywordEngine())


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
    assert _separate(own, others).line == pytest.approx(
        max(np.percentile(alone[:10], 40), np.percentile(alone[10:], 97))
    )


def test_examples_that_are_known_are_not_read_again():
    engine = BagEngine()
    CustomTopics([("cards", text) for text in GIFT_CARDS], engine)
    engine.calls.clear()
    CustomTopics([("cards", text) for text in [*GIFT_CARDS, "one more"]], engine)
    assert engine.calls == [1]
