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
        window = self._windows.get((token, endpoint))
        if window is None or window.resets_at <= now:
            window = self._windows[token, endpoint] = Window(now + WINDOW)
        is_allowed = window.used < limit
        window.used += is_allowed
        headers = {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(limit - window.used),
            "x-rate-limit-reset": str(int(window.resets_at.timestamp())),
        }
        return is_allowed, headers
