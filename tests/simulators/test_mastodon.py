"""The fake instance keeps to Mastodon's documented API."""

import re

import pytest
import requests

from monitor.simulators.mastodon_facts import ACCOUNT_ID, TOKEN

US = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def ask(simulated):
    def call(method, path, *, headers=US, **options):
        return requests.request(method, f"{simulated.address}/mastodon{path}", headers=headers, timeout=10, **options)

    return call


def ids(response):
    return [row["id"] for row in response.json()]


def link(response, rel):
    found = re.search(rf'<([^<>]*)>; rel="{rel}"', response.headers.get("link", ""))
    return found[1] if found else ""


def test_pages_go_down_by_max_id_and_up_by_min_id(simulated, ask):
    entries = [simulated.person_says("mastodon", f"@lumora {number}") for number in range(5)]
    newest_first = [entry.identifier for entry in reversed(entries)]
    path = f"/api/v1/accounts/{entries[0].author.external_id}/statuses"
    top = ask("GET", path, params={"limit": 2})
    assert ids(top) == newest_first[:2]
    below = requests.get(link(top, "next"), headers=US, timeout=10)
    assert ids(below) == newest_first[2:4]
    assert ids(requests.get(link(below, "prev"), headers=US, timeout=10)) == newest_first[:2]
    right_above = ask("GET", path, params={"limit": 2, "min_id": entries[0].identifier})
    assert ids(right_above) == [entries[2].identifier, entries[1].identifier]
    assert ids(ask("GET", path, params={"limit": 2, "since_id": entries[0].identifier})) == newest_first[:2]


def test_an_empty_page_has_no_link(ask):
    assert "link" not in ask("GET", "/api/v1/notifications").headers


def test_every_answer_tells_the_limit(ask):
    first, second = ask("GET", "/api/v1/conversations"), ask("GET", "/api/v1/statuses/404")
    assert first.headers["x-ratelimit-limit"] == "300"
    assert (first.headers["x-ratelimit-remaining"], second.headers["x-ratelimit-remaining"]) == ("299", "298")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first.headers["x-ratelimit-reset"])


def test_a_spent_limit_is_refused_until_the_window_is_over(simulated, ask):
    for _call in range(300):
        simulated.world.limits.take_mastodon("calls", simulated.world.now())
    refused = ask("GET", "/api/v1/notifications")
    assert (refused.status_code, refused.json()) == (429, {"error": "Too many requests"})
    simulated.world.shift_clock(301)
    assert ask("GET", "/api/v1/notifications").status_code == 200


@pytest.mark.parametrize("path", ["notifications", "conversations", "accounts/verify_credentials"])
def test_what_is_ours_needs_our_token(ask, path):
    assert ask("GET", f"/api/v1/{path}", headers={}).json()["error"] == "This method requires an authenticated user"
    wrong = ask("GET", f"/api/v1/{path}", headers={"Authorization": "Bearer wrong"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "The access token is invalid")


def test_without_a_token_only_public_posts_are_shown(simulated, ask):
    message = simulated.person_writes("mastodon", "between us")
    entry = simulated.person_says("mastodon", "for all")
    assert ask("GET", f"/api/v1/statuses/{message.identifier}", headers={}).status_code == 404
    assert ask("GET", f"/api/v1/statuses/{entry.identifier}", headers={}).json()["visibility"] == "public"
    shown = ask("GET", f"/api/v1/accounts/{entry.author.external_id}/statuses", headers={})
    assert ids(shown) == [entry.identifier]


def test_strangers_messages_are_set_aside_unless_asked_for(simulated, ask):
    simulated.person_writes("mastodon", "between us")
    assert ask("GET", "/api/v1/notifications").json() == []
    (told,) = ask("GET", "/api/v1/notifications", params={"include_filtered": "true"}).json()
    assert (told["type"], told["status"]["visibility"]) == ("mention", "direct")


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"status": " "}, 422, "Validation failed: Text can't be blank"),
        ({"status": "x" * 501}, 422, "Validation failed: Text character limit of 500 exceeded"),
        ({"status": "hi", "in_reply_to_id": "4"}, 404, "The post you are trying to reply to does not appear to exist."),
    ],
)
def test_a_post_that_is_none_is_refused(ask, form, status, error):
    answer = ask("POST", "/api/v1/statuses", data=form)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_links_and_the_instances_of_names_are_not_counted(simulated, ask):
    simulated.person_says("mastodon", "hi", handle="mara@a-very-long-name.example")
    text = "@mara@a-very-long-name.example https://lumora.example/" + "y" * 300 + " " + "x" * 470
    assert ask("POST", "/api/v1/statuses", data={"status": text}).status_code == 200


def test_a_thread_is_told_from_any_of_its_posts(simulated, ask):
    root = simulated.person_says("mastodon", "one")
    middle = simulated.person_says("mastodon", "two", parent_id=root.identifier)
    last = simulated.person_says("mastodon", "three", parent_id=middle.identifier)
    context = ask("GET", f"/api/v1/statuses/{middle.identifier}/context").json()
    assert [each["id"] for each in context["ancestors"]] == [root.identifier]
    assert [each["id"] for each in context["descendants"]] == [last.identifier]
    simulated.world.delete(root.identifier)
    assert ask("GET", f"/api/v1/statuses/{middle.identifier}").json()["in_reply_to_id"] is None


def test_only_own_posts_can_be_deleted(simulated, ask):
    theirs = simulated.person_says("mastodon", "@lumora hi")
    ours = simulated.world.publish("mastodon", simulated.world.brands["mastodon"], "ours")
    assert ask("DELETE", f"/api/v1/statuses/{theirs.identifier}").status_code == 404
    assert ask("DELETE", f"/api/v1/statuses/{ours.identifier}").json()["text"] == "ours"
    assert ask("GET", f"/api/v1/statuses/{ours.identifier}").status_code == 404


def test_the_look_up_of_several_takes_twenty(ask):
    assert ask("GET", "/api/v1/statuses", params={"id[]": ["1"] * 21}).status_code == 422


def test_an_account_is_found_by_its_name(ask):
    assert ask("GET", "/api/v1/accounts/lookup", params={"acct": "lumora"}).json()["id"] == ACCOUNT_ID
    assert ask("GET", "/api/v1/accounts/lookup", params={"acct": "lumora@social.example"}).json()["id"] == ACCOUNT_ID
    assert ask("GET", "/api/v1/accounts/lookup", params={"acct": "nobody"}).status_code == 404
