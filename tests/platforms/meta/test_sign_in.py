"""Signing in at Facebook: long-lived tokens, Pages over several pages of the list, profiles, and permissions."""

import logging
from dataclasses import replace

import pytest

from monitor.platforms.base import ChannelContext
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import PlatformError, RejectedError
from monitor.platforms.meta.facebook import FacebookConnector
from monitor.platforms.meta.instagram import InstagramConnector
from monitor.platforms.meta.sign_in import SIGN_IN, MetaSigning
from monitor.simulators.graph_sign_in import PAGES, USER_ID
from monitor.simulators.world import PAGE_ID, PROFILE_ID
from tests.support.signing import app_for, code_for, consent, grant
from tests.support.simulated import Simulated


@pytest.fixture
def app(simulated: Simulated):
    return app_for(simulated, "facebook")


def test_every_page_of_the_list_is_read_over_an_empty_one(simulated: Simulated, app) -> None:
    granted = grant(MetaSigning(), app)
    pages = [found for found in granted.found if found.platform == "facebook"]
    assert [found.external_id for found in pages] == list(PAGES)
    lists = [call for call in simulated.world.calls if call["path"].endswith("/me/accounts")]
    assert len(lists) == 3
    assert granted.scopes >= set(SIGN_IN.scopes)


def test_a_profile_comes_with_the_page_that_it_is_linked_to(app) -> None:
    (profile,) = [found for found in grant(MetaSigning(), app).found if found.platform == "instagram"]
    assert (profile.kind, profile.external_id, profile.handle) == ("account", PROFILE_ID, "lumora")
    assert profile.credentials["page_id"] == PAGE_ID
    assert profile.credentials["user_id"] == USER_ID and profile.credentials["app_id"]


def test_what_a_role_does_not_allow_is_named(app) -> None:
    lacks = {found.external_id: found.lacks for found in grant(MetaSigning(), app).found}
    assert lacks[PAGE_ID] == () and lacks["104217600000003"] == ("MODERATE", "MESSAGING")


def test_tokens_of_pages_work_and_belong_to_their_page(simulated: Simulated, app) -> None:
    simulated.person_says("facebook", "Nothing works since Monday")
    for found in grant(MetaSigning(), app).found:
        maker = FacebookConnector if found.platform == "facebook" else InstagramConnector
        context = ChannelContext(
            1, found.kind, found.external_id, found.handle, found.credentials, simulated.address + "/graph"
        )
        connector = maker(context, NullBudget(), now=simulated.world.now)
        assert connector.check() == [] and connector.identify().external_id == found.external_id
        stream = "feed" if found.platform == "facebook" else "comments"
        is_own = found.external_id == PAGE_ID
        assert bool(connector.collect(stream, {}).updates) is is_own


def test_a_page_without_a_profile_is_told_so(simulated: Simulated, app) -> None:
    care = next(found for found in grant(MetaSigning(), app).found if found.name == "Lumora Care")
    context = ChannelContext(1, "account", "", "", care.credentials, simulated.address + "/graph")
    with pytest.raises(RejectedError) as refused:
        InstagramConnector(context, NullBudget()).identify()
    assert refused.value.code == "no_profile"


def test_every_call_of_the_person_is_proven_and_no_secret_is_in_an_address(simulated: Simulated, app, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    granted = grant(MetaSigning(), app)
    calls = [call for call in simulated.world.calls if "/me/" in call["path"]]
    assert len(calls) == 4 and all("appsecret_proof" in call["sent"] for call in calls)
    tokens = list(simulated.world.grants.tokens)
    told = caplog.text + str(simulated.world.calls) + repr(granted)
    assert all(secret not in told for secret in (app.client_secret, *tokens))
    assert all(
        "client_secret" not in call["sent"] and "access_token" not in call["sent"] for call in simulated.world.calls
    )


def test_a_declined_permission_is_not_among_the_granted(app) -> None:
    granted = grant(MetaSigning(), app, without=("pages_messaging", "instagram_basic"))
    assert not {"pages_messaging", "instagram_basic"} & granted.scopes
    assert {found.platform for found in granted.found} == {"facebook"}


def test_without_the_list_of_pages_nothing_is_found(app) -> None:
    assert grant(MetaSigning(), app, without=("pages_show_list",)).found == ()


def test_the_dialog_asks_again_for_what_was_declined(app) -> None:
    address = MetaSigning().authorize_url(app, state="s1", verifier="v")
    assert "auth_type=rerequest" in address and "/v25.0/dialog/oauth?" in address
    _address, told = consent(address, "deny")
    assert told["error"] == "access_denied" and "code" not in told


def test_a_code_works_once(app) -> None:
    code, verifier = code_for(MetaSigning(), app)
    MetaSigning().exchange(app, code=code, verifier=verifier)
    with pytest.raises(RejectedError) as refused:
        MetaSigning().exchange(app, code=code, verifier=verifier)
    assert refused.value.code == "code_refused"


@pytest.mark.parametrize("keys", [{"client_secret": "wrong"}, {"client_id": "1"}])
def test_wrong_keys_of_the_app_are_told_apart(app, keys) -> None:
    code, verifier = code_for(MetaSigning(), app)
    with pytest.raises(RejectedError) as refused:
        MetaSigning().exchange(replace(app, **keys), code=code, verifier=verifier)
    assert refused.value.code == "app_refused"


@pytest.mark.parametrize("path", ["oauth/access_token", "me/permissions", "me/accounts"])
@pytest.mark.parametrize("kind", ["drop", "malformed", "server_error", "unauthorized", "rate_limit"])
def test_whatever_goes_wrong_is_one_of_our_errors(simulated: Simulated, app, path, kind, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    code, verifier = code_for(MetaSigning(), app)
    simulated.add_fault(kind, path)
    with pytest.raises(PlatformError) as failed:
        MetaSigning().exchange(app, code=code, verifier=verifier)
    told = caplog.text + repr(failed.value) + repr(failed.value.__context__)
    assert all(secret not in told for secret in (app.client_secret, *simulated.world.grants.tokens))
