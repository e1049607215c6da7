"""Who may do what: each right belongs to the lowest role that has it, and every higher role has it too."""

from typing import Any, Final

from monitor.brands.models import Brand, Membership, Role

#: From the least to the most.
LADDER: Final = (Role.VIEWER, Role.ANALYST, Role.AGENT, Role.LEAD, Role.ADMIN)

RIGHTS: Final[dict[str, Role]] = {
    "view": Role.VIEWER,  # queue, cases, posts, trends, alerts, channels
    "export": Role.ANALYST,  # files with rows of posts and cases
    "answer": Role.AGENT,  # claim, edit, approve, decline, resolve, note, correct
    "approve": Role.LEAD,  # second approval of what the rules do not leave to one person
    "steer": Role.LEAD,  # rules, thresholds, switches, crisis, replay of what was put aside
    "manage": Role.ADMIN,  # people and roles, channels, tokens, removal of the demo
}

#: Name of a route → the right that it declares; filled by the decorators in `brands.routes` and by the API.
ROUTES: Final[dict[str, str]] = {}


def role_of(user: Any, brand: Brand) -> Role | None:
    """The role that somebody has in a brand; an operator of the installation is an admin of every brand."""
    if user is None or not user.is_authenticated or not user.is_active:
        return None
    if user.is_operator:
        return Role.ADMIN
    role = Membership.objects.filter(user_id=user.pk, brand=brand).values_list("role", flat=True).first()
    return Role(role) if role else None


def role_can(role: Role | None, right: str) -> bool:
    """Raises KeyError for a right that nobody has defined: a spelling mistake must not grant anything."""
    return role is not None and LADDER.index(role) >= LADDER.index(RIGHTS[right])


def can(user: Any, brand: Brand, right: str) -> bool:
    return role_can(role_of(user, brand), right)
