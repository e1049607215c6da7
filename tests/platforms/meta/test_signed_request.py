"""Only who knows the app's secret can speak in a person's name."""

import base64
import contextlib
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.meta.signed_request import NotSignedError, SignedRequest, read_signed_request
from monitor.simulators.graph_facts import signed_request

SECRET = "made-up-app-secret"
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def sign(payload: bytes, secret=SECRET):
    """By hand, as Meta's own example does it."""
    encoded = base64.urlsafe_b64encode(payload).rstrip(b"=")
    signature = base64.urlsafe_b64encode(hmac.new(secret.encode(), encoded, hashlib.sha256).digest()).rstrip(b"=")
    return (signature + b"." + encoded).decode()


def test_a_signed_request_tells_who_and_when():
    made = signed_request("10160000000000001", secret=SECRET, issued_at=AT)
    assert read_signed_request(SECRET, made) == SignedRequest("10160000000000001", AT)
    assert read_signed_request(["the-next", SECRET], made).user_id == "10160000000000001"
    told = {"user_id": "218471", "algorithm": "HMAC-SHA256", "issued_at": 1291836800, "expires": 1291840400}
    assert read_signed_request(SECRET, sign(json.dumps(told).encode())).user_id == "218471"


@pytest.mark.parametrize("secrets", ["wrong", "", [], ["", "wrong"]])
def test_another_secret_is_no_signature(secrets):
    with pytest.raises(NotSignedError):
        read_signed_request(secrets, signed_request("1", secret=SECRET, issued_at=AT))


@pytest.mark.parametrize("algorithm", ["none", "", "HMAC-SHA1", "plain"])
def test_the_algorithm_must_be_the_one_that_was_checked(algorithm):
    with pytest.raises(NotSignedError):
        read_signed_request(SECRET, signed_request("1", secret=SECRET, issued_at=AT, algorithm=algorithm))


def test_one_changed_letter_is_noticed():
    made = signed_request("10160000000000001", secret=SECRET, issued_at=AT)
    signature, _, payload = made.partition(".")
    other = base64.urlsafe_b64encode(json.dumps({"user_id": "2", "algorithm": "HMAC-SHA256"}).encode()).decode()
    for changed in (f"{signature}.{other}", f"{signature[:-2]}AA.{payload}", f".{payload}", f"{signature}.", signature):
        with pytest.raises(NotSignedError):
            read_signed_request(SECRET, changed)


@pytest.mark.parametrize(
    "payload",
    [
        b"no json",
        b'{"algorithm": "HMAC-SHA256"}',
        b'{"algorithm": "HMAC-SHA256", "user_id": null}',
        b'{"algorithm": "HMAC-SHA256", "user_id": true}',
        b'{"algorithm": "HMAC-SHA256", "user_id": "a/b"}',
        b'{"algorithm": "HMAC-SHA256", "user_id": ""}',
        b'{"algorithm": "HMAC-SHA256", "user_id": "' + b"9" * 65 + b'"}',
        b'{"algorithm": "HMAC-SHA256", "user_id": "1", "issued_at": "soon"}',
    ],
)
def test_what_is_signed_and_says_nothing_is_malformed(payload):
    with pytest.raises(MalformedPayloadError):
        read_signed_request(SECRET, sign(payload))


@given(text=st.text(max_size=300))
def test_any_text_is_refused(text):
    with pytest.raises(NotSignedError):
        read_signed_request(SECRET, text)


@given(payload=st.binary(max_size=200))
def test_any_signed_bytes_are_a_request_or_an_error(payload):
    with contextlib.suppress(MalformedPayloadError, NotSignedError):
        assert read_signed_request(SECRET, sign(payload)).user_id
