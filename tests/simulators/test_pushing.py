"""The simulated platforms push as the real ones do: to a small server that notes what comes, over HTTP."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from monitor.platforms.extra import Extra
from monitor.platforms.meta import webhooks as meta
from monitor.platforms.registry import get_platform
from monitor.platforms.x import webhooks as x
from monitor.simulators.pushing import AddressError, Mishap
from monitor.simulators.world import World
from monitor.simulators.x_push_api import APP_TOKEN, subscribe_to_all
from tests.support.listening import VERIFY, Desk, listening_desk
from tests.support.simulated import Simulated, collect_all


@pytest.fixture
def desk() -> Iterator[Desk]:
    with listening_desk() as listening:
        yield listening


def subscribe(simulated: Simulated, desk: Desk, platform: str, **more: Any) -> requests.Response:
    wanted = {"platform": platform, "url": f"{desk.address}/{platform}/", "verify_token": VERIFY, **more}
    return requests.post(f"{simulated.address}/_world/subscriptions", json=wanted, timeout=10)


def test_a_mention_is_pushed_signed_in_the_envelope_of_the_activity_api(simulated: Simulated, desk: Desk) -> None:
    assert subscribe(simulated, desk, "x").status_code == 201
    entry = simulated.person_says("x", "@lumora wo ist mein Paket? 你好 😀")
    assert simulated.world.pushes.deliver_due() == 1
    [body] = desk.told()
    assert body["data"]["event_type"] == "post.mention.create"
    assert body["data"]["payload"]["text"] == "@lumora wo ist mein Paket? 你好 😀"
    [(owner, update)] = x.split(body)
    assert (owner, update.external_id) == (simulated.context("x").external_id, entry.identifier)


def test_letters_and_slashes_are_escaped_and_the_signature_covers_those_bytes(simulated: Simulated, desk: Desk) -> None:
    subscribe(simulated, desk, "meta")
    simulated.person_writes("facebook", "héllo https://lumora.example/ä")
    simulated.world.pushes.deliver_due()
    [raw] = desk.bodies
    assert rb"h\u00e9llo https:\/\/lumora.example\/\u00e4" in raw
    assert json.loads(raw)["entry"][0]["messaging"][0]["message"]["text"] == "héllo https://lumora.example/ä"


def test_both_dialects_of_x_say_the_same(simulated: Simulated, desk: Desk) -> None:
    from monitor.platforms.registry import get_platform

    subscribe(simulated, desk, "x")
    subscribe(simulated, desk, "x", dialect="account_activity")
    simulated.world.x_dialect = "post"
    ours = simulated.world.publish("x", simulated.world.brands["x"], "Market week")
    simulated.person_says("x", "@lumora " + "long & wide " * 40, parent_id=ours.identifier)
    simulated.person_writes("x", "hello?")
    simulated.world.pushes.deliver_due()
    read: dict[str, set[Any]] = {"activity": set(), "account": set()}
    for body in desk.told():
        way = "activity" if "data" in body else "account"
        for _, update in x.split(body):
            for event in get_platform("x").normalize(update, simulated.context("x")):
                read[way].add((event.external_id, event.text, event.form, event.author.external_id, event.is_own))
    assert read["activity"] == read["account"] and len(read["activity"]) == 3
    names = [body["data"]["event_type"] for body in desk.told() if "data" in body]
    # A reply that mentions us is told twice.
    assert sorted(names) == ["dm.received", "post.create", "post.mention.create", "post.reply.create"]


def test_only_own_deletions_are_pushed_by_x_and_every_one_by_the_page(simulated: Simulated, desk: Desk) -> None:
    subscribe(simulated, desk, "x")
    subscribe(simulated, desk, "meta")
    theirs, ours = (
        simulated.person_says("x", "@lumora hm"),
        simulated.world.publish("x", simulated.world.brands["x"], "a"),
    )
    comment = simulated.person_says("facebook", "regret")
    simulated.world.pushes.deliver_due()
    desk.bodies.clear()
    for entry in (theirs, ours, comment):
        simulated.world.delete(entry.identifier)
    simulated.world.pushes.deliver_due()
    [deletion] = [body for body in desk.told() if "data" in body]
    assert deletion["data"]["payload"]["id"] == ours.identifier
    [removed] = [body for body in desk.told() if "object" in body]
    assert removed["entry"][0]["changes"][0]["value"]["verb"] == "remove"


def test_what_waits_for_meta_travels_together_and_echoes_say_so(simulated: Simulated, desk: Desk) -> None:
    subscribe(simulated, desk, "meta")
    person = simulated.person_writes("facebook", "hello?").sender
    simulated.world.say("facebook", simulated.world.brands["facebook"], person, "Hi")
    simulated.person_says("instagram", "nice", parent_id=simulated.world.publish(
        "instagram", simulated.world.brands["instagram"], "ours").identifier)  # fmt: skip
    assert simulated.world.pushes.deliver_due() == 2
    page, profile = desk.told()
    messages = [entry["messaging"][0]["message"] for entry in page["entry"]]
    assert [message.get("is_echo", False) for message in messages] == [False, True]
    assert profile["object"] == "instagram" and profile["entry"][0]["changes"][0]["field"] == "comments"


def test_a_pushed_review_and_comment_on_an_ad_tell_what_reading_tells(simulated: Simulated, desk: Desk) -> None:
    subscribe(simulated, desk, "meta")
    ad = simulated.world.publish("facebook", simulated.world.brands["facebook"], "only an ad", kind="ad")
    comment = simulated.person_says("facebook", "is it real wool?", parent_id=ad.identifier)
    review = simulated.person_says("facebook", "three weeks for a lamp", kind="review", rating=2)
    simulated.world.pushes.deliver_due()
    platform, context = get_platform("facebook"), simulated.context("facebook")
    updates = [update for body in desk.told() for _owner, update in meta.split(body)]
    pushed = {event.external_id: event for each in updates for event in platform.normalize(each, context)}  # type: ignore[union-attr]
    read = {
        post.external_id: post for name in ("ads", "reviews") for post in collect_all(simulated, "facebook", name)[0]
    }
    assert pushed[review.identifier].extra == read[review.identifier].extra == Extra(stars=2, recommends=False)
    assert pushed[comment.identifier].extra == read[comment.identifier].extra == Extra(ad_id=ad.identifier)
    assert pushed[review.identifier].form == read[review.identifier].form == "review"


def test_the_page_pushes_what_it_was_subscribed_to(simulated: Simulated, desk: Desk) -> None:
    subscribe(simulated, desk, "meta")
    token = {"Authorization": f"Bearer {simulated.context('facebook').credentials['access_token']}"}
    address = f"{simulated.address}/graph/v25.0/{simulated.context('facebook').external_id}/subscribed_apps"
    assert requests.post(address, data={"subscribed_fields": "messages"}, headers=token, timeout=5).json()["success"]
    simulated.person_says("facebook", "not asked for")
    simulated.person_writes("facebook", "asked for")
    simulated.world.pushes.deliver_due()
    [body] = desk.told()
    assert [list(entry) for entry in body["entry"]] == [["id", "time", "messaging"]]


def test_the_connector_subscribes_and_what_it_asked_for_is_pushed(simulated: Simulated, desk: Desk) -> None:
    connector = simulated.connect("x")
    connector.subscribe(f"{desk.address}/x/")
    connector.subscribe(f"{desk.address}/x/")
    simulated.person_says("x", "@lumora hello")
    simulated.person_writes("x", "and in private")
    simulated.world.pushes.deliver_due()
    names = [body["data"]["event_type"] for body in desk.told()]
    assert sorted(names) == ["dm.received", "post.mention.create"]
    assert len(simulated.world.pushes.hooks) == 1


def test_a_refused_delivery_comes_again_later(simulated: Simulated, desk: Desk) -> None:
    subscribe(simulated, desk, "meta")
    desk.status = 503
    simulated.person_writes("facebook", "hello?")
    assert simulated.world.pushes.deliver_due() == 1 and desk.bodies == []
    desk.status = 200
    assert simulated.world.pushes.deliver_due() == 0
    simulated.world.shift_clock(1.1)
    assert simulated.world.pushes.deliver_due() == 1 and len(desk.bodies) == 1
    [hook] = simulated.world.pushes.hooks.values()
    assert (hook.delivered, hook.refused, hook.failing_since) == (1, 1, None)


@pytest.mark.parametrize(("platform", "hours"), [("meta", 1), ("x", 28)])
def test_an_address_that_fails_too_long_is_given_up(
    simulated: Simulated, desk: Desk, platform: str, hours: int
) -> None:
    subscribe(simulated, desk, platform)
    desk.status = 500
    simulated.person_says({"meta": "facebook", "x": "x"}[platform], "@lumora hello?")
    simulated.world.pushes.deliver_due()
    simulated.world.shift_clock(hours * 3600 + 60)
    simulated.world.pushes.deliver_due()
    [hook] = simulated.world.pushes.hooks.values()
    assert not hook.is_valid and simulated.world.pushes.given_up == 1


def test_a_redirect_is_the_end_of_an_address_at_x(simulated: Simulated, desk: Desk) -> None:
    subscribe(simulated, desk, "x")
    desk.status = 301
    simulated.person_says("x", "@lumora hello?")
    simulated.world.pushes.deliver_due()
    assert not next(iter(simulated.world.pushes.hooks.values())).is_valid


@pytest.mark.parametrize(
    ("kind", "order"),
    [
        ("lose", ["second"]),
        ("duplicate", ["first", "second", "first"]),
        ("delay", ["second", "first"]),
        ("reorder", ["second", "first"]),
        ("forge", ["first", "second"]),
    ],
)
def test_mishaps_happen_as_they_were_scripted(simulated: Simulated, desk: Desk, kind: str, order: list[str]) -> None:
    subscribe(simulated, desk, "x")
    simulated.world.pushes.add_mishap(Mishap(kind, seconds=5))
    for word in ("first", "second"):
        simulated.person_writes("x", word)
    simulated.world.pushes.deliver_due()
    simulated.world.shift_clock(6)
    simulated.world.pushes.deliver_due()
    texts = [
        body["data"]["payload"]["direct_message_events"][0]["message_create"]["message_data"]["text"]
        for body in desk.told()
    ]
    assert texts == order
    assert len(desk.refused) == (1 if kind == "forge" else 0)


def test_who_does_not_know_the_secret_gets_nothing(simulated: Simulated, desk: Desk) -> None:
    desk.knows_secret = False
    assert subscribe(simulated, desk, "x").json()["error"] == "CrcValidationFailed"
    assert subscribe(simulated, desk, "meta", verify_token="guess").status_code == 400
    assert subscribe(simulated, desk, "myspace").status_code == 400
    assert simulated.world.pushes.hooks == {}


def test_addresses_elsewhere_are_never_called(simulated: Simulated) -> None:
    with pytest.raises(AddressError):
        simulated.world.pushes.subscribe("x", "https://desk.example/webhooks/x/")


# -- X's own addresses ---------------------------------------------------------------------------


def ask(simulated: Simulated, method: str, path: str, **body: Any) -> requests.Response:
    """Webhooks, and changes of a subscription, belong to the app; the rest to the user."""
    is_of_app = path.startswith(("/2/webhooks", "/2/activity/subscriptions/"))
    token = APP_TOKEN if is_of_app else simulated.context("x").credentials["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(method, f"{simulated.address}/x{path}", json=body or None, headers=headers, timeout=10)


def test_x_pushes_what_was_subscribed_to_through_its_own_addresses(simulated: Simulated, desk: Desk) -> None:
    made = ask(simulated, "POST", "/2/webhooks", url=f"{desk.address}/x/").json()
    assert made["valid"] and ask(simulated, "GET", "/2/webhooks").json()["data"] == [made]
    assert (
        ask(simulated, "POST", "/2/webhooks", url=f"{desk.address}/x/")
        .json()["errors"][0]["message"]
        .startswith("DuplicateUrlFailed")
    )
    simulated.person_says("x", "@lumora before")
    us = simulated.context("x").external_id
    wanted = {"event_type": "post.mention.create", "filter": {"user_id": us}, "webhook_id": made["id"], "tag": "t"}
    subscription = ask(simulated, "POST", "/2/activity/subscriptions", **wanted).json()["data"]["subscription"]
    assert ask(simulated, "POST", "/2/activity/subscriptions", **wanted).status_code == 409
    simulated.person_says("x", "@lumora after")
    simulated.person_writes("x", "not subscribed to")
    simulated.world.pushes.deliver_due()
    assert [body["data"]["payload"]["text"] for body in desk.told()] == ["@lumora after"]
    ask(simulated, "DELETE", f"/2/activity/subscriptions/{subscription['subscription_id']}")
    simulated.person_says("x", "@lumora later")
    assert simulated.world.pushes.deliver_due() == 0
    assert ask(simulated, "DELETE", f"/2/webhooks/{made['id']}").json() == {"data": {"deleted": True}}


def test_what_belongs_to_the_app_is_not_for_the_token_of_a_user(simulated: Simulated) -> None:
    headers = {"Authorization": f"Bearer {simulated.context('x').credentials['access_token']}"}
    assert requests.get(f"{simulated.address}/x/2/webhooks", headers=headers, timeout=10).status_code == 401


def test_what_was_lost_can_be_replayed(simulated: Simulated, desk: Desk) -> None:
    made = ask(simulated, "POST", "/2/webhooks", url=f"{desk.address}/x/").json()
    ask(simulated, "POST", f"/2/account_activity/webhooks/{made['id']}/subscriptions/all")
    simulated.world.pushes.add_mishap(Mishap("lose"))
    simulated.person_says("x", "@lumora lost")
    assert simulated.world.pushes.deliver_due() == 0
    now, hour = simulated.world.now(), timedelta(hours=1)
    span = {"from_date": f"{now - hour:%Y%m%d%H%M}", "to_date": f"{now + hour:%Y%m%d%H%M}"}
    assert ask(simulated, "POST", "/2/webhooks/replay", webhook_id=made["id"], **span).status_code == 200
    simulated.world.pushes.deliver_due()
    assert [body["tweet_create_events"][0]["text"] for body in desk.told()] == ["@lumora lost"]


def test_taking_the_rights_away_is_pushed_and_kills_the_token(simulated: Simulated, desk: Desk) -> None:
    subscribe(simulated, desk, "x")
    requests.post(f"{simulated.address}/_world/revocations", timeout=5)
    simulated.world.pushes.deliver_due()
    [body] = desk.told()
    assert body["data"]["event_type"] == "oauth.revoke"
    assert ask(simulated, "GET", "/2/users/me").status_code == 401


def test_a_world_of_a_demo_signs_with_its_own_secret(desk: Desk) -> None:
    world = World(push_secret="of this home")
    assert world.pushes.keys == {"x": "of this home", "meta": "of this home"}
    made = hmac.new(b"of this home", b"{}", hashlib.sha256).digest()
    from monitor.simulators.pushing import signature

    assert signature("x", world.pushes.keys["x"], b"{}")[1] == "sha256=" + base64.b64encode(made).decode()


def test_what_is_registered_for_a_demo_is_told_by_x_as_subscribed_to(simulated: Simulated, desk: Desk) -> None:
    hook = simulated.world.pushes.subscribe("x", f"{desk.address}/x/", verify_token=VERIFY)
    subscribe_to_all(simulated.world, hook)
    found = {each.aspect: each.state for each in simulated.connect("x").examine()}
    assert found["webhook"] == "ok"
    simulated.person_says("x", "@lumora hello")
    assert simulated.world.pushes.deliver_due() == 1 and len(desk.told()) == 1
