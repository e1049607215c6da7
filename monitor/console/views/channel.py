"""One channel: its page, and what people may have it do: look again, subscribe, read history, replay the journal."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from monitor.brands.models import Brand, Channel
from monitor.brands.routes import needs
from monitor.brands.sealing import SealBrokenError
from monitor.console.channel_page import facts_of
from monitor.console.reasons import problem
from monitor.console.views.case_acts import signed_in
from monitor.inbox.models import ChannelGap, Rereading
from monitor.inbox.services import (
    examine_channel,
    request_reading_back,
    request_replay,
    stop_rereading,
    subscribe_channel,
)
from monitor.inbox.services.failures import code_of
from monitor.inbox.services.rereading import can_read_back
from monitor.platforms.errors import PlatformError

#: Platform -> name of the address that it pushes to.
CALLBACKS = {"x": "x_webhook", "facebook": "meta_webhook", "instagram": "meta_webhook"}
DAYS = {"7": 7.0, "30": 30.0, "all": 36_500.0}
REPLAYS = {"1": timedelta(hours=1), "24": timedelta(days=1), "168": timedelta(days=7), "720": timedelta(days=30)}


def find_channel(brand: Brand, channel_id: int) -> Channel:
    channel = Channel.objects.filter(brand=brand, pk=channel_id).prefetch_related("streams", "conditions").first()
    if channel is None:
        raise Http404
    return channel


@require_safe
@needs("view")
def show_channel(request: HttpRequest, brand: Brand, channel_id: int) -> HttpResponse:
    channel = find_channel(brand, channel_id)
    return render(request, "console/channel.html", {"brand": brand, "channel": channel, **facts_of(channel)})


@require_POST
@needs("steer")
def look_again(request: HttpRequest, brand: Brand, channel_id: int) -> HttpResponse:
    channel = find_channel(brand, channel_id)
    if examine_channel(channel_id=channel.pk):
        messages.success(request, _("Looked at just now."))
    else:
        messages.warning(request, _("The platform could not be asked. What is known stays, and we look again soon."))
    return redirect("channel", brand.slug, channel.pk)


@require_POST
@needs("manage")
def subscribe(request: HttpRequest, brand: Brand, channel_id: int) -> HttpResponse:
    """Asks the platform to push, to the address that the outside world knows us by."""
    channel = find_channel(brand, channel_id)
    if not settings.PUBLIC_URL or channel.platform not in CALLBACKS:
        messages.error(request, _("Set MENTIONDESK_PUBLIC_URL first: a platform can push only to a public address."))
        return redirect("channel", brand.slug, channel.pk)
    address = settings.PUBLIC_URL.rstrip("/") + reverse(CALLBACKS[channel.platform])
    try:
        subscribe_channel(channel=channel, callback_url=address, user=signed_in(request))
    except (PlatformError, SealBrokenError) as error:
        words = _("The platform did not agree to push. %(why)s")
        messages.error(request, words % {"why": problem(code_of(error))})
    else:
        messages.success(request, _("The platform pushes to us from now on."))
    return redirect("channel", brand.slug, channel.pk)


@require_POST
@needs("manage")
def read_back(request: HttpRequest, brand: Brand, channel_id: int) -> HttpResponse:
    channel = find_channel(brand, channel_id)
    days = DAYS.get(request.POST.get("days", ""))
    if days is None or not can_read_back(channel):
        messages.error(request, _("This could not be done: look at what was filled in or chosen."))
    elif request_reading_back(channel=channel, days=days, user=signed_in(request)):
        messages.success(request, _("History is read behind everything else; this page shows how far it has come."))
    else:
        messages.warning(request, _("History is being read already."))
    return redirect("channel", brand.slug, channel.pk)


@require_POST
@needs("manage")
def read_gap_again(request: HttpRequest, brand: Brand, channel_id: int, gap_id: int) -> HttpResponse:
    """From where the gap begins; what came after it is known and costs little."""
    channel = find_channel(brand, channel_id)
    gap = ChannelGap.objects.filter(stream__channel=channel, pk=gap_id).select_related("stream").first()
    if gap is None or not can_read_back(channel):
        raise Http404
    since = gap.since or gap.recorded_at - timedelta(days=7)
    days = (timezone.now() - since) / timedelta(days=1) + 0.05
    if request_reading_back(channel=channel, days=days, user=signed_in(request), streams=[gap.stream.name]):
        messages.success(request, _("This stretch is read again, behind everything else."))
    else:
        messages.warning(request, _("History is being read already."))
    return redirect("channel", brand.slug, channel.pk)


@require_POST
@needs("steer")
def replay_journal(request: HttpRequest, brand: Brand, channel_id: int) -> HttpResponse:
    channel = find_channel(brand, channel_id)
    span = REPLAYS.get(request.POST.get("hours", ""))
    if span is None:
        messages.error(request, _("This could not be done: look at what was filled in or chosen."))
    elif request_replay(channel=channel, since=timezone.now() - span, user=signed_in(request)):
        messages.success(request, _("The journal is read again; this page shows how far it has come."))
    else:
        messages.warning(request, _("The journal is being read already."))
    return redirect("channel", brand.slug, channel.pk)


@require_POST
@needs("steer")
def stop(request: HttpRequest, brand: Brand, channel_id: int, rereading_id: int) -> HttpResponse:
    channel = find_channel(brand, channel_id)
    reading = Rereading.objects.filter(channel=channel, pk=rereading_id).first()
    if reading is None:
        raise Http404
    if stop_rereading(rereading=reading, user=signed_in(request)):
        messages.success(request, _("Stopped. What it has brought stays."))
    return redirect("channel", brand.slug, channel.pk)
