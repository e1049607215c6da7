"""Every rule is asked of every platform, or a reason stands in its place that can be true."""

import ast
import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.platforms.base import Declaration
from monitor.platforms.registry import get_platform, platform_codes
from tests.platforms.contract.rules import ASKED, IN_CONFORMANCE, RULES, TESTS
from tests.platforms.exemptions import EXEMPT, does_not_apply

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[2]
WAYS_OUT = {"skip", "skipif", "xfail", "importorskip", "fail"}


@pytest.fixture(scope="module", autouse=True)
def all_rules_are_read() -> None:
    """Whichever of the files this run has chosen."""
    for path in sorted(FOLDER.glob("test_*.py")):
        importlib.import_module(f"tests.platforms.contract.{path.stem}")


@pytest.mark.parametrize("code", platform_codes())
@pytest.mark.parametrize("number", list(RULES))
def test_a_rule_is_asked_of_a_platform_or_the_reason_is_told(number: int, code: str) -> None:
    # What is published of one platform excuses no other from a rule that can be asked here.
    only_published = number in IN_CONFORMANCE and not any(asked == number for asked, _code in ASKED)
    is_asked = (number, code) in ASKED or only_published
    assert is_asked or does_not_apply(code, number), f"nobody asks whether {RULES[number]!r} holds for {code}"
    assert not ((number, code) in ASKED and does_not_apply(code, number))


def statements_of(test: Callable[..., Any]) -> list[ast.stmt]:
    [function] = ast.parse(textwrap.dedent(inspect.getsource(test))).body
    assert isinstance(function, ast.FunctionDef)
    return function.body


def is_assertion(statement: ast.stmt) -> bool:
    """An assert, or a block that must raise."""
    if isinstance(statement, ast.With):
        return any("pytest.raises" in ast.unparse(each.context_expr) for each in statement.items)
    return isinstance(statement, ast.Assert)


def test_a_test_that_has_passed_has_asked() -> None:
    """The last thing that each does is an assertion, and there is no way out before it."""
    for test in TESTS:
        body = statements_of(test)
        inner = [node for statement in body for node in ast.walk(statement)]
        named = {node.attr for node in inner if isinstance(node, ast.Attribute)} & WAYS_OUT
        returns = [node for statement in body for node in _outside_functions(statement) if isinstance(node, ast.Return)]
        assert is_assertion(body[-1]), f"{test.__name__} does not end in an assertion"
        assert not named and not returns, f"{test.__name__} has a way out: {named or 'return'}"
    assert len(TESTS) >= 50


def _outside_functions(statement: ast.AST) -> Iterator[ast.AST]:
    yield statement
    if not isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Lambda):
        for child in ast.iter_child_nodes(statement):
            yield from _outside_functions(child)


def test_no_mark_lets_a_rule_go() -> None:
    for path in FOLDER.glob("test_*.py"):
        marks = {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
        assert path.name == "test_every_rule.py" or not marks & WAYS_OUT


def test_what_conformance_asks_is_there() -> None:
    for number, paths in IN_CONFORMANCE.items():
        assert number in RULES and all((ROOT / path).is_file() for path in paths)


def test_each_exemption_says_why() -> None:
    for code, rules in EXEMPT.items():
        assert code in platform_codes() and set(rules) <= set(RULES)
        assert all(len(reason.split()) >= 3 for reason in rules.values())


#: Exemptions that a declaration proves or disproves: rule -> whether the platform must be asked.
PROOFS: dict[int, Callable[[Declaration], bool]] = {
    17: lambda told: "quote" in told.forms,
    18: lambda told: told.needs_summon,
    19: lambda told: "reply" in told.abilities,
    20: lambda told: "reply" in told.abilities,
    21: lambda told: told.direct_message_window_hours is not None,
    22: lambda told: "direct_message" in told.abilities,
    23: lambda told: "direct_message" in told.abilities,
    28: lambda told: "reply" in told.abilities,
    31: lambda told: "webhooks" in told.abilities,
    32: lambda told: "webhooks" in told.abilities,
    34: lambda told: "webhooks" in told.abilities,
    36: lambda told: bool(told.prices),
}


@pytest.mark.parametrize("code", platform_codes())
@pytest.mark.parametrize("number", list(PROOFS))
def test_an_exemption_is_what_the_declaration_says(number: int, code: str) -> None:
    must_be_asked = PROOFS[number](get_platform(code).declaration)
    assert must_be_asked is not bool(does_not_apply(code, number)), RULES[number]


def test_rules_that_nothing_can_excuse_are_asked_everywhere() -> None:
    for number in (1, 2, 3, 4, 5, 7, 9, 10, 11, 13, 15, 16, 24, 25, 26, 29, 30, 33, 35, 37, 38):
        assert not [code for code in platform_codes() if does_not_apply(code, number)], RULES[number]
