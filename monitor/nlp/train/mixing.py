"""Posts made out of others, for a thinned network to ask its teachers about: a language that has two thousand labelled
tweets is too small for fewer layers to follow what the teachers see in it.

Dropping words, and words and halves of other posts of the language (as in Wei and Zou, 2019, and Jiao et al., 2020,
without a dictionary or a language model). Such a text has no label: what it says now is the teachers' to say.
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from monitor.nlp.train.corpora import Example

CHANGED_WORDS: Final = 0.15
_SHORTEST = 9  # characters


def mix(examples: Sequence[Example], times: Mapping[str, int], seed: int) -> list[Example]:
    """So many posts for each post of these corpora, mixed with others of the same corpus and language; held-out ones
    are left alone."""
    chance = random.Random(seed)
    texts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for example in examples:
        if example.corpus in times and not example.is_held_out:
            texts[example.corpus, example.language].append(example.text)
    made = [
        Example(_mixed(text.split(), chance.choice(own).split(), chance), language, corpus)
        for (corpus, language), own in texts.items()
        for text in own
        for _ in range(times[corpus])
    ]
    return [example for example in made if len(example.text) >= _SHORTEST]


def _mixed(words: list[str], others: list[str], chance: random.Random) -> str:
    (way,) = chance.choices(("drop", "exchange", "halves", "both"), (35, 30, 25, 10))
    if way == "drop":
        words = [word for word in words if chance.random() > CHANGED_WORDS]
    elif way == "exchange":
        words = [chance.choice(others) if others and chance.random() < CHANGED_WORDS else word for word in words]
    elif way == "halves":
        half, other_half = len(words) // 2, len(others) // 2
        begins = chance.random() < 0.5
        words = words[:half] + others[other_half:] if begins else words[half:] + others[:other_half]
    else:
        words = words + others
    return " ".join(words)
