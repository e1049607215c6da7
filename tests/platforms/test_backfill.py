from datetime import timedelta

import pytest

from tests.support.simulated import collect_all

STREAMS = [
    ("x", "mentions"),
    ("x", "direct_messages"),
    ("facebook", "direct_messages"),
    ("instagram", "comments"),
    ("mastodon", "mentions"),
    ("mastodon", "direct_messages"),
    ("bluesky", "mentions"),
    ("bluesky", "direct_messages"),
    ("feed", "entries"),
]


@pytest.mark.parametrize(("platform", "stream"), STREAMS)
def test_what_is_older_than_the_first_read_never_comes_later(simulated, platform, stream):
    long_ago = simulated.world.now() - timedelta(days=15)
    if stream == "direct_messages":
        simulated.person_writes(platform, "old", at=long_ago)
    elif platform in ("x", "mastodon"):
        simulated.person_says(platform, "@lumora old", at=long_ago)
    elif platform == "feed":
        simulated.person_says(platform, "old", at=long_ago)
    else:
        root = simulated.world.publish(platform, simulated.world.brands[platform], "ours", at=long_ago)
        simulated.person_says(platform, "old", parent_id=root.identifier, at=long_ago)
    cursor = {}
    for _poll in range(3):
        posts, cursor = collect_all(simulated, platform, stream, cursor)
        assert posts == []
        simulated.world.shift_clock(4000)


@pytest.mark.parametrize(("platform", "stream"), STREAMS)
def test_the_depth_of_the_first_read_can_be_chosen(simulated, platform, stream):
    at = simulated.world.now() - timedelta(days=12)
    if stream == "direct_messages":
        simulated.person_writes(platform, "old", at=at)
    elif platform in ("x", "mastodon"):
        simulated.person_says(platform, "@lumora old", at=at)
    elif platform == "feed":
        simulated.person_says(platform, "old", at=at)
    else:
        root = simulated.world.publish(platform, simulated.world.brands[platform], "ours", at=at)
        simulated.person_says(platform, "old", parent_id=root.identifier, at=at)
    posts, _cursor = collect_all(simulated, platform, stream, {"backfill_seconds": 14 * 86_400})
    assert "old" in posts[-1].text
