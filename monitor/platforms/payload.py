"""Careful reading of JSON that others wrote: a wrong type raises MalformedPayloadError instead of AttributeError."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from monitor.platforms.errors import MalformedPayloadError
from monitor.text.clean import clean

EMPTY: Mapping[str, Any] = {}


def mapping_at(source: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under `name`; empty where it is missing or null."""
    value = source.get(name)
    if value is None:
        return EMPTY
    if not isinstance(value, Mapping):
        raise MalformedPayloadError(f"{name} is not an object")
    return value


def list_at(source: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of the list under `name`; entries that are no objects are left out."""
    value = source.get(name)
    if value is None:
        return []
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise MalformedPayloadError(f"{name} is not a list")
    return [entry for entry in value if isinstance(entry, Mapping)]


def needed_list(source: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """As `list_at`, where the platform always has the list: without it this is no empty page but another answer."""
    if name not in source:
        raise MalformedPayloadError(f"there is no {name}")
    return list_at(source, name)


def text_at(source: Mapping[str, Any], name: str) -> str:
    """The text under `name`; "" where it is missing or null."""
    value = source.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise MalformedPayloadError(f"{name} is not text")


def id_at(source: Mapping[str, Any], name: str) -> str:
    """The id under `name` as text that can be stored, whether the platform wrote it as text or as a number."""
    return clean(text_at(source, name))


def number_at(source: Mapping[str, Any], name: str) -> int | None:
    """The whole number under `name`; None where it is missing or no number."""
    value = source.get(name)
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value):
        return int(value)
    return None
