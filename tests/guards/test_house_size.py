"""Functions and modules stay small. An exception stands here with its reason, and goes when it is no longer one."""

import statistics

from tests.guards.house import ROOT, functions, modules

MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_MODULE = 400

LONG_FUNCTIONS: dict[str, str] = {}
LONG_MODULES: dict[str, str] = {}


def lines_of_modules() -> dict[str, int]:
    return {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}


def percentile(values: list[int], share: float) -> int:
    return sorted(values)[int(share * (len(values) - 1))]


def test_no_function_is_longer_than_a_screen() -> None:
    long = {one.place: one.lines for one in functions() if one.lines > MOST_LINES_OF_A_FUNCTION}
    assert set(long) == set(LONG_FUNCTIONS), long


def test_no_module_is_longer_than_a_sitting() -> None:
    long = {name: lines for name, lines in lines_of_modules().items() if lines > MOST_LINES_OF_A_MODULE}
    assert set(long) == set(LONG_MODULES), long


def test_most_functions_are_short() -> None:
    lines = [one.lines for one in functions()]
    assert statistics.median(lines) <= 10
    assert percentile(lines, 0.9) <= 30


def test_most_modules_are_short() -> None:
    lines = [count for count in lines_of_modules().values() if count > 1]
    assert statistics.median(lines) <= 120


def test_every_module_says_what_it_owns() -> None:
    import ast

    from tests.guards.house import tree_of

    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.stat().st_size and not ast.get_docstring(tree_of(path))
    ]
    assert silent == []
