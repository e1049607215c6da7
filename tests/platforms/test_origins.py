"""Feeds and entries that show posts of platforms whose terms forbid learning are known by their addresses."""

import re

import pytest

from monitor.platforms.origins import _HOSTS, FORBIDDEN_LINKS, forbidding_platform
from monitor.platforms.registry import get_platform, platform_codes


@pytest.mark.parametrize(
    ("address", "platform"),
    [
        ("https://instance.example/@lumora.rss", "Mastodon"),
        ("https://instance.example/@lumora@other.example/with_replies.rss", "Mastodon"),
        ("https://instance.example/users/lumora.atom", "Mastodon"),
        ("https://instance.example/users/lumora/feed.atom", "Mastodon"),
        ("https://instance.example/tags/lumora.rss?limit=40", "Mastodon"),
        ("https://mastodon.social/feeds/1", "Mastodon"),
        ("https://bsky.app/profile/did:plc:lumora/rss", "Bluesky"),
        ("https://bridges.example/bsky/profile/lumora.example", "Bluesky"),
        ("https://bridges.example/?action=display&bridge=BlueskyBridge&u=lumora", "Bluesky"),
        ("https://bridges.example/?action=display&bridge=TwitterBridge&u=lumora", "X"),
        ("https://bridges.example/twitter/user/lumora", "X"),
        ("https://bridges.example/x.com/lumora", "X"),
        ("https://bridges.example/?url=https%3A%2F%2Fx.com%2Flumora", "X"),
        ("https://bridges.example/?url=https%253A%252F%252FX.com%252Flumora", "X"),
        ("HTTPS://NITTER.NET/lumora/rss", "X"),
        ("https://nitter.friends.example/lumora/rss", "X"),
        ("https://www.reddit.com/r/lumora/.rss", "Reddit"),
        ("https://old.reddit.com/search.rss?q=lumora", "Reddit"),
        ("https://news.example/rss", ""),
        ("https://fedex.com/feed", ""),
        ("https://knitter.example/rss", ""),
        ("https://bluesky.example/feed", ""),
        ("https://forum.example/tag/late.rss", ""),
        ("https://blog.example/@lumora/feed.xml", ""),
        ("https://itunes.apple.com/us/rss/customerreviews/id=123456789/sortby=mostrecent/xml", ""),
        ("files", ""),
    ],
)
def test_a_feed_tells_by_its_address_whose_posts_it_shows(address: str, platform: str) -> None:
    assert forbidding_platform(address) == platform


@pytest.mark.parametrize(
    ("link", "is_forbidden"),
    [
        ("https://x.com/mia/status/1", True),
        ("https://mobile.twitter.com/mia/status/1", True),
        ("http://nitter.friends.example/mia/status/1#m", True),
        ("https://bsky.app/profile/mia.example/post/3k", True),
        ("https://instance.example/@mia/113456789012345678", True),
        ("https://instance.example/users/mia/statuses/113456789012345678", True),
        ("tag:mastodon.social,2026-11-26:objectId=1:objectType=Status", True),
        ("https://www.reddit.com/r/lumora/comments/1", True),
        ("https://news.example/2026/x.com-is-down", False),
        ("https://news.example/twitter", False),
        ("https://blog.example/@mia/a-day-2026", False),
        ("https://fedex.com/news/1", False),
        ("", False),
    ],
)
def test_an_entry_tells_by_its_link_whose_post_it_is(link: str, is_forbidden: bool) -> None:
    assert bool(re.search(FORBIDDEN_LINKS, link, re.IGNORECASE)) is is_forbidden


def test_every_platform_that_forbids_learning_has_hosts_here() -> None:
    declared = [get_platform(code).declaration for code in platform_codes()]
    forbidding = {one.name for one in declared if not one.learning_allowed and not one.learning_asked}
    assert forbidding and forbidding <= set(_HOSTS)
