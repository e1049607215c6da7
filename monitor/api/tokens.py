"""Who calls: a bearer token stands for the person who made it, in one brand, with at most its own role.

A token never lifts anybody: when its maker loses the role, it loses it too; when they leave, it opens nothing.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from ninja.security import HttpBearer

from monitor.brands.models import ApiToken, Brand, User
from monitor.brands.rights import can, role_has
from monitor.brands.routes import ROUTES
from monitor.brands.services import verify_api_token

Operation = TypeVar("Operation", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Caller:
    token: ApiToken
    user: User
    brand: Brand

    def may(self, right: str) -> bool:
        return role_has(self.token.role, right) and can(self.user, self.brand, right)


class Bearer(HttpBearer):
    """`Authorization: Bearer md_…`"""

    openapi_description = "A token made in the console, for one brand and with one role."

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        return caller_of(token)


def caller_of(secret: str) -> Caller | None:
    token = verify_api_token(secret)
    if token is None or token.created_by is None or not token.created_by.is_active:
        return None
    return Caller(token, token.created_by, token.brand)


def caller(request: HttpRequest) -> Caller:
    """Whom `Bearer` let in."""
    found: Caller = request.auth  # type: ignore[attr-defined]
    return found


def needs(right: str) -> Callable[[Operation], Operation]:
    """Checks the right and puts the route into the table that the guard test walks."""

    def decorate(operation: Operation) -> Operation:
        @functools.wraps(operation)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not caller(request).may(right):
                raise PermissionDenied(right)
            return operation(request, *args, **kwargs)

        checked.right = right  # type: ignore[attr-defined]
        ROUTES[f"{operation.__module__}.{operation.__name__}"] = right
        return checked  # type: ignore[return-value]

    return decorate
