"""Where platforms push: handshakes, signatures over the raw bytes, then one statement. Read after the answer."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from monitor.api.problems import problem
from monitor.api.services import hold_delivery
from monitor.brands.routes import for_everybody
from monitor.platforms.meta import webhooks as meta
from monitor.platforms.x import webhooks as x

Verify = Callable[[Any, bytes, str | None], bool]
LONGEST_TOKEN = 1_000


@csrf_exempt
@require_http_methods(["GET", "POST"])
@for_everybody
def x_webhook(request: HttpRequest) -> HttpResponse:
    """https://docs.x.com/x-api/webhooks: GET proves that we know the secret, POST brings events."""
    if request.method == "POST":
        return _receive(request, "x", x.verify_signature, x.SIGNATURE_HEADER, settings.X_CONSUMER_SECRETS)
    token = request.GET.get("crc_token", "")
    if not token or len(token) > LONGEST_TOKEN or not settings.X_CONSUMER_SECRETS:
        return problem(403, "handshake")
    return JsonResponse(x.crc_response(settings.X_CONSUMER_SECRETS[0], token))


@csrf_exempt
@require_http_methods(["GET", "POST"])
@for_everybody
def meta_webhook(request: HttpRequest) -> HttpResponse:
    """https://developers.facebook.com/docs/graph-api/webhooks/getting-started"""
    if request.method == "POST":
        return _receive(request, "meta", meta.verify_signature, meta.SIGNATURE_HEADER, settings.META_APP_SECRETS)
    challenge = meta.answer_handshake(settings.META_VERIFY_TOKEN, request.GET.dict())
    if not challenge or len(challenge) > LONGEST_TOKEN:
        return problem(403, "handshake")
    # Plain text, and never sniffed as anything else: the challenge is echoed as it came.
    return HttpResponse(challenge, content_type="text/plain; charset=utf-8")


def _receive(request: HttpRequest, sender: str, verify: Verify, header: str, secrets: list[str]) -> HttpResponse:
    try:
        raw = request.body
    except RequestDataTooBig:
        return problem(413, "too_large")
    except UnreadablePostError:
        return problem(400, "cut_short")
    # Before anything else: a stranger's body is neither read nor counted.
    if not verify(secrets, raw, request.headers.get(header)):
        return problem(403, "signature")
    # Also what nobody can read: we have it now, and the platform need not send it again.
    hold_delivery(sender=sender, raw=raw)
    return HttpResponse(status=200)
