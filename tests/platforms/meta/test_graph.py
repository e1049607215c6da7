import json
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import RateLimitedError, UnavailableError
from monitor.platforms.meta.graph import Graph, after_of, endpoint_of, next_params, split_version, usage_in_headers


class Learning(NullBudget):
    def __init__(self):
        self.spent, self.learned = [], []

    def spend(self, endpoint, *, cost_micros=0, is_write=False):
        self.spent.append((endpoint, is_write))

    def learn(self, endpoint, *, remaining, limit, resets_at):
        self.learned.append((endpoint, remaining, limit, resets_at))


@pytest.mark.parametrize(
    ("address", "base", "version"),
    [
        ("https://graph.facebook.com", "https://graph.facebook.com", "v25.0"),
        ("https://graph.facebook.com/v26.0/", "https://graph.facebook.com", "v26.0"),
        ("http://127.0.0.1:80/graph", "http://127.0.0.1:80/graph", "v25.0"),
    ],
)
def test_an_address_may_name_a_version(address, base, version):
    assert split_version(address) == (base, version)


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "v25.0/123/feed", "GET feed"),
        ("POST", "v25.0/123/messages", "POST messages"),
        ("GET", "v25.0/123", "GET node"),
        ("DELETE", "v25.0/1_2", "DELETE node"),
    ],
)
def test_a_budget_knows_endpoints_not_objects(method, path, name):
    assert endpoint_of(method, path) == name


def test_usage_is_the_worst_of_all_headers():
    business = {"1": [{"type": "pages", "call_count": 12, "total_time": 97, "estimated_time_to_regain_access": 0}]}
    messenger = {"1": [{"type": "messenger", "call_count": 3, "estimated_time_to_regain_access": 19}]}
    assert usage_in_headers(
        {"x-business-use-case-usage": json.dumps(business), "x-app-usage": '{"call_count": 5}'}
    ) == (
        97,
        0,
    )
    assert usage_in_headers({"x-business-use-case-usage": json.dumps(messenger)}) == (3, 19)


@pytest.mark.parametrize("header", ["", "x", "[]", "5", '{"1": 5}', '{"1": [5, {"call_count": "x"}]}'])
def test_usage_that_cannot_be_read_is_none(header):
    assert usage_in_headers({"x-app-usage": header}) == (0, 0)


def test_the_next_page_is_followed_without_the_token():
    page = {
        "paging": {"next": "https://g/v25.0/1/feed?access_token=T&appsecret_proof=P&limit=25&after=QQ", "cursors": {}}
    }
    assert next_params(page) == {"limit": "25", "after": "QQ"}
    assert after_of(page) == "QQ"


@pytest.mark.parametrize("page", [{}, {"paging": {}}, {"paging": {"cursors": {"after": "QQ"}}}])
def test_a_cursor_without_a_next_page_is_the_end(page):
    assert after_of(page) == ""


def test_pages_are_read_to_the_end_through_an_empty_one(simulated):
    graph = Graph(simulated.context("facebook"), NullBudget())
    for number in range(5):
        simulated.person_says("facebook", f"post {number}")
    pages = list(graph.pages(simulated.context("facebook").external_id, "feed", fields="id,message", limit=2))
    assert [len(page["data"]) for page in pages] == [2, 2, 1]
    next_page = "http://x/v25.0/1/feed?limit=2&after="
    empty = {"data": [], "paging": {"next": next_page}}
    simulated.add_fault("status", path="feed", status=200, body=empty)
    again = list(graph.pages(simulated.context("facebook").external_id, "feed", fields="id,message", limit=2))
    assert [len(page["data"]) for page in again][:1] == [0] and len(again) > 1


def test_nested_parameters_travel_as_json(simulated):
    incoming = simulated.person_writes("facebook", "hello")
    graph = Graph(simulated.context("facebook"), NullBudget())
    answer = graph.put_object(
        "me", "messages", recipient={"id": incoming.sender.external_id}, message={"text": "grüß dich"}
    )
    assert answer["recipient_id"] == incoming.sender.external_id
    assert simulated.world.messages[-1].text == "grüß dich"


def test_a_wrong_proof_is_refused_so_the_right_one_was_sent(simulated):
    context = simulated.context("facebook")
    Graph(context, NullBudget()).get_object("me", fields="id")
    assert "appsecret_proof" in simulated.world.calls[-1]["sent"]
    wrong = replace(context, credentials={**context.credentials, "app_secret": "other"})
    with pytest.raises(Exception, match="Meta answered 401"):
        Graph(wrong, NullBudget()).get_object("me", fields="id")


def test_every_call_is_allowed_and_learned_by_the_budget(simulated):
    budget = Learning()
    simulated.world.graph.allowance = 100
    graph = Graph(simulated.context("facebook"), budget)
    graph.get_connections("me", "feed", fields="id")
    assert budget.spent == [("GET feed", False)]
    assert budget.learned == [("GET feed", 99, 100, None)]


def test_a_throttle_comes_back_when_access_is_regained(simulated):
    usage = {"1": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 7}]}
    headers = {"x-business-use-case-usage": json.dumps(usage)}
    body = {"error": {"code": 80001, "message": "m"}}
    simulated.add_fault("status", status=400, body=body, headers=headers)
    with pytest.raises(RateLimitedError) as caught:
        simulated.connect("facebook").collect("feed", {})
    assert timedelta(minutes=6) < caught.value.retry_at - simulated.world.now() <= timedelta(minutes=7)


def test_high_usage_slows_the_polls(simulated):
    usage = {"1": [{"type": "pages", "call_count": 85}]}
    headers = {"x-business-use-case-usage": json.dumps(usage)}
    simulated.add_fault("status", status=200, body={"data": []}, headers=headers)
    assert simulated.connect("facebook").collect("feed", {}).next_poll_seconds == 300
    assert simulated.connect("facebook").collect("feed", {}).next_poll_seconds is None


def test_another_version_than_asked_for_is_noticed(simulated):
    assert simulated.connect("facebook").check() == []
    body, headers = {"id": simulated.context("facebook").external_id}, {"facebook-api-version": "v27.0"}
    simulated.add_fault("status", status=200, body=body, headers=headers)
    [notice] = simulated.connect("facebook").check()
    assert (notice.code, dict(notice.params)) == ("version_changed", {"asked": "v25.0", "served": "v27.0"})


def test_a_gateway_page_is_unavailable(simulated):
    simulated.add_fault("status", status=502, body="<html>bad gateway</html>", headers={"content-type": "text/html"})
    with pytest.raises(UnavailableError):
        simulated.connect("facebook").collect("feed", {})
