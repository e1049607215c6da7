"""What the page of alerts shows: open notices by kind, each with the case, topic or channel that it tells of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.translation import gettext as _

from monitor.alerts.codes import kind, what_to_do
from monitor.alerts.models import Alert
from monitor.alerts.selectors import AlertKind, open_kinds
from monitor.brands.models import Brand
from monitor.cases.models import Case

NEWEST: Final = 3  # of each kind, where all kinds are shown
PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """`case` is None where the notice tells of none; `link` leads to where something can be done about it, or is ""."""

    alert: Alert
    case: Case | None
    link: str
    link_words: str

    @property
    def says_more(self) -> bool:
        """Whether its sentence tells more than the heading of its kind and the line of its case."""
        return self.case is None or self.alert.code != "case.escalated"


@dataclass(frozen=True, slots=True)
class ShownKind:
    code: str
    title: str
    advice: str
    level: str
    count: int
    last_raised_at: object
    alerts: list[ShownAlert]

    @property
    def has_more(self) -> bool:
        return self.count > len(self.alerts)


def shown_kinds(brand: Brand) -> list[ShownKind]:
    """Everything that is open: a few of each kind, the count of all, the kind that was raised last first."""
    kinds = open_kinds(brand, newest=NEWEST)
    cases = cases_of(brand, (alert for one in kinds for alert in one.newest))
    return [_shown_kind(brand, one, one.newest, cases) for one in kinds]


def shown_kind(brand: Brand, code: str, number: str) -> tuple[ShownKind | None, Page[Alert]]:
    """All open notices of one kind, a page of them; None where nothing of it is open (any more)."""
    opened = Alert.objects.filter(brand=brand, closed_at=None, code=code).order_by("-last_raised_at", "-id")
    page = Paginator(opened, PAGE_SIZE).get_page(number)
    found = next((one for one in open_kinds(brand, newest=1) if one.code == code), None)
    alerts = list(page.object_list)
    return (_shown_kind(brand, found, alerts, cases_of(brand, alerts)) if found else None), page


def shown_earlier(brand: Brand, number: str) -> tuple[list[ShownAlert], Page[Alert]]:
    """What was seen to, the latest first, a page of it."""
    closed = Alert.objects.filter(brand=brand).exclude(closed_at=None).select_related("closed_by")
    page = Paginator(closed.order_by("-closed_at", "-id"), PAGE_SIZE).get_page(number)
    alerts = list(page.object_list)
    return _shown(brand, alerts, cases_of(brand, alerts)), page


def cases_of(brand: Brand, alerts: Iterable[Alert]) -> dict[str, Case]:
    """reference → the case that a notice is about. One query."""
    references = {_reference(alert) for alert in alerts} - {""}
    if not references:
        return {}
    cases = Case.objects.filter(brand=brand, reference__in=references)
    return {case.reference: case for case in cases.select_related("author", "deciding_post")}


def _shown_kind(brand: Brand, one: AlertKind, alerts: Sequence[Alert], cases: Mapping[str, Case]) -> ShownKind:
    return ShownKind(
        code=one.code,
        title=kind(one.code),
        advice=what_to_do(one.code),
        level=one.level,
        count=one.count,
        last_raised_at=one.last_raised_at,
        alerts=_shown(brand, alerts, cases),
    )


def _shown(brand: Brand, alerts: Iterable[Alert], cases: Mapping[str, Case]) -> list[ShownAlert]:
    return [ShownAlert(alert, cases.get(_reference(alert)), *_way(brand, alert)) for alert in alerts]


def _reference(alert: Alert) -> str:
    return str(alert.params.get("case") or alert.params.get("reference") or "")


def _way(brand: Brand, alert: Alert) -> tuple[str, str]:
    """Where something can be done about it, and what the link says."""
    room = alert.code.split(".")[0]
    if reference := _reference(alert):
        return reverse("case", args=[brand.slug, reference]), _("Open the case")
    if alert.code == "trend.spike" and alert.params.get("topic"):
        topic = urlencode({"topic": alert.params["topic"], "days": 7})
        return f"{reverse('trends', args=[brand.slug])}?{topic}", _("Open the trend")
    if room == "drift":
        return reverse("quality", args=[brand.slug]), _("Look at the quality")
    if room == "pipeline":
        return f"{reverse('posts', args=[brand.slug])}?kind=put_aside", _("Look at them")
    if room == "channel" and str(alert.params.get("channel_id", "")).isdigit():
        return reverse("channel", args=[brand.slug, alert.params["channel_id"]]), _("Open the channel")
    if room == "channel" or alert.code == "reply.waits_for_channel":
        return reverse("channels", args=[brand.slug]), _("Open the channels")
    return "", ""
