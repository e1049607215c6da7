"""Notices: what the desk should know, with the open ones first."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from monitor.alerts.models import Alert
from monitor.alerts.services import close_alert
from monitor.brands.models import Brand
from monitor.brands.routes import needs

SHOWN = 100


@require_safe
@needs("view")
def show_alerts(request: HttpRequest, brand: Brand) -> HttpResponse:
    alerts = Alert.objects.filter(brand=brand).order_by("-last_raised_at")
    shown = {
        "brand": brand,
        "open_alerts": alerts.filter(closed_at=None)[:SHOWN],
        "closed_alerts": alerts.exclude(closed_at=None).select_related("closed_by")[:SHOWN],
    }
    return render(request, "console/alerts.html", shown)


@require_POST
@needs("answer")
def close(request: HttpRequest, brand: Brand, alert_id: int) -> HttpResponse:
    alert = Alert.objects.filter(brand=brand, pk=alert_id).first()
    if alert is None:
        raise Http404
    if not close_alert(alert_id=alert.pk, user=request.user):  # type: ignore[arg-type]
        messages.info(request, _("Somebody had closed it already."))
    return redirect("alerts", brand.slug)
