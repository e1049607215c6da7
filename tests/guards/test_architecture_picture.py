"""The picture in docs/architecture.md tells the truth about the imports."""

import re

import grimp
import pytest

from tests.guards.house import ROOT, floors


@pytest.fixture(scope="module")
def imports() -> set[tuple[str, str]]:
    """(importing room, imported room) of every import in the product."""
    graph = grimp.build_graph("monitor", "workers", cache_dir=None)
    pairs = {
        (room(one), room(other)) for one in graph.modules for other in graph.find_modules_directly_imported_by(one)
    }
    return {(one, other) for one, other in pairs if one and other and one != other}


def room(module: str) -> str:
    parts = module.split(".")
    name = "workers" if parts[0] == "workers" else parts[1] if len(parts) > 1 else ""
    return name.strip("_")


@pytest.fixture(scope="module")
def arrows() -> set[tuple[str, str]]:
    picture = (ROOT / "docs" / "architecture.md").read_text().split("```mermaid")[1].split("```")[0]
    return set(re.findall(r"^\s*(\w+) --> (\w+)$", picture, flags=re.MULTILINE))


def reachable(arrows: set[tuple[str, str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        new = {target for source, target in arrows if source == here} - seen
        seen |= new
        waiting += new
    return seen


def test_every_arrow_is_an_import(arrows: set[tuple[str, str]], imports: set[tuple[str, str]]) -> None:
    assert arrows - imports == set(), "run `python .ci/architecture.py`"


def test_every_import_is_an_arrow_or_follows_from_arrows(
    arrows: set[tuple[str, str]], imports: set[tuple[str, str]]
) -> None:
    unseen = {(one, other) for one, other in imports if other not in reachable(arrows, one)}
    assert unseen == set(), "run `python .ci/architecture.py`"


def test_every_room_is_in_the_picture_and_in_the_table() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    boxes = set(re.findall(r"^\s*\w+\[(\w+)\]$", page, flags=re.MULTILINE))
    described = set(re.findall(r"`(\w+)`", "\n".join(line for line in page.splitlines() if line.startswith("|"))))
    assert boxes == {*floors(), "workers"}
    assert {*floors(), "workers"} <= described


def test_every_folder_of_the_house_has_a_floor() -> None:
    folders = {
        path.stem for path in (ROOT / "monitor").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert folders - {"__init__"} <= set(floors())
