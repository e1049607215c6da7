"""X's push, asked for and looked at: our address as a webhook of the app, and what of the channel's user is sent to it.

Two senders know the same webhooks: the Activity API, an event at a time (1,500 subscriptions an app), and Account
Activity for apps that have only that (3 users). https://docs.x.com/x-api/webhooks/introduction,
https://docs.x.com/x-api/activity/introduction
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from monitor.platforms.base import ChannelContext, Condition
from monitor.platforms.errors import AuthExpiredError, PlatformError, RejectedError
from monitor.platforms.payload import id_at, list_at, mapping_at, text_at
from monitor.platforms.x.client import XClient

# Without these something would come late or not at all: deletions and messages above all.
NEEDED_EVENTS = ("post.mention.create", "dm.received", "dm.sent", "post.delete")
# Newer ones that not every app may subscribe to yet; polling or the notice of the next failure makes up for them.
WANTED_EVENTS = ("post.reply.create", "post.quote.create", "chat.received", "oauth.revoke")
_PAGES = 3
# How far back events can be asked for again, and how X writes such a moment.
_REPLAY_REACH = timedelta(hours=24)
_REPLAY_FORMAT = "%Y%m%d%H%M"


class XPush:
    """One channel's part of its app's push. Every call may be repeated."""

    def __init__(self, client: XClient, context: ChannelContext) -> None:
        self._client = client
        self._context = context

    # -- Asking for it ---------------------------------------------------------------------------

    def subscribe(self, callback_url: str, now: datetime) -> None:
        """Registers the address, or has it checked again where X has given up on it, and subscribes to what lacks."""
        webhook_id = self._webhook_at(callback_url, now)
        try:
            self._subscribe_to_events(webhook_id)
        except RejectedError as refusal:
            # Apps without the Activity API may have its older sister.
            if refusal.code != "permission_missing":
                raise
            path = f"/2/account_activity/webhooks/{webhook_id}/subscriptions/all"
            self._as_user("account_activity", "POST", path)

    def _webhook_at(self, callback_url: str, now: datetime) -> str:
        webhook = self._find_webhook(callback_url)
        if webhook is None:
            try:
                made = self._client.call_as_app("webhooks", "POST", "/2/webhooks", json={"url": callback_url})
            except RejectedError as refusal:
                # Somebody else was quicker.
                webhook = self._find_webhook(callback_url) if refusal.code == "duplicate" else None
                if webhook is None:
                    raise
            else:
                return id_at(mapping_at(made, "data") or made, "id")
        if webhook.get("valid") is not True:
            self._revive(webhook, callback_url, now)
        return id_at(webhook, "id")

    def _revive(self, webhook: Mapping[str, Any], callback_url: str, now: datetime) -> None:
        webhook_id = id_at(webhook, "id")
        self._client.call_as_app("webhooks", "PUT", f"/2/webhooks/{webhook_id}")
        again = self._find_webhook(callback_url)
        if again is None or again.get("valid") is not True:
            raise RejectedError("X asked our address for its proof and got no right answer", code="webhook_crc_failed")
        self.replay(webhook_id, now - _REPLAY_REACH, now)

    def replay(self, webhook_id: str, since: datetime, until: datetime) -> None:
        """Has X send again what it could not deliver. Most of it was read meanwhile; deletions were not."""
        moments = {"from_date": since.strftime(_REPLAY_FORMAT), "to_date": until.strftime(_REPLAY_FORMAT)}
        try:
            self._client.call_as_app(
                "webhooks", "POST", "/2/webhooks/replay", json={"webhook_id": webhook_id, **moments}
            )
        except RejectedError:
            return  # not of this plan: the look-ups find what is gone

    def _subscribe_to_events(self, webhook_id: str) -> None:
        known = self._subscriptions()
        for event in (*NEEDED_EVENTS, *WANTED_EVENTS):
            subscription = known.get(event)
            try:
                self._subscribe_to(event, subscription, webhook_id)
            except RejectedError as refusal:
                if event in NEEDED_EVENTS or refusal.code == "subscription_limit":
                    raise

    def _subscribe_to(self, event: str, subscription: Mapping[str, Any] | None, webhook_id: str) -> None:
        if subscription is None:
            wanted = {"event_type": event, "filter": {"user_id": self._context.external_id}, "webhook_id": webhook_id}
            self._as_user("subscriptions", "POST", "/2/activity/subscriptions", json={**wanted, "tag": "mentiondesk"})
        elif id_at(subscription, "webhook_id") != webhook_id:
            path = f"/2/activity/subscriptions/{id_at(subscription, 'subscription_id')}"
            moved = {"webhook_id": webhook_id, "tag": "mentiondesk"}
            self._client.call_as_app("subscriptions", "PUT", path, json=moved)

    # -- Letting it go ---------------------------------------------------------------------------

    def unsubscribe(self) -> None:
        """What is sent of this user ends, in both APIs; the webhook stays. Taking off is asked for as the app."""
        try:
            of_user = list(self._subscriptions().values())
        except RejectedError as refusal:
            if refusal.code != "permission_missing":
                raise
            of_user = []  # an app without the Activity API
        for subscription in of_user:
            identifier = id_at(subscription, "subscription_id")
            self._take_off("subscriptions", f"/2/activity/subscriptions/{identifier}")
        for webhook in list_at(self._client.call_as_app("webhooks", "GET", "/2/webhooks"), "data"):
            webhook_id = id_at(webhook, "id")
            if self._is_in_account_activity(webhook_id):
                path = f"/2/account_activity/webhooks/{webhook_id}/subscriptions/{self._context.external_id}/all"
                self._take_off("account_activity", path)

    def _take_off(self, endpoint: str, path: str) -> None:
        try:
            self._client.call_as_app(endpoint, "DELETE", path)
        except RejectedError as refusal:
            if refusal.code != "gone":  # somebody else was quicker
                raise

    # -- Looking at it ---------------------------------------------------------------------------

    def look(self) -> Condition:
        """The aspect "webhook". Raises PlatformError where X does not answer."""
        try:
            webhooks = list_at(self._client.call_as_app("webhooks", "GET", "/2/webhooks"), "data")
            if not webhooks:
                return Condition("webhook", "warning", "not_subscribed")
            # An app may push to several installations. Where ours is not known, each of them counts.
            address = self._context.callback_url
            ours = [each for each in webhooks if not address or text_at(each, "url") == address]
            subscriptions = self._listed_subscriptions()
            missing = self._missing(ours, subscriptions)
            if len(missing) == len(NEEDED_EVENTS):
                return self._why_nothing([each for each in webhooks if each not in ours], subscriptions)
        except (AuthExpiredError, RejectedError):
            return Condition("webhook", "unknown", "not_told")
        if not any(each.get("valid") is True for each in ours):
            return Condition("webhook", "broken", "invalid", {"reason": "crc"})
        if missing:
            return Condition("webhook", "warning", "fields_missing", {"fields": ", ".join(missing)})
        return Condition("webhook", "ok")

    def _why_nothing(
        self, others: Sequence[Mapping[str, Any]], subscriptions: Sequence[Mapping[str, Any]]
    ) -> Condition:
        """Nothing is sent to us: perhaps to somebody else."""
        for webhook in others:
            if len(self._missing([webhook], subscriptions)) < len(NEEDED_EVENTS):
                host = urlsplit(text_at(webhook, "url")).hostname or ""
                return Condition("webhook", "warning", "elsewhere", {"address": host})
        return Condition("webhook", "warning", "not_subscribed")

    def _missing(self, webhooks: Sequence[Mapping[str, Any]], subscriptions: Sequence[Mapping[str, Any]]) -> list[str]:
        """Events that are not sent to any of these webhooks."""
        webhook_ids = {id_at(each, "id") for each in webhooks}
        sent = {text_at(each, "event_type") for each in subscriptions if id_at(each, "webhook_id") in webhook_ids}
        if not sent and any(self._is_in_account_activity(webhook_id) for webhook_id in webhook_ids):
            return []
        return [event for event in NEEDED_EVENTS if event not in sent]

    def _is_in_account_activity(self, webhook_id: str) -> bool:
        path = f"/2/account_activity/webhooks/{webhook_id}/subscriptions/all"
        try:
            told = self._as_user("account_activity", "GET", path)
        except RejectedError:
            return False
        return mapping_at(told, "data").get("subscribed") is True

    def usage(self) -> Condition | None:
        """The aspect "quota": posts that the plan still lets be read this month; None where X does not tell."""
        try:
            fields = "project_cap,project_usage,cap_reset_day"
            told = self._client.call_as_app("usage", "GET", "/2/usage/tweets", params={"usage.fields": fields})
        except PlatformError:
            return None
        usage = mapping_at(told, "data")
        cap, used = _number(usage, "project_cap"), _number(usage, "project_usage")
        if cap is None or used is None or cap <= 0:
            return None
        if used >= cap:
            return Condition("quota", "broken", "spent", {"resets_at": ""})
        if used >= cap * 0.9:
            params = {"remaining": cap - used, "limit": cap, "resets_at": ""}
            return Condition("quota", "warning", "low", params)
        return Condition("quota", "ok")

    # -- Calls -----------------------------------------------------------------------------------

    def _find_webhook(self, callback_url: str) -> Mapping[str, Any] | None:
        webhooks = list_at(self._client.call_as_app("webhooks", "GET", "/2/webhooks"), "data")
        return next((each for each in webhooks if text_at(each, "url") == callback_url), None)

    def _subscriptions(self) -> dict[str, Mapping[str, Any]]:
        """Event → the user's subscription to it."""
        return {text_at(each, "event_type"): each for each in self._listed_subscriptions()}

    def _listed_subscriptions(self) -> list[Mapping[str, Any]]:
        """The user's, to whatever address."""
        found: list[Mapping[str, Any]] = []
        params: dict[str, str] = {}
        for _page in range(_PAGES):
            page = self._as_user("subscriptions", "GET", "/2/activity/subscriptions", params=params)
            found += [each for each in list_at(page, "data") if self._is_of_user(each)]
            token = text_at(mapping_at(page, "meta"), "next_token")
            if not token:
                break
            params = {"pagination_token": token}
        return found

    def _is_of_user(self, subscription: Mapping[str, Any]) -> bool:
        return id_at(mapping_at(subscription, "filter"), "user_id") == self._context.external_id

    def _as_user(self, endpoint: str, method: str, path: str, **options: Any) -> Mapping[str, Any]:
        """Subscriptions to somebody's private events are made with that somebody's token."""
        return self._client.call(endpoint, partial(self._request, method, path, options))

    def _request(self, method: str, path: str, options: Mapping[str, Any], *, user_auth: bool) -> Any:
        return self._client.tweepy.request(method, path, user_auth=user_auth, **options).json()


def access_of(headers: Mapping[str, str]) -> Condition:
    """The aspect "scopes", from what X says of OAuth 1.0a tokens beside every answer."""
    missing = {
        "read": "write, direct messages",
        "read-write": "direct messages",
        "read-write-directmessages": "",
    }.get(headers.get("x-access-level", ""))
    if missing is None:
        return Condition("scopes", "unknown", "not_told")
    if missing:
        return Condition("scopes", "broken", "permission_missing", {"rights": missing})
    return Condition("scopes", "ok")


def _number(source: Mapping[str, Any], name: str) -> int | None:
    value: object = source.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
