"""An engine whose embeddings tell texts apart by their words, and examples of a topic that it can learn."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.engine import PostAnalysis, PostInput
from tests.analysis.making import WordEngine

_STATES = ("empty", "lost", "stolen", "expired", "blocked", "blank", "torn", "used", "wet", "gone")
GIFT_CARDS = [f"my gift card is {state}" for state in _STATES]
PARKING = [f"no parking ticket here {state}" for state in _STATES]
#: Says what all of GIFT_CARDS say, and is none of them.
OF_GIFT_CARDS = "my gift card is my gift card"
OF_PARKING = "no parking ticket here no parking ticket"


class BagEngine(WordEngine):
    """Each word has a fixed direction; a text is the sum of its words'."""

    def analyze(
        self, posts: Sequence[PostInput], order_patterns: Sequence[str] = (), learned: Any = None
    ) -> list[PostAnalysis]:
        read = super().analyze(posts, order_patterns)
        return [replace(one, embedding=embed(post.text)) for one, post in zip(read, posts, strict=True)]


def embed(text: str) -> NDArray[np.float32]:
    words = [sum(place * ord(letter) for place, letter in enumerate(word, 1)) for word in text.lower().split()]
    directions = [np.random.default_rng(word).normal(size=384) for word in words] or [np.zeros(384)]
    return np.sum(directions, axis=0).astype(np.float32)
