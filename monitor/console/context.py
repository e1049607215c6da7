"""What every page shows around its own content: the brand, what the reader may do there, and what waits for them."""

from functools import cached_property
from typing import Any

from django.http import HttpRequest

from monitor.alerts.models import Alert
from monitor.brands.models import Brand, Channel, Market
from monitor.brands.rights import RIGHTS, brands_of, role_can, role_of


class Desk:
    """Read lazily by the templates, so that a fragment pays only for what it shows."""

    def __init__(self, request: HttpRequest) -> None:
        self._user: Any = getattr(request, "user", None)
        self.brand: Brand | None = getattr(request, "brand", None)

    @cached_property
    def may(self) -> dict[str, bool]:
        """right → whether the reader has it in this brand."""
        role = role_of(self._user, self.brand) if self.brand is not None else None
        return {right: role_can(role, right) for right in RIGHTS}

    @cached_property
    def brands(self) -> list[Brand]:
        return [] if self._user is None else list(brands_of(self._user))

    @cached_property
    def has_channels(self) -> bool:
        return Channel.objects.filter(brand=self.brand).exists()

    @cached_property
    def market_names(self) -> dict[str, str]:
        return dict(Market.objects.filter(brand=self.brand).values_list("code", "name"))

    @cached_property
    def open_alerts(self) -> int:
        return Alert.objects.filter(brand=self.brand, closed_at=None).count() if self.brand else 0


def desk(request: HttpRequest) -> dict[str, Any]:
    return {"desk": Desk(request)}
