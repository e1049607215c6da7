"""Removing a whole brand: every row that belongs to it, in every room, in one transaction.

Rows are found through the foreign keys themselves, so that a table added later cannot be forgotten.
"""

from typing import Any, Final

from django.apps import apps
from django.db import IntegrityError, OperationalError, connection, models, transaction

from monitor.audit import services as audit
from monitor.brands.models import Brand, Channel, ChannelState, SwitchName, User
from monitor.brands.services import set_switch
from monitor.inbox.models import Post, Stage
from monitor.inbox.services.deleting import hold_deletions_off

#: The log outlives what it speaks of.
KEPT = {"audit"}


TRIES: Final = 5


def remove_brand(*, brand: Brand, user: User | None) -> dict[str, int]:
    """Returns how many rows went, by table. The audit log keeps its events, without the texts.

    Work that is going on for the brand may still add rows while they are removed; then it is done again.
    """
    _quieten(brand)
    for attempt in range(1, TRIES + 1):
        try:
            return _remove(brand, user)
        except (IntegrityError, OperationalError):
            if attempt == TRIES:
                raise
    raise AssertionError("unreachable")


@transaction.atomic
def _quieten(brand: Brand) -> None:
    """Nothing new is collected, worked on or sent from now on."""
    set_switch(brand=brand, name=SwitchName.KILL, is_on=True, user=None)
    Channel.objects.filter(brand=brand).update(state=ChannelState.PAUSED)
    Post.objects.filter(brand=brand, stage__in=[Stage.RECEIVED, Stage.ANALYZED]).update(stage=Stage.TRIAGED)


@transaction.atomic
def _remove(brand: Brand, user: User | None) -> dict[str, int]:
    gone: dict[str, int] = {}
    with connection.cursor() as cursor:
        hold_deletions_off(cursor, brand.pk, deletes=True)
        for model in _from_the_top(_rooms()):
            condition = _condition(model)
            if condition is None:
                continue
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"DELETE FROM {table} WHERE {condition}", {"brand": brand.pk})  # noqa: S608
            if cursor.rowcount:
                gone[model._meta.db_table] = cursor.rowcount
        cursor.execute("DELETE FROM audit_audittext WHERE brand_id = %s", [brand.pk])
    audit.record(
        act="brand.removed", brand_id=brand.pk, actor=user, subject_kind="brand", subject_id=brand.pk,
        params={"slug": brand.slug, "rows": sum(gone.values())},
    )  # fmt: skip
    return gone


def _rooms() -> list[type[models.Model]]:
    every = (model for model in apps.get_models() if model.__module__.startswith("monitor."))
    return [model for model in every if model._meta.app_label not in KEPT and model is not User]


def _from_the_top(rooms: list[type[models.Model]]) -> list[type[models.Model]]:
    """What points to others before what is pointed to."""
    order: list[type[models.Model]] = []

    def place(model: type[models.Model]) -> None:
        if model in order:
            return
        for other in rooms:
            if other is not model and any(target is model for _column, target in _owners(other)):
                place(other)
        order.append(model)

    for model in rooms:
        place(model)
    return order


def _owners(model: type[models.Model]) -> list[tuple[str, Any]]:
    """Columns that tie a row to what it cannot be without, and what that is."""
    keys = (field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey))
    return [(key.column, key.related_model) for key in keys if key.related_model is not User]


def _condition(model: type[models.Model], seen: tuple[type[models.Model], ...] = ()) -> str | None:
    """SQL for "belongs to the brand": by its own column, else through what owns it; None: of no brand at all."""
    quote = connection.ops.quote_name
    if model is Brand:
        return f"{quote('id')} = %(brand)s"
    if any(field.column == "brand_id" for field in model._meta.concrete_fields):
        return f"{quote('brand_id')} = %(brand)s"
    for column, owner in _owners(model):
        if owner in seen or owner is model:
            continue
        condition = _condition(owner, (*seen, model))
        if condition is not None:
            table, key = quote(owner._meta.db_table), quote(owner._meta.pk.column)
            return f"{quote(column)} IN (SELECT {key} FROM {table} WHERE {condition})"  # noqa: S608
    return None
