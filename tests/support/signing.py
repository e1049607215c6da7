"""A person at the fake platforms' consent pages, and apps that point there."""

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import requests

from monitor.platforms.signing import SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET, App, new_verifier
from monitor.simulators.world import PATHS
from tests.support.simulated import Simulated

HOST = "https://desk.example"


def app_for(simulated: Simulated, platform: str, **changes: Any) -> App:
    address = simulated.address + PATHS[platform]
    returns_to = "facebook" if platform == "instagram" else platform
    keys = {"client_id": SIMULATED_CLIENT_ID, "client_secret": SIMULATED_CLIENT_SECRET}
    fields = {"redirect_url": f"{HOST}/connect/{returns_to}/return/", "api_url": address, "web_url": address}
    return App(**{**keys, **fields, **changes})


def consent(
    address: str, decision: str = "allow", *, user: str = "", without: tuple[str, ...] = ()
) -> tuple[str, dict[str, str]]:
    """Opens the page, presses a button; where the browser is sent then, and with what."""
    page = requests.get(address, timeout=30)
    assert page.status_code == 200, page.text
    query = parse_qs(urlsplit(address).query)
    scopes = query["scope"][0].replace(",", " ").split()
    form: list[tuple[str, str]] = [(name, values[0]) for name, values in query.items()]
    form += [("granted", scope) for scope in scopes if scope not in without]
    form += [("decision", decision), *([("user", user)] if user else [])]
    answer = requests.post(address.partition("?")[0], data=form, allow_redirects=False, timeout=30)
    assert answer.status_code == 303, answer.text
    target = urlsplit(answer.headers["location"])
    return f"{target.scheme}://{target.netloc}{target.path}", dict(parse_qsl(target.query))


def code_for(signing: Any, app: App, **options: Any) -> tuple[str, str]:
    """A code, and the verifier that belongs to it."""
    verifier = new_verifier()
    _address, told = consent(signing.authorize_url(app, state="s1", verifier=verifier), **options)
    assert told["state"] == "s1"
    return told["code"], verifier


def grant(signing: Any, app: App, **options: Any) -> Any:
    code, verifier = code_for(signing, app, **options)
    return signing.exchange(app, code=code, verifier=verifier)
