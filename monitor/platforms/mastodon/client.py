"""Mastodon.py on our own session: the instance's address and token, budget, headers and errors around every call.

The library makes the requests. Answers are read here, as JSON: it would turn them into objects of its own, and wraps
each failure into words that hold the address.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import mastodon
import requests

from monitor.platforms.base import ChannelContext
from monitor.platforms.budget import Budget
from monitor.platforms.errors import MalformedPayloadError, PlatformError, RejectedError, UnconfirmedSendError
from monitor.platforms.mastodon.errors import translate
from monitor.platforms.mastodon.lists import Links
from monitor.platforms.mastodon.normalize import instance_of
from monitor.platforms.times import utc_now
from monitor.platforms.transport import READ_SECONDS, GuardedSession, rate_in_headers, translate_failure

# The most that every instance gives at once.
PAGE_SIZE = 40
# Stands where no address was given: building a connector must not fail, only its calls.
_NOWHERE = "https://instance.invalid"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_USER_AGENT = "Mentiondesk"
_LINK = re.compile(r'<([^<>]*)>\s*;[^,<]*?\brel="?(next|prev)\b', re.IGNORECASE)


class InstanceSession(GuardedSession):
    """Keeps the last answer, and asks for all notifications where the library does not know how."""

    last: requests.Response | None = None

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        self.last = None
        if method == "GET" and url.endswith("/api/v1/notifications"):
            # Since 4.3 an account's first private message to us is set aside by default, and left out of the list.
            options["params"] = {**(options.get("params") or {}), "include_filtered": "true"}
        self.last = super().request(method, url, **options)
        return self.last


class MastodonClient:
    """One channel's calls. Nothing is sent before the budget has allowed it."""

    def __init__(
        self,
        context: ChannelContext,
        budget: Budget,
        *,
        now: Callable[[], datetime] = utc_now,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._budget = budget
        self._now = now
        self._address = instance_of(context)
        base_url = self._address or _NOWHERE
        # An instance that somebody typed may lead anywhere: only the public internet is called then.
        self._session = InstanceSession(
            built_for="", base_url=base_url, read_seconds=read_seconds, only_public=not context.api_url
        )
        token = context.credentials.get("access_token", "").strip()
        self._has_token = bool(token)
        self.library = mastodon.Mastodon(
            access_token=token or None,
            api_base_url=base_url,
            ratelimit_method="throw",
            version_check_mode="none",
            session=self._session,
            user_agent=_USER_AGENT,
        )
        # It would ask the instance for its settings before each look at a hashtag, and only warn.
        self.library.timeline_is_available = lambda *_arguments, **_options: True  # type: ignore[method-assign]
        self._is_trusted = bool(context.api_url) or _is_safe(base_url)

    @property
    def links(self) -> Links:
        """Where the list of the last answer goes on."""
        header = self._session.last_headers.get("link", "")
        queries = {rel.lower(): dict(parse_qsl(_query_of(url))) for url, rel in _LINK.findall(header)}
        return Links(queries.get("next", {}).get("max_id", ""), queries.get("prev", {}).get("min_id", ""))

    def rate(self) -> tuple[int | None, int | None, datetime | None]:
        return rate_in_headers(self._session.last_headers, "x-ratelimit")

    def call(
        self,
        method: Callable[..., Any],
        *arguments: Any,
        endpoint: str = "calls",
        is_write: bool = False,
        **options: Any,
    ) -> Any:
        """One call of a library method; the answer's JSON. Raises PlatformError; its text and chain hold no token.

        Mastodon counts all calls of a token together (`endpoint` "calls"), deletions also by themselves.
        """
        if not self._address:
            raise RejectedError("the address of the instance is missing in the credentials", code="bad_request")
        if not self._is_trusted:
            raise RejectedError("the instance must be reached over https", code="bad_request")
        self._budget.spend(endpoint, is_write=is_write)
        problem: PlatformError | None = None
        try:
            method(*arguments, **options)
        except mastodon.MastodonNetworkError as failure:
            problem = _unreached(failure, is_write=is_write)
        except (mastodon.MastodonError, ValueError, TypeError, AttributeError, LookupError):
            # What the library makes of an answer is not asked; without one it was the request that it refused.
            if self._session.last is None:
                problem = RejectedError("Mastodon.py does not accept this call", code="bad_request")
        answer, refusal = (None, problem) if problem is not None else self._read(is_write=is_write)
        self._learn(endpoint)
        # Raised outside the except block: the library's exception, which knows the address, is not chained.
        if refusal is not None:
            raise refusal
        return answer

    def posts_of(self, account_id: str, bounds: Mapping[str, Any]) -> Any:
        """A page of what an account has written itself."""
        method = self.library.account_statuses
        return self.call(method, account_id, exclude_reblogs=True, limit=PAGE_SIZE, **bounds)

    def _read(self, *, is_write: bool) -> tuple[Any, PlatformError | None]:
        response = self._session.last
        assert response is not None
        try:
            body: Any = response.json()
        except requests.JSONDecodeError:
            body = None
        if response.status_code >= 300:
            refusal = translate(
                response.status_code,
                body,
                self._session.last_headers,
                is_write=is_write,
                has_token=self._has_token,
                now=self._now(),
            )
            return None, refusal
        if isinstance(body, Mapping | list):
            return body, None
        kind = UnconfirmedSendError if is_write else MalformedPayloadError
        return None, kind("Mastodon answered something that is no JSON object or list")

    def _learn(self, endpoint: str) -> None:
        remaining, limit, resets_at = self.rate()
        if limit is not None:
            self._budget.learn(endpoint, remaining=remaining, limit=limit, resets_at=resets_at)


def _is_safe(address: str) -> bool:
    """The token travels with every call: in the clear only to this machine."""
    try:
        parts = urlsplit(address)
        return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    except ValueError:
        return False


def _unreached(failure: Exception, *, is_write: bool) -> PlatformError:
    cause = failure.__context__
    if isinstance(cause, requests.RequestException):
        return translate_failure(cause, platform="Mastodon", is_write=is_write)
    return translate_failure(requests.RequestException(), platform="Mastodon", is_write=is_write)


def _query_of(url: str) -> str:
    try:
        return urlsplit(url).query
    except ValueError:
        return ""
