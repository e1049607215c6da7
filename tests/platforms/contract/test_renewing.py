"""Access that was got by signing in, through the one door: renewed by one worker for all, kept, or given up at once."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from monitor.alerts.models import Alert
from monitor.brands.models import Channel, ChannelState
from monitor.brands.sealing import seal, unseal
from monitor.brands.services import open_connector
from monitor.inbox.services import collect_channel
from monitor.platforms.errors import AuthExpiredError, PlatformError, UnavailableError
from monitor.platforms.registry import get_platform
from monitor.platforms.signing import SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET, can_renew, expires_at
from tests.platforms.contract.rules import rule
from tests.platforms.contract.scene import Scene

WORKERS = 4
#: Platforms whose access ends after some hours: X's is kept in the channel's row, Bluesky's in each program.
RENEWING = ("x", "bluesky")


def signs_in(code: str) -> bool:
    return get_platform(code).signing is not None


def is_renewing(code: str) -> bool:
    return code in RENEWING


def is_lasting(code: str) -> bool:
    return signs_in(code) and not is_renewing(code)


@pytest.fixture(autouse=True)
def registered_app(settings: Any) -> None:
    keys = (SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET, "https://platform.example")
    settings.SIGN_IN_APPS = dict.fromkeys(settings.SIGN_IN_APPS, keys)


def reopened(channel: Channel) -> Any:
    """As another worker opens it."""
    return open_connector(Channel.objects.get(pk=channel.pk))


def all_at_once(work: Callable[[], Any]) -> list[Any]:
    """What each worker's call returned or raised; each has a thread and a database connection of its own."""
    start, outcomes = threading.Barrier(WORKERS), []

    def run() -> None:
        try:
            start.wait(timeout=30)
            outcomes.append(work())
        except PlatformError as refusal:
            outcomes.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=90)
    return outcomes


def renewals(scene: Scene) -> int:
    """Calls that ask for other tokens, whatever became of them."""
    calls = scene.world.calls
    return len([each for each in calls if "refresh" in each["path"].casefold() or _is_refresh(each)])


def _is_refresh(call: dict[str, str]) -> bool:
    return call.get("?grant_type") in ("refresh_token", "fb_exchange_token")


@rule(12, where=is_renewing)
@pytest.mark.django_db(transaction=True)
def test_workers_that_meet_ended_access_renew_it_once(scene: Scene, brand: Any) -> None:
    channel = scene.sign_in(brand)
    scene.says("before")
    assert len(reopened(channel).collect(scene.stream, {}).updates) == 1
    held = [reopened(channel) for _worker in range(WORKERS)]
    scene.world.shift_clock(3 * 3600)
    scene.world.calls.clear()
    outcomes = all_at_once(lambda: len(held.pop().collect(scene.stream, {}).updates))
    assert outcomes == [1] * WORKERS
    assert renewals(scene) == 1


@rule(12, where=lambda code: is_renewing(code) and signs_in(code))
@pytest.mark.django_db(transaction=True)
def test_new_access_is_kept_before_anybody_uses_it(scene: Scene, brand: Any) -> None:
    """The first call with it breaks: the next worker has it all the same, and nobody asks for it again."""
    channel = scene.sign_in(brand)
    before = unseal(channel.credentials)
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    Channel.objects.filter(pk=channel.pk).update(credentials=seal({**before, "expires_at": soon}))
    scene.world.calls.clear()
    scene.simulated.add_fault("drop", path=scene.stream)
    with pytest.raises(UnavailableError):
        reopened(channel).collect(scene.stream, {})
    kept = unseal(Channel.objects.get(pk=channel.pk).credentials)
    assert reopened(channel).check() == [] and renewals(scene) == 1
    assert kept["access_token"] != before["access_token"] and kept["refresh_token"] != before["refresh_token"]


@rule(12, where=is_lasting)
@pytest.mark.django_db
def test_access_without_an_end_is_good_a_year_later_and_never_renewed(scene: Scene, brand: Any) -> None:
    """Tokens of a Page that come of a long-lived login, and an instance's, have no end: nothing asks for others."""
    channel = scene.sign_in(brand)
    credentials = unseal(channel.credentials)
    scene.world.shift_clock(365 * 86_400)
    scene.world.calls.clear()
    assert reopened(channel).check() == []
    assert not can_renew(credentials) and expires_at(credentials) is None and renewals(scene) == 0


@rule(12, 10)
@pytest.mark.django_db(transaction=True)
def test_access_that_cannot_be_renewed_is_given_up_by_all_at_once(scene: Scene, brand: Any) -> None:
    """Taken away at the platform: one renewal is tried where there is one, and the channel rests."""
    channel = scene.sign_in(brand)
    assert reopened(channel).check() == []
    scene.world.is_revoked = True
    scene.world.calls.clear()
    outcomes = all_at_once(lambda: reopened(channel).collect(scene.stream, {}))
    assert len(outcomes) == WORKERS and all(isinstance(each, AuthExpiredError) for each in outcomes)
    assert renewals(scene) <= (1 if is_renewing(scene.code) else 0)
    streams = list(channel.streams.values_list("name", flat=True))
    told = [collect_channel(channel_id=channel.pk, stream=name).error for name in streams]
    calls = len(scene.world.calls)
    again = [collect_channel(channel_id=channel.pk, stream=name) for name in streams]
    channel.refresh_from_db()
    assert told[0] in ("auth_expired", "renewal_refused") and not any(told[1:])
    assert all(report.skipped for report in again) and len(scene.world.calls) == calls
    assert channel.state == ChannelState.NEEDS_REAUTH
    assert [alert.count for alert in Alert.objects.all()] == [1]


@rule(10)
@pytest.mark.django_db
def test_signing_in_again_goes_on_where_reading_stopped(scene: Scene, brand: Any) -> None:
    channel = scene.sign_in(brand)
    scene.says("before")
    scene.collect(channel, scene.stream)
    scene.world.is_revoked = True
    scene.collect(channel, scene.stream)
    scene.world.is_revoked = False
    scene.says("meanwhile", handle="tom")
    again = scene.sign_in(brand)
    [report] = scene.collect(again, scene.stream)
    assert (again.pk, again.state, report.error) == (channel.pk, ChannelState.HEALTHY, "")
    assert report.ingested.stored == 1
