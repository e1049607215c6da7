"""Puts the routers together, and keeps the description of the API to those who may call it."""

import functools
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from ninja import NinjaAPI

from monitor import __version__
from monitor.api.problems import add_handlers, problem
from monitor.api.rest import cases, exports, people, posts, replies, trends
from monitor.api.tokens import Bearer, caller_of
from monitor.brands.rights import brands_of

View = Callable[..., HttpResponseBase]


def for_insiders(view: View) -> View:
    """The description is for token holders and for administrators of some brand."""

    @functools.wraps(view)
    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        words = request.headers.get("Authorization", "").split()
        if len(words) == 2 and words[0].lower() == "bearer" and caller_of(words[1]):
            return view(request, *args, **kwargs)
        if request.user.is_authenticated and brands_of(request.user, "manage").exists():
            return view(request, *args, **kwargs)
        return problem(401, "token", "The description is for token holders and administrators.")

    return checked


api = NinjaAPI(
    title="Mentiondesk",
    version=__version__,
    description="Posts, cases, replies and trends of one brand. Make a token in the console.",
    urls_namespace="api",
    auth=Bearer(),
    docs_decorator=for_insiders,
)
add_handlers(api)
api.add_router("", people.router)
api.add_router("/cases", cases.router)
api.add_router("/posts", posts.router)
api.add_router("/replies", replies.router)
api.add_router("/trends", trends.router)
api.add_router("/exports", exports.router)
