"""Draws the picture in docs/architecture.md from the imports: rooms as boxes, floors as rows, arrows downwards.

An arrow that follows from others is left out; the guard test `test_architecture_picture` compares both with the code.
"""

import sys
import tomllib
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "```mermaid\n", "```\n"


def layers() -> list[list[str]]:
    """The floors from the top down, each with its rooms."""
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    lines = next(rule for rule in rules if rule["type"] == "layers")["layers"]
    return [["workers"], *([room.strip() for room in line.split(":")] for line in lines)]


def imports() -> dict[str, set[str]]:
    """Room → the rooms that any of its modules imports."""
    sys.path.insert(0, str(ROOT))
    graph = grimp.build_graph("monitor", "workers", cache_dir=None)
    found: dict[str, set[str]] = {room: set() for floor in layers() for room in floor}
    for module in graph.modules:
        importer = room_of(module)
        for imported in graph.find_modules_directly_imported_by(module):
            target = room_of(imported)
            if importer in found and target in found and importer != target:
                found[importer].add(target)
    return found


def room_of(module: str) -> str:
    parts = module.split(".")
    return "workers" if parts[0] == "workers" else parts[1] if len(parts) > 1 else ""


def reduced(edges: dict[str, set[str]]) -> dict[str, set[str]]:
    """Without the arrows that a longer way makes needless."""
    return {
        room: {
            target
            for target in targets
            if not any(target in reach(edges, other, {room}) for other in targets if other != target)
        }
        for room, targets in edges.items()
    }


def reach(edges: dict[str, set[str]], start: str, without: set[str]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for target in edges.get(waiting.pop(), set()) - seen - without:
            seen.add(target)
            waiting.append(target)
    return seen


def draw() -> str:
    lines = ["flowchart TB"]
    for number, floor in enumerate(layers()):
        lines.append(f"    subgraph f{number} [ ]")
        lines += [f"        {room.strip('_')}[{room}]" for room in sorted(floor)]
        lines.append("    end")
    edges = reduced(imports())
    lines += [
        f"    {room.strip('_')} --> {target.strip('_')}" for room in sorted(edges) for target in sorted(edges[room])
    ]
    return "\n".join(lines) + "\n"


def page_with(picture: str) -> str:
    before, rest = PAGE.read_text().split(BEGIN, 1)
    return before + BEGIN + picture + END + rest.split(END, 1)[1]


def main() -> int:
    page = page_with(draw())
    if "--check" in sys.argv:
        return 0 if page == PAGE.read_text() else 1
    PAGE.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
