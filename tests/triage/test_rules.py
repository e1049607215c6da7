"""Rules are data that people write: what makes no sense is refused with a sentence that helps."""

from typing import Any

import pytest

from monitor.triage.facts import Facts
from monitor.triage.rules import Condition, InvalidRuleError, RuleSpec

GOOD: dict[str, Any] = {
    "name": "VIP",
    "conditions": [{"field": "author_followers", "op": "at_least", "value": 5000}],
    "actions": [{"op": "add_priority", "value": 20}, {"op": "tag", "value": "vip"}],
}


def test_a_rule_survives_the_way_through_json() -> None:
    assert RuleSpec.from_json(GOOD).to_json() == GOOD
    assert RuleSpec.from_json({**GOOD, "name": "V\0IP"}).name == "VIP"


@pytest.mark.parametrize(
    ("field", "op", "value", "holds"),
    [
        ("topic", "is", "delivery", True),
        ("topic", "is_not", "delivery", False),
        ("topic", "in", ["delivery", "service"], True),
        ("topic", "not_in", ["service"], True),
        ("severity", "at_least", 2, True),
        ("severity", "at_most", 1, False),
        ("author_followers", "at_least", 10, False),  # unknown reach is no reach
        ("complaint", "is", True, True),
        ("entity_kinds", "contains", "phone", True),
        ("entity_kinds", "contains", "card", False),
        ("stars", "at_most", 2, True),
        ("recommends", "is", False, True),
        ("recommends", "is", True, False),
        ("is_on_ad", "is", True, False),
        ("app_version", "in", ["4.1.2", "4.1.3"], True),
    ],
)
def test_a_condition_asks_one_thing_of_the_facts(field: str, op: str, value: Any, holds: bool) -> None:
    facts = Facts(
        topic="delivery", severity=2, complaint=True, entity_kinds=("phone",), stars=1, recommends=False,
        app_version="4.1.2",
    )  # fmt: skip
    assert Condition.from_json({"field": field, "op": op, "value": value}).holds(facts) is holds


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"conditions": []}, "1 to 20 conditions"),
        ({"actions": []}, "1 to 10 actions"),
        ({"conditions": "all"}, "lists"),
        ({"conditions": ["all"]}, "object"),
        ({"conditions": [{"field": "mood", "op": "is", "value": "bad"}]}, "no fact called 'mood'"),
        ({"conditions": [{"field": "topic", "op": "at_least", "value": "x"}]}, "cannot be asked"),
        ({"conditions": [{"field": "severity", "op": "is", "value": "2"}]}, "needs a number"),
        ({"conditions": [{"field": "severity", "op": "is", "value": True}]}, "needs a number"),
        ({"conditions": [{"field": "complaint", "op": "is", "value": "yes"}]}, "needs a flag"),
        ({"conditions": [{"field": "recommends", "op": "is", "value": 0}]}, "needs a flag"),
        ({"conditions": [{"field": "recommends", "op": "at_most", "value": 0}]}, "cannot be asked"),
        ({"conditions": [{"field": "topic", "op": "in", "value": []}]}, "list of words"),
        ({"actions": [{"op": "delete_all"}]}, "no action called"),
        ({"actions": [{"op": "set_priority", "value": 101}]}, "between 0 and 100"),
        ({"actions": [{"op": "add_priority", "value": "5"}]}, "type int"),
        ({"actions": [{"op": "tag", "value": "  "}]}, "1 to 80 characters"),
        ({"conditions": [{"field": "stars", "op": "at_most", "value": float("nan")}]}, "finite number"),
        ({"conditions": [{"field": "severity", "op": "at_least", "value": float("-inf")}]}, "finite number"),
        ({"conditions": [{"field": "market", "op": "is", "value": "d\0e"}]}, "cannot be stored"),
        ({"conditions": [{"field": "market", "op": "in", "value": ["de", "\ud800"]}]}, "cannot be stored"),
        ({"conditions": [{"field": "entity_kinds", "op": "contains", "value": "\0"}]}, "cannot be stored"),
        ({"actions": [{"op": "tag", "value": "v\0ip"}]}, "cannot be stored"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidRuleError, match=says):
        RuleSpec.from_json({**GOOD, **change})
