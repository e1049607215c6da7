"""The doctor asks each platform once whether the token still does, and says what to do."""

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.brands.budgets import ChannelBudget
from monitor.brands.models import Channel, ChannelState
from monitor.brands.services import connect_channel
from monitor.commands import asking
from monitor.commands.asking import examine_channels
from monitor.commands.findings import BAD, GOOD, WARN
from monitor.platforms.base import IncomingNotice
from tests.support.simulated import Simulated


@pytest.fixture
def connected(brand: Any, simulated: Simulated) -> Any:
    """Connects a simulated channel; words replace what it is connected with."""

    def connect(platform: str = "x", kind: str = "", **changes: Any) -> Channel:
        context = simulated.context(platform, kind)
        about = {
            "kind": context.kind,
            "external_id": context.external_id,
            "query": context.query,
            "credentials": context.credentials,
        }
        return connect_channel(brand=brand, platform=platform, **{**about, **changes})

    return connect


def calls(simulated: Simulated) -> int:
    return len(simulated.world.calls)


@pytest.mark.parametrize(
    ("platform", "kind"),
    [("x", "account"), ("x", "search"), ("facebook", ""), ("instagram", ""), ("mastodon", ""), ("mastodon", "search")],
)
def test_a_token_that_does_is_asked_for_once_and_healthy(
    platform: str, kind: str, connected: Any, simulated: Simulated
) -> None:
    channel = connected(platform, kind)
    (finding,) = examine_channels()
    assert finding.state == GOOD
    assert finding.subject.startswith(f"channel {channel.pk} ({platform}, ")
    assert calls(simulated) == 1


def test_a_dead_token_is_bad_and_the_doctor_changes_nothing(connected: Any, simulated: Simulated) -> None:
    connected(credentials={**simulated.context("x").credentials, "access_token": "dead"})
    (finding,) = examine_channels()
    assert finding.state == BAD
    assert "does not accept its token" in finding.says and "`mentiondesk connect`" in finding.says
    assert Channel.objects.get().state == ChannelState.HEALTHY


def test_a_missing_permission_is_bad_and_named(connected: Any, simulated: Simulated) -> None:
    connected("facebook")
    error = {"message": "(#200) Requires pages_read_engagement", "type": "OAuthException", "code": 200}
    simulated.add_fault("status", status=403, body={"error": error})
    (finding,) = examine_channels()
    assert finding.state == BAD
    assert finding.says.startswith("a permission is missing (")
    assert "docs/channels.md" in finding.says


def test_a_token_of_another_account_is_bad(connected: Any, simulated: Simulated) -> None:
    connected(external_id="77")
    (finding,) = examine_channels()
    assert finding.state == BAD
    assert f"belongs to {simulated.context('x').external_id}, not to 77" in finding.says


@pytest.mark.parametrize(
    ("fault", "says"), [("drop", "could not be asked"), ("server_error", "could not be asked"), ("rate_limit", "spent")]
)
def test_a_platform_that_does_not_answer_is_a_finding_for_that_channel_alone(
    fault: str, says: str, connected: Any, simulated: Simulated
) -> None:
    connected()
    connected("facebook")
    simulated.add_fault(fault, path="^/x/", times=9)
    first, second = examine_channels()
    assert (first.state, second.state) == (WARN, GOOD)
    assert says in first.says
    assert calls(simulated) == 1, "nobody is asked twice"


def test_every_notice_is_a_finding_of_its_own(connected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    connected("facebook")
    notices = [
        IncomingNotice("version_changed", {"asked": "v21.0", "served": "v22.0"}),
        IncomingNotice("moved_house", {"to": "elsewhere"}),
    ]
    monkeypatch.setattr(asking, "ask_platform", lambda _channel, _budget: notices)
    first, second = examine_channels()
    assert first.state == second.state == WARN
    assert "v22.0 where v21.0 was asked for" in first.says and "update Mentiondesk" in first.says
    assert second.says == 'moved_house {"to": "elsewhere"}'


@pytest.mark.parametrize(
    ("fields", "state", "says"),
    [
        ({"state": "paused"}, WARN, "a person paused it"),
        ({"state": "needs_reauth", "state_code": "auth_expired"}, BAD, "auth_expired: the platform no longer accepts"),
        ({"state": "blocked", "state_code": "permission_missing"}, BAD, "permission_missing: the platform refuses"),
        ({"credentials": None}, BAD, "has no credentials; connect it again with `mentiondesk connect`"),
        ({"credentials": b"sealed with a lost key"}, BAD, "Put the key back, or connect it again"),
        ({"kind": "import", "platform": "import", "credentials": None}, GOOD, "healthy; nothing is read from it"),
    ],
)
def test_what_is_known_already_needs_no_question(
    fields: dict[str, Any], state: str, says: str, connected: Any, simulated: Simulated
) -> None:
    Channel.objects.filter(pk=connected().pk).update(**fields)
    (finding,) = examine_channels()
    assert finding.state == state
    assert finding.says.startswith(says) or says in finding.says
    assert calls(simulated) == 0


def test_spent_calls_are_not_overdrawn(connected: Any, simulated: Simulated) -> None:
    channel = connected()
    ChannelBudget(channel.pk).learn("me", remaining=0, limit=1, resets_at=datetime(2100, 1, 1, tzinfo=UTC))
    (finding,) = examine_channels()
    assert finding.state == WARN
    assert "calls are spent" in finding.says
    assert calls(simulated) == 0


def test_no_channel_at_all_is_told_with_the_way_out(db: None) -> None:
    (finding,) = examine_channels()
    assert finding.state == WARN
    assert "`mentiondesk connect`" in finding.says
