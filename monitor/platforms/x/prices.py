"""What X charges, in US dollars x 1,000,000 (https://docs.x.com/x-api/getting-started/pricing, 2026-08).

Reads are charged for each thing that comes back, once a UTC day; writes by what they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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

# A post may answer one and quote another; it has one author. Authors of those two are not asked for.
_POST_BESIDE = USER_READ + 2 * POST_READ
_MOST_OF_A_ROW = {
    "mentions": OWNED_READ + _POST_BESIDE,
    "own_posts": OWNED_READ,
    "search": POST_READ + _POST_BESIDE,
    "quotes": POST_READ + _POST_BESIDE,
    "direct_messages": DIRECT_MESSAGE_READ + USER_READ,
    "lookup": POST_READ,
}
# The smallest page that X gives (https://docs.x.com/x-api/fundamentals/pagination).
_LEAST_ROWS = {"mentions": 5, "own_posts": 5, "search": 10, "quotes": 10, "direct_messages": 1}


@dataclass(frozen=True, slots=True)
class PricedRead:
    """A read whose price its answer tells: what it may cost at most is known before. `rows`: the most it may bring;
    with `may_shrink` fewer will do where money is short."""

    stream: str
    rows: int
    may_shrink: bool = False

    @property
    def most_micros(self) -> int:
        return self.rows * _MOST_OF_A_ROW[self.stream]

    @property
    def least_micros(self) -> int:
        least = min(self.rows, _LEAST_ROWS[self.stream]) if self.may_shrink else self.rows
        return least * _MOST_OF_A_ROW[self.stream]

    def rows_for(self, micros: int) -> int:
        return min(self.rows, micros // _MOST_OF_A_ROW[self.stream])

    def prices(self, page: Mapping[str, Any]) -> dict[str, int]:
        return read_prices(self.stream, page)


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
