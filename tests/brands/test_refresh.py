"""Access that ends is renewed once, kept before it is used, and not asked for again in the dark."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from monitor.brands.models import Brand, Channel
from monitor.brands.sealing import seal, unseal
from monitor.brands.services import connect_channel, open_connector
from monitor.brands.services.renewing import RenewingConnector, is_due, renew
from monitor.inbox.services import collect_channel, ensure_streams, request_reading_back, reread_some
from monitor.platforms.errors import (
    AuthExpiredError,
    PlatformError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from monitor.platforms.registry import get_platform
from monitor.platforms.signing import SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET
from monitor.platforms.x.sign_in import XSigning
from monitor.simulators.world import X_USER_ID
from tests.support.signing import app_for, grant
from tests.support.simulated import Simulated

pytestmark = pytest.mark.django_db
#: Threads with connections of their own see only what is committed.
several_workers = pytest.mark.django_db(transaction=True)


@pytest.fixture
def channel(brand: Brand, simulated: Simulated, settings: Any) -> Channel:
    """Signed in a moment ago: good for two hours."""
    settings.SIGN_IN_APPS = {"x": (SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET, "https://x.example")}
    (found,) = grant(XSigning(), app_for(simulated, "x")).found
    return connect_channel(
        brand=brand,
        platform="x",
        kind="account",
        external_id=X_USER_ID,
        handle="lumora",
        credentials=found.credentials,
        api_url=simulated.address + "/x",
    )


def stored(channel: Channel) -> Any:
    return unseal(Channel.objects.get(pk=channel.pk).credentials)


def age(channel: Channel, minutes_left: float) -> Channel:
    """As if the sign-in had been made earlier; the platform's clock stays."""
    end = datetime.now(UTC) + timedelta(minutes=minutes_left)
    sealed = seal({**stored(channel), "expires_at": end.isoformat()})
    Channel.objects.filter(pk=channel.pk).update(credentials=sealed)
    channel.refresh_from_db()
    return channel


