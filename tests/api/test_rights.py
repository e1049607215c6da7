"""Every route of the API declares its right, and a token of every role meets exactly that."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from monitor.api.rest import api as rest
from monitor.brands.models import ApiToken, Membership, User
from monitor.brands.rights import RIGHTS, ROLES, role_can
from monitor.brands.routes import EVERYBODY, ROUTES
from tests.api.conftest import bearer, token_of
from tests.support.desk import make_case

PARTS = {"{reference}": "0ABCDEFG", "{post_id}": str(uuid4()), "{reply_id}": str(uuid4()), "{kind}": "trends"}


def _operations() -> dict[str, tuple[str, Any]]:
    """'GET /api/v1/cases' → (address, the function behind it)."""
    found = {}
    for prefix, router in rest._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                address = f"/api/v1{prefix}{path}"
                for part, value in PARTS.items():
                    address = address.replace(part, value).replace(f"{{uuid:{part[1:-1]}}}", value)
                found[f"{operation.methods[0]} /api/v1{prefix}{path}"] = (address, operation.view_func)
    return found


OPERATIONS = _operations()


def call(client: Client, name: str) -> Any:
    method, address = name.split()[0].lower(), OPERATIONS[name][0]
    wanted = {"platform": "x", "author": "nobody", "text": "Hello"}
    named = {"/effects": {"kind": "like"}, "/not-spam": {"intent": "question"}}
    wanted = named.get(name[name.rindex("/") :], wanted)
    body = {"data": wanted, "content_type": "application/json"}
    answer = getattr(client, method)(address, **(body if method == "post" else {}))
    if answer.streaming:
        assert b"".join(answer.streaming_content)
    return answer


def test_the_walk_finds_the_routes_of_the_description() -> None:
    described = {
        f"{method.upper()} {path}" for path, ways in rest.get_openapi_schema()["paths"].items() for method in ways
    }
    assert described == {name.replace("uuid:", "") for name in OPERATIONS}
    assert len(OPERATIONS) >= 13


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_declares_a_right(name: str) -> None:
    operation = OPERATIONS[name][1]
    assert getattr(operation, "right", None) in RIGHTS
    assert ROUTES[f"{operation.__module__}.{operation.__name__}"] == operation.right


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_each_role_meets_exactly_the_declared_right(
    name: str, api: Callable[[str], Client], tmp_path: Any, settings: Any
) -> None:
    settings.HOME = settings.EXPORT_FOLDER = tmp_path
    right = OPERATIONS[name][1].right
    for role in ROLES:
        status = call(api(role), name).status_code
        assert (status != 403) == role_can(role, right), f"{name} as {role}: {status}"
        assert status not in {401, 500}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_nobody_comes_in_without_a_token(name: str, db: None) -> None:
    for client in (Client(), bearer("md_never-made"), bearer("not a token at all")):
        answer = call(client, name)
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "token"


FOR_EVERYBODY = {
    "healthz", "readyz", "metrics", "x_webhook", "meta_webhook", "meta_data_deletion", "meta_deauthorise",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(FOR_EVERYBODY))
def test_other_addresses_of_the_api_say_that_they_are_for_everybody(name: str) -> None:
    patterns = [one for one in get_resolver("monitor.api.urls").url_patterns if isinstance(one, URLPattern)]
    views: dict[Any, Any] = {pattern.name: pattern.callback for pattern in patterns}
    assert set(views) == FOR_EVERYBODY
    assert views[name].right == EVERYBODY


def test_a_token_sees_its_own_brand_only(brand: Any, other_brand: Any, charlie: User) -> None:
    case = make_case(brand)
    client = bearer(token_of(charlie, other_brand, "admin"))
    assert client.get("/api/v1/cases").json()["cases"] == []
    assert client.get(f"/api/v1/cases/{case.reference}").status_code == 404


def test_a_revoked_token_opens_nothing(brand: Any, admin: User, api: Callable[[str], Client]) -> None:
    client = api("admin")
    assert client.get("/api/v1/me").status_code == 200
    ApiToken.objects.update(revoked_at="2026-01-01T00:00:00Z")
    assert client.get("/api/v1/me").status_code == 401


def test_a_token_falls_with_the_role_of_its_maker(brand: Any, admin: User, api: Callable[[str], Client]) -> None:
    client = api("admin")
    Membership.objects.filter(user=admin).update(role="viewer")
    assert client.get("/api/v1/cases").status_code == 200
    assert client.get("/api/v1/exports/posts").status_code == 403
    Membership.objects.filter(user=admin).delete()
    assert client.get("/api/v1/cases").status_code == 403


def test_a_token_whose_maker_left_opens_nothing(admin: User, api: Callable[[str], Client]) -> None:
    client = api("viewer")
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert client.get("/api/v1/me").status_code == 401


def test_the_description_is_for_insiders(admin: User, bob: User, client: Client, api: Callable[[str], Client]) -> None:
    assert client.get("/api/v1/docs").status_code == 401
    client.force_login(bob)
    assert client.get("/api/v1/openapi.json").status_code == 401
    client.force_login(admin)
    assert client.get("/api/v1/docs").status_code == 200
    assert api("viewer").get("/api/v1/openapi.json").json()["info"]["title"] == "Mentiondesk"
