"""Fetches a feed: conditional requests, redirects within the site only, every answer in our tree of errors.

https://www.rfc-editor.org/rfc/rfc9110 (conditional requests, redirects, Retry-After)
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import requests

from monitor import __version__
from monitor.platforms.base import ChannelContext
from monitor.platforms.budget import Budget
from monitor.platforms.errors import (
    AuthExpiredError,
    MalformedPayloadError,
    PlatformError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from monitor.platforms.feed.address import below, check_address, is_same_site, is_secure, join_address, without_query
from monitor.platforms.public_hosts import NotPublicError
from monitor.platforms.times import utc_now
from monitor.platforms.transport import READ_SECONDS, BodyTooLargeError, GuardedSession, translate_failure

MOST_BYTES = 8 * 1024 * 1024
_MOST_REDIRECTS = 4
_PERMANENT = frozenset({301, 308})
_REDIRECTS = _PERMANENT | {302, 303, 307}
_LONGEST_WAIT = timedelta(days=1)
_HEADERS = {
    "User-Agent": f"Mentiondesk/{__version__} (reads a feed for its user)",
    "Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1",
}
# Our code and words for what a status means of a feed, whoever publishes it.
_REFUSALS: Mapping[int, tuple[str, str]] = {
    402: ("permission_missing", "the publisher asks for money"),
    403: ("permission_missing", "the publisher lets us not read it"),
    404: ("no_feed", "there is nothing"),
    410: ("retired", "the publisher has given up this feed"),
    451: ("policy_block", "the publisher may not show it"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is None where nothing has changed. `address` is where the feed was found, `moved_to` where it has moved
    to for good within its own site ("" where it has not)."""

    body: bytes | None
    content_type: str
    etag: str
    modified: str
    address: str
    moved_to: str = ""


class FeedClient:
    """One channel's requests. With the channel's own address of the API the guard against private networks is off:
    an operator wrote it, not a user."""

    def __init__(
        self,
        context: ChannelContext,
        budget: Budget,
        *,
        now: Callable[[], datetime] = utc_now,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._base_url = context.api_url
        self._credentials = context.credentials
        self._budget = budget
        self._now = now
        self._session = GuardedSession(
            built_for="",
            base_url="",
            read_seconds=read_seconds,
            most_bytes=MOST_BYTES,
            only_public=not context.api_url,
        )
        # No .netrc of this machine for a stranger's feed.
        self._session.trust_env = False

    def fetch(self, address: str, *, etag: str = "", modified: str = "") -> Answer:
        """One feed document. Raises PlatformError; its text and chain hold no credentials."""
        place, moved_to, is_permanent = check_address(address), "", True
        for _hop in range(_MOST_REDIRECTS):
            response = self._get(place, etag, modified)
            if response.status_code not in _REDIRECTS:
                return self._read(response, place, moved_to)
            target = join_address(place, response.headers.get("location", ""))
            if not is_same_site(place, target):
                raise RejectedError(f"the feed has moved to {without_query(target)}", code="moved")
            is_permanent = is_permanent and response.status_code in _PERMANENT
            moved_to = target if is_permanent else moved_to
            place = target
        raise RejectedError("the feed redirects without end", code="bad_request")

    def _get(self, place: str, etag: str, modified: str) -> requests.Response:
        headers = dict(_HEADERS)
        if etag:
            headers["If-None-Match"] = etag
        if modified:
            headers["If-Modified-Since"] = modified
        headers |= self._login(place)
        url = below(self._base_url, place) if self._base_url else place
        self._budget.spend("feed")
        problem: PlatformError
        try:
            response = self._session.get(url, headers=headers)
        except NotPublicError:
            problem = RejectedError("the address does not lead to the public internet", code="not_public")
        except BodyTooLargeError:
            problem = MalformedPayloadError(f"the feed is larger than {MOST_BYTES // 1024 // 1024} MiB")
        except requests.RequestException as failure:
            problem = translate_failure(failure, platform="the feed", is_write=False)
        except (ValueError, UnicodeError) as failure:
            problem = RejectedError(
                f"the feed's address cannot be called ({type(failure).__name__})", code="bad_request"
            )
        else:
            self._learn(response.headers)
            return response
        # Raised outside the except block: the library's exception, which knows the login, is not chained.
        raise problem

    def _login(self, place: str) -> Mapping[str, str]:
        user = self._credentials.get("username", "")
        if not user:
            return {}
        if not is_secure(place):
            raise RejectedError("a password is sent over https only", code="bad_request")
        login = f"{user}:{self._credentials.get('password', '')}".encode()
        return {"Authorization": "Basic " + base64.b64encode(login).decode()}

    def _read(self, response: requests.Response, place: str, moved_to: str) -> Answer:
        if response.status_code not in (200, 304):
            raise translate(response.status_code, response.headers, has_login=bool(self._credentials), now=self._now())
        return Answer(
            body=response.content if response.status_code == 200 else None,
            content_type=response.headers.get("content-type", "")[:200],
            etag=_validator(response.headers.get("etag", "")),
            modified=_validator(response.headers.get("last-modified", "")),
            address=place,
            moved_to=moved_to,
        )

    def _learn(self, headers: Mapping[str, str]) -> None:
        left, used = _number(headers, "x-ratelimit-remaining"), _number(headers, "x-ratelimit-used")
        limit, reset = _number(headers, "x-ratelimit-limit"), _number(headers, "x-ratelimit-reset")
        if left is None or reset is None:
            return
        if limit is None and used is not None:
            limit = left + used
        # Some write seconds to wait, some the moment.
        moment = datetime.fromtimestamp(reset, UTC) if reset > 1_000_000_000 else self._now() + timedelta(seconds=reset)
        self._budget.learn("feed", remaining=left, limit=limit, resets_at=min(moment, self._now() + _LONGEST_WAIT))


def translate(status: int, headers: Mapping[str, str], *, has_login: bool, now: datetime) -> PlatformError:
    """Turns a refusal into our tree. Nothing of the answer's body is told."""
    label = f"the feed answered {status}"
    retry_at = retry_in_headers(headers, now)
    if status == 429 or (status == 503 and retry_at is not None):
        return RateLimitedError(label, retry_at=retry_at)
    if status >= 500 or status in (408, 425):
        return UnavailableError(label)
    if status == 401:
        return AuthExpiredError(label) if has_login else RejectedError(f"{label}: login", code="permission_missing")
    if status < 400:
        return MalformedPayloadError(label)
    code, why = _REFUSALS.get(status, ("bad_request", "it does not like the request"))
    return RejectedError(f"{label}: {why}", code=code)


def retry_in_headers(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When to come back: seconds or a date; None where it is missing, past or nonsense. A day at most."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        moment = now + timedelta(seconds=int(text))
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return min(moment, now + _LONGEST_WAIT) if moment > now else None


def _number(headers: Mapping[str, str], name: str) -> int | None:
    """Reddit writes fractions."""
    whole = headers.get(name, "").strip().partition(".")[0]
    return int(whole) if whole.isascii() and whole.isdigit() and len(whole) <= 10 else None


def _validator(text: str) -> str:
    """An ETag or a date to send back as it came; one that could not be sent is none."""
    return text if text.isascii() and text.isprintable() and len(text) <= 500 else ""
