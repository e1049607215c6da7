"""Signing in at X: PKCE, codes that work once, refresh tokens that change, and what the access is good for."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.platforms.base import ChannelContext, SendRequest
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import (
    AuthExpiredError,
    PlatformError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnconfirmedSendError,
)
from monitor.platforms.signing import challenge_of, expires_at
from monitor.platforms.x import XConnector
from monitor.platforms.x.sign_in import SIGN_IN, XSigning
from monitor.simulators.world import X_USER_ID
from monitor.simulators.x_sign_in import PUBLIC_CLIENT_ID
from tests.support.signing import app_for, code_for, consent, grant
from tests.support.simulated import Simulated

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def app(simulated: Simulated):
    return app_for(simulated, "x")


def connector_with(simulated: Simulated, credentials) -> XConnector:
    context = ChannelContext(1, "account", X_USER_ID, "lumora", credentials, simulated.address + "/x")
    return XConnector(context, NullBudget(), now=simulated.world.now)


def test_only_the_hash_of_the_verifier_goes_through_the_browser(app) -> None:
    address = XSigning().authorize_url(app, state="s1", verifier="v" * 43)
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert query["code_challenge"] == challenge_of("v" * 43) and query["code_challenge_method"] == "S256"
    assert query["scope"].split() == list(SIGN_IN.scopes) and query["state"] == "s1"
    assert "v" * 43 not in address and app.client_secret not in address


def test_a_consent_becomes_the_channel_of_the_profile(app) -> None:
    granted = grant(XSigning(now=lambda: NOW), app)
    (found,) = granted.found
    assert (found.platform, found.kind, found.external_id, found.handle) == ("x", "account", X_USER_ID, "lumora")
    assert granted.scopes == set(SIGN_IN.scopes)
    assert expires_at(found.credentials) == NOW + timedelta(hours=2) and found.credentials["refresh_token"]
    assert found.credentials["access_token"] not in repr(granted)


def test_a_public_client_needs_no_secret(simulated: Simulated) -> None:
    app = app_for(simulated, "x", client_id=PUBLIC_CLIENT_ID, client_secret="")
    (found,) = grant(XSigning(), app).found
    assert XSigning().refresh(app, found.credentials)["access_token"] != found.credentials["access_token"]


def test_a_code_works_once_and_a_second_use_ends_what_came_of_it(simulated: Simulated, app) -> None:
    code, verifier = code_for(XSigning(), app)
    (found,) = XSigning().exchange(app, code=code, verifier=verifier).found
    with pytest.raises(RejectedError) as refused:
        XSigning().exchange(app, code=code, verifier=verifier)
    assert refused.value.code == "code_refused"
    with pytest.raises(AuthExpiredError):
        connector_with(simulated, found.credentials).check()


def test_a_wrong_verifier_is_refused(app) -> None:
    code, _verifier = code_for(XSigning(), app)
    with pytest.raises(RejectedError) as refused:
        XSigning().exchange(app, code=code, verifier="w" * 64)
    assert refused.value.code == "code_refused"


def test_a_code_is_over_after_half_a_minute(simulated: Simulated, app) -> None:
    code, verifier = code_for(XSigning(), app)
    simulated.world.shift_clock(31)
    with pytest.raises(RejectedError):
        XSigning().exchange(app, code=code, verifier=verifier)


def test_a_code_of_another_return_address_is_refused(app) -> None:
    code, verifier = code_for(XSigning(), app)
    with pytest.raises(RejectedError):
        XSigning().exchange(
            replace(app, redirect_url="https://evil.example/connect/x/return/"), code=code, verifier=verifier
        )


def test_wrong_keys_of_the_app_are_told_apart_from_a_bad_code(app) -> None:
    code, verifier = code_for(XSigning(), app)
    with pytest.raises(RejectedError) as refused:
        XSigning().exchange(replace(app, client_secret="wrong"), code=code, verifier=verifier)
    assert refused.value.code == "app_refused"


def test_a_denied_consent_comes_back_without_a_code(app) -> None:
    _address, told = consent(XSigning().authorize_url(app, state="s1", verifier="v" * 43), "deny")
    assert told == {"error": "access_denied", "state": "s1"}


def test_what_was_granted_reads_and_writes(simulated: Simulated, app) -> None:
    simulated.person_says("x", "@lumora where is my parcel?")
    simulated.person_writes("x", "hello")
    post = simulated.world.visible("x")[0]
    (found,) = grant(XSigning(), app).found
    connector = connector_with(simulated, found.credentials)
    assert connector.check() == [] and connector.identify().external_id == X_USER_ID
    for stream in connector.streams():
        connector.collect(stream, {})
    assert len(connector.collect("mentions", {}).updates) == 1
    assert connector.send(SendRequest("reply", "On its way.", target_id=post.identifier)).external_id
    mara = simulated.world.person("x", "mara")
    assert connector.send(SendRequest("direct_message", "Hello!", recipient_id=mara.external_id)).external_id


def test_a_permission_that_was_not_given_is_told_as_one(simulated: Simulated, app) -> None:
    (found,) = grant(XSigning(), app).found
    token = simulated.world.grants.tokens[found.credentials["access_token"]]
    token.grant.scopes = frozenset({"tweet.read", "users.read"})
    with pytest.raises(RejectedError) as refused:
        connector_with(simulated, found.credentials).collect("direct_messages", {})
    assert refused.value.code == "permission_missing"


def test_access_ends_after_two_hours_by_the_worlds_clock(simulated: Simulated, app) -> None:
    (found,) = grant(XSigning(), app).found
    simulated.world.shift_clock(7201)
    with pytest.raises(AuthExpiredError):
        connector_with(simulated, found.credentials).check()


def test_each_refresh_gives_another_refresh_token(simulated: Simulated, app) -> None:
    (found,) = grant(XSigning(), app).found
    first = XSigning().refresh(app, found.credentials)
    second = XSigning().refresh(app, first)
    assert len({each["refresh_token"] for each in (found.credentials, first, second)}) == 3
    assert connector_with(simulated, second).check() == []
    with pytest.raises(AuthExpiredError):
        connector_with(simulated, first).check()


def test_an_old_refresh_token_is_refused_and_ends_the_family(simulated: Simulated, app) -> None:
    (found,) = grant(XSigning(), app).found
    fresh = XSigning().refresh(app, found.credentials)
    with pytest.raises(AuthExpiredError) as refused:
        XSigning().refresh(app, found.credentials)
    assert refused.value.code == "renewal_refused"
    with pytest.raises(AuthExpiredError):
        connector_with(simulated, fresh).check()


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "drop_after_commit"}, UnconfirmedSendError),
        ({"kind": "drop"}, UnconfirmedSendError),
        ({"kind": "malformed"}, UnconfirmedSendError),
        ({"kind": "server_error"}, UnconfirmedSendError),
        ({"kind": "rate_limit"}, RateLimitedError),
        ({"kind": "status", "status": 200, "body": {}}, UnconfirmedSendError),
        ({"kind": "status", "status": 200, "body": []}, UnconfirmedSendError),
        ({"kind": "status", "status": 302, "body": "moved"}, UnconfirmedSendError),
    ],
)
def test_a_lost_answer_is_never_taken_for_a_refusal(simulated: Simulated, app, fault, expected) -> None:
    (found,) = grant(XSigning(), app).found
    simulated.add_fault(path="/2/oauth2/token", **fault)
    with pytest.raises(expected):
        XSigning().refresh(app, found.credentials)


def test_a_platform_that_is_not_there_has_done_nothing(app) -> None:
    with pytest.raises(UnavailableError):
        XSigning().refresh(replace(app, api_url="http://127.0.0.1:9"), {"refresh_token": "r"})


def test_no_secret_is_in_an_address_a_line_or_an_exception(simulated: Simulated, app, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    (found,) = grant(XSigning(), app).found
    simulated.add_fault("drop", "/2/oauth2/token")
    with pytest.raises(PlatformError) as failed:
        XSigning().refresh(app, found.credentials)
    fresh = XSigning().refresh(app, found.credentials)
    told = caplog.text + str(simulated.world.calls) + repr(failed.value) + str(failed.value.__context__)
    assert all(
        secret not in told
        for secret in (app.client_secret, *found.credentials.values(), *fresh.values())
        if len(secret) > 25
    )
