"""Signing in from the console, through the fake platforms' own pages: the way there, the way back, and all that is
tried with a way back that is not one's own."""

import logging
import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from monitor.audit.models import AuditEvent
from monitor.brands.models import Brand, Channel, Membership, SignInUnderWay, User
from monitor.brands.sealing import unseal
from monitor.brands.services import connect_channel, open_connector
from monitor.simulators.graph_sign_in import PAGES
from monitor.simulators.mastodon_facts import ACCOUNT_ID
from monitor.simulators.world import PAGE_ID, PROFILE_ID, X_USER_ID
from tests.support.signing import consent
from tests.support.simulated import Simulated

CONNECT = "/b/lumora/channels/connect/"


def leave(client: Client, platform: str = "x", **form: Any) -> str:
    """Presses the button; where the page in between sends the browser."""
    page = client.post(f"{CONNECT}{platform}/sign-in/", form)
    assert page.status_code == 200, page
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.content.decode())
    assert found is not None
    return unescape(found[1])


def back_with(client: Client, address: str, told: dict[str, str]) -> Any:
    return client.get(f"{urlsplit(address).path}?{urlencode(told)}", follow=True)


def sign_in(
    client: Client, platform: str = "x", *, decision: str = "allow", user: str = "", without: Any = (), **form: Any
) -> Any:
    return back_with(client, *consent(leave(client, platform, **form), decision, user=user, without=without))


