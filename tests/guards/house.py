"""What the guard tests walk: the floors from the import rules, the modules of the house, their functions and names."""

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def floors() -> dict[str, int]:
    """Room → floor, the lowest 0, as the import rules in pyproject.toml lay them."""
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(rule for rule in rules if rule["type"] == "layers")["layers"]
    return {
        room.strip(): floor for floor, line in enumerate(reversed(layers)) for room in line.replace("|", ":").split(":")
    }


@cache
def modules() -> list[Path]:
    """Hand-written Python of the product."""
    found = [path for folder in ("monitor", "workers") for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if "migrations" not in path.parts)


@dataclass(frozen=True, slots=True)
class Function:
    module: str
    name: str
    lines: int

    @property
    def place(self) -> str:
        return f"{self.module}:{self.name}"


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def functions() -> list[Function]:
    """Every function and method, with its lines from `def` on (decorators do not count)."""
    return [
        Function(str(path.relative_to(ROOT)), node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for path in modules()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def names_given(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, name) of whatever the module names itself: functions, classes, arguments, variables, fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname
