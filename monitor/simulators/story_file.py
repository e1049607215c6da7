"""A story file read and checked: every complaint names the line and the key. The format: docs/simulators.md."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from monitor.simulators.faults import KINDS
from monitor.simulators.pushing import MISHAPS, PLATFORMS
from monitor.simulators.world import PATHS

FOLDER = Path(__file__).parent / "stories"
DEMO_STORY = FOLDER / "demo.yaml"
MOST_REPEATS = 20_000


class StoryError(ValueError):
    """The file is no story; the message says where and why."""


@dataclass(frozen=True)
class Story:
    """`retells`: once all has been told it is told again, slowly, by other people."""

    opening: tuple[Mapping[str, Any], ...]
    entries: tuple[Mapping[str, Any], ...]
    retells: bool = True


def find_story(wanted: str) -> Path:
    """A file, or the name of a story that comes with the product. Raises StoryError."""
    path, shipped = Path(wanted), FOLDER / f"{wanted}.yaml"
    if path.exists() or not re.fullmatch(r"[a-z_-]+", wanted):
        return path
    if shipped.exists():
        return shipped
    raise StoryError(f"there is no file {wanted!r}, and no story of that name; there are {', '.join(names())}")


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


# -- Shapes ----------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value.strip() else "must be text"


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _number(least: float) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if is_number and value >= least else f"must be a number, {least:g} or more"

    return check


def _whole(least: int, most: int) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return "" if is_whole and least <= value <= most else f"must be a whole number from {least} to {most}"

    return check


def _one_of(*words: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        return "" if value in words else f"must be one of {', '.join(words)}"

    return check


def _pattern(value: Any) -> str:
    try:
        re.compile(value)
    except (re.error, TypeError):
        return "must be a regular expression that a path is searched for"
    return ""


def _any(_value: Any) -> str:
    return ""


Checks = Mapping[str, Callable[[Any], str]]
_AUTHOR: Checks = {"handle": _text, "name": _text, "followers": _whole(0, 10**9)}


def _author(value: Any) -> str:
    if not isinstance(value, dict) or not value.get("handle"):
        return "must have a handle, as in {handle: mara, name: Mara, followers: 12}"
    return next((f"{key} {wrong}" for key, part in value.items() if (wrong := _AUTHOR.get(key, _unknown)(part))), "")


def _unknown(_value: Any) -> str:
    return "is not known"


_PAUSE: Checks = {"pause_seconds": _number(0)}
#: The first key decides what a step does; the others belong to it.
STEPS: Mapping[str, Checks] = {
    "platform": {
        "platform": _one_of(*PATHS),
        "text": _text,
        "author": _author,
        "by_brand": _flag,
        "language": _text,
        "form": _one_of("direct_message"),
        "key": _text,
        "in_reply_to": _text,
        "quotes": _text,
        "visibility": _one_of("public", "unlisted", "private"),
        "content_warning": _text,
        "rating": _whole(1, 5),
        "kind": _text,
        "seconds_ago": _number(0),
        "repeat": _whole(1, MOST_REPEATS),
        "within_seconds": _number(0),
    },
    "edit": {"edit": _text, "text": _text},
    "delete": {"delete": _text},
    "fault": {
        "fault": _one_of(*KINDS),
        "path": _pattern,
        "method": _one_of("GET", "POST", "PUT", "DELETE"),
        "times": _whole(1, 100_000),
        "seconds": _number(0),
        "status": _whole(100, 599),
        "body": _any,
        "headers": lambda value: "" if isinstance(value, dict) else "must be a set of headers",
    },
    "push": {
        "push": _one_of(*MISHAPS),
        "to": _one_of(*PLATFORMS),
        "times": _whole(1, 100_000),
        "seconds": _number(0),
    },
    "token": {"token": _one_of("revoked", "restored")},
    "clock": {"clock": _number(0)},
}
_REQUIRED: Mapping[str, Sequence[str]] = {"platform": ("text",), "edit": ("text",)}
_TOP: Checks = {
    "about": _text,
    "retell": _flag,
    "opening": lambda value: "" if isinstance(value, list) else "must be a list",
    "entries": lambda value: "" if isinstance(value, list) and value else "must be a list with at least one entry",
}


# -- Reading ---------------------------------------------------------------------------------------


def load_story(path: Path = DEMO_STORY) -> Story:
    """Raises StoryError, OSError."""
    reader = _Reader(path.name)
    return reader.read(path.read_bytes())


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._keys: set[str] = set()

    def read(self, raw: bytes) -> Story:
        content, node = self._parse(raw)
        if not isinstance(content, dict):
            raise StoryError(f"{self._name} has no list of entries: it must be a set of keys, of which one is entries")
        if "entries" not in content:
            raise StoryError(f"{self._name} has no list of entries")
        self._check(content, node, _TOP)
        nodes = {key.value: value for key, value in node.value}
        opening = self._steps(content.get("opening") or [], nodes.get("opening"))
        entries = self._steps(content["entries"], nodes["entries"])
        return Story(tuple(opening), tuple(entries), bool(content.get("retell", True)))

    def _parse(self, raw: bytes) -> tuple[Any, Any]:
        try:
            loader = yaml.SafeLoader(raw.decode("utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise StoryError(f"{self._name} is not YAML: {type(error).__name__}") from None
        try:
            node: Any = loader.get_single_node()
            return (loader.construct_document(node) if node is not None else None), node
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise StoryError(f"{self._name}, line {line}: this is not YAML: {error.problem}") from None
        except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
            raise StoryError(f"{self._name} is not YAML: {type(error).__name__}") from None
        finally:
            loader.dispose()

    def _steps(self, steps: Sequence[Any], node: Any) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for step, at in zip(steps, node.value if node is not None else (), strict=True):
            found += self._expanded(self._step(step, at))
        return found

    def _step(self, step: Any, node: Any) -> Mapping[str, Any]:
        if not isinstance(step, dict):
            raise self._wrong(node, "this is not a set of fields")
        kind = next((name for name in STEPS if name in step), "")
        if not kind:
            raise self._wrong(node, f"this step does nothing: it needs one of {', '.join(STEPS)}")
        self._check(step, node, {**STEPS[kind], **_PAUSE})
        for name in _REQUIRED.get(kind, ()):
            if name not in step:
                raise self._wrong(node, f"{name} is missing")
        if kind == "platform" and not step.get("by_brand") and "author" not in step:
            raise self._wrong(node, "author is missing (or by_brand: true)")
        self._check_references(step, node)
        return step

    def _check_references(self, step: Mapping[str, Any], node: Any) -> None:
        """What a step points to must have been told before it."""
        for name in ("in_reply_to", "quotes", "edit", "delete"):
            if name in step and step[name] not in self._keys:
                near = difflib.get_close_matches(step[name], self._keys, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise self._wrong(_line_of(node, name), f"{name}: nothing before it has the key {step[name]!r}{hint}")
        if step.get("key") in self._keys:
            raise self._wrong(_line_of(node, "key"), f"key: {step['key']!r} is taken")
        if "key" in step and step.get("repeat", 1) > 1:
            raise self._wrong(_line_of(node, "key"), "key: what is repeated cannot be pointed to")
        if "key" in step:
            self._keys.add(step["key"])

    def _expanded(self, step: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """`repeat`: as many people say it, spread over `within_seconds`; `{number}` tells them apart."""
        count = step.get("repeat", 1)
        if count == 1:
            return [step]
        pause = step.get("within_seconds", 0) / count
        plain = {key: value for key, value in step.items() if key not in ("repeat", "within_seconds")}
        return [_numbered(plain, number, pause) for number in range(1, count + 1)]

    def _check(self, fields: Mapping[str, Any], node: Any, known: Checks) -> None:
        for key, value in fields.items():
            at = _line_of(node, key)
            if key not in known:
                near = difflib.get_close_matches(str(key), known, 1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; known here are {', '.join(known)}"
                raise self._wrong(at, f"{key!r} is not known{hint}")
            wrong = known[key](value)
            if wrong:
                raise self._wrong(at, f"{key} {wrong}")

    def _wrong(self, node: Any, why: str) -> StoryError:
        return StoryError(f"{self._name}, line {node.start_mark.line + 1}: {why}")


def _line_of(node: Any, key: Any) -> Any:
    return next((found for found, _ in node.value if found.value == str(key)), node)


def _numbered(step: Mapping[str, Any], number: int, pause: float) -> Mapping[str, Any]:
    numbered = {**step, "text": step["text"].replace("{number}", str(number)), "pause_seconds": pause}
    if "author" in step:
        author = step["author"]
        # Where a handle names a server, that stays.
        found = re.fullmatch(r"([^@.]*)(.*)", author["handle"])
        assert found is not None
        numbered["author"] = {**author, "handle": f"{found[1][:9]}_{number}{found[2]}"}
    return numbered
