"""The fake platforms' sign-in refuses what the real ones refuse, and forgets nothing that was revoked."""

from typing import Any

import pytest
import requests

from monitor.platforms.mastodon.sign_in import MastodonSigning
from monitor.platforms.meta.sign_in import MetaSigning
from monitor.platforms.signing import SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET
from monitor.platforms.x.sign_in import XSigning
from monitor.simulators.world import PAGE_ID
from tests.support.signing import app_for, code_for, grant
from tests.support.simulated import Simulated

KEYS = (SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET)


def page_at(address: str) -> requests.Response:
    return requests.get(address, timeout=30, allow_redirects=False)


@pytest.mark.parametrize(
    "change",
    [
        ("simulated-client-id", "somebody-else"),
        ("connect%2Fx%2Freturn", "elsewhere"),
        ("code_challenge_method=S256", "code_challenge_method=plain"),
        ("tweet.read", "everything"),
        ("state=s1", "state="),
        ("response_type=code", "response_type=token"),
    ],
)
def test_x_sends_nobody_back_whom_it_does_not_know(simulated: Simulated, change: tuple[str, str]) -> None:
    address = XSigning().authorize_url(app_for(simulated, "x"), state="s1", verifier="v" * 43)
    assert page_at(address).status_code == 200
    refused = page_at(address.replace(*change))
    assert refused.status_code == 400 and "location" not in refused.headers


def test_a_page_shows_hostile_words_as_words(simulated: Simulated) -> None:
    address = XSigning().authorize_url(app_for(simulated, "x"), state='"><script>alert(1)</script>', verifier="v" * 43)
    assert "<script>alert" not in page_at(address).text


def test_facebook_sends_nobody_to_an_address_that_is_not_registered(simulated: Simulated) -> None:
    address = MetaSigning().authorize_url(app_for(simulated, "facebook"), state="s1", verifier="v")
    assert page_at(address).status_code == 200
    assert page_at(address.replace("facebook%2Freturn", "other%2Freturn")).status_code == 400


def test_an_instance_holds_an_app_to_the_address_that_it_registered(simulated: Simulated) -> None:
    app = MastodonSigning().register(app_for(simulated, "mastodon"))
    address = MastodonSigning().authorize_url(app, state="s1", verifier="v" * 43)
    assert page_at(address).status_code == 200
    assert page_at(address.replace("desk.example", "evil.example")).status_code == 400
    assert page_at(address.replace(app.client_id, "unknown")).status_code == 400
    made = requests.post(simulated.address + "/mastodon/api/v1/apps", data={"client_name": "x"}, timeout=30)
    assert made.status_code == 422


def test_a_revoked_token_of_x_takes_its_family_with_it(simulated: Simulated) -> None:
    app = app_for(simulated, "x")
    (found,) = grant(XSigning(), app).found
    url = simulated.address + "/x/2/oauth2/revoke"
    assert requests.post(url, data={"token": found.credentials["refresh_token"]}, timeout=30).status_code == 401
    answer = requests.post(url, data={"token": found.credentials["refresh_token"]}, auth=KEYS, timeout=30)
    assert answer.json() == {"revoked": True}
    assert _me(simulated, found.credentials["access_token"]).status_code == 401


def test_a_token_of_x_reads_only_what_was_granted(simulated: Simulated) -> None:
    (found,) = grant(XSigning(), app_for(simulated, "x")).found
    token = found.credentials["access_token"]
    assert _me(simulated, token).status_code == 200
    simulated.world.grants.tokens[token].grant.scopes = frozenset({"tweet.read"})
    assert _me(simulated, token).status_code == 403
    assert _me(simulated, token + "x").status_code == 401


def _me(simulated: Simulated, token: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(simulated.address + "/x/2/users/me", headers=headers, timeout=30)


def test_a_code_of_one_platform_is_none_of_another(simulated: Simulated) -> None:
    code, _verifier = code_for(MetaSigning(), app_for(simulated, "facebook"))
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "x", "code_verifier": "v"}
    answer = requests.post(simulated.address + "/x/2/oauth2/token", data=form, auth=KEYS, timeout=30)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def _graph(simulated: Simulated, path: str, token: str, **params: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{simulated.address}/graph/v25.0/{path}", params=params, headers=headers, timeout=30)


def test_debug_token_tells_what_a_token_is(simulated: Simulated) -> None:
    found = grant(MetaSigning(), app_for(simulated, "facebook"), without=("pages_messaging",)).found[0]
    token = found.credentials["access_token"]
    told = _graph(simulated, "debug_token", "|".join(KEYS), input_token=token).json()["data"]
    assert (told["type"], told["is_valid"], told["expires_at"], told["profile_id"]) == ("PAGE", True, 0, PAGE_ID)
    assert "pages_read_engagement" in told["scopes"] and "pages_messaging" not in told["scopes"]
    assert _graph(simulated, "debug_token", "somebody|else", input_token=token).status_code == 400
    assert _graph(simulated, "debug_token", token, input_token=token).json()["data"] == told
    simulated.world.grants.tokens[token].grant.is_revoked = True
    assert not _graph(simulated, "debug_token", "|".join(KEYS), input_token=token).json()["data"]["is_valid"]


def test_facebook_wants_the_proof_of_the_apps_secret(simulated: Simulated) -> None:
    grant(MetaSigning(), app_for(simulated, "facebook"))
    user = next(token for token, known in simulated.world.grants.tokens.items() if known.kind == "user")
    answer = _graph(simulated, "me/accounts", user)
    assert answer.status_code == 400 and "appsecret_proof" in answer.json()["error"]["message"]


def test_a_users_token_ends_and_a_pages_does_not(simulated: Simulated) -> None:
    found = grant(MetaSigning(), app_for(simulated, "facebook")).found[0]
    users = [token for token, known in simulated.world.grants.tokens.items() if known.kind == "user"]
    simulated.world.shift_clock(61 * 24 * 3600)
    assert all(_graph(simulated, "me/permissions", user).status_code == 401 for user in users)
    assert _graph(simulated, PAGE_ID, found.credentials["access_token"], fields="id").status_code == 200


def test_an_instances_token_is_over_when_it_is_revoked(simulated: Simulated) -> None:
    app = MastodonSigning().register(app_for(simulated, "mastodon"))
    (found,) = grant(MastodonSigning(), app).found
    url = simulated.address + "/mastodon/oauth/revoke"
    form = {"token": found.credentials["access_token"], "client_id": "x"}
    assert requests.post(url, data=form, timeout=30).status_code == 403
    assert requests.post(url, data={**form, "client_id": app.client_id}, timeout=30).status_code == 200
    headers = {"Authorization": f"Bearer {found.credentials['access_token']}"}
    me = requests.get(f"{simulated.address}/mastodon/api/v1/accounts/verify_credentials", headers=headers, timeout=30)
    assert me.status_code == 401


def test_a_late_answer_was_carried_out_at_once(simulated: Simulated) -> None:
    (found,) = grant(XSigning(), app_for(simulated, "x")).found
    simulated.add_fault("late", "/2/oauth2/token", seconds=0.2)
    fresh = XSigning().refresh(app_for(simulated, "x"), found.credentials)
    assert _me(simulated, fresh["access_token"]).status_code == 200
