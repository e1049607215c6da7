"""The simulated feeds' own facts: their addresses, the demo's channels, and the ids that their entries get."""

from typing import Any

from monitor.platforms.feed.address import scoped_id

FORUM = "https://forum.lumora.example"
FORUM_FEED = f"{FORUM}/latest.atom"
APPS = "https://apps.example"
REVIEW_FEED = f"{APPS}/us/rss/customerreviews/id=1503811200/sortby=mostrecent/xml"
# Worth nothing outside this program.
CREDENTIALS = {"username": "simulated-reader", "password": "simulated-reader-password"}

CHANNELS: list[dict[str, Any]] = [
    {
        "platform": "feed",
        "kind": "forum",
        "external_id": FORUM_FEED,
        "handle": "lumora",
        "name": "Lumora forum",
        "query": "",
        "credentials": CREDENTIALS,
    },
    {
        "platform": "feed",
        "kind": "reviews",
        "external_id": REVIEW_FEED,
        "handle": "lumora",
        "name": "Lumora app reviews",
        "query": "",
        "credentials": {},
    },
]


def new_id(number: int, parent_id: str, *, is_review: bool) -> str:
    """Forums give addresses as ids; the store of apps gives bare numbers, which we know by the feed that has them."""
    if is_review:
        return scoped_id(str(10_000_000_000 + number), REVIEW_FEED)
    return f"{parent_id or FORUM + '/t'}/{number}"
