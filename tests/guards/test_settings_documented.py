"""Every name that the product reads from the environment stands in deploy/env.example, and nothing else does."""

import ast
import re
from collections.abc import Iterator

from tests.guards.house import ROOT, modules, tree_of

READERS = {"read_text", "read_flag", "read_number", "read_list", "read_or_make_secret"}
EXAMPLE = ROOT / "deploy" / "env.example"
# Read by deploy/compose.yaml, not by us.
OF_COMPOSE = {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}
# The only other places that look into the environment, and why.
LOOKS: dict[str, str] = {
    "monitor/env.py": "these are the readers",
    "monitor/nlp/encoder.py": "pure Python below the readers: works without Django, as `mentiondesk analyze` does",
    "monitor/nlp/bench.py": "the same",
    "monitor/nlp/hub/settings.py": "the same",
    "monitor/nlp/train/workers.py": "torchrun tells its programs their places so; not at run time",
}


def names_read() -> Iterator[tuple[str, str]]:
    """(name, where) of every call of a reader and every look into os.environ, with a constant name."""
    for path in modules():
        place = str(path.relative_to(ROOT))
        for node in ast.walk(tree_of(path)):
            name = _name_read(node)
            if name and re.fullmatch(r"(MENTIONDESK_\w+|DATABASE_URL|REDIS_URL)", name):
                yield name, place


def _name_read(node: ast.AST) -> str | None:
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        function = node.func
        called = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
        looks = isinstance(function, ast.Attribute) and ast.unparse(function.value) == "os.environ"
        return str(node.args[0].value) if called in READERS or looks or called == "getenv" else None
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ" and isinstance(node.ctx, ast.Load):
        return str(node.slice.value) if isinstance(node.slice, ast.Constant) else None
    return None


def names_documented() -> set[str]:
    """NAME_FILE documents NAME."""
    names = re.findall(r"^#?\s*([A-Z][A-Z0-9_]+)=", EXAMPLE.read_text(), flags=re.MULTILINE)
    return {name.removesuffix("_FILE") for name in names}


def test_the_walk_finds_what_the_settings_read() -> None:
    assert {"DATABASE_URL", "REDIS_URL", "MENTIONDESK_METRICS_TOKEN", "MENTIONDESK_PUBLIC_URL"} <= dict(
        names_read()
    ).keys()


def test_every_name_that_is_read_is_documented() -> None:
    missing = {name: place for name, place in names_read() if name not in names_documented()}
    assert missing == {}


def test_nothing_is_documented_that_is_not_read() -> None:
    assert names_documented() - {name for name, _ in names_read()} == OF_COMPOSE


def test_only_the_readers_look_into_the_environment() -> None:
    """A value read past `monitor.env` is not checked and knows no NAME_FILE."""
    looks = {
        str(path.relative_to(ROOT))
        for path in modules()
        for node in ast.walk(tree_of(path))
        if _looks_past_the_readers(node)
    }
    assert looks == set(LOOKS)


def _looks_past_the_readers(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = ast.unparse(node.func.value)
        return (owner == "os.environ" and node.func.attr == "get") or (owner == "os" and node.func.attr == "getenv")
    is_read = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)
    return is_read and ast.unparse(node.value) == "os.environ"  # type: ignore[attr-defined]
