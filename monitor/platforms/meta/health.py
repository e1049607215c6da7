"""How a page's connection is (token, rights, webhook, use), and asking Meta to push.

https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps and …/debug_token
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from monitor.platforms.base import ChannelContext, Condition
from monitor.platforms.budget import Budget
from monitor.platforms.errors import AuthExpiredError, RejectedError
from monitor.platforms.examining import Examination, quota_of
from monitor.platforms.meta.graph import SLOW_DOWN_PERCENT, Graph
from monitor.platforms.payload import id_at, list_at, mapping_at
from monitor.platforms.times import parse_time

# Page tokens that end do so after sixty days; a week is time enough to sign in again.
_ENDS_SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a platform needs: rights without which the channel is of no use, others, and the page's webhook fields."""

    needed_scopes: Sequence[str]
    useful_scopes: Sequence[str]
    subscribed_fields: Sequence[str]


class MetaHealth:
    """Looks at one channel's connection through its own client; asks about the token in the app's name."""

    def __init__(self, graph: Graph, context: ChannelContext, budget: Budget, wanted: Wanted, page_id: str) -> None:
        self._graph = graph
        self._context = context
        self._budget = budget
        self._wanted = wanted
        self._page_id = page_id
        self._app_id = context.credentials.get("app_id", "")

    def look(self, examination: Examination, now: datetime) -> None:
        """The token has been found good. Raises PlatformError where Meta does not answer."""
        if examination.look(lambda: self._look_at_token(examination, now), proves=(), refusal="scopes"):
            examination.look(lambda: self._look_at_webhook(examination), proves=())
        examination.add(quota_of(self._graph.rate(), low_share=1 - SLOW_DOWN_PERCENT / 100))

    def app_graph(self) -> Graph | None:
        """A client in the app's own name; None without its secret."""
        secret = self._context.credentials.get("app_secret", "")
        if not secret:
            return None
        token = f"{self.app_id()}|{secret}"
        credentials = {"access_token": token, "app_secret": secret}
        return Graph(replace(self._context, credentials=credentials), self._budget, like=self._graph)

    def app_id(self) -> str:
        """Which app the token was given to."""
        if not self._app_id:
            self._app_id = id_at(self._graph.get_object("app", fields="id"), "id")
        return self._app_id

    def _look_at_token(self, examination: Examination, now: datetime) -> None:
        told = self._debug_token()
        if told is None:
            examination.add(Condition("scopes", "unknown", "not_told"))
            return
        ends_at = [parse_time(told.get(name)) for name in ("expires_at", "data_access_expires_at") if told.get(name)]
        first = min((each for each in ends_at if each is not None), default=None)
        if first is not None and first - now < _ENDS_SOON:
            examination.add(Condition("token", "warning", "token_expires", {"at": first.isoformat()}))
        granted = set(_names(told, "scopes"))
        if missing := [each for each in self._wanted.needed_scopes if each not in granted]:
            examination.add(_rights("broken", missing))
        elif missing := [each for each in self._wanted.useful_scopes if each not in granted]:
            examination.add(_rights("warning", missing))
        else:
            examination.add(Condition("scopes", "ok"))

    def _debug_token(self) -> Any:
        """What Meta says of our token; None where we may not ask. A token travels in a body, never in an address."""
        graph = self.app_graph()
        if graph is None:
            return None
        question = {"method": "get", "input_token": self._context.credentials.get("access_token", "")}
        try:
            answer = graph.request(f"{graph.version}/debug_token", post_args=question, is_write=False)
        except (RejectedError, AuthExpiredError):
            # A wrong secret, or an app of somebody else: the token itself has just been found good.
            return None
        return mapping_at(answer, "data")

    def _look_at_webhook(self, examination: Examination) -> None:
        try:
            subscribed = self._subscribed_fields()
        except RejectedError:
            # Looking takes the right to change it.
            examination.add(Condition("webhook", "unknown", "not_told"))
            return
        if not subscribed:
            examination.add(Condition("webhook", "broken", "not_subscribed"))
        elif missing := [each for each in self._wanted.subscribed_fields if each not in subscribed]:
            examination.add(Condition("webhook", "warning", "fields_missing", {"fields": ", ".join(missing)}))
        else:
            examination.add(Condition("webhook", "ok"))

    def _subscribed_fields(self) -> list[str]:
        page = self._graph.get_connections(self._page_id, "subscribed_apps", fields="id,subscribed_fields")
        app_id = self.app_id()
        ours = next((each for each in list_at(page, "data") if id_at(each, "id") == app_id), {})
        return _names(ours, "subscribed_fields")

    def subscribe(self) -> None:
        """Adds what we need to what the page pushes to this app. The address is set once for the app, at Meta.

        Another channel of the same page may have asked for more: what is asked for takes the place of what was.
        """
        fields = dict.fromkeys([*self._subscribed_fields(), *self._wanted.subscribed_fields])
        path = f"{self._graph.version}/{self._page_id}/subscribed_apps"
        self._graph.request(path, post_args={"subscribed_fields": ",".join(fields)}, is_write=False)

    def unsubscribe(self) -> None:
        """Takes off what `subscribe` has added; fields that somebody chose for something else stay."""
        known = self._subscribed_fields()
        kept = [each for each in known if each not in self._wanted.subscribed_fields]
        path = f"{self._graph.version}/{self._page_id}/subscribed_apps"
        if kept:
            self._graph.request(path, post_args={"subscribed_fields": ",".join(kept)}, is_write=False)
        elif known:
            self._graph.request(path, method="DELETE", is_write=False)


def _rights(state: str, missing: Sequence[str]) -> Condition:
    return Condition("scopes", state, "permission_missing", {"rights": ", ".join(missing)})


def _names(source: Any, name: str) -> list[str]:
    value = source.get(name)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
