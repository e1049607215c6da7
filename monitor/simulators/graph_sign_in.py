"""A fake Facebook Login: the dialog, tokens for users and Pages, their permissions, the list of Pages, debug_token.

https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.platforms.signing import SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET
from monitor.simulators.grants import Grant, Token
from monitor.simulators.sign_in_pages import back, consent_page, refusal_page
from monitor.simulators.world import PAGE_ID, PROFILE_ID, Person, World

USER_ID = "122100000000000777"
#: Pages that the fake person has a role on: id → name and what they may do there. Only the first has a profile.
PAGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    PAGE_ID: ("Lumora", ("ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE")),
    "104217600000002": ("Lumora Care", ("ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE")),
    "104217600000003": ("Lumora Outlet", ("ADVERTISE", "ANALYZE")),
}
# Small, so that every client has to turn the page.
_PAGE_SIZE = 2
_SHORT, _LONG, _CODE_LASTS = timedelta(hours=1), timedelta(days=60), timedelta(minutes=10)
_RETURN = "/connect/facebook/return/"


def page_called(page_id: str) -> Person | None:
    """A Page beside the brand's own: nothing happens on it."""
    return Person("facebook", page_id, "", PAGES[page_id][0]) if page_id in PAGES else None


def profile_of(page_id: str) -> dict[str, str]:
    return {"id": PROFILE_ID, "username": "lumora", "name": "Lumora"} if page_id == PAGE_ID else {}


def token_in(request: Request, query: Mapping[str, str]) -> str:
    header = request.headers.get("authorization", "")
    return header.removeprefix("Bearer ") if header.startswith("Bearer ") else query.get("access_token", "")


async def dialog(request: Request) -> Response:
    world: World = request.app.state.world
    pairs = parse_qsl((await request.body()).decode())
    form, params = dict(pairs), {**dict(request.query_params), **dict(pairs)}
    scopes = [scope for scope in params.get("scope", "").replace(" ", ",").split(",") if scope]
    if params.get("client_id") != SIMULATED_CLIENT_ID or not params.get("redirect_uri", "").endswith(_RETURN):
        return refusal_page("Facebook", "URL blocked: the return address is not whitelisted in the app's settings.")
    if request.method == "GET":
        return consent_page("Facebook", "Mentiondesk", dict(request.query_params), scopes, may_choose=True)
    state = {"state": params.get("state", "")}
    if form.get("decision") != "allow":
        denied = {"error": "access_denied", "error_code": "200", "error_reason": "user_denied"}
        return back(params["redirect_uri"], {**denied, "error_description": "Permissions error", **state})
    granted = frozenset(value for name, value in pairs if name == "granted") & frozenset(scopes)
    grant = Grant("facebook", params["client_id"], USER_ID, granted, params["redirect_uri"], " ".join(scopes))
    return back(params["redirect_uri"], {"code": world.grants.issue(grant, "code", world.now() + _CODE_LASTS), **state})


async def access_token(request: Request) -> Response:
    """Code for a short-lived token, or a short-lived for a long-lived one."""
    world: World = request.app.state.world
    params = {**dict(request.query_params), **dict(parse_qsl((await request.body()).decode()))}
    world.note_call(request.method, request.url.path, request.query_params)
    if params.get("client_id") != SIMULATED_CLIENT_ID:
        return _refused("Error validating application. Invalid application ID.", 101)
    if params.get("client_secret") != SIMULATED_CLIENT_SECRET:
        return _refused("Error validating client secret.", 1)
    if params.get("grant_type") == "fb_exchange_token":
        known = world.grants.find(params.get("fb_exchange_token", ""), ("user",), world.now(), platform="facebook")
        if known is None:
            return _refused("Error validating access token", 190, 463, 401)
        return _token(world, known.grant, _LONG)
    with world.lock:
        grant = world.grants.use(params.get("code", ""), "code", world.now(), platform="facebook")
    if grant is None:
        return _refused("This authorization code has been used.", 100, 36009)
    if grant.redirect_uri != params.get("redirect_uri"):
        return _refused("Error validating verification code: redirect_uri isn't identical", 100, 36008)
    return _token(world, grant, _SHORT)


def _token(world: World, grant: Grant, lasts: timedelta) -> Response:
    made = world.grants.issue(grant, "user", world.now() + lasts, prefix="EAAuser")
    return JSONResponse({"access_token": made, "token_type": "bearer", "expires_in": int(lasts.total_seconds())})


def _user_of(request: Request, query: Mapping[str, str]) -> Token | None:
    world: World = request.app.state.world
    return world.grants.find(token_in(request, query), ("user",), world.now(), platform="facebook")


