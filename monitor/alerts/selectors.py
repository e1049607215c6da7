"""Reads of notices."""

from django.db.models import Q, QuerySet

from monitor.alerts.models import Alert
from monitor.brands.models import Brand
from monitor.brands.rights import Visitor, brands_of


def alerts_of(user: Visitor, brand: Brand | None = None, *, is_open: bool | None = True) -> QuerySet[Alert]:
    """Notices of the user's brands (or of one), the latest first; those of the installation for operators only."""
    seen = Q(brand__in=brands_of(user))
    if getattr(user, "is_operator", False) and user.is_active:
        seen |= Q(brand=None)
    alerts = Alert.objects.filter(seen)
    if brand is not None:
        alerts = alerts.filter(brand=brand)
    if is_open is not None:
        alerts = alerts.filter(closed_at__isnull=is_open)
    return alerts.select_related("brand", "closed_by").order_by("-last_raised_at", "-id")


def open_count(user: Visitor, brand: Brand | None = None) -> int:
    return alerts_of(user, brand).count()
