"""Coded reasons: why a decision was taken, as data that is rendered in the reader's language when shown.

A code is never renamed once released: stored decisions carry it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a decision; `weight` is what it added to a score (0 where nothing is summed)."""

    code: str
    weight: float = 0
    params: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "weight": self.weight, "params": dict(self.params)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Reason":
        """Raises KeyError when the stored value has no code."""
        return cls(stored["code"], stored.get("weight", 0), stored.get("params", {}))
