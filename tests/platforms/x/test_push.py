"""X's push: registered, subscribed to, looked at and brought back to life, over HTTP to an address that is checked."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import RejectedError, UnavailableError
from monitor.platforms.x import PLATFORM
from monitor.platforms.x.connector import XConnector
from monitor.platforms.x.push import NEEDED_EVENTS, WANTED_EVENTS
from monitor.simulators import x_push_api
from monitor.simulators.pushing import Hook, Mishap
from tests.support.listening import Desk, listening_desk
from tests.support.simulated import Simulated


@pytest.fixture
def desk() -> Iterator[Desk]:
    with listening_desk() as listening:
        yield listening


@pytest.fixture
def x(simulated: Simulated) -> Simulated:
    return simulated


def address_of(desk: Desk) -> str:
    return f"{desk.address}/webhooks/x/"


def conditions(x: Simulated, kind: str = ""):
    return {each.aspect: (each.state, each.code) for each in x.connect("x", kind).examine()}


def events(x: Simulated) -> list[str]:
    return [each["event_type"] for each in x.world.pushes.subscriptions]


def hooks(x: Simulated) -> list[Hook]:
    return list(x.world.pushes.hooks.values())


def refused(x: Simulated, url: str) -> str:
    with pytest.raises(RejectedError) as caught:
        x.connect("x").subscribe(url)
    return caught.value.code


def test_a_channel_subscribes_to_everything_that_it_is_to_see(x, desk):
    assert conditions(x)["webhook"] == ("warning", "not_subscribed")
    x.connect("x").subscribe(address_of(desk))
    assert desk.asked == 1
    assert events(x) == [*NEEDED_EVENTS, *WANTED_EVENTS]
    assert hooks(x)[0].wanted == {*NEEDED_EVENTS, *WANTED_EVENTS}
    assert conditions(x) == {
        "token": ("ok", ""), "scopes": ("unknown", "not_told"), "webhook": ("ok", ""), "quota": ("ok", ""),
    }  # fmt: skip


def test_subscribing_again_changes_nothing(x, desk):
    for _time in range(3):
        x.connect("x").subscribe(address_of(desk))
    assert (len(hooks(x)), len(events(x)), desk.asked) == (1, len(NEEDED_EVENTS + WANTED_EVENTS), 1)


def test_an_address_that_x_gave_up_on_is_proved_again_and_what_was_missed_is_sent_again(x, desk):
    x.connect("x").subscribe(address_of(desk))
    # What happened a while ago, by the minute, was lost on the way to us.
    x.world.pushes.add_mishap(Mishap("lose", "x"))
    x.person_writes("x", "did you get this?")
    assert x.world.pushes.deliver_due() == 0
    x.world.shift_clock(120)
    hooks(x)[0].is_valid = False
    assert conditions(x)["webhook"] == ("broken", "invalid")
    connector = XConnector(x.context("x"), NullBudget(), now=x.world.now)
    connector.subscribe(address_of(desk))
    assert conditions(x)["webhook"] == ("ok", "")
    x.world.pushes.deliver_due()
    assert desk.asked == 2 and "did you get this?" in str(desk.told())


def test_each_refusal_has_its_own_name(x, desk, monkeypatch):
    assert refused(x, "https://desk.example:8443/webhooks/x/") == "webhook_url_invalid"
    desk.knows_secret = False
    assert refused(x, address_of(desk)) == "webhook_crc_failed"
    desk.knows_secret = True
    x.connect("x").subscribe(address_of(desk))
    monkeypatch.setattr(x_push_api, "MOST_WEBHOOKS", 1)
    assert refused(x, f"{desk.address}/another/x/") == "webhook_limit"
    hooks(x)[0].is_valid = False
    desk.knows_secret = False
    assert refused(x, address_of(desk)) == "webhook_crc_failed"


def test_an_address_that_somebody_registers_meanwhile_is_no_failure(x, desk):
    x.connect("x").subscribe(address_of(desk))
    x.add_fault("status", r"/2/webhooks$", method="GET", times=1, status=200, body={"meta": {}})
    x.connect("x").subscribe(address_of(desk))
    assert len(hooks(x)) == 1


def test_a_full_house_of_subscriptions_is_told(x, desk, monkeypatch):
    monkeypatch.setattr(x_push_api, "MOST_SUBSCRIPTIONS", 2)
    assert refused(x, address_of(desk)) == "subscription_limit"
    assert conditions(x)["webhook"] == ("warning", "fields_missing")


def test_newer_events_that_an_app_may_not_have_yet_are_done_without(x, desk, monkeypatch):
    monkeypatch.setattr(x_push_api, "EVENTS", frozenset(NEEDED_EVENTS))
    x.connect("x").subscribe(address_of(desk))
    assert events(x) == list(NEEDED_EVENTS)
    assert conditions(x)["webhook"] == ("ok", "")


def test_an_app_without_the_activity_api_uses_account_activity(x, desk):
    x.world.pushes.has_activity_api = False
    x.connect("x").subscribe(address_of(desk))
    assert [hook.dialect for hook in hooks(x)] == ["account_activity"] and events(x) == []
    x.person_writes("x", "in the older words")
    x.world.pushes.deliver_due()
    assert [body["direct_message_events"][0]["type"] for body in desk.told()] == ["message_create"]


def test_subscriptions_move_to_a_new_address(x, desk):
    x.connect("x").subscribe(f"{desk.address}/old/x/")
    x.connect("x").subscribe(address_of(desk))
    [old, new] = hooks(x)
    assert {each["webhook_id"] for each in x.world.pushes.subscriptions} == {new.identifier}
    assert not old.wanted and new.wanted == {*NEEDED_EVENTS, *WANTED_EVENTS}


def seen_from(x: Simulated, callback_url: str):
    context = replace(x.context("x"), callback_url=callback_url)
    found = XConnector(context, NullBudget(), now=x.world.now).examine()
    return next((each.state, each.code, dict(each.params)) for each in found if each.aspect == "webhook")


@pytest.mark.parametrize("has_activity_api", [True, False])
def test_only_what_is_sent_to_our_own_address_counts(x, desk, has_activity_api):
    """By the Activity API, or by Account Activity from a time when the app had only that."""
    x.world.pushes.has_activity_api = has_activity_api
    x.connect("x").subscribe(address_of(desk))
    x.world.pushes.has_activity_api = True
    assert seen_from(x, address_of(desk)) == ("ok", "", {}) == seen_from(x, "")
    elsewhere = ("warning", "elsewhere", {"address": urlsplit(desk.address).hostname})
    assert seen_from(x, "https://desk.example/webhooks/x/") == elsewhere


def test_our_address_is_not_subscribed_where_nothing_is_sent_to_anybody(x, desk):
    x.connect("x").subscribe(address_of(desk))
    x.world.pushes.subscriptions.clear()
    assert seen_from(x, "https://desk.example/webhooks/x/")[:2] == ("warning", "not_subscribed")


def test_another_address_that_works_does_not_hide_that_ours_was_given_up(x, desk):
    x.connect("x").subscribe(f"{desk.address}/old/x/")
    x.connect("x").subscribe(address_of(desk))
    hooks(x)[1].is_valid = False
    assert seen_from(x, address_of(desk))[:2] == ("broken", "invalid")


def test_without_a_key_or_token_of_the_app_nothing_can_be_asked(x, desk):
    context = x.context("x")
    names = ("access_token", "access_token_secret")
    poor = replace(context, credentials={name: context.credentials[name] for name in names})
    with pytest.raises(RejectedError) as caught:
        PLATFORM.connect(poor, NullBudget()).subscribe(address_of(desk))
    assert caught.value.code == "no_app_token"
    assert "app's key and secret" in caught.value.message


def test_the_monthly_cap_is_a_matter_of_the_quota(x):
    x.world.pushes.project_usage = 2_800_000
    assert conditions(x)["quota"] == ("warning", "low")
    x.world.pushes.project_usage = 3_000_000
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


def test_no_token_is_in_what_goes_wrong(x, desk, caplog):
    x.add_fault("server_error", "/2/webhooks", times=5)
    with pytest.raises(UnavailableError) as caught:
        x.connect("x").subscribe(address_of(desk))
    words = repr(caught.value) + repr(caught.value.__cause__) + caplog.text
    assert not any(secret in words for secret in (x_push_api.APP_TOKEN, *x.context("x").credentials.values()))


@pytest.mark.parametrize("has_activity_api", [True, False])
def test_letting_go_takes_off_what_is_of_the_user_and_leaves_the_webhook(x, desk, has_activity_api):
    x.world.pushes.has_activity_api = has_activity_api
    x.connect("x").subscribe(address_of(desk))
    others = {"subscription_id": "1", "event_type": "post.mention.create", "filter": {"user_id": "77"}}
    x.world.pushes.subscriptions.append(others)
    for _time in range(2):
        x.connect("x").unsubscribe()
    assert x.world.pushes.subscriptions == [others]
    assert [hook.wanted for hook in hooks(x)] == [set()]
