"""What the API answers: strings for ids, pages by key, problems with stable codes."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import pytest
from django.test import Client
from django.utils import timezone

from monitor.api.rest.posts import PostQuery
from monitor.api.rest.shapes import ExtraShape
from monitor.audit.models import AuditEvent
from monitor.cases.models import Case
from monitor.inbox.models import Post
from monitor.inbox.selectors import TOLD
from monitor.platforms.extra import NAMES
from monitor.replies.models import Reply, SuggestedReply
from tests.support.desk import make_author, make_case, make_post
from tests.trends.making import read_post

Api = Callable[[str], Client]


def post_json(client: Client, address: str, body: dict[str, Any] | None = None) -> Any:
    return client.post(address, body or {}, content_type="application/json")


def suggestion_of(case: Case) -> SuggestedReply:
    """The one that the pipeline would have made."""
    found = SuggestedReply.objects.filter(case=case).first()
    return found or SuggestedReply.objects.create(
        brand=case.brand,
        case=case,
        post=case.deciding_post,
        language="en",
        text="Thank you for telling us. We are looking into your order.",
        engine="tests",
    )


def numbers_called_id(value: Any) -> list[Any]:
    """Ids that are not strings, anywhere in an answer."""
    if isinstance(value, list):
        return [bad for one in value for bad in numbers_called_id(one)]
    if not isinstance(value, dict):
        return []
    own = [value[key] for key in value if (key == "id" or key.endswith("_id")) and not isinstance(value[key], str)]
    return own + [bad for one in value.values() for bad in numbers_called_id(one)]


def test_every_id_is_a_string(brand: Any, api: Api) -> None:
    post = make_post(brand)
    Post.objects.filter(pk=post.pk).update(external_id="1924465506158878979")
    case = make_case(brand, post=post)
    suggestion_of(case)
    client = api("agent")
    for address in ("/api/v1/cases", f"/api/v1/cases/{case.reference}", "/api/v1/posts"):
        answer = client.get(address).json()
        assert numbers_called_id(answer) == []
    assert "1924465506158878979" in client.get("/api/v1/posts").content.decode()


def test_cases_come_page_by_page_and_each_once(brand: Any, api: Api) -> None:
    made = {make_case(brand, author=make_author(brand, handle=f"p{n}")).reference for n in range(5)}
    client, seen, cursor = api("viewer"), [], ""
    for _ in range(4):
        page = client.get("/api/v1/cases", {"limit": 2, "cursor": cursor}).json()
        seen += [case["reference"] for case in page["cases"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)


def test_posts_come_page_by_page_and_each_once(brand: Any, api: Api) -> None:
    made = [make_post(brand, f"number {n}") for n in range(5)]
    client = api("viewer")
    first = client.get("/api/v1/posts", {"limit": 3}).json()
    make_post(brand, "came in between")
    second = client.get("/api/v1/posts", {"limit": 3, "cursor": first["next"]}).json()
    texts = [post["text"] for post in first["posts"] + second["posts"]]
    assert texts == [post.text for post in reversed(made)]
    assert second["next"] is None


def test_what_was_told_beyond_the_words_is_typed(brand: Any, api: Api) -> None:
    told = {"ad_id": "120200000000001", "stars": 2, "recommends": False, "app_version": "4.1.2", "device": "Pixel 9"}
    rated, plain = make_post(brand, extra=told), make_post(brand)
    client = api("viewer")
    assert client.get(f"/api/v1/posts/{rated.public_id}").json()["extra"] == told
    nothing = {"ad_id": "", "stars": None, "recommends": None, "app_version": "", "device": ""}
    assert client.get(f"/api/v1/posts/{plain.public_id}").json()["extra"] == nothing
    assert set(ExtraShape.model_fields) == NAMES
    by_stars = client.get("/api/v1/posts", {"told": "low_rated"}).json()["posts"]
    assert [post["id"] for post in by_stars] == [str(rated.public_id)]
    assert client.get("/api/v1/posts", {"told": "high_rated"}).json()["posts"] == []
    assert client.get("/api/v1/posts", {"told": "everything"}).status_code == 422
    assert set(get_args(PostQuery.model_fields["told"].annotation)) == {"", *TOLD}
    private = make_post(brand, is_public=False, extra={"ad_id": "7"})
    assert len(client.get("/api/v1/posts", {"told": "on_ad"}).json()["posts"]) == 1
    assert api("agent").get(f"/api/v1/posts/{private.public_id}").json()["extra"]["ad_id"] == "7"


def test_private_messages_are_for_those_who_answer(brand: Any, api: Api) -> None:
    post = make_post(brand, "My secret", is_public=False)
    case = make_case(brand, post=post)
    for address in ("/api/v1/posts", f"/api/v1/cases/{case.reference}"):
        assert "My secret" not in api("viewer").get(address).content.decode()
        assert "My secret" in api("agent").get(address).content.decode()


def test_one_case_comes_with_thread_suggestion_and_replies(brand: Any, api: Api) -> None:
    case = make_case(brand, "Where is my parcel?")
    suggestion = suggestion_of(case)
    answer = api("agent").get(f"/api/v1/cases/{case.reference.lower()}").json()
    assert [post["text"] for post in answer["posts"]] == ["Where is my parcel?"]
    assert answer["posts"][0]["reading"]["topic"]
    assert answer["suggestion"]["text"] == suggestion.text


def test_a_draft_is_written_and_declined(brand: Any, api: Api) -> None:
    case = make_case(brand)
    client = api("agent")
    made = post_json(client, f"/api/v1/cases/{case.reference}/replies", {"text": "We look into it."})
    assert made.status_code == 201
    assert made.json()["state"] == "draft"
    declined = post_json(client, f"/api/v1/replies/{made.json()['id']}/decline", {"why": "wrong case"})
    assert declined.json()["state"] == "declined"
    again = post_json(client, f"/api/v1/replies/{made.json()['id']}/decline")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


def test_an_approved_reply_goes_to_the_outbox(brand: Any, api: Api) -> None:
    case = make_case(brand)
    client = api("agent")
    suggestion = suggestion_of(case)
    made = post_json(client, f"/api/v1/cases/{case.reference}/replies", {"suggestion_id": str(suggestion.pk)}).json()
    approved = post_json(client, f"/api/v1/replies/{made['id']}/approve")
    assert approved.status_code == 200, approved.json()
    assert approved.json()["state"] in {"approved", "native_task"}
    assert Reply.objects.get(public_id=made["id"]).approved_by is not None
    assert AuditEvent.objects.filter(act__startswith="reply.").exists()


def test_a_case_that_changed_meanwhile_is_not_answered_blindly(brand: Any, api: Api) -> None:
    case = make_case(brand)
    client = api("agent")
    made = post_json(client, f"/api/v1/cases/{case.reference}/replies", {"text": "We look into it."}).json()
    answer = post_json(client, f"/api/v1/replies/{made['id']}/approve", {"version": case.version + 5})
    assert (answer.status_code, answer.json()["code"]) == (409, "case_changed")


def test_a_critical_case_needs_a_token_that_may_approve(brand: Any, api: Api) -> None:
    case = make_case(brand, severity=3)
    made = post_json(api("lead"), f"/api/v1/cases/{case.reference}/replies", {"text": "We look into it."}).json()
    # The maker of both tokens is an admin: the token's own role counts.
    answer = post_json(api("agent"), f"/api/v1/replies/{made['id']}/approve")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_approval")


def test_a_reply_of_another_brand_does_not_exist(brand: Any, other_brand: Any, api: Api) -> None:
    theirs = make_case(other_brand)
    reply = Reply.objects.create(
        brand=other_brand,
        case=theirs,
        conversation=theirs.deciding_post.conversation,
        target=theirs.deciding_post,
        kind="reply",
        text="theirs",
    )
    reply.refresh_from_db()
    assert post_json(api("admin"), f"/api/v1/replies/{reply.public_id}/approve").status_code == 404


def test_a_trend_is_the_one_of_the_chart(brand: Any, api: Api) -> None:
    read_post(make_post(brand, at=timezone.now() - timedelta(days=1)))
    answer = api("viewer").get("/api/v1/trends", {"by": "topic", "time_zone": "Asia/Shanghai"}).json()
    assert answer["total"] == 1
    assert [line["value"] for line in answer["lines"]] == ["delivery"]
    assert len(answer["starts"]) == len(answer["lines"][0]["counts"])


def test_plain_days_mean_whole_days(brand: Any, api: Api) -> None:
    answer = api("viewer").get("/api/v1/trends", {"since": "2026-03-28", "until": "2026-03-29", "time_zone": "UTC"})
    assert answer.json()["starts"] == ["2026-03-28T00:00:00Z", "2026-03-29T00:00:00Z"]


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/api/v1/trends?by=author", 400, "period"),
        ("/api/v1/trends?time_zone=Mars/Olympus", 400, "period"),
        ("/api/v1/trends?since=never", 400, "period"),
        ("/api/v1/cases?view=secret", 400, "query"),
        ("/api/v1/cases?cursor=x~y", 400, "query"),
        ("/api/v1/cases?limit=many", 422, "values"),
        ("/api/v1/cases/0ABCDEFG", 404, "not_found"),
        ("/api/v1/cases/%00", 422, "values"),
        ("/api/v1/posts?cursor=99999999999999999999999", 400, "cursor"),
        ("/api/v1/posts/00000000-0000-0000-0000-000000000000", 404, "not_found"),
        ("/api/v1/exports/people", 400, "export"),
        ("/api/v1/exports/posts?format=docx", 400, "export"),
    ],
)
def test_what_cannot_be_done_is_a_problem(brand: Any, api: Api, address: str, status: int, code: str) -> None:
    answer = api("admin").get(address)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_a_wrong_value_is_not_repeated(brand: Any, api: Api) -> None:
    case = make_case(brand)
    answer = post_json(api("agent"), f"/api/v1/cases/{case.reference}/replies", {"text": ["anna@example.com"]})
    assert answer.status_code == 422
    assert "anna" not in answer.content.decode()


def test_an_export_streams_and_is_recorded(brand: Any, api: Api) -> None:
    make_post(brand, "a complaint", platform="mastodon")
    answer = api("analyst").get("/api/v1/exports/posts")
    body = b"".join(answer.streaming_content).decode()
    assert answer["Content-Disposition"] == 'attachment; filename="lumora-posts.csv"'
    assert "a complaint" in body
    event = AuditEvent.objects.get(act="export")
    params = event.params if isinstance(event.params, dict) else json.loads(event.params)
    assert params["rows"] == 1


def test_people_in_an_export_need_a_higher_right(brand: Any, api: Api) -> None:
    assert api("analyst").get("/api/v1/exports/posts?with_people=true").status_code == 403
    allowed = api("lead").get("/api/v1/exports/posts?with_people=true")
    assert allowed.status_code == 200
    assert b"".join(allowed.streaming_content).startswith(b"id,")


@pytest.mark.parametrize("address", ["cases", "posts", "trends"])
def test_a_filter_that_the_database_refuses_is_read_without_its_nul(brand: Any, api: Api, address: str) -> None:
    client = api("agent")
    for name in ("platform", "form", "topic", "q", "author", "by", "measure", "language", "cursor", "view"):
        assert client.get(f"/api/v1/{address}", {name: "a\0b"}).status_code < 500
