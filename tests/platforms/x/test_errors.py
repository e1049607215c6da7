from datetime import UTC, datetime, timedelta

import pytest

from monitor.platforms.errors import (
    AuthExpiredError,
    QuotaExceededError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnconfirmedSendError,
)
from monitor.platforms.x.errors import translate

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def answer(status, body=None, headers=None, *, is_write=False):
    return translate(status, body, headers or {}, is_write=is_write, now=NOW)


def problem(kind, **rest):
    return {"type": f"https://api.twitter.com/2/problems/{kind}", "title": "T", **rest}


def test_a_rate_limit_waits_for_the_reset():
    reset = NOW + timedelta(seconds=120)
    headers = {"x-rate-limit-reset": str(int(reset.timestamp())), "x-rate-limit-remaining": "0"}
    error = answer(429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, headers)
    assert isinstance(error, RateLimitedError) and error.retry_at == reset


@pytest.mark.parametrize("reset", ["", "soon", "1", "99999999999999"])
def test_a_reset_that_is_missing_past_or_nonsense_is_no_time(reset):
    error = answer(429, None, {"x-rate-limit-reset": reset})
    assert isinstance(error, RateLimitedError) and error.retry_at is None


def test_the_daily_limit_beats_the_short_window():
    short, long = NOW + timedelta(minutes=5), NOW + timedelta(hours=9)
    headers = {
        "x-rate-limit-reset": str(int(short.timestamp())),
        "x-rate-limit-remaining": "4",
        "x-user-limit-24hour-reset": str(int(long.timestamp())),
        "x-user-limit-24hour-remaining": "0",
    }
    error = answer(429, {}, headers)
    assert isinstance(error, RateLimitedError) and error.retry_at == long


@pytest.mark.parametrize(
    "body", [problem("usage-capped"), {"title": "UsageCapExceeded", "detail": "Usage cap exceeded"}]
)
def test_a_spent_plan_is_no_rate_limit(body):
    assert isinstance(answer(429, body), QuotaExceededError)


def test_no_credit_is_a_spent_plan():
    assert isinstance(answer(402, {"title": "CreditsDepleted"}), QuotaExceededError)


@pytest.mark.parametrize(
    ("status", "body"), [(401, {"title": "Unauthorized"}), (403, {"errors": [{"code": 89}]}), (401, None)]
)
def test_a_dead_token_asks_for_a_new_connection(status, body):
    assert isinstance(answer(status, body), AuthExpiredError)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, {"detail": "You are not allowed to create a Tweet with duplicate content."}, "duplicate"),
        (403, {"errors": [{"code": 187, "message": "Status is a duplicate."}]}, "duplicate"),
        (
            403,
            {"detail": "... because you have not been mentioned or otherwise engaged by the author ..."},
            "not_summoned",
        ),
        (403, {"detail": "This app may only reply when summoned."}, "not_summoned"),
        (403, {"detail": "You attempted to reply to a Tweet that is deleted or not visible to you."}, "gone"),
        (403, {"errors": [{"code": 385, "message": "..."}]}, "gone"),
        (403, {"detail": "You cannot send messages to this user."}, "unreachable"),
        (403, {"errors": [{"code": 349}]}, "unreachable"),
        (403, {"detail": "The author restricted who can reply to this Tweet."}, "unreachable"),
        (403, {"errors": [{"code": 186}]}, "too_long"),
        (403, {"errors": [{"code": 226}]}, "policy_block"),
        (403, problem("oauth1-permissions"), "permission_missing"),
        (403, problem("client-forbidden"), "permission_missing"),
        (403, None, "permission_missing"),
        (404, problem("resource-not-found"), "gone"),
        (400, problem("invalid-request"), "bad_request"),
        (422, None, "bad_request"),
    ],
)
def test_each_refusal_has_its_own_code(status, body, code):
    error = answer(status, body, is_write=True)
    assert isinstance(error, RejectedError) and error.code == code


def test_a_server_error_can_be_read_again_but_not_written_again():
    assert isinstance(answer(503), UnavailableError)
    assert isinstance(answer(503, is_write=True), UnconfirmedSendError)


@pytest.mark.parametrize("body", [None, [], "text", 5, {"errors": "x"}, {"errors": [5]}, {"type": 5, "detail": []}])
def test_any_body_can_be_translated(body):
    assert isinstance(answer(418, body), RejectedError)


def test_the_message_never_repeats_what_x_wrote():
    error = answer(403, {"detail": "token abc123 of mara", "title": "secret"}, {"x-transaction-id": "t1"})
    assert error.message == "X answered 403" and error.request_id == "t1"
