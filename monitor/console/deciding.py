"""The words of a post that made the model say "complaint" or "must be seen today", marked in its text.

`monitor.nlp.reasons` says which words weighed, as written; a text may hold each of them many times, or inside others.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from monitor.analysis.selectors import Reading
from monitor.text.plain import ADDRESS, HANDLE, occurrences

#: word as written → what it spoke for: "complaint", "escalate" or both.
Deciding = Mapping[str, tuple[str, ...]]

HEADS: Final = ("complaint", "escalate")
_NOT_A_WORD: Final = re.compile(f"{ADDRESS}|{HANDLE}")
_JOINER: Final = "\u200d"


def deciding_words(reading: Reading | None, head: str) -> list[str]:
    """What weighed most toward yes, the strongest first; none where the answer is no, also by a person's verdict."""
    if reading is None or not getattr(reading, head):
        return []
    found = (reason.params.get("words", ()) for reason in reading.reasons if reason.code == f"words.{head}")
    return [word for words in found for word in words if isinstance(word, str) and word]


def deciding_of(reading: Reading | None) -> dict[str, tuple[str, ...]]:
    """Every deciding word of a reading with what it spoke for."""
    words: dict[str, tuple[str, ...]] = {}
    for head in HEADS:
        for word in deciding_words(reading, head):
            words[word] = (*words.get(word, ()), head)
    return words


def mark(text: str, deciding: Deciding) -> SafeString:
    """The text as HTML that cannot break out of its place, with each deciding word in a <mark> that says why."""
    pieces: list[str] = []
    at = 0
    for start, end, heads in _places(text, deciding):
        pieces.append(text[at:start])
        pieces.append(format_html('<mark class="{}" title="{}">{}</mark>', heads[-1], _meaning(heads), text[start:end]))
        at = end
    # Escapes each piece that is no mark.
    return format_html_join("", "{}", ((piece,) for piece in (*pieces, text[at:])))


def _places(text: str, deciding: Deciding) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Start, end and meaning of each word, in order; never inside another word, an address or a name."""
    if not deciding:
        return
    words = _NOT_A_WORD.sub(lambda address: " " * len(address.group()), text)
    at = 0
    # Where several begin the longest goes first.
    found = sorted((start, -end, word) for word in deciding for start, end in occurrences(words, word))
    for start, below, word in found:
        # A letter is not parted from its accent, nor a face from its colour; what would begin with one is no word.
        if start < at or _clings(text, start):
            continue
        at = _whole(text, -below)
        yield start, at, deciding[word]


def _whole(text: str, end: int) -> int:
    while end < len(text) and _clings(text, end):
        end += 2 if text[end] == _JOINER else 1
    return min(end, len(text))


def _clings(text: str, at: int) -> bool:
    """Whether the character belongs to the one before it."""
    return (
        unicodedata.category(text[at]) in {"Mn", "Mc", "Me"}
        or text[at] == _JOINER
        or "\U0001f3fb" <= text[at] <= "\U0001f3ff"
    )


def _meaning(heads: tuple[str, ...]) -> str:
    meanings = {
        "complaint": _("Weighed toward “complaint”"),
        "escalate": _("Weighed toward “must be seen today”"),
    }
    return " · ".join(meanings[head] for head in heads)


def why(reading: Reading | None) -> list[dict[str, Any]]:
    """For the page: each yes with its words, and how sure the model was in hundredths (None: a person said it)."""
    if reading is None:
        return []
    answers = []
    for head in HEADS:
        words, is_corrected = deciding_words(reading, head), head in reading.corrected
        if words or (getattr(reading, head) and not is_corrected):
            sure = None if is_corrected else round(100 * getattr(reading, f"{head}_score"))
            answers.append({"head": head, "words": words, "sure": sure})
    return answers
