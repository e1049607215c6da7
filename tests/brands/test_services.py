"""Brands, channels and switches."""

import pytest
from django.db import IntegrityError, transaction

from monitor.audit.models import AuditEvent
from monitor.brands import services, switches
from monitor.brands.models import Brand, Channel, ChannelStream, Market, Membership
from monitor.brands.sealing import unseal
from monitor.brands.selectors import channel_context, order_patterns
from monitor.platforms.base import RawUpdate
from monitor.platforms.registry import get_platform

pytestmark = pytest.mark.django_db


def test_a_new_brand_has_all_its_switches_and_sends_nothing_by_itself(alice):
    brand = services.create_brand(
        slug="acme", name="Acme", user=alice, markets=[{"code": "DE", "name": "Germany", "languages": ["de"]}]
    )
    assert switches.switches_of(brand.pk) == {
        "automation": True,
        "acknowledgement": False,
        "crisis": False,
        "kill": False,
    }
    assert Market.objects.get(brand=brand).code == "DE"
    assert Membership.objects.get(brand=brand).role == "admin"
    with pytest.raises(IntegrityError), transaction.atomic():
        services.create_brand(slug="acme", name="Other")
    assert Brand.objects.filter(slug="acme").count() == 1


def test_a_switch_is_what_was_set_last_and_the_log_knows_by_whom(brand, alice):
    assert not switches.is_on(brand.pk, "kill")
    services.set_switch(brand=brand, name="kill", is_on=True, user=alice)
    assert switches.is_on(brand.pk, "kill")
    services.set_switch(brand=brand, name="kill", is_on=False, user=alice)
    assert not switches.is_on(brand.pk, "kill")
    acts = list(AuditEvent.objects.order_by("id").values_list("act", "actor_id"))
    assert acts == [("switch.on", alice.pk), ("switch.off", alice.pk)]


def test_a_misspelt_switch_is_an_error_and_not_off(brand):
    with pytest.raises(ValueError, match="kil"):
        switches.is_on(brand.pk, "kil")


def connect(brand, **more):
    return services.connect_channel(
        brand=brand, platform="x", kind="account", external_id="100", handle="lumora",
        credentials={"bearer_token": "s3cret"}, **more,
    )  # fmt: skip


def test_a_connected_channel_has_sealed_credentials_and_its_streams(brand, alice, settings):
    channel = connect(brand, user=alice)
    assert b"s3cret" not in bytes(channel.credentials)
    assert unseal(channel.credentials)["bearer_token"] == "s3cret"
    assert "mentions" in set(channel.streams.values_list("name", flat=True))
    context = channel_context(channel)
    assert context.api_url == settings.PLATFORM_API_URLS["x"]
    assert "s3cret" not in repr(context)
    assert not channel_context(channel, with_credentials=False).credentials
    event = AuditEvent.objects.get(act="channel.connected")
    assert "s3cret" not in str(event.params)


@pytest.mark.parametrize(("platform", "kind"), [("facebook", "page"), ("instagram", "account")])
def test_an_echo_of_our_own_app_is_known_as_ours(brand, settings, platform, kind):
    channel = Channel.objects.create(brand=brand, platform=platform, kind=kind, external_id="600", handle="lumora")
    settings.SIGN_IN_APPS = {**settings.SIGN_IN_APPS, "facebook": ("42", "secret", "https://facebook.example")}
    message = {"mid": "m_1", "text": "hi", "is_echo": True, "app_id": 42}
    echo = {"sender": {"id": "600"}, "recipient": {"id": "7"}, "timestamp": 1_750_000_000_000, "message": message}
    update = RawUpdate("messaging", "m_1", {"event": echo})
    [post] = get_platform(platform).normalize(update, channel_context(channel, with_credentials=False))
    assert post.own_by == "us"
    settings.SIGN_IN_APPS = {**settings.SIGN_IN_APPS, "facebook": ("", "", "https://facebook.example")}
    assert channel_context(channel).app_ids == ()


