"""A fake X's OAuth 2.0: authorize page, token endpoint with PKCE and rotation, revocation; by the world's clock.

https://docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token
"""

import base64
import binascii
import hmac
from datetime import timedelta
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.platforms.signing import SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET, challenge_of
from monitor.simulators.grants import Grant, Token
from monitor.simulators.sign_in_pages import back, consent_page, refusal_page
from monitor.simulators.world import World

PUBLIC_CLIENT_ID = "simulated-public-client-id"
ACCESS_LASTS = timedelta(hours=2)
REFRESH_LASTS = timedelta(days=180)
_CODE_LASTS = timedelta(seconds=30)
_RETURN = "/connect/x/return/"
_SCOPES = frozenset({
    "tweet.read", "tweet.write", "tweet.moderate.write", "users.read", "follows.read", "follows.write",
    "offline.access", "space.read", "mute.read", "mute.write", "like.read", "like.write", "list.read", "list.write",
    "block.read", "block.write", "bookmark.read", "bookmark.write", "media.write", "dm.read", "dm.write",
})  # fmt: skip
#: What each endpoint asks of a token that a person has consented to.
SCOPE_OF = {
    "me": "users.read", "users": "users.read", "mentions": "tweet.read", "own_posts": "tweet.read",
    "search": "tweet.read", "lookup": "tweet.read", "direct_messages": "dm.read", "send_message": "dm.write",
    "create": "tweet.write", "delete": "tweet.write", "hidden": "tweet.moderate.write",
}  # fmt: skip


def token_of(world: World, request: Request) -> Token | None:
    """The access token of a sign-in that this call carries, while it is good."""
    header = request.headers.get("authorization", "")
    return world.grants.find(header.removeprefix("Bearer "), ("access",), world.now(), platform="x")


async def authorize(request: Request) -> Response:
    world: World = request.app.state.world
    form = dict(parse_qsl((await request.body()).decode()))
    params = {**dict(request.query_params), **form}
    scopes = params.get("scope", "").split()
    if why := _problem_with(params, scopes):
        return refusal_page("X", why)
    if request.method == "GET":
        world.person("x", "lumora_care", "Lumora Care")
        people = {
            person.external_id: f"{person.name} (@{person.handle})"
            for person in (world.brands["x"], world.person("x", "lumora_care"))
        }
        return consent_page("X", "Mentiondesk", dict(request.query_params), scopes, people=people)
    state = {"state": params["state"]}
    if form.get("decision") != "allow":
        return back(params["redirect_uri"], {"error": "access_denied", **state})
    user = form.get("user") or world.brands["x"].external_id
    grant = Grant("x", params["client_id"], user, frozenset(scopes), params["redirect_uri"], params["code_challenge"])
    code = world.grants.issue(grant, "code", world.now() + _CODE_LASTS)
    return back(params["redirect_uri"], {**state, "code": code})


def _problem_with(params: dict[str, str], scopes: list[str]) -> str:
    if params.get("client_id") not in (SIMULATED_CLIENT_ID, PUBLIC_CLIENT_ID) or params.get("response_type") != "code":
        return "You weren’t able to give access to the App."
    if not params.get("redirect_uri", "").endswith(_RETURN):
        return "The address to return to is not registered for this App."
    if params.get("code_challenge_method") != "S256" or len(params.get("code_challenge", "")) != 43:
        return "A code challenge (S256) is needed."
    return "" if params.get("state") and scopes and set(scopes) <= _SCOPES else "State and known scopes are needed."


async def token(request: Request) -> Response:
    world: World = request.app.state.world
    form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    world.note_call("POST", request.url.path, {"grant_type": form.get("grant_type", "")})
    client_id = _client_of(request, form)
    if not client_id:
        return _refused(401, "unauthorized_client", "Missing valid authorization header")
    if form.get("grant_type") == "authorization_code":
        return _trade(world, form, client_id)
    if form.get("grant_type") == "refresh_token":
        return _rotate(world, form, client_id)
    return _refused(400, "unsupported_grant_type", "Unsupported grant type")


def _client_of(request: Request, form: dict[str, str]) -> str:
    """A confidential client by its secret in the header; a public one by its name in the form."""
    header = request.headers.get("authorization", "")
    if not header:
        return PUBLIC_CLIENT_ID if form.get("client_id") == PUBLIC_CLIENT_ID else ""
    try:
        given = base64.b64decode(header.removeprefix("Basic "), validate=True)
    except binascii.Error:
        return ""
    right = f"{SIMULATED_CLIENT_ID}:{SIMULATED_CLIENT_SECRET}".encode()
    return SIMULATED_CLIENT_ID if hmac.compare_digest(given, right) else ""


def _trade(world: World, form: dict[str, str], client_id: str) -> Response:
    with world.lock:
        grant = world.grants.use(form.get("code", ""), "code", world.now(), platform="x")
    wanted = (client_id, form.get("redirect_uri", ""), challenge_of(form.get("code_verifier", "")))
    if grant is None or (grant.client_id, grant.redirect_uri, grant.challenge) != wanted:
        return _refused(400, "invalid_request", "Value passed for the authorization code was invalid.")
    return _tokens(world, grant)


def _rotate(world: World, form: dict[str, str], client_id: str) -> Response:
    with world.lock:
        grant = world.grants.use(form.get("refresh_token", ""), "refresh", world.now(), platform="x")
        if world.is_revoked or grant is None or grant.client_id != client_id:
            return _refused(400, "invalid_request", "Value passed for the token was invalid.")
        world.grants.end_access(grant)
        world.grants.refreshes += 1
    return _tokens(world, grant)


def _tokens(world: World, grant: Grant) -> Response:
    body = {
        "token_type": "bearer",
        "expires_in": int(ACCESS_LASTS.total_seconds()),
        "access_token": world.grants.issue(grant, "access", world.now() + ACCESS_LASTS),
        "scope": " ".join(sorted(grant.scopes)),
    }
    if "offline.access" in grant.scopes:
        body["refresh_token"] = world.grants.issue(grant, "refresh", world.now() + REFRESH_LASTS)
    return JSONResponse(body)


async def revoke(request: Request) -> Response:
    world: World = request.app.state.world
    form = dict(parse_qsl((await request.body()).decode()))
    if not _client_of(request, form):
        return _refused(401, "unauthorized_client", "Missing valid authorization header")
    known = world.grants.tokens.get(form.get("token", ""))
    if known is not None:
        known.grant.is_revoked = True
    return JSONResponse({"revoked": True})


def _refused(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)


def routes() -> list[Route]:
    return [
        Route("/i/oauth2/authorize", authorize, methods=["GET", "POST"]),
        Route("/2/oauth2/token", token, methods=["POST"]),
        Route("/2/oauth2/revoke", revoke, methods=["POST"]),
    ]
