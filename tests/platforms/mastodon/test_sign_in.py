"""Signing in at an instance that somebody typed: registration, code flow, and only the public internet."""

from dataclasses import replace

import pytest

from monitor.platforms.base import ChannelContext
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import AuthExpiredError, PlatformError, RejectedError
from monitor.platforms.mastodon import MastodonConnector
from monitor.platforms.mastodon.sign_in import SIGN_IN, MastodonSigning
from monitor.simulators.mastodon_facts import ACCOUNT_ID
from tests.support.signing import app_for, code_for, consent, grant
from tests.support.simulated import Simulated


@pytest.fixture
def app(simulated: Simulated):
    return MastodonSigning().register(app_for(simulated, "mastodon", client_id="", client_secret=""))


def test_an_instance_gives_each_sign_in_keys_of_its_own(simulated: Simulated, app) -> None:
    other = MastodonSigning().register(app_for(simulated, "mastodon", client_id="", client_secret=""))
    assert app.client_id and app.client_secret and app.client_id != other.client_id


def test_a_consent_becomes_the_channel_of_the_profile(simulated: Simulated, app) -> None:
    granted = grant(MastodonSigning(), app)
    (found,) = granted.found
    assert (found.kind, found.external_id, found.handle) == ("account", ACCOUNT_ID, "lumora")
    assert granted.scopes == set(SIGN_IN.scopes) and "instance" not in found.credentials
    context = ChannelContext(1, "account", ACCOUNT_ID, "lumora", found.credentials, simulated.address + "/mastodon")
    assert MastodonConnector(context, NullBudget()).check() == []
    simulated.world.grants.tokens[found.credentials["access_token"]].grant.is_revoked = True
    with pytest.raises(AuthExpiredError):
        MastodonConnector(context, NullBudget()).check()


def test_a_wrong_verifier_a_used_code_and_wrong_keys_are_refused(app) -> None:
    code, verifier = code_for(MastodonSigning(), app)
    with pytest.raises(RejectedError):
        MastodonSigning().exchange(app, code=code, verifier="w" * 64)
    code, verifier = code_for(MastodonSigning(), app)
    MastodonSigning().exchange(app, code=code, verifier=verifier)
    for keys, expected in (({}, "code_refused"), ({"client_secret": "x"}, "app_refused")):
        with pytest.raises(RejectedError) as refused:
            MastodonSigning().exchange(replace(app, **keys), code=code, verifier=verifier)
        assert refused.value.code == expected


def test_a_denied_consent_comes_back_without_a_code(app) -> None:
    _address, told = consent(MastodonSigning().authorize_url(app, state="s1", verifier="v" * 43), "deny")
    assert told == {"error": "access_denied", "state": "s1"}


@pytest.mark.parametrize(
    "server", ["https://127.0.0.1:9", "https://10.0.0.1", "https://169.254.169.254", "https://localhost.localdomain"]
)
def test_a_typed_address_of_a_private_network_is_not_called(server, monkeypatch) -> None:
    import socket

    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_rest: [(2, 1, 6, "", ("127.0.0.1", port))])
    app = replace(app_for_typed(server), is_typed=True)
    with pytest.raises(PlatformError) as refused:
        MastodonSigning().register(app)
    assert getattr(refused.value, "code", "") == "not_public"


def app_for_typed(server: str):
    from monitor.platforms.signing import App

    return App("", "https://desk.example/connect/mastodon/return/", server, server)


def test_a_channel_with_a_typed_instance_calls_public_addresses_only(simulated: Simulated) -> None:
    port = simulated.address.rpartition(":")[2]
    credentials = {"access_token": "t", "instance": f"http://127.0.0.1:{port}"}
    context = ChannelContext(1, "account", ACCOUNT_ID, "lumora", credentials, "")
    with pytest.raises(RejectedError) as refused:
        MastodonConnector(context, NullBudget()).check()
    assert refused.value.code == "not_public" and simulated.world.calls == []


@pytest.mark.parametrize("body", [{}, {"client_id": "only"}])
def test_what_is_no_instance_is_told_so(simulated: Simulated, body) -> None:
    simulated.add_fault("status", "/api/v1/apps", status=200, body=body)
    with pytest.raises(RejectedError) as refused:
        MastodonSigning().register(app_for(simulated, "mastodon"))
    assert refused.value.code == "no_instance"
