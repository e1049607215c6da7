"""Notices: what the desk should know, by kind, with what was seen to kept behind a tab."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from monitor.alerts import services
from monitor.alerts.models import Alert
from monitor.brands.models import Brand
from monitor.brands.routes import needs
from monitor.console.alert_page import shown_earlier, shown_kind, shown_kinds


@require_safe
@needs("view")
def show_alerts(request: HttpRequest, brand: Brand) -> HttpResponse:
    number, code = request.GET.get("page", ""), _code(request.GET)
    shown: dict[str, Any] = {"brand": brand, "shows_earlier": request.GET.get("tab") == "earlier", "one_kind": code}
    if shown["shows_earlier"]:
        shown["earlier"], shown["page"] = shown_earlier(brand, number)
    elif code:
        found, shown["page"] = shown_kind(brand, code, number)
        shown["kinds"] = [found] if found else []
    else:
        shown["kinds"] = shown_kinds(brand)
    return render(request, "console/alerts.html", shown)


def _code(fields: QueryDict) -> str:
    return fields.get("kind", "").replace("\0", "")[:64]


@require_POST
@needs("answer")
def close(request: HttpRequest, brand: Brand, alert_id: int) -> HttpResponse:
    alert = Alert.objects.filter(brand=brand, pk=alert_id).first()
    if alert is None:
        raise Http404
    if not services.close_alert(alert_id=alert.pk, user=request.user):  # type: ignore[arg-type]
        messages.info(request, _("Somebody had closed it already."))
    return redirect("alerts", brand.slug)


@require_POST
@needs("answer")
def close_kind(request: HttpRequest, brand: Brand) -> HttpResponse:
    """All of a kind at once, but none that came while somebody was reading."""
    try:
        until, most = parse_datetime(request.POST.get("until", "")), int(request.POST.get("count", ""))
    except ValueError:
        until, most = None, 0
    if until is None or until.tzinfo is None:
        raise Http404
    user: Any = request.user
    count = services.close_kind(brand_id=brand.pk, code=_code(request.POST), raised_until=until, most=most, user=user)
    if count:
        said = ngettext("%(count)d alert is seen to.", "%(count)d alerts are seen to.", count) % {"count": count}
        messages.success(request, said)
    else:
        messages.info(request, _("Something changed in the meanwhile: look at them again."))
    return redirect("alerts", brand.slug)