def _is_proven(request: Request, query: Mapping[str, str]) -> bool:
    """The app has "Require App Secret" on."""
    right = hmac.new(SIMULATED_CLIENT_SECRET.encode(), token_in(request, query).encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(query.get("appsecret_proof", "").encode(), right.encode())


async def permissions(request: Request) -> Response:
    query = dict(request.query_params)
    request.app.state.world.note_call("GET", request.url.path, query)
    known = _user_of(request, query)
    if refusal := _refusal(request, query, known):
        return refusal
    assert known is not None
    asked = known.grant.challenge.split()
    rows = [
        {"permission": scope, "status": "granted" if scope in known.grant.scopes else "declined"}
        for scope in ["public_profile", *asked]
    ]
    return JSONResponse({"data": rows})


async def me(request: Request) -> Response:
    query = dict(request.query_params)
    known = _user_of(request, query)
    if known is None:
        return await _hand_on(request, "me")
    request.app.state.world.note_call("GET", request.url.path, query)
    return _refusal(request, query, known) or JSONResponse({"id": USER_ID})


async def list_pages(request: Request) -> Response:
    """The Pages, two at a time whatever limit is asked for; an empty page in between has a next one all the same."""
    world: World = request.app.state.world
    query = dict(request.query_params)
    world.note_call("GET", request.url.path, query)
    known = _user_of(request, query)
    if refusal := _refusal(request, query, known):
        return refusal
    assert known is not None
    ids: list[str] = list(PAGES) if "pages_show_list" in known.grant.scopes else []
    start = int(query.get("after") or 0)
    # A page of the list that has nothing on it, as Graph's own filters leave them.
    shown = [] if start == _PAGE_SIZE else ids[start : start + _PAGE_SIZE] if start == 0 else ids[_PAGE_SIZE:]
    following = {0: _PAGE_SIZE, _PAGE_SIZE: _PAGE_SIZE + 1}.get(start) if ids else None
    body: dict[str, Any] = {"data": [_page(world, known.grant, page_id, query) for page_id in shown]}
    if following is not None:
        after = str(following)
        body["paging"] = {"cursors": {"after": after}}
        kept = {name: value for name, value in query.items() if name not in ("access_token", "appsecret_proof")}
        body["paging"]["next"] = str(request.url.replace_query_params(**{**kept, "after": after}))
    return JSONResponse(body)


def _page(world: World, grant: Grant, page_id: str, query: Mapping[str, str]) -> dict[str, Any]:
    name, tasks = PAGES[page_id]
    known: dict[str, Any] = {
        "id": page_id,
        "name": name,
        "tasks": list(tasks),
        "access_token": world.grants.issue(grant, "page", None, page_id=page_id, prefix="EAApage"),
    }
    if profile_of(page_id) and "instagram_basic" in grant.scopes:
        known["instagram_business_account"] = profile_of(page_id)
    wanted = query.get("fields", "id,name,access_token")
    return {field: value for field, value in known.items() if field in wanted}


def _refusal(request: Request, query: Mapping[str, str], known: Token | None) -> Response | None:
    if known is None or request.app.state.world.is_revoked:
        return _refused("Error validating access token: the session has expired", 190, 463, 401)
    if not _is_proven(request, query):
        return _refused("API calls from the server require an appsecret_proof argument", 100)
    return None


async def _hand_on(request: Request, path: str) -> Response:
    """Not a token of a sign-in: the demo's own, which the other half of the fake Graph knows."""
    from monitor.simulators.graph_api import respond

    request.scope["path_params"] = {**request.path_params, "path": path}
    return await respond(request)


async def debug_token(request: Request) -> Response:
    """Asked with the app's own token (`id|secret`), or with the token itself. Tokens of Pages do not end."""
    world: World = request.app.state.world
    query = dict(request.query_params)
    world.note_call("GET", request.url.path, query)
    asked = query.get("input_token", "")
    if asked not in world.grants.tokens:
        return await _hand_on(request, "debug_token")
    if token_in(request, query) not in (f"{SIMULATED_CLIENT_ID}|{SIMULATED_CLIENT_SECRET}", asked):
        return _refused("(#100) You must provide an app access token", 100)
    known = world.grants.find(asked, ("user", "page"), world.now(), platform="facebook")
    if known is None or world.is_revoked:
        return JSONResponse({"data": {"is_valid": False, "scopes": [], "error": {"code": 190, "subcode": 463}}})
    told = {
        "app_id": SIMULATED_CLIENT_ID,
        "type": known.kind.upper(),
        "application": "Mentiondesk",
        "expires_at": int(known.ends_at.timestamp()) if known.ends_at else 0,
        "data_access_expires_at": int((world.now() + timedelta(days=90)).timestamp()),
        "is_valid": True,
        "scopes": sorted(known.grant.scopes),
        "user_id": USER_ID,
    }
    return JSONResponse({"data": told | ({"profile_id": known.page_id} if known.page_id else {})})


def _refused(message: str, code: int, subcode: int | None = None, status: int = 400) -> Response:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Asimulated"}
    return JSONResponse({"error": error | ({"error_subcode": subcode} if subcode else {})}, status)


def routes() -> list[Route]:
    """Before the routes of nodes, which take everything."""
    return [
        Route("/{version}/dialog/oauth", dialog, methods=["GET", "POST"]),
        Route("/{version}/oauth/access_token", access_token, methods=["GET", "POST"]),
        Route("/{version}/me", me, methods=["GET"]),
        Route("/{version}/me/permissions", permissions, methods=["GET"]),
        Route("/{version}/me/accounts", list_pages, methods=["GET"]),
        Route("/{version}/debug_token", debug_token, methods=["GET"]),
    ]
