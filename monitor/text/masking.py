"""Hides what points to a person or a purchase, in every script, so that a text may be shown, logged or matched."""

import re
from collections.abc import Sequence

from monitor.text.entities import ascii_digits, find_entities

_KEPT = frozenset({"amount"})
_LEFT_OVER = re.compile(r"[0-9](?:[ \-]?[0-9]){5,}")


def mask(text: str, order_patterns: Sequence[str] = ()) -> str:
    """Each entity but amounts becomes its kind in brackets; a run of six or more other digits becomes [number]."""
    parts: list[str] = []
    at = 0
    for entity in find_entities(text, order_patterns):
        parts.append(_mask_numbers(text[at : entity.start]))
        parts.append(text[entity.start : entity.end] if entity.kind in _KEPT else f"[{entity.kind}]")
        at = entity.end
    parts.append(_mask_numbers(text[at:]))
    return "".join(parts)


def _mask_numbers(text: str) -> str:
    parts: list[str] = []
    at = 0
    for match in _LEFT_OVER.finditer(ascii_digits(text)):
        parts += [text[at : match.start()], "[number]"]
        at = match.end()
    return "".join([*parts, text[at:]])
