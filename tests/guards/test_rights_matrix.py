"""Every page of the console declares its right, and every role meets exactly that: the matrix is generated, not listed.

A view without a declared right, or one that lets the wrong person in, fails here by name.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from monitor.brands.models import Brand, Membership, User
from monitor.brands.rights import RIGHTS, ROLES, role_can
from monitor.brands.routes import EVERYBODY, ROUTES, SIGNED_IN

PEOPLE = (*ROLES, "outsider", "anonymous")
#: Something for each kind of part in an address. Nothing of it exists: who may pass gets 404 or 400, never the thing.
PARTS = {
    "slug": "lumora",
    "reference": "0ABCDEFG",
    "token": "never-made",
    "platform": "x",
    "return_code": "x",
    "code": "never-made",
    "public_id": "01900000-0000-7000-8000-000000000000",
    "post_id": "01900000-0000-7000-8000-000000000000",
    "alert_id": 1,
    "channel_id": 1,
    "event_id": 1,
    "user_id": 1,
    "token_id": 1,
    "topic_id": 1,
    "sampled_id": 1,
    "gap_id": 1,
    "rereading_id": 1,
}
REFUSED = {403}
LOGIN = "/login/"


def _console_patterns() -> Iterator[tuple[str, Any]]:
    """Name and view of each console address."""
    yield from _walk(get_resolver("monitor.console.urls").url_patterns)


def _walk(patterns: Any) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield pattern.name or "", pattern.callback


VIEWS = dict(_console_patterns())


@pytest.fixture
def people(brand: Brand, other_brand: Brand) -> dict[str, Client]:
    clients = {"anonymous": Client()}
    for role in (*ROLES, "outsider"):
        user = User.objects.create_user(f"{role}@example.com", name=role)
        Membership.objects.create(
            user=user, brand=other_brand if role == "outsider" else brand, role="admin" if role == "outsider" else role
        )
        clients[role] = Client()
        clients[role].force_login(user)
    return clients


def _address(name: str) -> str:
    from django.urls import reverse

    route = next(pattern for pattern in _all_routes() if pattern[0] == name)[1]
    return reverse(name, kwargs={part: value for part, value in PARTS.items() if f":{part}>" in route})


def _all_routes() -> Iterator[tuple[str, str]]:
    def walk(patterns: Any, prefix: str) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))
            else:
                yield pattern.name or "", prefix + str(pattern.pattern)

    yield from walk(get_resolver("monitor.console.urls").url_patterns, "")


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_every_console_route_declares_a_right(name: str) -> None:
    right = getattr(VIEWS[name], "right", None)
    assert right is not None, f"the view of {name} has no @needs, @for_people or @for_everybody"
    assert right in {*RIGHTS, SIGNED_IN, EVERYBODY}


def test_every_declared_route_stands_in_the_table() -> None:
    declared = {f"{view.__module__}.{view.__name__}" for view in VIEWS.values()}
    assert declared <= set(ROUTES)


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_a_route_of_a_brand_asks_for_a_right_in_it(name: str) -> None:
    route = dict(_all_routes())[name]
    assert (getattr(VIEWS[name], "right", "") in RIGHTS) == route.startswith("b/<slug:slug>/")


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_each_role_meets_exactly_the_declared_right(name: str, people: dict[str, Client]) -> None:
    right = getattr(VIEWS[name], "right", "")
    address = _address(name)
    for who, client in people.items():
        # Reading first; where a route only takes writes, an empty form shows who gets as far as the act itself.
        answer = client.get(address)
        if answer.status_code == 405:
            answer = client.post(address, {})
        if answer.streaming:
            assert b"".join(answer)
        _check(name, right, who, answer)


def _check(name: str, right: str, who: str, answer: Any) -> None:
    cell = f"{name} as {who}: {answer.status_code}"
    to_login = answer.status_code == 302 and answer["Location"].startswith(LOGIN)
    if right == EVERYBODY:
        assert answer.status_code not in REFUSED, cell
    elif who == "anonymous":
        assert to_login, cell
    elif right == SIGNED_IN:
        assert answer.status_code not in REFUSED and not to_login, cell
    elif who == "outsider":
        assert answer.status_code == 404, cell
    elif role_can(who, right):
        assert answer.status_code not in REFUSED and not to_login, cell
    else:
        assert answer.status_code == 403, cell


@pytest.mark.parametrize("name", sorted(name for name, view in VIEWS.items() if getattr(view, "right", "") in RIGHTS))
def test_writing_needs_the_token_of_the_form(name: str, brand: Brand) -> None:
    admin = User.objects.create_user("root@example.com", name="root")
    Membership.objects.create(user=admin, brand=brand, role="admin")
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    assert client.post(_address(name), {}).status_code in {403, 405}
