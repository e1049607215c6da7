"""The page of one channel and what can be done there. Each act is one service; what happened is said in plain words."""

import functools
from collections.abc import Callable
from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from monitor.brands.models import Brand, Channel, ChannelState
from monitor.brands.registrations import simulated_address
from monitor.brands.routes import View, needs
from monitor.brands.sealing import SealBrokenError
from monitor.brands.selectors import callback_url
from monitor.brands.services import TeachingRefusedError, pause_channel, resume_channel, say_may_teach
from monitor.console.channel_page import facts_of
from monitor.console.connecting import teaching_refused
from monitor.console.reasons import problem
from monitor.console.views.case_acts import signed_in
from monitor.inbox.models import ChannelGap, Rereading
from monitor.inbox.services import (
    disconnect,
    examine_channel,
    request_reading_back,
    request_replay,
    stop_rereading,
    subscribe_channel,
)
from monitor.inbox.services.failures import code_of
from monitor.inbox.services.rereading import can_read_back
from monitor.platforms.errors import PlatformError
from monitor.platforms.registry import get_platform, platform_codes

DAYS = {"7": 7.0, "30": 30.0, "all": 36_500.0}
REPLAYS = {"1": timedelta(hours=1), "24": timedelta(days=1), "168": timedelta(days=7), "720": timedelta(days=30)}

Act = Callable[..., str]


class NotDoneError(Exception):
    """Why an act came to nothing, as a sentence for whoever asked. `level` is that of Django's messages."""

    def __init__(self, words: str, level: int = messages.WARNING) -> None:
        super().__init__(words)
        self.level = level


def on_channel(right: str) -> Callable[[Act], View]:
    """Finds the channel, acts, says what happened (the act's answer), and goes back to where it was asked for."""

    def decorate(act: Act) -> View:
        @require_POST
        @needs(right)
        @functools.wraps(act)
        def view(request: HttpRequest, brand: Brand, channel_id: int, **found: int) -> HttpResponse:
            channel = find_channel(brand, channel_id)
            try:
                messages.success(request, act(request, channel, **found))
            except NotDoneError as reason:
                messages.add_message(request, reason.level, str(reason))
            if request.POST.get("back") == "channels":
                return redirect("channels", brand.slug)
            return redirect("channel", brand.slug, channel.pk)

        return view

    return decorate


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


@on_channel("steer")
def look_again(request: HttpRequest, channel: Channel) -> str:
    if channel.state == ChannelState.DISCONNECTED:
        raise NotDoneError(_("The channel is disconnected. Connect it again first."))
    if not examine_channel(channel_id=channel.pk):
        raise NotDoneError(_("The platform could not be asked. What is known stays, and we look again soon."))
    return _("Looked at just now.")


@on_channel("manage")
def subscribe(request: HttpRequest, channel: Channel) -> str:
    """Asks the platform to push, to the address that the outside world knows us by."""
    address = _callback_url(request, channel)
    if not address:
        words = _("Set MENTIONDESK_PUBLIC_URL first: a platform can push only to a public address.")
        raise NotDoneError(words, messages.ERROR)
    try:
        subscribe_channel(channel=channel, callback_url=address, user=signed_in(request))
    except (PlatformError, SealBrokenError) as error:
        words = _("The platform did not agree to push. %(why)s") % {"why": problem(code_of(error))}
        raise NotDoneError(words, messages.ERROR) from None
    return _("The platform pushes to us from now on.")


def _callback_url(request: HttpRequest, channel: Channel) -> str:
    """ "" where a platform could not reach us. A demo's platforms run on this machine."""
    is_here = simulated_address(channel.brand, channel.platform)
    return callback_url(channel, site=request.build_absolute_uri("/") if is_here else "")


