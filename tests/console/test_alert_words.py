"""Alerts speak: no code of ours, no bare time, in either language."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from monitor.alerts.codes import CODES
from monitor.alerts.services import raise_alert
from monitor.console.reasons import notice
from monitor.console.wordings import PROBLEMS
from monitor.platforms.errors import RejectedError

CODED = re.compile(r"\b[a-z]+_[a-z_]+\b|\bproblem\.|\beligibility\.")
PARAMS = {
    "channel": "Lumora", "detail": "ads_read", "stream": "direct_messages", "topic": "order_payment", "count": 9,
    "reference": "0ABCDEFG", "case": "0ABCDEFG", "since": "2026-05-01T10:00:00+00:00",
    "until": "2026-05-01 12:30:00+00:00", "index": "0.31", "to": "https://forum.lumora.example/new",
    "at": "2026-05-01T10:00:00+00:00", "served": "v26.0", "asked": "v25.0", "rights": "email", "fields": "feed",
    "reason": "crc", "address": "desk.example", "remaining": 3, "limit": 9, "silence": 18_000, "expected": 15,
    "what": "hide", "number": 3, "before": "80–93", "now": "62–75",
}  # fmt: skip
#: What the outbox, the collector and the rules of the platforms write as `why`.
REASONS = ("rate_limited", "auth_expired", "window_closed", "channel_paused", "opted_out", "worker_lost", "not_allowed")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("why", REASONS)
def test_no_alert_shows_a_code(language: str, why: str) -> None:
    with translation.override(language), timezone.override("Asia/Shanghai"):
        for code in CODES:
            said = notice(code, PARAMS | {"why": why})
            assert not CODED.search(said.replace("ads_read", "")), said
            assert "+00:00" not in said and "?" not in said, said


def test_an_alert_tells_times_in_the_readers_zone() -> None:
    with timezone.override("Asia/Shanghai"):
        assert "1 May 2026 20:30" in notice("channel.quota_spent", PARAMS)
    assert "“soon”" not in notice("channel.quota_spent", {"channel": "Lumora", "until": "soon"})


def test_an_alert_names_topic_and_stream_in_the_readers_language() -> None:
    with translation.override("zh-hans"):
        assert "私信" in notice("channel.trouble", PARAMS | {"why": "unavailable"})
        assert "order" not in notice("trend.spike", PARAMS)


def test_every_refusal_of_a_platform_has_words() -> None:
    listed = str(RejectedError.__doc__).split("Codes:")[1]
    codes = re.findall(r"[a-z_]+", re.sub(r"Of [a-z ]+:", "", listed))
    assert len(codes) == 25
    # Those of signing in are said on its own page.
    of_signing_in = codes[codes.index("code_refused") :]
    assert len(of_signing_in) == 6
    assert [code for code in codes if code not in of_signing_in and f"problem.{code}" not in PROBLEMS] == []


def test_the_page_shows_the_words(as_bob: Client, brand: Any) -> None:
    params = {"case": "0ABCDEFG", "why": "duplicate"}
    raise_alert(brand_id=brand.pk, code="reply.failed", params=params, dedupe_key="1")
    words = as_bob.get("/b/lumora/alerts/").content.decode()
    assert "was refused by the platform. The platform says that this was posted already." in words
    assert "/b/lumora/cases/0ABCDEFG/" in words
