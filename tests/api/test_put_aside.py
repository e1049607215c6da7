"""What was put aside as spam or advertising, found and put right by programs as on the page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from monitor.analysis.models import Correction
from monitor.inbox.models import Post
from monitor.triage.models import TriageDecision
from tests.support.desk import analyze, make_post

Api = Callable[[str], Client]


def aside(brand: Any, text: str, **kind: bool) -> Post:
    post = make_post(brand, text)
    analyze(post, intent="promotion", complaint=False, needs_reply=False, severity=0)
    TriageDecision.objects.create(
        brand=brand, post=post, ruleset_version="test", facts={}, opens_case=False, is_flagged=False, priority=0, **kind
    )
    return post


def judge(client: Client, post: Post, intent: str = "complaint") -> Any:
    body = {"intent": intent}
    return client.post(f"/api/v1/posts/{post.public_id}/not-spam", body, content_type="application/json")


@pytest.mark.parametrize(
    ("kind", "texts"), [("spam", ["Hats"]), ("advertising", ["Cashback"]), ("any", ["Cashback", "Hats"])]
)
def test_posts_are_found_by_how_they_were_put_aside(brand: Any, api: Api, kind: str, texts: list[str]) -> None:
    aside(brand, "Hats", is_spam=True)
    aside(brand, "Cashback", is_advertising=True)
    aside(brand, "Where is it?")
    make_post(brand, "Not decided yet")
    found = api("viewer").get("/api/v1/posts", {"put_aside": kind}).json()["posts"]
    assert [post["text"] for post in found] == texts
    assert kind == "any" or {post["put_aside"] for post in found} == {kind}


def test_what_is_not_put_aside_says_so(brand: Any, api: Api) -> None:
    aside(brand, "Where is it?")
    assert [post["put_aside"] for post in api("viewer").get("/api/v1/posts").json()["posts"]] == [""]
    assert api("viewer").get("/api/v1/posts", {"put_aside": "everything"}).status_code == 422


@pytest.mark.parametrize("kind", ["is_spam", "is_advertising"])
def test_one_call_says_that_it_is_none_and_the_second_finds_it_done(brand: Any, api: Api, kind: str) -> None:
    post, client = aside(brand, "The cashback offer is fake", **{kind: True}), api("agent")
    answer = judge(client, post)
    assert answer.status_code == 200 and answer.json()["reading"]["intent"] == "complaint"
    assert answer.json()["stage"] == "analyzed"
    assert Correction.objects.get(post=post, field="intent").value == "complaint"
    again = judge(client, post)
    assert (again.status_code, again.json()["code"]) == (409, "not_put_aside")


def test_only_who_answers_may_say_so_and_only_what_a_post_can_be(brand: Any, api: Api) -> None:
    post = aside(brand, "Hats", is_spam=True)
    assert judge(api("analyst"), post).status_code == 403
    assert judge(api("agent"), post, "promotion").status_code == 422
    assert not Correction.objects.exists()


def test_a_post_that_was_never_put_aside_is_left_alone(brand: Any, api: Api) -> None:
    post = aside(brand, "Where is it?")
    assert judge(api("agent"), post).json()["code"] == "not_put_aside"
    assert not Correction.objects.exists()
