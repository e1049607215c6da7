"""The made-up brand's channels on the fake platforms: ids, credentials worth nothing, and where each is served."""

from collections.abc import Mapping
from typing import Any

from monitor.simulators import bluesky_facts, feed_facts
from monitor.simulators.mastodon_facts import CHANNELS

X_USER_ID = "1503811200000000001"
PAGE_ID = "104217600000001"
PROFILE_ID = "17841400000000001"
# Worth nothing outside this program.
X_CONSUMER_SECRET = "simulated-consumer-secret"  # noqa: S105
APP_SECRET = "simulated-app-secret"  # noqa: S105
_X_CREDENTIALS = {
    "consumer_key": "simulated-consumer-key",
    "consumer_secret": X_CONSUMER_SECRET,
    "access_token": f"{X_USER_ID}-simulated-user-token",
    "access_token_secret": "simulated-user-token-secret",
}
_META_CREDENTIALS = {"access_token": "simulated-page-token", "app_secret": APP_SECRET}


def _channel(platform: str, kind: str, external_id: str, name: str, secrets: Mapping[str, str]) -> dict[str, Any]:
    named = {"external_id": external_id, "handle": "lumora", "name": name, "query": ""}
    return {"platform": platform, "kind": kind, **named, "credentials": secrets}


DEMO_CHANNELS: list[dict[str, Any]] = [
    _channel("x", "account", X_USER_ID, "Lumora on X", _X_CREDENTIALS),
    _channel("facebook", "page", PAGE_ID, "Lumora on Facebook", _META_CREDENTIALS),
    _channel("instagram", "account", PROFILE_ID, "Lumora on Instagram", {**_META_CREDENTIALS, "page_id": PAGE_ID}),
    {
        **_channel("x", "search", "lumora", "“lumora” on X", _X_CREDENTIALS),
        "query": "lumora -from:lumora -is:retweet",
    },
    *CHANNELS,
    *bluesky_facts.CHANNELS,
    *feed_facts.CHANNELS,
]
# Where each platform is served.
PATHS = {
    "x": "/x",
    "facebook": "/graph",
    "instagram": "/graph",
    "mastodon": "/mastodon",
    "bluesky": "/bluesky",
    "feed": "/feed",
}
