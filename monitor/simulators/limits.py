"""Rate windows of the fake platforms: how many calls of each endpoint a token has made in the window under way."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# Calls per 15 minutes and user (https://docs.x.com/x-api/fundamentals/rate-limits).
X_LIMITS = {
    "mentions": 300,
    "search": 300,
    "own_posts": 900,
    "direct_messages": 15,
    "lookup": 5_000,
    "users": 300,
    "me": 75,
    "create": 100,
    "send_message": 15,
    "hidden": 50,
    "delete": 50,
    # Publishers of feeds: what a patient one allows.
    "feed": 120,
}
WINDOW = timedelta(minutes=15)
# Calls of a token, and how long they are counted (https://docs.joinmastodon.org/api/rate-limits/).
MASTODON_LIMITS = {"calls": (300, timedelta(minutes=5)), "deletions": (30, timedelta(minutes=30))}
# Calls or points, and how long they are counted (https://docs.bsky.app/docs/advanced-guides/rate-limits).
BLUESKY_LIMITS = {
    "calls": (3_000, timedelta(minutes=5)),
    "session": (30, timedelta(minutes=5)),
    "write": (5_000, timedelta(hours=1)),
}


@dataclass
class Window:
    resets_at: datetime
    used: int = 0


class RateWindows:
    def __init__(self, scale: int) -> None:
        self.scale = scale
        self._windows: dict[tuple[str, str], Window] = {}

    def take(self, token: str, endpoint: str, now: datetime) -> tuple[bool, dict[str, str]]:
        """Whether the call is allowed, and the headers that tell where the window stands."""
        limit = X_LIMITS[endpoint] * self.scale
        is_allowed, window = self._use((token, endpoint), limit, WINDOW, now)
        headers = {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(limit - window.used),
            "x-rate-limit-reset": str(int(window.resets_at.timestamp())),
        }
        return is_allowed, headers

    def take_mastodon(self, endpoint: str, now: datetime) -> tuple[bool, dict[str, str]]:
        """The same in Mastodon's words."""
        calls, span = MASTODON_LIMITS[endpoint]
        limit = calls * self.scale
        is_allowed, window = self._use(("mastodon", endpoint), limit, span, now)
        headers = {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(limit - window.used),
            "x-ratelimit-reset": window.resets_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        return is_allowed, headers

    def take_bluesky(self, endpoint: str, now: datetime, points: int) -> tuple[bool, dict[str, str]]:
        """The same in Bluesky's words; writes cost points."""
        most, span = BLUESKY_LIMITS[endpoint]
        limit = most * self.scale
        is_allowed, window = self._use(("bluesky", endpoint), limit, span, now, points)
        headers = {
            "ratelimit-limit": str(limit),
            "ratelimit-remaining": str(limit - window.used),
            "ratelimit-reset": str(int(window.resets_at.timestamp())),
            "ratelimit-policy": f"{limit};w={int(span.total_seconds())}",
        }
        return is_allowed, headers

    def _use(
        self, key: tuple[str, str], limit: int, span: timedelta, now: datetime, points: int = 1
    ) -> tuple[bool, Window]:
        window = self._windows.get(key)
        if window is None or window.resets_at <= now:
            window = self._windows[key] = Window(now + span)
        is_allowed = window.used + points <= limit
        window.used += points if is_allowed else 0
        return is_allowed, window
