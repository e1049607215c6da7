"""Where platforms push: nothing of a stranger is taken; what is signed is stored once, and answered before any work."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from django.test import Client

from monitor.api.models import Delivery, HeldDelivery
from monitor.api.services import take_deliveries
from monitor.inbox.models import Post, RawEvent, Sighting
from monitor.simulators.world import X_CONSUMER_SECRET
from tests.platforms.contract.rules import rule
from tests.platforms.contract.scene import Scene
from tests.platforms.contract.ways import pushed

pytestmark = pytest.mark.django_db


@rule(31)
@pytest.mark.parametrize("secret", ["a guess", "missing"])
def test_a_stranger_s_push_leaves_no_trace(scene: Scene, brand: Any, secret: str) -> None:
    scene.open_channel(brand)
    address, body = pushed(scene.writes("let me in"))
    raw = json.dumps(body).encode()
    if secret == "missing":
        answer = Client().post(address, raw, content_type="application/json")
    else:
        answer = scene.push_raw(address, raw, secret=secret)
    assert answer.status_code in (401, 403)
    assert not Post.objects.exists() and not RawEvent.objects.exists() and not Delivery.objects.exists()
    assert not HeldDelivery.objects.exists()


@rule(31)
def test_the_signature_is_over_the_bytes_and_escapes_are_letters(scene: Scene, brand: Any) -> None:
    scene.open_channel(brand)
    message = scene.writes("Où est mon colis ? é 你好 😀")
    address, body = pushed(message)
    raw = json.dumps(body, ensure_ascii=True).encode()
    answer = scene.push_raw(address, raw)
    take_deliveries()
    [post] = Post.objects.all()
    assert b"\\u00e9" in raw and answer.status_code == 200
    assert post.text == "Où est mon colis ? é 你好 😀"


@rule(31, 3)
def test_a_thousand_updates_are_answered_in_time_and_stored_once(scene: Scene, brand: Any) -> None:
    scene.open_channel(brand)
    address, body = pushed(scene.writes("number 0"))
    if scene.code == "x":
        events = body["data"]["payload"]["direct_message_events"]
        for number in range(1, 1000):
            events.append({**events[0], "id": f"{int(events[0]['id']) + number}"})
    else:
        events = body["entry"][0]["messaging"]
        for number in range(1, 1000):
            events.append({**events[0], "message": {"mid": f"m_{number}", "text": f"number {number}"}})
    raw = json.dumps(body).encode()
    began = time.monotonic()
    answers = [scene.push_raw(address, raw).status_code for _time in range(2)]
    seconds = (time.monotonic() - began) / 2
    assert answers == [200, 200]
    assert not Post.objects.exists(), "the answer goes out before any work"
    while take_deliveries():
        pass
    assert Post.objects.count() == 1000 and not Post.objects.exclude(stage="received").exists()
    assert seconds < 5, "X and Meta wait longer"


@rule(32)
def test_the_handshake_is_answered_as_the_platform_wants_it(scene: Scene) -> None:
    client = Client()
    if scene.code == "x":
        token = "a token+/= ü"
        answer = client.get("/webhooks/x/", {"crc_token": token})
        mac = hmac.new(X_CONSUMER_SECRET.encode(), token.encode(), hashlib.sha256).digest()
        wanted = ("application/json", json.dumps({"response_token": "sha256=" + base64.b64encode(mac).decode()}))
        stranger = client.get("/webhooks/x/")
    else:
        query = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "1158 20+1444"}
        answer = client.get("/webhooks/meta/", query)
        wanted = ("text/plain; charset=utf-8", "1158 20+1444")
        stranger = client.get("/webhooks/meta/", {**query, "hub.verify_token": "guess"})
    assert (answer["Content-Type"], answer.content.decode()) == wanted
    assert (answer.status_code, stranger.status_code) == (200, 403)


@rule(31, 33)
def test_an_event_of_tomorrow_is_answered_and_counted(scene: Scene, brand: Any) -> None:
    scene.open_channel(brand)
    scene.push(scene.writes("hello"), lambda body: _with_unknown(scene.code, body))
    assert list(Delivery.objects.values_list("status", flat=True)) == [200]


def _with_unknown(code: str, body: dict[str, Any]) -> dict[str, Any]:
    if code == "x":
        return {"data": {**body["data"], "event_type": "hologram.received"}}
    body["entry"][0]["changes"] = [{"field": "holograms", "value": {"verb": "beam", "deep": [{"er": 1}]}}]
    return body


@rule(34)
@pytest.mark.parametrize("first", ["push", "poll"])
@pytest.mark.parametrize("is_public", [True, False])
def test_pushed_and_polled_is_one_post(scene: Scene, brand: Any, first: str, is_public: bool) -> None:
    channel = scene.open_channel(brand)
    thing = scene.says("where is it?") if is_public else scene.writes("where is it?")
    steps = [lambda: scene.push(thing), lambda: scene.collect(channel)]
    for step in steps if first == "push" else reversed(steps):
        step()
    [post] = Post.objects.filter(is_own=False)
    ways = set(Sighting.objects.filter(post_id=post.pk).values_list("how", flat=True))
    assert scene.bare(post.text) == "where is it?" and post.author is not None
    assert post.author.handle or post.author.name
    assert ways == {"poll", "webhook"}