def refreshes(simulated: Simulated) -> int:
    """Calls that reached the token endpoint, whatever became of them."""
    return len([call for call in simulated.world.calls if call.get("?grant_type") == "refresh_token"])


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Each in a thread with a connection of its own; what they return or raise."""
    start, outcomes = threading.Barrier(len(works)), [None] * len(works)

    def run(number: int) -> None:
        try:
            start.wait(timeout=30)
            outcomes[number] = works[number]()
        except PlatformError as error:
            outcomes[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=90)
    return outcomes


def test_good_access_is_left_alone(channel: Channel, simulated: Simulated) -> None:
    assert open_connector(channel).check() == [] and refreshes(simulated) == 0


def test_access_is_renewed_before_it_ends(channel: Channel, simulated: Simulated) -> None:
    before = stored(channel)
    assert open_connector(age(channel, 9)).check() == []
    after = stored(channel)
    assert refreshes(simulated) == 1
    assert after["refresh_token"] != before["refresh_token"] and after["access_token"] != before["access_token"]
    assert not is_due(after, datetime.now(UTC) + timedelta(minutes=100))


def test_access_that_ended_early_is_renewed_on_the_refusal_once(channel: Channel, simulated: Simulated) -> None:
    simulated.world.shift_clock(7300)
    assert open_connector(channel).check() == []
    assert refreshes(simulated) == 1


def test_an_examination_renews_before_it_calls_a_token_dead(channel: Channel, simulated: Simulated) -> None:
    simulated.world.shift_clock(7300)
    token = next(each for each in open_connector(channel).examine() if each.aspect == "token")
    assert (token.state, refreshes(simulated)) == ("ok", 1)
    simulated.world.is_revoked = True
    again = Channel.objects.get(pk=channel.pk)
    token = next(each for each in open_connector(again).examine() if each.aspect == "token")
    assert (token.state, token.code) == ("broken", "token_expired")


def test_one_connector_goes_on_over_many_hours(channel: Channel, simulated: Simulated) -> None:
    """A backfill of an afternoon is read by one connector."""
    hours = iter(range(100))
    start = datetime.now(UTC)
    clock: list[datetime] = [start]
    renewing = RenewingConnector(channel, get_platform("x"), _no_budget(), now=lambda: clock[0])
    for _hour in range(5):
        assert renewing.check() == []
        simulated.world.shift_clock(3600)
        clock[0] = start + timedelta(hours=next(hours) + 1)
    assert simulated.world.grants.refreshes >= 2


def _no_budget() -> Any:
    from monitor.platforms.budget import NullBudget

    return NullBudget()


@several_workers
@pytest.mark.parametrize("workers", [2, 6])
def test_workers_at_once_make_one_refresh_and_all_go_on(channel: Channel, simulated: Simulated, workers: int) -> None:
    """Rule 12 of the connector contract."""
    age(channel, 1)
    simulated.add_fault("slow", "/2/oauth2/token", seconds=0.4)

    def work() -> Any:
        return open_connector(Channel.objects.get(pk=channel.pk)).check()

    assert at_once(*[work] * workers) == [[]] * workers
    assert refreshes(simulated) == 1


@several_workers
def test_workers_that_hold_old_access_at_once_make_one_refresh(channel: Channel, simulated: Simulated) -> None:
    """All have read the row before; the platform refuses each of them."""
    held = [open_connector(Channel.objects.get(pk=channel.pk)) for _number in range(4)]
    simulated.world.shift_clock(7300)
    assert at_once(*[connector.check for connector in held]) == [[]] * 4
    assert refreshes(simulated) == 1


def test_new_tokens_are_committed_before_they_are_used(channel: Channel, simulated: Simulated) -> None:
    """Whatever becomes of the first call with them, the row has them."""
    simulated.add_fault("drop", "/2/users/me")
    with pytest.raises(UnavailableError):
        open_connector(age(channel, 1)).check()
    assert stored(channel)["access_token"] in simulated.world.grants.tokens
    assert open_connector(Channel.objects.get(pk=channel.pk)).check() == [] and refreshes(simulated) == 1


def test_while_access_is_good_a_lost_answer_stops_nothing(channel: Channel, simulated: Simulated) -> None:
    """The request never arrived: the old access goes on, and nobody asks again before it is over."""
    simulated.add_fault("drop", "/2/oauth2/token")
    age(channel, 5)
    for _time in range(3):
        assert open_connector(Channel.objects.get(pk=channel.pk)).check() == []
    assert Channel.objects.get(pk=channel.pk).open_renewals == 1
    assert refreshes(simulated) == 0
    # Over at last: one look, and the old token turns out to be good.
    assert open_connector(age(channel, -1)).check() == []
    assert (refreshes(simulated), Channel.objects.get(pk=channel.pk).open_renewals) == (1, 0)


def test_a_carried_out_refresh_whose_answer_was_lost_is_looked_at_once(channel: Channel, simulated: Simulated) -> None:
    simulated.add_fault("drop_after_commit", "/2/oauth2/token")
    age(channel, -1)
    with pytest.raises(UnavailableError):
        open_connector(channel).check()
    with pytest.raises(AuthExpiredError) as refused:
        open_connector(Channel.objects.get(pk=channel.pk)).check()
    assert refused.value.code == "renewal_lost" and refreshes(simulated) == 2


def test_after_two_lost_answers_nobody_asks_any_more(channel: Channel, simulated: Simulated) -> None:
    simulated.add_fault("drop", "/2/oauth2/token", times=2)
    age(channel, -1)
    for _time in range(2):
        with pytest.raises(UnavailableError):
            open_connector(Channel.objects.get(pk=channel.pk)).check()
    for _time in range(3):
        with pytest.raises(AuthExpiredError) as refused:
            open_connector(Channel.objects.get(pk=channel.pk)).check()
        assert refused.value.code == "renewal_lost"
    assert refreshes(simulated) == 0


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "rate_limit"}, RateLimitedError),
        ({"kind": "status", "status": 401, "body": {"error": "unauthorized_client"}}, RejectedError),
    ],
)
def test_what_was_certainly_not_carried_out_leaves_no_doubt(
    channel: Channel, simulated: Simulated, fault: dict[str, Any], expected: type[PlatformError]
) -> None:
    simulated.add_fault(path="/2/oauth2/token", **fault)
    age(channel, -1)
    with pytest.raises(expected):
        open_connector(channel).check()
    assert Channel.objects.get(pk=channel.pk).open_renewals == 0
    assert open_connector(Channel.objects.get(pk=channel.pk)).check() == []


def test_a_revoked_sign_in_ends_with_one_refusal(channel: Channel, simulated: Simulated) -> None:
    simulated.world.grants.tokens[stored(channel)["access_token"]].grant.is_revoked = True
    report = collect_channel(channel_id=channel.pk, stream="mentions")
    channel.refresh_from_db()
    assert (report.error, channel.state, channel.state_code) == ("renewal_refused", "needs_reauth", "renewal_refused")
    # The channel rests: neither the platform nor the token endpoint hears of us again.
    before = len(simulated.world.calls)
    assert collect_channel(channel_id=channel.pk, stream="mentions").skipped
    assert len(simulated.world.calls) == before and refreshes(simulated) == 1


def test_a_lost_sign_in_says_what_happened_and_what_to_do(channel: Channel, simulated: Simulated) -> None:
    from monitor.alerts.models import Alert
    from monitor.console.reasons import notice, problem

    simulated.add_fault("drop_after_commit", "/2/oauth2/token")
    age(channel, -1)
    assert collect_channel(channel_id=channel.pk, stream="mentions").error == "unavailable"
    assert collect_channel(channel_id=channel.pk, stream="mentions").error == "renewal_lost"
    channel.refresh_from_db()
    assert (channel.state, channel.state_code) == ("needs_reauth", "renewal_lost")
    assert "answer got lost" in problem(channel.state_code) and "Connect the channel again" in problem(
        channel.state_code
    )
    alert = Alert.objects.get(code="channel.renewal_lost")
    assert "answer got lost" in notice(alert.code, alert.params)


def test_collecting_goes_on_over_the_end_of_access(channel: Channel, simulated: Simulated) -> None:
    simulated.person_says("x", "@lumora my parcel is late")
    simulated.world.shift_clock(7300)
    report = collect_channel(channel_id=channel.pk, stream="mentions")
    assert (report.error, report.ingested.stored) == ("", 1) and refreshes(simulated) == 1


def test_reading_history_goes_on_over_the_end_of_access(channel: Channel, simulated: Simulated) -> None:
    simulated.person_says("x", "@lumora old", at=simulated.world.now() - timedelta(days=2))
    ensure_streams(channel=channel)
    [reading] = request_reading_back(channel=channel, days=7, user=None, streams=["mentions"])
    simulated.world.shift_clock(3 * 3600)
    age(channel, minutes_left=-60)
    reread_some(rereading_id=reading.pk)
    reading.refresh_from_db()
    assert (reading.state, reading.error, reading.seen) == ("done", "", 1) and refreshes(simulated) == 1


@several_workers
def test_a_person_who_connects_again_meanwhile_comes_first(channel: Channel, simulated: Simulated) -> None:
    """The answer of a renewal that was under way must not write over the new sign-in."""
    (other,) = grant(XSigning(), app_for(simulated, "x")).found
    simulated.add_fault("slow", "/2/oauth2/token", seconds=0.8)
    age(channel, -1)
    began = threading.Event()

    def work() -> Any:
        began.set()
        return renew(channel_id=channel.pk, stale=stored(channel))

    def connect_again() -> None:
        began.wait(timeout=30)
        _wait_for(lambda: Channel.objects.get(pk=channel.pk).open_renewals == 1)
        Channel.objects.filter(pk=channel.pk).update(credentials=seal(other.credentials), open_renewals=0)

    kept, _nothing = at_once(work, connect_again)
    assert kept["access_token"] == other.credentials["access_token"] == stored(channel)["access_token"]


def _wait_for(condition: Callable[[], bool]) -> None:
    import time

    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def test_connecting_again_forgets_the_doubt(channel: Channel, simulated: Simulated, brand: Brand) -> None:
    Channel.objects.filter(pk=channel.pk).update(open_renewals=2, state="needs_reauth", state_code="renewal_lost")
    (found,) = grant(XSigning(), app_for(simulated, "x")).found
    again = connect_channel(
        brand=brand, platform="x", kind="account", external_id=X_USER_ID, credentials=found.credentials,
        api_url=channel.api_url,
    )  # fmt: skip
    assert (again.pk, again.open_renewals, again.state) == (channel.pk, 0, "healthy")
    assert open_connector(again).check() == []


def test_without_the_settings_of_the_app_it_says_so_and_loses_nothing(
    channel: Channel, simulated: Simulated, settings: Any
) -> None:
    settings.SIGN_IN_APPS = {"x": ("", "", "https://x.example")}
    with pytest.raises(RejectedError) as refused:
        open_connector(age(channel, -1)).check()
    assert (refused.value.code, refreshes(simulated)) == ("no_app", 0)
    # While access is good nothing is missed.
    assert open_connector(age(channel, 5)).check() == []


def test_tokens_that_do_not_end_open_the_platforms_own_connector(brand: Brand, simulated: Simulated) -> None:
    context = simulated.context("x")
    plain = connect_channel(
        brand=brand, platform="x", kind="account", external_id=X_USER_ID, credentials=context.credentials,
        api_url=context.api_url,
    )  # fmt: skip
    assert not isinstance(open_connector(plain), RenewingConnector)
    assert open_connector(plain).check() == []


def test_abilities_beyond_the_contract_are_renewed_for_too(channel: Channel, simulated: Simulated) -> None:
    post = simulated.person_says("x", "@lumora hello")
    simulated.world.shift_clock(7300)
    connector: Any = open_connector(channel)
    assert [update.external_id for update in connector.recheck([post.identifier])] == [post.identifier]
    assert not hasattr(connector, "teleport") and refreshes(simulated) == 1


def test_no_token_is_in_a_line_an_exception_or_the_log_of_acts(
    channel: Channel, simulated: Simulated, caplog: pytest.LogCaptureFixture
) -> None:
    from monitor.audit.models import AuditEvent

    caplog.set_level(logging.DEBUG)
    secrets = {*stored(channel).values()}
    simulated.add_fault("drop_after_commit", "/2/oauth2/token")
    age(channel, -1)
    raised = []
    for _time in range(2):
        try:
            open_connector(Channel.objects.get(pk=channel.pk)).check()
        except PlatformError as error:
            raised.append(f"{error!r} {error.__cause__!r} {error.__context__!r}")
    told = caplog.text + str(raised) + str(list(AuditEvent.objects.values())) + str(simulated.world.calls)
    assert len(raised) == 2
    assert all(secret not in told for secret in (*secrets, *simulated.world.grants.tokens) if len(secret) > 25)
