"""Facebook Login: the dialog, a long-lived user token, and the Pages and Instagram profiles that it opens.

https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow and …/access-tokens/get-long-lived
"""

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.platforms.base import ChannelContext, SignIn
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import RejectedError
from monitor.platforms.meta.graph import Graph, split_version
from monitor.platforms.payload import id_at, list_at, mapping_at, text_at
from monitor.platforms.signing import (
    App,
    Found,
    Granted,
    address_with,
    open_session,
    post_form,
)

SIGN_IN = SignIn(
    return_code="facebook",
    scopes=(
        "pages_show_list",
        "pages_read_engagement",
        "pages_read_user_content",
        "pages_manage_engagement",
        "pages_manage_metadata",
        "pages_messaging",
        "instagram_basic",
        "instagram_manage_comments",
        "instagram_manage_messages",
    ),  # fmt: skip
    needed_scopes=("pages_show_list", "pages_read_engagement"),
    has_choice=True,
)
PROFILE_FIELD = "instagram_business_account{id,username,name}"
_ACCOUNT_FIELDS = f"id,name,username,access_token,tasks,{PROFILE_FIELD}"
# What a person must be allowed to do on a Page for its channel to work: read and moderate, and answer messages.
_TASKS = ("MODERATE", "MESSAGING")
_MOST_PAGES = 40


class MetaSigning:
    """Page tokens that come of a long-lived user token do not end by themselves: nothing has to be renewed."""

    def register(self, app: App) -> App:
        return app

    def authorize_url(self, app: App, *, state: str, verifier: str) -> str:
        _base, version = split_version(app.api_url)
        return address_with(
            f"{app.web_url}/{version}/dialog/oauth",
            {
                "client_id": app.client_id,
                "redirect_uri": app.redirect_url,
                "response_type": "code",
                "scope": ",".join(SIGN_IN.scopes),
                # Asks again for what was declined earlier; without it the dialog passes over that in silence.
                "auth_type": "rerequest",
                "state": state,
            },
        )

    def exchange(self, app: App, *, code: str, verifier: str) -> Granted:
        short = self._token(app, {"redirect_uri": app.redirect_url, "code": code}, code="code_refused")
        token = self._token(
            app, {"grant_type": "fb_exchange_token", "fb_exchange_token": short}, code="permission_missing"
        )
        graph = _graph_of(app, token)
        scopes = _granted_scopes(graph)
        found: list[Found] = []
        if not set(SIGN_IN.needed_scopes) - scopes:
            # Whose login it is: when they take the access back, Meta names them by this id (deauthorise callback).
            giver = id_at(graph.get_object("me", fields="id"), "id")
            shared = {"app_secret": app.client_secret, "app_id": app.client_id, "user_id": giver}
            for page in _pages_of(graph):
                found += _channels_of(page, shared, scopes)
        return Granted(scopes, tuple(found))

    def refresh(self, app: App, credentials: Mapping[str, str]) -> Mapping[str, str]:
        raise RejectedError("tokens of a Page are not renewed", code="bad_request")

    def _token(self, app: App, form: Mapping[str, str], *, code: str) -> str:
        base, version = split_version(app.api_url)
        # As a form: in an address the secret and the token would end up in logs on the way.
        keys = {"client_id": app.client_id, "client_secret": app.client_secret}
        status, body = post_form(
            open_session(app),
            f"{base}/{version}/oauth/access_token",
            {**keys, **form},
            platform="Facebook",
        )
        token = text_at(body, "access_token") if status == 200 else ""
        if token:
            return token
        raise _refusal(status, body, code)


def _refusal(status: int, body: Mapping[str, Any], code: str) -> RejectedError:
    """101 and 1 with "client secret": the app's own keys; 100 with a subcode: the code is used, old or somebody else's.

    https://developers.facebook.com/docs/graph-api/guides/error-handling
    """
    error = mapping_at(body, "error")
    number = text_at(error, "code")
    is_about_app = number == "101" or "client secret" in text_at(error, "message").casefold()
    label = f"Facebook answered {status}" + (f" (code {number})" if number.isdigit() else "")
    return RejectedError(label, code="app_refused" if is_about_app else code)


def _graph_of(app: App, token: str) -> Graph:
    """Calls as the person: token in the header, with the proof that we hold the app's secret."""
    credentials = {"access_token": token, "app_secret": app.client_secret}
    return Graph(ChannelContext(0, "account", "", "", credentials, app.api_url), NullBudget())


def _granted_scopes(graph: Graph) -> frozenset[str]:
    """https://developers.facebook.com/docs/graph-api/reference/user/permissions/"""
    rows: list[Mapping[str, Any]] = []
    for number, page in enumerate(graph.pages("me", "permissions"), 1):
        rows += list_at(page, "data")
        if number == _MOST_PAGES:
            break
    return frozenset(text_at(row, "permission") for row in rows if text_at(row, "status") == "granted")


def _pages_of(graph: Graph) -> Iterator[Mapping[str, Any]]:
    """Every Page that the person has a role on; an empty page of the list may still have a next one."""
    for number, page in enumerate(graph.pages("me", "accounts", fields=_ACCOUNT_FIELDS, limit=100), 1):
        yield from list_at(page, "data")
        if number == _MOST_PAGES:
            return


def _channels_of(page: Mapping[str, Any], shared: Mapping[str, str], scopes: frozenset[str]) -> list[Found]:
    """The Page itself, and the professional profile that is linked to it where its permissions were given."""
    token, page_id = text_at(page, "access_token"), id_at(page, "id")
    if not token or not page_id:
        return []
    tasks = page.get("tasks")
    lacks = tuple(task for task in _TASKS if isinstance(tasks, list) and task not in tasks)
    credentials = {"access_token": token, **shared}
    name = text_at(page, "name")
    found = [Found("facebook", "page", page_id, credentials, text_at(page, "username"), name, lacks)]
    profile = mapping_at(page, "instagram_business_account")
    if id_at(profile, "id") and "instagram_basic" in scopes:
        linked = {**credentials, "page_id": page_id}
        handle = text_at(profile, "username")
        found.append(
            Found("instagram", "account", id_at(profile, "id"), linked, handle, text_at(profile, "name") or name, lacks)
        )
    return found
