"""The coded reasons that an analysis gives. The console renders each code; a code is never renamed.

| code | params | weight |
|---|---|---|
| words.complaint | words: what weighed most toward "complaint", as written | the complaint score |
| words.escalate | words: what weighed most toward "escalate", as written | the escalate score |
| intent.<intent> | – | probability of the intent |
| topic.<topic> | – | probability of the topic |
| topic.custom | topic: the brand's own topic | nearness to its examples, 0.5 to 1 |
| audience.seller | – | probability of the audience |
| severity.1 .. severity.3 | – | probability of the level |
| escalate.yes | – | the escalate score |
| text.empty | – | 0; the post says nothing: only handles, addresses, signs, or a picture without words |
"""

import re
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.function_words import function_words
from monitor.nlp.labels import INTENTS, TOPICS, head_slices
from monitor.nlp.linear import LinearModel, cut_characters
from monitor.nlp.normalise import normalise
from monitor.nlp.pieces import join_pieces
from monitor.text.plain import ADDRESS, HANDLE, LETTER, RUN_ON

#: Every code that analysis may give, for the table of the console and its test.
REASON_CODES: Final = (
    "words.complaint",
    "words.escalate",
    *(f"intent.{intent}" for intent in INTENTS),
    *(f"topic.{topic}" for topic in TOPICS),
    "topic.custom",
    "audience.seller",
    "severity.1",
    "severity.2",
    "severity.3",
    "escalate.yes",
    "text.empty",
)

_MOST_WORDS = 5
_KEPT = 50_000  # words whose weights are kept at most
_WHOLE = 700  # characters; in longer posts words are looked for in the part that weighs most
_LEAST_SHARE = 0.25  # of the strongest word's weight
_WORD = re.compile(f"(?P<run>[{RUN_ON}]+)|{LETTER}+|[\U0001f300-\U0001faff\u2600-\u27bf]")
_NOT_A_WORD = re.compile(rf"{ADDRESS}|{HANDLE}|__\w+?__")


class WordWeigher:
    """Weighs the words of a post by the linear side model; the same words come again and again, so they are kept."""

    def __init__(self, model: LinearModel, cut: Callable[[str], list[str]]) -> None:
        self._model = model
        self._cut = cut
        self._known: dict[str, NDArray[np.float32]] = {}
        self._folds: dict[str, str] = {}  # word as written → as the models read it
        self._keeping = Lock()  # several threads ask: none may clear what another is about to look up

    def deciding_words(self, text: str, head: str, language: str = "") -> list[str]:
        """Words of the text that push the yes/no head toward yes, strongest first, as written. Words of grammar are
        named only where nothing else pushed."""
        text = self._deciding_part(text, head)
        grammar = function_words(language)
        with self._keeping:
            spans = {word: self._fold(word) for word in self.words(text)}
            self._learn(set(spans.values()))
            telling = {word: folded for word, folded in spans.items() if folded not in grammar}
            return self._rank(telling, head) or self._rank(spans, head)

    def _deciding_part(self, text: str, head: str) -> str:
        if len(text) <= _WHOLE:
            return text
        parts = cut_characters(text)
        column = head_slices()[head].start
        scores = self._model.score([normalise(part) for part in parts])
        return parts[int((scores[:, column + 1] - scores[:, column]).argmax())]

    def _rank(self, words: dict[str, str], head: str) -> list[str]:
        """`words` as written → as the models read them."""
        column = head_slices()[head].start
        weights = {
            word: float(self._known[folded][column + 1] - self._known[folded][column]) for word, folded in words.items()
        }
        # Numbers are left out: reasons are stored and shown, and a number may be an order or a phone.
        ranked = sorted(
            (word for word in weights if weights[word] > 0 and not any(map(str.isdigit, word))),
            key=lambda word: -weights[word],
        )
        return [word for word in ranked if weights[word] >= _LEAST_SHARE * weights[ranked[0]]][:_MOST_WORDS]

    def words(self, text: str) -> list[str]:
        """The words that could decide, as written; runs of a script without spaces cut into words."""
        words: list[str] = []
        for match in _WORD.finditer(_NOT_A_WORD.sub(" ", text)):
            words += join_pieces(self._cut(match.group())) if match["run"] else [match.group()]
        return words

    def _fold(self, word: str) -> str:
        if len(self._folds) > _KEPT:
            self._folds.clear()
        if word not in self._folds:
            self._folds[word] = normalise(word)
        return self._folds[word]

    def _learn(self, words: Iterable[str]) -> None:
        fresh = sorted(word for word in words if word not in self._known)
        if len(self._known) > _KEPT:
            self._known.clear()
            fresh = sorted(set(words))
        if fresh:
            self._known |= dict(zip(fresh, self._model.word_weights(fresh), strict=True))
