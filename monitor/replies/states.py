"""The lives of a reply and of an effect, as data. Every write of a state goes through a guarded update.

`TRANSITIONS` is what docs/states.md is made from.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import Model

REPLY: Final[Mapping[str, frozenset[str]]] = {
    # native_task: approved, but only a person can say it, in the platform's own app.
    "draft": frozenset({"submitted", "approved", "declined", "native_task"}),
    "submitted": frozenset({"draft", "approved", "declined", "native_task"}),
    # declined: withdrawn before anybody claimed it; failed and native_task: no longer allowed at send time.
    # sent: an own post with this text was seen although we had given the attempt up.
    "approved": frozenset({"sending", "declined", "failed", "native_task", "sent"}),
    # approved: the platform certainly did not carry it out.
    "sending": frozenset({"sent", "failed", "unconfirmed", "approved", "native_task"}),
    # failed: acknowledgements only, about which nobody has to do anything.
    "unconfirmed": frozenset({"sent", "approved", "native_task", "failed"}),
    # A person answered in the platform's own app, or says that no answer is needed any more.
    "native_task": frozenset({"sent", "declined"}),
    "failed": frozenset({"sent"}),
    # We have taken it down again, or somebody deleted it on the platform.
    "sent": frozenset({"deleted"}),
    "deleted": frozenset(),
    "declined": frozenset(),
}

EFFECT: Final[Mapping[str, frozenset[str]]] = {
    # done: its outcome was seen although the attempt had been given up.
    "pending": frozenset({"sending", "failed", "done"}),
    "sending": frozenset({"done", "failed", "unconfirmed", "pending"}),
    "unconfirmed": frozenset({"done", "pending", "failed"}),
    "failed": frozenset({"done"}),
    "done": frozenset(),
}

TRANSITIONS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {"reply": REPLY, "effect": EFFECT}


class WrongStateError(Exception):
    """The row was no longer in a state from which this step leads: somebody or something was faster."""

    def __init__(self, kind: str, to: str) -> None:
        super().__init__(f"this {kind} cannot become {to} any more")
        self.kind = kind
        self.to = to


def sources_of(kind: str, to: str) -> frozenset[str]:
    """The states from which `to` can be reached. Raises KeyError for a state that does not exist."""
    table = TRANSITIONS[kind]
    if to not in table:
        raise KeyError(to)
    return frozenset(state for state, targets in table.items() if to in targets)


def move(row: Model, kind: str, to: str, *, only_from: frozenset[str] | None = None, **fields: Any) -> None:
    """One guarded UPDATE: the row moves only if it still stands where the table allows. Raises WrongStateError."""
    if not try_to_move(row, kind, to, only_from=only_from, **fields):
        raise WrongStateError(kind, to)


def try_to_move(row: Model, kind: str, to: str, *, only_from: frozenset[str] | None = None, **fields: Any) -> bool:
    """The same, saying whether it moved. `only_from` narrows what the table allows, never widens it."""
    allowed = sources_of(kind, to)
    if only_from is not None:
        allowed &= only_from
    rows = type(row)._default_manager
    moved = rows.filter(pk=row.pk, state__in=allowed).update(state=to, **fields)
    if moved:
        for name, value in {"state": to, **fields}.items():
            setattr(row, name, value)
    return bool(moved)
