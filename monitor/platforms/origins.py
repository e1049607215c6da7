"""Posts of platforms whose terms forbid that a model learns from them, when somebody else hands them on: told by the
address of a feed (a platform's own, or a bridge's) and by the link of an entry. What cannot be told by an address alone
(a bridge with addresses of chance) is told by the links of its entries."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

# Hosts, whatever stands before them. The platforms that we know and whose declaration does not allow learning, and
# Reddit, whose terms of the Data API forbid it without a permission of its own.
_HOSTS: Final[Mapping[str, str]] = {
    "X": r"x\.com|twitter\.com|t\.co|[fv]xtwitter\.com|fixupx\.com|xcancel\.com|twiiit\.com|nitter\.[a-z0-9.-]+",
    "Bluesky": r"bsky\.app|bsky\.social|bsky\.brid\.gy",
    "Mastodon": r"mastodon\.[a-z0-9.-]+|mstdn\.[a-z0-9.-]+|mas\.to|fosstodon\.org|hachyderm\.io|infosec\.exchange",
    "Reddit": r"reddit\.com|redd\.it|redlib\.[a-z0-9.-]+|libreddit\.[a-z0-9.-]+|teddit\.[a-z0-9.-]+",
}
# An instance of Mastodon (or what speaks like one) has any host; its paths are its own.
_POSTS_OF_INSTANCES: Final = r"/@[^/?#]+/[0-9]{15,}|/users/[^/?#]+/statuses/[0-9]+"
_FEEDS_OF_INSTANCES: Final = (
    r"/@[^/?#]+(/with_replies|/media|/tagged/[^/?#]+)?\.(rss|atom)([?#]|$)"
    r"|/users/[^/?#]+(/feed)?\.(rss|atom)([?#]|$)|/tags/[^/?#]+\.(rss|atom)([?#]|$)"
)
# How bridges name what they lead to: /twitter/user/…, ?bridge=TwitterBridge, /bsky/profile/…
_BRIDGED: Final[Mapping[str, str]] = {
    "X": "twitter|nitter",
    "Bluesky": "bsky|bluesky",
    "Mastodon": "mastodon",
    "Reddit": "reddit",
}

_ALL_HOSTS: Final = "|".join(_HOSTS.values())
#: Finds the link or the id of an entry that is such a post: for Python and PostgreSQL, without regard to case.
FORBIDDEN_LINKS: Final = (
    rf"^(https?://([^/?#]*[.@])?|tag:)({_ALL_HOSTS})([/:?#,]|$)|^https?://[^/?#]+({_POSTS_OF_INSTANCES})"
)


def forbidding_platform(address: str) -> str:
    """The name of the platform whose posts a feed of this address shows, if its terms forbid learning; else ""."""
    # Bridges take the address that they lead to as a part of their own, quoted once or twice.
    plain = unquote(unquote(address)).lower()
    for name, hosts in _HOSTS.items():
        if re.search(rf"(^|[^a-z0-9-])({hosts})([^a-z0-9.-]|$)", plain):
            return name
        if re.search(rf"[/=]({_BRIDGED[name]})(bridge)?([^a-z0-9.-]|$)", plain):
            return name
    return "Mastodon" if re.search(f"{_FEEDS_OF_INSTANCES}|{_POSTS_OF_INSTANCES}", plain) else ""
