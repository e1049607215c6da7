"""The fake platforms, for what this room does over the network: renewing sign-ins."""

from tests.platforms.conftest import simulated, stage

__all__ = ["simulated", "stage"]
