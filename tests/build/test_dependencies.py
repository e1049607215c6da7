"""What `make run` brings onto a machine."""

import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
# Wheels are zip files: programs and sources in them are packed to less than half.
LARGEST_INSTALLED_BYTES = 2 * 450_000_000
NEVER = {"torch", "tensorflow", "jax", "nvidia-cuda-runtime", "triton", "scikit-learn", "pandas", "playwright"}


def closure() -> dict[str, int]:
    """Every distribution that the run-time dependencies bring, with the bytes of its files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = [Requirement(line) for line in project["dependencies"]]
    found: dict[str, int] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) in seen or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        seen.add((name, extras))
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        found[name] = sum(file.size or 0 for file in installed.files or [])
        for line in installed.requires or []:
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
                needed.marker = None
                waiting.append(needed)
    return found


def test_a_run_stays_within_its_download() -> None:
    sizes = closure()
    assert len(sizes) > 30
    largest = sorted(sizes.items(), key=lambda pair: -pair[1])[:5]
    assert sum(sizes.values()) <= LARGEST_INSTALLED_BYTES, f"largest: {largest}"


def test_a_run_never_brings_the_training_tools() -> None:
    assert set(closure()) & NEVER == set()