def words(answer: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


# -- X ---------------------------------------------------------------------------------------------


def test_signing_in_at_x_makes_a_channel_that_is_read(as_admin: Client, admin: User, apps: Simulated) -> None:
    page = sign_in(as_admin, kind="account")
    channel = Channel.objects.get()
    assert (channel.platform, channel.kind, channel.external_id, channel.handle) == (
        "x",
        "account",
        X_USER_ID,
        "lumora",
    )
    assert "Lumora is connected. It is read from now on." in words(page)
    assert set(channel.streams.values_list("name", flat=True)) == {"direct_messages", "mentions", "own_posts", "quotes"}
    assert open_connector(channel).check() == []
    event = AuditEvent.objects.get(act="channel.connected")
    assert (event.actor_id, event.brand_id) == (admin.pk, channel.brand_id)
    assert not SignInUnderWay.objects.exists()


def test_the_browser_is_sent_on_by_a_page_and_not_by_the_form(as_admin: Client, apps: Simulated) -> None:
    """Browsers hold a form to `form-action 'self'` over its redirects too; a page of ours is outside of that."""
    page = as_admin.post(f"{CONNECT}x/sign-in/", {"kind": "account"})
    assert page.status_code == 200 and "form-action 'self'" in page["Content-Security-Policy"]
    assert "no-store" in page["Cache-Control"]


def test_connecting_again_keeps_cursors_settings_and_the_row(as_admin: Client, brand: Brand, apps: Simulated) -> None:
    channel = connect_channel(
        brand=brand, platform="x", kind="account", external_id=X_USER_ID, name="Our X", poll_seconds=120,
        credentials=apps.context("x").credentials, daily_cap_micros=5_000_000,
    )  # fmt: skip
    channel.streams.filter(name="mentions").update(cursor={"newest": "77"})
    Channel.objects.filter(pk=channel.pk).update(state="needs_reauth", state_code="auth_expired")
    page = words(as_admin.get("/b/lumora/channels/"))
    assert "Connect again" in page
    sign_in(as_admin, channel=channel.pk)
    again = Channel.objects.get()
    assert (again.pk, again.name, again.poll_seconds, again.state) == (channel.pk, "Our X", 120, "healthy")
    assert again.daily_cap_micros == 5_000_000
    assert again.streams.get(name="mentions").cursor == {"newest": "77"}
    assert "refresh_token" in unseal(again.credentials) and "consumer_key" not in unseal(again.credentials)
    assert AuditEvent.objects.filter(act="channel.reconnected").exists()


def test_another_profile_does_not_take_a_channels_place(as_admin: Client, brand: Brand, apps: Simulated) -> None:
    channel = connect_channel(
        brand=brand, platform="x", kind="account", external_id=X_USER_ID, credentials=apps.context("x").credentials
    )
    care = apps.world.person("x", "lumora_care", "Lumora Care").external_id
    page = sign_in(as_admin, user=care, channel=channel.pk)
    assert "You signed in as lumora_care, which is not this channel. Nothing was changed." in words(page)
    assert Channel.objects.count() == 1 and "refresh_token" not in unseal(Channel.objects.get().credentials)


def test_a_saved_search_reads_with_a_sign_in_of_its_own(as_admin: Client, apps: Simulated) -> None:
    sign_in(as_admin, kind="search", query='  "lumora"   -is:retweet ')
    channel = Channel.objects.get()
    assert (channel.kind, channel.query) == ("search", '"lumora"   -is:retweet')
    assert channel.external_id.startswith("lumora-isretweet-") and channel.handle == "lumora"
    apps.person_says("x", "lumora is slow today")
    assert len(open_connector(channel).collect("search", {}).updates) == 1
    sign_in(as_admin, kind="search", query='"lumora" -is:retweet')
    assert Channel.objects.count() == 1


def test_words_that_no_database_keeps_are_cleaned(as_admin: Client, apps: Simulated) -> None:
    sign_in(as_admin, kind="search", query="lum\0ora")
    assert Channel.objects.get().query == "lumora"


def test_a_search_needs_words_before_anybody_leaves(as_admin: Client, apps: Simulated) -> None:
    page = as_admin.post(f"{CONNECT}x/sign-in/", {"kind": "search"}, follow=True)
    assert "Say what to look for first." in words(page) and not SignInUnderWay.objects.exists()


def test_who_does_not_agree_is_told_that_nothing_happened(as_admin: Client, apps: Simulated) -> None:
    page = sign_in(as_admin, decision="deny")
    assert "Nothing was connected: X says that you did not agree." in words(page)
    assert not Channel.objects.exists() and not SignInUnderWay.objects.exists()
    assert AuditEvent.objects.get(act="channel.sign_in_failed").params == {"platform": "x", "why": "denied"}


def test_a_way_back_is_good_once(as_admin: Client, apps: Simulated) -> None:
    address, told = consent(leave(as_admin))
    back_with(as_admin, address, told)
    before = len(apps.world.calls)
    again = back_with(as_admin, address, told)
    assert again.status_code == 400 and "This sign-in is over" in words(again)
    assert len(apps.world.calls) == before


@pytest.mark.parametrize("state", [None, "", "forged", "\x00", "x" * 5000])
def test_a_missing_or_forged_state_does_nothing(as_admin: Client, apps: Simulated, state: str | None) -> None:
    address, told = consent(leave(as_admin))
    told = {"code": told["code"], **({"state": state} if state is not None else {})}
    assert back_with(as_admin, address, told).status_code == 400
    assert not Channel.objects.exists() and SignInUnderWay.objects.count() == 1


def test_a_way_back_is_over_after_minutes(as_admin: Client, apps: Simulated) -> None:
    address, told = consent(leave(as_admin))
    SignInUnderWay.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert back_with(as_admin, address, told).status_code == 400
    assert not Channel.objects.exists()


def test_a_way_back_of_another_browser_is_no_way_back(as_admin: Client, admin: User, apps: Simulated) -> None:
    """Somebody could otherwise be led to connect a stranger's profile (login CSRF)."""
    address, told = consent(leave(as_admin))
    elsewhere = Client()
    elsewhere.force_login(admin)
    assert back_with(elsewhere, address, told).status_code == 400
    assert not Channel.objects.exists()
    assert back_with(as_admin, address, told).status_code == 200 and Channel.objects.exists()


def test_a_way_back_of_another_person_is_no_way_back(as_admin: Client, as_charlie: Client, apps: Simulated) -> None:
    address, told = consent(leave(as_admin))
    assert back_with(as_charlie, address, told).status_code == 400
    assert not Channel.objects.exists()


def test_a_way_back_belongs_to_the_brand_that_it_began_in(
    as_admin: Client, admin: User, other_brand: Brand, apps: Simulated
) -> None:
    Membership.objects.create(user=admin, brand=other_brand, role="admin")
    address, told = consent(leave(as_admin))
    back_with(as_admin, address, told)
    assert Channel.objects.get().brand.slug == "lumora"


def test_a_way_back_of_one_platform_is_none_of_another(as_admin: Client, apps: Simulated) -> None:
    _address, told = consent(leave(as_admin))
    for other in ("facebook", "mastodon", "nowhere"):
        answer = as_admin.get(f"/connect/{other}/return/?{urlencode(told)}")
        assert answer.status_code == 400
    assert not Channel.objects.exists()


def test_who_has_lost_the_right_meanwhile_connects_nothing(as_admin: Client, admin: User, apps: Simulated) -> None:
    address, told = consent(leave(as_admin))
    Membership.objects.filter(user=admin).update(role="lead")
    assert back_with(as_admin, address, told).status_code == 400
    assert not Channel.objects.exists()


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("agent", 403), ("lead", 403), ("admin", 200)])
def test_only_administrators_leave_for_a_platform(brand: Brand, apps: Simulated, role: str, status: int) -> None:
    user = User.objects.create_user(f"{role}@example.com", name=role)
    Membership.objects.create(user=user, brand=brand, role=role)
    client = Client()
    client.force_login(user)
    assert client.post(f"{CONNECT}x/sign-in/", {"kind": "account"}).status_code == status
    for path in ("", "x/", "files/"):
        assert client.get(CONNECT + path).status_code == status
    assert ("Connect a channel" in words(client.get("/b/lumora/channels/"))) is (status == 200)


