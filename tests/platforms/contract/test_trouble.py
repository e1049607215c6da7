"""When a platform says no, or nothing: each trouble is told apart, and nobody sleeps, storms or gives up too late."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitor.alerts.models import Alert
from monitor.brands.models import ChannelState, ChannelStream
from monitor.console.wordings import PROBLEMS
from monitor.inbox.services.failures import code_of
from monitor.platforms.base import SendRequest
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import (
    AuthExpiredError,
    MalformedPayloadError,
    PlatformError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnconfirmedSendError,
)
from monitor.platforms.registry import get_platform
from monitor.platforms.transport import CONNECT_SECONDS, READ_SECONDS
from tests.platforms.contract.rules import rule
from tests.platforms.contract.scene import Scene
from tests.platforms.contract.ways import throttled_graph

pytestmark = pytest.mark.django_db

FAULTS = {
    "drop": UnavailableError,
    "drop_after_commit": UnavailableError,
    "server_error": UnavailableError,
    "malformed": MalformedPayloadError,
    "rate_limit": RateLimitedError,
    "unauthorized": AuthExpiredError,
}


def throttle(scene: Scene, seconds: int) -> None:
    """The next call is one too many."""
    if scene.ways.throttled is None:
        status, body, headers = throttled_graph(seconds // 60)
    else:
        status, body, headers = scene.ways.throttled(int((scene.world.now() + timedelta(seconds=seconds)).timestamp()))
    scene.simulated.add_fault("status", status=status, body=body, headers=headers)


@rule(11)
@pytest.mark.parametrize("fault", list(FAULTS))
def test_each_fault_of_a_read_has_its_error(scene: Scene, fault: str) -> None:
    scene.simulated.add_fault(fault)
    with pytest.raises(FAULTS[fault]):
        scene.simulated.connect(scene.code).collect(scene.stream, {})


@rule(11)
def test_refusals_are_told_apart_and_each_has_its_own_words(scene: Scene) -> None:
    found = {}
    for code, (status, body) in scene.ways.refusals.items():
        scene.simulated.add_fault("status", status=status, body=body)
        with pytest.raises(PlatformError) as caught:
            scene.simulated.connect(scene.code).collect(scene.stream, {})
        found[code] = code_of(caught.value)
    assert found == {code: code for code in scene.ways.refusals}
    words = [str(PROBLEMS[f"problem.{code}"]) for code in found]
    assert len(set(words)) == len(words) >= 3


@rule(7)
def test_a_rate_limit_waits_as_told_while_others_go_on(scene: Scene, brand: Any, other_brand: Any) -> None:
    scene.says("hello")
    mine, neighbour = scene.open_channel(brand), scene.open_channel(other_brand)
    throttle(scene, 120)
    began = time.monotonic()
    [stopped] = scene.collect(mine, scene.stream)
    [went_on] = scene.collect(neighbour, scene.stream)
    assert (stopped.error, went_on.error, went_on.ingested.stored > 0) == ("rate_limited", "", True)
    row = ChannelStream.objects.get(channel=mine, name=scene.stream)
    assert 110 < (row.next_poll_at - timezone.now()).total_seconds() <= 130
    assert time.monotonic() - began < 60, "a worker slept"


@rule(8)
def test_the_throttle_waits_the_minutes_that_meta_says(scene: Scene) -> None:
    status, body, headers = throttled_graph(7)
    scene.simulated.add_fault("status", status=status, body=body, headers=headers)
    with pytest.raises(RateLimitedError) as caught:
        scene.simulated.connect(scene.code).collect(scene.stream, {})
    assert caught.value.retry_at is not None
    assert timedelta(minutes=6) < caught.value.retry_at - scene.world.now() <= timedelta(minutes=7)


@rule(10)
def test_a_dead_token_is_tried_once_told_once_and_stops_the_polling(scene: Scene, brand: Any) -> None:
    channel = scene.open_channel(brand)
    scene.world.is_revoked = True
    reports = scene.collect(channel)
    channel.refresh_from_db()
    assert [report.error for report in reports][0] == "auth_expired"
    # Where a session is renewed before the login itself is tried: each of them once.
    paths = [call["path"] for call in scene.world.calls]
    assert all(report.skipped for report in [*reports[1:], *scene.collect(channel)])
    assert len(paths) == len(set(paths)) == len(scene.world.calls)
    assert (channel.state, channel.state_code) == (ChannelState.NEEDS_REAUTH, "auth_expired")
    assert [alert.count for alert in Alert.objects.all()] == [1]


@rule(38)
def test_a_server_that_hangs_is_given_up(scene: Scene) -> None:
    scene.simulated.add_fault("slow", seconds=2.5)
    began = time.monotonic()
    with pytest.raises(UnavailableError):
        scene.simulated.connect(scene.code, read_seconds=0.3).collect(scene.stream, {})
    assert time.monotonic() - began < 2.4
    assert CONNECT_SECONDS + READ_SECONDS <= 35


@rule(38)
def test_nobody_listening_is_unavailable(scene: Scene) -> None:
    nowhere = replace(scene.simulated.context(scene.code), api_url="http://127.0.0.1:9")
    with pytest.raises(UnavailableError):
        get_platform(scene.code).connect(nowhere, NullBudget()).collect(scene.stream, {})


@rule(19, 38)
def test_a_write_that_hangs_is_in_doubt(scene: Scene) -> None:
    entry = scene.says("hello")
    scene.simulated.add_fault("slow", method="POST", path=WRITES.get(scene.code, ""), seconds=2.5)
    request = SendRequest("reply", "we are on it", target_id=_id_to_act_on(scene, entry), idempotency_key="k1")
    with pytest.raises(UnconfirmedSendError):
        scene.simulated.connect(scene.code, read_seconds=0.4).send(request)


#: Where a login is a POST of its own: the path of what is a write.
WRITES = {"bluesky": "putRecord"}


def _id_to_act_on(scene: Scene, entry: Any) -> str:
    posts, _cursor = scene.read()
    return next(post.platform_id for post in posts if post.external_id.endswith(entry.identifier))


@rule(7)
@pytest.mark.parametrize("told", ["missing", "past"])
def test_a_limit_without_a_usable_end_has_none(scene: Scene, told: str) -> None:
    if told == "past":
        throttle(scene, -3600)
    else:
        scene.simulated.add_fault("rate_limit")
    with pytest.raises(RateLimitedError) as caught:
        scene.simulated.connect(scene.code).collect(scene.stream, {})
    assert caught.value.retry_at is None or caught.value.retry_at > datetime.now(UTC)


@rule(1)
def test_somebody_elses_credentials_are_noticed(scene: Scene) -> None:
    context = scene.simulated.context(scene.code)
    if "reply" in scene.declaration.abilities:
        context = replace(context, external_id=OTHER.get(scene.code, context.external_id[:-1] + "9"))
    try:
        notices = [notice.code for notice in get_platform(scene.code).connect(context, NullBudget()).check()]
    except RejectedError as refusal:
        notices = [refusal.code]
    expected = ["wrong_identity", "gone"] if "reply" in scene.declaration.abilities else []
    assert notices == [] if not expected else notices[0] in expected


OTHER = {"bluesky": "did:plc:other"}
