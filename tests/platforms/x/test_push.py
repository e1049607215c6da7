"""X's push: registered, subscribed to, looked at and brought back to life, against a fake that checks our address."""

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from monitor.platforms.base import NullBudget
from monitor.platforms.errors import RejectedError, UnavailableError
from monitor.platforms.x import PLATFORM, webhooks
from monitor.platforms.x.push import NEEDED_EVENTS, WANTED_EVENTS
from monitor.simulators import x_api
from monitor.simulators.faults import FaultMiddleware
from monitor.simulators.world import X_CONSUMER_SECRET
from tests.platforms.x import fake_push
from tests.support.simulated import Simulated


class OurAddress:
    """What Mentiondesk answers at /webhooks/x/, with the secret that it believes in."""

    def __init__(self) -> None:
        self.secret = X_CONSUMER_SECRET
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                token = parse_qs(urlsplit(self.path).query)["crc_token"][0]
                body = json.dumps(webhooks.crc_response(outer.secret, token)).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/x/"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


@pytest.fixture
def address():
    ours = OurAddress()
    yield ours
    ours.server.shutdown()
    ours.server.server_close()


@pytest.fixture
def x(stage) -> Simulated:
    world = fake_push.FakeWorld()
    simulated = stage.show(world)
    part = Starlette(routes=[*fake_push.routes(), *x_api.routes()])
    part.state.world = world
    stage._app = FaultMiddleware(Starlette(routes=[Mount("/x", part)]), world.faults)
    return simulated


def conditions(x: Simulated, kind: str = ""):
    return {each.aspect: (each.state, each.code) for each in x.connect("x", kind).examine()}


def events(x: Simulated) -> list[str]:
    return [each["event_type"] for each in x.world.x_push.subscriptions.values()]


def refused(x: Simulated, url: str) -> str:
    with pytest.raises(RejectedError) as caught:
        x.connect("x").subscribe(url)
    return caught.value.code


def test_a_channel_subscribes_to_everything_that_it_is_to_see(x, address):
    assert conditions(x)["webhook"] == ("warning", "not_subscribed")
    x.connect("x").subscribe(address.url)
    assert address.asked == 1
    assert events(x) == [*NEEDED_EVENTS, *WANTED_EVENTS]
    assert conditions(x) == {
        "token": ("ok", ""), "scopes": ("unknown", "not_told"), "webhook": ("ok", ""), "quota": ("ok", ""),
    }  # fmt: skip


def test_subscribing_again_changes_nothing(x, address):
    for _time in range(3):
        x.connect("x").subscribe(address.url)
    assert (len(x.world.x_push.webhooks), len(events(x)), address.asked) == (1, len(NEEDED_EVENTS + WANTED_EVENTS), 1)


def test_an_address_that_x_gave_up_on_is_proved_again_and_what_was_missed_is_asked_for(x, address):
    x.connect("x").subscribe(address.url)
    next(iter(x.world.x_push.webhooks.values()))["valid"] = False
    assert conditions(x)["webhook"] == ("broken", "invalid")
    x.connect("x").subscribe(address.url)
    assert conditions(x)["webhook"] == ("ok", "")
    replay = x.world.x_push.replays[0]
    assert int(replay["to_date"]) > int(replay["from_date"])


def test_each_refusal_has_its_own_name(x, address):
    assert refused(x, "https://desk.example:8443/webhooks/x/") == "webhook_url_invalid"
    address.secret = "another secret"
    assert refused(x, address.url) == "webhook_crc_failed"
    address.secret = X_CONSUMER_SECRET
    x.connect("x").subscribe(address.url)
    assert refused(x, "http://127.0.0.1:9/webhooks/x/") == "webhook_limit"
    next(iter(x.world.x_push.webhooks.values()))["valid"] = False
    address.secret = "another secret"
    assert refused(x, address.url) == "webhook_crc_failed"


def test_an_address_that_somebody_registers_meanwhile_is_no_failure(x, address):
    x.connect("x").subscribe(address.url)
    x.add_fault("status", r"/2/webhooks$", method="GET", times=1, status=200, body={"meta": {}})
    x.connect("x").subscribe(address.url)
    assert len(x.world.x_push.webhooks) == 1


def test_a_full_house_of_subscriptions_is_told(x, address):
    x.world.x_push.subscription_limit = 2
    assert refused(x, address.url) == "subscription_limit"
    assert conditions(x)["webhook"] == ("warning", "fields_missing")


def test_newer_events_that_an_app_may_not_have_yet_are_done_without(x, address, monkeypatch):
    monkeypatch.setattr(fake_push, "EVENTS", frozenset(NEEDED_EVENTS))
    x.connect("x").subscribe(address.url)
    assert events(x) == list(NEEDED_EVENTS)
    assert conditions(x)["webhook"] == ("ok", "")


def test_an_app_without_the_activity_api_uses_account_activity(x, address):
    x.world.x_push.has_activity_api = False
    x.connect("x").subscribe(address.url)
    assert x.world.x_push.account_activity == set(x.world.x_push.webhooks)


def test_subscriptions_move_to_a_new_address(x, address):
    x.connect("x").subscribe(address.url)
    x.world.x_push.webhooks["1"] = {"id": "1", "url": "https://old.example/", "valid": True, "created_at": ""}
    for each in x.world.x_push.subscriptions.values():
        each["webhook_id"] = "1"
    x.connect("x").subscribe(address.url)
    assert "1" not in {each["webhook_id"] for each in x.world.x_push.subscriptions.values()}


def test_without_a_key_or_token_of_the_app_nothing_can_be_asked(x, address):
    context = x.context("x")
    names = ("access_token", "access_token_secret")
    poor = replace(context, credentials={name: context.credentials[name] for name in names})
    with pytest.raises(RejectedError) as caught:
        PLATFORM.connect(poor, NullBudget()).subscribe(address.url)
    assert caught.value.code == "no_app_token"
    assert "app's key and secret" in caught.value.message


def test_the_monthly_cap_is_a_matter_of_the_quota(x):
    x.world.x_push.project_usage = 2_800_000
    assert conditions(x)["quota"] == ("warning", "low")
    x.world.x_push.project_usage = 3_000_000
    assert conditions(x)["quota"] == ("broken", "spent")


def test_a_dead_token_is_found_with_one_call(x):
    x.world.is_revoked = True
    assert conditions(x)["token"] == ("broken", "token_expired")
    assert len(x.world.calls) == 1


@pytest.mark.parametrize(
    ("level", "found"),
    [
        ("read", ("broken", "permission_missing")),
        ("read-write", ("broken", "permission_missing")),
        ("read-write-directmessages", ("ok", "")),
    ],
)
def test_what_a_token_may_do_is_told_beside_every_answer(x, level, found):
    me = {"data": {"id": x.context("x").external_id, "username": "lumora", "name": "Lumora"}}
    x.add_fault("status", "/2/users/me", status=200, body=me, headers={"x-access-level": level})
    assert conditions(x)["scopes"] == found


def test_no_token_is_in_what_goes_wrong(x, address, caplog):
    x.add_fault("server_error", "/2/webhooks", times=5)
    with pytest.raises(UnavailableError) as caught:
        x.connect("x").subscribe(address.url)
    words = repr(caught.value) + repr(caught.value.__cause__) + caplog.text
    assert not any(secret in words for secret in (fake_push.APP_TOKEN, *x.context("x").credentials.values()))
