"""Whatever a customer writes stays text: markup, scripts, direction overrides, towers of marks, endless words."""

import re
from typing import Any

import pytest
from django.test import Client

from monitor.inbox.models import QuarantinedEvent
from tests.support.desk import analyze, make_author, make_case, make_channel, make_post

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "handler": '"><img src=x onerror=alert(1)>',
    "svg": "<svg/onload=alert(1)>",
    "template": "{{ request.user.password }}{% load i18n %}",
    "closing": "</textarea></bdi></main><iframe src=javascript:alert(1)>",
    "comment": "--><!-- <b>",
    "bidi": "\u202eevil\u2066\u2067 txt",
    "zalgo": "Z" + "\u0335\u0321\u031b" * 400,
    "endless": "x" * 10_000,
    "entities": "&lt;script&gt;&#106;",
}
PAGES = ("queue/", "queue/?tab=all", "posts/", "trends/", "alerts/", "channels/", "put-aside/")
RAW = re.compile(r"<script>alert|<img src=x|<svg/onload|<iframe|<b>|onerror=alert\(1\)>")


@pytest.mark.parametrize("kind", HOSTILE)
def test_it_stays_text_on_every_page(as_alice: Client, brand: Any, kind: str) -> None:
    text = HOSTILE[kind]
    channel = make_channel(brand, name=text[:100])
    author = make_author(brand, text[:150], text[:100])
    case = make_case(brand, text, author=author, url="javascript:alert(1)", suggestion=text, tags=[text[:80]])
    analyze(make_post(brand, text, author=author, channel=channel, url="data:text/html,<b>"))
    as_alice.post(f"/b/lumora/cases/{case.reference}/note/", {"text": text})
    as_alice.post(f"/b/lumora/cases/{case.reference}/escalate/", {"why": text[:150]})
    QuarantinedEvent.objects.create(brand=brand, source=text[:150], reason_code="x", body=text.encode())
    for page in (*(f"/b/lumora/{page}" for page in PAGES), f"/b/lumora/cases/{case.reference}/"):
        answer = as_alice.get(page)
        words = answer.content.decode()
        assert answer.status_code == 200
        assert not RAW.search(words), page
        assert "javascript:alert" not in re.sub(r"&lt;.*?&gt;", "", words).replace("&quot;", ""), page


def test_the_search_box_gives_back_text(as_alice: Client, brand: Any) -> None:
    words = as_alice.get("/b/lumora/queue/", {"q": HOSTILE["handler"]}).content.decode()
    assert "<img" not in words and "&lt;img" in words


def test_direction_marks_cannot_leave_their_place(as_alice: Client, brand: Any) -> None:
    make_case(brand, HOSTILE["bidi"])
    words = as_alice.get("/b/lumora/queue/").content.decode()
    assert f'<bdi dir="auto">{HOSTILE["bidi"]}</bdi>' in words


@pytest.mark.parametrize("page", ["/login/", "/b/lumora/queue/", "/no/such/page/"])
def test_every_answer_carries_the_policy(as_alice: Client, brand: Any, page: str) -> None:
    headers = as_alice.get(page).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"


def test_links_to_the_web_cannot_reach_back(as_alice: Client, brand: Any) -> None:
    case = make_case(brand)
    words = as_alice.get(f"/b/lumora/cases/{case.reference}/").content.decode()
    outward = re.findall(r'<a [^>]*href="https?://[^>]*>', words)
    assert outward and all('rel="noopener noreferrer nofollow"' in link for link in outward)
