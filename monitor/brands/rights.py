"""Who may do what in a brand: a table from right to the lowest role that has it, and the questions asked of it.

Views declare a right (`@needs("answer")`); nothing else in the house compares roles.
"""

from typing import Protocol

from django.db.models import QuerySet

from monitor.brands.models import Brand, Membership, Role

# Lowest first: each role may do all that the roles before it may.
ROLES: tuple[str, ...] = (Role.VIEWER, Role.ANALYST, Role.AGENT, Role.LEAD, Role.ADMIN)

RIGHTS: dict[str, str] = {
    "view": Role.VIEWER,  # queue, cases, posts, trends, alerts, channels
    "export": Role.ANALYST,  # files with rows of posts and cases
    "answer": Role.AGENT,  # claim, edit, approve what the rules leave to one person, resolve, note, correct
    "approve": Role.LEAD,  # second approval
    "steer": Role.LEAD,  # rules, thresholds, switches, crisis, reading again what was put aside
    "manage": Role.ADMIN,  # people and roles, channels, keys, removal of the demo
}


class UnknownRightError(LookupError):
    """A view asked for a right that is not in the table: a mistake of ours, never of the user."""


class Visitor(Protocol):
    """Whoever asks: a `User`, or Django's anonymous one."""

    @property
    def pk(self) -> int | None: ...

    @property
    def is_active(self) -> bool: ...


def role_has(role: str, right: str) -> bool:
    """Whether a role (of a person or of an API token) carries the right. Raises UnknownRightError."""
    if right not in RIGHTS:
        raise UnknownRightError(f"There is no right {right!r}; known are {', '.join(RIGHTS)}.")
    return role in ROLES and ROLES.index(role) >= ROLES.index(RIGHTS[right])


def role_can(role: str | None, right: str) -> bool:
    """The same for somebody who may have no role at all."""
    return role_has(role or "", right)


def can(user: Visitor, brand: Brand | int, right: str) -> bool:
    """Whether the user has the right in the brand. Operators have every right in every brand."""
    return role_can(role_of(user, brand), right)


def role_of(user: Visitor, brand: Brand | int) -> str | None:
    """The role that counts: an operator of the installation is an administrator everywhere; None for outsiders."""
    return Role.ADMIN if _is_operator(user) else role_in(user, brand) or None


def role_in(user: Visitor, brand: Brand | int) -> str:
    """The user's role in the brand; "" for outsiders and for people who may no longer log in."""
    if user.pk is None or not user.is_active:
        return ""
    brand_id = brand if isinstance(brand, int) else brand.pk
    return Membership.objects.filter(user_id=user.pk, brand_id=brand_id).values_list("role", flat=True).first() or ""


def brands_of(user: Visitor, right: str = "view") -> QuerySet[Brand]:
    """The brands in which the user has the right, by name."""
    roles = [role for role in ROLES if role_has(role, right)]
    brands = Brand.objects.order_by("name", "id")
    if _is_operator(user):
        return brands
    if user.pk is None or not user.is_active:
        return brands.none()
    return brands.filter(memberships__user_id=user.pk, memberships__role__in=roles)


def _is_operator(user: Visitor) -> bool:
    return user.pk is not None and user.is_active and bool(getattr(user, "is_operator", False))
