"""Signing in at a platform in the browser: what a platform's own `sign_in.py` hands over, and what they share.

Nothing here knows who asks or where the outcome is kept (`brands.services.signing_in`, `brands.services.renewing`).
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import requests

from monitor.platforms.errors import (
    MalformedPayloadError,
    PlatformError,
    RateLimitedError,
    RejectedError,
    UnconfirmedSendError,
)
from monitor.platforms.payload import text_at
from monitor.platforms.transport import GuardedSession, translate_failure

#: The app that the simulated platforms know. Worth nothing anywhere else.
SIMULATED_CLIENT_ID = "simulated-client-id"
SIMULATED_CLIENT_SECRET = "simulated-client-secret"  # noqa: S105


@dataclass(frozen=True, slots=True)
class App:
    """This installation as a platform knows it. A public client has no secret (X allows both kinds)."""

    client_id: str
    redirect_url: str
    api_url: str
    web_url: str
    client_secret: str = field(default="", repr=False)
    # The address came from a person's keyboard: only the public internet may be called.
    is_typed: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A channel that a sign-in opens. `lacks` names what the person may not do there (Meta's tasks on a Page)."""

    platform: str
    kind: str
    external_id: str
    credentials: Mapping[str, str] = field(repr=False)
    handle: str = ""
    name: str = ""
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Granted:
    """What a person has consented to, and the channels that come of it."""

    scopes: frozenset[str]
    found: tuple[Found, ...]


class Signing(Protocol):
    """Errors are PlatformError: RejectedError("code_refused") for a code that the platform does not take."""

    def register(self, app: App) -> App:
        """The app with keys of its own, where a server gives them to everybody who asks; else the app as it was."""

    def authorize_url(self, app: App, *, state: str, verifier: str) -> str:
        """Where the browser goes. Only the hash of the verifier is in it."""

    def exchange(self, app: App, *, code: str, verifier: str) -> Granted:
        """Trades the code of the return address for credentials, and looks what they open."""

    def refresh(self, app: App, credentials: Mapping[str, str]) -> Mapping[str, str]:
        """New credentials for old ones, which may be dead from then on. Raises UnconfirmedSendError when in doubt."""


def new_verifier() -> str:
    """RFC 7636: 43 to 128 letters of the unreserved set."""
    return secrets.token_urlsafe(64)


def challenge_of(verifier: str) -> str:
    """S256: https://datatracker.ietf.org/doc/html/rfc7636#section-4.2"""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def address_with(address: str, params: Mapping[str, str]) -> str:
    return f"{address}?{urlencode(params)}"


def missing_scopes(wanted: Sequence[str], granted: frozenset[str]) -> tuple[str, ...]:
    return tuple(scope for scope in wanted if scope not in granted)


def expiry_after(seconds: object, now: datetime) -> str:
    """How credentials keep their end; "" where the platform names none."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        return ""
    return (now + timedelta(seconds=float(seconds))).isoformat()


def expires_at(credentials: Mapping[str, str]) -> datetime | None:
    """When an access token ends that was got by signing in; None where it does not, or nobody said so."""
    try:
        moment = datetime.fromisoformat(credentials.get("expires_at", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def can_renew(credentials: Mapping[str, str]) -> bool:
    return bool(credentials.get("refresh_token"))


def typed_server(text: str) -> str:
    """`https://host` of what a person typed as a server. Raises RejectedError for what is no public https address."""
    given = text.strip().rstrip("/")
    # People type their full name as readily: @brand@social.example
    address = given if "://" in given else f"https://{given.rpartition('@')[2]}"
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port not in (None, 443) else ""
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError:
        host = ""
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) or parts.scheme != "https" or "@" in parts.netloc:
        raise RejectedError("this is no address of a server", code="bad_server")
    if parts.path or parts.query or parts.fragment:
        raise RejectedError("this is more than the address of a server", code="bad_server")
    return f"https://{host}{port}"


def open_session(app: App) -> GuardedSession:
    return GuardedSession(built_for="", base_url=app.api_url, only_public=app.is_typed)


def post_form(
    session: GuardedSession,
    url: str,
    form: Mapping[str, str],
    *,
    platform: str,
    basic: tuple[str, str] | None = None,
) -> tuple[int, Mapping[str, Any]]:
    """Status and JSON of a token endpoint. Secrets travel in the body or a header, never in an address.

    Raises UnconfirmedSendError where the platform may have done it and its answer was lost.
    """
    problem: PlatformError
    headers = {"Accept": "application/json"}
    try:
        response = session.request("POST", url, data=dict(form), headers=headers, auth=basic or _NoLogin())
    except requests.RequestException as failure:
        problem = translate_failure(failure, platform=platform, is_write=True)
    else:
        if response.status_code == 429:
            raise RateLimitedError(f"{platform} asks to wait", retry_at=None)
        if response.status_code >= 500:
            raise UnconfirmedSendError(f"{platform} answered {response.status_code}")
        body = _json_of(response)
        if body is not None:
            return response.status_code, body
        problem = UnconfirmedSendError(f"{platform} answered something that is no JSON object")
    # Raised outside the except block: the library's exception, which knows the address, is not chained.
    raise problem


def get_json(
    session: GuardedSession, url: str, params: Mapping[str, str], *, token: str, platform: str
) -> tuple[int, Mapping[str, Any]]:
    """Status and JSON of a read with a bearer token."""
    problem: PlatformError
    try:
        response = session.request("GET", url, params=dict(params), auth=_Bearer(token))
    except requests.RequestException as failure:
        problem = translate_failure(failure, platform=platform, is_write=False)
    else:
        body = _json_of(response)
        if body is not None:
            return response.status_code, body
        problem = MalformedPayloadError(f"{platform} answered something that is no JSON object")
    raise problem


def refusal_of(status: int, body: Mapping[str, Any], *, platform: str, code: str) -> RejectedError:
    """A refusal of a token endpoint (RFC 6749, 5.2). Its words are not passed on: they may quote what was sent."""
    error = text_at(body, "error")
    is_about_app = error in ("invalid_client", "unauthorized_client")
    word = error if error.replace("_", "").isalpha() and len(error) < 40 else ""
    label = f"{platform} answered {status}" + (f" ({word})" if word else "")
    return RejectedError(label, code="app_refused" if is_about_app else code)


def with_keys(app: App, client_id: str, client_secret: str) -> App:
    return replace(app, client_id=client_id, client_secret=client_secret)


def _json_of(response: requests.Response) -> Mapping[str, Any] | None:
    try:
        body = response.json()
    except requests.JSONDecodeError:
        return None
    return body if isinstance(body, Mapping) else None


class _Bearer(requests.auth.AuthBase):
    """As `auth`, so that a .netrc of the machine does not put another login in its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _NoLogin(requests.auth.AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request
