from datetime import UTC, datetime, timedelta

import pytest

from monitor.platforms.bluesky.errors import is_stale_token, translate
from monitor.platforms.errors import (
    AuthExpiredError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnconfirmedSendError,
)
from monitor.platforms.transport import rate_in_headers

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def answer(status, name="", message="", headers=None, *, is_write=False):
    body = {"error": name, "message": message} if name else None
    return translate(status, body, headers or {}, is_write=is_write, now=NOW)


def test_a_rate_limit_waits_for_the_reset():
    reset = NOW + timedelta(seconds=120)
    error = answer(429, "RateLimitExceeded", headers={"ratelimit-reset": str(int(reset.timestamp()))})
    assert isinstance(error, RateLimitedError) and error.retry_at == reset


@pytest.mark.parametrize("reset", ["", "soon", "1", "99999999999999"])
def test_a_reset_that_is_missing_past_or_nonsense_is_no_time(reset):
    error = answer(429, headers={"ratelimit-reset": reset})
    assert isinstance(error, RateLimitedError) and error.retry_at is None


@pytest.mark.parametrize(
    ("status", "name"),
    [(400, "ExpiredToken"), (400, "InvalidToken"), (401, "AuthenticationRequired"), (401, ""), (401, "AccountTakedown"),
     (401, "AuthFactorTokenRequired"), (400, "AccountDeactivated")],
)  # fmt: skip
def test_dead_credentials_ask_for_a_new_connection(status, name):
    assert isinstance(answer(status, name), AuthExpiredError)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_password_without_the_right_to_chat_is_not_dead(status):
    body = {"error": "InvalidToken", "message": "Bad token scope"}
    error = answer(status, "InvalidToken", "Bad token scope")
    assert isinstance(error, RejectedError) and error.code == "permission_missing"
    assert not is_stale_token(body)
    assert is_stale_token({"error": "ExpiredToken", "message": "Token has expired"})


@pytest.mark.parametrize(
    ("status", "name", "message", "code"),
    [
        (400, "InvalidRequest", "recipient has disabled incoming messages", "unreachable"),
        (400, "InvalidRequest", "NotFollowedBySender: recipient requires incoming messages to ...", "unreachable"),
        (400, "InvalidRequest", "block between recipient and sender", "unreachable"),
        (400, "BlockedByActor", "", "unreachable"),
        (400, "InvalidRequest", "Convo not found", "gone"),
        (400, "RecordNotFound", "Could not locate record", "gone"),
        (400, "InvalidRequest", "Profile not found", "gone"),
        (404, "XRPCNotSupported", "", "gone"),
        (400, "InvalidSwap", "Record was at bafy", "duplicate"),
        (400, "InvalidRequest", "Record/text must not be longer than 300 graphemes", "too_long"),
        (413, "PayloadTooLarge", "", "too_long"),
        (400, "InvalidRequest", "Account is disabled", "policy_block"),
        (403, "", "", "permission_missing"),
        (400, "InvalidRequest", "Malformed cursor", "bad_request"),
        (501, "MethodNotImplemented", "", "bad_request"),
        (302, "", "", "bad_request"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_own_code(status, name, message, code):
    error = answer(status, name, message, is_write=True)
    assert isinstance(error, RejectedError) and error.code == code


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_server_error_can_be_read_again_but_not_written_again(status):
    assert isinstance(answer(status, "UpstreamFailure"), UnavailableError)
    assert isinstance(answer(status, "UpstreamFailure", is_write=True), UnconfirmedSendError)


@pytest.mark.parametrize("body", [None, [], "text", 5, {"error": 5}, {"error": "a b"}, {"message": []}])
def test_any_body_can_be_translated(body):
    error = translate(418, body, {}, is_write=False, now=NOW)
    assert isinstance(error, RejectedError) and error.message == "Bluesky answered 418"


def test_the_message_never_repeats_what_bluesky_wrote():
    assert answer(400, "InvalidRequest", "token abc123 of mara").message == "Bluesky answered 400 (InvalidRequest)"


def test_rate_headers_are_numbers_or_nothing():
    told = rate_in_headers({"ratelimit-limit": "3000", "ratelimit-remaining": "2990", "ratelimit-reset": "1795176000"})
    assert told == (2990, 3000, datetime.fromtimestamp(1795176000, UTC))
    assert rate_in_headers({"ratelimit-limit": "many", "ratelimit-remaining": "-1"}) == (None, None, None)
