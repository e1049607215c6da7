"""Who is calling the fake platforms: OAuth 1.0a signatures over the address really called, or a bearer token."""

import base64
import hashlib
import hmac
from urllib.parse import quote

from oauthlib.oauth1.rfc5849 import signature as oauth1
from starlette.requests import Request

from monitor.platforms.signing import SIMULATED_CLIENT_SECRET
from monitor.simulators.graph_facts import APP_ID
from monitor.simulators.world import APP_SECRET, DEMO_CHANNELS, PAGE_ID, World

_X = DEMO_CHANNELS[0]["credentials"]
PAGE_TOKEN = DEMO_CHANNELS[1]["credentials"]["access_token"]


def is_authorized(request: Request) -> bool:
    """X: the signature must be ours for exactly this method, address and query; or the bearer token of the user."""
    header = request.headers.get("authorization", "")
    if header.startswith("Bearer "):
        return hmac.compare_digest(header.removeprefix("Bearer ").encode(), _X["access_token"].encode())
    if not header.startswith("OAuth "):
        return False
    params = oauth1.collect_parameters(
        uri_query=request.url.query, headers={"Authorization": header}, exclude_oauth_signature=False
    )
    given = dict(params)
    if given.get("oauth_token") != _X["access_token"] or given.get("oauth_consumer_key") != _X["consumer_key"]:
        return False
    signed = [(name, value) for name, value in params if name != "oauth_signature"]
    base = oauth1.signature_base_string(
        request.method,
        oauth1.base_string_uri(str(request.url.replace(query="", fragment=""))),
        oauth1.normalize_parameters(signed),
    )
    key = f"{quote(_X['consumer_secret'], safe='')}&{quote(_X['access_token_secret'], safe='')}".encode()
    expected = base64.b64encode(hmac.new(key, base.encode(), hashlib.sha1).digest())
    return hmac.compare_digest(expected, given.get("oauth_signature", "").encode())


def page_of_token(request: Request, query: dict[str, str]) -> str:
    """Graph: the Page whose token is in the header (or, as old clients do, in the query), with a right proof where one
    is given; "" where the token is not good."""
    world: World = request.app.state.world
    token = _token_in(request, query)
    granted = world.grants.find(token, ("page",), world.now(), platform="facebook")
    if granted is not None:
        return granted.page_id if _is_proven(token, query, SIMULATED_CLIENT_SECRET) else ""
    return PAGE_ID if _is_graph_token(request, query, PAGE_TOKEN) else ""


def is_app_token(request: Request, query: dict[str, str]) -> bool:
    """Graph: the app in its own name, `<id>|<secret>`."""
    return _is_graph_token(request, query, f"{APP_ID}|{APP_SECRET}")


def _is_graph_token(request: Request, query: dict[str, str], wanted: str) -> bool:
    token = _token_in(request, query)
    return _is_proven(token, query, APP_SECRET) and hmac.compare_digest(token.encode(), wanted.encode())


def _token_in(request: Request, query: dict[str, str]) -> str:
    header = request.headers.get("authorization", "")
    return header.removeprefix("Bearer ") if header.startswith("Bearer ") else query.get("access_token", "")


def _is_proven(token: str, query: dict[str, str], secret: str) -> bool:
    """Right, or not given at all."""
    proof = query.get("appsecret_proof")
    right = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    return proof is None or hmac.compare_digest(proof.encode(), right.encode())
