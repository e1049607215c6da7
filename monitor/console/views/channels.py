"""Channels and what was put aside: whether we still hear everything, and what to do where we do not."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from monitor.brands.models import Brand, Channel
from monitor.brands.routes import needs
from monitor.inbox.models import ChannelGap, QuarantinedEvent

SHOWN = 200


@require_safe
@needs("view")
def show_channels(request: HttpRequest, brand: Brand) -> HttpResponse:
    channels = Channel.objects.filter(brand=brand).prefetch_related("streams").order_by("platform", "kind", "id")
    gaps = ChannelGap.objects.filter(stream__channel__brand=brand).select_related("stream__channel")
    shown = {"brand": brand, "channels": channels, "gaps": gaps.order_by("-recorded_at")[:SHOWN]}
    return render(request, "console/channels.html", shown)


@require_safe
@needs("view")
def show_quarantine(request: HttpRequest, brand: Brand) -> HttpResponse:
    events = QuarantinedEvent.objects.filter(brand=brand).select_related("channel").order_by("-recorded_at")
    waiting = events.filter(replayed_at=None)
    shown = {"brand": brand, "events": waiting[:SHOWN], "count": waiting.count()}
    return render(request, "console/quarantine.html", shown)
