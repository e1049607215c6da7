"""Reads a JSON body from strangers: bounded in size and depth, no numbers that are none. Pure."""

import json
from collections.abc import Mapping
from typing import Any

DEEPEST = 64


class BodyError(ValueError):
    """The body is no JSON object that we would read; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_object(raw: bytes) -> Mapping[str, Any]:
    """Raises BodyError: not_utf8, not_json, too_deep, not_an_object."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BodyError("not_utf8") from None
    try:
        value = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise BodyError("too_deep") from None
    except ValueError:
        raise BodyError("not_json") from None
    if not isinstance(value, dict):
        raise BodyError("not_an_object")
    if _is_deeper_than(value, DEEPEST):
        raise BodyError("too_deep")
    return value


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _is_deeper_than(value: object, most: int) -> bool:
    """Level by level, without recursion."""
    level = [value]
    for _ in range(most):
        level = [
            part
            for whole in level
            for part in (whole.values() if isinstance(whole, dict) else whole if isinstance(whole, list) else ())
            if isinstance(part, dict | list)
        ]
        if not level:
            return False
    return True
