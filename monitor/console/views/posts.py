"""All posts, also those that became no case: nothing that was collected is out of sight."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from monitor.analysis.services import CorrectionError
from monitor.brands.models import Brand
from monitor.brands.routes import needs
from monitor.console.labels import INTENTS, Label
from monitor.console.posts import PostFilters, posts_page
from monitor.console.told import ways_met
from monitor.console.topics import topics_met
from monitor.console.views.case_acts import signed_in
from monitor.inbox.models import Post
from monitor.platforms.registry import platform_codes
from monitor.trends.selectors import values_of
from monitor.triage.selectors import advertising_count, spam_count
from monitor.triage.services import NotSpamError, mark_not_spam

KINDS = (
    ("", _("All")),
    ("cased", _("With a case")),
    ("uncased", _("Without a case")),
    ("own", _("Our own")),
    ("put_aside", _("Could not be read")),
    ("spam", _("Spam and advertising")),
)
#: What a post may be that was taken for spam or advertising, the likeliest first.
GENUINE_INTENTS = ("complaint", "question", "chatter")
COUNTED = timedelta(days=7)


@require_safe
@needs("view")
def show_posts(request: HttpRequest, brand: Brand) -> HttpResponse:
    filters = PostFilters.read(request.GET.dict())
    page = posts_page(brand, request.user, filters, request.GET.get("after", ""))
    shown: dict[str, Any] = {"brand": brand, "filters": filters, "page": page, "genuine_intents": GENUINE_INTENTS}
    if request.headers.get("HX-Request") and "after" in request.GET:
        return render(request, "console/parts/posts.html", shown)
    since = timezone.now() - COUNTED
    shown |= {
        "kinds": KINDS,
        "aside_count": spam_count(brand_id=brand.pk, since=since) + advertising_count(brand_id=brand.pk, since=since),
        "search": request.GET.get("q", ""),
        "choices": [
            _choice("topic", _("All topics"), filters.value("topic"), topics_met(brand)),
            _choice("intent", _("All intents"), filters.value("intent"), INTENTS),
            _choice("platform", _("All platforms"), filters.platform, _platforms_met(brand)),
            _choice("language", _("All languages"), filters.value("language"), values_of("language", brand=brand)),
            _choice("market", _("All markets"), filters.market, values_of("market", brand=brand)),
            ("told", _("Any stars, any ad"), filters.told, ways_met(brand, filters.told)),
        ],
    }
    return render(request, "console/posts.html", shown)


def _choice(name: str, words: Label, chosen: str, met: Iterable[str]) -> tuple[str, Label, str, list[str]]:
    """What is chosen stays among the choices, also where no post has it: the next search asks for it again."""
    return name, words, chosen, list(dict.fromkeys([*met, *filter(None, [chosen])]))


def _platforms_met(brand: Brand) -> list[str]:
    """Also those that only an import has brought."""
    return sorted({*platform_codes(), *values_of("platform", brand=brand)} - {""})


@require_POST
@needs("answer")
def mark_post_not_spam(request: HttpRequest, brand: Brand, post_id: UUID) -> HttpResponse:
    """One click of a reviewer: what the post is instead. It goes the usual way at once."""
    post = Post.objects.filter(brand=brand, public_id=post_id).first()
    if post is None or request.POST.get("intent") not in GENUINE_INTENTS:
        raise Http404
    try:
        mark_not_spam(user=signed_in(request), post=post, intent=request.POST["intent"])
    except (NotSpamError, CorrectionError):
        messages.info(request, gettext("This post is not put aside any more."))
    else:
        messages.success(request, gettext("Noted: the post goes the usual way now."))
    return redirect(f"{reverse('posts', args=[brand.slug])}?kind=spam")
