"""What the labels of a foreign model mean for a head: told by a setting, else understood from their names."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.hub.errors import HubModelError
from monitor.nlp.hub.settings import Wish
from monitor.nlp.labels import BINARY, HEADS, binary_names, fold_label

#: Head → label → other names of it, folded. Where two models mean different things by a name, it is left out.
SYNONYMS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "sentiment": {
        "negative": ("neg", "very negative", "1 star", "2 stars"),
        "neutral": ("neu", "3 stars"),
        "positive": ("pos", "very positive", "4 stars", "5 stars"),
    },
    "intent": {
        "complaint": ("complaints",),
        "question": ("inquiry", "query"),
        "praise": ("compliment", "thanks"),
        "promotion": ("advertisement", "spam"),
        "chatter": ("other",),
    },
    "severity": {"0": ("none",), "1": ("low", "mild"), "2": ("medium", "moderate"), "3": ("high", "severe")},
    "audience": {"buyer": ("customer",), "seller": ("merchant",), "none": ("other",)},
}


def match_labels(wish: Wish, names: Sequence[str]) -> NDArray[np.float32]:
    """A table of zeros and ones, model labels × labels of the head: probabilities times it are those of the head.

    Several labels of the model may mean the same. Every label of the head must be meant by one, unless the setting
    leaves some out; a yes/no head needs both. Raises HubModelError.
    """
    labels = HEADS[wish.head]
    meanings = _stated(wish, names) if wish.labels else _understood(wish, names)
    table = np.zeros((len(names), len(labels)), dtype=np.float32)
    for row, meaning in enumerate(meanings):
        table[row, labels.index(meaning)] = 1
    is_complete = bool(table.any(axis=0).all())
    if not is_complete and (not wish.labels or labels == BINARY):
        raise _mismatch(wish, names)
    return table


def _stated(wish: Wish, names: Sequence[str]) -> list[str]:
    pairs = [pair.rpartition(":") for pair in wish.labels.split(",") if pair.strip()]
    told = {name.strip().casefold(): meaning.strip().casefold() for name, _, meaning in pairs}
    known = [name.strip().casefold() for name in names]
    if set(told) != set(known) or not set(told.values()) <= set(HEADS[wish.head]):
        raise _mismatch(wish, names)
    return [told[name] for name in known]


def _understood(wish: Wish, names: Sequence[str]) -> list[str]:
    meant = _names_of(wish.head)
    folded = [fold_label(name) for name in names]
    if not set(folded) <= set(meant):
        raise _mismatch(wish, names)
    return [meant[name] for name in folded]


def _names_of(head: str) -> dict[str, str]:
    """Folded name → label."""
    if HEADS[head] == BINARY:
        return binary_names(head)
    named = {fold_label(label): label for label in HEADS[head]}
    return named | {name: label for label, others in SYNONYMS.get(head, {}).items() for name in others}


def _mismatch(wish: Wish, names: Sequence[str]) -> HubModelError:
    labels, meant = HEADS[wish.head], _names_of(wish.head)
    example = ",".join(f"{name}:{meant.get(fold_label(name), '|'.join(labels))}" for name in names[:3])
    more = ",…" if len(names) > 3 else ""
    stated = f" as {wish.setting}_LABELS says" if wish.labels else ""
    return HubModelError(
        f"The labels of {wish.model} ({', '.join(names)}) do not match those of {wish.head} ({', '.join(labels)})"
        f'{stated}: give each of them its meaning in {wish.setting}_LABELS="{example}{more}" (one where several stand).'
    )
