"""What the fake Graph knows beside the world: the app, the token's rights, subscriptions, use, people's other ids."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

APP_ID = "301200000000001"
# Who gave the app its rights: an id that holds within this app only.
ADMIN_USER_ID = "10160000000000001"
SCOPES = (
    "pages_show_list", "pages_read_engagement", "pages_read_user_content", "pages_manage_engagement",
    "pages_manage_metadata", "pages_messaging", "instagram_basic", "instagram_manage_comments",
    "instagram_manage_messages",
)  # fmt: skip
# https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps
SUBSCRIBABLE = frozenset({
    "feed", "mention", "ratings", "conversations", "messages", "message_echoes", "message_edits",
    "message_deliveries", "message_reads", "message_reactions", "messaging_postbacks", "messaging_handovers",
    "messaging_optins", "messaging_referrals", "messaging_policy_enforcement", "standby", "leadgen", "live_videos",
})  # fmt: skip
# What the demo's page has agreed to push.
SUBSCRIBED = (
    "feed", "mention", "ratings", "messages", "message_echoes", "message_edits", "message_deliveries",
    "message_reads", "messaging_postbacks", "messaging_handovers", "standby",
)  # fmt: skip
# Entries that are no usual posts: elsewhere, naming the page; a review; shown as an ad only; an ad as well; of before a
# restart.
KINDS = ("tagged", "review", "ad", "promoted", "adopted")
_SPAN = timedelta(hours=1)


@dataclass
class GraphState:
    """`allowance` calls an hour; beyond them every call is refused until the hour is over."""

    allowance: int = 10_000
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    subscribed_fields: list[str] = field(default_factory=lambda: list(SUBSCRIBED))
    other_apps: dict[str, list[str]] = field(default_factory=dict)
    # Edges that the app was not granted.
    closed_edges: set[str] = field(default_factory=set)
    # So many messages of a conversation, the newest, can be read; 0: all of them.
    readable_messages: int = 0
    expires_at: datetime | None = None
    served_version: str = ""
    #: An id within this app -> the id that the page knows the same person by.
    page_scoped_ids: dict[str, str] = field(default_factory=dict)
    used: int = 0
    span_ends_at: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    def count_call(self, now: datetime) -> bool:
        """Whether the call is within the hour's allowance."""
        if now >= self.span_ends_at:
            self.used, self.span_ends_at = 0, now + _SPAN
        self.used += 1
        return self.used <= self.allowance

    def usage(self, now: datetime) -> dict[str, Any]:
        """As `X-Business-Use-Case-Usage` says it: percent, and minutes until access is regained."""
        percent = min(100, self.used * 100 // self.allowance)
        minutes = -(-int((self.span_ends_at - now).total_seconds()) // 60) if self.used > self.allowance else 0
        times = {"total_cputime": percent // 2, "total_time": percent // 2}
        return {"type": "pages", "call_count": percent, **times, "estimated_time_to_regain_access": minutes}


def new_id(kind: str, author_id: str, number: int) -> str:
    """Posts elsewhere begin with their author's id; a review is a story without an owner in its id."""
    return (f"{author_id}_" if kind == "tagged" else "") + str(122_000_000_000_000 + number)


def signed_request(user_id: str, *, secret: str, issued_at: datetime, algorithm: str = "HMAC-SHA256") -> str:
    """What Meta posts when somebody takes an app away, or asks that their data be deleted.

    https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback
    """
    told = {"user_id": user_id, "algorithm": algorithm, "issued_at": int(issued_at.timestamp())}
    payload = _base64(json.dumps(told).encode())
    signature = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest()
    return f"{_base64(signature)}.{payload}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
