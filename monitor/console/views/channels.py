"""Channels and what was put aside: whether we still hear everything, and what to do where we do not."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from monitor.brands.models import Brand, Channel, ChannelStream, Spend
from monitor.brands.routes import needs
from monitor.console.channel_page import worst_first
from monitor.inbox.completeness import pushed_lately
from monitor.inbox.models import ChannelGap, Post, QuarantinedEvent, Recheck, Stage
from monitor.inbox.services import replay_quarantined, retry_quarantined
from monitor.platforms.registry import get_platform, platform_codes

SHOWN = 200
SPEND_SHOWN = timedelta(days=30)
#: What is read again with one click: as many as an answer to a click may take.
AT_ONCE = 1_000


@require_safe
@needs("view")
def show_channels(request: HttpRequest, brand: Brand) -> HttpResponse:
    spends = Spend.objects.filter(day__gt=timezone.now().date() - SPEND_SHOWN).order_by("-day")
    beside = (
        Prefetch("streams", ChannelStream.objects.order_by("pk")),
        "conditions",
        Prefetch("rechecks", Recheck.objects.order_by("scope")),
        Prefetch("spends", spends),
    )
    found = Channel.objects.filter(brand=brand).prefetch_related(*beside)
    channels = list(found.order_by("platform", "kind", "id"))
    gaps = ChannelGap.objects.filter(stream__channel__brand=brand).select_related("stream__channel")
    shown: dict[str, Any] = {"brand": brand, "channels": channels, "gaps": gaps.order_by("-recorded_at")[:SHOWN]}
    shown["troubles"] = worst_first(channels)
    shown["pushed"] = pushed_lately(channels)
    if not channels:
        shown["platforms"] = [get_platform(code).declaration for code in platform_codes()]
    return render(request, "console/channels.html", shown)


@require_safe
@needs("steer")
def show_quarantine(request: HttpRequest, brand: Brand) -> HttpResponse:
    events = QuarantinedEvent.objects.filter(brand=brand).select_related("channel").order_by("-recorded_at")
    waiting = events.filter(replayed_at=None)
    unread = Post.objects.filter(brand=brand, stage=Stage.QUARANTINED, deleted_at=None).count()
    shown = {"brand": brand, "events": waiting[:SHOWN], "count": waiting.count(), "unread": unread}
    reasons = waiting.filter(reason_code__startswith="event.").exclude(channel=None).values("reason_code")
    shown["reasons"] = list(reasons.annotate(count=Count("pk")).order_by("-count"))
    return render(request, "console/quarantine.html", shown)


@require_POST
@needs("steer")
def replay(request: HttpRequest, brand: Brand, event_id: int) -> HttpResponse:
    """Reads it once more: after a newer version, or after the platform has mended itself."""
    if not QuarantinedEvent.objects.filter(brand=brand, pk=event_id).exists():
        raise Http404
    understood, _still_odd = replay_quarantined(brand_id=brand.pk, event_ids=[event_id])
    if understood:
        messages.success(request, _("Understood this time: it is on its way."))
    else:
        messages.warning(request, _("It still cannot be understood. Nothing is lost."))
    return redirect("quarantine", brand.slug)


@require_POST
@needs("steer")
def replay_reason(request: HttpRequest, brand: Brand) -> HttpResponse:
    """Everything that was put aside for one reason, the oldest first; of very many only so many at once."""
    reason = request.POST.get("reason", "")
    waiting = QuarantinedEvent.objects.filter(brand=brand, replayed_at=None, reason_code=reason).exclude(channel=None)
    chosen = list(waiting.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    understood, still_odd = replay_quarantined(brand_id=brand.pk, event_ids=chosen)
    words = ngettext(
        "%(count)d was understood this time, %(odd)d still was not.",
        "%(count)d were understood this time, %(odd)d still were not.",
        understood,
    )
    messages.success(request, words % {"count": understood, "odd": still_odd})
    return redirect("quarantine", brand.slug)


@require_POST
@needs("steer")
def retry_posts(request: HttpRequest, brand: Brand) -> HttpResponse:
    """Sends the posts that could not be worked on through the pipeline once more."""
    count = retry_quarantined(brand_id=brand.pk)
    words = ngettext("%(count)d post goes through again.", "%(count)d posts go through again.", count)
    messages.success(request, words % {"count": count})
    return redirect("quarantine", brand.slug)
