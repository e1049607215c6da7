"""A fake Mastodon instance's apps and OAuth: registration, consent, code, token, revocation.

https://docs.joinmastodon.org/methods/oauth/
"""

import secrets
from datetime import timedelta
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.platforms.signing import challenge_of
from monitor.simulators.grants import Grant
from monitor.simulators.mastodon_facts import INSTANCE
from monitor.simulators.sign_in_pages import back, consent_page, refusal_page
from monitor.simulators.world import World

_CODE_LASTS = timedelta(minutes=10)


def is_granted(world: World, token: str) -> bool:
    return world.grants.find(token, ("access",), world.now(), platform="mastodon") is not None


async def register(request: Request) -> Response:
    world: World = request.app.state.world
    form = dict(parse_qsl((await request.body()).decode()))
    world.note_call("POST", request.url.path, {})
    if not form.get("client_name") or "://" not in form.get("redirect_uris", ""):
        return JSONResponse({"error": "Validation failed: Redirect URI must be an absolute URI."}, 422)
    client_id, secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    world.grants.apps[client_id] = (secret, form["redirect_uris"])
    made = {"id": str(len(world.grants.apps)), "name": form["client_name"], "redirect_uri": form["redirect_uris"]}
    return JSONResponse(
        {**made, "client_id": client_id, "client_secret": secret, "scopes": form.get("scopes", "read").split()}
    )


async def authorize(request: Request) -> Response:
    world: World = request.app.state.world
    form = dict(parse_qsl((await request.body()).decode()))
    params = {**dict(request.query_params), **form}
    _secret, registered = world.grants.apps.get(params.get("client_id", ""), ("", ""))
    if not registered or params.get("redirect_uri") != registered or params.get("response_type") != "code":
        return refusal_page(INSTANCE, "The requested redirect uri is malformed or doesn't match client redirect URI.")
    scopes = params.get("scope", "read").split()
    if request.method == "GET":
        return consent_page(INSTANCE, "Mentiondesk", dict(request.query_params), scopes)
    state = {"state": params.get("state", "")}
    if form.get("decision") != "allow":
        return back(registered, {"error": "access_denied", **state})
    user = world.brands["mastodon"].external_id
    challenge = params.get("code_challenge", "")
    grant = Grant("mastodon", params["client_id"], user, frozenset(scopes), registered, challenge)
    return back(registered, {"code": world.grants.issue(grant, "code", world.now() + _CODE_LASTS), **state})


async def token(request: Request) -> Response:
    world: World = request.app.state.world
    form = dict(parse_qsl((await request.body()).decode()))
    world.note_call("POST", request.url.path, {"grant_type": form.get("grant_type", "")})
    secret, _registered = world.grants.apps.get(form.get("client_id", ""), ("", ""))
    if not secret or form.get("client_secret") != secret:
        return JSONResponse({"error": "invalid_client"}, 401)
    with world.lock:
        grant = world.grants.use(form.get("code", ""), "code", world.now(), platform="mastodon")
    wanted = (form.get("client_id"), form.get("redirect_uri"))
    if grant is None or (grant.client_id, grant.redirect_uri) != wanted or not _proves(grant, form):
        return JSONResponse({"error": "invalid_grant"}, 400)
    scope = " ".join(sorted(grant.scopes))
    made = world.grants.issue(grant, "access", None)
    created = int(world.now().timestamp())
    return JSONResponse({"access_token": made, "token_type": "Bearer", "scope": scope, "created_at": created})


def _proves(grant: Grant, form: dict[str, str]) -> bool:
    return not grant.challenge or grant.challenge == challenge_of(form.get("code_verifier", ""))


async def revoke(request: Request) -> Response:
    world: World = request.app.state.world
    form = dict(parse_qsl((await request.body()).decode()))
    known = world.grants.tokens.get(form.get("token", ""))
    if known is None or known.grant.client_id != form.get("client_id"):
        return JSONResponse({"error": "unauthorized_client"}, 403)
    known.grant.is_revoked = True
    return JSONResponse({})


def routes() -> list[Route]:
    return [
        Route("/api/v1/apps", register, methods=["POST"]),
        Route("/oauth/authorize", authorize, methods=["GET", "POST"]),
        Route("/oauth/token", token, methods=["POST"]),
        Route("/oauth/revoke", revoke, methods=["POST"]),
    ]
