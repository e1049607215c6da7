"""What may be done to posts over the API: by right, once, each refusal with its code."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from monitor.brands.models import SwitchName
from monitor.replies.models import Effect, Reply
from tests.replies.conftest import approved, switch
from tests.replies.platform import FakePlatform
from tests.replies.posts import carry_out, make_comment_case
from tests.support.desk import make_case

Api = Callable[[str], Client]


@pytest.fixture
def post(brand: Any) -> Any:
    return make_comment_case(brand).deciding_post


def ask(client: Client, post: Any, kind: str) -> Any:
    return client.post(f"/api/v1/posts/{post.public_id}/effects", {"kind": kind}, content_type="application/json")


def test_an_agents_token_hides_a_comment_once(post: Any, api: Api) -> None:
    client = api("agent")
    first, second = ask(client, post, "hide"), ask(client, post, "hide")
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()
    assert (first.json()["kind"], first.json()["state"], first.json()["requested_by"]) == ("hide", "pending", "Dora")
    carry_out(FakePlatform())
    told = client.get(f"/api/v1/posts/{post.public_id}/effects").json()
    assert told["kinds"] == ["unhide", "like"] and [one["state"] for one in told["effects"]] == ["done"]
    assert client.get(f"/api/v1/posts/{post.public_id}").json()["is_hidden"] is True
    assert Effect.objects.count() == 1


def test_a_refusal_has_a_stable_code(brand: Any, post: Any, api: Api) -> None:
    client = api("agent")
    refused = ask(client, post, "unhide")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_hidden")
    switch(brand, SwitchName.KILL)
    assert ask(client, post, "hide").json()["code"] == "kill_switch"
    assert ask(client, post, "teleport").status_code == 422


@pytest.mark.parametrize(
    ("role", "kind", "status"),
    [("viewer", "like", 403), ("analyst", "hide", 403), ("agent", "delete", 403), ("lead", "delete", 409)],
)
def test_a_token_can_do_what_its_role_can(role: str, kind: str, status: int, post: Any, api: Api) -> None:
    assert ask(api(role), post, kind).status_code == status


def test_an_agents_token_of_an_administrator_hides_nothing_in_a_crisis(brand: Any, post: Any, api: Api) -> None:
    switch(brand, SwitchName.CRISIS)
    assert ask(api("agent"), post, "hide").status_code == 403
    assert ask(api("lead"), post, "hide").status_code == 202


def test_our_answer_is_deleted_by_a_leads_token(brand: Any, bob: Any, api: Api) -> None:
    platform = FakePlatform()
    approved(bob, make_case(brand))
    carry_out(platform)
    own = Reply.objects.get().own_post
    assert ask(api("lead"), own, "delete").status_code == 202
    carry_out(platform)
    assert Reply.objects.get().state == "deleted"


def test_a_private_answer_is_drafted_for_a_comment(post: Any, api: Api) -> None:
    reference = post.case_post.case.reference
    body = {"text": "Please tell us your order number.", "kind": "private_reply", "post_id": str(post.public_id)}
    made = api("agent").post(f"/api/v1/cases/{reference}/replies", body, content_type="application/json")
    assert made.status_code == 201 and made.json()["kind"] == "private_reply"
    nowhere = body | {"post_id": "01900000-0000-7000-8000-000000000000"}
    answer = api("agent").post(f"/api/v1/cases/{reference}/replies", nowhere, content_type="application/json")
    assert answer.status_code == 404


def test_a_post_of_another_brand_does_not_exist(other_brand: Any, api: Api) -> None:
    theirs = make_comment_case(other_brand).deciding_post
    assert ask(api("admin"), theirs, "hide").status_code == 404
