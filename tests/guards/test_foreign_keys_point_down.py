"""A foreign key points to its own floor's room or down, never up: the staircase holds for tables too."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import models

from tests.guards.house import floors


def room_of(model: type[models.Model]) -> str | None:
    parts = model.__module__.split(".")
    return parts[1] if parts[0] == "monitor" else None


def keys() -> Iterator[tuple[str, str, str]]:
    """(room, `Model.field`, room it points to)."""
    for model in apps.get_models():
        room = room_of(model)
        for field in model._meta.get_fields():
            if room and isinstance(field, models.ForeignKey | models.ManyToManyField):
                target = room_of(field.related_model)  # type: ignore[arg-type]
                if target:
                    yield room, f"{model.__name__}.{field.name}", target


def test_the_floors_of_the_plan_are_read() -> None:
    assert floors()["text"] == 0
    assert floors()["audit"] < floors()["brands"] < floors()["inbox"] < floors()["cases"] < floors()["trends"]


@pytest.mark.parametrize(("room", "column", "target"), sorted(keys()))
def test_a_foreign_key_points_down(room: str, column: str, target: str) -> None:
    assert room == target or floors()[target] < floors()[room], f"{room}.{column} points up to {target}"


def test_there_are_keys_to_look_at() -> None:
    assert len(list(keys())) > 50


def test_partitioned_tables_are_pointed_to_by_nothing() -> None:
    from monitor.schema import PARTITIONED_TABLES

    pointed = {
        field.related_model._meta.db_table  # type: ignore[union-attr]
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
    }
    assert not pointed & set(PARTITIONED_TABLES)