def test_outsiders_and_strangers_do_not_get_there(as_charlie: Client, brand: Brand, apps: Simulated) -> None:
    assert as_charlie.post(f"{CONNECT}x/sign-in/").status_code == 404
    answer = Client().get("/connect/x/return/?state=s&code=c")
    assert answer.status_code == 302 and answer["Location"].startswith("/login/")


def test_another_brands_channel_cannot_be_connected_again(
    as_admin: Client, other_brand: Brand, apps: Simulated
) -> None:
    theirs = connect_channel(
        brand=other_brand, platform="x", kind="account", external_id=X_USER_ID, credentials={"bearer_token": "t"}
    )
    assert as_admin.get(f"/b/lumora/channels/{theirs.pk}/connect/").status_code == 404
    for strange in (theirs.pk, "²", "9" * 40, "-1", "x"):
        assert as_admin.post(f"{CONNECT}x/sign-in/", {"channel": strange}).status_code == 404


def test_a_code_that_x_does_not_take_is_said_in_a_sentence(as_admin: Client, apps: Simulated) -> None:
    address, told = consent(leave(as_admin))
    apps.world.shift_clock(60)
    page = back_with(as_admin, address, told)
    assert "X did not accept the way back. Sign in once more." in words(page)
    assert not Channel.objects.exists()


def test_wrong_keys_of_our_app_are_told_as_such(as_admin: Client, apps: Simulated, settings: Any) -> None:
    address, told = consent(leave(as_admin))
    row = SignInUnderWay.objects.get()
    from monitor.brands.sealing import seal

    kept = dict(unseal(row.sealed))
    kept["app"] = kept["app"].replace("simulated-client-secret", "another-secret")
    SignInUnderWay.objects.update(sealed=seal(kept))
    assert "X does not accept the keys of our app. Check the settings." in words(back_with(as_admin, address, told))


@pytest.mark.parametrize("kind", ["drop", "drop_after_commit", "server_error", "malformed", "rate_limit"])
def test_whatever_goes_wrong_at_the_token_is_one_sentence(as_admin: Client, apps: Simulated, kind: str) -> None:
    address, told = consent(leave(as_admin))
    apps.add_fault(kind, "/2/oauth2/token")
    page = back_with(as_admin, address, told)
    assert "X does not answer as it should. Nothing was connected; try again in some minutes." in words(page)
    assert not Channel.objects.exists()


def test_too_few_permissions_are_named(as_admin: Client, apps: Simulated) -> None:
    address = leave(as_admin)
    narrow = address.replace("offline.access+", "").replace("dm.read+", "")
    assert narrow != address
    page = words(back_with(as_admin, *consent(narrow)))
    assert "Nothing was connected." in page and "access would end after two hours (offline.access)" in page
    assert not Channel.objects.exists()
    page = words(back_with(as_admin, *consent(leave(as_admin).replace("dm.read+", ""))))
    assert "X did not grant everything: direct messages cannot be read (dm.read)." in page
    assert Channel.objects.exists()


