"""Signing in at a Mastodon instance: the app registers itself there, then the usual code flow. Tokens do not end.

https://docs.joinmastodon.org/client/authorized/
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from monitor.platforms.base import SignIn
from monitor.platforms.errors import RejectedError
from monitor.platforms.payload import id_at, text_at
from monitor.platforms.signing import (
    App,
    Found,
    Granted,
    address_with,
    challenge_of,
    get_json,
    open_session,
    post_form,
    refusal_of,
    with_keys,
)

SIGN_IN = SignIn(return_code="mastodon", scopes=("read", "write"), needed_scopes=("read", "write"), asks_server=True)
_NAME = "Mentiondesk"
_SCOPES = " ".join(SIGN_IN.scopes)


class MastodonSigning:
    def register(self, app: App) -> App:
        """Each instance gives keys to every app that asks; they belong to this one sign-in."""
        form = {"client_name": _NAME, "redirect_uris": app.redirect_url, "scopes": _SCOPES}
        status, body = post_form(open_session(app), app.api_url + "/api/v1/apps", form, platform="The instance")
        client_id, secret = text_at(body, "client_id"), text_at(body, "client_secret")
        if status != 200 or not client_id or not secret:
            raise RejectedError(f"the instance answered {status} to the registration", code="no_instance")
        return with_keys(app, client_id, secret)

    def authorize_url(self, app: App, *, state: str, verifier: str) -> str:
        params = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": app.redirect_url,
            "scope": _SCOPES,
            "state": state,
            # Checked since 4.3; older ones look past it.
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        return address_with(app.web_url + "/oauth/authorize", params)

    def exchange(self, app: App, *, code: str, verifier: str) -> Granted:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "redirect_uri": app.redirect_url,
            "scope": _SCOPES,
            "code_verifier": verifier,
        }
        session = open_session(app)
        status, body = post_form(session, app.api_url + "/oauth/token", form, platform="The instance")
        token = text_at(body, "access_token") if status == 200 else ""
        if not token:
            raise refusal_of(status, body, platform="The instance", code="code_refused")
        scopes = frozenset(text_at(body, "scope").split()) or frozenset(SIGN_IN.scopes)
        status, me = get_json(
            session, app.api_url + "/api/v1/accounts/verify_credentials", {}, token=token, platform="The instance"
        )
        if status != 200 or not id_at(me, "id"):
            raise RejectedError(f"the instance answered {status} when asked whose token this is", code="no_instance")
        return Granted(scopes, (self._found(app, token, me),))

    def refresh(self, app: App, credentials: Mapping[str, str]) -> Mapping[str, str]:
        raise RejectedError("tokens of Mastodon are not renewed", code="bad_request")

    def _found(self, app: App, token: str, me: Mapping[str, object]) -> Found:
        """A typed instance stays with the credentials: calls to it go to the public internet only."""
        credentials = {"access_token": token}
        if app.is_typed:
            credentials["instance"] = app.api_url
        handle, name = text_at(me, "username"), text_at(me, "display_name")
        where = urlsplit(app.api_url).hostname or ""
        return Found("mastodon", "account", id_at(me, "id"), credentials, handle, name or f"{handle}@{where}")
