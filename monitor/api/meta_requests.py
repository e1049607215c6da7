"""Where Meta asks in a person's name: delete what you know of me; I take your app's access away.

Both come as a form with a signed request. A stranger's is neither read nor counted; the same one again does nothing.
"""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from monitor.api.problems import problem
from monitor.api.services import ask_for_deletion, count_delivery, withdraw_access
from monitor.brands.routes import for_everybody
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.meta.signed_request import NotSignedError, SignedRequest, read_signed_request

STATUS_PAGE = "deletion_status"


@csrf_exempt
@require_POST
@for_everybody
def meta_data_deletion(request: HttpRequest) -> HttpResponse:
    """https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback"""

    def answer(asked: SignedRequest) -> HttpResponse:
        code = ask_for_deletion(sender="meta", user_id=asked.user_id, issued_at=asked.issued_at)
        path = reverse(STATUS_PAGE, kwargs={"code": code})
        url = settings.PUBLIC_URL.rstrip("/") + path if settings.PUBLIC_URL else request.build_absolute_uri(path)
        return JsonResponse({"url": url, "confirmation_code": code})

    return _receive(request, "data_deletion", answer)


@csrf_exempt
@require_POST
@for_everybody
def meta_deauthorise(request: HttpRequest) -> HttpResponse:
    """https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow#deauth-callback"""

    def answer(asked: SignedRequest) -> HttpResponse:
        withdraw_access(sender="meta", user_id=asked.user_id)
        return HttpResponse(status=200)

    return _receive(request, "deauthorise", answer)


def _receive(request: HttpRequest, what: str, answer: Callable[[SignedRequest], HttpResponse]) -> HttpResponse:
    try:
        given = request.POST.get("signed_request", "")
    except (RequestDataTooBig, TooManyFieldsSent):
        return problem(413, "too_large")
    except (UnreadablePostError, MultiPartParserError):
        return problem(400, "cut_short")
    try:
        asked = read_signed_request(settings.META_APP_SECRETS, given)
    except NotSignedError:
        return problem(403, "signature")
    except MalformedPayloadError:
        count_delivery(sender="meta", status=400, reason="malformed")
        return problem(400, "malformed")
    response = answer(asked)
    count_delivery(sender="meta", status=200, reason=what)
    return response
