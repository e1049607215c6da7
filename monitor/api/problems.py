"""How the API says no: RFC 7807 problems, one table from error to status. No trace and no text of people in them."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from monitor.brands.rights import UnknownRightError
from monitor.trends.exports import ExportError
from monitor.trends.periods import PeriodError

CONTENT_TYPE = "application/problem+json"


class RefusedError(Exception):
    """The request is understood and cannot be done. `code` is stable; `status` is what HTTP calls it."""

    def __init__(self, code: str, detail: str, *, status: int = 409, params: dict[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.status, self.params = code, detail, status, params or {}


TITLES = {
    400: "The request cannot be understood.",
    401: "A valid token is needed.",
    403: "The token lacks the right.",
    404: "There is no such thing.",
    409: "This cannot be done now.",
    413: "The request is too large.",
    422: "The request has wrong values.",
}


def problem(status: int, code: str, detail: str = "", **more: Any) -> HttpResponse:
    title = TITLES.get(status, "The request failed.")
    body = {"type": f"about:blank#{code}", "title": title, "status": status, "code": code, "detail": detail, **more}
    response = JsonResponse(body, status=status)
    response.headers["Content-Type"] = CONTENT_TYPE
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="mentiondesk"'
    return response


def add_handlers(api: NinjaAPI) -> None:
    def on(kind: type[Exception], status: int, code: str, *, says_why: bool = False) -> None:
        def answer(request: HttpRequest, error: Any) -> HttpResponse:
            return problem(status, code, str(error) if says_why else "")

        api.add_exception_handler(kind, answer)

    on(AuthenticationError, 401, "token")
    on(PermissionDenied, 403, "right")
    on(Http404, 404, "not_found")
    on(ObjectDoesNotExist, 404, "not_found")
    on(PeriodError, 400, "period", says_why=True)
    on(ExportError, 400, "export", says_why=True)
    # NUL, or a number that no column holds: PostgreSQL is the one that knows.
    on(DataError, 422, "values")
    on(UnknownRightError, 500, "right")
    api.add_exception_handler(ValidationError, _on_validation)
    api.add_exception_handler(RefusedError, _on_refused)
    api.add_exception_handler(HttpError, _on_http)


def _on_validation(request: HttpRequest, error: Any) -> HttpResponse:
    # Where and what is wrong; never the value, which may be somebody's words.
    found = [{"at": [str(part) for part in one.get("loc", ())], "message": one.get("msg", "")} for one in error.errors]
    return problem(422, "values", errors=found)


def _on_refused(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(error.status, error.code, error.detail, **error.params)


def _on_http(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(error.status_code, "request", str(error) if error.status_code == 400 else "")
