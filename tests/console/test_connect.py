"""The form of a new channel: made from the declaration, checked with the platform, errors beside their field."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from monitor.audit.models import AuditEvent
from monitor.brands.models import Brand, Channel
from monitor.brands.sealing import unseal
from monitor.brands.services import connect_channel, open_connector
from monitor.console.credential_words import FIELDS, SCOPES
from monitor.platforms.registry import get_platform, platform_codes
from monitor.simulators import bluesky_facts
from monitor.simulators.world import PAGE_ID, PROFILE_ID, X_USER_ID
from tests.support.simulated import Simulated

CONNECT = "/b/lumora/channels/connect/"
X_KEYS = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")


def words(answer: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def beside(answer: Any, field: str) -> str:
    """The sentence beside a field."""
    found = re.search(rf'id="error-{field}">([^<]*)<', answer.content.decode())
    return unescape(found[1]) if found else ""


def keys_of(apps: Simulated, platform: str, kind: str = "") -> dict[str, str]:
    return dict(apps.context(platform, kind).credentials)


def test_every_platform_is_on_the_page_with_all_its_kinds(as_admin: Client, apps: Simulated) -> None:
    page = as_admin.get(CONNECT)
    for code in platform_codes():
        declaration = get_platform(code).declaration
        assert declaration.name in words(page)
        for kind in declaration.channel_kinds:
            answer = as_admin.get(f"{CONNECT}{code}/?kind={kind}")
            assert answer.status_code == 200
            for one in declaration.sets_of(kind):
                assert all(f'name="{name}"' in answer.content.decode() for name in one)
    assert re.search(r'channels/" aria-current="page"', page.content.decode())
    assert as_admin.get(f"{CONNECT}nowhere/").status_code == 404
    assert as_admin.get(f"{CONNECT}x/?kind=nothing").status_code == 404


def test_every_field_and_permission_has_words_for_people() -> None:
    for code in platform_codes():
        declaration = get_platform(code).declaration
        kinds = declaration.channel_kinds
        names = [name for kind in kinds for one in declaration.sets_of(kind) for name in one]
        names += [name.rstrip("?") for kind in declaration.channel_kinds for name in declaration.asked_of(kind)]
        assert all(f"{code}.{name}" in FIELDS or name in FIELDS for name in names), code
        if declaration.sign_in is not None:
            assert set(declaration.sign_in.scopes) <= set(SCOPES)


def test_the_empty_brand_is_led_to_the_form_and_keeps_the_commands(as_admin: Client, brand: Brand) -> None:
    page = as_admin.get("/b/lumora/channels/")
    assert f'href="{CONNECT}"' in page.content.decode()
    assert "mentiondesk connect x --brand lumora" in words(page)


@pytest.mark.parametrize(
    ("platform", "kind", "names", "external_id"),
    [
        ("x", "account", X_KEYS, X_USER_ID),
        ("facebook", "page", ("access_token", "app_secret"), PAGE_ID),
        ("instagram", "account", ("access_token", "app_secret"), PROFILE_ID),
        ("bluesky", "account", ("identifier", "app_password"), bluesky_facts.DID),
    ],
)
def test_nobody_has_to_look_up_an_id(
    as_admin: Client, admin: Any, apps: Simulated, platform: str, kind: str, names: tuple[str, ...], external_id: str
) -> None:
    keys = keys_of(apps, platform, kind)
    page = as_admin.post(
        f"{CONNECT}{platform}/", {"kind": kind, **{name: f" {keys[name]} " for name in names}}, follow=True
    )
    channel = Channel.objects.get()
    assert (channel.platform, channel.kind, channel.external_id) == (platform, kind, external_id)
    assert channel.handle.startswith("lumora") and "is connected. It is read from now on." in words(page)
    assert open_connector(channel).check() == []
    assert AuditEvent.objects.get(act="channel.connected").actor_id == admin.pk
    assert all(secret not in page.content.decode() for secret in keys.values() if len(secret) > 15)
    if platform == "instagram":
        assert unseal(channel.credentials)["page_id"] == PAGE_ID


def test_a_search_of_bluesky_takes_the_login_and_words(as_admin: Client, apps: Simulated) -> None:
    form = {"kind": "search", "query": "lumora", **keys_of(apps, "bluesky")}
    as_admin.post(f"{CONNECT}bluesky/", form)
    channel = Channel.objects.get()
    assert (channel.kind, channel.query, channel.handle) == ("search", "lumora", bluesky_facts.HANDLE)
    assert channel.external_id.startswith("lumora-")
    as_admin.post(f"{CONNECT}bluesky/", form)
    assert Channel.objects.count() == 1


@pytest.mark.parametrize("kind", ["feed", "forum", "reviews"])
def test_a_feed_is_its_address(as_admin: Client, apps: Simulated, kind: str) -> None:
    address = apps.context("feed").external_id
    form = {"kind": kind, "external_id": address, "handle": "@lumora"}
    refused = as_admin.post(f"{CONNECT}feed/", form)
    assert beside(refused, "username") == "It asks for a login, or does not take this one."
    page = as_admin.post(f"{CONNECT}feed/", {**form, **keys_of(apps, "feed")}, follow=True)
    assert page.status_code == 200, words(page)
    channel = Channel.objects.get()
    assert (channel.kind, channel.external_id, channel.handle, channel.poll_seconds) == (kind, address, "lumora", 300)
    assert "is connected" in words(page)


def test_the_form_of_a_feed_asks_whether_its_posts_may_teach(as_admin: Client, admin: Any, apps: Simulated) -> None:
    page = as_admin.get(f"{CONNECT}feed/").content.decode()
    assert re.search(r'type="checkbox" id="field-may_teach" name="may_teach" value="yes" aria', page)
    assert "may_teach" not in as_admin.get(f"{CONNECT}x/").content.decode()
    form = {"kind": "feed", "external_id": apps.context("feed").external_id, **keys_of(apps, "feed")}
    as_admin.post(f"{CONNECT}feed/", {**form, "may_teach": "yes"})
    channel = Channel.objects.get()
    assert channel.may_teach and AuditEvent.objects.get(act="channel.may_teach").actor_id == admin.pk
    again = f"/b/lumora/channels/{channel.pk}/connect/"
    assert 'value="yes" checked' in as_admin.get(again).content.decode()
    as_admin.post(again, {"kind": "feed", **keys_of(apps, "feed")})
    assert not Channel.objects.get().may_teach and AuditEvent.objects.filter(act="channel.may_not_teach").count() == 1


def test_a_feed_of_posts_that_may_not_teach_is_told_beside_the_box(as_admin: Client, apps: Simulated) -> None:
    form = {"kind": "feed", "external_id": "instance.example/@lumora.rss", "may_teach": "yes"}
    page = as_admin.post(f"{CONNECT}feed/", form)
    assert page.status_code == 422 and "posts of Mastodon" in beside(page, "may_teach")
    assert 'value="yes" checked' in page.content.decode()
    assert not Channel.objects.exists() and apps.world.calls == []


def test_what_is_missing_is_said_beside_its_field(as_admin: Client, apps: Simulated) -> None:
    page = as_admin.post(f"{CONNECT}x/", {"kind": "account", "consumer_key": "k", "access_token": "t"})
    assert page.status_code == 422
    assert {name: beside(page, name) for name in X_KEYS} == {
        "consumer_key": "",
        "consumer_secret": "This is needed.",
        "access_token": "",
        "access_token_secret": "This is needed.",
    }
    page = as_admin.post(f"{CONNECT}x/", {"kind": "search", "bearer_token": "t"})
    assert beside(page, "query") == "This is needed." and beside(page, "consumer_key") == ""
    assert not Channel.objects.exists() and apps.world.calls == []


def test_a_refused_key_is_said_beside_its_field_and_nothing_is_stored(as_admin: Client, apps: Simulated) -> None:
    form = {**keys_of(apps, "x"), "access_token_secret": "copied-in-part"}
    page = as_admin.post(f"{CONNECT}x/", {"kind": "account", **form})
    assert page.status_code == 422
    assert beside(page, "access_token_secret") == (
        "X does not accept these keys. Copy all of them once more, or make new ones."
    )
    assert not Channel.objects.exists()
    # What is secret does not travel back to the browser.
    assert "copied-in-part" not in page.content.decode()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("news.example/rss", "There is no feed at this address."),
        ("our blog", "This is no address of a web page. It looks like https://news.example/rss, without a password."),
        (
            "https://me:pw@news.example/rss",
            "This is no address of a web page. It looks like https://news.example/rss, without a password.",
        ),
        ("https://127.0.0.1/rss", "This address leads into a private network and is not called."),
    ],
)
def test_a_bad_address_of_a_feed_is_said_beside_it(
    as_admin: Client, apps: Simulated, settings: Any, typed: str, sentence: str
) -> None:
    settings.PLATFORM_API_URLS = {}
    page = as_admin.post(f"{CONNECT}feed/", {"kind": "feed", "external_id": typed})
    assert page.status_code == 422 and beside(page, "external_id")
    assert sentence == beside(page, "external_id") or typed.startswith("news")
    assert f'value="{typed}"' in page.content.decode()


@pytest.mark.parametrize(
    ("platform", "field", "kind"), [("bluesky", "server", "account"), ("mastodon", "instance", "account")]
)
@pytest.mark.parametrize("typed", ["127.0.0.1", "10.1.2.3", "http://pds.example", "localhost"])
def test_a_typed_server_leads_to_the_public_internet_only(
    as_admin: Client, apps: Simulated, platform: str, field: str, kind: str, typed: str
) -> None:
    form = {"identifier": "a.example", "app_password": "p", "access_token": "t", "kind": kind, field: typed}
    page = as_admin.post(f"{CONNECT}{platform}/", form)
    assert page.status_code == 422 and beside(page, field)
    assert apps.world.calls == [] and not Channel.objects.exists()


@pytest.mark.parametrize("kind", ["drop", "server_error", "malformed", "rate_limit"])
def test_a_platform_that_cannot_be_asked_stores_nothing(as_admin: Client, apps: Simulated, kind: str) -> None:
    apps.add_fault(kind, "/x/", times=9)
    page = as_admin.post(f"{CONNECT}x/", {"kind": "account", **keys_of(apps, "x")})
    assert page.status_code == 422 and 'role="alert"' in page.content.decode()
    assert not Channel.objects.exists()


def test_a_notice_of_the_check_is_told(as_admin: Client, apps: Simulated) -> None:
    apps.add_fault(
        "status", "listConvos", status=403, body={"error": "InvalidToken", "message": "Bad token scope"}, times=5
    )
    form = {"kind": "account", **keys_of(apps, "bluesky")}
    page = as_admin.post(f"{CONNECT}bluesky/", form, follow=True)
    assert Channel.objects.exists() and "may not read direct messages" in words(page)


def test_connecting_again_by_form_keeps_what_is_there(as_admin: Client, brand: Brand, apps: Simulated) -> None:
    keys = keys_of(apps, "x")
    channel = connect_channel(
        brand=brand,
        platform="x",
        kind="account",
        external_id=X_USER_ID,
        name="Our X",
        credentials={"bearer_token": "t"},
    )
    channel.streams.filter(name="mentions").update(cursor={"newest": "77"})
    Channel.objects.filter(pk=channel.pk).update(state="needs_reauth", state_code="auth_expired")
    address = f"/b/lumora/channels/{channel.pk}/connect/"
    assert f'href="{address}"' in as_admin.get("/b/lumora/channels/").content.decode()
    assert as_admin.get(address).status_code == 200
    assert as_admin.post(address, keys).status_code == 302
    again = Channel.objects.get()
    assert (again.pk, again.name, again.state) == (channel.pk, "Our X", "healthy")
    assert again.streams.get(name="mentions").cursor == {"newest": "77"}


def test_keys_of_somebody_else_do_not_take_a_channels_place(as_admin: Client, brand: Brand, apps: Simulated) -> None:
    channel = connect_channel(
        brand=brand, platform="x", kind="account", external_id="99", credentials={"bearer_token": "t"}
    )
    page = as_admin.post(f"/b/lumora/channels/{channel.pk}/connect/", keys_of(apps, "x"))
    assert "These belong to lumora, not to this channel." in words(page)
    assert unseal(Channel.objects.get().credentials)["bearer_token"] == "t"


def test_a_source_of_files_is_a_channel_that_is_never_read(as_admin: Client, apps: Simulated) -> None:
    page = as_admin.post(f"{CONNECT}files/", {"name": "App reviews", "code": "AppStore"})
    channel = Channel.objects.get()
    assert (channel.platform, channel.kind, channel.name, channel.can_reply) == (
        "appstore",
        "import",
        "App reviews",
        False,
    )
    assert "mentiondesk import FILE --brand lumora --platform appstore" in words(page)
    assert not channel.streams.exists()
    assert as_admin.get(f"/b/lumora/channels/{channel.pk}/connect/").status_code == 404
    refused = as_admin.post(f"{CONNECT}files/", {"name": "x", "code": "two words"})
    assert refused.status_code == 422 and "Small letters, digits and hyphens only" in words(refused)
    assert Channel.objects.count() == 1


def test_an_imported_file_lands_in_the_source_that_was_made(as_admin: Client, brand: Brand, tmp_path: Any) -> None:
    from monitor.inbox.importing import import_file

    as_admin.post(f"{CONNECT}files/", {"name": "App reviews", "code": "appstore"})
    file = tmp_path / "reviews.csv"
    file.write_text("id,text\n1,Does not start any more\n")
    import_file(file, brand_slug="lumora", platform="appstore")
    assert Channel.objects.get().name == "App reviews"


def test_the_field_that_is_wrong_has_the_keyboard(as_admin: Client, apps: Simulated) -> None:
    page = as_admin.post(f"{CONNECT}bluesky/", {"kind": "account", "identifier": "lumora.example"})
    assert re.findall(r'<input id="field-(\w+)"[^>]* autofocus', page.content.decode()) == ["app_password"]


def test_a_saved_search_is_called_by_its_words(as_admin: Client, apps: Simulated) -> None:
    form = {"kind": "search", "query": "lumora refund", **keys_of(apps, "bluesky")}
    page = as_admin.post(f"{CONNECT}bluesky/", form, follow=True)
    assert "“lumora refund” is connected." in words(page)
