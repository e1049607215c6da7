"""The linear side model: how its two tables are read, and what training makes of posts."""

import numpy as np
import pytest

from monitor.nlp.labels import COLUMN_COUNT, HEADS, SENTIMENTS, head_slices
from monitor.nlp.linear import WIDE, LinearModel
from monitor.nlp.train.corpora import Example


def a_model(narrow_bits: int, wide_bits: int) -> LinearModel:
    chance = np.random.default_rng(3)
    weights = chance.integers(-127, 127, (1 << narrow_bits, COLUMN_COUNT)).astype(np.int8)
    wide = chance.integers(-127, 127, (1 << wide_bits, len(SENTIMENTS))).astype(np.int8)
    ones = np.ones(COLUMN_COUNT, dtype=np.float32)
    return LinearModel(weights, wide, ones, np.zeros_like(ones), np.ones(1 << wide_bits, dtype=np.float16))


def test_the_words_of_a_text_add_up_whichever_table_they_are_in():
    model = a_model(6, 9)
    alone = model.word_weights(["late", "parcel"]).sum(axis=0)
    assert alone[WIDE].any() and np.delete(alone, np.r_[WIDE]).any()
    assert np.allclose(model.score(["late"])[0], model.word_weights(["late"])[0] / np.sqrt(norm_of("late")), rtol=1e-3)


def norm_of(text: str) -> float:
    """How many n-grams a text without repeats has: its length as a vector of ones."""
    from monitor.nlp.linear import SIZES
    from monitor.nlp.ngrams import count_ngrams

    return float(len(count_ngrams([text], bits=9, sizes=SIZES, has_words=True).buckets))


def test_it_learns_sentiment_in_the_wide_table_and_the_rest_in_the_narrow_one():
    pytest.importorskip("sklearn")
    from monitor.nlp.train.linear import fit

    examples = [
        Example(f"{word} {number}", "en", "composed", {head: number_of(head, word) for head in HEADS})
        for word in ("terrible", "wonderful", "whatever") for number in range(40)
    ]  # fmt: skip
    model = LinearModel(**fit(examples))
    scores = model.score(["terrible", "wonderful"])
    slices = head_slices()
    assert [SENTIMENTS[place] for place in scores[:, slices["sentiment"]].argmax(axis=1)] == ["negative", "positive"]
    assert [HEADS["complaint"][place] for place in scores[:, slices["complaint"]].argmax(axis=1)] == ["yes", "no"]


def number_of(head: str, word: str) -> int:
    """The first label for a bad word, the last for a good one, a middle one between; yes/no heads say yes to bad."""
    if HEADS[head] == ("no", "yes"):
        return int(word == "terrible")
    if head == "sentiment":
        return {"terrible": 0, "whatever": 1, "wonderful": 2}[word]
    return {"terrible": 0, "whatever": 1, "wonderful": len(HEADS[head]) - 1}[word]