@on_channel("manage")
def read_back(request: HttpRequest, channel: Channel) -> str:
    days = DAYS.get(request.POST.get("days", ""))
    if days is None or not can_read_back(channel):
        raise _nothing_chosen()
    if not request_reading_back(channel=channel, days=days, user=signed_in(request)):
        raise NotDoneError(_("History is being read already."))
    return _("History is read behind everything else; this page shows how far it has come.")


@on_channel("manage")
def read_gap_again(request: HttpRequest, channel: Channel, gap_id: int) -> str:
    """From where the gap begins; what came after it is known and costs little."""
    gap = ChannelGap.objects.filter(stream__channel=channel, pk=gap_id).select_related("stream").first()
    if gap is None or not can_read_back(channel):
        raise Http404
    since = gap.since or gap.recorded_at - timedelta(days=7)
    days = (timezone.now() - since) / timedelta(days=1) + 0.05
    if not request_reading_back(channel=channel, days=days, user=signed_in(request), streams=[gap.stream.name]):
        raise NotDoneError(_("History is being read already."))
    return _("This stretch is read again, behind everything else.")


@on_channel("steer")
def replay_journal(request: HttpRequest, channel: Channel) -> str:
    span = REPLAYS.get(request.POST.get("hours", ""))
    if span is None:
        raise _nothing_chosen()
    if not request_replay(channel=channel, since=timezone.now() - span, user=signed_in(request)):
        raise NotDoneError(_("The journal is being read already."))
    return _("The journal is read again; this page shows how far it has come.")


@on_channel("steer")
def stop(request: HttpRequest, channel: Channel, rereading_id: int) -> str:
    reading = Rereading.objects.filter(channel=channel, pk=rereading_id).first()
    if reading is None:
        raise Http404
    if not stop_rereading(rereading=reading, user=signed_in(request)):
        raise NotDoneError(_("It had ended already."))
    return _("Stopped. What it has brought stays.")


@on_channel("manage")
def pause_or_resume(request: HttpRequest, channel: Channel) -> str:
    if request.POST.get("act") == "pause":
        pause_channel(channel=channel, user=signed_in(request))
        return _("Paused. What waits is kept.")
    try:
        resume_channel(channel=channel, user=signed_in(request))
    except ValueError:
        raise NotDoneError(_("Its keys are deleted: connect the channel again.")) from None
    return _("It is tried again at once.")


@on_channel("manage")
def may_teach_or_not(request: HttpRequest, channel: Channel) -> str:
    """Whether corrections of a feed's posts teach the brand's model."""
    may_teach = {"yes": True, "no": False}.get(request.POST.get("say", ""))
    if may_teach is None:
        raise _nothing_chosen()
    try:
        say_may_teach(channel=channel, may_teach=may_teach, user=signed_in(request))
    except TeachingRefusedError as error:
        raise (NotDoneError(teaching_refused(error.platform)) if error.platform else _nothing_chosen()) from None
    return _("Its posts may teach from now on.") if may_teach else _("Its posts teach nothing from now on.")


@require_safe
@needs("manage")
def ask_disconnect(request: HttpRequest, brand: Brand, channel_id: int) -> HttpResponse:
    """What goes and what stays, before it is done."""
    channel = find_channel(brand, channel_id)
    takes_keys = channel.platform in platform_codes() and get_platform(channel.platform).declaration.needs_credentials
    shown = {"brand": brand, "channel": channel, "takes_keys": takes_keys}
    return render(request, "console/disconnect.html", shown)


@on_channel("manage")
def disconnect_it(request: HttpRequest, channel: Channel) -> str:
    done = _("Disconnected: the keys are deleted. What was collected stays.")
    if why := disconnect(channel=channel, user=signed_in(request)):
        words = _("The platform was not told to stop pushing: take the access back there. %(why)s")
        messages.warning(request, words % {"why": problem(why)})
    return done


def _nothing_chosen() -> NotDoneError:
    return NotDoneError(_("This could not be done: look at what was filled in or chosen."), messages.ERROR)
