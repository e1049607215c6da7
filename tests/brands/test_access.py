"""Ways in: links that work once, passwords that cannot be guessed, keys that do not lift anybody."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitor.audit.models import AuditEvent
from monitor.brands import services
from monitor.brands.models import ApiToken, LoginLink, LoginThrottle, Role

pytestmark = pytest.mark.django_db


def token_of(path):
    return path.strip("/").split("/")[-1]


def test_a_login_link_works_once(alice):
    path = services.create_login_link(user=alice)
    assert path.startswith("/") and len(token_of(path)) > 40
    assert services.use_login_link(token_of(path)) == alice
    assert services.use_login_link(token_of(path)) is None
    assert AuditEvent.objects.filter(act="login.by_link", actor_id=alice.pk).count() == 1


def test_the_database_does_not_know_the_links_secret(alice):
    token = token_of(services.create_login_link(user=alice))
    assert token not in str(LoginLink.objects.values().get())


def test_a_login_link_dies_after_a_quarter_of_an_hour(alice):
    token = token_of(services.create_login_link(user=alice))
    left = LoginLink.objects.get().expires_at - timezone.now()
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    LoginLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert services.use_login_link(token) is None


def test_a_login_link_does_not_let_in_who_has_left(alice):
    token = token_of(services.create_login_link(user=alice))
    alice.is_active = False
    alice.save()
    assert services.use_login_link(token) is None


@pytest.mark.parametrize("token", ["", "x", "\ud800", "a" * 10_000, "' OR 1=1 --"])
def test_nonsense_is_no_login_link(alice, token):
    services.create_login_link(user=alice)
    assert services.use_login_link(token) is None


def fail(times, email="alice@example.com", address="203.0.113.5"):
    for _ in range(times):
        services.note_failed_login(email=email, address=address)
    return services.login_wait_seconds(email=email, address=address)


def test_guessing_slows_down_for_the_guesser_only():
    assert fail(4) == 0
    assert 25 <= fail(1) <= 30
    assert 55 <= fail(1) <= 60
    assert 850 <= fail(30) <= 900
    assert services.login_wait_seconds(email="Alice@Example.com ", address="203.0.113.5") > 800
    assert services.login_wait_seconds(email="alice@example.com", address="203.0.113.6") == 0
    assert services.login_wait_seconds(email="bob@example.com", address="203.0.113.5") == 0


def test_the_right_password_and_a_day_heal():
    fail(6)
    services.note_login(email="alice@example.com", address="203.0.113.5")
    assert fail(1) == 0
    fail(9)
    LoginThrottle.objects.update(last_failure_at=timezone.now() - timedelta(days=2))
    assert fail(1) == 0


def test_an_api_token_opens_its_brand_with_its_role(brand, alice):
    token, secret = services.create_api_token(brand=brand, name="shop", role=Role.ANALYST, user=alice)
    assert secret not in str(ApiToken.objects.values().get())
    found = services.verify_api_token(secret)
    assert (found, found.brand, found.role) == (token, brand, "analyst")
    assert ApiToken.objects.get().last_used_at is not None
    assert services.verify_api_token(secret + "x") is None
    assert services.verify_api_token("") is None
    services.revoke_api_token(token=token, user=alice)
    assert services.verify_api_token(secret) is None


def test_a_key_does_not_lift_its_maker(brand, bob, charlie):
    with pytest.raises(PermissionError):
        services.create_api_token(brand=brand, name="x", role=Role.LEAD, user=bob)
    with pytest.raises(PermissionError):
        services.create_api_token(brand=brand, name="x", role=Role.VIEWER, user=charlie)
    assert not ApiToken.objects.exists()
