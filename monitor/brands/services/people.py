"""Brands, the people who work for them, and what is switched on."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from monitor.audit.services import record
from monitor.brands.models import Brand, Market, Membership, Role, Switch, SwitchName, User
from monitor.text.patterns import check_order_patterns

# Automation as such may run; the one thing that speaks by itself, the acknowledgement, waits to be switched on.
_ON_FROM_THE_START = {SwitchName.AUTOMATION}


@transaction.atomic
def create_brand(
    *, slug: str, name: str, markets: Iterable[Mapping[str, Any]] = (), user: User | None = None, **fields: Any
) -> Brand:
    """A brand with its switches, its markets (fields of `Market`), and `user` as its first admin.

    Raises IntegrityError when the slug is taken, and InvalidPatternError (a ValueError) for a pattern of order numbers
    that cannot be read or might never end, or for patterns that together might take too long.
    """
    check_order_patterns(fields.get("order_patterns", []))
    brand = Brand.objects.create(slug=slug, name=name, **fields)
    Switch.objects.bulk_create(
        Switch(brand=brand, name=switch, is_on=switch in _ON_FROM_THE_START) for switch in SwitchName
    )
    Market.objects.bulk_create(Market(brand=brand, **market) for market in markets)
    if user is not None:
        Membership.objects.create(user=user, brand=brand, role=Role.ADMIN)
    record(act="brand.created", brand_id=brand.pk, actor=user, subject=brand, params={"slug": slug})
    return brand


@transaction.atomic
def create_user(
    *,
    email: str,
    brand: Brand | None = None,
    role: str = Role.VIEWER,
    password: str | None = None,
    by: User | None = None,
    **fields: Any,
) -> User:
    """Somebody who may log in (by link where no password is given), with a role in `brand`.

    Raises IntegrityError when the address is taken and ValueError for a role that does not exist.
    """
    user = User.objects.create_user(email, password, **fields)
    if brand is not None:
        set_role(user=user, brand=brand, role=role, by=by)
    return user


@transaction.atomic
def set_role(*, user: User, brand: Brand, role: str | None, by: User | None = None) -> None:
    """Gives the user this role in the brand instead of any other; None takes it away."""
    before = Membership.objects.filter(user=user, brand=brand).values_list("role", flat=True).first()
    if role is None:
        Membership.objects.filter(user=user, brand=brand).delete()
    else:
        Membership.objects.update_or_create(user=user, brand=brand, defaults={"role": Role(role).value})
    record(
        act="member.role_set",
        brand_id=brand.pk,
        actor=by,
        subject=user,
        params={"from": before or "", "to": role or ""},
    )


@transaction.atomic
def set_switch(*, brand: Brand, name: str, is_on: bool, user: User | None) -> None:
    """Turns something on or off, from the next claim of work on. Raises ValueError for an unknown name."""
    switch = SwitchName(name)
    Switch.objects.update_or_create(brand=brand, name=switch, defaults={"is_on": is_on, "changed_by": user})
    record(
        act="switch.on" if is_on else "switch.off",
        brand_id=brand.pk,
        actor=user,
        subject_kind="switch",
        subject_id=switch.value,
    )