def test_a_connector_knows_where_its_platform_is_to_push_to(brand, settings):
    channel = connect(brand)
    settings.PUBLIC_URL = ""
    assert channel_context(channel).callback_url == ""
    settings.PUBLIC_URL = "https://desk.example/"
    assert channel_context(channel).callback_url == "https://desk.example/webhooks/x/"
    channel.platform = "feed"
    assert channel_context(channel).callback_url == ""


def test_connecting_again_mends_the_channel_and_keeps_its_place(brand):
    channel = connect(brand)
    services.set_channel_state(channel_id=channel.pk, state="needs_reauth", code="auth_expired")
    ChannelStream.objects.filter(channel=channel).update(cursor={"since_id": "7"}, failures=5)
    again = connect(brand)
    assert (again.pk, again.state, again.state_code) == (channel.pk, "healthy", "")
    stream = ChannelStream.objects.filter(channel=channel).first()
    assert (stream.cursor, stream.failures) == ({"since_id": "7"}, 0)
    assert Channel.objects.count() == 1


def test_news_of_a_channel_is_news_once(channel):
    def note(code):
        return services.set_channel_state(channel_id=channel.pk, state="blocked", code=code, params={"detail": "dm"})

    assert note("permission_missing")
    assert not note("permission_missing")
    assert note("policy_block")


def test_what_a_person_has_paused_stays_paused(channel, alice):
    services.pause_channel(channel=channel, user=alice)
    assert not services.set_channel_state(channel_id=channel.pk, state="healthy")
    channel.refresh_from_db()
    assert channel.state == "paused"
    services.resume_channel(channel=channel, user=alice)
    channel.refresh_from_db()
    assert channel.state == "healthy"


def test_all_credentials_move_to_the_newest_key(brand, channel, settings):
    settings.CREDENTIAL_KEYS = ["old"]
    connected = connect(brand)
    settings.CREDENTIAL_KEYS = ["new", "old"]
    assert services.rotate_credentials() == 1
    settings.CREDENTIAL_KEYS = ["new"]
    connected.refresh_from_db()
    assert unseal(connected.credentials)["bearer_token"] == "s3cret"


def test_roles_are_given_changed_and_taken(brand, alice, bob):
    services.set_role(user=bob, brand=brand, role="lead", by=alice)
    assert Membership.objects.get(user=bob).role == "lead"
    services.set_role(user=bob, brand=brand, role=None, by=alice)
    assert not Membership.objects.filter(user=bob).exists()
    with pytest.raises(ValueError, match="emperor"), transaction.atomic():
        services.set_role(user=bob, brand=brand, role="emperor", by=alice)
    dora = services.create_user(email="Dora@Example.com", brand=brand, role="agent", by=alice)
    assert (dora.email, dora.has_usable_password()) == ("dora@example.com", False)


@pytest.mark.parametrize("bad", [["(LM"], [r"(\d+)+x"], [r"LM\d{8}", 7], "LM", [r"LM\d{8}"] * 21])
def test_a_brand_is_not_made_with_a_pattern_that_would_stop_its_posts(bad, db):
    with pytest.raises(ValueError, match=r"[Pp]attern"):
        services.create_brand(slug="acme", name="Acme", order_patterns=bad)
    assert not Brand.objects.filter(slug="acme").exists()


def test_a_bad_pattern_that_is_stored_already_is_ignored_and_logged_once(brand, caplog):
    brand.order_patterns = ["(LM", r"LM\d{8}", r"(\d+)+x"]
    with caplog.at_level("WARNING"):
        assert order_patterns(brand) == order_patterns(brand) == (r"LM\d{8}",)
    logged = [(record.brand_id, record.patterns) for record in caplog.records if record.brand_id == brand.pk]
    assert logged == [(brand.pk, 2)]
    assert "LM" not in caplog.text
