"""What the labels of a file's column mean for a head: spelling aside, and never on another scale than ours."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from monitor.nlp.labels import BINARY, HEADS, SEVERITIES, binary_names, fold_label
from monitor.nlp.language_labels import read_language

LANGUAGE: Final = "language"
STARS: Final = "rating"
#: As the training reads them; four stars are given with praise and with faults alike.
STAR_SENTIMENTS: Final = {"1": "negative", "2": "negative", "3": "neutral", "5": "positive"}
_STARS: Final = ("1", "2", "3", "4", "5")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
#: Head → the numbers that its labels may be written as, and which label each is.
_SCALES: Final = {head: {"0": "no", "1": "yes"} for head, labels in HEADS.items() if labels == BINARY} | {
    "severity": {number: number for number in SEVERITIES}
}
_SHORT_NAMES: Final = {"sentiment": {"neg": "negative", "neu": "neutral", "pos": "positive"}}
_LANGUAGE_CODE: Final = re.compile(r"[a-z]{2}([-_][a-z]{2,4})*|hinglish|fil|yue|cmn|und|unknown")
_NONE_OF_OURS: Final = "whose labels are none of ours"


@dataclass(frozen=True, slots=True)
class Meanings:
    """Labels as they are written → ours; why the others mean nothing; what must be known to read the figures."""

    ours: dict[str, str]
    why: str = _NONE_OF_OURS
    note: str = ""


def read_labels(head: str, written: Iterable[str]) -> Meanings:
    """What a column says of a head ("" for none). One number beyond our scale, and nothing in the column is on it."""
    labels = set(written)
    if head == LANGUAGE:
        return Meanings({label: tag for label in labels if (tag := read_language(label))})
    scale = _SCALES.get(head, {})
    numbers = {label: number for label in labels if (number := _number(label))}
    if scale and (odd := _beyond(numbers, scale)):
        return Meanings({}, _another_scale(odd, scale))
    names = _names(head)
    found = {label: scale.get(numbers.get(label, "")) or names.get(fold_label(label), "") for label in labels}
    return Meanings({label: ours for label, ours in found.items() if ours})


def mean_stars(written: Iterable[str]) -> Meanings:
    """Sentiment by the stars of a review, as the training takes it."""
    numbers = {label: number for label in set(written) if (number := _number(label))}
    if odd := _beyond(numbers, _STARS):
        return Meanings({}, _another_scale(odd, _STARS))
    ours = {label: STAR_SENTIMENTS[number] for label, number in numbers.items() if number in STAR_SENTIMENTS}
    why = "which are none of 1, 2 (negative), 3 (neutral) and 5 (positive) stars"
    return Meanings(ours, why, f"sentiment is read from `{STARS}`: 1 and 2 stars negative, 3 neutral, 5 positive.")


def head_of_label(values: Counter[str]) -> str:
    """The head whose labels these are: most of them, by name and by row. One of a file's 27 intents may well be called
    "complaint" and says nothing of the others. "" where they are none's."""
    complaint = {name for name in binary_names("complaint") if "complaint" in name}
    of_heads = {"sentiment": {label for label in values if fold_label(label) in _names("sentiment")}}
    of_heads["complaint"] = {label for label in values if fold_label(label) in complaint}
    of_heads[LANGUAGE] = {label for label in values if _LANGUAGE_CODE.fullmatch(label.strip().lower())}
    for head, known in of_heads.items():
        if 2 * len(known) > len(values) and 2 * sum(values[label] for label in known) > values.total():
            return head
    return ""


def _names(head: str) -> dict[str, str]:
    """What the labels of a head are called, folded → the label."""
    labels = HEADS.get(head, ())
    if labels == BINARY:
        return binary_names(head) | {"y": "yes", "t": "yes", "n": "no", "f": "no"}
    return {} if head in _SCALES else {fold_label(label): label for label in labels} | _SHORT_NAMES.get(head, {})


def _number(label: str) -> str:
    """A number as our scales write it ("2.0" → "2", "0,5" → "0.5"); "" for what is none."""
    stripped = label.strip()
    return f"{float(stripped.replace(',', '.')):g}" if _NUMBER.fullmatch(stripped) else ""


def _beyond(numbers: dict[str, str], scale: Iterable[str]) -> str:
    """The first number, as it is written, that is not on the scale; "" where all are."""
    known = set(scale)
    return min((label.strip() for label, number in numbers.items() if number not in known), default="")


def _another_scale(odd: str, scale: Iterable[str]) -> str:
    return f"for {odd} is on another scale than {', '.join(scale)}"
