"""What a look at a channel's connection finds, on every platform and over HTTP."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.platforms.base import CONDITION_ASPECTS, CONDITION_STATES, Condition, IncomingNotice
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import (
    AuthExpiredError,
    QuotaExceededError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from monitor.platforms.examining import CONDITION_CODES, Examination, quota_of
from monitor.platforms.registry import get_platform, platform_codes
from monitor.simulators.world import DEMO_CHANNELS

CHANNELS = [(channel["platform"], channel["kind"]) for channel in DEMO_CHANNELS]
CODES = platform_codes()
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def states(conditions):
    return {each.aspect: (each.state, each.code) for each in conditions}


def raising(error):
    def look():
        raise error

    return look


@pytest.mark.parametrize(("code", "kind"), CHANNELS)
def test_a_channel_that_works_is_found_to_work(simulated, code, kind):
    found = simulated.connect(code, kind).examine()
    assert states(found)["token"] == ("ok", "")
    troubles = [each for each in found if each.state in ("warning", "broken")]
    # Nobody has asked the fake X to push yet.
    assert [each.code for each in troubles] == (["not_subscribed"] if (code, kind) == ("x", "account") else [])


@pytest.mark.parametrize(("code", "kind"), CHANNELS)
def test_every_condition_is_one_that_pages_have_words_for(simulated, code, kind):
    for fault in ("", "unauthorized", "rate_limit"):
        if fault:
            simulated.add_fault(fault, times=20)
        found = simulated.connect(code, kind).examine()
        assert [each.aspect for each in found] == [
            aspect for aspect in CONDITION_ASPECTS if aspect in {each.aspect for each in found}
        ]
        for each in found:
            assert each.state in CONDITION_STATES
            assert each.code == "" or set(each.params) <= set(CONDITION_CODES[each.aspect][each.code])
            assert json.loads(json.dumps(dict(each.params))) == each.params
        simulated.world.faults.clear()


@pytest.mark.parametrize("code", CODES)
def test_a_refused_token_is_an_answer_and_is_asked_once(simulated, code):
    simulated.add_fault("unauthorized", times=20)
    simulated.world.calls.clear()
    found = simulated.connect(code).examine()
    assert states(found)["token"][0] == "broken"
    assert {state for aspect, (state, _code) in states(found).items() if aspect != "token"} <= {"unknown"}
    assert len(simulated.world.calls) <= 1


@pytest.mark.parametrize("code", [code for code in CODES if code != "feed"])
def test_too_many_calls_are_no_dead_token(simulated, code):
    simulated.add_fault("rate_limit", times=20)
    found = states(simulated.connect(code).examine())
    assert found["quota"] == ("warning", "rate_limited") and found["token"][0] == "unknown"


@pytest.mark.parametrize("code", CODES)
def test_a_platform_that_does_not_answer_tells_nothing(simulated, code):
    simulated.add_fault("server_error", times=20)
    with pytest.raises(UnavailableError):
        simulated.connect(code).examine()


@pytest.mark.parametrize("code", [code for code in CODES if code != "feed"])
def test_a_token_of_somebody_else_is_broken(simulated, code):
    context = replace(simulated.context(code), external_id="404")
    maker = type(simulated.connect(code))
    connector = maker(context, NullBudget(), now=simulated.world.now)
    if code in ("facebook", "instagram"):
        assert states(connector.examine())["token"] == ("broken", "gone")
    else:
        assert states(connector.examine())["token"] == ("broken", "wrong_identity")


def test_a_right_that_mastodon_refuses_is_named(simulated):
    refusal = {"error": "This action is outside the authorized scopes"}
    simulated.add_fault("status", path="/notifications", status=403, body=refusal)
    scopes = next(each for each in simulated.connect("mastodon").examine() if each.aspect == "scopes")
    assert scopes == Condition("scopes", "broken", "permission_missing", {"rights": "read:notifications"})
    simulated.add_fault("status", path="/(notifications|conversations)", status=403, body=refusal, times=2)
    scopes = next(each for each in simulated.connect("mastodon").examine() if each.aspect == "scopes")
    assert scopes.params == {"rights": "read:statuses, read:notifications"}


def test_a_bluesky_password_that_may_not_read_messages_lacks_a_right(simulated):
    simulated.world.bluesky.may_chat = False
    found = states(simulated.connect("bluesky").examine())
    assert found["scopes"] == ("warning", "direct_messages_closed") and found["token"] == ("ok", "")


@pytest.mark.parametrize("code", CODES)
def test_aspects_are_those_that_the_platform_has(simulated, code):
    found = states(simulated.connect(code).examine())
    assert ("webhook" in found) == ("webhooks" in get_platform(code).declaration.abilities)


# -- The helper ----------------------------------------------------------------------------------


def test_the_worst_of_an_aspect_stays():
    examination = Examination("token", "scopes")
    examination.add(Condition("token", "warning", "version_changed"))
    examination.add(Condition("token", "ok"), Condition("webhook", "broken", "invalid"))
    assert states(examination.conditions()) == {"token": ("warning", "version_changed"), "scopes": ("unknown", "")}
    examination.add(Condition("token", "broken", "token_expired"))
    assert states(examination.conditions())["token"] == ("broken", "token_expired")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AuthExpiredError("no"), ("token", "broken", "token_expired", {})),
        (RejectedError("no", code="policy_block"), ("token", "broken", "policy_block", {})),
        (
            RejectedError("no", code="permission_missing"),
            ("scopes", "broken", "permission_missing", {"rights": "dm.read"}),
        ),
        (RateLimitedError("no", retry_at=NOON), ("quota", "warning", "rate_limited", {"retry_at": NOON.isoformat()})),
        (QuotaExceededError("no", resets_at=None), ("quota", "broken", "spent", {"resets_at": ""})),
    ],
)
def test_each_refusal_is_a_condition_of_its_aspect(error, expected):
    examination = Examination(*CONDITION_ASPECTS)
    examination.look(raising(error), rights="dm.read")
    [found] = [each for each in examination.conditions() if each.state != "unknown"]
    assert (found.aspect, found.state, found.code, found.params) == expected


def test_notices_of_a_check_are_taken_in_and_a_passed_check_does_not_cover_them():
    examination = Examination("token", "scopes")
    notices = [IncomingNotice("version_changed", {"asked": "v25.0", "served": "v26.0"}), IncomingNotice("other")]
    assert examination.look(lambda: notices, proves=("token", "scopes"))
    assert states(examination.conditions()) == {"token": ("warning", "version_changed"), "scopes": ("ok", "")}


def test_what_the_headers_say_of_the_calls_is_a_state():
    assert quota_of((None, None, None)) == Condition("quota", "unknown", "not_told")
    assert quota_of((90, 100, NOON)) == Condition("quota", "ok")
    assert quota_of((15, 100, NOON), low_share=0.2).code == "low"
    assert quota_of((5, 100, NOON)).params == {"remaining": 5, "limit": 100, "resets_at": NOON.isoformat()}
    assert quota_of((0, 100, NOON)) == Condition("quota", "warning", "rate_limited", {"retry_at": NOON.isoformat()})
