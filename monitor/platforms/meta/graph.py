"""facebook-sdk made safe: token in a header, app secret proof, nested parameters, versions, usage, errors, pages.

The base class keeps get_object, get_connections, put_object and delete_object; everything they send comes by here.
"""

import hashlib
import hmac
import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from monitor.platforms.base import ChannelContext
from monitor.platforms.budget import Budget
from monitor.platforms.errors import MalformedPayloadError, PlatformError, UnconfirmedSendError
from monitor.platforms.meta.errors import translate
from monitor.platforms.payload import mapping_at, text_at
from monitor.platforms.times import utc_now
from monitor.platforms.transport import READ_SECONDS, GuardedSession, translate_failure

with warnings.catch_warnings():
    # The last release (2018) has an invalid escape sequence, which newer Pythons warn of.
    warnings.simplefilter("ignore")
    import facebook

DEFAULT_VERSION = "v25.0"
SLOW_DOWN_PERCENT = 80
_VERSION_PATH = re.compile(r"/(v\d{1,2}\.\d)$")
_USAGE_HEADERS = ("x-app-usage", "x-page-usage", "x-business-use-case-usage")


class Graph(facebook.GraphAPI):
    """One channel's calls. `api_url` may end in a version (`/v25.0`); otherwise DEFAULT_VERSION is asked for."""

    _now: Callable[[], datetime]
    _read_seconds: float

    def __init__(
        self,
        context: ChannelContext,
        budget: Budget,
        *,
        now: Callable[[], datetime] = utc_now,
        read_seconds: float = READ_SECONDS,
        like: "Graph | None" = None,
    ) -> None:
        if like is not None:
            now, read_seconds = like._now, like._read_seconds
        base_url, version = split_version(context.api_url)
        token = context.credentials.get("access_token", "")
        session = GuardedSession(built_for=facebook.FACEBOOK_GRAPH_URL, base_url=base_url, read_seconds=read_seconds)
        session.headers["Authorization"] = f"Bearer {token}"
        # No version here: the base class only knows those up to 3.1.
        super().__init__(token, session=session)
        self.version = version
        self._proof = proof_of(token, context.credentials.get("app_secret", ""))
        self._budget = budget
        self._now = now
        self._read_seconds = read_seconds
        self.usage_percent = 0
        self.regain_minutes = 0

    def request(
        self,
        path: str,
        args: Mapping[str, Any] | None = None,
        post_args: Mapping[str, Any] | None = None,
        files: None = None,
        method: str | None = None,
        *,
        is_write: bool | None = None,
        is_list: bool = False,
    ) -> Any:
        """One call. Raises PlatformError; its text and chain hold neither token nor address.

        `is_write=False`: a question that travels as a POST, because it is long or holds a secret.
        """
        method = "POST" if post_args is not None else method or "GET"
        is_write = method != "GET" if is_write is None else is_write
        self._budget.spend(endpoint_of(method, path), is_write=is_write)
        params = _spelled_out(args or {}) | self._proof
        problem: PlatformError
        try:
            response = self.session.request(
                method,
                facebook.FACEBOOK_GRAPH_URL + path,
                params=params,
                data=_spelled_out(post_args) if post_args is not None else None,
            )
        except requests.RequestException as failure:
            problem = translate_failure(failure, platform="Meta", is_write=is_write)
        else:
            self._learn(endpoint_of(method, path), response.headers)
            answer, refusal = self._read(response, is_write=is_write, is_list=is_list)
            if refusal is None:
                return answer
            problem = refusal
        raise problem

    def _read(
        self, response: requests.Response, *, is_write: bool, is_list: bool = False
    ) -> tuple[Any, PlatformError | None]:
        """The answer or why there is none. Errors come with any status, 200 included."""
        try:
            body = response.json()
        except requests.JSONDecodeError:
            body = None
        if response.status_code >= 300 or (isinstance(body, Mapping) and body.get("error")):
            retry_at = self._now() + timedelta(minutes=self.regain_minutes) if self.regain_minutes else None
            request_id = response.headers.get("x-fb-trace-id", "")
            return None, translate(
                response.status_code, body, is_write=is_write, retry_at=retry_at, request_id=request_id
            )
        if isinstance(body, Mapping) or body is True or (is_list and isinstance(body, list)):
            return body, None
        if is_write:
            return None, UnconfirmedSendError("Meta's answer to a write cannot be read")
        return None, MalformedPayloadError("Meta answered something that is not a JSON object")

    def _learn(self, endpoint: str, headers: Mapping[str, str]) -> None:
        self.usage_percent, self.regain_minutes = usage_in_headers(headers)
        if not any(name in headers for name in _USAGE_HEADERS):
            return
        resets_at = self._now() + timedelta(minutes=self.regain_minutes) if self.regain_minutes else None
        remaining = max(0, 100 - self.usage_percent)
        self._budget.learn(endpoint, remaining=remaining, limit=100, resets_at=resets_at)

    def rate(self) -> tuple[int | None, int | None, datetime | None]:
        """Percent of the allowance left, of 100, and when it comes back; None where the last answer did not tell."""
        assert isinstance(self.session, GuardedSession)
        if not any(name in self.session.last_headers for name in _USAGE_HEADERS):
            return None, None, None
        resets_at = self._now() + timedelta(minutes=self.regain_minutes) if self.regain_minutes else None
        return 0 if self.regain_minutes else max(0, 100 - self.usage_percent), 100, resets_at

    def served_version(self) -> str:
        """The version that answered last; another than asked for means that ours is no longer served."""
        assert isinstance(self.session, GuardedSession)
        return self.session.last_headers.get("facebook-api-version", "")

    def pages(self, node: str, edge: str, **args: Any) -> Iterator[Mapping[str, Any]]:
        """Pages of an edge. A page may be empty and still have a next one. The caller bounds how many it takes."""
        while True:
            page = self.get_connections(node, edge, **args)
            yield page
            following = next_params(page)
            if not following:
                return
            args = dict(following)


