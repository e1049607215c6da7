"""tweepy on our own session: the channel's address and credentials, budget, cost and headers around every call."""

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests
import tweepy

from monitor.platforms.base import ChannelContext
from monitor.platforms.budget import Budget
from monitor.platforms.errors import MalformedPayloadError, PlatformError, RejectedError, UnconfirmedSendError
from monitor.platforms.payload import text_at
from monitor.platforms.times import utc_now
from monitor.platforms.transport import READ_SECONDS, GuardedSession, rate_in_headers, translate_failure
from monitor.platforms.x.errors import translate
from monitor.platforms.x.prices import PricedRead

# tweepy writes this address into every request.
_TWEEPY_HOST = "https://api.twitter.com"


class XClient:
    """One channel's calls. Nothing is sent before the budget has allowed it."""

    def __init__(
        self,
        context: ChannelContext,
        budget: Budget,
        *,
        now: Callable[[], datetime] = utc_now,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        credentials = self._credentials = context.credentials
        self._bearer = credentials.get("bearer_token", "")
        self._budget = budget
        self._now = now
        self._session = GuardedSession(built_for=_TWEEPY_HOST, base_url=context.api_url, read_seconds=read_seconds)
        # A token with a secret signs each call (OAuth 1.0a); one without travels as it is (OAuth 2.0), as the app's own
        # bearer token does.
        self.has_user_token = bool(credentials.get("access_token_secret"))
        bearer = "" if self.has_user_token else credentials.get("access_token") or credentials.get("bearer_token", "")
        self.tweepy = tweepy.Client(
            bearer_token=bearer or None,
            consumer_key=credentials.get("consumer_key") or None,
            consumer_secret=credentials.get("consumer_secret") or None,
            access_token=credentials.get("access_token") if self.has_user_token else None,
            access_token_secret=credentials.get("access_token_secret") or None,
            return_type=dict,
            wait_on_rate_limit=False,
        )
        self.tweepy.session = self._session

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the last answer, names in lower case."""
        return self._session.last_headers

    def call(
        self,
        endpoint: str,
        method: Callable[..., Any],
        *arguments: Any,
        cost_micros: int = 0,
        priced: PricedRead | None = None,
        is_write: bool = False,
        **options: Any,
    ) -> Mapping[str, Any]:
        """One call of a tweepy method. The price of a read is known by its answer; the most that a `priced` one may
        cost is set aside before it, and a page is smaller where there is not enough money.

        Raises PlatformError; its text and chain hold no token.
        """
        if priced is None:
            self._budget.spend(endpoint, cost_micros=cost_micros, is_write=is_write)
            return self._carry_out(endpoint, method, arguments, options, is_write=is_write)
        micros = self._budget.reserve(endpoint, most_micros=priced.most_micros, least_micros=priced.least_micros)
        if priced.may_shrink:
            options["max_results"] = priced.rows_for(micros)
        try:
            answer = self._carry_out(endpoint, method, arguments, options, is_write=is_write)
        except PlatformError:
            self._budget.bill({})
            raise
        self._budget.bill(priced.prices(answer))
        return answer

    def _carry_out(
        self, endpoint: str, method: Callable[..., Any], arguments: Any, options: Mapping[str, Any], *, is_write: bool
    ) -> Mapping[str, Any]:
        problem: PlatformError
        try:
            answer = method(*arguments, user_auth=self.has_user_token, **options)
        except tweepy.HTTPException as failure:
            problem = self._translate(failure, is_write=is_write)
        except requests.JSONDecodeError:
            problem = _malformed(is_write, "X answered something that is not JSON")
        except requests.RequestException as failure:
            problem = translate_failure(failure, platform="X", is_write=is_write)
        except (ValueError, TypeError, AttributeError) as failure:
            # tweepy reads error bodies without looking at their types.
            problem = _malformed(is_write, f"X answered something that tweepy cannot read ({type(failure).__name__})")
        else:
            self._learn(endpoint)
            if isinstance(answer, Mapping):
                return answer
            problem = _malformed(is_write, "X answered JSON that is not an object")
        self._learn(endpoint)
        # Raised outside the except block: the library's exception, which knows the token, is not chained.
        raise problem

    def call_as_app(
        self, endpoint: str, method: str, path: str, *, params: Mapping[str, Any] | None = None, json: Any = None
    ) -> Mapping[str, Any]:
        """One call with the app's own token: webhooks, subscriptions and usage belong to it, and tweepy has no method
        for them. Raises PlatformError."""
        self._budget.spend(endpoint)
        answer = self._as_app(method, path, {"Authorization": f"Bearer {self._app_token()}"}, params=params, json=json)
        self._learn(endpoint)
        return answer

    def _app_token(self) -> str:
        """The app's bearer token, asked for with its key and secret where it was not given."""
        if not self._bearer:
            key, secret = (self._credentials.get(name, "") for name in ("consumer_key", "consumer_secret"))
            if not key or not secret:
                raise RejectedError("the app's key and secret, or its bearer token, are needed", code="no_app_token")
            pair = base64.b64encode(f"{quote(key)}:{quote(secret)}".encode()).decode()
            headers = {"Authorization": f"Basic {pair}"}
            made = self._as_app("POST", "/oauth2/token", headers, data={"grant_type": "client_credentials"})
            self._bearer = text_at(made, "access_token")
        return self._bearer

    def _as_app(self, method: str, path: str, headers: Mapping[str, str], **options: Any) -> Mapping[str, Any]:
        problem: PlatformError
        try:
            response = self._session.request(method, _TWEEPY_HOST + path, headers=headers, **options)
        except requests.RequestException as failure:
            problem = translate_failure(failure, platform="X", is_write=False)
        else:
            body = _json_in(response)
            if response.ok and isinstance(body, Mapping):
                return body
            problem = MalformedPayloadError("X answered something that is not a JSON object")
            if not response.ok:
                problem = translate(response.status_code, body, self.headers, is_write=False, now=self._now())
        # Raised outside the except block: the library's exception, which knows the token, is not chained.
        raise problem

    def _translate(self, failure: tweepy.HTTPException, *, is_write: bool) -> PlatformError:
        response = failure.response
        return translate(response.status_code, _json_in(response), self.headers, is_write=is_write, now=self._now())

    def _learn(self, endpoint: str) -> None:
        remaining, limit, resets_at = rate_in_headers(self.headers, "x-rate-limit")
        if limit is not None:
            self._budget.learn(endpoint, remaining=remaining, limit=limit, resets_at=resets_at)


def _json_in(response: requests.Response) -> object:
    try:
        return response.json()
    except requests.JSONDecodeError:
        return None


def _malformed(is_write: bool, message: str) -> PlatformError:
    return UnconfirmedSendError(message) if is_write else MalformedPayloadError(message)
