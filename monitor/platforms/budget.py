"""The allowance that a connector spends from: calls of a time and money, shared by all that read and send."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class Budget(Protocol):
    """The shared allowance of one channel: one database statement a call, handed in by the caller."""

    def spend(self, endpoint: str, *, cost_micros: int = 0, is_write: bool = False) -> None:
        """Takes one call. Raises RateLimitedError or QuotaExceededError when nothing is left."""

    def reserve(self, endpoint: str, *, most_micros: int, least_micros: int) -> int:
        """Takes one call of a read whose price only its answer tells, and sets aside what it may cost at most, or as
        much as is left of that; returns how much. Raises as `spend` where that is less than `least_micros`. A `bill`
        follows, whatever becomes of the call."""

    def bill(self, prices: Mapping[str, int]) -> int:
        """Notes what was read and its price, by a name of each thing (kind and id), in place of what was set aside for
        it; returns what it costs. Nothing is charged twice on a UTC day. Never raises: what was read has been paid."""

    def learn(self, endpoint: str, *, remaining: int | None, limit: int | None, resets_at: datetime | None) -> None:
        """Notes what the platform's own headers say."""


class NullBudget:
    """No limit: for tools and tests that talk to a simulator."""

    def spend(self, endpoint: str, *, cost_micros: int = 0, is_write: bool = False) -> None:
        return None

    def reserve(self, endpoint: str, *, most_micros: int, least_micros: int) -> int:
        self.spend(endpoint)
        return most_micros

    def bill(self, prices: Mapping[str, int]) -> int:
        return 0

    def learn(self, endpoint: str, *, remaining: int | None, limit: int | None, resets_at: datetime | None) -> None:
        return None
