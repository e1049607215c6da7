"""A brand's own rules as data: when all conditions hold, the actions apply. Validated here, run by `decide()`.

A condition is `{"field", "op", "value"}` over the fields of `Facts`; an action is `{"op", "value"}`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from monitor.text.clean import clean
from monitor.triage.facts import Facts

MOST_CONDITIONS: Final = 20
MOST_ACTIONS: Final = 10
LONGEST_WORD: Final = 80


class InvalidRuleError(ValueError):
    """The rule cannot be understood; the message says what is wrong, for the person who wrote it."""


def _contains(known: Any, value: Any) -> bool:
    return known is not None and value in known


def _at_least(known: Any, value: Any) -> bool:
    return known is not None and known >= value


def _at_most(known: Any, value: Any) -> bool:
    return known is not None and known <= value


OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "is": lambda known, value: bool(known == value),
    "is_not": lambda known, value: bool(known != value),
    "in": lambda known, value: known in value,
    "not_in": lambda known, value: known not in value,
    "at_least": _at_least,
    "at_most": _at_most,
    "contains": _contains,
}

#: Action → the type of its value (None: it takes none).
ACTIONS: Final[dict[str, Any]] = {
    "set_priority": int,
    "add_priority": int,
    "never_open": None,
    "always_open": None,
    "escalate": None,
    "assign": int,
    "tag": str,
}

#: Field → the kind of value it is compared with: text, number, flag or list.
FIELD_KINDS: Final[dict[str, str]] = {
    one.name: (
        "list"
        if "tuple" in str(one.type)
        else "flag"
        if "bool" in str(one.type)
        else "text"
        if one.type in (str, "str")
        else "number"
    )
    for one in fields(Facts)
}
_OPERATORS_OF_KIND: Final = {
    "text": {"is", "is_not", "in", "not_in"},
    "flag": {"is", "is_not"},
    "number": {"is", "is_not", "at_least", "at_most"},
    "list": {"contains"},
}


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    op: str
    value: Any

    def holds(self, facts: Facts) -> bool:
        return OPERATORS[self.op](getattr(facts, self.field), self.value)

    def to_json(self) -> dict[str, Any]:
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {"field": self.field, "op": self.op, "value": value}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Condition":
        """Raises InvalidRuleError."""
        field, op, value = str(stored.get("field", "")), str(stored.get("op", "")), stored.get("value")
        kind = FIELD_KINDS.get(field)
        if kind is None:
            raise InvalidRuleError(f"There is no fact called {field!r}.")
        if op not in _OPERATORS_OF_KIND[kind]:
            raise InvalidRuleError(f"{op!r} cannot be asked of {field}; {sorted(_OPERATORS_OF_KIND[kind])} can.")
        return cls(field, op, _valid_value(field, kind, op, value))


def _valid_value(field: str, kind: str, op: str, value: Any) -> Any:
    if op in {"in", "not_in"}:
        if not isinstance(value, list | tuple) or not value or not all(isinstance(one, str) for one in value):
            raise InvalidRuleError(f"{field} {op} needs a list of words.")
        return tuple(_storable(one) for one in value)
    wanted: Any = {"text": str, "flag": bool, "number": (int, float), "list": str}[kind]
    is_flag = isinstance(value, bool)
    if not isinstance(value, wanted) or (is_flag and kind != "flag"):
        raise InvalidRuleError(f"{field} {op} needs a {kind}, not {value!r}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidRuleError(f"{field} {op} needs a finite number, not {value!r}.")
    return _storable(value)


def _storable(value: Any) -> Any:
    """Raises InvalidRuleError for words that no database takes."""
    if isinstance(value, str) and clean(value) != value:
        raise InvalidRuleError(f"{value!r} holds a sign that cannot be stored.")
    return value


@dataclass(frozen=True, slots=True)
class Action:
    op: str
    value: int | str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"op": self.op} if self.value is None else {"op": self.op, "value": self.value}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Action":
        """Raises InvalidRuleError."""
        op, value = str(stored.get("op", "")), stored.get("value")
        if op not in ACTIONS:
            raise InvalidRuleError(f"There is no action called {op!r}; {sorted(ACTIONS)} are known.")
        wanted = ACTIONS[op]
        if wanted is None:
            return cls(op)
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise InvalidRuleError(f"{op} needs a value of type {wanted.__name__}, not {value!r}.")
        if op == "set_priority" and not 0 <= int(value) <= 100:
            raise InvalidRuleError("A priority lies between 0 and 100.")
        if op == "add_priority" and not -100 <= int(value) <= 100:
            raise InvalidRuleError("What is added to a priority lies between -100 and 100.")
        if op == "tag" and not 0 < len(str(value).strip()) <= LONGEST_WORD:
            raise InvalidRuleError(f"A tag has 1 to {LONGEST_WORD} characters.")
        return cls(op, _storable(value))


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One rule; `name` is what people called it and what its reason shows."""

    name: str
    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]

    def holds(self, facts: Facts) -> bool:
        return all(condition.holds(facts) for condition in self.conditions)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "conditions": [condition.to_json() for condition in self.conditions],
            "actions": [action.to_json() for action in self.actions],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "RuleSpec":
        """Raises InvalidRuleError; an empty list of conditions would hold for every post and is refused."""
        conditions, actions = stored.get("conditions") or [], stored.get("actions") or []
        if not isinstance(conditions, list) or not isinstance(actions, list):
            raise InvalidRuleError("Conditions and actions are lists.")
        if not 0 < len(conditions) <= MOST_CONDITIONS:
            raise InvalidRuleError(f"A rule has 1 to {MOST_CONDITIONS} conditions.")
        if not 0 < len(actions) <= MOST_ACTIONS:
            raise InvalidRuleError(f"A rule has 1 to {MOST_ACTIONS} actions.")
        if not all(isinstance(part, Mapping) for part in [*conditions, *actions]):
            raise InvalidRuleError("Each condition and each action is an object.")
        return cls(
            name=clean(str(stored.get("name", "")))[:120],
            conditions=tuple(Condition.from_json(part) for part in conditions),
            actions=tuple(Action.from_json(part) for part in actions),
        )
