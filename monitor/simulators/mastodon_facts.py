"""The fake Mastodon instance's own facts: its name, the brand's account on it, its channels, and how it makes ids."""

from datetime import datetime
from typing import Any

# Reserved for examples: nobody has it.
INSTANCE = "social.example"
ACCOUNT_ID = "109300000000000001"
# Worth nothing outside this program.
TOKEN = "simulated-mastodon-token"  # noqa: S105

CHANNELS: list[dict[str, Any]] = [
    {
        "platform": "mastodon",
        "kind": "account",
        "external_id": ACCOUNT_ID,
        "handle": "lumora",
        "name": "Lumora on Mastodon",
        "query": "",
        "credentials": {"access_token": TOKEN},
    },
    {
        "platform": "mastodon",
        "kind": "search",
        "external_id": "lumora-tag",
        "handle": "lumora@social.example",
        "name": "#lumora on Mastodon",
        "query": "#lumora",
        "credentials": {"access_token": TOKEN},
    },
]


def snowflake(at: datetime, number: int) -> int:
    """Milliseconds, then 16 bits that tell apart what was made in the same one."""
    return (int(at.timestamp() * 1000) << 16) + (number & 0xFFFF)
