"""Turns the raw columns of encoder and side model into calibrated probabilities.

For each head and group of languages: weights of both parts (temperature folded in) and a bias a label, fitted on
held-out training posts by train/calibrate.py; thresholds of the yes/no heads beside them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.labels import AUDIENCES, HEADS, TOPICS, head_slices

#: Written without spaces, or nearly so: the encoder knows fewer of their words, the letters beside it tell more.
_EAST = frozenset({"zh", "zh-Hant", "ja", "ko", "th"})
GROUPS = ("en", "east", "other")
#: What a seller's topic counts for "a seller wrote this", beside what the audience head says: it has far more examples.
TOPIC_SHARE = 0.7
_SELLER = AUDIENCES.index("seller")
_SELLER_TOPICS = [place for place, topic in enumerate(TOPICS) if topic.startswith("seller_")]


@dataclass(frozen=True, slots=True)
class HeadCalibration:
    encoder_weight: float
    linear_weight: float
    bias: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """`groups` maps each of GROUPS to its heads."""

    groups: dict[str, dict[str, HeadCalibration]]
    thresholds: dict[str, float]

    @classmethod
    def load(cls, path: Path) -> "Calibration":
        return cls.read(json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Calibration":
        groups = {
            group: {
                head: HeadCalibration(value["encoder"], value["linear"], tuple(value["bias"]))
                for head, value in heads.items()
            }
            for group, heads in stored["groups"].items()
        }
        return cls(groups, stored["thresholds"])

    def probabilities(
        self, encoder: NDArray | None, linear: NDArray, languages: list[str]
    ) -> dict[str, NDArray[np.float32]]:
        """Head → one row of probabilities a post."""
        group_of = np.array([language_group(language) for language in languages], dtype=object)
        result = {}
        for head, part in head_slices().items():
            raw = np.zeros((len(languages), len(HEADS[head])), dtype=np.float32)
            for group in GROUPS:
                rows = group_of == group
                fitted = self.groups[group][head]
                own = fitted.linear_weight * linear[rows, part] + np.array(fitted.bias, dtype=np.float32)
                if encoder is not None:
                    own = own + fitted.encoder_weight * encoder[rows, part]
                raw[rows] = own
            result[head] = softmax(raw)
        result["audience"] = let_topic_speak(result["audience"], result["topic"])
        return result


def let_topic_speak(audience: NDArray[np.float32], topic: NDArray[np.float32]) -> NDArray[np.float32]:
    """The audience with "seller" as likely as a weighted geometric mean of both heads; the others keep their shares."""
    by_topic = np.clip(topic[:, _SELLER_TOPICS].sum(axis=1), 1e-6, 1 - 1e-6)
    own = np.clip(audience[:, _SELLER], 1e-6, 1 - 1e-6)
    seller = own ** (1 - TOPIC_SHARE) * by_topic**TOPIC_SHARE
    nobody = (1 - own) ** (1 - TOPIC_SHARE) * (1 - by_topic) ** TOPIC_SHARE
    agreed = seller / (seller + nobody)
    result = audience * ((1 - agreed) / (1 - own))[:, None]
    result[:, _SELLER] = agreed
    return (result / result.sum(axis=1, keepdims=True)).astype(np.float32)


def language_group(language: str) -> str:
    return "en" if language == "en" else "east" if language in _EAST else "other"


def softmax(raw: NDArray) -> NDArray[np.float32]:
    shifted = np.exp(raw - raw.max(axis=1, keepdims=True))
    return (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
