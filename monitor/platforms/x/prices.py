"""What X charges, in US dollars x 1,000,000 (https://docs.x.com/x-api/getting-started/pricing, 2026-08).

Reads are charged for each thing that comes back, once a UTC day; writes by what they are.
"""

from collections.abc import Mapping
from typing import Any

from monitor.platforms.payload import id_at, list_at, mapping_at

OWNED_READ = 1_000
POST_READ = 5_000
USER_READ = 10_000
DIRECT_MESSAGE_READ = 10_000
SUMMONED_REPLY = 10_000
POST_WITH_LINK = 200_000
DIRECT_MESSAGE = 15_000

# Lists of the channel's own user, where that user owns the app.
_OWNED = frozenset({"mentions", "own_posts"})


def read_prices(stream: str, page: Mapping[str, Any]) -> dict[str, int]:
    """What a page costs, by what is on it: the rows of the list, and each user and post that came beside them."""
    includes = mapping_at(page, "includes")
    prices = {f"user:{id_at(user, 'id')}": USER_READ for user in list_at(includes, "users")}
    for name in ("tweets", "posts"):
        prices |= {f"post:{id_at(post, 'id')}": POST_READ for post in list_at(includes, name)}
    if stream == "direct_messages":
        return prices | {f"message:{id_at(row, 'id')}": DIRECT_MESSAGE_READ for row in list_at(page, "data")}
    each = OWNED_READ if stream in _OWNED else POST_READ
    return prices | {f"post:{id_at(row, 'id')}": each for row in list_at(page, "data")}