def test_no_secret_is_in_a_page_an_address_a_line_or_the_log_of_acts(
    as_admin: Client, apps: Simulated, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    address = leave(as_admin)
    row = SignInUnderWay.objects.get()
    verifier = unseal(row.sealed)["verifier"]
    assert verifier not in address and verifier.encode() not in bytes(row.sealed)
    page = back_with(as_admin, *consent(address))
    secrets = [token for token, known in apps.world.grants.tokens.items() if known.kind != "code"]
    logged = [line for line in caplog.text.splitlines() if "urllib3" not in line]
    told = "\n".join(logged) + page.content.decode() + str(page.redirect_chain) + str(list(AuditEvent.objects.values()))
    assert len(secrets) == 2
    assert all(secret not in told for secret in (*secrets, verifier, "simulated-client-secret"))
    assert page.redirect_chain[-1][0] == "/b/lumora/channels/"


# -- Facebook and Instagram ------------------------------------------------------------------------


def test_pages_and_profiles_are_chosen(as_admin: Client, apps: Simulated) -> None:
    page = sign_in(as_admin, "facebook", kind="page")
    shown = words(page)
    for name, _tasks in PAGES.values():
        assert name in shown
    assert "Your role there does not let you: moderate comments, answer messages." in shown
    body = page.content.decode()
    assert body.count(" checked") == 3 and not Channel.objects.exists()
    chosen = as_admin.post(
        page.request["PATH_INFO"], {"chosen": [f"facebook:{PAGE_ID}", f"instagram:{PROFILE_ID}"]}, follow=True
    )
    assert set(Channel.objects.values_list("platform", "kind", "external_id")) == {
        ("facebook", "page", PAGE_ID),
        ("instagram", "account", PROFILE_ID),
    }
    assert words(chosen).count("are connected. They are read from now on.") == 1
    for channel in Channel.objects.all():
        assert open_connector(channel).check() == []
        assert unseal(channel.credentials)["app_secret"] == "simulated-client-secret"


def test_a_choice_is_made_once_and_by_whom_it_was_shown_to(
    as_admin: Client, admin: User, as_charlie: Client, other_brand: Brand, apps: Simulated
) -> None:
    address = sign_in(as_admin, "facebook").request["PATH_INFO"]
    form = {"chosen": [f"facebook:{PAGE_ID}"]}
    elsewhere = Client()
    elsewhere.force_login(admin)
    assert elsewhere.get(address).status_code == 404 and elsewhere.post(address, form).status_code == 404
    Membership.objects.create(user=admin, brand=other_brand, role="admin")
    assert as_admin.post(address.replace("/lumora/", "/nordhaus/"), form).status_code == 404
    assert as_charlie.post(address.replace("/lumora/", "/nordhaus/"), form).status_code in (403, 404)
    assert not Channel.objects.exists()
    empty = as_admin.post(address, {"chosen": ["facebook:1"]})
    assert empty.status_code == 422 and "Choose at least one." in words(empty)
    # What was unticked is not ticked again behind somebody's back.
    assert "checked" not in empty.content.decode()
    assert as_admin.post(address, form).status_code == 302
    assert as_admin.post(address, form).status_code == 404
    assert Channel.objects.count() == 1


def test_a_choice_waits_for_minutes_and_is_swept(as_admin: Client, apps: Simulated) -> None:
    from monitor.brands.privacy import sweep_retention

    address = sign_in(as_admin, "facebook").request["PATH_INFO"]
    SignInUnderWay.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert as_admin.get(address).status_code == 404
    assert sweep_retention(timezone.now())["sign-ins"] == 1 and not SignInUnderWay.objects.exists()


def test_permissions_that_were_left_out_are_named_in_one_sentence(as_admin: Client, apps: Simulated) -> None:
    page = words(sign_in(as_admin, "facebook", without=("pages_messaging", "instagram_basic")))
    assert (
        "Facebook did not grant everything: messages can neither be read nor answered (pages_messaging), "
        "Instagram cannot be connected (instagram_basic)." in page
    )
    assert "Lumora Care" in page and "instagram:" not in page


def test_without_the_list_of_pages_nothing_is_connected(as_admin: Client, apps: Simulated) -> None:
    page = words(sign_in(as_admin, "facebook", without=("pages_show_list",)))
    assert "Nothing was connected." in page and "(pages_show_list)" in page


def test_a_page_is_connected_again_without_a_choice(as_admin: Client, brand: Brand, apps: Simulated) -> None:
    channel = connect_channel(
        brand=brand, platform="instagram", kind="account", external_id=PROFILE_ID,
        credentials=apps.context("instagram").credentials,
    )  # fmt: skip
    before = unseal(channel.credentials)["access_token"]
    page = sign_in(as_admin, "instagram", channel=channel.pk)
    assert page.redirect_chain[-1][0] == "/b/lumora/channels/"
    assert unseal(Channel.objects.get().credentials)["access_token"] != before


# -- Mastodon --------------------------------------------------------------------------------------


@pytest.fixture
def instance(apps: Simulated, monkeypatch: pytest.MonkeyPatch) -> str:
    """social.example, as the whole internet sees it: here it leads to the fake one."""
    from monitor.brands import registrations
    from monitor.platforms.signing import App

    def lead_there(client_id: str, redirect_url: str, _api: str, _web: str, **_rest: Any) -> App:
        address = apps.address + "/mastodon"
        return App(client_id, redirect_url, address, address)

    monkeypatch.setattr(registrations, "App", lead_there)
    return "social.example"


def test_signing_in_at_an_instance_needs_only_its_name(as_admin: Client, instance: str) -> None:
    sign_in(as_admin, "mastodon", kind="account", instance=instance)
    channel = Channel.objects.get()
    assert (channel.platform, channel.external_id, channel.handle) == ("mastodon", ACCOUNT_ID, "lumora")


@pytest.mark.parametrize("typed", ["", "localhost", "http://social.example", "https://social.example/@lumora"])
def test_what_is_no_instance_is_said_before_anybody_leaves(as_admin: Client, apps: Simulated, typed: str) -> None:
    page = as_admin.post(f"{CONNECT}mastodon/sign-in/", {"kind": "account", "instance": typed}, follow=True)
    assert "This is no address of a server." in words(page) and not SignInUnderWay.objects.exists()


def test_an_instance_in_a_private_network_is_not_called(as_admin: Client, apps: Simulated) -> None:
    form = {"kind": "account", "instance": "127.0.0.1:" + apps.address.rpartition(":")[2]}
    page = as_admin.post(f"{CONNECT}mastodon/sign-in/", form, follow=True)
    assert "This address leads into a private network and is not called." in words(page)
    assert apps.world.calls == []


# -- The demo, and an installation without keys ----------------------------------------------------


def test_in_the_demo_everything_stays_on_this_machine(as_admin: Client, brand: Brand, simulated: Simulated) -> None:
    Brand.objects.filter(pk=brand.pk).update(is_demo=True)
    for code, kind in (("x", "account"), ("mastodon", "account"), ("facebook", "page")):
        context = simulated.context(code, kind)
        connect_channel(
            brand=brand, platform=code, kind=kind, external_id=context.external_id, credentials=context.credentials,
            api_url=context.api_url,
        )  # fmt: skip
    for platform in ("x", "mastodon"):
        sign_in(as_admin, platform)
    page = sign_in(as_admin, "facebook")
    as_admin.post(page.request["PATH_INFO"], {"chosen": ["facebook:104217600000002"]})
    for channel in Channel.objects.all():
        assert channel.api_url.startswith(simulated.address)
        assert open_connector(channel).check() == []
    assert Channel.objects.filter(platform="facebook").count() == 2


@pytest.mark.parametrize(
    ("platform", "name"), [("x", "MENTIONDESK_X_CLIENT_ID"), ("facebook", "MENTIONDESK_META_APP_ID")]
)
def test_without_keys_the_page_says_what_to_set_and_offers_the_form(
    as_admin: Client, apps: Simulated, settings: Any, platform: str, name: str
) -> None:
    settings.SIGN_IN_APPS = {"x": ("", "", ""), "facebook": ("", "", "")}
    settings.PUBLIC_URL = "https://desk.example.com"
    page = as_admin.get(f"{CONNECT}{platform}/")
    assert name in words(page) and f"https://desk.example.com/connect/{platform}/return/" in words(page)
    assert 'name="access_token"' in page.content.decode() and "Sign in with" not in words(page)
    refused = as_admin.post(f"{CONNECT}{platform}/sign-in/", follow=True)
    assert "Signing in is not set up here." in words(refused)


def test_facebook_needs_the_secret_of_its_app_and_x_does_not(as_admin: Client, apps: Simulated, settings: Any) -> None:
    settings.SIGN_IN_APPS = {"x": ("id", "", "https://x.example"), "facebook": ("id", "", "https://facebook.example")}
    assert "Sign in with X" in words(as_admin.get(f"{CONNECT}x/"))
    assert "Signing in is not set up yet" in words(as_admin.get(f"{CONNECT}facebook/"))
