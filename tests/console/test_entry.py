"""Ways in and out, and what belongs to a person."""

from typing import Any

import pytest
from django.test import Client

from monitor.brands.services import create_login_link
from monitor.logs import LineFormatter


def test_it_lets_the_right_password_in(client: Client, bob: Any) -> None:
    answer = client.post("/login/", {"email": "Bob@Example.com", "password": "a long password"})
    assert answer.status_code == 302
    assert client.get("/").headers["Location"] == "/b/lumora/queue/"


def test_it_says_the_same_of_a_wrong_password_and_an_unknown_address(client: Client, bob: Any) -> None:
    wrong = client.post("/login/", {"email": "bob@example.com", "password": "no"})
    unknown = client.post("/login/", {"email": "nobody@example.com", "password": "no"})
    for answer in (wrong, unknown):
        assert answer.status_code == 403
        assert "E-mail and password do not match." in answer.content.decode()


def test_guessing_slows_down_for_the_guesser_only(client: Client, bob: Any) -> None:
    for _try in range(6):
        answer = client.post("/login/", {"email": "bob@example.com", "password": "guess"})
    assert answer.status_code == 429
    assert client.post("/login/", {"email": "bob@example.com", "password": "a long password"}).status_code == 429
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert elsewhere.post("/login/", {"email": "bob@example.com", "password": "a long password"}).status_code == 302


def test_a_login_link_works_once(client: Client, bob: Any) -> None:
    link = create_login_link(user=bob)
    assert client.post(link).status_code == 302
    assert client.get("/b/lumora/queue/").status_code == 200
    for again in (Client().get(link), Client().post(link)):
        assert again.status_code == 410
        assert "no longer works" in again.content.decode()


def test_looking_at_a_login_link_spends_nothing_and_lets_nobody_in(client: Client, bob: Any) -> None:
    link = create_login_link(user=bob)
    scanner = Client()
    for _look in range(3):
        scanner.head(link)
        page = scanner.get(link)
        assert page.status_code == 200 and "no-store" in page["Cache-Control"]
    words = page.content.decode()
    assert "Welcome, Bob" in words and words.count("<button") == 1 and "autofocus" in words
    assert scanner.get("/b/lumora/queue/").status_code == 302
    assert client.post(link).status_code == 302


def test_the_button_of_a_login_link_needs_the_token_of_its_form(bob: Any) -> None:
    link = create_login_link(user=bob)
    client = Client(enforce_csrf_checks=True)
    assert client.post(link).status_code == 403
    page = client.get(link).content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    assert client.post(link, {"csrfmiddlewaretoken": token}).status_code == 302


def test_no_login_link_reaches_the_log(bob: Any, caplog: pytest.LogCaptureFixture) -> None:
    link = create_login_link(user=bob)
    Client(enforce_csrf_checks=True).post(link)
    Client().put(link)
    Client().post(link)
    for client in (Client(), Client(enforce_csrf_checks=True)):
        client.get(link)
        client.get(f"{link}more/")
        client.get(link.rstrip("/"))
        client.post(link)
    lines = [LineFormatter().format(record) for record in caplog.records]
    refused = [line for line in lines if "/login/link/…/" in line]
    assert {word for word in ("Gone", "Not Found", "Forbidden", "Not Allowed") for line in refused if word in line} == {
        "Gone", "Not Found", "Forbidden", "Not Allowed",
    }  # fmt: skip
    assert link.split("/")[3] not in "".join(lines)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_it_never_leads_to_another_site_after_login(client: Client, bob: Any, target: str) -> None:
    answer = client.post("/login/", {"email": "bob@example.com", "password": "a long password", "next": target})
    assert answer.headers["Location"] == "/"


def test_it_goes_where_the_reader_wanted_to_go(client: Client, bob: Any) -> None:
    asked = client.get("/b/lumora/trends/")
    assert asked.headers["Location"] == "/login/?next=/b/lumora/trends/"
    form = {"email": "bob@example.com", "password": "a long password", "next": "/b/lumora/trends/"}
    assert client.post("/login/", form).headers["Location"] == "/b/lumora/trends/"


def test_logging_out_ends_the_session(as_bob: Client) -> None:
    as_bob.post("/logout/")
    assert as_bob.get("/b/lumora/queue/").status_code == 302


def test_the_profile_changes_language_and_zone(as_bob: Client, bob: Any) -> None:
    as_bob.post("/me/", {"name": "Bob B.", "language": "zh-hans", "time_zone": "Asia/Shanghai"})
    bob.refresh_from_db()
    assert (bob.name, bob.language, bob.time_zone) == ("Bob B.", "zh-hans", "Asia/Shanghai")
    assert "队列" in as_bob.get("/b/lumora/queue/").content.decode()


@pytest.mark.parametrize("field", ["language", "time_zone"])
def test_the_profile_refuses_what_does_not_exist(as_bob: Client, bob: Any, field: str) -> None:
    form = {"name": "Bob", "language": "en", "time_zone": "UTC", field: "xx/Nowhere"}
    answer = as_bob.post("/me/", form, follow=True)
    assert "could not be done" in answer.content.decode()
    bob.refresh_from_db()
    assert (bob.language, bob.time_zone) == ("en", "UTC")


def test_a_password_is_set_only_by_who_knows_the_present_one(as_bob: Client, bob: Any) -> None:
    as_bob.post("/me/password/", {"old": "wrong", "new": "another long password"})
    bob.refresh_from_db()
    assert bob.check_password("a long password")
    as_bob.post("/me/password/", {"old": "a long password", "new": "short"})
    bob.refresh_from_db()
    assert bob.check_password("a long password")
    as_bob.post("/me/password/", {"old": "a long password", "new": "another long password"})
    bob.refresh_from_db()
    assert bob.check_password("another long password")
    assert as_bob.get("/b/lumora/queue/").status_code == 200


def test_somebody_new_without_a_part_in_a_brand_is_told_so(client: Client, db: None) -> None:
    from monitor.brands.models import User

    client.force_login(User.objects.create_user("new@example.com", name="New"))
    answer = client.get("/", follow=True)
    assert "only administrators may start one" in answer.content.decode()
    assert client.post("/brands/new/", {"name": "Mine"}).status_code == 200
    from monitor.brands.models import Brand

    assert not Brand.objects.exists()
