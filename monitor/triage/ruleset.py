"""The weights and the brand's rules that one decision is taken with, as one value with a version.

The version is the hash of the content: two rule sets that decide alike by construction have the same one.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from monitor.triage.rules import RuleSpec

#: Grows when `decide()` itself changes: an old decision is then told from a new one even with equal weights.
DECIDE_VERSION: Final = "4"

#: Points that each reason adds to the priority; measured on labelled posts (docs/triage.md says how).
DEFAULT_WEIGHTS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "complaint": 3,
        "severity.1": 6,
        "severity.2": 14,
        "severity.3": 26,
        "escalate": 13,
        "escalate.possible": 40,  # times the score, which also counts where the verdict is "escalate"
        "needs_reply": 8,
        "question": 3,
        "sentiment.negative": 3,
        "form.direct_message": 6,
        "form.review": -4,
        "topic.account_security": 8,
        "topic.order_payment": 3,
        "topic.seller_settlement": 4,
        "topic.seller_penalty": 4,
        "audience.seller": 3,
        "exposed.personal": 8,
        "author.reach.1000": 2,
        "author.reach.10000": 6,
        "author.reach.100000": 12,
        "author.reach.1000000": 18,
        "author.verified": 4,
        "waiting.repeat": 6,
        "waiting.repeat.most": 18,
        "waiting.long": 6,
        "author.returns": 4,
        "case.returned": 8,
        "crisis": 10,
        "watch": 0,
    }
)

#: Who writes again after this many hours without an answer to the case has waited long.
LONG_WAIT_HOURS: Final = 24.0
#: Below this the engine sees no reason to escalate, and saying so would only be noise.
POSSIBLE_ESCALATION_SCORE: Final = 0.1


@dataclass(frozen=True, slots=True)
class RulesetSpec:
    """Weights by reason code, and rules in the order in which they apply."""

    weights: Mapping[str, float] = field(default_factory=lambda: DEFAULT_WEIGHTS)
    rules: tuple[RuleSpec, ...] = ()
    decide_version: str = DECIDE_VERSION

    @property
    def version(self) -> str:
        canonical = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return f"{self.decide_version}-{hashlib.sha256(canonical.encode()).hexdigest()[:16]}"

    def weight(self, code: str) -> float:
        return self.weights.get(code, 0)

    def to_json(self) -> dict[str, Any]:
        return {
            "decide_version": self.decide_version,
            "weights": dict(self.weights),
            "rules": [rule.to_json() for rule in self.rules],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "RulesetSpec":
        """Raises InvalidRuleError."""
        rules: Sequence[Mapping[str, Any]] = stored.get("rules", ())
        return cls(
            weights=dict(stored["weights"]),
            rules=tuple(RuleSpec.from_json(rule) for rule in rules),
            decide_version=str(stored["decide_version"]),
        )
