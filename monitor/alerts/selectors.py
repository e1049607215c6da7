"""Reads of notices."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, F, Max, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber

from monitor.alerts.models import Alert, AlertLevel
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


@dataclass(frozen=True, slots=True)
class AlertKind:
    """All open notices of one code: how many, how urgent the worst of them is, and the latest of them."""

    code: str
    count: int
    level: str
    last_raised_at: datetime
    newest: tuple[Alert, ...]


def open_kinds(brand: Brand, *, newest: int) -> list[AlertKind]:
    """What is open in a brand, by kind, the kind that was raised last first. Two queries, however much is open."""
    urgency = Case(*(When(level=level, then=Value(rank)) for rank, level in enumerate(AlertLevel.values)))
    opened = Alert.objects.filter(brand=brand, closed_at=None)
    latest_first = (F("last_raised_at").desc(), F("id").desc())
    shown: dict[str, list[Alert]] = {}
    place = Window(RowNumber(), partition_by="code", order_by=latest_first)
    for alert in opened.annotate(place=place).filter(place__lte=newest).order_by(*latest_first):
        shown.setdefault(alert.code, []).append(alert)
    sums = opened.values("code").annotate(number=Count("id"), worst=Max(urgency), last=Max("last_raised_at"))
    return [
        AlertKind(
            one["code"], one["number"], AlertLevel.values[one["worst"] or 0], one["last"], tuple(shown[one["code"]])
        )
        for one in sums.order_by("-last")
        if one["code"] in shown
    ]


def open_count(user: Visitor, brand: Brand | None = None) -> int:
    return alerts_of(user, brand).count()
