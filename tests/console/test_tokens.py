"""Keys for programs on the page of the people: made, shown once, used, revoked, and written into the log."""

from typing import Any

import pytest
from django.test import Client

from monitor.audit.models import AuditEvent
from monitor.brands.models import ApiToken, User
from monitor.brands.services import create_api_token

PEOPLE = "/b/lumora/people/"


def _asks(secret: str) -> int:
    return Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/v1/cases").status_code


def test_a_key_is_shown_once_and_opens_the_interface(as_admin: Client, admin: User) -> None:
    answer = as_admin.post(f"{PEOPLE}tokens/make/", {"name": "  Shop   system ", "role": "analyst"})
    secret = answer.context["secret"]
    assert secret in answer.content.decode() and "no-store" in answer["Cache-Control"]
    assert _asks(secret) == 200
    page = as_admin.get(PEOPLE).content.decode()
    assert "Shop system" in page and f"{secret[:8]}…" in page and "Analyst" in page
    assert secret not in page
    made = AuditEvent.objects.get(act="token.created")
    assert (made.actor_id, made.params) == (admin.pk, {"role": "analyst"})


def test_a_key_tells_when_it_was_last_used(as_admin: Client, admin: User, brand: Any) -> None:
    _token, secret = create_api_token(brand=brand, name="Dashboard", role="viewer", user=admin)
    row = as_admin.get(PEOPLE).content.decode().split("Dashboard")[1].split("</tr>")[0]
    assert "never" in row
    _asks(secret)
    row = as_admin.get(PEOPLE).content.decode().split("Dashboard")[1].split("</tr>")[0]
    assert "never" not in row


def test_a_revoked_key_opens_nothing_and_leaves_the_page(as_admin: Client, admin: User, brand: Any) -> None:
    token, secret = create_api_token(brand=brand, name="Old robot", role="agent", user=admin)
    answer = as_admin.post(f"{PEOPLE}tokens/{token.pk}/revoke/", follow=True)
    assert "The key “Old robot” opens nothing any more." in answer.content.decode()
    assert _asks(secret) == 401
    assert token.prefix not in as_admin.get(PEOPLE).content.decode()
    as_admin.post(f"{PEOPLE}tokens/{token.pk}/revoke/")
    assert AuditEvent.objects.filter(act="token.revoked", actor_id=admin.pk).count() == 1


@pytest.mark.parametrize("form", [{}, {"name": "  ", "role": "viewer"}, {"name": "x", "role": "emperor"}])
def test_a_key_needs_a_name_and_a_role_that_exists(as_admin: Client, form: dict[str, str]) -> None:
    answer = as_admin.post(f"{PEOPLE}tokens/make/", form, follow=True)
    assert "A key needs a name and a role" in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_the_key_of_another_brand_cannot_be_revoked(as_admin: Client, charlie: Any, other_brand: Any) -> None:
    token, secret = create_api_token(brand=other_brand, name="Theirs", role="viewer", user=charlie)
    assert as_admin.post(f"{PEOPLE}tokens/{token.pk}/revoke/").status_code == 404
    assert _asks(secret) == 200
    assert "Theirs" not in as_admin.get(PEOPLE).content.decode()


def test_only_administrators_make_keys(as_alice: Client, brand: Any) -> None:
    assert as_alice.post(f"{PEOPLE}tokens/make/", {"name": "x", "role": "viewer"}).status_code == 403
    assert not ApiToken.objects.exists()
