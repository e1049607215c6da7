from datetime import UTC, datetime, timedelta

import pytest

from monitor.platforms.errors import (
    AuthExpiredError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnconfirmedSendError,
)
from monitor.platforms.mastodon.errors import translate
from monitor.platforms.transport import rate_in_headers

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def translated(status, body=None, headers=None, *, is_write=False, has_token=True):
    return translate(status, body, headers or {}, is_write=is_write, has_token=has_token, now=NOW)


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (403, "This action is outside the authorized scopes", "permission_missing"),
        (403, "Your login is currently disabled", "policy_block"),
        (403, "Your login is pending approval", "policy_block"),
        (403, "This action is not allowed", "unreachable"),
        (403, "", "permission_missing"),
        (404, "Record not found", "gone"),
        (404, "The post you are trying to reply to does not appear to exist.", "gone"),
        (410, "", "gone"),
        (422, "Validation failed: Text character limit of 500 exceeded", "too_long"),
        (422, "Validation failed: Text can't be blank", "bad_request"),
        (400, "", "bad_request"),
        (301, "", "bad_request"),
    ],
)
def test_a_refusal_has_our_code(status, error, code):
    refusal = translated(status, {"error": error})
    assert isinstance(refusal, RejectedError) and refusal.code == code
    assert str(refusal) == f"Mastodon answered {status}"


def test_a_dead_token_is_not_a_missing_permission():
    assert isinstance(translated(401, {"error": "The access token is invalid"}), AuthExpiredError)
    closed = translated(401, {"error": "This method requires an authenticated user"}, has_token=False)
    assert isinstance(closed, RejectedError) and closed.code == "permission_missing"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_broken_instance_leaves_a_write_in_doubt_and_a_read_for_later(status):
    assert isinstance(translated(status), UnavailableError)
    assert isinstance(translated(status, is_write=True), UnconfirmedSendError)


@pytest.mark.parametrize("body", [None, [], "text", {"error": 5}, {"error": None, "error_description": ["x"]}])
def test_any_body_is_translated(body):
    assert isinstance(translated(403, body), RejectedError)


def test_a_spent_limit_waits_for_its_end():
    reset = (NOW + timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    limit = translated(429, {"error": "Too many requests"}, {"x-ratelimit-reset": reset}, is_write=True)
    assert isinstance(limit, RateLimitedError) and limit.retry_at == NOW + timedelta(minutes=3)


@pytest.mark.parametrize("reset", ["", "soon", "2026-03-01T11:59:00Z"])
def test_an_end_that_is_missing_past_or_nonsense_is_not_believed(reset):
    limit = translated(429, None, {"x-ratelimit-reset": reset})
    assert isinstance(limit, RateLimitedError) and limit.retry_at is None


def test_rates_are_read_in_both_spellings():
    told = {"x-ratelimit-limit": "300", "x-ratelimit-remaining": "299"}
    moment = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
    assert rate_in_headers({**told, "x-ratelimit-reset": "2026-03-01T12:05:00.000000Z"}, "x-ratelimit") == (
        299,
        300,
        moment,
    )
    assert rate_in_headers({**told, "x-ratelimit-reset": str(int(moment.timestamp()))}, "x-ratelimit") == (
        299,
        300,
        moment,
    )
    assert rate_in_headers({}, "x-ratelimit") == (None, None, None)
