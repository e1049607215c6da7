"""Turns the raw columns of encoder and side model into calibrated probabilities.

For each head and language group: weights of both parts (temperature folded in) and a bias a label, fitted on
held-out training posts by train/calibrate.py; thresholds of the yes/no heads beside them.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.labels import HEADS, head_slices


@dataclass(frozen=True, slots=True)
class HeadCalibration:
    encoder_weight: float
    linear_weight: float
    bias: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """`groups` maps "en" and "other" to their heads."""

    groups: dict[str, dict[str, HeadCalibration]]
    thresholds: dict[str, float]

    @classmethod
    def load(cls, path: Path) -> "Calibration":
        stored = json.loads(path.read_text(encoding="utf-8"))
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
        is_english = np.array([language == "en" for language in languages], dtype=bool)
        result = {}
        for head, part in head_slices().items():
            raw = np.zeros((len(languages), len(HEADS[head])), dtype=np.float32)
            for group, rows in (("en", is_english), ("other", ~is_english)):
                fitted = self.groups[group][head]
                own = fitted.linear_weight * linear[rows, part] + np.array(fitted.bias, dtype=np.float32)
                if encoder is not None:
                    own = own + fitted.encoder_weight * encoder[rows, part]
                raw[rows] = own
            result[head] = softmax(raw)
        return result


def language_group(language: str) -> str:
    return "en" if language == "en" else "other"


def softmax(raw: NDArray) -> NDArray[np.float32]:
    shifted = np.exp(raw - raw.max(axis=1, keepdims=True))
    return (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