def split_version(api_url: str) -> tuple[str, str]:
    """("https://graph.facebook.com", "v25.0") of an address with or without a version at its end."""
    trimmed = api_url.rstrip("/")
    found = _VERSION_PATH.search(trimmed)
    return (trimmed[: found.start()], found[1]) if found else (trimmed, DEFAULT_VERSION)


def proof_of(token: str, app_secret: str) -> dict[str, str]:
    """https://developers.facebook.com/docs/graph-api/guides/secure-requests: proves that the caller has the secret."""
    if not app_secret:
        return {}
    return {"appsecret_proof": hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()}


def next_params(page: Mapping[str, Any]) -> dict[str, str]:
    """Parameters of the next page without secrets; empty where this is the last one."""
    following = text_at(mapping_at(page, "paging"), "next")
    query = dict(parse_qsl(urlsplit(following).query))
    return {name: value for name, value in query.items() if name not in ("access_token", "appsecret_proof")}


def after_of(page: Mapping[str, Any]) -> str:
    """The cursor of the next page; "" where this is the last one. `cursors.after` alone also stands on last pages."""
    following = next_params(page)
    if not following:
        return ""
    return following.get("after") or text_at(mapping_at(mapping_at(page, "paging"), "cursors"), "after")


def endpoint_of(method: str, path: str) -> str:
    """A budget's name for a call: "GET feed", "POST messages", "GET node" for an object itself."""
    parts = [part for part in path.split("/") if part][1:]
    edge = parts[-1] if len(parts) > 1 else "node"
    return f"{method} {edge}"


def usage_in_headers(headers: Mapping[str, str]) -> tuple[int, int]:
    """(highest use in percent, minutes until access is regained) over all usage headers."""
    percents, minutes = [0], [0]
    for name in _USAGE_HEADERS:
        for usage in _usages(headers.get(name, "")):
            percents += [_whole(usage.get(measure)) for measure in ("call_count", "total_time", "total_cputime")]
            minutes.append(_whole(usage.get("estimated_time_to_regain_access")))
    return max(percents), max(minutes)


def _usages(header: str) -> list[Mapping[str, Any]]:
    try:
        parsed = json.loads(header or "{}")
    except ValueError:
        return []
    if not isinstance(parsed, dict):
        return []
    listed = [usage for value in parsed.values() if isinstance(value, list) for usage in value]
    return [usage for usage in [parsed, *listed] if isinstance(usage, dict)]


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _spelled_out(args: Mapping[str, Any]) -> dict[str, Any]:
    """facebook-sdk would send {"id": "1"} as `id`: nested values must travel as JSON."""
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else value
        for name, value in args.items()
        if value is not None
    }
