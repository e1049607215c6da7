"""What the engine holds of replaced heads: a part of its version, their scores, and the threshold of yes."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.calibration import Calibration
from monitor.nlp.hub.classifier import Classifier
from monitor.nlp.hub.errors import HubModelError
from monitor.nlp.hub.labels import match_labels
from monitor.nlp.hub.preparing import key_of, prepare
from monitor.nlp.hub.settings import Wish

#: Softmax scores know no better threshold. That of the shipped head was fitted to its own.
_YES_FROM: Final = 0.5
#: A model that could not be loaded is not tried again for so many seconds: every batch would wait for the network.
_SECONDS_BETWEEN_TRIES: Final = 60.0
_LONGEST_TAG: Final = 26  # the version of an engine is stored in 48 characters


@dataclass(frozen=True, slots=True)
class LoadedHead:
    """A classifier, and which of its labels mean which of the head's."""

    classifier: Classifier
    table: NDArray[np.float32]


def load_head(wish: Wish, threads: int) -> LoadedHead:
    """Makes the model ready where that was not done before. Raises HubModelError."""
    prepared = prepare(wish.model)
    table = match_labels(wish, prepared.labels)
    return LoadedHead(Classifier(prepared, threads), table)


class Replacements:
    """Heads whose scores come from other models; none of them is touched before `load`."""

    def __init__(self, wishes: Mapping[str, Wish], threads: int) -> None:
        self._wishes = dict(wishes)
        self._threads = threads
        self._loading = Lock()
        self._loaded: dict[str, LoadedHead] | None = None
        self._failure: tuple[float, HubModelError] | None = None

    def __contains__(self, head: object) -> bool:
        return head in self._wishes

    @cached_property
    def tag(self) -> str:
        """Names heads, models and the meanings of labels in an engine's version; "" where none is replaced."""
        if not self._wishes:
            return ""
        digest = hashlib.sha256()
        for head, wish in sorted(self._wishes.items()):
            digest.update(f"{head}\0{key_of(wish.model)}\0{wish.labels}\0".encode(errors="replace"))
        named = ",".join(sorted(self._wishes))
        tag = f"~{named}:{digest.hexdigest()[:6]}"
        return tag if len(tag) <= _LONGEST_TAG else f"~{len(self._wishes)}-heads:{digest.hexdigest()[:6]}"

    def load(self) -> None:
        """Loads all models, once; safe from several threads. Raises HubModelError, the same one for a minute."""
        with self._loading:
            if self._loaded is not None:
                return
            if self._failure and time.monotonic() - self._failure[0] < _SECONDS_BETWEEN_TRIES:
                raise self._failure[1]
            try:
                self._loaded = {head: load_head(wish, self._threads) for head, wish in self._wishes.items()}
            except HubModelError as error:
                self._failure = time.monotonic(), error
                raise

    def apply(self, scores: Mapping[str, NDArray[np.float32]], texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The scores with those of replaced heads exchanged; a row a text, in the order given."""
        self.load()
        assert self._loaded is not None
        own = {head: loaded.classifier.scores(texts) @ loaded.table for head, loaded in self._loaded.items()}
        return {**scores, **own}

    def adjust(self, calibration: Calibration) -> Calibration:
        """The thresholds of replaced yes/no heads become that of a softmax."""
        own = {head: _YES_FROM for head in calibration.thresholds if head in self}
        return replace(calibration, thresholds={**calibration.thresholds, **own})
