from datetime import UTC, datetime

import pytest

from monitor.platforms.errors import (
    AuthExpiredError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnconfirmedSendError,
)
from monitor.platforms.meta.errors import translate

LATER = datetime(2026, 11, 20, 13, tzinfo=UTC)


def answer(code, subcode=None, *, status=400, is_write=False, **rest):
    error = {"message": "what Meta says", "type": "OAuthException", "code": code, **rest}
    if subcode is not None:
        error["error_subcode"] = subcode
    return translate(status, {"error": error}, is_write=is_write, retry_at=LATER)


@pytest.mark.parametrize("code", [4, 17, 32, 613, 341, 80001, 80002, 80006, 80099])
def test_a_throttle_waits_as_long_as_the_headers_say(code):
    error = answer(code)
    assert isinstance(error, RateLimitedError) and error.retry_at == LATER


def test_a_throttle_marked_transient_is_still_a_throttle():
    assert isinstance(answer(4, is_transient=True), RateLimitedError)


@pytest.mark.parametrize(
    ("code", "subcode"),
    [(190, None), *((190, each) for each in (458, 459, 460, 463, 464, 467, 492)), (102, None), (10, 467)],
)
def test_a_dead_token_asks_for_a_new_connection(code, subcode):
    assert isinstance(answer(code, subcode, status=401), AuthExpiredError)


@pytest.mark.parametrize(
    ("code", "subcode", "meant"),
    [
        (10, None, "permission_missing"),
        (3, None, "permission_missing"),
        (200, None, "permission_missing"),
        (283, None, "permission_missing"),
        (299, None, "permission_missing"),
        (10, 2018278, "window_closed"),
        (10, 2534022, "window_closed"),
        (10, 1893063, "policy_block"),
        (551, None, "unreachable"),
        (200, 1545041, "unreachable"),
        (100, 2018001, "unreachable"),
        (100, 2534014, "unreachable"),
        (100, 2534025, "already_replied"),
        (10900, None, "already_replied"),
        (100, 33, "gone"),
        (100, None, "bad_request"),
        (368, None, "policy_block"),
        (506, None, "duplicate"),
        (424242, None, "bad_request"),
    ],
)
def test_each_refusal_has_its_own_code(code, subcode, meant):
    error = answer(code, subcode, is_write=True)
    assert isinstance(error, RejectedError) and error.code == meant


def test_a_message_that_is_too_long_is_told_by_its_words():
    words = "(#100) Length of param message[text] must be less than or equal to 1000"
    assert (answer(100, message=words).code, answer(100, message="(#100) Invalid parameter").code) == (
        "too_long",
        "bad_request",
    )


@pytest.mark.parametrize(("code", "rest"), [(1, {}), (2, {}), (100, {"is_transient": True})])
def test_a_fault_of_meta_can_be_read_again_but_not_written_again(code, rest):
    assert isinstance(answer(code, status=500, **rest), UnavailableError)
    assert isinstance(answer(code, status=500, is_write=True, **rest), UnconfirmedSendError)


@pytest.mark.parametrize(
    ("status", "kind"), [(502, UnavailableError), (401, AuthExpiredError), (429, RateLimitedError)]
)
@pytest.mark.parametrize("body", [None, [], "x", {"error": "x"}, {"error": {"code": "x"}}])
def test_without_an_error_body_the_status_decides(status, kind, body):
    assert isinstance(translate(status, body, is_write=False, retry_at=None), kind)


def test_each_kind_of_refusal_is_told_apart():
    """Permission, login, window, unreachable, gone, policy, duplicate and "already" each ask for another remedy."""
    pairs = [(10, None), (10, 2018278), (551, None), (100, 33), (368, None), (506, None), (10900, None), (100, None)]
    codes = [answer(*pair, is_write=True).code for pair in pairs]
    assert len(set(codes)) == len(codes)
    assert isinstance(answer(190, status=401), AuthExpiredError)


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("(#200) Requires pages_manage_engagement permission to manage the object", ", pages_manage_engagement"),
        (
            "(#10) requires the 'pages_read_engagement' permission or pages_read_user_content. pages_read_engagement!",
            ", pages_read_engagement, pages_read_user_content",
        ),
        ("(#10) needs Human_Agent", ", Human_Agent"),
        ("(#200) Dora Quast may not pages_manage_everything, xpages_messaging", ""),
        (None, ""),
    ],
)
def test_the_right_that_is_missing_is_named_and_nothing_else_of_the_words(message, named):
    error = answer(200, status=403, message=message)
    assert error.code == "permission_missing" and error.message == f"Meta answered 403 (code 200{named})"


@pytest.mark.parametrize("is_write", [True, False])
def test_a_throttle_is_never_doubt_about_a_write(is_write):
    for code in (4, 17, 32, 613, *range(80000, 80015)):
        assert isinstance(answer(code, is_write=is_write, is_transient=True), RateLimitedError)


def test_the_message_never_repeats_what_meta_wrote():
    error = answer(10, 2018278, fbtrace_id="AbC")
    assert (error.message, error.request_id) == ("Meta answered 400 (code 10/2018278)", "AbC")
