"""What `examine` finds of a page's connection, and how it asks Meta to push."""

from datetime import timedelta

import pytest

from monitor.platforms.base import Condition
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import RejectedError, UnavailableError
from monitor.platforms.registry import get_platform
from monitor.simulators.graph_facts import ADMIN_USER_ID, APP_ID
from tests.support.simulated import without_secret

PLATFORMS = ("facebook", "instagram")
HERE = "https://desk.example/webhooks/meta/"


@pytest.fixture(params=PLATFORMS)
def platform(request):
    return request.param


def found(simulated, platform):
    return {each.aspect: each for each in simulated.connect(platform).examine()}


def states(simulated, platform):
    return {aspect: (each.state, each.code) for aspect, each in found(simulated, platform).items()}


def test_a_page_that_agreed_is_well(simulated, platform):
    simulated.world.graph.subscribed_fields = []
    simulated.connect(platform).subscribe(HERE)
    assert states(simulated, platform) == {
        "token": ("ok", ""),
        "scopes": ("ok", ""),
        "webhook": ("ok", ""),
        "quota": ("ok", ""),
    }


def test_a_dead_token_is_a_condition_and_nothing_else_is_asked(simulated, platform):
    simulated.world.is_revoked = True
    assert states(simulated, platform)["token"] == ("broken", "token_expired")
    assert len(simulated.world.calls) == 1


def test_a_page_that_pushes_nothing_is_told(simulated, platform):
    simulated.world.graph.subscribed_fields = []
    assert states(simulated, platform)["webhook"] == ("broken", "not_subscribed")


def test_fields_that_another_set_are_not_enough(simulated, platform):
    simulated.world.graph.subscribed_fields = ["feed", "leadgen"]
    webhook = found(simulated, platform)["webhook"]
    assert (webhook.state, webhook.code) == ("warning", "fields_missing")
    assert "messages" in webhook.params["fields"] and "feed" not in webhook.params["fields"].split(", ")


def test_apps_of_others_do_not_count(simulated, platform):
    simulated.world.graph.subscribed_fields = []
    simulated.world.graph.other_apps = {"999": ["feed", "messages", "mention"]}
    assert states(simulated, platform)["webhook"] == ("broken", "not_subscribed")


def test_subscribing_keeps_what_the_page_pushed_before(simulated):
    simulated.world.graph.subscribed_fields = ["leadgen"]
    simulated.connect("instagram").subscribe(HERE)
    simulated.connect("facebook").subscribe(HERE)
    fields = simulated.world.graph.subscribed_fields
    assert {"leadgen", "feed", "mention", "ratings", "messages", "message_echoes"} <= set(fields)
    assert len(fields) == len(set(fields))
    for platform in PLATFORMS:
        assert states(simulated, platform)["webhook"] == ("ok", "")


def test_subscribing_needs_its_right(simulated, platform):
    simulated.world.graph.scopes.discard("pages_manage_metadata")
    with pytest.raises(RejectedError) as caught:
        simulated.connect(platform).subscribe(HERE)
    assert caught.value.code == "permission_missing" and "pages_manage_metadata" in caught.value.message


def test_a_lost_answer_to_subscribing_may_be_asked_again(simulated, platform):
    simulated.add_fault("drop_after_commit", path="subscribed_apps", method="POST")
    with pytest.raises(UnavailableError):
        simulated.connect(platform).subscribe(HERE)


@pytest.mark.parametrize(
    ("platform", "scope", "state"),
    [
        ("facebook", "pages_read_user_content", "broken"),
        ("facebook", "pages_manage_engagement", "warning"),
        ("instagram", "instagram_manage_comments", "broken"),
        ("instagram", "pages_manage_metadata", "warning"),
    ],
)
def test_missing_rights_are_named(simulated, platform, scope, state):
    simulated.world.graph.scopes.discard(scope)
    assert found(simulated, platform)["scopes"] == Condition("scopes", state, "permission_missing", {"rights": scope})


def test_without_the_secret_of_the_app_rights_are_unknown(simulated, platform):
    context = without_secret(simulated.context(platform), app_secret="")
    maker = type(get_platform(platform).connect(context, NullBudget()))
    conditions = maker(context, NullBudget(), now=simulated.world.now).examine()
    assert Condition("scopes", "unknown", "not_told") in conditions
    assert {each.aspect: each.state for each in conditions}["token"] == "ok"


def test_a_token_that_ends_soon_is_told(simulated, platform):
    at = simulated.world.now().replace(microsecond=0) + timedelta(days=3)
    simulated.world.graph.expires_at = at
    assert found(simulated, platform)["token"] == Condition("token", "warning", "token_expires", {"at": at.isoformat()})
    simulated.world.graph.expires_at = at + timedelta(days=30)
    assert states(simulated, platform)["token"] == ("ok", "")


def test_the_token_travels_in_no_address(simulated, platform):
    token = simulated.context(platform).credentials["access_token"]
    simulated.connect(platform).examine()
    assert any(call["path"].endswith("/debug_token") for call in simulated.world.calls)
    for call in simulated.world.calls:
        assert token not in str(call) and "input_token" not in call["sent"]


def test_another_version_than_asked_for_is_a_warning(simulated, platform):
    simulated.world.graph.served_version = "v27.0"
    token = found(simulated, platform)["token"]
    assert (token.state, token.code) == ("warning", "version_changed")


@pytest.mark.parametrize(
    ("used", "quota"), [(10, ("ok", "")), (85, ("warning", "low")), (200, ("warning", "rate_limited"))]
)
def test_use_rises_until_nothing_is_left(simulated, platform, used, quota):
    simulated.world.graph.allowance = 100
    for _ in range(used):
        simulated.world.graph.count_call(simulated.world.now())
    assert states(simulated, platform)["quota"] == quota


def test_a_login_knows_the_same_person_as_a_visitor_of_the_page(simulated):
    simulated.world.graph.page_scoped_ids[ADMIN_USER_ID] = "7000000000000042"
    connector = simulated.connect("facebook")
    assert connector.aliases(ADMIN_USER_ID) == ["7000000000000042"]
    assert connector.aliases("10160000000000002") == []


def test_an_app_that_is_named_is_not_asked_for(simulated, platform):
    context = without_secret(simulated.context(platform), app_id=APP_ID)
    maker = type(get_platform(platform).connect(context, NullBudget()))
    maker(context, NullBudget(), now=simulated.world.now).examine()
    assert not any(call["path"].endswith("/app") for call in simulated.world.calls)


def test_who_may_not_look_at_the_subscription_is_told_that_it_is_unknown(simulated, platform):
    simulated.world.graph.scopes.discard("pages_manage_metadata")
    assert found(simulated, platform)["webhook"] == Condition("webhook", "unknown", "not_told")
    assert found(simulated, platform)["scopes"].params == {"rights": "pages_manage_metadata"}
