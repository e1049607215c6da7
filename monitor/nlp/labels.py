"""The labels that the engine gives, in the order of the model's outputs.

Their meaning is fixed by the labelling guideline (docs and MODEL_CARD.md); a brand's own topics come on top of TOPICS.
"""

import re
from typing import Final

INTENTS: Final = ("complaint", "question", "follow_up", "praise", "promotion", "chatter")
SENTIMENTS: Final = ("negative", "neutral", "positive")
TOPICS: Final = (
    "order_payment",
    "delivery",
    "after_sales",
    "account_security",
    "promotions",
    "service",
    "app_website",
    "seller_account",
    "seller_policy",
    "seller_settlement",
    "seller_penalty",
    "other",
)
AUDIENCES: Final = ("buyer", "seller", "none")
SEVERITIES: Final = ("0", "1", "2", "3")
BINARY: Final = ("no", "yes")

#: What an intent may not be beside a severity of 0 (no complaint), 1, or more: no chatter or advertising complains, and
#: praise does so mildly at most.
DENIED_INTENTS: Final = (("complaint",), ("promotion", "chatter"), ("promotion", "chatter", "praise"))

TOPIC_SET_VERSION: Final = "builtin-1"

EMBEDDING_SIZE: Final = 384

#: Head name → its labels. The order of heads and of labels is the order of the columns of the model's output.
HEADS: Final[dict[str, tuple[str, ...]]] = {
    "intent": INTENTS,
    "needs_reply": BINARY,
    "sentiment": SENTIMENTS,
    "complaint": BINARY,
    "severity": SEVERITIES,
    "escalate": BINARY,
    "topic": TOPICS,
    "audience": AUDIENCES,
}


def fold_label(name: str) -> str:
    """A label's name as it is compared: "Not_Complaint" and "not complaint" are the same."""
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()


def binary_names(head: str) -> dict[str, str]:
    """What files and models call the labels of a yes/no head, folded → "yes" or "no"."""
    own = fold_label(head)
    yes = dict.fromkeys(("yes", "true", own), "yes")
    return yes | dict.fromkeys(("no", "false", f"not {own}", f"non {own}", f"no {own}"), "no")


def head_slices() -> dict[str, slice]:
    """Where each head's columns lie in the concatenated output."""
    slices: dict[str, slice] = {}
    start = 0
    for head, labels in HEADS.items():
        slices[head] = slice(start, start + len(labels))
        start += len(labels)
    return slices


COLUMN_COUNT: Final = sum(len(labels) for labels in HEADS.values())
