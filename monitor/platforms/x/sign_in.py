"""OAuth 2.0 with PKCE at X: the authorize page, the code, and the refresh token that changes with each use.

https://docs.x.com/resources/fundamentals/authentication/oauth-2-0/authorization-code
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from monitor.platforms.base import SignIn
from monitor.platforms.errors import AuthExpiredError, RejectedError, UnconfirmedSendError
from monitor.platforms.payload import id_at, mapping_at, text_at
from monitor.platforms.signing import (
    App,
    Found,
    Granted,
    address_with,
    challenge_of,
    expiry_after,
    get_json,
    open_session,
    post_form,
    refusal_of,
)
from monitor.platforms.times import utc_now

SIGN_IN = SignIn(
    return_code="x",
    # https://docs.x.com/fundamentals/authentication/oauth-2-0/overview#scopes; subscribing to activity asks for
    # like.read, too.
    scopes=(
        "tweet.read",
        "users.read",
        "offline.access",
        "tweet.write",
        "tweet.moderate.write",
        "like.read",
        "like.write",
        "dm.read",
        "dm.write",
    ),  # fmt: skip
    # Without offline.access the access would end after two hours.
    needed_scopes=("tweet.read", "users.read", "offline.access"),
)
_AUTHORIZE = "/i/oauth2/authorize"
_TOKEN = "/2/oauth2/token"  # noqa: S105  (an address)


class XSigning:
    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now

    def register(self, app: App) -> App:
        return app

    def authorize_url(self, app: App, *, state: str, verifier: str) -> str:
        return address_with(
            app.web_url + _AUTHORIZE,
            {
                "response_type": "code",
                "client_id": app.client_id,
                "redirect_uri": app.redirect_url,
                "scope": " ".join(SIGN_IN.scopes),
                "state": state,
                "code_challenge": challenge_of(verifier),
                "code_challenge_method": "S256",
            },
        )

    def exchange(self, app: App, *, code: str, verifier: str) -> Granted:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": app.redirect_url,
            "code_verifier": verifier,
        }
        status, body = self._ask(app, form)
        if status != 200:
            raise refusal_of(status, body, platform="X", code="code_refused")
        credentials = self._credentials(body)
        session = open_session(app)
        status, answer = get_json(
            session, app.api_url + "/2/users/me", {}, token=credentials["access_token"], platform="X"
        )
        me = mapping_at(answer, "data")
        if status != 200 or not id_at(me, "id"):
            raise RejectedError(f"X answered {status} when asked whose token this is", code="permission_missing")
        found = Found(
            "x", "account", id_at(me, "id"), credentials, handle=text_at(me, "username"), name=text_at(me, "name")
        )
        return Granted(frozenset(credentials["scopes"].split()), (found,))

    def refresh(self, app: App, credentials: Mapping[str, str]) -> Mapping[str, str]:
        form = {"grant_type": "refresh_token", "refresh_token": credentials["refresh_token"]}
        status, body = self._ask(app, form)
        if status == 200:
            return {**credentials, **self._credentials(body, earlier=credentials)}
        refusal = refusal_of(status, body, platform="X", code="code_refused")
        if refusal.code == "app_refused":
            raise refusal
        # X says invalid_request where others say invalid_grant: the token is used up, revoked or too old.
        raise AuthExpiredError(refusal.message, code="renewal_refused")

    def _ask(self, app: App, form: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
        """A confidential client proves itself in the header; a public one is named in the form."""
        basic = (app.client_id, app.client_secret) if app.client_secret else None
        named = form if basic else {**form, "client_id": app.client_id}
        return post_form(open_session(app), app.api_url + _TOKEN, named, platform="X", basic=basic)

    def _credentials(self, body: Mapping[str, Any], earlier: Mapping[str, str] | None = None) -> dict[str, str]:
        token = text_at(body, "access_token")
        if not token:
            raise UnconfirmedSendError("X answered without a token")
        before = earlier or {}
        return {
            "access_token": token,
            # Where no new one is given the old one stays good.
            "refresh_token": text_at(body, "refresh_token") or before.get("refresh_token", ""),
            "expires_at": expiry_after(body.get("expires_in", 7200), self._now()),
            "scopes": text_at(body, "scope") or before.get("scopes", ""),
        }
