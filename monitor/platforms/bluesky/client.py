"""XRPC calls of one channel: address, tokens, budget and rate headers around every call.

The atproto library is not used here: importing its models costs two seconds and 65 MB in every worker, and its client
brings a second HTTP stack. Its models judge what we write and what the simulator answers in the tests.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import requests

from monitor.platforms.base import ChannelContext
from monitor.platforms.bluesky.errors import is_stale_token, translate
from monitor.platforms.bluesky.session import Tokens, session_of
from monitor.platforms.budget import Budget
from monitor.platforms.errors import (
    AuthExpiredError,
    MalformedPayloadError,
    PlatformError,
    RejectedError,
    UnconfirmedSendError,
)
from monitor.platforms.payload import text_at
from monitor.platforms.times import utc_now
from monitor.platforms.transport import READ_SECONDS, GuardedSession, rate_in_headers, translate_failure

#: Chats live with a service of their own, behind the account's server (https://docs.bsky.app/docs/api/chat-bsky).
CHAT_SERVICE = "did:web:api.bsky.chat#bsky_chat"

Params = Mapping[str, Any]


class BlueskyClient:
    """Nothing is sent before the budget has allowed it."""

    def __init__(
        self,
        context: ChannelContext,
        budget: Budget,
        *,
        now: Callable[[], datetime] = utc_now,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        # A server that somebody typed may lead anywhere; the settings' own is the operator's word.
        typed = context.credentials.get("server", "").strip().rstrip("/")
        typed = typed if not typed or "://" in typed else f"https://{typed}"
        self._address = typed or context.api_url.rstrip("/")
        self._is_trusted = not typed or typed.startswith("https://")
        self._identifier = context.credentials.get("identifier", "")
        self._password = context.credentials.get("app_password", "")
        self._budget = budget
        self._now = now
        self._http = GuardedSession(
            built_for="", base_url=self._address, read_seconds=read_seconds, only_public=bool(typed)
        )
        self._session = session_of(self._address, self._identifier, self._password)

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the last answer, names in lower case."""
        return self._http.last_headers

    def did(self) -> str:
        """Who the credentials belong to. Raises PlatformError."""
        return self._session.tokens(self._log_in).did

    def query(self, method: str, params: Params, *, endpoint: str) -> Mapping[str, Any]:
        """A read. Raises PlatformError; its text and chain hold no token."""
        return self._call("GET", method, endpoint, params=params)

    def procedure(
        self, method: str, body: Mapping[str, Any], *, endpoint: str, is_write: bool = True
    ) -> Mapping[str, Any]:
        """A write. Raises PlatformError; UnconfirmedSendError where it may have happened."""
        return self._call("POST", method, endpoint, body=body, is_write=is_write)

    def _call(
        self,
        verb: str,
        method: str,
        endpoint: str,
        *,
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
        is_write: bool = False,
    ) -> Mapping[str, Any]:
        tokens = self._session.tokens(self._log_in)
        for is_last in (False, True):
            self._budget.spend(endpoint, is_write=is_write)
            response = self._exchange(verb, method, tokens.access, params=params, body=body, is_write=is_write)
            self._learn(endpoint)
            if _is_success(response):
                return _object_of(response, is_write)
            told = _json_of(response)
            if is_last or not is_stale_token(told):
                break
            # Refused at the door: nothing was done, so the same call may go again with other tokens.
            tokens = self._session.renew(tokens, self._refresh, self._log_in)
        raise translate(response.status_code, told, self.headers, is_write=is_write, now=self._now())

    def _exchange(
        self,
        verb: str,
        method: str,
        token: str,
        *,
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
        is_write: bool = False,
    ) -> requests.Response:
        if not self._is_trusted:
            raise RejectedError("the server must be reached over https", code="bad_request")
        problem: PlatformError
        headers = {"Accept": "application/json"}
        if method.startswith("chat.bsky."):
            headers["atproto-proxy"] = CHAT_SERVICE
        try:
            return self._http.request(
                verb, f"{self._address}/xrpc/{method}", params=params, json=body, headers=headers, auth=_Bearer(token)
            )
        except requests.RequestException as failure:
            problem = translate_failure(failure, platform="Bluesky", is_write=is_write)
        # Raised outside the except block: the library's exception, which knows the token, is not chained.
        raise problem

    # -- Tokens ----------------------------------------------------------------------------------

    def _log_in(self) -> Tokens:
        if not self._identifier or not self._password:
            raise AuthExpiredError("the channel has no identifier or no app password")
        wanted = {"identifier": self._identifier, "password": self._password}
        return self._new_tokens("com.atproto.server.createSession", "", wanted)

    def _refresh(self, refresh_token: str) -> Tokens:
        return self._new_tokens("com.atproto.server.refreshSession", refresh_token, None)

    def _new_tokens(self, method: str, token: str, body: Mapping[str, Any] | None) -> Tokens:
        """Making a session changes nothing that anybody sees: doubt about it is no more than a failed read."""
        self._budget.spend("session")
        response = self._exchange("POST", method, token, body=body)
        self._learn("session")
        if not _is_success(response):
            raise translate(response.status_code, _json_of(response), self.headers, is_write=False, now=self._now())
        made = _object_of(response, is_write=False)
        tokens = Tokens(text_at(made, "did"), text_at(made, "accessJwt"), text_at(made, "refreshJwt"))
        if not (tokens.did and tokens.access and tokens.refresh):
            raise MalformedPayloadError("Bluesky made a session without tokens")
        return tokens

    def _learn(self, endpoint: str) -> None:
        remaining, limit, resets_at = rate_in_headers(self.headers)
        if limit is not None:
            self._budget.learn(endpoint, remaining=remaining, limit=limit, resets_at=resets_at)


class _Bearer(requests.auth.AuthBase):
    """Given as `auth`, the token is not replaced by what a .netrc file says of this host."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _json_of(response: requests.Response) -> object:
    try:
        return response.json()
    except requests.JSONDecodeError:
        return None


def _object_of(response: requests.Response, is_write: bool) -> Mapping[str, Any]:
    told = _json_of(response)
    if isinstance(told, Mapping):
        return told
    if not response.content.strip() and is_write:
        # Deleting a record may be answered with nothing at all.
        return {}
    message = "Bluesky answered something that is no JSON object"
    raise UnconfirmedSendError(message) if is_write else MalformedPayloadError(message)


def _is_success(response: requests.Response) -> bool:
    """A redirect is none: it is not followed."""
    return 200 <= response.status_code < 300
