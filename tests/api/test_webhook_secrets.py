"""What goes wrong with a delivery is told without its words, its people or our secrets: in logs, answers and rows."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from monitor.api import services
from monitor.api.models import Delivery
from monitor.brands.models import Channel
from monitor.logs import LineFormatter
from monitor.simulators.pushing import AddressError, Hook, PushBook, signature
from monitor.simulators.world import World

SECRET, TOKEN = "canary-app-secret", "canary-verify-token"
WORDS, PERSON = "canary words of a person", "canary-person-77"
CANARIES = (SECRET, TOKEN, WORDS, PERSON, "sha256=")


@pytest.fixture(autouse=True)
def our_secrets(settings: Any) -> None:
    settings.X_CONSUMER_SECRETS = settings.META_APP_SECRETS = [SECRET]
    settings.META_VERIFY_TOKEN = TOKEN


@pytest.fixture
def told(caplog: Any) -> Iterator[list[str]]:
    """Every line as it would be written, at the chattiest level; looked through when the test is over."""
    caplog.set_level(logging.DEBUG)
    lines: list[str] = []
    yield lines
    lines += [LineFormatter().format(record) for record in caplog.records]
    for canary in CANARIES:
        assert not [line for line in lines if canary in line]


@pytest.fixture
def page(brand: Any) -> Channel:
    return Channel.objects.create(brand=brand, platform="facebook", kind="page", external_id="9001")


def body(**more: Any) -> bytes:
    message = {"mid": "m_1", "text": WORDS}
    event = {"sender": {"id": PERSON}, "recipient": {"id": "9001"}, "timestamp": 1773144000000, "message": message}
    return json.dumps({"object": "page", "entry": [{"id": "9001", "time": 1, "messaging": [event]}], **more}).encode()


def send(raw: bytes, secret: str = SECRET, platform: str = "meta") -> Any:
    name, value = signature(platform, secret, raw)
    return Client().post(f"/webhooks/{platform}/", raw, content_type="application/json", headers={name.lower(): value})


@pytest.mark.parametrize("platform", ["x", "meta"])
@pytest.mark.parametrize("secret", ["wrong", ""])
def test_a_refused_delivery_tells_nothing(told: list[str], page: Channel, platform: str, secret: str) -> None:
    answer = send(body(), secret, platform)
    assert answer.status_code == 403
    assert not [canary for canary in CANARIES if canary.encode() in answer.content]


@pytest.mark.parametrize("query", [{"hub.mode": "subscribe", "hub.verify_token": "guess", "hub.challenge": WORDS}, {}])
def test_a_refused_handshake_tells_nothing(told: list[str], db: None, query: dict[str, str]) -> None:
    answer = Client().get("/webhooks/meta/", query)
    assert answer.status_code == 403
    assert not [canary for canary in CANARIES if canary.encode() in answer.content]


@pytest.mark.parametrize(
    "raw", [b"{" + WORDS.encode(), body()[:-1], b'{"object": "page", "entry": "canary words of a person"}']
)
def test_an_unreadable_delivery_tells_its_reason_only(told: list[str], page: Channel, raw: bytes) -> None:
    assert send(raw).status_code == 200
    services.take_deliveries()
    assert Delivery.objects.get().reason_code in ("not_json", "malformed")


def test_a_delivery_for_nobody_tells_no_name(told: list[str], db: None) -> None:
    assert send(body()).status_code == 200
    services.take_deliveries()
    assert Delivery.objects.get().reason_code == "unknown_channel"


def test_a_fault_of_ours_quotes_nothing(told: list[str], page: Channel, monkeypatch: Any) -> None:
    def choke(**_: Any) -> None:
        raise RuntimeError(f"cannot store {WORDS} of {PERSON} with {SECRET}")

    monkeypatch.setattr(services, "receive_updates", choke)
    assert send(body()).status_code == 200
    services.take_deliveries()
    assert not Delivery.objects.exists()


def test_the_simulated_platforms_tell_nothing_of_a_failed_push(told: list[str]) -> None:
    world = World()
    pushes = PushBook(world.now, {"x": SECRET, "meta": SECRET})
    with pytest.raises(AddressError) as caught:
        pushes.subscribe("x", "http://127.0.0.1:9/webhooks/x/")
    assert caught.value.__cause__ is None and SECRET not in repr(caught.value.args)
    hook = Hook("1", "meta", "http://127.0.0.1:9/webhooks/meta/", SECRET, world.now())
    pushes.put(hook, {"object": "page", "entry": [{"text": WORDS}]})
    assert pushes.deliver_due() == 1 and hook.refused == 1
