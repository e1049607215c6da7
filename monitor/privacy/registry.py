"""The list of what every room stores, and who erases it.

A room's `privacy.py` holds up to three things, all optional but the first:

    COLUMNS: dict[str, str] = {"Post.text": "erased", "Post.form": "kept: one of FORMS", "Note.text": "erased"}
    def erase_author(person: monitor.erasure.Person) -> dict[str, int]: ...   # what → rows changed; idempotent
    def sweep_retention(now: datetime) -> dict[str, int]: ...                # what → rows removed

`COLUMNS` claims each text, JSON, binary and vector column of the room. A claim is `erased` (says who somebody is or
what they wrote: `erase_author` empties it), `staff` (about people who work here) or `kept` (neither); words after a
colon say why. A guard test fails for a column without a claim.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from pgvector.django import HalfVectorField, VectorField

from monitor.erasure import Person

# From the top down: what points to a row goes before the row.
ROOMS = (
    "console",
    "api",
    "privacy",
    "trends",
    "replies",
    "cases",
    "triage",
    "analysis",
    "inbox",
    "alerts",
    "brands",
    "audit",
)
CLAIMS = ("erased", "staff", "kept")
CLAIMED_FIELDS = (
    models.CharField,
    models.TextField,
    models.JSONField,
    models.BinaryField,
    ArrayField,
    VectorField,
    HalfVectorField,
    SearchVectorField,
)

EraseAuthor = Callable[[Person], dict[str, int]]
SweepRetention = Callable[[datetime], dict[str, int]]


@dataclass(frozen=True, slots=True)
class RoomPrivacy:
    """What one room declares."""

    room: str
    columns: dict[str, str] = field(default_factory=dict)
    erase_author: EraseAuthor | None = None
    sweep_retention: SweepRetention | None = None


def rooms() -> Iterator[RoomPrivacy]:
    """Every room's declaration, from the top floor down."""
    for room in ROOMS:
        name = f"monitor.{room}.privacy"
        if find_spec(name) is None:
            yield RoomPrivacy(room)
            continue
        module = import_module(name)
        yield RoomPrivacy(
            room,
            dict(module.COLUMNS),
            getattr(module, "erase_author", None),
            getattr(module, "sweep_retention", None),
        )


def columns_to_claim(room: str) -> set[str]:
    """`Model.field` of every column of a room that can hold words."""
    return {
        f"{model.__name__}.{column.name}"
        for model in apps.get_app_config(room).get_models()
        for column in model._meta.concrete_fields
        if isinstance(column, CLAIMED_FIELDS)
    }


def unclaimed_columns() -> dict[str, list[str]]:
    """Room → what it stores without saying so, and what it claims without having it."""
    wrong: dict[str, list[str]] = {}
    for declared in rooms():
        present = columns_to_claim(declared.room)
        mistakes = sorted(present ^ set(declared.columns))
        mistakes += sorted(
            f"{column}: {claim}" for column, claim in declared.columns.items() if claim.split(":")[0] not in CLAIMS
        )
        if mistakes:
            wrong[declared.room] = mistakes
    return wrong
