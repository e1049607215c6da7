"""One HTTP session for every client library: fixed time-outs, no redirects, a size cap, and failures told apart.

tweepy and facebook-sdk know none of this. Nothing raised from here holds an address, a header or a body.
"""

import logging
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import requests
from requests.exceptions import (
    ChunkedEncodingError,
    ConnectTimeout,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
    SSLError,
)
from requests.exceptions import (
    ConnectionError as RequestsConnectionError,
)
from urllib3.exceptions import HTTPError, MaxRetryError, NameResolutionError, NewConnectionError

from monitor.platforms.errors import (
    MalformedPayloadError,
    PlatformError,
    RejectedError,
    UnavailableError,
    UnconfirmedSendError,
)
from monitor.platforms.public_hosts import NotPublicError, PublicAdapter
from monitor.platforms.times import parse_time

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
MAX_BODY_BYTES = 32 * 1024 * 1024

# These write headers, bodies and signatures at DEBUG. A level set here holds whatever the root logger is set to.
for _name in ("tweepy", "oauthlib", "requests_oauthlib", "urllib3", "requests", "facebook"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class BodyTooLargeError(requests.RequestException):
    """The answer was larger than any documented answer."""


class BodyTooSlowError(requests.RequestException):
    """The answer came in drops and would have held the worker."""


class GuardedSession(requests.Session):
    """Sends requests for `built_for` to `base_url` instead, so that a signature covers the address really called.

    The last answer's headers stay in `last_headers`: the libraries throw them away. With `only_public` no address of
    this machine's own network is called, whatever a name resolves to (`public_hosts.py`).
    """

    def __init__(
        self,
        *,
        built_for: str,
        base_url: str,
        read_seconds: float = READ_SECONDS,
        most_bytes: int | None = None,
        only_public: bool = False,
    ) -> None:
        super().__init__()
        self.most_bytes = most_bytes
        if only_public:
            self.trust_env = False
            self.mount("https://", PublicAdapter())
            self.mount("http://", PublicAdapter())
        self.built_for = built_for
        self.base_url = base_url.rstrip("/")
        self.read_seconds = read_seconds
        self.last_headers: dict[str, str] = {}

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        if self.built_for and url.startswith(self.built_for):
            url = self.base_url + "/" + url.removeprefix(self.built_for).lstrip("/")
        options |= {
            "timeout": (CONNECT_SECONDS, self.read_seconds),
            "allow_redirects": False,
            "stream": True,
        }
        self.last_headers = {}
        deadline = time.monotonic() + CONNECT_SECONDS + self.read_seconds
        response = super().request(method, url, **options)
        _read_body(response, deadline, self.most_bytes or MAX_BODY_BYTES)
        self.last_headers = {name.lower(): value for name, value in response.headers.items()}
        return response


def _read_body(response: requests.Response, deadline: float, most_bytes: int) -> None:
    """Reads the whole body within a time and a size, where requests only limits the time between two bytes."""
    body = bytearray()
    try:
        while chunk := _read_some(response, deadline):
            body += chunk
            if len(body) > most_bytes:
                raise BodyTooLargeError("the answer is too large")
    except (HTTPError, OSError) as failure:
        response.close()
        if isinstance(failure, requests.RequestException):
            raise
        raise ChunkedEncodingError("the answer broke off") from None
    response._content = bytes(body)
    response._content_consumed = True  # type: ignore[attr-defined]


def _read_some(response: requests.Response, deadline: float) -> bytes:
    left = deadline - time.monotonic()
    if left <= 0:
        raise BodyTooSlowError("the answer is too slow")
    # The socket still has the time that was set for the first byte. It is None once the last byte has been buffered.
    connection = getattr(response.raw, "connection", None)
    if connection is not None and connection.sock is not None:
        connection.sock.settimeout(left)
    some: bytes = response.raw.read1(65536, decode_content=True)
    return some


def was_never_sent(failure: requests.RequestException) -> bool:
    """True only where it is certain that no byte of the request reached the platform."""
    if isinstance(failure, ConnectTimeout | InvalidURL | InvalidSchema | MissingSchema):
        return True
    cause = failure.args[0] if failure.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(failure, SSLError):
        return "CERTIFICATE_VERIFY_FAILED" in str(reason)
    return isinstance(failure, RequestsConnectionError) and isinstance(reason, NewConnectionError | NameResolutionError)


def translate_failure(failure: requests.RequestException, *, platform: str, is_write: bool) -> PlatformError:
    """What a failed exchange means: repeat it later, or read back first because a write may have happened."""
    kind = type(failure).__name__
    if isinstance(failure, NotPublicError):
        return RejectedError("the address leads into a private network", code="not_public")
    if is_write and not was_never_sent(failure):
        return UnconfirmedSendError(f"{platform} did not confirm a write ({kind})")
    return UnavailableError(f"{platform} could not be reached ({kind})")


def rate_in_headers(
    headers: Mapping[str, str], prefix: str = "ratelimit"
) -> tuple[int | None, int | None, datetime | None]:
    """Calls left, calls allowed and the end of the window, from `<prefix>-remaining`, `-limit` and `-reset` (seconds
    since 1970, or ISO 8601); None for what is not told."""
    numbers = []
    for name in ("remaining", "limit"):
        text = headers.get(f"{prefix}-{name}", "")
        numbers.append(int(text) if text.isascii() and text.isdigit() and len(text) <= 11 else None)
    try:
        resets_at = parse_time(headers.get(f"{prefix}-reset", ""))
    except MalformedPayloadError:
        resets_at = None
    return numbers[0], numbers[1], resets_at
