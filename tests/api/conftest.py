"""Callers with tokens of every role."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from monitor.brands.models import Membership, User
from monitor.brands.services import create_api_token

Api = Callable[..., Any]


def token_of(user: User, brand: Any, role: str) -> str:
    return create_api_token(brand=brand, name="test", role=role, user=user)[1]


def bearer(secret: str) -> Client:
    return Client(headers={"authorization": f"Bearer {secret}"})


@pytest.fixture
def admin(brand: Any) -> User:
    user = User.objects.create_user("dora@example.com", name="Dora")
    Membership.objects.create(user=user, brand=brand, role="admin")
    return user


@pytest.fixture
def api(brand: Any, admin: User) -> Callable[[str], Client]:
    """`api("viewer")`: a client whose token has that role in the brand."""
    return lambda role: bearer(token_of(admin, brand, role))
